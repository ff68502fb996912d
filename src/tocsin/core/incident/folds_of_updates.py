"""What events about updates make of an incident."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tocsin.core.incident import events as e
from tocsin.core.incident.state import Incident, Proposal, Published

STATUS = "status"
"""The moment at which the published status has changed."""


def moments(incident: Incident, event: e.Event) -> tuple[str, ...]:
    """Name what happened as clauses of a plan do; `incident` is as it was before.

    Of an update it also says how it was written, see `published_as`.
    """
    if not isinstance(event, e.UpdatePublished):
        return ()
    told = (f"published {event.audience}", published_as(event.audience, event.template))
    return (*told, STATUS) if event.status != incident.status else told


def published_as(audience: str, template: str) -> str:
    """Name the moment of an update by its template, "" for free words."""
    return f"published {audience} as {template or 'free words'}"


def sent(incident: Incident, event: e.Told | e.NobodyReached) -> Incident:
    """The update of which the event tells was sent to its readers."""
    updates = {
        audience: replace(one, sent=True) if one.update == event.step else one
        for audience, one in incident.updates.items()
    }
    return replace(incident, updates=updates)


def _proposed(incident: Incident, event: e.UpdateProposed) -> Incident:
    proposal = Proposal(
        audience=event.audience, at=event.at, by=event.by, status=event.status,
        subject=event.subject, text=event.text, template=event.template, next_at=event.next_at,
        promised=event.promised, approval=event.approval, task=event.task,
    )  # fmt: skip
    return replace(
        incident,
        proposals={**incident.proposals, event.update: proposal},
        updates_total=incident.updates_total + 1,
    )


def _published(incident: Incident, event: e.UpdatePublished) -> Incident:
    before = incident.updates.get(event.audience)
    published = Published(
        update=event.update, at=event.at, by=event.by, status=event.status, subject=event.subject,
        text=event.text, template=event.template, next_at=event.next_at,
        promised=event.promised, count=before.count + 1 if before is not None else 1,
    )  # fmt: skip
    waiting = {name: one for name, one in incident.proposals.items() if name != event.update}
    return replace(
        incident,
        updates={**incident.updates, event.audience: published},
        proposals=waiting,
        updates_total=incident.updates_total + (not event.approved),
        status=event.status,
    )


def _withdrawn(incident: Incident, event: e.UpdateWithdrawn) -> Incident:
    gone = incident.proposals.get(event.update)
    waiting = {name: one for name, one in incident.proposals.items() if name != event.update}
    unwritten = dict(incident.unwritten)
    if gone is not None and gone.task:
        unwritten[gone.task] = event.at
    return replace(incident, proposals=waiting, unwritten=unwritten)


def _refused(incident: Incident, event: e.UpdateRefused) -> Incident:
    return replace(incident, unwritten={**incident.unwritten, event.task: event.at})


def _unchanged(incident: Incident, _event: e.Event) -> Incident:
    return incident


FOLDS: dict[type[e.Event], Callable[[Incident, Any], Incident]] = {
    e.UpdateProposed: _proposed,
    e.UpdatePublished: _published,
    e.UpdateWithdrawn: _withdrawn,
    e.UpdateRefused: _refused,
    e.AudienceForgotten: _unchanged,
}
