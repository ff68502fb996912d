"""How far the engine is behind (invariant G3)."""

from __future__ import annotations

from dataclasses import dataclass

from tocsin.engine.cycle import LOOK_AT_LEAST_EVERY
from tocsin.engine.lag import Lag


@dataclass
class Clock:
    seconds: float = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_an_engine_that_takes_its_turns_is_not_behind() -> None:
    clock = Clock()
    lag = Lag(clock)
    for _ in range(10):
        clock.seconds += LOOK_AT_LEAST_EVERY
        lag.turned()
    assert lag.seconds == lag.worst() == 0


def test_an_engine_that_hangs_is_behind_by_as_long() -> None:
    clock = Clock()
    lag = Lag(clock)
    clock.seconds += 7 + LOOK_AT_LEAST_EVERY
    assert lag.seconds == 7
    assert lag.worst() == 7, "while it hangs, too"


def test_the_worst_is_told_once() -> None:
    clock = Clock()
    lag = Lag(clock)
    clock.seconds += 3 + LOOK_AT_LEAST_EVERY
    lag.turned()
    assert lag.seconds == 0
    assert lag.worst() == 3
    assert lag.worst() == 0
