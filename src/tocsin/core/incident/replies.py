"""What support may answer customers: prepared replies, in line with what the public was told."""

from datetime import datetime

import msgspec

from tocsin.core.incident.filling import Said, render_template
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.communication.templates import Incomplete
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """A prepared reply as it may be given now; with something `missing` it may not be yet."""

    name: str
    subject: str = ""
    text: str = ""
    missing: tuple[str, ...] = ()


def replies(plan: Plan, incident: Incident, now: datetime) -> tuple[Reply, ...]:
    """Return the replies that fit the incident; their status is the one outsiders know."""
    support = plan.communication.support
    if support is None:
        return ()
    seen = situation(incident)
    ready: list[Reply] = []
    for prepared in support.prepared:
        template = plan.communication.templates[prepared.template]
        fits = not template.severities or incident.severity in template.severities
        if not fits or (prepared.when and not holds(prepared.when, seen)):
            continue
        said = Said(status=outside_status(plan, incident))
        told = render_template(plan, incident, template, {}, now, said)
        if isinstance(told, Incomplete):
            ready.append(Reply(name=prepared.id, missing=told.missing))
        else:
            ready.append(Reply(name=prepared.id, subject=told.subject, text=told.text))
    return tuple(ready)


def outside_status(plan: Plan, incident: Incident) -> str:
    """Return the status that readers outside were told last; the first one if none was."""
    audiences = plan.communication.audiences
    outside = [
        update
        for name, update in incident.updates.items()
        if name in audiences and audiences[name].outside
    ]
    if not outside:
        return next(iter(plan.communication.statuses), "")
    return max(outside, key=lambda update: update.at).status
