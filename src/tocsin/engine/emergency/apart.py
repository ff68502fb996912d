"""Two histories of one incident, put together: what was done in either place counts.

The incident ends up as far along as the further one: an acknowledgement in either place stops
paging, the worse severity holds, and who was called there is not called again for the same step
(invariant H5). What has no such effect is told as something that happened elsewhere. Each line of
the other history becomes at least one line here: so no number of a page is given out twice.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from tocsin.core.emergency import Emergency
from tocsin.core.incident import assessing, relations
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.fold import replay
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.engine.intake import NAMES_SHOWN
from tocsin.engine.ports import Alert, Kept
from tocsin.engine.sorting import signal_of
from tocsin.engine.world import World

VIA = "emergency"


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal says of an incident that others went on with; `final` is how it ends there."""

    emergency: Emergency
    events: tuple[e.Event, ...]
    texts: tuple[str, ...]
    final: Incident


def told_here(world: World, incident: Incident, history: History, now: datetime) -> list[e.Event]:
    """Return what the other history means to an incident that has its own."""
    plan = world.rules.plan_of(incident.plan)
    happened: list[e.Event] = []
    for event, text in zip(history.events, history.texts, strict=True):
        meant = _meant(world, plan, incident, _From(history, event, now))
        if not meant:
            meant = [elsewhere(history.emergency, event, text, now)]
        happened += meant
        incident = replay(meant, incident)
    return happened


def same_as(
    world: World, incident: Incident, other: Kept, now: datetime
) -> Sequence[e.Event] | None:
    """Return how an incident ends that turns out to be `other`; None where it can't be."""
    plan = world.rules.plan_of(incident.plan)
    decision = relations.merge(plan, incident, _merging(other.incident), now)
    return None if isinstance(decision, Refusal) else decision


def taken_over(world: World, other: Incident, gone: Incident, now: datetime) -> list[e.Event]:
    """Return what it is to `other` that `gone` turns out to be the same.

    The alerts of `gone` come in by themselves. Whoever acknowledged it has acknowledged `other`.
    """
    plan = world.rules.plan_of(other.plan)
    without_alerts = replace(gone, alerts_total=0, alerts_firing=0)
    happened = relations.absorbed(plan, other, without_alerts, _merging(other), now)
    if gone.state == "acknowledged" and other.state == "open":
        command = c.Acknowledge(
            by=gone.acknowledged_by, via=VIA, why=f"{gone.code}, which is the same, has it"
        )
        happened += _decided(world, plan, replay(happened, other), command, now)
    return happened


def alerts_went(plan: Plan, incident: Incident, count: int, now: datetime) -> list[e.Event]:
    """Return what it is to an incident that alerts of it were over before it was brought back."""
    decision = decide(plan, incident, c.AlertsWent(by="alerts", via=VIA, count=count), now)
    return [] if isinstance(decision, Refusal) else decision


def joined_when_over(incident: Incident, count: int, now: datetime) -> list[e.Event]:
    """Return what it is to an incident that so many alerts of it were over when they came in."""
    if not count:
        return []
    why = "over before it was brought back"
    return [
        e.AlertsJoined(at=now, by="alerts", via=VIA, why=why, count=count, names=()),
        e.AlertsResolved(
            at=now, by="alerts", via=VIA, count=count, still_firing=incident.alerts_firing
        ),
    ]


def alerts_left(gone: Sequence[Alert], to: Incident, now: datetime) -> e.AlertsLeft:
    """Return what it is to an incident that is over that its alerts have another one by now."""
    return e.AlertsLeft(
        at=now,
        via=VIA,
        why="they fire on although it was resolved",
        count=len(gone),
        firing=sum(alert.firing for alert in gone),
        names=tuple(dict.fromkeys(signal_of(alert).name for alert in gone))[:NAMES_SHOWN],
        to=to.code,
        alerts=tuple(sorted(alert.id for alert in gone)),
    )


class _From(msgspec.Struct, frozen=True):
    """One event of the other history, and when it is told here."""

    history: History
    event: Any
    now: datetime

    @property
    def why(self) -> str:
        """Its reason, and where it comes from."""
        at = f"{self.event.at:%Y-%m-%d %H:%M:%S} UTC"
        where = f"in emergency mode on {self.history.emergency.node} at {at}"
        return f"{self.event.why} ({where})" if self.event.why else where

    def copy(self) -> list[e.Event]:
        """Return the event as it happens here."""
        return [replace(self.event, at=self.now, why=self.why)]


def _meant(world: World, plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    effect = _EFFECTS.get(type(told.event))
    return effect(world, plan, incident, told) if effect is not None else []


def _acknowledged(world: World, plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    if incident.state != "open" or told.history.final.state == "open":
        return []
    command = c.Acknowledge(by=told.event.by, via=told.event.via, why=told.why)
    return _decided(world, plan, incident, command, told.now) or told.copy()


def _resolved(world: World, plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    # That all alerts are over shows when they come in; only what a person says counts here.
    is_said = told.event.by in world.rules.organisation.people
    if incident.state not in PAGEABLE or told.history.final.state in PAGEABLE or not is_said:
        return []
    command = c.Resolve(by=told.event.by, via=told.event.via, why=told.why)
    return _decided(world, plan, incident, command, told.now)


def _fact(world: World, plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    event = told.event
    known = incident.facts.get(event.name)
    if known is not None and (known.at > event.at or known.value == event.value):
        return []
    command = c.RecordFact(
        by=event.by, via=event.via, why=told.why, name=event.name, value=event.value,
        in_doubt=event.in_doubt,
    )  # fmt: skip
    return _decided(world, plan, incident, command, told.now)


def _severity(_world: World, plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    if not any(one.code == told.event.severity for one in plan.severities):
        return []
    because = told.why, told.event.line
    return assessing.raised_to(plan, incident, told.event.severity, because, told.now)


def _told(_world: World, _plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    """A step that was taken there is taken; its messages are known by their ids."""
    event = told.event
    if event.message == "update" or incident.state not in PAGEABLE or event.step in incident.told:
        return []
    return told.copy()


def _asked(world: World, plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    if told.event.to in incident.asked or told.event.to not in told.history.final.asked:
        return []
    command = c.Escalate(by=told.event.by, via=told.event.via, why=told.why, to=told.event.to)
    return _decided(world, plan, incident, command, told.now)


def _noted(_world: World, _plan: Plan, _incident: Incident, told: _From) -> list[e.Event]:
    return told.copy()


def _role(world: World, plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    event = told.event
    if incident.holders.get(event.role):
        return []
    command = c.TakeRole(
        by=event.by, via=event.via, why=told.why, role=event.role, person=event.person
    )
    return _decided(world, plan, incident, command, told.now)


def _task(_world: World, _plan: Plan, incident: Incident, told: _From) -> list[e.Event]:
    task = incident.tasks.get(told.event.task)
    return told.copy() if task is not None and task.state == "open" else []


_EFFECTS: dict[type[e.Event], Callable[[World, Plan, Incident, _From], list[e.Event]]] = {
    e.Acknowledged: _acknowledged,
    e.Resolved: _resolved,
    e.FactRecorded: _fact,
    e.SeverityChanged: _severity,
    e.Told: _told,
    e.EscalationAsked: _asked,
    e.Noted: _noted,
    e.RoleTaken: _role,
    e.RoleHandedOver: _role,
    e.TaskDone: _task,
    e.TaskTicked: _task,
    e.TaskWaived: _task,
}


def elsewhere(emergency: Emergency, event: e.Event, text: str, now: datetime) -> e.HappenedApart:
    return e.HappenedApart(
        at=now,
        via=VIA,
        node=emergency.node,
        happened_at=event.at,
        what=str(event.__struct_config__.tag),
        who=event.by,
        text=text,
    )


def _decided(
    world: World, plan: Plan, incident: Incident, command: c.Command, now: datetime
) -> list[e.Event]:
    """Return what becomes of a command; nothing where it is refused, or was so already."""
    decision = decide(plan, incident, placed(world.rules.organisation, command, now), now)
    return [] if isinstance(decision, Refusal) else decision


def _merging(other: Incident) -> c.Merge:
    return c.Merge(
        by=e.BY_PLAN,
        via=VIA,
        why="the same alerts opened it on a node in emergency mode",
        into=other.code,
        other=c.Other(
            code=other.code,
            number=other.id,
            state=other.state,
            readers=other.restricted.readers if other.restricted is not None else None,
            exercise=other.exercise,
        ),
    )
