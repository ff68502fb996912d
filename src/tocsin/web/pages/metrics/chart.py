"""Charts of metrics as shapes with places: the template only writes them down.

A chart is WIDE by HIGH and scales with the page. What it shows stands in a table below it too.
"""

from collections.abc import Callable, Sequence
from datetime import date
from math import ceil, floor, log10
from typing import NamedTuple

WIDE, HIGH = 480, 210
LEFT, RIGHT, TOP, BOTTOM = 46, 6, 10, 26
"""Room for words around the chart itself."""

MONTHS_NAMED = 12
"""No more months have their name below; of more, every second, third and so on."""

LINES = 4
"""About so many lines across, with a value each."""

RANKS = 4
"""Ranks that look different; what is below them looks as the last."""

HOURS = (60, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400)
"""Steps, in seconds, that people count durations by; above them days."""


class Line(NamedTuple):
    """A line across at a value."""

    y: float
    word: str


class Mark(NamedTuple):
    """A word below a month."""

    x: float
    word: str


class Bar(NamedTuple):
    """A part of a month's bar."""

    x: float
    y: float
    width: float
    height: float
    rank: int
    says: str


class Dot(NamedTuple):
    """A value on a line, with its shape as SVG path."""

    path: str
    rank: int
    says: str


class Trend(NamedTuple):
    """A line through dots; `paths` has gaps where months have no value."""

    rank: int
    path: str
    dots: tuple[Dot, ...]


class Chart(NamedTuple):
    """What is drawn."""

    lines: tuple[Line, ...]
    marks: tuple[Mark, ...]
    bars: tuple[Bar, ...] = ()
    trends: tuple[Trend, ...] = ()


class Row(NamedTuple):
    """A severity with a value for each month, None where there is none."""

    name: str
    rank: int
    values: Sequence[float | None]


def stacked(months: Sequence[date], rows: Sequence[Row]) -> Chart:
    """Draw how many there were each month, one severity upon the other, the worst lowest."""
    sums = [sum(row.values[n] or 0 for row in rows) for n in range(len(months))]
    top, lines = _lines(max(sums, default=0), _number_step, lambda value: f"{value:,.0f}")
    step = (WIDE - LEFT - RIGHT) / max(1, len(months))
    bars = []
    for n, month in enumerate(months):
        base = 0.0
        for row in rows:
            value = row.values[n] or 0
            if value:
                upper, lower = _y(base + value, top), _y(base, top)
                says = f"{month:%B %Y}, {row.name}: {value:,.0f}"
                x, width = LEFT + n * step + step * 0.15, step * 0.7
                height = round(lower - upper, 1)
                bars.append(
                    Bar(round(x, 1), round(upper, 1), round(width, 1), height, _rank(row), says)
                )
            base += value
    return Chart(lines, _marks(months), bars=tuple(bars))


def trends(
    months: Sequence[date], rows: Sequence[Row], said: Callable[[float], str]
) -> Chart:  # fmt: skip
    """Draw durations (seconds) over the months, a line for each severity."""
    known = [value for row in rows for value in row.values if value is not None]
    top, lines = _lines(max(known, default=0), _duration_step, said)
    step = (WIDE - LEFT - RIGHT) / max(1, len(months))
    found = []
    for row in rows:
        path, dots, down = "", [], False
        for n, value in enumerate(row.values):
            if value is None:
                down = False
                continue
            x, y = round(LEFT + (n + 0.5) * step, 1), round(_y(value, top), 1)
            path += f"{'L' if down else 'M'}{x} {y}"
            down = True
            says = f"{months[n]:%B %Y}, {row.name}: {said(value)}"
            dots.append(Dot(_shape(row.rank, x, y), _rank(row), says))
        found.append(Trend(_rank(row), path, tuple(dots)))
    return Chart(lines, _marks(months), trends=tuple(found))


def _shape(rank: int, x: float, y: float) -> str:
    """Return the mark of a rank: circle, square, triangle, diamond. Colour is not all there is."""
    shapes = (
        f"M{x - 4} {y}a4 4 0 1 0 8 0a4 4 0 1 0 -8 0Z",
        f"M{x - 3.5} {y - 3.5}h7v7h-7Z",
        f"M{x} {y - 4.5}l4.5 8h-9Z",
        f"M{x} {y - 5}l5 5l-5 5l-5 -5Z",
    )
    return shapes[min(rank, RANKS - 1)]


def key_of(rank: int) -> str:
    """Return the mark of a rank in the middle of 10 by 10, for the legend."""
    return _shape(rank, 5, 5)


def _rank(row: Row) -> int:
    return min(row.rank, RANKS - 1)


def _y(value: float, top: float) -> float:
    return HIGH - BOTTOM - (HIGH - BOTTOM - TOP) * (value / top)


def _lines(
    most: float, step_of: Callable[[float], float], said: Callable[[float], str]
) -> tuple[float, tuple[Line, ...]]:
    """Return the value at the top, and the lines up to it."""
    step = step_of(most / LINES)
    count = max(1, ceil(most / step))
    top = count * step
    return top, tuple(
        Line(round(_y(n * step, top), 1), said(n * step)) for n in range(count + 1)
    )  # fmt: skip


def _number_step(least: float) -> float:
    if least <= 1:
        return 1
    size = float(10 ** floor(log10(least)))
    return next(size * times for times in (1, 2, 5, 10) if size * times >= least)


def _duration_step(least: float) -> float:
    found = next((step for step in HOURS if step >= least), None)
    return found if found is not None else HOURS[-1] * _number_step(least / HOURS[-1])


def _marks(months: Sequence[date]) -> tuple[Mark, ...]:
    step = (WIDE - LEFT - RIGHT) / max(1, len(months))
    every = ceil(len(months) / MONTHS_NAMED)
    many = len(months) > MONTHS_NAMED
    return tuple(
        Mark(round(LEFT + (n + 0.5) * step, 1), f"{month:%m/%y}" if many else f"{month:%b}")
        for n, month in enumerate(months)
        if n % every == 0
    )
