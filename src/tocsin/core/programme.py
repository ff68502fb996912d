"""The calendar of a plan's programme: what is to be held by when, and what is overdue.

A plan says that something happens once in every month, quarter, year or number of weeks. The day
that counts is the last one of each period, on the calendar of the plan's zone.
"""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import msgspec

from tocsin.core.plan.afterwards.model import EXERCISES, Recurring

MONDAY = date(1970, 1, 5)
"""Weeks count from here where the plan names no first day."""


class Period(msgspec.Struct, frozen=True, order=True):
    """A stretch of days, both included, in which something is to be held once."""

    first: date
    last: date


class Held(msgspec.Struct, frozen=True):
    """Something of the programme was held: its id, and the day on the calendar of the plan."""

    what: str
    on: date


class Planned(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to be held by the day `due`; `also` are the ids of what it counts for besides."""

    due: date
    what: str
    name: str
    kind: str
    line: int
    also: tuple[str, ...] = ()


class Overdue(msgspec.Struct, frozen=True, kw_only=True):
    """Something was to be held by `due` and was not; `days` ago."""

    what: str
    name: str
    due: date
    days: int
    line: int


def periods(recurring: Recurring, start: date, end: date) -> tuple[Period, ...]:
    """The periods that end from `start` to `end`, both included; none if the plan sets none."""
    found = []
    period = _around(recurring, start)
    while period is not None and period.first <= end:
        if start <= period.last <= end and not _too_early(recurring, period):
            found.append(period)
        period = _around(recurring, period.last + timedelta(days=1))
    return tuple(found)


def dates(recurring: Recurring, start: datetime, end: datetime, zone: str) -> tuple[datetime, ...]:
    """The instants, in UTC, by which it is to be held, from `start` to before `end`.

    Each is the last second of a period's last day on the clocks of `zone`.
    """
    here = ZoneInfo(zone)
    # A day more on both sides, since the days of the zone begin at other instants.
    first, last = start.astimezone(here).date(), end.astimezone(here).date()
    instants = (_end_of_day(period.last, here) for period in periods(recurring, first, last))
    return tuple(instant for instant in instants if start <= instant < end)


def planned(programme: Iterable[Recurring], start: date, end: date) -> tuple[Planned, ...]:
    """All that is to be held by a day from `start` to `end`, in the order of the days.

    What another entry satisfies is part of that entry where both fall into one period.
    """
    entries = tuple(programme)
    served: dict[tuple[str, date], list[str]] = {}
    alone: list[tuple[Recurring, Period]] = []
    for entry in entries:
        for period in periods(entry, start, end):
            server = _served_by(entry, period, entries)
            if server is None:
                alone.append((entry, period))
            else:
                served.setdefault(server, []).append(entry.id)
    return tuple(
        sorted(
            (
                Planned(
                    due=period.last, what=entry.id, name=entry.name, kind=entry.kind,
                    line=entry.line, also=tuple(served.get((entry.id, period.last), ())),
                )
                for entry, period in alone
            ),
            key=lambda one: (one.due, one.line, one.what),
        )
    )  # fmt: skip


def exercises(programme: Iterable[Recurring], year: int) -> int:
    """How many exercises the plan wants held in a year."""
    all_year = planned(programme, date(year, 1, 1), date(year, 12, 31))
    return sum(one.kind in EXERCISES for one in all_year)


def overdue(
    programme: Iterable[Recurring], held: Sequence[Held], today: date
) -> tuple[Overdue, ...]:
    """What was not held in its last period, nor since; the longest overdue first."""
    entries = tuple(programme)
    found = []
    for entry in entries:
        period = _last_ended(entry, today)
        if period is None or any(
            h.on >= period.first for h in _holdings(entry, entries, held, today)
        ):
            continue
        days = (today - period.last).days
        found.append(
            Overdue(what=entry.id, name=entry.name, due=period.last, days=days, line=entry.line)
        )
    return tuple(sorted(found, key=lambda one: (one.due, one.line, one.what)))


def last_held(
    recurring: Recurring, programme: Iterable[Recurring], held: Sequence[Held], today: date
) -> date | None:
    """The day on which it, or what counts for it, was held last; None if never."""
    days = [one.on for one in _holdings(recurring, tuple(programme), held, today)]
    return max(days, default=None)


def next_due(
    recurring: Recurring, programme: Iterable[Recurring], held: Sequence[Held], today: date
) -> date | None:
    """The day by which it is to be held next, from `today` on; None if the plan sets none."""
    holdings = _holdings(recurring, tuple(programme), held, today)
    period = _around(recurring, today)
    while period is not None:
        done = any(period.first <= one.on <= period.last for one in holdings)
        if not done and period.last >= today and not _too_early(recurring, period):
            return period.last
        period = _around(recurring, period.last + timedelta(days=1))
    return None


def _holdings(
    entry: Recurring, entries: Sequence[Recurring], held: Sequence[Held], today: date
) -> list[Held]:
    counts = {entry.id} | {other.id for other in entries if entry.id in other.satisfies}
    return [one for one in held if one.what in counts and one.on <= today]


def _served_by(
    entry: Recurring, period: Period, entries: Sequence[Recurring]
) -> tuple[str, date] | None:
    """What another entry holds within this period, and what counts for this one then."""
    for other in entries:
        # Two that satisfy each other would otherwise both vanish.
        mutual = other.id in entry.satisfies and other.line > entry.line
        if entry.id not in other.satisfies or other.id == entry.id or mutual:
            continue
        within = periods(other, period.first, period.last)
        if within:
            return other.id, within[-1].last
    return None


def _last_ended(recurring: Recurring, today: date) -> Period | None:
    """The period that ended last before `today`; None if none counts."""
    period = _around(recurring, today - timedelta(days=366 * 2 * max(1, recurring.months // 12)))
    last = None
    while period is not None and period.last < today:
        last = period if not _too_early(recurring, period) else last
        period = _around(recurring, period.last + timedelta(days=1))
    return last


def _too_early(recurring: Recurring, period: Period) -> bool:
    return recurring.first is not None and period.first < recurring.first


def _around(recurring: Recurring, day: date) -> Period | None:
    """The period that `day` is in, or the next one where there is none around it."""
    if recurring.quarter:
        begins = 3 * (recurring.quarter - 1)
        year = day.year if (day.month - 1) // 3 < recurring.quarter else day.year + 1
        return _months(year * 12 + begins, 3)
    if recurring.months:
        # Periods of whole years begin with the year of the first day.
        offset = recurring.first.year * 12 if recurring.first and recurring.months > 12 else 0
        month = day.year * 12 + day.month - 1
        return _months((month - offset) // recurring.months * recurring.months + offset,
                       recurring.months)  # fmt: skip
    if recurring.weeks:
        anchor, length = recurring.first or MONDAY, 7 * recurring.weeks
        first = anchor + timedelta(days=(day - anchor).days // length * length)
        return Period(first, first + timedelta(days=length - 1))
    return None


def _months(month: int, count: int) -> Period:
    """The period of `count` months that begins with a month, counted from year 0."""
    first = date(month // 12, month % 12 + 1, 1)
    after = month + count
    return Period(first, date(after // 12, after % 12 + 1, 1) - timedelta(days=1))


def _end_of_day(day: date, zone: ZoneInfo) -> datetime:
    # The later of two equal local times: the end of a day must not come early.
    local = datetime.combine(day, time(23, 59, 59), tzinfo=zone).replace(fold=1)
    return local.astimezone(UTC)
