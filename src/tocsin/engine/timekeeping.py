"""What time it is for a node, when somebody sets clocks (invariant G1).

A node lives by a clock that nobody can set: the time at its start, and the seconds that have passed
since. So a wall clock that jumps makes no page late and none early. Nodes on one database must
agree besides, since one node's claim ends by another node's clock: they compare with the
database's. Of the three (wall, steady, database) two that agree outvote the third; if all differ,
or at the start, the database is right.

A node on SQLite has no third clock, and can't know which of the two is right. It goes on by the
steady one and says so. A wall clock that has been off by the same for STAYS is followed, but
slowly: what is due in ten minutes comes at most 30 seconds early or 6 seconds late, whatever the
clock was set to, and time is never turned back. A restart follows it at once.
"""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta

import structlog

from tocsin.core.times import words_duration
from tocsin.engine.ports import Conflict, Now, Store, StoreUnavailable
from tocsin.engine.put_off import AGREE

FOLLOWED_FROM = timedelta(seconds=0.25)
"""Smaller differences are left alone: they are noise, and following them would turn time back."""

TOLD_FROM = timedelta(seconds=1.5)
"""Who looks after a clock is told of more than that: a leap second is nothing to tell."""

AT_ONCE = 0.1
"""Seconds between two readings that belong together; a process that was held up looks again."""

COMPARED_EVERY = 1.0
"""Seconds between two looks at the clocks."""

ASKED_WITHIN = 0.5
"""Seconds; an answer that took longer says too little about the time."""

STAYS = timedelta(minutes=10)
"""So long a wall clock must have been off by the same before it is followed, without a third.

Whoever sets a clock by mistake has put it right by then: the alarm comes at once.
"""

AHEAD_RATE = 0.05
"""Seconds a second by which a clock that was set ahead is followed: things are early by that."""

BEHIND_RATE = 0.01
"""The same for a clock that was set back: things are late by that, which is worse."""

FOLLOWED_FOR = 2.0
"""Seconds after a look at the clocks in which a clock is followed by these rates."""

log = structlog.get_logger()


class Timekeeper:
    """The clock of one node. `wall` may be set by anybody, `elapsed` (seconds) by nobody.

    Any thread may ask it; only one compares.
    """

    def __init__(self, wall: Now, elapsed: Callable[[], float]) -> None:
        self._wall = wall
        self._elapsed = elapsed
        since = elapsed()
        self._anchor = (wall(), since, 0.0)
        """The time at an instant of `elapsed`, and the rate by which the wall clock is followed."""
        self._knows_database = False
        """Whether it was ever compared with one; while that is away, what it said last counts."""
        self._set: tuple[timedelta, float] | None = None
        """Where there is no third clock: by how much the wall clock was set, and since when."""
        self.trouble = ""
        """Which clock is wrong, for those who look after it; empty if all agree."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        return self._at(self._elapsed())

    def _at(self, elapsed: float) -> datetime:
        at, since, rate = self._anchor
        passed = elapsed - since
        # Nobody may have compared for long: then it is followed no further.
        return at + timedelta(seconds=passed + rate * min(passed, FOLLOWED_FOR))

    def compare(self, database: datetime | None, asked: float | None = None) -> None:
        """Look at the clocks.

        `database` is what that one said when `elapsed` was `asked` (now, if that is None); it is
        None if there is none to ask.
        """
        since = self._elapsed()
        wall = self._wall()
        if self._was_held_up(since):
            return
        steady = self._at(since)
        if database is None:
            self._follow(wall, steady, since)
            return
        if asked is not None:
            database += timedelta(seconds=since - asked)
        right, trouble = self._voted(wall, steady, database)
        self._knows_database = True
        if abs(right - steady) > FOLLOWED_FROM and not self._was_held_up(since):
            self._anchor = (right, since, 0.0)
        self._tell(trouble if abs(wall - database) > TOLD_FROM else "")

    def _voted(self, wall: datetime, steady: datetime, database: datetime) -> tuple[datetime, str]:
        """Return what is right by three clocks, and which one is wrong."""
        of_machine = f"the clock of this machine is {_by(wall - database)} that of the database"
        if _agree(wall, database):
            return wall, ""  # the usual case; or a process that was held up and can't notice
        if self._knows_database and _agree(steady, database):
            return steady, of_machine
        if self._knows_database and _agree(steady, wall):
            return wall, f"the clock of the database is {_by(database - wall)} that of this machine"
        return database, of_machine

    def _follow(self, wall: datetime, steady: datetime, since: float) -> None:
        """Go on by the steady clock, which follows the wall clock slowly once that may be right."""
        ahead = wall - steady
        was_set = abs(ahead) > TOLD_FROM
        if not was_set:
            self._set = None
        elif self._set is None or abs(ahead - self._set[0]) > AGREE:
            self._set = (ahead, since)
        rate = 0.0
        if abs(ahead) > FOLLOWED_FROM and self._may_be_right(since):
            rate = AHEAD_RATE if ahead > timedelta(0) else -BEHIND_RATE
        if self._set is not None and rate:
            self._set = (ahead, self._set[1])  # what is followed gets less
        if rate or self._anchor[2]:
            # Others have asked since, by the rate before: go on from where they are.
            here = self._elapsed()
            anchor = (self._at(here), here, rate)
            if not self._was_held_up(here):
                self._anchor = anchor
        told = f"the clock of this machine was set {_by(ahead)} what it was"
        if rate:
            told += "; it is followed slowly, at once by a restart"
        self._tell(told if was_set else "")

    def _was_held_up(self, since: float) -> bool:
        """Whether so much has passed since then that it says nothing about now; looks again."""
        return self._elapsed() - since > AT_ONCE

    def _may_be_right(self, since: float) -> bool:
        if self._knows_database:
            return False
        return self._set is None or since - self._set[1] >= STAYS.total_seconds()

    def _tell(self, trouble: str) -> None:
        if trouble and not self.trouble:
            log.error("clock.differs", problem=trouble)
        self.trouble = trouble


def _agree(one: datetime, other: datetime) -> bool:
    return abs(one - other) <= AGREE


def _by(ahead: timedelta) -> str:
    seconds = timedelta(seconds=round(abs(ahead).total_seconds()))
    return f"{words_duration(seconds)} {'ahead of' if ahead > timedelta(0) else 'behind'}"


class Comparing:
    """The thread that compares a node's clocks, with the store's if that has one."""

    def __init__(self, keeper: Timekeeper, store: Store, elapsed: Callable[[], float]) -> None:
        self._keeper = keeper
        self._store = store
        self._elapsed = elapsed
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="clock", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def look(self) -> None:
        """Compare once; a store that doesn't answer, or not at once, changes nothing."""
        asked = self._elapsed()
        try:
            with self._store.read() as reading:
                theirs = reading.time()
        except (StoreUnavailable, Conflict):
            return
        took = self._elapsed() - asked
        if took <= ASKED_WITHIN:
            self._keeper.compare(theirs, asked + took / 2)

    def _run(self) -> None:
        while not self._stopping.wait(COMPARED_EVERY):
            try:
                self.look()
            except Exception:
                log.exception("clock.failed")
