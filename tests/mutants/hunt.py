"""Hunt for planted bugs with the simulator, and write down which were found, where and how fast.

    python -m tests.mutants.hunt [--only ID ...] [--seeds 20000] [--seconds 300] [--write]

Each bug is planted into a copy of the source, on which the simulator runs until an invariant fails.
`--write` keeps what was found in trust/figures/planted.json, of which scripts/trust.py makes
trust/planted.md. The exit code is 1 if one of the bugs was not found.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import msgspec
from tests.mutants.planting import Bug, bugs, named, plant
from tests.torture import figures

SEEDS = 20_000
SECONDS = 300


class Find(msgspec.Struct, frozen=True):
    """What became of one bug: the first seed that failed (0 for none), and by which invariant."""

    bug: Bug
    seed: int
    invariant: str
    seeds: int
    seconds: float
    said: str = ""

    @property
    def is_found(self) -> bool:
        """Whether an invariant failed."""
        return self.seed > 0


def hunt(bug: Bug, folder: Path, seeds: int = SEEDS, seconds: float = SECONDS) -> Find:
    """Plant one bug below `folder`, and run the simulator until it fails or has had enough."""
    source = plant(bug, folder)
    report = folder / f"{bug.id}.json"
    asked = [sys.executable, "-m", "tocsin.simulation", "--seeds", f"1-{seeds}", "--stop-at-first"]
    environment = {"PYTHONPATH": str(source), "PYTHONHASHSEED": "0"}
    began = monotonic()
    try:
        ran = subprocess.run(
            [*asked, "--json", str(report)],
            env=environment,
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Find(bug, 0, "", 0, monotonic() - began, f"nothing within {seconds:.0f} s")
    took = monotonic() - began
    if not report.exists():
        raise RuntimeError(f"{bug.id}: the simulator did not run:\n{ran.stderr[-2000:]}")
    return _read(bug, json.loads(report.read_text(encoding="utf-8")), took)


def _read(bug: Bug, said: dict[str, Any], took: float) -> Find:
    if not said["failed"]:
        return Find(bug, 0, "", said["seeds"], took, f"{said['seeds']} seeds were kept")
    first = said["failed"][0]
    return Find(bug, first["seed"], first["invariant"], said["seeds"], took, first["what"])


def main(arguments: Sequence[str] | None = None) -> int:
    """Hunt as the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutants.hunt")
    parser.add_argument("--only", nargs="+", default=(), metavar="ID")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--write", action="store_true", help="keep in trust/")
    said = parser.parse_args(arguments)
    finds = []
    for bug in named(said.only):
        with tempfile.TemporaryDirectory(prefix="planted-") as folder:
            find = hunt(bug, Path(folder), said.seeds, said.seconds)
        finds.append(find)
        sys.stdout.write(line(find) + "\n")
        sys.stdout.flush()
        if said.write:
            keep([find])
    lost = [find for find in finds if not find.is_found]
    sys.stdout.write(f"{len(finds) - len(lost)} of {len(finds)} found\n")
    return 1 if lost else 0


QUICK = 1_000
"""Seeds within which the shapes of other products are to be found."""


def keep(finds: Sequence[Find]) -> None:
    """Keep what was found beside what is known of the other bugs; forget bugs that are no more."""
    known = figures.kept("planted")
    for find in finds:
        known[f"{find.bug.id}: seed"] = find.seed
        known[f"{find.bug.id}: invariant"] = find.invariant
        known[f"{find.bug.id}: seconds"] = round(find.seconds, 1)
    seeds = {bug.id: known.get(f"{bug.id}: seed") for bug in bugs()}
    tried = {name: int(seed) for name, seed in seeds.items() if seed is not None}
    found = [seed for seed in tried.values() if seed]
    whole = {
        **figures.circumstances(),
        "planted": len(tried),
        "found": len(found),
        "not found": len(tried) - len(found),
        f"found within {QUICK} seeds": sum(seed <= QUICK for seed in found),
        "most seeds that one took": max(found, default=0),
        **{
            f"{name}: {what}": known[f"{name}: {what}"]
            for name in sorted(tried)
            for what in ("seed", "invariant", "seconds")
        },
    }
    path = figures.FIGURES / "planted.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


def line(find: Find) -> str:
    """Say in a line what became of a bug."""
    if not find.is_found:
        return f"{find.bug.id:34} NOT FOUND ({find.said})"
    invariant = find.invariant + ("" if find.invariant in find.bug.expects else " (not expected)")
    return f"{find.bug.id:34} seed {find.seed:<6} {invariant:24} {find.seconds:.1f} s"


if __name__ == "__main__":
    sys.exit(main())
