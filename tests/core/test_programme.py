"""The calendar of drills, reviews and reports: nothing forgotten, nothing twice."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tocsin.core.plan.afterwards.model import Recurring
from tocsin.core.programme import (
    Held,
    dates,
    exercises,
    last_held,
    next_due,
    overdue,
    periods,
    planned,
)


def entry(name: str, **how: object) -> Recurring:
    return Recurring(**{"id": name, "name": name, "kind": "drill", "line": 1, **how})  # type: ignore[arg-type]


TABLETOP = entry("tabletop", months=1, line=5)
CHAOS = entry("chaos", months=1, kind="chaos", line=7)
QUARTERS = tuple(entry(f"q{n}", quarter=n, line=n) for n in (1, 2, 3, 4))
GAME_DAY = entry("gameday", months=3, line=6)
SERVING = entry("gameday", months=3, line=6, satisfies=("q1", "q2", "q3", "q4"))


@pytest.mark.parametrize("year", [2024, 2025, 2026, 2100])
def test_a_whole_programme_has_32_exercises_a_year_or_28_where_game_days_serve(year: int) -> None:
    review = entry("review", months=1, kind="review")
    assert exercises((*QUARTERS, TABLETOP, GAME_DAY, CHAOS, review), year) == 32
    assert exercises((*QUARTERS, TABLETOP, SERVING, CHAOS, review), year) == 28


def test_what_a_game_day_serves_stands_with_it() -> None:
    year = planned((*QUARTERS, SERVING), date(2026, 1, 1), date(2026, 12, 31))
    assert [(one.due.isoformat(), one.what, one.also) for one in year] == [
        ("2026-03-31", "gameday", ("q1",)),
        ("2026-06-30", "gameday", ("q2",)),
        ("2026-09-30", "gameday", ("q3",)),
        ("2026-12-31", "gameday", ("q4",)),
    ]


def test_two_entries_that_serve_each_other_do_not_both_vanish() -> None:
    pair = (entry("a", months=1, line=1, satisfies=("b",)),
            entry("b", months=1, line=2, satisfies=("a",)))  # fmt: skip
    assert exercises(pair, 2026) == 12


def test_the_last_day_of_each_period_counts() -> None:
    ends = [p.last.isoformat() for p in periods(GAME_DAY, date(2024, 1, 1), date(2024, 12, 31))]
    assert ends == ["2024-03-31", "2024-06-30", "2024-09-30", "2024-12-31"]
    february = periods(TABLETOP, date(2024, 2, 1), date(2024, 2, 29))
    assert [p.last for p in february] == [date(2024, 2, 29)]


def test_nothing_is_planned_where_the_plan_does_not_say_how_often() -> None:
    assert periods(entry("drill"), date(2026, 1, 1), date(2030, 1, 1)) == ()
    assert overdue([entry("drill")], [], date(2026, 6, 1)) == ()
    assert next_due(entry("drill"), [], [], date(2026, 6, 1)) is None


def test_a_quarters_drill_is_overdue_when_the_quarter_ends_without_it() -> None:
    q1 = QUARTERS[0]
    before = Held("q1", date(2025, 3, 1))
    assert overdue([q1], [before], date(2026, 3, 31)) == ()
    late = overdue([q1], [before], date(2026, 4, 2))
    assert [(one.what, one.due, one.days) for one in late] == [("q1", date(2026, 3, 31), 2)]
    assert overdue([q1], [before, Held("q1", date(2026, 4, 2))], date(2026, 4, 2)) == ()
    assert overdue([q1], [Held("q1", date(2026, 5, 1))], date(2026, 4, 2)), "not held yet"


def test_what_serves_another_is_held_for_it() -> None:
    held = [Held("gameday", date(2026, 2, 3))]
    assert overdue([QUARTERS[0], SERVING], held, date(2026, 4, 1)) == ()
    assert [o.what for o in overdue([QUARTERS[0], GAME_DAY], held, date(2026, 4, 1))] == ["q1"]
    assert last_held(QUARTERS[0], [SERVING], held, date(2026, 4, 1)) == date(2026, 2, 3)


def test_what_is_next() -> None:
    assert next_due(TABLETOP, [], [], date(2026, 2, 10)) == date(2026, 2, 28)
    held = [Held("tabletop", date(2026, 2, 5))]
    assert next_due(TABLETOP, [], held, date(2026, 2, 10)) == date(2026, 3, 31)
    assert next_due(QUARTERS[3], [], [], date(2026, 2, 10)) == date(2026, 12, 31)


def test_periods_before_the_first_day_do_not_count() -> None:
    young = entry("tabletop", months=1, first=date(2026, 3, 10))
    assert overdue([young], [], date(2026, 4, 15)) == ()
    assert [o.due for o in overdue([young], [], date(2026, 5, 1))] == [date(2026, 4, 30)]


@pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Apia", "UTC"])
def test_a_day_ends_at_midnight_of_the_plans_zone_in_summer_and_winter(zone: str) -> None:
    year = dates(TABLETOP, datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 2, tzinfo=UTC), zone)
    local = [instant.astimezone(ZoneInfo(zone)) for instant in year]
    assert {(at.hour, at.minute, at.second) for at in local} == {(23, 59, 59)}
    assert all((at + timedelta(seconds=1)).day == 1 for at in local)
    assert len(year) >= 12


_EVERY = st.one_of(
    st.builds(lambda m: {"months": m}, st.sampled_from([1, 2, 3, 4, 6, 12, 24])),
    st.builds(lambda w: {"weeks": w}, st.integers(1, 12)),
)
_DAYS = st.dates(date(1990, 1, 1), date(2090, 1, 1))


@given(_EVERY, _DAYS, st.integers(0, 3000))
def test_periods_follow_each_other_without_gap_or_overlap(
    every: dict[str, int], start: date, days: int
) -> None:
    found = periods(entry("x", **every), start, start + timedelta(days=days))
    for one, then in pairwise(found):
        assert then.first == one.last + timedelta(days=1)
    assert all(one.first <= one.last for one in found)


@given(_EVERY, _DAYS, st.integers(0, 800), st.integers(0, 800))
def test_a_span_has_the_periods_of_its_parts(
    every: dict[str, int], start: date, first: int, rest: int
) -> None:
    what = entry("x", **every)
    middle = start + timedelta(days=first)
    end = middle + timedelta(days=rest + 1)
    parts = periods(what, start, middle) + periods(what, middle + timedelta(days=1), end)
    assert periods(what, start, end) == parts


@given(_DAYS, st.lists(_DAYS, max_size=5))
def test_holding_it_today_ends_any_delay(today: date, before: list[date]) -> None:
    held = [Held("tabletop", day) for day in before]
    assert overdue([TABLETOP], [*held, Held("tabletop", today)], today) == ()
