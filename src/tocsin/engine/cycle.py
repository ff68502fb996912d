"""One turn of the engine after the other: what came back, what is due, what is handed out.

Nothing here knows threads or waits, so that the simulator drives the very same turns as the loop.
"""

from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime

import structlog

from tocsin.core.delivery import Outcome
from tocsin.engine import deliver
from tocsin.engine.bundles import Bundle
from tocsin.engine.hearing import notice_silence
from tocsin.engine.lanes import PATIENCE, Lane
from tocsin.engine.ports import Conflict, NextDue, StoreUnavailable
from tocsin.engine.put_off import LOOKED_FOR_EVERY
from tocsin.engine.rules import NoRules
from tocsin.engine.tick import tick
from tocsin.engine.world import World

LOOK_AT_LEAST_EVERY = 0.5
"""Seconds; another node may have added work without being able to wake this one."""

REST_AT_LEAST = 0.02
"""Seconds to wait where something is due and this node can't have it: another one holds it."""

log = structlog.get_logger()


class Cycle:
    """What one node's engine does in its turns. `send` is handed each message that must leave.

    All but `back` is to be called by one thread only.
    """

    def __init__(self, world: World, send: Callable[[Bundle], None]) -> None:
        self._world = world
        self._send = send
        self._lanes = {name: Lane() for name in world.channels}
        self._stopping = False
        self._finished: deque[tuple[Bundle, Outcome | None]] = deque()
        self._looked_for_put_off: datetime | None = None
        self.trouble = ""
        """Why the last turn failed; empty if it went well."""

    @property
    def is_busy(self) -> bool:
        """Whether a message is on its way, or its outcome not kept."""
        return any(lane.is_busy for lane in self._lanes.values())

    def claim_nothing_more(self) -> None:
        """Let what is on its way come back, and hand out nothing else."""
        self._stopping = True

    def back(self, bundle: Bundle, outcome: Outcome | None) -> None:
        """Take what came of a message, None if it never left; the next turn keeps it."""
        self._finished.append((bundle, outcome))

    def turn(self) -> float:
        """Do what is due; return for how many seconds nothing will be. Never raises."""
        try:
            pause = self._turn()
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

    def _turn(self) -> float:
        with self._world.store.read() as reading:
            due = reading.next_due()
            now = self._world.now()
            is_put_off = self._looks_for_put_off(now) and reading.put_off(now)
        if is_put_off:
            self._bring_forward()
            return 0
        # Of a copy, which is made in one go: others come back meanwhile.
        back = {bundle.claim for bundle, _ in list(self._finished)}
        renew = [
            bundle
            for lane in self._lanes.values()
            for bundle in lane.to_renew(now)
            if bundle.claim not in back
        ]
        if not self._finished and not renew and (due.soonest is None or due.soonest > now):
            return self._pause(due.soonest)
        if due.heartbeat is not None and due.heartbeat <= now:
            self._notice_silence()
        if self._work(now, due, renew):
            return 0
        # What is due waits for room in its lane: come back for that, or for the next incident.
        return max(min(self._pause(due.incident), PATIENCE.total_seconds()), REST_AT_LEAST)

    def _notice_silence(self) -> None:
        """Let missing heartbeats be alerts; whatever goes wrong there holds up no page."""
        try:
            notice_silence(self._world)
        except (StoreUnavailable, Conflict) as problem:
            log.warning("heartbeats.wait", reason=str(problem))
        except Exception:
            log.exception("heartbeats.failed")

    def _looks_for_put_off(self, now: datetime) -> bool:
        """Whether it is time for that again; a clock that was set is a reason too."""
        looked_at = self._looked_for_put_off
        if looked_at is not None and abs(now - looked_at) < LOOKED_FOR_EVERY:
            return False
        self._looked_for_put_off = now
        return True

    def _bring_forward(self) -> None:
        with self._world.store.write() as tx:
            count = tx.bring_forward(self._world.now())
        hint = "a clock was ahead; let all nodes take their time from the network"
        log.error("engine.put-off", messages=count, hint=hint)

    def _work(self, now: datetime, due: NextDue, renew: Sequence[Bundle]) -> bool:
        """Do one tick; return whether there was anything to do."""
        finished = list(self._finished)
        back = {bundle.channel for bundle, _ in finished}
        room = {name: 1 if name in back else lane.room(now) for name, lane in self._lanes.items()}
        if self._stopping:
            room = {}
        attempts = [(bundle, outcome) for bundle, outcome in finished if outcome is not None]
        yields = {name: lane.yields_for(now) for name, lane in self._lanes.items()}
        is_window_due = due.window is not None and due.window <= now
        leases = [delivery for bundle in renew for delivery in bundle.deliveries]
        ticked = tick(self._world, attempts, room, leases, yields, is_window_due=is_window_due)
        for bundle in renew:
            self._lanes[bundle.channel].renewed(bundle, now)
        for bundle, outcome in finished:
            self._finished.popleft()
            self._lanes[bundle.channel].end(bundle, outcome, now)
        for bundle in ticked.claimed:
            self._lanes[bundle.channel].start(bundle, now)
            self._send(bundle)
        return bool(finished or ticked.claimed or ticked.looked_at)

    def _pause(self, at: datetime | None) -> float:
        """Seconds until `at`, and never so long that another node's work would wait."""
        if at is None:
            return LOOK_AT_LEAST_EVERY
        left = (at - self._world.now()).total_seconds()
        return min(max(left, 0), LOOK_AT_LEAST_EVERY)


def attempted(world: World, bundle: Bundle) -> Outcome | None:
    """Try what was claimed, unless its claim is over.

    A process that stood still since it claimed must not send: by now another one has sent the
    message, or somebody has answered (invariants D2, D3).
    """
    if world.now() >= bundle.due_at:
        log.warning("delivery.claim-over", message=bundle.id)
        return None
    return deliver.attempt(world, bundle)
