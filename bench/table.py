"""Medians, ratios, goals and checks, out of the figures of all runs; as text and as Markdown."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cells import Cell, Figures

Runs = dict[tuple[str, str], list[Figures]]
"""The figures of every run, by (cell, system)."""

NOTHING = "-"


@dataclass(frozen=True)
class Row:
    """One line of the table: a value for each system, and the first divided by the second."""

    title: str
    values: list[str]
    ratio: str


def median(runs: Runs, cell: str, system: str, name: str) -> float | None:
    """The median over the runs; None where it was not measured."""
    values = [figures[name] for figures in runs.get((cell, system), []) if name in figures]
    return statistics.median(values) if values else None


def spread(runs: Runs, cell: str, system: str, name: str) -> float:
    """How far the runs lie apart: half of their range, as a share of the median."""
    values = [figures[name] for figures in runs.get((cell, system), []) if name in figures]
    middle = statistics.median(values)
    return (max(values) - min(values)) / 2 / middle if middle else 0.0


def rows(runs: Runs, cells: Sequence[Cell], systems: Sequence[str]) -> list[Row]:
    """All lines of the table, in the order of the cells."""
    made = [
        _row(runs, cell.name, systems, title, names)
        for cell in cells
        for title, names in _lines(cell)
    ]
    return [row for row in made if any(value != NOTHING for value in row.values)]


def _lines(cell: Cell) -> list[tuple[str, list[str]]]:
    """What the table says about a cell: titles, and the names of the figures in that line."""
    if cell.kind == "startup":
        return [
            (f"{cell.title}, s", ["startup_s"]),
            ("start to ready after kill -9, s", ["restart_s"]),
            ("memory, idle, MiB", ["idle_mib"]),
        ]
    if cell.kind == "latency":
        return [
            (f"{cell.title}, p50 / p99 ms", ["page_p50_ms", "page_p99_ms"]),
            ("alert to answer, idle, p50 / p99 ms", ["answer_p50_ms", "answer_p99_ms"]),
        ]
    if cell.kind == "memory":
        return [
            (f"memory {cell.title}, MiB", ["loaded_mib"]),
            ("kept of these after kill -9", ["kept"]),
            ("start to ready with these, s", ["restart_s"]),
        ]
    lines = [
        (f"{cell.title}, alerts/s", ["rate"]),
        ("    p50 / p99 ms", ["p50_ms", "p99_ms"]),
    ]
    if cell.connections == 8:
        lines.append(("    disk bytes written an alert", ["disk_bytes_an_alert"]))
        lines.append(("    CPU an alert, us", ["cpu_us_an_alert"]))
    if cell.groups == 0:
        lines.append(("    webhooks sent meanwhile", ["pages"]))
    return lines


def _row(runs: Runs, cell: str, systems: Sequence[str], title: str, names: list[str]) -> Row:
    """The ratio is that of the last figure in the line."""
    values = []
    for system in systems:
        texts = []
        for name in names:
            value = median(runs, cell, system, name)
            texts.append(NOTHING if value is None else number(value))
        text = " / ".join(texts) if NOTHING not in texts else NOTHING
        if len(names) == 1 and text != NOTHING and len(runs[cell, system]) > 1:
            text += f" ±{spread(runs, cell, system, names[0]):.0%}"
        values.append(text)
    both = [median(runs, cell, system, names[-1]) for system in systems]
    return Row(title, values, _ratio(both))


def _ratio(both: Sequence[float | None]) -> str:
    if len(both) < 2 or both[0] is None or not both[1]:
        return NOTHING
    return number(both[0] / both[1])


def number(value: float) -> str:
    """Three digits are enough."""
    if value >= 100 or value == int(value):
        return f"{value:,.0f}"
    return f"{value:.1f}" if value >= 10 else f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


# ---------------------------------------------------------------- goals and checks


def goals(runs: Runs) -> list[tuple[str, str, bool]]:
    """The figures Tocsin is to reach: what, what was seen, whether that is enough."""
    singles = _best_rate(runs, 1, lambda p99: p99 < 50)
    wanted: list[tuple[str, float | None, Callable[[float], bool]]] = [
        ("20,000 new alerts/s in requests of 64", _best_rate(runs, 64), lambda v: v >= 20_000),
        ("5,000 new alerts/s in single requests with p99 < 50 ms", singles, lambda v: v >= 5000),
        ("alert to webhook, p50 < 10 ms", _tocsin(runs, "latency", "page_p50_ms"), _below(10)),
        ("alert to webhook, p99 < 50 ms", _tocsin(runs, "latency", "page_p99_ms"), _below(50)),
        ("start to ready < 1.5 s", _tocsin(runs, "startup", "startup_s"), _below(1.5)),
        ("idle < 120 MiB", _tocsin(runs, "startup", "idle_mib"), _below(120)),
    ]
    return [
        (what, number(seen) if seen else "no such run", enough(seen))
        for what, seen, enough in wanted
        if seen is not None
    ]


def _tocsin(runs: Runs, cell: str, name: str) -> float | None:
    return median(runs, cell, "tocsin", name)


def _below(limit: float) -> Callable[[float], bool]:
    return lambda value: value < limit


def _best_rate(
    runs: Runs, batch: int, acceptable: Callable[[float], bool] = lambda _: True
) -> float | None:
    """The best median rate over 1, 8 and 32 connections; 0 if none is acceptable."""
    rates = []
    for connections in (1, 8, 32):
        rate = _tocsin(runs, f"{batch}x{connections}", "rate")
        p99 = _tocsin(runs, f"{batch}x{connections}", "p99_ms")
        if rate is not None and p99 is not None:
            rates.append(rate if acceptable(p99) else 0.0)
    return max(rates, default=None)


@dataclass(frozen=True)
class Stored:
    """The check after the runs: what was accepted, and what was found afterwards."""

    system: str
    accepted: int
    stored: int
    runs: int
    missing: list[str]
    refused: int
    unanswered: int


def stored_check(runs: Runs, systems: Sequence[str]) -> list[Stored]:
    """Each run is held to it by itself: an excess in one does not make up for a loss in another."""
    return [_stored_by(runs, system) for system in systems]


def _stored_by(runs: Runs, system: str) -> Stored:
    accepted = stored = counted = refused = unanswered = 0
    missing = []
    for (cell, of), all_figures in runs.items():
        for figures in all_figures if of == system else []:
            refused += int(figures.get("refused", 0))
            unanswered += int(figures.get("unanswered", 0))
            if "stored" not in figures:
                continue
            counted += 1
            accepted += int(figures["accepted"])
            stored += int(figures["stored"])
            if figures["stored"] < figures["accepted"]:
                lack = int(figures["accepted"] - figures["stored"])
                missing.append(f"{cell}: {lack:,} of {int(figures['accepted']):,}")
    return Stored(system, accepted, stored, counted, missing, refused, unanswered)


def stored_line(check: Stored) -> str:
    """One line for people."""
    where = "on disk after kill -9" if check.system == "tocsin" else "in memory, before it is ended"
    verdict = "MISSING in " + "; ".join(check.missing) if check.missing else "nothing missing"
    line = f"{check.system}: accepted {check.accepted:,} in {check.runs} run(s), "
    line += f"found {check.stored:,} {where}: {verdict}"
    if check.refused or check.unanswered:
        line += f"; besides, {check.refused:,} requests refused, {check.unanswered:,} unanswered"
    return line


def disturbance(runs: Runs) -> tuple[float, float] | None:
    """The share of all cores that other programs took under load, median and worst, if known."""
    name = "others_cpu_share"
    shares = [one[name] for figures in runs.values() for one in figures if name in one]
    return (statistics.median(shares), max(shares)) if shares else None


# ---------------------------------------------------------------- output


def header(systems: Sequence[str]) -> list[str]:
    """The column titles."""
    return ["", *systems, "ratio"] if len(systems) > 1 else ["", *systems]


def as_text(made: Sequence[Row], systems: Sequence[str]) -> str:
    """Aligned columns for a terminal."""
    lines = [header(systems), *(_cells(row, systems) for row in made)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if i == 0 else text.rjust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


def as_markdown(made: Sequence[Row], systems: Sequence[str]) -> str:
    """The same as a Markdown table."""
    titles = header(systems)
    lines = [titles, ["---", *("---:" for _ in titles[1:])]]
    lines += [_cells(row, systems) for row in made]
    return "\n".join("| " + " | ".join(text.strip() for text in line) + " |" for line in lines)


def _cells(row: Row, systems: Sequence[str]) -> list[str]:
    return [row.title, *row.values, row.ratio] if len(systems) > 1 else [row.title, *row.values]
