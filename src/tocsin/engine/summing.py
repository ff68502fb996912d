"""Adds up the metrics in the background, so that a year of them is there when it is asked for.

It starts from what has changed, in small pieces with rests between them, and has no part in paging:
its transactions are its own, and whatever goes wrong here costs figures and nothing else. After an
upgrade, or on a store that was never counted, everything has changed, and it goes through the past,
newest first. On several nodes one works, by a lease; every write proves that it is still held.
"""

import threading
from collections.abc import Callable
from datetime import date, timedelta
from typing import TypeVar

import structlog

from tocsin.core.metrics.period import Period, month_of, next_month
from tocsin.core.metrics.share import Share, share_of
from tocsin.core.metrics.tally import Cell, Tally, merged, tallied
from tocsin.engine.metrics import Counted, Uncounted
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.world import World

LEASE = "metrics"
LEASED_FOR = timedelta(seconds=60)
"""After the death of the node that adds up, another one goes on so much later."""

LOOKS_EVERY = 5.0
"""Seconds between two looks for changes, of which there are mostly none."""

PIECE = 100
"""Incidents counted in one transaction: that takes some milliseconds, for which pages may wait."""

PIECES = 50
"""After so many pieces days are added up, even if more incidents wait."""

LEISURE = 4.0
"""So many times as long as a piece took, it rests."""

MUCH = 1_000
"""With more incidents to count than this, the log says how far it is."""

SAID_EVERY = 10.0
"""Seconds between two such lines."""

A_DAY = timedelta(days=1)

T = TypeVar("T")

log = structlog.get_logger()


class _Lost(Exception):
    """Another node adds up."""


class Summing:
    """What one node adds up. `round` is to be called by one thread only.

    `elapsed` gives seconds of a clock that nobody sets; `rest` is called with seconds in which
    nothing should be done, and says whether to end. While `lacks_room` says that there is room for
    calls only, nothing is written (invariant H3).
    """

    def __init__(
        self,
        world: World,
        elapsed: Callable[[], float],
        rest: Callable[[float], bool] = lambda _seconds: False,
        lacks_room: Callable[[], str] = str,
    ) -> None:
        self._world = world
        self._elapsed = elapsed
        self._rest = rest
        self._lacks_room = lacks_room
        self._done = 0
        self._began: float | None = None
        self._said = elapsed()

    def round(self) -> bool:
        """Do what there is to do, for a while; return whether there is more. Never raises."""
        if self._world.emergency() is not None or self._lacks_room():
            return False
        try:
            return self._round()
        except _Lost:
            self._began = None
        except (StoreUnavailable, Conflict) as problem:
            log.warning("metrics.put-off", reason=str(problem))
        except Exception:
            log.exception("metrics.failed")
        return False

    def _round(self) -> bool:
        with self._world.store.read() as reading:
            found = reading.uncounted(PIECE)
            stale = reading.stale_days()
            much = self._began is None and len(found) == PIECE and reading.behind(MUCH).incidents
        if not found and not stale:
            return False
        self._take_lease()
        if much == MUCH:
            self._began, self._done = self._elapsed(), 0
            log.info("metrics.catching-up")
        for _ in range(PIECES):
            if not found or self._lacks_room():
                break
            if self._timed(self._count, found):
                return False
            with self._world.store.read() as reading:
                found = reading.uncounted(PIECE)
        if self._lacks_room():
            return False
        with self._world.store.read() as reading:
            stale = reading.stale_days()
        for month in sorted({month_of(day) for day in stale}, reverse=True):
            days = [day for day in stale if month_of(day) == month]
            if self._timed(self._add_up, days):
                return False
        self._tell(more=bool(found))
        return bool(found)

    def _timed(self, do: Callable[[list[T]], None], what: list[T]) -> bool:
        """Do something, then rest; return whether to end."""
        began = self._elapsed()
        do(what)
        return self._rest(LEISURE * (self._elapsed() - began))

    def _take_lease(self) -> None:
        now = self._world.now()
        with self._world.store.write() as tx:
            if not tx.take_lease(LEASE, self._world.node, now, now + LEASED_FOR):
                raise _Lost

    def _count(self, found: list[Uncounted]) -> None:
        counted = [Counted(one, self._share(one)) for one in found]
        with self._world.store.write() as tx:
            if not tx.keep_lease(LEASE, self._world.node, self._world.now() + LEASED_FOR):
                raise _Lost
            tx.keep_shares(counted)
        self._done += len(counted)

    def _share(self, one: Uncounted) -> Share | None:
        """Return an incident's share, None if nobody can tell: it must not hold up the others."""
        if one.incident is None:
            return None
        try:
            plan = self._world.rules.plan_of(one.plan)
            return share_of(plan, one.incident, one.opened_at, one.opened_before)
        except NoRules as problem:
            log.error("metrics.not-counted", incident=one.id, reason=str(problem))
        except Exception:
            log.exception("metrics.not-counted", incident=one.id)
        return None

    def _add_up(self, days: list[date]) -> None:
        """Add up days of one month anew, and with its other days the month."""
        month = month_of(days[0])
        whole = Period(month, next_month(month) - A_DAY)
        parts: dict[date, dict[Cell, Tally]] = {}
        with self._world.store.read() as reading:
            for by_component in (False, True):
                for day, cell, tally in reading.tallies("day", whole, by_component=by_component):
                    parts.setdefault(day, {})[cell] = tally
            for day in days:
                parts[day] = tallied(reading.shares(day))
        together = merged(parts.values())
        with self._world.store.write() as tx:
            if not tx.keep_lease(LEASE, self._world.node, self._world.now() + LEASED_FOR):
                raise _Lost
            tx.keep_tallies({day: parts[day] for day in days}, month, together)

    def _tell(self, *, more: bool) -> None:
        """Say how far it is, if there is much to do."""
        now = self._elapsed()
        if self._began is None:
            return
        if not more:
            log.info("metrics.caught-up", incidents=self._done, seconds=round(now - self._began, 1))
            self._began = None
        elif now - self._said >= SAID_EVERY:
            self._said = now
            log.info("metrics.catching-up", counted=self._done)


class SummingThread:
    """The thread that adds up, from a while after the start on."""

    def __init__(
        self, world: World, elapsed: Callable[[], float], lacks_room: Callable[[], str]
    ) -> None:
        self._stopping = threading.Event()
        self._summing = Summing(world, elapsed, self._stopping.wait, lacks_room)
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is not counted stays so until the next start.

        Whatever waits for the store is left to end with the process.
        """
        self._stopping.set()
        self._thread.join(LOOKS_EVERY)

    def _run(self) -> None:
        more = False
        while not self._stopping.wait(0 if more else LOOKS_EVERY):
            more = self._summing.round()
