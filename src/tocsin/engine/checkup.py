"""Check-ups: once a minute a node looks whether it still does what it is there for.

A node that finds itself well tells the watchdog, a party outside. One that does not falls silent,
and the watchdog calls somebody: it needs nothing of this node for that (invariants K1, K5, G3).
"""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from tocsin.engine.assertions import Violation
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.prober import LOOKS_EVERY, Probed, Prober
from tocsin.engine.world import World

EVERY = 60.0
"""Seconds from one check-up to the next."""

LAG_AT_MOST = 5.0
"""Seconds; an engine that is behind by more sends no pages in time (invariant G3)."""

PROBED_WITHIN = 60.0
"""Seconds; a probe that came through before proves nothing any more (invariant K1)."""

AGAIN_AFTER = 10.0
"""Seconds until a heartbeat that was not heard is sent again."""

JUMP_ODD, JUMP_WRONG = timedelta(seconds=2), timedelta(seconds=30)
"""A clock that jumps, or differs from the database's, by the first is worth a warning; by the
second it is wrong (invariant G1)."""

JUMP_REMEMBERED = 300.0
"""Seconds for which a clock that jumped is not believed: long enough for the watchdog to call."""

ALARMED_AFTER = 2
"""Check-ups that fail one after the other before an alarm: a single one may be a restart."""

ALARMED_AGAIN = 900.0
"""Seconds between two alarms about the same."""

log = structlog.get_logger()


class Outside(Protocol):
    """Those outside who listen. Neither method raises, or says an address in what it returns."""

    @property
    def watchdog(self) -> str:
        """Who expects the heartbeat, "" if nobody does."""

    def heartbeat(self) -> str:
        """Give the sign of life; returns "" if it was heard, else why not."""

    def alarm(self, reasons: Sequence[str], node: str) -> str:
        """Say that this node is not well, or is again (no reasons); returns as `heartbeat`."""


@dataclass(frozen=True)
class Health:
    """How a node is, as its last check-up found it.

    `reasons` are why it is not well; while there are any, no heartbeat is sent. `warnings` are
    worth knowing. `heard_at` is when the watchdog heard of it last, `unheard` why it did not the
    last time ("" if it did). `watchdog` is who that is, "" if nobody watches from outside.
    """

    watchdog: str
    node: str
    at: datetime | None = None
    probe: Probed | None = None
    probed_at: datetime | None = None
    lag: float = 0.0
    violations: tuple[Violation, ...] = ()
    reasons: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    heard_at: datetime | None = None
    unheard: str = ""

    @property
    def is_well(self) -> bool:
        """Whether the last check-up found nothing wrong; False before the first one."""
        return self.at is not None and not self.reasons


@dataclass(frozen=True)
class Signs:
    """What a check-up looks at beside the store: how far the engine is behind at worst since it was
    asked last, what else is wrong, a clock in seconds that nobody sets, and warnings that stand."""

    lag: Callable[[], float]
    troubles: Callable[[], Sequence[str]]
    elapsed: Callable[[], float]
    warnings: tuple[str, ...] = ()


@dataclass
class _Clock:
    """Compares the clock on the wall with one that nobody sets."""

    wall: datetime
    seconds: float
    wrong_until: float = field(default=float("-inf"))
    jump: timedelta = timedelta(0)

    def look(self, wall: datetime, seconds: float) -> None:
        """Note a jump since the last look."""
        jump = (wall - self.wall) - timedelta(seconds=seconds - self.seconds)
        self.wall, self.seconds = wall, seconds
        if abs(jump) > JUMP_ODD:
            log.warning("clock.jumped", seconds=jump.total_seconds())
        if abs(jump) > JUMP_WRONG:
            self.jump, self.wrong_until = jump, seconds + JUMP_REMEMBERED


class Checkup:
    """The check-ups of one node. `round` is to be called by one thread only."""

    def __init__(self, world: World, prober: Prober, signs: Signs, outside: Outside) -> None:
        self._world = world
        self._prober = prober
        self._signs = signs
        self._outside = outside
        self._clock = _Clock(world.now(), signs.elapsed())
        self._through: float | None = None
        self._bad_rounds = 0
        self._alarmed: float | None = None
        self.health = Health(outside.watchdog, world.node, warnings=signs.warnings)

    def seconds(self) -> float:
        """Return what the clock says that nobody sets."""
        return self._signs.elapsed()

    def round(self) -> Health:
        """Look at everything, and tell those outside. Never raises."""
        before = self.health
        probed = self._prober.run()
        if not probed.failed:
            self._through = probed.ended
        violations, reasons = self._assert()
        lag = self._signs.lag()
        clock, warnings = self._look_at_clock()
        reasons = [
            *([f"a probe did not come through: {probed.failed}"] if probed.failed else []),
            *reasons,
            *([f"the engine is {lag:.0f} s behind"] if lag > LAG_AT_MOST else []),
            *self._signs.troubles(),
            *clock,
        ]
        self.health = replace(
            before,
            at=self._world.now(),
            probe=probed,
            probed_at=before.probed_at if probed.failed else probed.at,
            lag=lag,
            violations=tuple(violations),
            reasons=tuple(dict.fromkeys(reasons)),
            warnings=(*self._signs.warnings, *warnings),
        )
        self._log(before)
        self.tell()
        self._alarm()
        return self.health

    def tell(self) -> bool:
        """Send the heartbeat if it is deserved; return whether it should be tried again soon."""
        if not self._outside.watchdog or not self._deserves():
            return False
        unheard = self._outside.heartbeat()
        heard_at = self.health.heard_at if unheard else self._world.now()
        self.health = replace(self.health, heard_at=heard_at, unheard=unheard)
        if unheard:
            log.error("watchdog.unheard", watchdog=self._outside.watchdog, why=unheard)
        return bool(unheard)

    def _deserves(self) -> bool:
        """Whether all was well, and a probe came through just now (invariant K1)."""
        if not self.health.is_well or self._through is None:
            return False
        return self._signs.elapsed() - self._through <= PROBED_WITHIN

    def _assert(self) -> tuple[list[Violation], list[str]]:
        try:
            with self._world.store.read() as reading:
                found = reading.violations(self._world.now())
        except (StoreUnavailable, Conflict) as problem:
            return [], [f"the store: {problem}"]
        except Exception as problem:
            log.exception("assertions.failed")
            return [], [f"the assertions can't be asked: {type(problem).__name__}"]
        return found, [str(one) for one in found]

    def _look_at_clock(self) -> tuple[list[str], list[str]]:
        """Return why this machine's clock is wrong, and what is odd about it."""
        now, seconds = self._world.now(), self._signs.elapsed()
        self._clock.look(now, seconds)
        wrong: list[str] = []
        odd: list[str] = []
        if seconds < self._clock.wrong_until:
            jumped = self._clock.jump.total_seconds()
            wrong.append(f"this machine's clock jumped by {jumped:+.0f} s")
        try:
            with self._world.store.read() as reading:
                there = reading.time()
        except (StoreUnavailable, Conflict):
            there = None
        if there is not None and (skew := abs(there - self._world.now())) > JUMP_ODD:
            by = f"{skew.total_seconds():.0f} s"
            said = f"the database's clock differs from this machine's by {by}"
            (wrong if skew > JUMP_WRONG else odd).append(said)
        return wrong, odd

    def _log(self, before: Health) -> None:
        for reason in self.health.reasons:
            log.error("checkup.not-well", reason=reason)
        if before.reasons and self.health.is_well:
            log.info("checkup.well-again")

    def _alarm(self) -> None:
        """Say it by the other path too: at once what the store shows, the rest if it lasts."""
        health, now = self.health, self._signs.elapsed()
        self._bad_rounds = 0 if health.is_well else self._bad_rounds + 1
        if health.is_well:
            if self._alarmed is not None and not self._outside.alarm((), health.node):
                self._alarmed = None
            return
        if not health.violations and self._bad_rounds < ALARMED_AFTER:
            return
        if self._alarmed is None or now - self._alarmed >= ALARMED_AGAIN:
            unheard = self._outside.alarm(health.reasons, health.node)
            if unheard:
                log.error("alarm.unheard", why=unheard)
            else:
                self._alarmed = now


class Checkups:
    """The thread that does them, from when `serves` says that requests are answered."""

    def __init__(
        self, checkup: Checkup, stopping: threading.Event, serves: Callable[[], bool]
    ) -> None:
        self._checkup = checkup
        self._stopping = stopping
        self._serves = serves
        self._thread = threading.Thread(target=self._run, name="checkup", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; a probe that is under way is left as it is, and removed by a later one."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._serves() and not self._stopping.wait(LOOKS_EVERY):
            pass
        while not self._stopping.is_set():
            due = self._checkup.seconds() + EVERY
            try:
                unheard = bool(self._checkup.round().unheard)
            except Exception:
                # A thread that ends would be a watch that sleeps: the heartbeat stops by itself.
                log.exception("checkup.fault")
                unheard = False
            self._rest(due, unheard)

    def _rest(self, due: float, unheard: bool) -> None:
        """Wait for the next check-up, and meanwhile repeat a heartbeat that was not heard."""
        while (left := due - self._checkup.seconds()) > 0:
            if self._stopping.wait(min(left, AGAIN_AFTER) if unheard else left):
                return
            unheard = unheard and self._checkup.tell()
