"""The engine's threads: one takes its turns, a few per channel send, one keeps house."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from time import monotonic

import structlog

from tocsin.core.delivery import SEND_TIMEOUT_SECONDS
from tocsin.engine.bundles import Bundle
from tocsin.engine.cycle import Cycle, attempted
from tocsin.engine.lag import Lag
from tocsin.engine.lanes import SLOTS
from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.world import World

ENDS_WITHIN = SEND_TIMEOUT_SECONDS + 5
"""Seconds for messages on their way to come back; what is not back by then is sent once more."""

TIDY_EVERY = 0.5
"""Seconds between two rounds of the store's housekeeping."""

log = structlog.get_logger()


class Loop:
    """One thread that finds what is due, and a few per channel that send."""

    def __init__(
        self, world: World, woken: threading.Event, elapsed: Callable[[], float] = monotonic
    ) -> None:
        self._world = world
        self._woken = woken
        self._stopping = threading.Event()
        self._senders = {
            name: ThreadPoolExecutor(SLOTS, thread_name_prefix=f"send-{name}")
            for name in world.channels
        }
        self._cycle = Cycle(world, self._hand_over)
        self.lag = Lag(elapsed)
        """How far its turns are behind."""
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._housekeeper = threading.Thread(target=self._tidy, name="tidy", daemon=True)

    @property
    def trouble(self) -> str:
        """Why the last turn failed; empty if it went well."""
        return self._cycle.trouble

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        self._housekeeper.start()

    def stop(self) -> None:
        """Claim nothing more, wait for messages that are leaving, keep their outcomes, then end."""
        self._stopping.set()
        self._cycle.claim_nothing_more()
        self._woken.set()
        self._thread.join(ENDS_WITHIN)
        self._housekeeper.join()
        for senders in self._senders.values():
            senders.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.is_set() or self._cycle.is_busy:
            self._woken.clear()
            pause = self._cycle.turn()
            if not self._cycle.trouble:
                self.lag.turned()
            self._woken.wait(pause)

    def _tidy(self) -> None:
        """Let the store do little by little what would otherwise hold up a commit."""
        while not self._stopping.wait(TIDY_EVERY):
            try:
                self._world.store.tidy()
            except StoreUnavailable as problem:
                log.warning("store.tidy", reason=str(problem))
            except Exception:
                log.exception("store.tidy")

    def _hand_over(self, bundle: Bundle) -> None:
        self._senders[bundle.channel].submit(self._send, bundle)

    def _send(self, bundle: Bundle) -> None:
        self._cycle.back(bundle, attempted(self._world, bundle))
        self._woken.set()
