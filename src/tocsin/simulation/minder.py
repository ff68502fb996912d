"""A simulated process with a journal: production's own keeper, driven without threads."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from types import SimpleNamespace
from typing import Protocol

from tocsin.core.emergency import Emergency
from tocsin.engine.emergency.gate import Gate
from tocsin.engine.emergency.keeper import (
    ASKS_EVERY,
    COPIES_AFTER,
    COPIES_EVERY,
    Keeper,
)
from tocsin.engine.emergency.store import StoreWithJournal
from tocsin.engine.world import World
from tocsin.simulation.disk import MustWait
from tocsin.simulation.schedule import SECOND
from tocsin.simulation.surroundings import Surroundings
from tocsin.simulation.ways import Hangs, JournalWay, MainWay

ASKS = int(ASKS_EVERY * SECOND)


class Process(Protocol):
    """What is asked of the process that has the journal."""

    name: str
    night: Surroundings
    cut_until: int
    hands: int
    """How many things it is in the middle of."""

    def now(self) -> datetime:
        """Say what its clock shows."""

    def soon(self, after: int, do: Callable[..., None], *with_what: object) -> None:
        """Do something as this process after some microseconds."""

    def emergency_turns(self) -> None:
        """Note that an emergency has begun or ended."""


class SimGate(Gate):
    """Where there are no threads, whoever has to wait begins again a little later."""

    _is_shut = False

    def enter(self) -> None:
        """See Gate."""
        if self._is_shut:
            raise MustWait("the journal is being brought back")

    def leave(self) -> None:
        """See Gate."""

    @contextmanager
    def closed(self) -> Iterator[None]:
        """See Gate."""
        self._is_shut = True
        try:
            yield
        finally:
            self._is_shut = False


class Minder:
    """One process's store with a journal beside it, and what its keeper's threads would do.

    Where nothing has changed and nothing is wrong, the rounds that would find nothing are left out.
    """

    def __init__(self, process: Process, main: MainWay, journal: JournalWay) -> None:
        self._process = process
        self._main = main
        self._journal = journal
        self._began = self._elapsed()
        clocks = process.now, self._elapsed
        self.store = StoreWithJournal(main.open, journal, process.name, clocks, SimGate())
        self.store.here = SimpleNamespace()
        self.store.told = process.emergency_turns
        self.keeper: Keeper | None = None
        self._copy: datetime | None = None
        self.copied_at = 0
        """When the journal was given its last copy."""
        self._copied = -1
        """How many commits of the main store there had been when it was copied last."""
        self._next: int | None = None
        self._name = 0
        self._waits = False
        """Whether the keeper has asked the main store, and has no answer yet."""

    def _elapsed(self) -> float:
        return self._process.night.t / SECOND

    def can_work(self) -> bool:
        """See StoreWithJournal."""
        return self.store.can_work(self._began)

    def begin(self, world: World) -> None:
        """Copy what there is, and watch from now on."""
        self.keeper = Keeper(world, self.store, self._elapsed)
        self.keeper.begin()
        self._note_copy()
        self._by(self._process.night.t + ASKS)

    @contextmanager
    def another_hand(self) -> Iterator[None]:
        """Do something as another thread of the same process would."""
        mine, self.store.here = self.store.here, SimpleNamespace()
        try:
            yield
        finally:
            self.store.here = mine

    def emergency(self) -> Emergency | None:
        """Return the emergency in which the process is, whatever a thread is about."""
        return self.store.state.emergency

    def catch_up(self) -> None:
        """Do what the rounds that were left out would have done by now."""
        if self.keeper is None or self._waits or self.emergency() is not None:
            return
        self.store.look()
        self._round()

    def looks_soon(self) -> None:
        """Let it look: something is wrong, or right again."""
        if self.keeper is not None:
            self._by(self._process.night.t + ASKS // 4)

    def changed(self, *, here: bool) -> None:
        """Note that the main store has changed, `here`: through this process."""
        if self.keeper is None:
            return
        t = self._process.night.t
        wait = COPIES_AFTER if here else COPIES_EVERY
        self._by(max(self.copied_at + int(wait * SECOND), t + ASKS))

    def _by(self, at: int) -> None:
        if self._next is not None and self._next <= at:
            return
        self._next = at
        self._name += 1
        night = self._process.night
        self._process.soon(at - night.t, self._step, self._name)

    def _step(self, name: int) -> None:
        """What the keeper's two threads do in a moment."""
        if name != self._name:
            return
        t = self._process.night.t
        if self._process.hands > 1:
            # Another thread of this process stands in the middle of something.
            self._next = None
            self._by(t + SECOND // 500)
            return
        self._next = None
        try:
            self.store.look()
            self._round()
        finally:
            # Whatever ended it in the middle, a process that lives on looks again.
            if (at := self._next_round()) is not None:
                self._by(at)

    def _round(self) -> None:
        assert self.keeper is not None
        night = self._process.night
        if self._waits and not self._main.is_broken_off and night.hangs_until > night.t:
            return
        self._waits = False
        self.store.watch.answered()
        try:
            self.keeper.round()
        except Hangs:
            self._waits = True
            self.store.watch.asking()
            return
        self._main.is_broken_off = False
        self._note_copy()

    def _note_copy(self) -> None:
        if self.store.state.copied_at != self._copy:
            self._copy = self.store.state.copied_at
            self.copied_at, self._copied = self._process.night.t, self._process.night.store.commits

    def _next_round(self) -> int | None:
        """Return when a round would find something to do; None if it would not."""
        night = self._process.night
        soon = night.t + ASKS
        away = max(self._process.cut_until, night.closed_until, night.hangs_until)
        if self.emergency() is not None:
            return max(soon, away)
        if away > night.t or self._waits or self.store.watch.takes_no_changes:
            return soon
        if not self.store.watch.well_for() and night.t:
            return soon
        if self._copied != night.store.commits:
            return max(soon, self.copied_at + int(COPIES_EVERY * SECOND))
        return None
