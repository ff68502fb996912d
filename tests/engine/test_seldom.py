"""What happens again and again, told once a while."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tocsin.engine.seldom import Seldom

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def test_it_is_told_once_a_minute_with_how_often_it_has_happened() -> None:
    seldom = Seldom()
    told = [seldom.happened("it", NOON + n * SECOND) for n in range(121)]
    assert [(n, times) for n, times in enumerate(told) if times] == [(0, 1), (60, 60), (120, 60)]


def test_each_name_is_told_by_itself() -> None:
    seldom = Seldom()
    assert seldom.happened("one", NOON) == 1
    assert seldom.happened("other", NOON) == 1
    assert seldom.happened("one", NOON) == 0


def test_a_clock_that_is_set_back_silences_nothing_for_long() -> None:
    seldom = Seldom()
    assert seldom.happened("it", NOON) == 1
    assert seldom.happened("it", NOON - timedelta(hours=1)) == 1
