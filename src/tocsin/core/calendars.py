"""Calendars of a plan: business hours, holidays, occasions; and when a time value falls."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta

import msgspec
from whenever import Date, DisambiguationStr, Instant, Time

from tocsin.core.times import (
    After,
    AnyTime,
    BusinessDays,
    CalendarDays,
    Choice,
    Immediate,
    Never,
    NextOccasion,
    Range,
    Unspecified,
    Variable,
    Within,
)

END_OF_DAY = "23:59:59"


class BusinessHours(msgspec.Struct, frozen=True, kw_only=True):
    """Working days (Monday is 0), opening and closing time "HH:MM", and days off "YYYY-MM-DD"."""

    days: tuple[int, ...] = (0, 1, 2, 3, 4)
    opens: str = "09:00"
    closes: str = "17:00"
    holidays: tuple[str, ...] = ()


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """Something that recurs: every `weeks` weeks from `first` ("YYYY-MM-DD"), at `at` ("HH:MM")."""

    name: str
    weeks: int
    first: str
    at: str = "09:00"


class Calendars(msgspec.Struct, frozen=True, kw_only=True):
    """All calendars of one plan, read on the clocks of `time_zone`."""

    time_zone: str = "UTC"
    business: BusinessHours = BusinessHours()
    occasions: Mapping[str, Occasion] = {}


def due_at(value: AnyTime, start: datetime, calendars: Calendars) -> datetime | None:
    """The last instant at which a promise started at `start` is still kept; None if there is none.

    `start` is aware, the answer is in UTC. At a strict limit (`< 1h`) that instant itself is
    already too late: compare with `>=` where `Within.strict` is set. An occasion that the
    calendars do not have gives None. Ambiguous local times (clocks set back) are read as the
    later one, since the end of business hours must not come early.
    """
    closes = calendars.business.closes
    match value:
        case Within(limit):
            return _later(start, limit)
        case Immediate(tolerance):
            return _later(start, tolerance)
        case Range(_, latest):
            return _later(start, latest)
        case BusinessDays(count):
            day = _business_day(_local_day(start, calendars), count, calendars.business)
            return None if day is None else _instant(day, closes, calendars, "later")
        case CalendarDays(count):
            day = _local_day(start, calendars) + timedelta(days=count)
            return _instant(day, END_OF_DAY, calendars, "later")
        case _:
            return act_at(value, start, calendars)


def act_at(value: AnyTime, start: datetime, calendars: Calendars) -> datetime | None:
    """The instant at which a step counted from `start` is taken; None if it never is.

    `start` is aware, the answer is in UTC. Local times that do not exist (clocks set forward)
    move forward; ambiguous ones are read as the earlier one.
    """
    opens = calendars.business.opens
    match value:
        case Within() | Immediate():
            return start.astimezone(UTC)
        case After(delay) | Range(delay):
            return _later(start, delay)
        case BusinessDays(count):
            day = _business_day(_local_day(start, calendars), count, calendars.business)
            return None if day is None else _instant(day, opens, calendars, "compatible")
        case CalendarDays(count):
            day = _local_day(start, calendars) + timedelta(days=count)
            return _instant(day, opens, calendars, "compatible")
        case NextOccasion(name):
            occasion = calendars.occasions.get(name)
            return None if occasion is None else _next(occasion, start, calendars)
        case Never() | Unspecified() | Variable() | Choice():
            return None


def _later(start: datetime, by: timedelta) -> datetime:
    # In UTC, where adding hours cannot cross a change of clocks.
    return start.astimezone(UTC) + by


def _local_day(start: datetime, calendars: Calendars) -> date:
    return Instant(start).to_tz(calendars.time_zone).date().to_stdlib()


def _instant(
    day: date, clock: str, calendars: Calendars, disambiguation: DisambiguationStr
) -> datetime:
    # "compatible" and "later" both move a time within a gap forward; "earlier" would not.
    local = Date(day).at(Time.parse_iso(clock))
    zoned = local.assume_tz(calendars.time_zone, disambiguation=disambiguation)
    return zoned.to_instant().to_stdlib()


def _business_day(day: date, count: int, hours: BusinessHours) -> date | None:
    """The `count`-th business day after `day`; None if the holidays leave none within reach."""
    holidays = set(hours.holidays)
    for _ in range(7 * count + len(holidays) + 7):
        day += timedelta(days=1)
        if day.weekday() in hours.days and day.isoformat() not in holidays:
            count -= 1
            if count == 0:
                return day
    return None


def _next(occasion: Occasion, start: datetime, calendars: Calendars) -> datetime:
    first, period = date.fromisoformat(occasion.first), 7 * occasion.weeks
    # One period early, because on the day itself the time of day decides.
    passed = (_local_day(start, calendars) - first).days // period - 1
    day = first + timedelta(days=max(passed, 0) * period)
    while (at := _instant(day, occasion.at, calendars, "compatible")) <= start:
        day += timedelta(days=period)
    return at
