"""How things stand with each audience: what it was told last, and when it hears the next."""

from datetime import datetime

import msgspec

from tocsin.core.incident import cadence
from tocsin.core.incident.drafting import wanted_template
from tocsin.core.incident.state import Incident, Published
from tocsin.core.plan.communication.model import Audience, Cadence
from tocsin.core.plan.model import Plan


class Telling(msgspec.Struct, frozen=True, kw_only=True):
    """An audience that the incident concerns, or that was told of it.

    `due` is when the next update is due (None: none is promised), counted from `since`; `late`: it
    was due by then and has not come. `rule` is the one that counts now, `template` the template
    that the plan wants, "" for none.
    """

    audience: Audience
    last: Published | None = None
    rule: Cadence | None = None
    due: datetime | None = None
    since: datetime | None = None
    late: bool = False
    template: str = ""


def tellings(plan: Plan, incident: Incident, now: datetime) -> list[Telling]:
    """Return how things stand with each audience: late ones first, then the soonest promise."""
    late = cadence.stale(incident)
    clocks = {
        clock.name.removeprefix(cadence.PREFIX): clock
        for clock in incident.clocks
        if clock.name.startswith(cadence.PREFIX)
    }
    found = []
    for audience in plan.communication.audiences.values():
        if audience.id not in incident.updates and not cadence.concerned(plan, incident, audience):
            continue
        clock = clocks.get(audience.id)
        waits = clock is not None and (clock.state == "running" or audience.id in late)
        overdue = audience.id in late or (waits and clock is not None and clock.due <= now)
        found.append(
            Telling(
                audience=audience,
                last=incident.updates.get(audience.id),
                rule=cadence.counting(plan, incident, audience.id, now),
                due=clock.due if waits and clock is not None else None,
                since=clock.started_at if waits and clock is not None else None,
                late=overdue,
                template=wanted_template(plan, incident, audience.id, now),
            )
        )
    far = datetime.max.replace(tzinfo=now.tzinfo)
    return sorted(found, key=lambda one: (not one.late, one.due or far))
