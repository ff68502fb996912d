"""Tallies: shares added up. Adding tallies gives what adding their shares would have given.

Everything is whole numbers, so that the order of additions makes no difference. How long things
took is kept in buckets, each 5 % wider than the one before, with the number and the sum of what
fell into it: means are exact; a median is off by less than 5 % (or, below a second, by less than a
second), and exact where no two of the values around the middle are as close as that.
"""

from collections.abc import Iterable, Mapping
from math import log
from typing import NamedTuple, TypeVar

import msgspec

from tocsin.core.metrics.share import Share

WIDTH = 1.05
"""How many times as long as its shortest the longest in one bucket may be."""

SECOND = 1000

ALL = ""
"""Stands for the component of a tally over all incidents, each of them once."""

NONE = "-"
"""Stands for the component of incidents of which none is stated, or none is told."""

_LOG_WIDTH = log(WIDTH)

K = TypeVar("K", int, str)


class Spread(msgspec.Struct):
    """Values in buckets: by the number of a bucket how many fell into it, and their sum.

    Two maps of plain numbers, and not one of pairs: of pairs there would be ten thousands in a
    year, for which the collector stops everything each time that somebody asks.
    """

    counts: dict[int, int] = {}
    sums: dict[int, int] = {}

    def add(self, other: "Spread") -> None:
        """Add what is in another one."""
        _add_counts(self.counts, other.counts)
        _add_counts(self.sums, other.sums)

    def put(self, value: int) -> None:
        """Add one value."""
        number = bucket(value)
        self.counts[number] = self.counts.get(number, 0) + 1
        self.sums[number] = self.sums.get(number, 0) + value


class Tally(msgspec.Struct, kw_only=True, omit_defaults=True):
    """Shares added up; for a measure, see `figure`. `kept` maps promises to (met, of how many)."""

    count: int = 0
    repeats: int = 0
    left_out: dict[str, int] = {}
    took: dict[str, Spread] = {}
    unknown: dict[str, dict[str, int]] = {}
    kept: dict[str, tuple[int, int]] = {}

    def add(self, other: "Tally") -> None:
        """Add another tally to this one."""
        self.count += other.count
        self.repeats += other.repeats
        _add_counts(self.left_out, other.left_out)
        for name, spread in other.took.items():
            self.took.setdefault(name, Spread()).add(spread)
        for name, reasons in other.unknown.items():
            _add_counts(self.unknown.setdefault(name, {}), reasons)
        for name, (met, of) in other.kept.items():
            before = self.kept.get(name, (0, 0))
            self.kept[name] = (before[0] + met, before[1] + of)

    def add_share(self, share: Share) -> None:
        """Add what one incident gives."""
        if share.left_out:
            _add_counts(self.left_out, {share.left_out: 1})
            return
        self.count += 1
        self.repeats += share.repeats
        for name, value in share.took.items():
            self.took.setdefault(name, Spread()).put(value)
        for name, why in share.unknown.items():
            _add_counts(self.unknown.setdefault(name, {}), {why: 1})
        for name, met in share.kept.items():
            before = self.kept.get(name, (0, 0))
            self.kept[name] = (before[0] + met, before[1] + 1)


class Cell(NamedTuple):
    """Where a tally belongs: a severity, and a component (ALL or NONE besides)."""

    severity: str
    component: str


class Figure(NamedTuple):
    """A measure over many incidents: so many were `measured`; mean and median are milliseconds.

    Both are None if nothing was measured. `unknown` maps reasons to how many have no value.
    """

    measured: int
    mean: float | None
    median: float | None
    unknown: Mapping[str, int]


def bucket(value: int) -> int:
    """Return the number of the bucket into which so many milliseconds (0 or more) fall."""
    return 0 if value < SECOND else 1 + int(log(value / SECOND) / _LOG_WIDTH)


def tallied(shares: Iterable[Share]) -> dict[Cell, Tally]:
    """Add up the shares of a day, over all components and for each of them."""
    found: dict[Cell, Tally] = {}
    for share in shares:
        components = share.components or (() if share.left_out else (NONE,))
        for component in (ALL, *components):
            cell = Cell(share.severity, component)
            if cell not in found:
                found[cell] = Tally()
            found[cell].add_share(share)
    return found


def merged(parts: Iterable[Mapping[Cell, Tally]]) -> dict[Cell, Tally]:
    """Add up what days, or months, come to."""
    found: dict[Cell, Tally] = {}
    for part in parts:
        for cell, tally in part.items():
            found.setdefault(cell, Tally()).add(tally)
    return found


def figure(tally: Tally, measure: str) -> Figure:
    """Return what a tally says of one measure."""
    spread = tally.took.get(measure) or Spread()
    count = sum(spread.counts.values())
    unknown = tally.unknown.get(measure, {})
    if not count:
        return Figure(0, None, None, unknown)
    mean = sum(spread.sums.values()) / count
    lower, upper = _ranked(spread, (count - 1) // 2), _ranked(spread, count // 2)
    return Figure(count, mean, (lower + upper) / 2, unknown)


def _ranked(spread: Spread, rank: int) -> float:
    """Return the mean of the bucket that holds the value with so many values before it."""
    passed = 0
    for number in sorted(spread.counts):
        count = spread.counts[number]
        passed += count
        if passed > rank:
            return spread.sums[number] / count
    raise IndexError(rank)


def _add_counts(mine: dict[K, int], others: Mapping[K, int]) -> None:
    for name, count in others.items():
        mine[name] = mine.get(name, 0) + count
