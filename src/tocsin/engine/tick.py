"""One cycle of the engine, in one transaction: keep outcomes, look again, claim what is due."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType
from typing import NamedTuple

import structlog

from tocsin.core.delivery import LEASE, Outcome
from tocsin.engine import deliver
from tocsin.engine.advance import Advanced, advance, keep
from tocsin.engine.bundles import Bundle, claim
from tocsin.engine.claims import as_here
from tocsin.engine.ports import Change, Delivery, Kept, Transaction
from tocsin.engine.probe import world_of
from tocsin.engine.release import look_at_windows
from tocsin.engine.world import World

INCIDENTS_AT_ONCE = 200
POISON_AGAIN = timedelta(minutes=1)
AT_ONCE = timedelta(0)
NOTHING_LEFT: Mapping[str, timedelta] = MappingProxyType({})

log = structlog.get_logger()


class Ticked(NamedTuple):
    """What a cycle has done: incidents looked at, and messages that this node must attempt."""

    looked_at: int
    claimed: list[Bundle]


def tick(
    world: World,
    attempts: Sequence[tuple[Bundle, Outcome]],
    room: Mapping[str, int],
    renew: Sequence[Delivery] = (),
    yields: Mapping[str, timedelta] = NOTHING_LEFT,
    *,
    is_window_due: bool = True,
) -> Ticked:
    """Keep what came of `attempts`, do what is due, and claim up to `room` messages per channel.

    The leases of `renew` go on. What has been due in a channel for less than its `yields` is left
    to other nodes. Where it is known that no window is due, none is looked at.

    Raises StoreUnavailable or Conflict with nothing changed.
    """
    windows = look_at_windows(world) if is_window_due else 0
    with world.store.write() as tx:
        deliver.settle(tx, world, attempts)
        looked_at = look_again(tx, world)
        # What waits for nobody comes after what may: so two nodes don't wait for each other.
        if renew:
            mine = [as_here(tx, world, one) for one in renew]
            tx.renew_claims(mine, world.now() + LEASE)
        claimed = [
            bundle
            for channel, limit in room.items()
            for bundle in claim(tx, world, channel, limit, yields.get(channel, AT_ONCE))
        ]
    return Ticked(looked_at + windows, claimed)


def look_again(tx: Transaction, world: World) -> int:
    """Do what the plan demands of incidents that are due now.

    An incident that can't be advanced does not hold up the others: it is looked at again a
    minute later, and the failure is logged as an error each time.
    """
    due = tx.due_incidents(world.now(), INCIDENTS_AT_ONCE)
    if due:
        keep(tx, [_advanced(world, kept) for kept in due])
    return len(due)


def _advanced(world: World, kept: Kept) -> Advanced:
    now = world.now()
    try:
        own = world_of(world, kept.incident)
        plan = own.rules.plan_of(kept.incident.plan)
        return advance(own, plan, kept, (), now)
    except Exception:
        log.exception("tick.poison", incident=kept.incident.code)
        return Advanced(Change(kept, (), kept.incident, now + POISON_AGAIN), ())
