"""The engine's loop: look again at incidents, hand out deliveries, sleep until something is due."""

import threading
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from tocsin.core.delivery import Outcome
from tocsin.engine import deliver
from tocsin.engine.ports import Conflict, Delivery, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.tick import look_again
from tocsin.engine.world import World

SLOTS = 16
"""How many messages one channel may be sending at a time: its own, so that a hung provider keeps
none of the others waiting (invariant D11)."""

LOOK_AT_LEAST_EVERY = 0.5
"""Seconds; another node may have added work without being able to wake this one."""

TIDY_EVERY = 0.5
"""Seconds between two rounds of the store's housekeeping."""

log = structlog.get_logger()


class Loop:
    """One thread that finds what is due, and a few per channel that send."""

    def __init__(self, world: World, woken: threading.Event) -> None:
        self._world = world
        self._woken = woken
        self._stopping = threading.Event()
        self._senders = {
            name: ThreadPoolExecutor(SLOTS, thread_name_prefix=f"send-{name}")
            for name in world.channels
        }
        self._free = {name: threading.Semaphore(SLOTS) for name in world.channels}
        self._finished: deque[tuple[Delivery, Outcome]] = deque()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._housekeeper = threading.Thread(target=self._tidy, name="tidy", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        self._housekeeper.start()

    def stop(self) -> None:
        """Claim nothing more, wait for messages that are leaving, then end."""
        self._stopping.set()
        self._woken.set()
        self._thread.join()
        self._housekeeper.join()
        for senders in self._senders.values():
            senders.shutdown(wait=True)
        try:
            self._settle()
        except (StoreUnavailable, Conflict) as problem:
            log.warning("engine.outcomes-not-kept", reason=str(problem))

    def _run(self) -> None:
        while not self._stopping.is_set():
            self._woken.clear()
            wait = self._cycle()
            self._woken.wait(wait)

    def _tidy(self) -> None:
        """Let the store do little by little what would otherwise hold up a commit."""
        while not self._stopping.wait(TIDY_EVERY):
            try:
                self._world.store.tidy()
            except StoreUnavailable as problem:
                log.warning("store.tidy", reason=str(problem))

    def _cycle(self) -> float:
        """Do what is due; return for how many seconds nothing will be."""
        try:
            self._settle()
            if self._is_due(self._next_due()):
                look_again(self._world)
                self._hand_out()
            return self._pause(self._next_due())
        except (StoreUnavailable, Conflict, NoRules) as problem:
            log.warning("engine.waits", reason=str(problem))
        except Exception:
            log.exception("engine.failed")
        return LOOK_AT_LEAST_EVERY

    def _next_due(self) -> datetime | None:
        with self._world.store.read() as reading:
            return reading.next_due_at()

    def _is_due(self, at: datetime | None) -> bool:
        return at is not None and at <= self._world.now()

    def _settle(self) -> None:
        """Keep the outcomes that have come in, all in one transaction.

        If that fails they are given up: the leases end, and the messages go out once more.
        """
        finished = [self._finished.popleft() for _ in range(len(self._finished))]
        if finished:
            deliver.settle(self._world, finished)

    def _pause(self, next_due: datetime | None) -> float:
        if next_due is None:
            return LOOK_AT_LEAST_EVERY
        left = (next_due - self._world.now()).total_seconds()
        return min(max(left, 0.01), LOOK_AT_LEAST_EVERY)

    def _hand_out(self) -> None:
        for channel, senders in self._senders.items():
            slots = self._take_slots(channel)
            claimed: list[Delivery] = []
            try:
                if slots:
                    claimed = deliver.claim(self._world, channel, slots)
            finally:
                self._give_back(channel, slots - len(claimed))
            for delivery in claimed:
                senders.submit(self._send, delivery)

    def _send(self, delivery: Delivery) -> None:
        try:
            self._finished.append((delivery, deliver.attempt(self._world, delivery)))
        except Exception:
            log.exception("delivery.failed", message=delivery.message.id)
        finally:
            self._give_back(delivery.contact.channel, 1)
            self._woken.set()

    def _take_slots(self, channel: str) -> int:
        taken = 0
        while taken < SLOTS and self._free[channel].acquire(blocking=False):
            taken += 1
        return taken

    def _give_back(self, channel: str, slots: int) -> None:
        for _ in range(slots):
            self._free[channel].release()
