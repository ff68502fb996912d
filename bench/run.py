"""Measure Tocsin beside Debian's Alertmanager: `make bench`, or `.venv/bin/python bench/run.py`.

Exit 0: measured, and all that was accepted is stored. 1: something accepted is missing, or a cell
could not be measured. 2: wrong usage, or something that is needed is not here.
"""

import argparse
import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import machine
import table
from cells import CELLS, Cell, Figures, measure, shortened
from instruments import BUILD, BenchError, Receiver, build, load
from systems import ORG, PLAN, TOCSIN, Alertmanager, Server, Tocsin, TocsinOnPostgres

HERE = Path(__file__).parent
RESULTS = HERE / "results"
DISTURBED = 0.1
"""A larger share of the CPU in other hands makes the figures worthless."""
GIVE_UP_AFTER = 3
"""A system that fails so often in a row is not tried any further."""


def say(text: str) -> None:
    """Progress, for people; results go to standard output."""
    print(text, file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    """The command line."""
    names = ", ".join(cell.name + ("" if cell.by_default else "*") for cell in CELLS)
    parser = argparse.ArgumentParser(
        prog="bench/run.py",
        description="Measure Tocsin beside Debian's Alertmanager on this machine.",
        epilog=f"cells: {names}   (* only when named)",
    )
    parser.add_argument("--quick", action="store_true", help="one short run of each cell")
    parser.add_argument("--runs", type=int, help="runs of each cell (3; with --quick 1)")
    parser.add_argument("--cells", help="only these, with commas: --cells 1x8,64x8,latency")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--tocsin-only", action="store_true", help="leave Alertmanager out")
    only.add_argument("--alertmanager-only", action="store_true", help="leave Tocsin out")
    parser.add_argument("--database", metavar="URL", help="run Tocsin on this PostgreSQL server")
    parsed = parser.parse_args()
    if parsed.runs is not None and parsed.runs < 1:
        parser.error("--runs must be at least 1")
    if parsed.database and not parsed.database.startswith("postgresql://"):
        parser.error("--database must begin with postgresql://")
    return parsed


def chosen_cells(parsed: argparse.Namespace) -> list[Cell]:
    """The cells that are to be measured, shortened if asked."""
    by_name = {cell.name: cell for cell in CELLS}
    wanted = parsed.cells.split(",") if parsed.cells else []
    unknown = [name for name in wanted if name not in by_name]
    if unknown:
        raise BenchError(f"no such cell: {', '.join(unknown)}. There are: {', '.join(by_name)}")
    cells = [by_name[name] for name in wanted] or [cell for cell in CELLS if cell.by_default]
    return [shortened(cell) for cell in cells] if parsed.quick else cells


def chosen_systems(parsed: argparse.Namespace) -> list[type[Server]]:
    """The systems, Tocsin first; all that they need is here."""
    systems: list[type[Server]] = []
    if not parsed.alertmanager_only:
        for path, cure in ((TOCSIN, "make setup"), (PLAN, "git checkout"), (ORG, "git checkout")):
            if not path.exists():
                raise BenchError(f"{path} is missing: {cure}, or use --alertmanager-only")
        if parsed.database:
            TocsinOnPostgres.server_url = parsed.database
        systems.append(TocsinOnPostgres if parsed.database else Tocsin)
    if not parsed.tocsin_only:
        if Alertmanager.program is None:
            raise BenchError(
                "Alertmanager is not installed. On Debian and Ubuntu:\n"
                "  apt-get install -y --no-install-recommends prometheus-alertmanager\n"
                "or measure Tocsin alone with --tocsin-only"
            )
        systems.append(Alertmanager)
    return systems


def ceiling() -> dict[str, float]:
    """What the load generator does against a server that only answers: it must be far above."""
    rates = {}
    with Receiver(quiet=True) as receiver:
        for batch in (1, 64):
            result = load(receiver.port, connections=8, batch=batch, seconds=1, warmup=0.2)
            rates[f"{batch}x8"] = result["rate"]
    return rates


def measure_all(
    cells: Sequence[Cell], systems: Sequence[type[Server]], times: int
) -> tuple[table.Runs, list[str]]:
    """A B A B: what disturbs the machine for a while disturbs both."""
    runs: table.Runs = {}
    failures: list[str] = []
    in_a_row = {kind.name: 0 for kind in systems}
    total, done = len(cells) * len(systems) * times, 0
    for cell in cells:
        for turn in range(times):
            for kind in systems:
                done += 1
                if in_a_row[kind.name] >= GIVE_UP_AFTER:
                    continue
                place = f"[{done}/{total}] {cell.name} {kind.name} run {turn + 1}"
                say(f"{place} ...")
                try:
                    figures = measure(cell, kind, BUILD / "runs" / f"{os.getpid()}-{done}")
                except BenchError as error:
                    in_a_row[kind.name] += 1
                    failures.append(f"{cell.name} {kind.name} run {turn + 1}: {error}")
                    say(f"{place}: FAILED: {error}")
                    continue
                in_a_row[kind.name] = 0
                runs.setdefault((cell.name, kind.name), []).append(figures)
                say(f"{place}: {brief(figures)}")
    for name, count in in_a_row.items():
        if count >= GIVE_UP_AFTER:
            failures.append(f"{name}: given up after {count} failures in a row")
    return runs, failures


def brief(figures: Figures) -> str:
    """The few figures that say how a run went."""
    names = ("rate", "p99_ms", "page_p50_ms", "page_p99_ms", "startup_s", "idle_mib", "loaded_mib")
    texts = [f"{name} {table.number(figures[name])}" for name in names if name in figures]
    return ", ".join(texts)


def machine_line(about: dict[str, object]) -> str:
    """Processor, cores, memory, kernel, file system, Python, versions."""
    text = (
        "{cpu}, {cores} cores, {memory_gib} GiB, Linux {kernel}, {file_system}"
        " (600 B + fdatasync: {fdatasync_ms} ms), Python {python}, load before {load_before}"
    )
    return text.format(**about)


def report(document: dict[str, object], made: Sequence[table.Row], names: Sequence[str]) -> str:
    """The Markdown page."""
    lines = [f"# Benchmark, {document['at']}", "", str(document["line"]), ""]
    lines += [table.as_markdown(made, names), "", str(document["legend"]), ""]
    for title, key in (("Figures to reach", "goals"), ("Accepted and stored", "checks")):
        texts = document[key]
        assert isinstance(texts, list)
        lines += [f"## {title}", "", *(f"- {text}" for text in texts or ["not measured"]), ""]
    failures = document["failures"]
    assert isinstance(failures, list)
    if failures:
        lines += [
            "## Not measured",
            "",
            *(f"- {' '.join(text.split())[:300]}" for text in failures),
            "",
        ]
    return "\n".join(lines)


def conclude(
    runs: table.Runs, failures: list[str], cells: list[Cell], about: dict[str, object]
) -> int:
    """Print and write everything; the exit code."""
    measured = {system for _, system in runs}
    names = [name for name in ("tocsin", "alertmanager") if name in measured]
    made = table.rows(runs, cells, names)
    checks = table.stored_check(runs, names)
    reached = table.goals(runs)
    times = max((len(one) for one in runs.values()), default=0)
    legend = "Ratio: Tocsin divided by Alertmanager, of the last figure in the line."
    if times > 1:
        legend += f" Medians of {times} runs; ± is half the range."
    if disturbance := table.disturbance(runs):
        typical, worst = disturbance
        legend += f" Other programs took {typical:.0%} of the CPU meanwhile, {worst:.0%} at worst."
        if worst > DISTURBED:
            legend += " That is too much: repeat on a quiet machine before quoting a figure."
    document: dict[str, object] = {
        "at": time.strftime("%Y-%m-%d %H:%M %z"),
        "machine": about,
        "line": machine_line(about),
        "legend": legend,
        "goals": [f"{'yes' if ok else 'NO'}: {what}: {seen}" for what, seen, ok in reached],
        "checks": [table.stored_line(check) for check in checks],
        "failures": failures,
        "runs": [
            {"cell": cell, "system": system, "figures": figures}
            for (cell, system), figures in runs.items()
        ],
    }
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "latest.json").write_text(json.dumps(document, indent=1) + "\n")
    (RESULTS / "latest.md").write_text(report(document, made, names))
    print(f"{document['line']}\n\n{table.as_text(made, names) if made else 'nothing'}\n\n{legend}")
    for text in [*document["goals"], *document["checks"]]:  # type: ignore[misc]
        print(text)
    for text in failures:
        print(f"not measured: {' '.join(text.split())[:300]}")
    say(f"written: {RESULTS / 'latest.json'}, {RESULTS / 'latest.md'}")
    return 1 if failures or any(check.missing for check in checks) else 0


def main() -> int:
    """Measure, print, check."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    parsed = arguments()
    times = parsed.runs or (1 if parsed.quick else 3)
    try:
        cells, systems = chosen_cells(parsed), chosen_systems(parsed)
        build()
    except BenchError as error:
        say(f"bench: {error}")
        return 2
    about = machine.describe(BUILD)
    about["database"] = "PostgreSQL" if parsed.database else "SQLite"
    if Alertmanager in systems:
        about["alertmanager"] = Alertmanager.version()
    if float(str(about["load_before"])) > 0.5 * int(str(about["cores"])):
        say(f"bench: this machine is busy (load {about['load_before']}): expect noise")
    try:
        about["generator_ceiling"] = ceiling()
        runs, failures = measure_all(cells, systems, times)
    except KeyboardInterrupt:
        say("bench: interrupted; nothing written")
        return 130
    finally:
        shutil.rmtree(BUILD / "runs", ignore_errors=True)
    return conclude(runs, failures, cells, about)


if __name__ == "__main__":
    sys.exit(main())
