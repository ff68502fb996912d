"""Which days and months a period consists of, and how people write one."""

import re
from datetime import date, timedelta
from typing import NamedTuple

A_DAY = timedelta(days=1)

YEARS_AT_MOST = 10
"""No period is longer: what is asked must have a bound."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MONTH = re.compile(r"\d{4}-\d{2}")


class Period(NamedTuple):
    """From one day to another, both included, on the clocks of the plan."""

    first: date
    last: date


class Parts(NamedTuple):
    """A period cut such that it takes the fewest tallies: single days, whole months, days.

    Each is (first, last), of months the first days of both; None where there is none.
    """

    before: Period | None
    months: Period | None
    after: Period | None


def period_of(start: str, end: str, today: date) -> Period:
    """Read a period; either may be "": a year of months up to `today`, as far as it is left open.

    A month alone means all of it. Raises ValueError that says what is wrong and, after a semicolon,
    how to write it.
    """
    first, wrong_first = _read(start, is_end=False) if start else (None, "")
    last, wrong_last = _read(end, is_end=True) if end else (None, "")
    if wrong_first or wrong_last:
        both = " and ".join(dict.fromkeys(one for one in (wrong_first, wrong_last) if one))
        raise ValueError(f"{both}; write a day as `2026-03-31` or a month as `2026-03`")
    if last is None:
        last = max(today, first) if first is not None else today
    if first is None:
        first = _months_before(last, 11)
    if first > last:
        raise ValueError(f"{first} is after {last}; the first day comes first")
    if last >= _years_after(first, YEARS_AT_MOST):
        raise ValueError(
            f"{first} to {last} is more than {YEARS_AT_MOST} years; ask for them one by one"
        )
    return Period(first, last)


def parts_of(period: Period, today: date) -> Parts:
    """Cut a period into days and whole months; after `today` there is nothing to be left out."""
    first, last = period
    begins = first if first.day == 1 else next_month(first)
    ends = next_month(last)
    if last < today and (last + A_DAY).day != 1:
        ends = last.replace(day=1)
    if begins >= ends:
        return Parts(Period(first, last), None, None)
    whole = Period(begins, (ends - A_DAY).replace(day=1))
    before = Period(first, begins - A_DAY) if first < begins else None
    after = Period(ends, last) if last >= ends else None
    return Parts(before, whole, after)


def month_of(day: date) -> date:
    """Return the first day of a day's month."""
    return day.replace(day=1)


def next_month(day: date) -> date:
    """Return the first day of the month after a day's."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)


def months_in(period: Period) -> list[date]:
    """Return the first days of all months that a period touches, in their order."""
    found = [month_of(period.first)]
    while found[-1] < month_of(period.last):
        found.append(next_month(found[-1]))
    return found


def _years_after(day: date, count: int) -> date:
    """Return the same day so many years later; of a 29 February the day after it, mostly."""
    try:
        return day.replace(year=day.year + count)
    except ValueError:  # no such day, or beyond the last year of all
        return date.max if day.year + count > date.max.year else date(day.year + count, 3, 1)


def _months_before(day: date, count: int) -> date:
    months = day.year * 12 + day.month - 1 - count
    return date(max(months // 12, 1), months % 12 + 1, 1)


def _read(text: str, *, is_end: bool) -> tuple[date | None, str]:
    """Read a day or a month; return the day, or None and what is wrong."""
    words = text.strip()
    whole = f"{words}-01" if _MONTH.fullmatch(words) else words
    if not _DAY.fullmatch(whole):
        return None, f"`{words[:40]}` is no day"
    try:
        found = date.fromisoformat(whole)
        if is_end and whole != words:
            found = next_month(found) - A_DAY
    except (OverflowError, ValueError):
        return None, f"`{words}` is a day that no calendar has"
    # So that there is a month before and one after.
    if not date(2, 1, 1) <= found <= date(9998, 12, 31):
        return None, f"`{words}` is a day beyond all records"
    return found, ""
