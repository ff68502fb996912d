"""`python -m tocsin.simulation`: run seeds of the standard scenario, or tell the story of one."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from tocsin.simulation.quiet import quiet
from tocsin.simulation.search import Searched, search
from tocsin.simulation.standard import STANDARD
from tocsin.simulation.story import tell

EVERY = 100
"""Seeds between two lines of progress."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Return 0 if no seed broke an invariant, 1 if one did."""
    parser = argparse.ArgumentParser(prog="python -m tocsin.simulation", description=__doc__)
    parser.add_argument("--seeds", default="1-300", metavar="A-B", help="which seeds")
    parser.add_argument("--seed", type=int, metavar="S", help="one seed only")
    parser.add_argument("--story", action="store_true", help="cut a failing seed down, and tell it")
    parser.add_argument("--jobs", type=int, default=1, metavar="N", help="processes at once")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was found to FILE")
    parser.add_argument("--stop-at-first", action="store_true", help="end at the first failure")
    with quiet():
        return _run(parser.parse_args(arguments))


def _run(wanted: argparse.Namespace) -> int:
    if wanted.seed is not None and wanted.story:
        story = tell(STANDARD, wanted.seed)
        sys.stdout.write(story.text)
        return 1 if story.is_failure else 0
    searched = search(
        STANDARD,
        seeds_of(wanted.seeds) if wanted.seed is None else [wanted.seed],
        jobs=wanted.jobs,
        stop_at_first=wanted.stop_at_first,
        progress=_progress,
    )
    if wanted.json is not None:
        wanted.json.write_bytes(msgspec.json.format(msgspec.json.encode(searched.as_data())))
    sys.stdout.write(summary(searched))
    return 1 if searched.failed else 0


def seeds_of(text: str) -> range:
    """Read "1-300" or "7"; raises SystemExit with a sentence for anything else."""
    first, _, last = text.partition("-")
    try:
        return range(int(first), int(last or first) + 1)
    except ValueError:
        raise SystemExit(f"{text!r} names no seeds: write 1-300, or 7") from None


def summary(searched: Searched) -> str:
    """Return the closing lines."""
    figures = searched.figures
    speed = searched.seeds * 60 / searched.seconds if searched.seconds else 0
    lines = [
        f"{searched.seeds} seeds, {figures['simulated_hours']:.0f} simulated hours in "
        f"{searched.seconds:.1f} s ({speed:.0f} seeds a minute): {figures['kills']:.0f} kills, "
        f"{figures['power_cuts']:.0f} power cuts, {figures['pages']:.0f} pages, "
        f"{figures['alerts_accepted']:.0f} alerts accepted, {len(searched.failed)} seeds failed",
    ]
    lines += [f"seed {one.seed}: {one.invariant}: {one.what}" for one in searched.failed[:20]]
    if searched.failed:
        seed = searched.failed[0].seed
        lines.append(f"its story: python -m tocsin.simulation --seed {seed} --story")
    return "\n".join(lines) + "\n"


def _progress(searched: Searched) -> None:
    if searched.seeds % EVERY == 0 and sys.stderr.isatty():
        sys.stderr.write(f"\r{searched.seeds} seeds, {len(searched.failed)} failed ")
        sys.stderr.flush()


if __name__ == "__main__":
    raise SystemExit(main())
