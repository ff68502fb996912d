"""What the plan demands of an incident now, and when to look again."""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from tocsin.core.incident import clocks, escalation
from tocsin.core.incident import events as e
from tocsin.core.incident.fold import fold
from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan


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
    incident it returned, gives no further events (invariants C1, C4, C7, C8).
    """
    happened: list[e.Event] = []

    def record(new: Iterable[e.Event]) -> None:
        nonlocal incident
        for event in new:
            happened.append(event)
            incident = fold(incident, event)

    record(clocks.missed(incident, now))
    record(escalation.call_out(plan, incident, organisation, now))
    alarm_at = escalation.alarm_at(plan, incident)
    if alarm_at is not None and alarm_at <= now:
        record(escalation.alarm(plan, incident, organisation, now))
    return Due(tuple(happened), incident, look_again_at(plan, incident))


def look_again_at(plan: Plan, incident: Incident) -> datetime | None:
    """Return the next instant at which `due` will have something to say."""
    moments = [clock.due for clock in incident.running()]
    moments += [ahead.at for ahead in escalation.steps_ahead(plan, incident)[:1]]
    if incident.asked:
        moments.append(incident.opened_at)
    if (alarm_at := escalation.alarm_at(plan, incident)) is not None:
        moments.append(alarm_at)
    return min(moments, default=None)
