"""Clocks that are set, and what time it is for a node nevertheless (invariant G1)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.servers import wait_until

from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.timekeeping import (
    AHEAD_RATE,
    ASKED_WITHIN,
    BEHIND_RATE,
    FOLLOWED_FOR,
    FOLLOWED_FROM,
    STAYS,
    Comparing,
    Timekeeper,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
JUMPS = [timedelta(seconds=s) for s in (3, -3, 45, -45, 3600, -3600, 86_400 * 3650, -86_400)]


class Night:
    """True time, a wall clock that is off by `wall`, and a database's that is off by `database`."""

    def __init__(self, wall: timedelta = timedelta(0), database: timedelta | None = None) -> None:
        self.true = NOON
        self.wall = wall
        self.database = database
        self.keeper = Timekeeper(lambda: self.true + self.wall, self._elapsed)

    def _elapsed(self) -> float:
        return (self.true - NOON).total_seconds() + 77

    def passes(self, seconds: float) -> None:
        for _ in range(int(seconds)):
            self.true += timedelta(seconds=1)
            self.compare()

    def compare(self) -> None:
        off = self.database
        self.keeper.compare(None if off is None else self.true + off)

    @property
    def off(self) -> timedelta:
        return self.keeper.now() - self.true


def test_time_passes() -> None:
    night = Night()
    assert night.keeper.now() == NOON
    night.true += HOUR
    assert night.keeper.now() == NOON + HOUR
    assert night.keeper.trouble == ""


@pytest.mark.parametrize("jump", JUMPS, ids=str)
@pytest.mark.parametrize("database", [None, timedelta(0)], ids=["alone", "with a database"])
def test_a_wall_clock_that_is_set_changes_nothing_but_is_told(
    jump: timedelta, database: timedelta | None
) -> None:
    night = Night(database=database)
    night.passes(5)
    night.wall = jump
    assert night.off == timedelta(0)
    night.passes(60)
    assert night.off == timedelta(0)
    side = "ahead of" if jump > timedelta(0) else "behind"
    assert "the clock of this machine" in night.keeper.trouble
    assert side in night.keeper.trouble
    night.wall = timedelta(0)
    night.passes(1)
    assert night.off == timedelta(0)
    assert night.keeper.trouble == ""


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_database_whose_clock_is_set_is_outvoted(jump: timedelta) -> None:
    night = Night(database=timedelta(0))
    night.passes(5)
    night.database = jump
    night.passes(60)
    assert night.off == timedelta(0)
    assert "the clock of the database" in night.keeper.trouble


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_node_that_starts_with_a_wrong_clock_lives_by_the_database(jump: timedelta) -> None:
    night = Night(wall=jump, database=timedelta(0))
    night.compare()
    assert night.off == timedelta(0)
    assert night.keeper.trouble
    night.passes(60)
    assert night.off == timedelta(0)


def test_a_clock_that_is_corrected_little_by_little_is_followed() -> None:
    night = Night(database=timedelta(0))
    for _ in range(100):
        night.wall += timedelta(seconds=0.5)
        night.database = night.wall
        night.passes(1)
    assert abs(night.off - night.wall) <= FOLLOWED_FROM
    assert night.keeper.trouble == ""


@pytest.mark.parametrize("held_up", [0.5, 60, 3600])
def test_a_process_that_stands_still_while_it_looks_learns_nothing_wrong(held_up: float) -> None:
    """SIGSTOP between the reading of two clocks: they do not belong together."""
    night = Night(database=timedelta(0))
    night.passes(5)

    def wall() -> datetime:
        at = night.true
        night.true += timedelta(seconds=held_up)
        return at

    night.keeper._wall = wall
    night.keeper.compare(night.true)
    assert night.off == timedelta(0)
    assert night.keeper.trouble == ""


def test_small_differences_never_turn_time_back() -> None:
    night = Night(database=timedelta(0))
    for n in range(100):
        before = night.keeper.now()
        night.wall = timedelta(milliseconds=(n % 7) * 30)
        night.compare()
        assert night.keeper.now() >= before


def test_two_clocks_that_agree_outvote_the_steady_one() -> None:
    night = Night(database=timedelta(0))
    night.passes(5)
    # A machine that was put to sleep by its host, or moved: no clock of its own has noticed.
    night.wall = night.database = HOUR
    night.passes(1)
    assert night.off == HOUR
    assert night.keeper.trouble == ""


def test_if_all_differ_the_database_is_right() -> None:
    night = Night(database=timedelta(0))
    night.passes(5)
    night.wall, night.database = HOUR, -HOUR
    night.passes(1)
    assert night.off == -HOUR
    assert night.keeper.trouble == "the clock of this machine is 2h ahead of that of the database"


# Alone, without a third clock.

SLOWEST, FASTEST = 1 - BEHIND_RATE, 1 + AHEAD_RATE
NOISE = timedelta(milliseconds=1)

changes = st.one_of(
    st.builds(timedelta, seconds=st.floats(-4000, 4000)),
    st.builds(timedelta, seconds=st.floats(-2, 2)),
)
stretches = st.lists(
    st.tuples(changes, st.integers(1, 900), st.floats(-500e-6, 500e-6)), min_size=1, max_size=6
)


@given(stretches)
@settings(max_examples=60, deadline=None)
def test_alone_time_goes_on_almost_as_always_whatever_is_done_to_the_clock(
    nights: list[tuple[timedelta, int, float]],
) -> None:
    """So nothing is lost, nothing 5 % early, nothing 2 % late, and time is never turned back."""
    night = Night()
    for change, seconds, drift in nights:
        night.wall += change
        for _ in range(seconds):
            night.wall += timedelta(seconds=drift)
            before = night.keeper.now()
            night.passes(1)
            passed = (night.keeper.now() - before) / timedelta(seconds=1)
            assert SLOWEST - 1e-5 <= passed <= FASTEST + 1e-5


@given(st.builds(timedelta, seconds=st.floats(10, 60)), st.sampled_from([1, -1]))
@settings(max_examples=20, deadline=None)
def test_alone_a_clock_that_was_set_and_stays_so_is_followed(jump: timedelta, side: int) -> None:
    night = Night()
    night.wall = jump * side
    night.passes(STAYS.total_seconds())
    assert night.off == timedelta(0)
    night.passes(60)
    assert "it is followed slowly" in night.keeper.trouble
    rate = AHEAD_RATE if side > 0 else BEHIND_RATE
    night.passes(jump.total_seconds() / rate)
    assert abs(night.off - night.wall) <= FOLLOWED_FROM
    assert night.keeper.trouble == ""


@pytest.mark.parametrize("readings", [2, 3])
def test_alone_a_process_that_is_held_up_while_it_looks_never_turns_time_back(
    readings: int,
) -> None:
    """Others ask what time it is while the one that compares stands still."""
    night = Night()
    night.wall = HOUR
    night.passes(STAYS.total_seconds() + 60)
    assert night.off > timedelta(0)
    seen: list[datetime] = []
    left = readings

    def elapsed() -> float:
        nonlocal left
        before = night._elapsed()
        left -= 1
        if left == 0:
            night.true += timedelta(seconds=2)
            seen.append(night.keeper.now())
        return before

    night.wall = timedelta(0)  # so that it is followed no more
    night.keeper._elapsed = elapsed
    night.compare()
    assert seen, "it looked less often"
    assert night.keeper.now() >= seen[0]


def test_alone_a_clock_that_is_set_again_and_again_is_not_followed() -> None:
    night = Night()
    for n in range(20):
        night.wall = HOUR * (n % 2)
        night.passes(STAYS.total_seconds() - 10)
        assert night.off == timedelta(0)


def test_while_the_database_is_away_what_it_said_last_counts() -> None:
    """A node in emergency mode: the others go by the database too, and must agree with it."""
    night = Night(wall=timedelta(seconds=30), database=timedelta(0))
    night.passes(5)
    night.database = None
    night.passes(3 * STAYS.total_seconds())
    assert night.off == timedelta(0)
    assert "30s ahead" in night.keeper.trouble


def test_alone_a_clock_is_followed_no_further_while_nobody_compares() -> None:
    night = Night()
    night.wall = HOUR
    night.passes(STAYS.total_seconds() + 1)
    off = night.off
    night.true += HOUR
    assert night.off - off <= timedelta(seconds=FOLLOWED_FOR * AHEAD_RATE)


# What happens to good clocks (invariant G4).

LEAP = timedelta(seconds=1)
KINDS = pytest.mark.parametrize("database", [None, timedelta(seconds=0.03)], ids=["alone", "with"])


@KINDS
@pytest.mark.parametrize("side", [LEAP, -LEAP], ids=["left out", "inserted"])
def test_a_leap_second_is_no_trouble(database: timedelta | None, side: timedelta) -> None:
    night = Night(wall=timedelta(seconds=-0.2), database=database)
    night.passes(5)
    night.wall += side
    for _ in range(300):
        night.passes(1)
        assert night.keeper.trouble == ""
        assert abs(night.off) <= timedelta(seconds=1.3)
    if database is not None:
        night.database = database + side  # the machine of the database follows later
    for _ in range(300):
        night.passes(1)
        assert night.keeper.trouble == ""
    assert abs(night.off - night.wall) <= timedelta(seconds=0.5)


@KINDS
@pytest.mark.parametrize("each_second", [500e-6, -500e-6, 1 / 86_400, -1 / 86_400])
def test_a_clock_that_is_slewed_or_smeared_for_hours_is_no_trouble(
    database: timedelta | None, each_second: float
) -> None:
    """500 ppm is what adjtime does at most; a smeared leap second is 11.6 ppm for a day."""
    night = Night(database=database)
    for _ in range(4 * 3600):
        night.wall += timedelta(seconds=each_second)
        if database is not None:
            night.database = night.wall
        before = night.keeper.now()
        night.passes(1)
        assert night.keeper.trouble == ""
        assert abs(night.off - night.wall) <= FOLLOWED_FROM + NOISE
        assert abs(night.keeper.now() - before - LEAP) <= FOLLOWED_FROM + NOISE


class SlowStore:
    """Answers with an hour ahead after `took` seconds, or not at all."""

    def __init__(self, night: Night, took: float, fault: Exception | None = None) -> None:
        self.night, self.took, self.fault = night, took, fault

    @contextmanager
    def read(self) -> Any:
        if self.fault:
            raise self.fault
        yield self

    def time(self) -> datetime:
        self.night.true += timedelta(seconds=self.took)
        return self.night.true + HOUR


@pytest.mark.parametrize(
    ("took", "fault", "off"),
    [
        (0.01, None, HOUR),
        (ASKED_WITHIN + 0.1, None, timedelta(0)),
        (0.01, StoreUnavailable("gone"), timedelta(0)),
    ],
)
def test_only_a_store_that_answers_at_once_is_believed(
    took: float, fault: Exception | None, off: timedelta
) -> None:
    night = Night()
    store: Any = SlowStore(night, took, fault)
    Comparing(night.keeper, store, night._elapsed).look()
    assert abs(night.off - off) <= timedelta(seconds=took)


def test_the_clocks_are_looked_at_again_whatever_a_look_has_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tocsin.engine.timekeeping.COMPARED_EVERY", 0.01)
    looks: list[float] = []

    def elapsed() -> float:
        looks.append(0)
        raise ValueError("not thought of")

    store: Any = None
    comparing = Comparing(Night().keeper, store, elapsed)
    comparing.start()
    try:
        wait_until(lambda: len(looks) >= 2, 10)
    finally:
        comparing.stop()
