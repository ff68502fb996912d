"""The engine's loop: look again at incidents, hand out deliveries, sleep until something is due."""

import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime

import structlog

from tocsin.core.delivery import SEND_TIMEOUT_SECONDS, Failed, Outcome
from tocsin.engine import deliver
from tocsin.engine.lanes import PATIENCE, SLOTS, Lane
from tocsin.engine.ports import Conflict, Delivery, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.tick import tick
from tocsin.engine.world import World

LOOK_AT_LEAST_EVERY = 0.5
"""Seconds; another node may have added work without being able to wake this one."""

ENDS_WITHIN = SEND_TIMEOUT_SECONDS + 5
"""Seconds for messages on their way to come back; what is not back by then is sent once more."""

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
        self._lanes = {name: Lane() for name in world.channels}
        self.trouble = ""
        """Why the last cycle failed; empty if it went well."""
        self._finished: deque[tuple[Delivery, Outcome]] = deque()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._housekeeper = threading.Thread(target=self._tidy, name="tidy", daemon=True)

    def start(self) -> None:
        """Begin to work."""
        self._thread.start()
        self._housekeeper.start()

    def stop(self) -> None:
        """Claim nothing more, wait for messages that are leaving, keep their outcomes, then end."""
        self._stopping.set()
        self._woken.set()
        self._thread.join(ENDS_WITHIN)
        self._housekeeper.join()
        for senders in self._senders.values():
            senders.shutdown(wait=True)

    def _run(self) -> None:
        while not self._stopping.is_set() or any(lane.is_busy for lane in self._lanes.values()):
            self._woken.clear()
            self._woken.wait(self._guarded_cycle())

    def _tidy(self) -> None:
        """Let the store do little by little what would otherwise hold up a commit."""
        while not self._stopping.wait(TIDY_EVERY):
            try:
                self._world.store.tidy()
            except StoreUnavailable as problem:
                log.warning("store.tidy", reason=str(problem))

    def _guarded_cycle(self) -> float:
        try:
            pause = self._cycle()
        except (StoreUnavailable, Conflict, NoRules) as problem:
            log.warning("engine.waits", reason=str(problem))
            self.trouble = f"the engine waits: {problem}"
        except Exception as problem:
            log.exception("engine.failed")
            self.trouble = f"the engine fails: {type(problem).__name__}"
        else:
            self.trouble = ""
            return pause
        return LOOK_AT_LEAST_EVERY

    def _cycle(self) -> float:
        """Do what is due; return for how many seconds nothing will be."""
        with self._world.store.read() as reading:
            due = reading.next_due()
        now = self._world.now()
        back = {delivery.message.id for delivery, _ in self._finished}
        renew = [
            delivery
            for lane in self._lanes.values()
            for delivery in lane.to_renew(now)
            if delivery.message.id not in back
        ]
        if not self._finished and not renew and (due.soonest is None or due.soonest > now):
            return self._pause(due.soonest)
        if self._work(now, renew):
            return 0
        # What is due waits for room in its lane: come back for that, or for the next incident.
        return min(self._pause(due.incident), PATIENCE.total_seconds())

    def _work(self, now: datetime, renew: Sequence[Delivery]) -> bool:
        """Do one tick; return whether there was anything to do."""
        finished = list(self._finished)
        back = {delivery.contact.channel for delivery, _ in finished}
        room = {name: 1 if name in back else lane.room(now) for name, lane in self._lanes.items()}
        if self._stopping.is_set():
            room = {}
        ticked = tick(self._world, finished, room, renew)
        for delivery in renew:
            self._lanes[delivery.contact.channel].renewed(delivery, now)
        for delivery, _ in finished:
            self._finished.popleft()
            self._lanes[delivery.contact.channel].end(delivery)
        for delivery in ticked.claimed:
            channel = delivery.contact.channel
            self._lanes[channel].start(delivery, now)
            self._senders[channel].submit(self._send, delivery)
        return bool(finished or ticked.claimed or ticked.looked_at)

    def _pause(self, at: datetime | None) -> float:
        """Seconds until `at`, and never so long that another node's work would wait."""
        if at is None:
            return LOOK_AT_LEAST_EVERY
        left = (at - self._world.now()).total_seconds()
        return min(max(left, 0), LOOK_AT_LEAST_EVERY)

    def _send(self, delivery: Delivery) -> None:
        try:
            outcome = deliver.attempt(self._world, delivery)
        except Exception as problem:
            log.exception("delivery.failed", message=delivery.message.id)
            outcome = Failed("unknown", f"the channel itself failed: {type(problem).__name__}")
        self._finished.append((delivery, outcome))
        self._woken.set()
