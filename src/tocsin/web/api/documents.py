"""From the engine's values to the API's documents."""

from datetime import datetime
from typing import Any

import msgspec

from tocsin.core.incident.affected import affected, impact_of
from tocsin.core.incident.cadence import stale
from tocsin.core.incident.state import Incident
from tocsin.core.incident.tasks import open_tasks
from tocsin.core.record import Entry
from tocsin.engine.ports import Alert, Delivery
from tocsin.engine.quiet import Spell
from tocsin.web.api import models as m
from tocsin.web.api import room_models as r
from tocsin.web.api.alert_models import AlertDocument, QuietSpell
from tocsin.web.room import Room, Row

_said = msgspec.json.Decoder(dict[str, Any])


def row(found: Row) -> m.IncidentRow:
    """Return an incident as lists show it."""
    return m.IncidentRow(**_row(found))


def incident(room: Room, now: datetime) -> m.IncidentDocument:
    """Return an incident with everything around it."""
    facts = {
        name: m.FactDocument(value=fact.value, by=fact.by, at=fact.at)
        for name, fact in room.incident.facts.items()
    }
    return m.IncidentDocument(
        **_row(room),
        number=room.incident.id,
        plan=room.incident.plan,
        facts=facts,
        clocks=clocks(room),
        ahead=ahead(room),
        phase=room.incident.phase,
        parallel=list(room.incident.parallel),
        watches=watches(room),
        tasks=tasks(room),
        status=room.incident.status,
        updates=updates(room),
        proposals=proposals(room),
        timeline=[timeline_entry(entry) for entry in room.timeline],
        deliveries=[delivery(one) for one in room.deliveries],
        alerts=[alert(one) for one in room.alerts],
        **_beside(room, now),
    )


def _beside(room: Room, now: datetime) -> dict[str, Any]:
    """Return what a document says beside the course; of what is covered only how long it lasts."""
    found, impact = room.incident, impact_of(room.incident, now)
    return {
        "attachments": attached(found),
        "pinned": list(found.pinned),
        "links": [r.LinkDocument(code=one.code, relation=one.relation) for one in found.links],
        "merged_into": found.merged_into,
        "absorbed": list(found.absorbed),
        "affected": [
            r.AffectedDocument(**{**msgspec.structs.asdict(one), "by_way_of": list(one.by_way_of)})
            for one in affected(room.plan, found)
        ],
        "impact": r.ImpactDocument(
            since=impact.since, until=impact.until, seconds=impact.length.total_seconds()
        ),
    }


def attached(incident: Incident) -> list[r.AttachmentDocument]:
    """Return what is known of an incident's files."""
    return [
        r.AttachmentDocument(
            id=one.id, name=one.name, media_type=one.media_type, size=one.size, hash=one.hash,
            by=one.by, at=one.at,
        )
        for one in incident.attachments
    ]  # fmt: skip


def clocks(room: Room) -> list[m.ClockDocument]:
    """Return the incident's clocks, soonest first."""
    return [
        m.ClockDocument(
            name=clock.name,
            due=clock.due,
            state=clock.state,
            started_at=clock.started_at,
            ended_at=clock.ended_at,
            line=clock.line,
        )
        for clock in sorted(room.incident.clocks, key=lambda clock: clock.due)
    ]


def tasks(room: Room) -> list[m.TaskDocument]:
    """Return the tasks that are open, in the order of the plan."""
    due = {clock.name: clock.due for clock in room.incident.running()}
    return [
        m.TaskDocument(
            task=task.id,
            text=task.text,
            group=task.group,
            do=task.do,
            by=task.by,
            since=room.incident.tasks[task.id].since,
            due=due.get(task.id),
            holds=list(task.holds),
            needed=not task.waivable,
            left=[one for one in task.each if one not in room.incident.tasks[task.id].ticked],
            one_of=list(task.one_of),
            records=[one for one in task.records if one not in room.incident.facts],
            answer=task.answer if task.do == "ask" else "",
            audience=task.audience if task.do == "publish" else "",
            line=task.line,
        )
        for task in open_tasks(room.plan, room.incident)
    ]


def watches(room: Room) -> list[m.WatchDocument]:
    """Return the watches that have begun, in the order of the plan."""
    return [
        m.WatchDocument(
            watch=watch.id, since=running.since, until=running.until, passed=running.passed,
            before=watch.before, line=watch.line,
        )
        for watch in room.plan.response.watches
        if (running := room.incident.watches.get(watch.id)) is not None
    ]  # fmt: skip


def updates(room: Room) -> list[m.PublishedDocument]:
    """Return the latest update to each audience."""
    late = stale(room.incident)
    return [
        m.PublishedDocument(
            audience=audience, update=one.update, at=one.at, by=one.by, status=one.status,
            subject=one.subject, text=one.text, next_at=one.next_at, count=one.count,
            stale=audience in late,
        )
        for audience, one in room.incident.updates.items()
    ]  # fmt: skip


def proposals(room: Room) -> list[m.ProposalDocument]:
    """Return the updates that wait for approval."""
    return [
        m.ProposalDocument(
            audience=one.audience, update=update, at=one.at, by=one.by, status=one.status,
            subject=one.subject, text=one.text, approval=list(one.approval),
        )
        for update, one in room.incident.proposals.items()
    ]  # fmt: skip


def ahead(room: Room) -> list[m.AheadDocument]:
    """Return the steps that follow if nothing happens, the alarm after the last one included."""
    steps = [
        m.AheadDocument(
            at=next_.at,
            to=list(next_.step.to),
            do=next_.step.do,
            why=next_.step.why,
            line=next_.step.line,
        )
        for next_ in room.ahead
    ]
    if room.alarm_at is not None:
        rule = room.plan.exhausted
        why = "all steps were taken and nobody has acknowledged"
        alarm = m.AheadDocument(
            at=room.alarm_at, to=list(rule.page), do="alarm", why=why, line=rule.line
        )
        steps.append(alarm)
    return steps


def timeline_entry(entry: Entry) -> m.TimelineEntry:
    """Return one entry with the fields of its kind; what is not known here goes out as it is."""
    said = _said.decode(entry.text)
    return m.TimelineEntry(**{**said, "number": entry.number, "hash": entry.hash.hex()})


def delivery(found: Delivery) -> m.DeliveryDocument:
    """Return a delivery, without the address and the answering link of its person."""
    return m.DeliveryDocument(
        id=found.id,
        incident=found.incident,
        kind=found.kind,
        person=found.person,
        to=found.to,
        channel=found.contact.channel,
        state=found.state,
        attempts=found.attempts,
        due_at=found.due_at,
        sent_at=found.sent_at,
        detail=found.detail,
        subject=found.message.subject,
        short_code=found.message.short_code,
        why=found.message.why,
    )


def alert(found: Alert, quiet: Spell | None = None) -> AlertDocument:
    """Return an alert with what its source said, and with the maintenance that kept it quiet."""
    said = _said.decode(found.text)
    return AlertDocument(
        id=found.id,
        integration=found.integration,
        fingerprint=found.fingerprint.hex(),
        firing=found.firing,
        starts_at=found.starts_at,
        ends_at=found.ends_at,
        disposition=found.disposition,
        incident_number=found.incident_id,
        labels=said.get("labels", {}),
        annotations=said.get("annotations", {}),
        link=said.get("link", ""),
        received_at=found.received_at,
        quiet=None if quiet is None else QuietSpell(
            maintenance=quiet.maintenance, since=quiet.since, until=quiet.until
        ),
    )  # fmt: skip


def _row(found: Row) -> dict[str, Any]:
    incident = found.incident
    return {
        "code": incident.code,
        "title": incident.title,
        "state": incident.state,
        "severity": incident.severity,
        "severity_name": found.severity_name,
        "severity_confirmed": incident.severity_confirmed,
        "severity_why": incident.severity_why,
        "kind": incident.incident_kind,
        "opened_at": incident.opened_at,
        "acknowledged_by": incident.acknowledged_by or None,
        "acknowledged_at": incident.acknowledged_at,
        "resolved_at": incident.resolved_at,
        "closed_at": incident.closed_at,
        "alerts_firing": incident.alerts_firing,
        "alerts_total": incident.alerts_total,
        "roles": dict(incident.roles),
        "holders": dict(incident.holders),
        "mode": incident.mode,
        "false_alarm": incident.false_alarm,
        "restricted": incident.restricted is not None,
        "in_doubt": list(incident.doubts),
        "next_at": found.look_again_at,
        "channel": incident.channel,
        "exercise": incident.exercise,
    }
