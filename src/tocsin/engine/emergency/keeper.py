"""Keeps a journal fresh while the main store answers, and brings it back when it answers again."""

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog

from tocsin.engine.emergency.carry import carry_over
from tocsin.engine.emergency.store import StoreWithJournal
from tocsin.engine.emergency.watch import Elapsed
from tocsin.engine.journal import Known
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.world import World

LOOKS_EVERY = 0.25
ASKS_EVERY = 1.0

COPIES_EVERY = 15.0
"""Seconds between two copies where this node has changed nothing; others may have."""

COPIES_AFTER = 2.0
"""Seconds from one copy to the next where this node has changed something since."""

LEISURE = 20
"""So many times as long as a copy takes, nothing is copied: it must not hold up anything."""

TOO_OLD = timedelta(seconds=60)
"""No older should the roster of an emergency be (invariant H4)."""

WELL_FOR = 3.0
"""Seconds for which the main store must have answered well before a node goes back to it."""

log = structlog.get_logger()


class Keeper:
    """What is done about a journal: `begin` once, then `round` again and again. Knows no threads.

    `not_whole` are the incidents, in their order, that could not be brought back as they were since
    this process began; the files that are kept aside have them.
    """

    def __init__(self, world: World, store: StoreWithJournal, elapsed: Elapsed) -> None:
        self._world = world
        self._store = store
        self._elapsed = elapsed
        self._copied_at: float | None = None
        self._copy_took = 0.0
        self._versions: object = None
        self.not_whole: dict[str, None] = {}

    def begin(self) -> None:
        """Copy what there is, since the store has just been opened."""
        if self._store.emergency() is None:
            self._copy_if_due()

    def degraded(self) -> Sequence[str]:
        """Say what is not as it should be, although alerts are taken and people are called."""
        emergency = self._store.emergency()
        if emergency is not None:
            return (emergency.sentence(),)
        copied_at = self._store.state.copied_at
        if copied_at is None:
            return ("there is no journal for emergencies yet",)
        age = self._world.now() - copied_at
        if age > TOO_OLD:
            return (f"the journal for emergencies is {age.total_seconds():.0f} s old",)
        if self.not_whole:
            codes = ", ".join(self.not_whole)
            return (f"{codes}: not all that was done in an emergency could be brought back",)
        return ()

    def round(self) -> None:
        """Ask the main store how it is; then copy what is new, or bring back what is apart."""
        if not self._asked():
            return
        if self._store.emergency() is None:
            self._copy_if_due()
        elif self._store.watch.well_for() >= WELL_FOR:
            self._bring_back()

    def copy(self) -> None:
        """Copy what paging needs into the journal. Raises StoreUnavailable."""
        began = self._elapsed()
        with self._store.journal.read() as reading:
            known = reading.known()
        with self._store.read() as reading:
            copy = reading.copy(known, self._world.now())
        self._store.copied(copy)
        self._copied_at = self._elapsed()
        self._copy_took = self._copied_at - began

    def _asked(self) -> bool:
        """Ask the main store a little, or whether it takes changes where that is in doubt."""
        store, watch = self._store, self._store.watch
        writing = store.emergency() is not None or watch.takes_no_changes
        watch.asking()
        try:
            main = store.open()
            if writing:
                with main.write() as tx:
                    tx.prove(self._world.now())
            else:
                with main.read() as reading:
                    reading.secret()
        except Conflict:
            return False
        except StoreUnavailable as problem:
            watch.failed(writing=writing)
            log.warning("store.does-not-answer", reason=str(problem))
            return False
        finally:
            watch.answered()
        watch.worked(writing=writing)
        return True

    def _copy_if_due(self) -> None:
        changed = self._store.take_changed() or self._versions != self._rules_seen()
        wait = COPIES_AFTER if changed else COPIES_EVERY
        now = self._elapsed()
        pause = max(wait, LEISURE * self._copy_took)
        if self._copied_at is not None and now - self._copied_at < pause:
            if changed:
                self._store.changed_again()
            return
        try:
            self.copy()
        except (StoreUnavailable, Conflict) as problem:
            log.error("emergency.not-copied", reason=str(problem))
            return
        self._versions = self._rules_seen()

    def _rules_seen(self) -> object:
        try:
            return self._world.rules.versions
        except NoRules:
            return None

    def _bring_back(self) -> None:
        store = self._store
        emergency = store.emergency()
        if emergency is None:
            return
        try:
            with store.on_main():
                self._world.rules.follow()
            with store.closed(), store.on_main():
                if store.has_ended():
                    return
                with store.journal.read() as journal:
                    carried = carry_over(self._world, journal, emergency, self.not_whole)
                self._set_aside(emergency.since.strftime("%Y%m%dT%H%M%SZ"))
                with store.read() as reading:
                    copy = reading.copy(Known(), self._world.now())
                store.end(copy)
        except (StoreUnavailable, Conflict) as problem:
            store.hurry_less()
            log.error("emergency.not-carried-over", reason=str(problem))
            return
        self._copied_at = self._elapsed()
        with suppress(StoreUnavailable, Conflict), store.write() as tx:
            tx.forget_carried(emergency.mark)
        log.warning("emergency.ended", incidents=carried, since=emergency.since.isoformat())
        self._world.wake()

    def _set_aside(self, name: str) -> None:
        """Keep what a finished emergency has written; all of it is in the main store by now."""
        try:
            self._store.set_aside(name)
        except (OSError, StoreUnavailable) as problem:
            log.error("emergency.not-set-aside", reason=str(problem))


class KeeperThreads:
    """Two threads: one only looks at the clock, so that it can't be kept waiting; the other asks
    the main store, and may wait for as long as that takes.
    """

    def __init__(self, keeper: Keeper, store: StoreWithJournal) -> None:
        self._keeper = keeper
        self._stopping = threading.Event()
        tasks = ("look", LOOKS_EVERY, store.look), ("journal", ASKS_EVERY, keeper.round)
        self._threads = [
            threading.Thread(target=self._run, name=name, args=(every, do), daemon=True)
            for name, every, do in tasks
        ]

    def start(self) -> None:
        """Copy what there is; then begin to watch."""
        self._keeper.begin()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; what waits for the main store is left to end with the process."""
        self._stopping.set()
        for thread in self._threads:
            thread.join(2 * ASKS_EVERY)

    def _run(self, every: float, do: Callable[[], None]) -> None:
        while not self._stopping.wait(every):
            try:
                do()
            except Exception:
                log.exception("emergency.keeper")
