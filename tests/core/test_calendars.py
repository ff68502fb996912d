"""When time values fall: hours on the clock, business days, occasions, and changes of clocks."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.calendars import BusinessHours, Calendars, Occasion, act_at, due_at
from tocsin.core.times import (
    After,
    AnyTime,
    BusinessDays,
    CalendarDays,
    Immediate,
    Never,
    NextOccasion,
    Unspecified,
    Within,
)

BERLIN = Calendars(
    time_zone="Europe/Berlin",
    business=BusinessHours(opens="09:00", closes="17:00", holidays=("2026-03-09",)),
    occasions={
        "sprint planning": Occasion(name="sprint planning", weeks=2, first="2026-01-05"),
        "night": Occasion(name="night", weeks=1, first="2026-03-22", at="02:30"),
    },
)
HOUR = timedelta(hours=1)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def local(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"))


START = local("2026-03-06 23:30")  # a Friday, 22:30 UTC


@pytest.mark.parametrize(
    ("value", "acts", "due"),
    [
        (Within(HOUR), START, START + HOUR),
        (Within(HOUR, strict=True), START, START + HOUR),
        (Immediate(HOUR), START, START + HOUR),
        (After(HOUR), START + HOUR, START + HOUR),
        # Monday the 9th is a holiday here.
        (BusinessDays(1), local("2026-03-10 09:00"), local("2026-03-10 17:00")),
        (BusinessDays(4), local("2026-03-13 09:00"), local("2026-03-13 17:00")),
        (BusinessDays(5), local("2026-03-16 09:00"), local("2026-03-16 17:00")),
        (CalendarDays(1), local("2026-03-07 09:00"), local("2026-03-07 23:59:59")),
        (NextOccasion("sprint planning"), local("2026-03-16 09:00"), local("2026-03-16 09:00")),
        (NextOccasion("harvest"), None, None),
        (Never(), None, None),
        (Unspecified(), None, None),
    ],
)
def test_when_a_value_counted_from_a_friday_night_falls(
    value: AnyTime, acts: datetime | None, due: datetime | None
) -> None:
    assert act_at(value, START, BERLIN) == acts
    assert due_at(value, START, BERLIN) == due


def test_the_local_day_decides_not_the_day_in_utc() -> None:
    just_after_midnight = local("2026-03-10 00:30")  # still the 9th in UTC
    assert act_at(CalendarDays(1), just_after_midnight, BERLIN) == local("2026-03-11 09:00")


def test_an_incident_on_a_business_morning_still_waits_for_the_next_day() -> None:
    assert due_at(BusinessDays(1), local("2026-03-10 08:00"), BERLIN) == local("2026-03-11 17:00")


@pytest.mark.parametrize(
    ("start", "expected"),
    [
        ("2026-01-01 12:00", "2026-01-05 09:00"),  # before the first
        ("2026-01-05 08:59", "2026-01-05 09:00"),  # on the day, before it begins
        ("2026-01-05 09:00", "2026-01-19 09:00"),  # at that minute: the next one
        ("2026-01-06 00:00", "2026-01-19 09:00"),
        ("2019-06-01 00:00", "2026-01-05 09:00"),
        ("2031-01-01 00:00", "2031-01-13 09:00"),
    ],
)
def test_the_next_occasion(start: str, expected: str) -> None:
    assert act_at(NextOccasion("sprint planning"), local(start), BERLIN) == local(expected)


def test_hours_on_the_clock_do_not_change_with_the_clocks() -> None:
    # In the night to the 29th of March 2026 the clocks in Berlin skip an hour.
    assert act_at(After(24 * HOUR), local("2026-03-28 12:00"), BERLIN) == local("2026-03-29 13:00")


def test_a_local_time_that_does_not_exist_moves_forward() -> None:
    assert act_at(NextOccasion("night"), local("2026-03-28 12:00"), BERLIN) == utc(
        "2026-03-29 01:30"  # 03:30 on the new clocks
    )


def test_of_two_local_times_steps_take_the_first_and_limits_the_last() -> None:
    # On the 25th of October 2026 02:30 comes twice: at 00:30 and at 01:30 UTC.
    nights = Calendars(
        time_zone="Europe/Berlin",
        business=BusinessHours(days=(0, 1, 2, 3, 4, 5, 6), opens="02:30", closes="02:45"),
    )
    start = local("2026-10-24 12:00")
    assert act_at(BusinessDays(1), start, nights) == utc("2026-10-25 00:30")
    assert due_at(BusinessDays(1), start, nights) == utc("2026-10-25 01:45")


def test_a_calendar_without_working_days_gives_no_instant() -> None:
    holidays = tuple((START + timedelta(days=n)).date().isoformat() for n in range(1, 400))
    never = Calendars(business=BusinessHours(days=(), holidays=()))
    assert due_at(BusinessDays(1), START, never) is None
    busy = Calendars(business=BusinessHours(holidays=holidays))
    found = due_at(BusinessDays(1), START, busy)
    assert found is not None
    assert found > START + timedelta(days=398)


ZONES = ["UTC", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu"]
STARTS = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
TIMES: st.SearchStrategy[AnyTime] = st.one_of(
    st.builds(Within, st.timedeltas(timedelta(0), timedelta(days=9)), st.booleans()),
    st.builds(After, st.timedeltas(timedelta(0), timedelta(days=9))),
    st.builds(BusinessDays, st.integers(1, 20)),
    st.builds(CalendarDays, st.integers(1, 20)),
    st.just(NextOccasion("planning")),
)
HOURS = st.sampled_from([("09:00", "17:00"), ("00:00", "02:30"), ("02:30", "23:59")])


@given(TIMES, STARTS, st.sampled_from(ZONES), HOURS)
def test_nothing_acts_before_its_start_or_after_its_limit(
    value: AnyTime, start: datetime, zone: str, hours: tuple[str, str]
) -> None:
    calendars = Calendars(
        time_zone=zone,
        business=BusinessHours(opens=hours[0], closes=hours[1]),
        occasions={"planning": Occasion(name="planning", weeks=3, first="2026-01-05", at="02:30")},
    )
    acts, due = act_at(value, start, calendars), due_at(value, start, calendars)
    assert acts is not None
    assert due is not None
    assert start <= acts <= due or (isinstance(value, CalendarDays) and start <= acts)
    assert acts.utcoffset() == due.utcoffset() == timedelta(0)


@given(STARTS, STARTS, st.integers(1, 9), st.sampled_from(ZONES))
def test_a_later_start_is_never_due_earlier(
    one: datetime, other: datetime, days: int, zone: str
) -> None:
    first, second = sorted((one, other))
    calendars = Calendars(time_zone=zone)
    for value in (BusinessDays(days), CalendarDays(days), Within(timedelta(hours=days))):
        sooner, later = due_at(value, first, calendars), due_at(value, second, calendars)
        assert sooner is not None
        assert later is not None
        assert sooner <= later
