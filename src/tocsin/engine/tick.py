"""One cycle of the engine: look again at every incident whose time has come."""

from datetime import timedelta

import structlog

from tocsin.engine.advance import Advanced, advance, keep
from tocsin.engine.ports import Change, Kept
from tocsin.engine.world import World

INCIDENTS_AT_ONCE = 200
POISON_AGAIN = timedelta(minutes=1)

log = structlog.get_logger()


def look_again(world: World) -> int:
    """Do what the plan demands of incidents that are due now; return how many there were.

    An incident that can't be advanced does not hold up the others: it is looked at again a
    minute later, and the failure is logged as an error each time.
    """
    now = world.now()
    with world.store.write() as tx:
        due = tx.due_incidents(now, INCIDENTS_AT_ONCE)
        keep(tx, [_advanced(world, kept) for kept in due])
    return len(due)


def _advanced(world: World, kept: Kept) -> Advanced:
    now = world.now()
    try:
        plan = world.rules.plan_of(kept.incident.plan)
        return advance(world, plan, kept, (), now)
    except Exception:
        log.exception("tick.poison", incident=kept.incident.code)
        return Advanced(Change(kept, (), kept.incident, now + POISON_AGAIN), ())
