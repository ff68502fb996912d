"""What incidents are to each other: linked, the same one, or two that were taken for one.

Merging moves alerts and never loses one: both timelines say where they were and where they are
(invariant A2). A group of alerts that was merged away leads on to the other incident, see
`joining.leads_on`, so that still at most one unresolved incident takes them (invariant A4).
"""

from collections.abc import Sequence
from datetime import datetime

from tocsin.core.document import near
from tocsin.core.incident import assessing
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.clocks import dropped
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.fold import replay
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan

Decision = list[e.Event] | Refusal

INVERSE = {"relates": "relates", "caused_by": "caused", "duplicates": "duplicated_by"}
"""What one incident is to another -> what that one is to it."""


def link(_plan: Plan, incident: Incident, command: c.Link, now: datetime) -> Decision:
    """Return what a link is to the incident that is linked; see `linked_back` for the other."""
    if command.relation not in INVERSE:
        return Refusal(
            "incident.unknown-relation", f"{command.relation!r} is no relation of incidents",
            near(command.relation, INVERSE) + f"there are: {', '.join(INVERSE)}",
        )  # fmt: skip
    if command.to == incident.code:
        return _itself(incident, "linked to")
    if command.other is None:
        return _unknown(command.to)
    return _linked(incident, command.other.code, command.relation, command, now)


def linked_back(incident: Incident, code: str, command: c.Link, now: datetime) -> list[e.Event]:
    """Return what the link of incident `code` is to this one, to which it was linked."""
    return _linked(incident, code, INVERSE[command.relation], command, now)


def merge(_plan: Plan, incident: Incident, command: c.Merge, now: datetime) -> Decision:
    """Return what it is to an incident that it turns out to be another one: its end.

    Its alerts go along; nothing that the plan asked for is owed any more.
    """
    if incident.merged_into and incident.merged_into == command.into:
        return []
    if refusal := _cannot_merge(incident, command):
        return refusal
    other = command.other
    if other is None:
        return _unknown(command.into)
    by, via = command.by, command.via
    why = f"it is the same as {other.code}"
    happened: list[e.Event] = []
    if incident.alerts_total:
        happened.append(
            e.AlertsLeft(
                at=now, by=by, via=via, why=why, count=incident.alerts_total,
                firing=incident.alerts_firing, names=command.names, to=other.code,
            )
        )  # fmt: skip
    happened.append(
        e.MergedInto(
            at=now, by=by, via=via, why=command.why, into=other.code, into_number=other.number
        )
    )
    happened += [
        e.TaskDropped(at=now, task=task, why=why)
        for task, state in incident.tasks.items()
        if state.state == "open"
    ]
    happened += [
        e.UpdateWithdrawn(at=now, update=update, audience=one.audience, why=why)
        for update, one in incident.proposals.items()
    ]
    return [*happened, *dropped(incident.running(), now, why)]


def absorbed(
    plan: Plan, incident: Incident, gone: Incident, command: c.Merge, now: datetime
) -> list[e.Event]:
    """Return what it is to an incident that `gone` (as it was before) is merged into it.

    It takes over the alerts, and the severity where that is worse: nothing becomes less urgent
    because two are one. Facts stay where they were stated; they are only named.
    """
    by, via = command.by, command.via
    happened: list[e.Event] = [
        e.Absorbed(
            at=now, by=by, via=via, why=command.why, code=gone.code, title=gone.title,
            severity=gone.severity, facts=tuple(gone.facts),
        )
    ]  # fmt: skip
    if gone.alerts_total:
        happened.append(
            e.AlertsCameOver(
                at=now, by=by, via=via, why=f"{gone.code} is the same", count=gone.alerts_total,
                firing=gone.alerts_firing, names=command.names, of=gone.code,
            )
        )  # fmt: skip
    known = any(severity.code == gone.severity for severity in plan.severities)
    if known and gone.state in PAGEABLE:
        because = f"{gone.code}, which is the same, is {gone.severity}", 0
        current = replay(happened, incident)
        happened += assessing.raised_to(plan, current, gone.severity, because, now)
    return happened


def split(_plan: Plan, incident: Incident, command: c.Split, now: datetime) -> Decision:
    """Return what it is to an incident that some of its alerts turn out to be another's."""
    if incident.state == "closed":
        return assessing.closed_already(incident)
    wanted = len(set(command.alerts))
    if not wanted:
        return Refusal(
            "incident.no-alerts", "no alert is named that is to leave",
            f"name alerts of {incident.code} by their ids: tocsin show {incident.code}",
        )  # fmt: skip
    if command.count != wanted:
        return Refusal(
            "incident.unknown-alert",
            f"{wanted - command.count} of these alerts do not belong to {incident.code}",
            f"name alerts of {incident.code} by their ids: tocsin show {incident.code}",
        )
    if command.count >= incident.alerts_total:
        return Refusal(
            "incident.split-all", f"that would leave {incident.code} without any alert",
            "leave one alert in it, or go on with it as it is",
        )  # fmt: skip
    return [
        e.AlertsLeft(
            at=now, by=command.by, via=command.via, why=command.why, count=command.count,
            firing=command.firing, names=command.names, to=command.to,
            alerts=tuple(sorted(set(command.alerts))),
        )
    ]  # fmt: skip


def split_off(
    _plan: Plan, incident: Incident, source: Incident, command: c.Split, now: datetime
) -> list[e.Event]:
    """Return how an incident, just opened for alerts of `source`, begins.

    What only some may read is not shown to others by being split.
    """
    happened: list[e.Event] = [
        e.AlertsCameOver(
            at=now, by=command.by, via=command.via, why=command.why, count=command.count,
            firing=command.firing, names=command.names, of=source.code,
            alerts=tuple(sorted(set(command.alerts))),
        )
    ]  # fmt: skip
    limits = source.restricted
    if limits is not None and incident.restricted is None:
        why = f"so is {source.code}, of which it was a part"
        happened.append(
            e.Restricted(
                at=now, readers=limits.readers, title=limits.title, why=why, line=limits.line
            )
        )
    return happened


def _cannot_merge(incident: Incident, command: c.Merge) -> Refusal | None:
    other = command.other
    if command.into == incident.code or (other is not None and other.number == incident.id):
        return _itself(incident, "merged into")
    if incident.state == "closed":
        return assessing.closed_already(incident)
    if other is None:
        return None
    if other.exercise != incident.exercise:
        real, drill = (incident.code, other.code) if other.exercise else (other.code, incident.code)
        return Refusal(
            "incident.merge-exercise",
            f"{drill} is an exercise and {real} is not: nobody may take one for the other",
            f"link the two: tocsin link {incident.code} {other.code}",
        )
    if other.state == "closed":
        return Refusal(
            "incident.merge-closed", f"{other.code} is closed",
            f"link the two: tocsin link {incident.code} {other.code}; or go on with both",
        )  # fmt: skip
    if other.state == "resolved" and incident.state in PAGEABLE:
        return Refusal(
            "incident.merge-resolved", f"{other.code} is resolved, and {incident.code} is not",
            f"if it is not over: tocsin reopen {other.code}; if it is: "
            f"tocsin resolve {incident.code}",
        )  # fmt: skip
    if incident.absorbed:
        return Refusal(
            "incident.merge-chain",
            f"{', '.join(incident.absorbed)} was merged into {incident.code}",
            f"merge the other way round: tocsin merge {other.code} {incident.code}",
        )
    return _less_confidential(incident, other)


def _less_confidential(incident: Incident, other: c.Other) -> Refusal | None:
    """Refuse to put what only some may read where others read it."""
    limits = incident.restricted
    if limits is None:
        return None
    others: Sequence[str] = other.readers or ()
    if other.readers is not None and set(others) <= set(limits.readers):
        return None
    return Refusal(
        "incident.merge-confidential",
        f"{incident.code} is for {', '.join(limits.readers)} only, and {other.code} is for more",
        f"merge the other way round: tocsin merge {other.code} {incident.code}",
    )


def _linked(
    incident: Incident, code: str, relation: str, command: c.Link, now: datetime
) -> list[e.Event]:
    if any((one.code, one.relation) == (code, relation) for one in incident.links):
        return []
    return [
        e.IncidentLinked(
            at=now, by=command.by, via=command.via, why=command.why, code=code, relation=relation
        )
    ]


def _itself(incident: Incident, what: str) -> Refusal:
    return Refusal(
        "incident.merge-itself" if what == "merged into" else "incident.link-itself",
        f"{incident.code} cannot be {what} itself", "name another incident: tocsin incidents",
    )  # fmt: skip


def _unknown(code: str) -> Refusal:
    return Refusal(
        "incident.unknown", f"there is no incident {code}", "list them: tocsin incidents"
    )
