"""What is answered to whoever asks for the metrics of a period."""

from collections.abc import Collection, Iterable
from datetime import date
from typing import Literal, NamedTuple

from tocsin.core.metrics.period import Period, month_of, months_in
from tocsin.core.metrics.tally import Cell, Tally

By = Literal["month", "severity", "component"]
BYS: tuple[By, ...] = ("month", "severity", "component")


class Group(NamedTuple):
    """The incidents of one month, severity and component; None for what they are not grouped by."""

    month: date | None
    severity: str | None
    component: str | None
    tally: Tally


class Answer(NamedTuple):
    """The metrics of a period: of all incidents, and of groups of them.

    An incident that has hit two components is in the groups of both, and once in the total.
    """

    period: Period
    total: Tally
    groups: tuple[Group, ...]


def total_of(found: Iterable[tuple[date, Cell, Tally]]) -> Tally:
    """Add up everything."""
    total = Tally()
    for _, _, tally in found:
        total.add(tally)
    return total


def grouped(
    found: Iterable[tuple[date, Cell, Tally]], by: Collection[By], period: Period
) -> tuple[Group, ...]:
    """Add up what belongs together, by month, then severity, then component.

    By month alone, months without incidents are there too.
    """
    groups: dict[tuple[date | None, str | None, str | None], Tally] = {}
    if tuple(by) == ("month",):
        groups = {(month, None, None): Tally() for month in months_in(period)}
    for starts, cell, tally in found:
        key = (
            month_of(starts) if "month" in by else None,
            cell.severity if "severity" in by else None,
            cell.component if "component" in by else None,
        )
        groups.setdefault(key, Tally()).add(tally)
    in_order = sorted(groups.items(), key=lambda one: tuple(str(part or "") for part in one[0]))
    return tuple(Group(*key, tally) for key, tally in in_order)
