"""Clocks that are set, and what time it is for a node nevertheless (invariant G1)."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.servers import wait_until

from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.timekeeping import ASKED_WITHIN, FOLLOWED_FROM, Comparing, Timekeeper

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
