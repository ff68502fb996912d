"""The store that a node works on: the main one, or the journal while that can't be reached.

Everything above it is the same code in both cases; a second implementation of paging would be one
that is not tested every day.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from datetime import datetime, timedelta
from typing import Any, Protocol, cast

import structlog

from tocsin.core.emergency import Emergency, mark_of
from tocsin.engine.accounts import AccountsWriting
from tocsin.engine.attachments import AttachmentsWriting
from tocsin.engine.audit import AuditWriting
from tocsin.engine.deployments import DeploymentsWriting
from tocsin.engine.emergency.gate import Gate
from tocsin.engine.emergency.watch import Elapsed, Watch
from tocsin.engine.journal import Copy, JournalState
from tocsin.engine.metrics import MetricsWriting
from tocsin.engine.overrides import OverridesWriting
from tocsin.engine.ports import Now, Reading, Store, StoreUnavailable, Transaction
from tocsin.engine.status_records import StatusWriting

BEGINS_AFTER = 10.0
"""Seconds without the main store after which a node helps itself (invariant H4)."""

BREAKS_OFF_AFTER = 3.0
"""Seconds after which a change that brings something back is broken off the first time."""

BREAKS_OFF_LATEST = 48.0
"""And at most: a store that is only slow must get its chance."""

NOT_KEPT = frozenset({
    "publications", "publications_of", "untold", "claims", "windows", "window", "told_of",
    "record_begins", "status_stamp", "subscriber", "subscribers", "count_subscribers",
    "status_link", "attachment", "violations", "strays", "uncounted", "behind", "stale_days",
    "shares", "tallies", "repeated",
})  # fmt: skip
"""Questions that a journal can't answer: it has no copy of what they ask for."""


def _names(*protocols: type) -> frozenset[str]:
    return frozenset(name for one in protocols for name in vars(one) if not name.startswith("_"))


BROUGHT_BACK = frozenset({
    "keep_seen", "keep_publications", "keep_claims", "drop_claims", "drop_publications",
})  # fmt: skip
"""What follows from paging: it may be lost, or follows once more from what is brought back."""

NOT_PAGING = _names(
    AccountsWriting, AuditWriting, AttachmentsWriting, DeploymentsWriting, OverridesWriting,
    StatusWriting, MetricsWriting,
) - BROUGHT_BACK | {
    "activate", "keep_file_seen", "lock_rules", "alerts_to_move", "move_alerts",
}  # fmt: skip
"""Changes that would be lost: nothing brings them back. Whatever else there is, paging may need."""

log = structlog.get_logger()


class NotInEmergency(StoreUnavailable):
    """This can't be done while the node works without its store."""


class Main(Store, Protocol):
    """The main store, beside which there is a journal."""

    def abandon(self) -> None:
        """Break off whatever waits for it."""

    def lacks_room(self) -> str:
        """Return "" while alerts can be taken, else why there is room for calls only."""

    def close(self) -> None:
        """Close it."""


class _Limited:
    """A view of a journal that refuses what a journal can't do."""

    def __init__(self, view: object, emergency: Emergency) -> None:
        self._view = view
        self._emergency = emergency

    def __getattr__(self, name: str) -> Any:
        if name in NOT_KEPT or name in NOT_PAGING:
            raise NotInEmergency(self._emergency.sentence())
        return getattr(self._view, name)


class StoreWithJournal:
    """See engine.ports.Store. `emergency` says in which of the two a thread works.

    `open_main` may raise StoreUnavailable: then it is tried again. `clocks` say what time it is,
    and how much of it has passed. `told` is called when an emergency begins or ends.
    """

    def __init__(
        self,
        open_main: Callable[[], Main],
        journal: Store,
        node: str,
        clocks: tuple[Now, Elapsed],
        gate: Gate | None = None,
    ) -> None:
        self.set_aside: Callable[[str], None] = lambda _name: None
        """Keeps a copy of the journal under a name."""
        self.close_journal: Callable[[], None] = lambda: None
        self._open_main = open_main
        self._main: Main | None = None
        self.patience = BREAKS_OFF_AFTER
        """How long one change of the main store may take that brings something back: nobody may
        change the journal meanwhile, and so nobody is paged."""
        self.journal = journal
        self._node = node
        self._now, self._elapsed = clocks
        self.watch = Watch(self._elapsed)
        self.told: Callable[[], None] = lambda: None
        self.here: Any = threading.local()
        """What a thread is about; who plays several threads in one puts another in its place."""
        self._gate = gate or Gate()
        self._changed = False
        self._state = JournalState()
        with suppress(StoreUnavailable), journal.read() as reading:
            self._state = reading.journal()
        self._emergency = self._state.emergency
        if self._emergency is not None:
            log.warning("emergency.goes-on", since=self._emergency.since.isoformat())

    # What the engine sees.

    def emergency(self) -> Emergency | None:
        """Return the emergency in which this thread works, None if it is none."""
        found: Emergency | None = getattr(self.here, "emergency", self._emergency)
        return found

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """See Store."""
        emergency = self.emergency()
        if emergency is None:
            with self._watched(writing=False) as reading:
                yield reading
            return
        with self.journal.read() as reading:
            yield cast(Reading, _Limited(reading, emergency))

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See Store. Raises NotInEmergency where something else than paging is wanted."""
        emergency = self.emergency()
        if emergency is not None and self._may_change(emergency):
            try:
                with self._bound_to(emergency), self.journal.write() as tx:
                    yield cast(Transaction, _Limited(tx, emergency))
            finally:
                self._gate.leave()
            return
        with self._bound_to(None), self._watched(writing=True) as tx:
            yield cast(Transaction, tx)
        self._changed = True

    def is_ready(self) -> str:
        """See Store."""
        if self.emergency() is not None:
            return self.journal.is_ready()
        if self._main is None or self.watch.hangs:
            return "the store does not answer"
        return self._main.is_ready()

    def lacks_room(self) -> str:
        """Return "" while alerts can be taken, else why there is room for calls only."""
        if self.emergency() is not None or self._main is None:
            return ""
        return self._main.lacks_room()

    def tidy(self) -> None:
        """See Store."""
        if self.emergency() is None and self._main is not None and not self.watch.hangs:
            self._main.tidy()
        self.journal.tidy()

    def close(self) -> None:
        """Close both."""
        if self._main is not None:
            self._main.close()
        self.close_journal()

    # What keeps both.

    @property
    def state(self) -> JournalState:
        """How the journal stands."""
        return self._state

    def take_changed(self) -> bool:
        """Return whether this node has changed the main store since it was last asked."""
        changed, self._changed = self._changed, False
        return changed

    def changed_again(self) -> None:
        """Take back `take_changed`: nothing was done about it yet."""
        self._changed = True

    def open(self) -> Main:
        """Return the main store, opened if it was not; raises StoreUnavailable."""
        if self._main is None:
            self._main = self._open_main()
        return self._main

    def begin_work(self, wait: Callable[[float], object], pause: float) -> None:
        """Open the main store, or begin without it, if the journal has something to go on with.

        `wait` is called with `pause` seconds between two tries. Raises StoreUnavailable.
        """
        began = self._elapsed()
        while not self.can_work(began):
            wait(pause)

    def can_work(self, began: float) -> bool:
        """Try to open the main store, or to begin without it; return whether either is done.

        `began` is what `Elapsed` said when this was tried first. Raises StoreUnavailable if there
        is nothing to go on with.
        """
        try:
            self.open()
        except StoreUnavailable as problem:
            self.watch.failed(writing=False)
            if self._emergency is None and self._state.copied_at is None:
                raise
            log.warning("store.not-opened", reason=str(problem))
        else:
            return True
        if self._emergency is None and self._elapsed() - began >= BEGINS_AFTER:
            self._begin(self._now() - timedelta(seconds=self._elapsed() - began))
        return self._emergency is not None

    def look(self) -> None:
        """Begin an emergency if it is time; to be called a few times a second, never waits long."""
        down = self.watch.down_for()
        if self._emergency is None and down >= BEGINS_AFTER:
            self._begin(self._now() - timedelta(seconds=down))
        elif self._emergency is not None and self.watch.hangs and self._main is not None:
            self._main.abandon()

    def copied(self, copy: Copy) -> None:
        """Give the journal a copy."""
        with self.journal.write() as tx:
            tx.take(copy)
        self._state = JournalState(copied_at=copy.at)

    @contextmanager
    def on_main(self) -> Iterator[None]:
        """Let this thread work on the main store, emergency or not."""
        with self._bound_to(None):
            yield

    def closed(self) -> AbstractContextManager[None]:
        """Keep everybody from changing the journal; waits for those that are about it."""
        return self._gate.closed()

    def end(self, copy: Copy) -> None:
        """Go back to the main store; all that the journal held is there. Call it while `closed`."""
        try:
            with self.journal.write() as tx:
                tx.finish(copy)
        except StoreUnavailable:
            # It may be kept all the same: then nothing more may be written to it as in emergency.
            if not self.has_ended():
                raise
            return
        self._ended(JournalState(copied_at=copy.at))

    def has_ended(self) -> bool:
        """Go back to the main store if the journal serves no emergency; return whether it is so."""
        with self.journal.read() as reading:
            state = reading.journal()
        if state.emergency is None:
            self._ended(state)
        return state.emergency is None

    def _ended(self, state: JournalState) -> None:
        self._state = state
        self._emergency = None
        self.patience = BREAKS_OFF_AFTER
        self.told()

    def hurry_less(self) -> None:
        """Have more patience the next time: it may be that the store is only slow."""
        self.patience = min(2 * self.patience, BREAKS_OFF_LATEST)

    def _begin(self, since: datetime) -> None:
        try:
            with self.journal.write() as tx:
                state = tx.journal()
                if state.copied_at is None:
                    log.error("emergency.no-journal", hint="nothing was ever copied to go on with")
                    return
                # One that was kept although that was reported as failed is the one.
                emergency = state.emergency or Emergency(
                    node=self._node,
                    since=since,
                    roster_at=state.copied_at,
                    mark=mark_of(self._node, since),
                )
                if state.emergency is None:
                    tx.begin(emergency)
                begun = tx.journal()
        except StoreUnavailable as problem:
            log.error("emergency.not-begun", reason=str(problem))
            return
        self._emergency, self._state = emergency, begun
        log.error("emergency.begun", since=since.isoformat(), roster=str(emergency.roster_at))
        if self._main is not None:
            self._main.abandon()
        self.told()

    @contextmanager
    def _watched(self, *, writing: bool) -> Iterator[Reading]:
        if self._main is None or self.watch.hangs:
            raise StoreUnavailable("the store does not answer")
        brings_back = writing and self._emergency is not None
        if brings_back:
            self.watch.asking(self.patience)
        try:
            with self._main.write() if writing else self._main.read() as view:
                yield view
        except StoreUnavailable:
            self.watch.failed(writing=writing)
            raise
        finally:
            if brings_back:
                self.watch.answered()
        self.watch.worked(writing=writing)

    @contextmanager
    def _bound_to(self, emergency: Emergency | None) -> Iterator[None]:
        """Let everything in this thread agree on where it works."""
        had, before = hasattr(self.here, "emergency"), getattr(self.here, "emergency", None)
        self.here.emergency = emergency
        try:
            yield
        finally:
            if had:
                self.here.emergency = before
            else:
                del self.here.emergency

    def _may_change(self, emergency: Emergency) -> bool:
        """Wait until the journal may be changed; False if that emergency has ended meanwhile."""
        self._gate.enter()
        if self._emergency is emergency:
            return True
        self._gate.leave()
        return False
