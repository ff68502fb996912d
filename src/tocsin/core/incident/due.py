"""What the plan demands of an incident now, and when to look again."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec

from tocsin.core.incident import (
    announcing,
    cadence,
    clocks,
    confidential,
    escalation,
    floors,
    modes,
    roles,
    standing_down,
    tasks,
    watches,
)
from tocsin.core.incident import events as e
from tocsin.core.incident.fold import fold
from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan

ROUNDS = 100
"""One thing that is due can bring about the next, and so on, but plans have no longer chains.

Of one that has, the rest is due a moment later.
"""

A_MOMENT = timedelta(seconds=1)


class Due(msgspec.Struct, frozen=True):
    """`events` are to be recorded, and what they order to be sent; `incident` is after them.

    `look_again_at` is None only when nothing will be due until something happens.
    """

    events: tuple[e.Event, ...]
    incident: Incident
    look_again_at: datetime | None


def due(plan: Plan, incident: Incident, organisation: Organisation, now: datetime) -> Due:
    """Return everything that is due on `incident` at `now`, each with its reason.

    Late work is done at once and says so. Calling it again at the same instant, with the
    incident it returned, gives no further events (invariants C1, C4, C7, C8). Of an incident that
    was merged into another nothing is due any more: it goes on there.
    """
    if incident.merged_into:
        return Due((), incident, None)
    happened: list[e.Event] = []

    def record(new: Iterable[e.Event]) -> None:
        nonlocal incident
        for event in new:
            happened.append(event)
            incident = fold(incident, event)

    called = -1
    for _ in range(ROUNDS):
        before = len(happened)
        record(confidential.restricted(plan, incident, now))
        record(modes.changed(plan, incident, now))
        record(floors.raised(plan, incident, now))
        record(roles.kept(plan, incident, organisation, now))
        record(clocks.by_moments(plan, incident, now))
        record(cadence.kept(plan, incident, organisation, now))
        # What is done in the last instant counts: first what ended, then what was missed.
        record(tasks.settled(plan, incident, now))
        record(clocks.missed(incident, now))
        record(tasks.armed(plan, incident, organisation, now))
        record(watches.watched(plan, incident, now))
        record(announcing.automatic(plan, incident, now))
        record(announcing.sent(plan, incident, organisation, now))
        if len(happened) != called:
            record(escalation.call_out(plan, incident, organisation, now))
            called = len(happened)
        record(standing_down.told(incident, organisation, now))
        if len(happened) > before:
            continue
        alarm_at = escalation.alarm_at(plan, incident)
        if alarm_at is None or alarm_at > now:
            break
        record(escalation.alarm(plan, incident, organisation, now))
    else:
        return Due(tuple(happened), incident, now + A_MOMENT)
    ahead = (look_again_at(plan, incident), cadence.next_change(plan, incident, now))
    look = min((at for at in ahead if at is not None), default=None)
    return Due(tuple(happened), incident, look)


def look_again_at(plan: Plan, incident: Incident) -> datetime | None:
    """Return the next instant at which `due` will have something to say."""
    moments = [clock.due for clock in incident.running()]
    steps = escalation.steps_ahead(plan, incident)
    moments += [ahead.at for ahead in steps[:1]]
    if incident.asked:
        moments.append(incident.opened_at)
    others = (
        escalation.alarm_at(plan, incident, steps),
        tasks.next_arming(plan, incident),
        watches.next_end(plan, incident),
    )
    moments += [at for at in others if at is not None]
    return min(moments, default=None)
