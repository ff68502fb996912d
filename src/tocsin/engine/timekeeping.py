"""What time it is for a node, when somebody sets clocks (invariant G1).

A node lives by a clock that nobody can set: the time at its start, and the seconds that have passed
since. So a wall clock that jumps makes no page late and none early. Nodes on one database must
agree besides, since one node's claim ends by another node's clock: they compare with the
database's. Of the three (wall, steady, database) two that agree outvote the third; if all differ,
or at the start, the database is right.
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

AT_ONCE = 0.1
"""Seconds between two readings that belong together; a process that was held up looks again."""

COMPARED_EVERY = 1.0
"""Seconds between two looks at the clocks."""

ASKED_WITHIN = 0.5
"""Seconds; an answer that took longer says too little about the time."""

log = structlog.get_logger()


class Timekeeper:
    """The clock of one node. `wall` may be set by anybody, `elapsed` (seconds) by nobody.

    Any thread may ask it; only one compares.
    """

    def __init__(self, wall: Now, elapsed: Callable[[], float]) -> None:
        self._wall = wall
        self._elapsed = elapsed
        since = elapsed()
        self._anchor = (wall(), since)
        self._has_begun = False
        self.trouble = ""
        """Which clock is wrong, for those who look after it; empty if all agree."""

    def now(self) -> datetime:
        """Return the time, in UTC."""
        at, since = self._anchor
        return at + timedelta(seconds=self._elapsed() - since)

    def compare(self, database: datetime | None, asked: float | None = None) -> None:
        """Look at the clocks.

        `database` is what that one said when `elapsed` was `asked` (now, if that is None); it is
        None if there is none to ask.
        """
        since = self._elapsed()
        wall = self._wall()
        if self._elapsed() - since > AT_ONCE:
            return
        at, anchored = self._anchor
        steady = at + timedelta(seconds=since - anchored)
        if database is not None and asked is not None:
            database += timedelta(seconds=since - asked)
        trouble = ""
        if database is None:
            right = wall if _agree(wall, steady) else steady
            if right is steady:
                trouble = f"the clock of this machine was set {_by(wall - steady)} what it was"
        elif _agree(wall, database):
            right = wall  # the usual case; or this process was held up in a way it can't notice
        elif self._has_begun and _agree(steady, database):
            right = steady
            trouble = f"the clock of this machine is {_by(wall - database)} that of the database"
        elif self._has_begun and _agree(steady, wall):
            right = wall
            trouble = f"the clock of the database is {_by(database - wall)} that of this machine"
        else:
            right = database
            trouble = f"the clock of this machine is {_by(wall - database)} that of the database"
        self._has_begun = True
        if abs(right - steady) > FOLLOWED_FROM:
            self._anchor = (right, since)
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
