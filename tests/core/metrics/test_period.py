"""Periods: as people write them, and cut into days and months such that no day is lost."""

from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from whenever import available_timezones

from tocsin.core.metrics.answer import By, grouped
from tocsin.core.metrics.period import Period, month_of, months_in, next_month, parts_of, period_of
from tocsin.core.metrics.share import day_of
from tocsin.core.metrics.tally import ALL, Cell, Tally
from tocsin.core.oncall import first_instant

TODAY = date(2026, 11, 21)
A_DAY = timedelta(days=1)

days = st.dates(date(2015, 1, 1), date(2030, 12, 31))
zones = st.sampled_from(sorted(available_timezones()))


def days_in(period: Period | None, *, months: bool = False) -> list[date]:
    if period is None:
        return []
    last = next_month(period.last) - A_DAY if months else period.last
    return [period.first + n * A_DAY for n in range((last - period.first).days + 1)]


@given(days, st.integers(0, 1200), days)
def test_parts_hold_each_day_of_the_past_once_and_none_besides(
    first: date, length: int, today: date
) -> None:
    period = Period(first, first + length * A_DAY)
    parts = parts_of(period, today)
    found = days_in(parts.before) + days_in(parts.months, months=True) + days_in(parts.after)
    assert len(found) == len(set(found))
    assert {day for day in found if day <= today} == {
        day for day in days_in(period) if day <= today
    }
    assert len(days_in(parts.before)) + len(days_in(parts.after)) <= 62


def test_the_month_that_goes_on_is_taken_whole() -> None:
    parts = parts_of(Period(date(2025, 12, 1), TODAY), TODAY)
    assert parts == (None, Period(date(2025, 12, 1), date(2026, 11, 1)), None)


@pytest.mark.parametrize(
    ("start", "end", "first", "last"),
    [
        ("", "", "2025-12-01", "2026-11-21"),
        ("2026-03", "", "2026-03-01", "2026-11-21"),
        ("2026-02", "2026-02", "2026-02-01", "2026-02-28"),
        ("2026-03-05", "2026-03-05", "2026-03-05", "2026-03-05"),
        ("", "2024-02", "2023-03-01", "2024-02-29"),
        ("2027-01", "", "2027-01-01", "2027-01-01"),
        ("2016-01", "2025-12", "2016-01-01", "2025-12-31"),
        ("2016-02-29", "2026-02-28", "2016-02-29", "2026-02-28"),
    ],
)
def test_periods_as_people_write_them(start: str, end: str, first: str, last: str) -> None:
    assert period_of(start, end, TODAY) == (date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    ("start", "end", "what"),
    [
        ("yesterday", "", "`yesterday` is no day"),
        ("2026-02-30", "", "`2026-02-30` is a day that no calendar has"),
        ("soon", "2026-13", "`soon` is no day and `2026-13` is a day that no calendar has"),
        ("2026-13", "", "`2026-13` is a day that no calendar has"),
        ("0001-01", "", "beyond all records"),
        ("", "9999-12", "no calendar has"),
        ("2026-03", "2026-02", "2026-03-01 is after 2026-02-28"),
        ("2010-01", "", "more than 10 years"),
        ("2015-01-01", "2025-01-01", "more than 10 years"),
        ("2016-02-29", "2026-03-01", "more than 10 years"),
    ],
)
def test_what_is_no_period_is_refused_with_a_way_out(start: str, end: str, what: str) -> None:
    with pytest.raises(ValueError, match=what) as refused:
        period_of(start, end, TODAY)
    assert "; " in str(refused.value)


@given(st.text(max_size=12), st.text(max_size=12))
def test_any_text_is_a_period_or_refused(start: str, end: str) -> None:
    try:
        first, last = period_of(start, end, TODAY)
    except ValueError as error:
        said = str(error)
        first = last = TODAY
    else:
        said = "; "
    assert first <= last
    assert "; " in said


@given(zones, st.integers(2000, 2030), st.integers(1, 12))
def test_months_begin_at_midnight_on_the_clocks_of_the_zone(
    zone: str, year: int, month: int
) -> None:
    """Whatever its changes of clocks: the last instant before it is of the month before."""
    begins = first_instant(datetime.combine(date(year, month, 1), time()), zone)
    assert month_of(day_of(begins, zone)) == date(year, month, 1)
    before = day_of(begins - timedelta(microseconds=1), zone)
    assert month_of(before) == month_of(date(year, month, 1) - A_DAY)


@given(zones, st.integers(0, 1_900_000_000), st.integers(0, 200_000))
def test_days_never_go_back(zone: str, at: int, seconds: int) -> None:
    began = datetime.fromtimestamp(at, UTC)
    assert day_of(began, zone) <= day_of(began + timedelta(seconds=seconds), zone)


def test_a_minute_before_midnight_and_a_minute_after_it_are_two_months() -> None:
    late = datetime(2026, 3, 31, 21, 59, tzinfo=UTC)
    early = datetime(2026, 3, 31, 22, 1, tzinfo=UTC)
    assert day_of(late, "Europe/Berlin") == date(2026, 3, 31)
    assert day_of(early, "Europe/Berlin") == date(2026, 4, 1)


def test_by_month_alone_no_month_is_missing() -> None:
    period = Period(date(2026, 1, 15), date(2026, 4, 2))
    found = [(date(2026, 3, 3), Cell("P0", ALL), Tally(count=2))]
    alone: tuple[By, ...] = ("month",)
    groups = grouped(found, alone, period)
    assert [(one.month, one.tally.count) for one in groups] == [
        (month, 2 if month.month == 3 else 0) for month in months_in(period)
    ]
    assert [one.month for one in grouped(found, ("month", "severity"), period)] == [
        date(2026, 3, 1)
    ]
