"""What events add up to: the incident after each of them. Never looks at a plan or at the time."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from tocsin.core.incident import events as e
from tocsin.core.incident.lifecycle import State, after
from tocsin.core.incident.state import Clock, Fact, Incident


class ImpossibleEvent(ValueError):
    """A timeline that breaks the rules of the lifecycle; it was not written by `decide`."""


def fold(incident: Incident | None, event: e.Event) -> Incident:
    """Return the incident after `event`; raises ImpossibleEvent for one that cannot follow."""
    if isinstance(event, e.Opened):
        if incident is not None:
            raise ImpossibleEvent(f"{incident.code} is opened twice")
        return _opened(event)
    if incident is None:
        raise ImpossibleEvent(f"a timeline begins with {event!r}")
    return _FOLDS[type(event)](incident, event)


def replay(timeline: Iterable[e.Event], start: Incident | None = None) -> Incident:
    """Fold a whole timeline, or the rest of one; raises ImpossibleEvent if it is empty."""
    incident = start
    for event in timeline:
        incident = fold(incident, event)
    if incident is None:
        raise ImpossibleEvent("an empty timeline")
    return incident


def _opened(event: e.Opened) -> Incident:
    return Incident(
        id=event.number,
        code=event.code,
        title=event.title,
        state="open",
        severity=event.severity,
        severity_confirmed=event.confirmed,
        severity_why=event.why,
        plan=event.plan,
        opened_at=event.at,
        escalating_since=event.at,
        group=event.group,
        incident_kind=event.incident_kind,
        channel=event.channel,
        exercise=event.exercise,
    )


def _moved(incident: Incident, event: e.Event) -> State:
    state = after(incident.state, type(event))
    if state is None:
        raise ImpossibleEvent(f"{incident.code} is {incident.state} and cannot be {event!r}")
    return state


def _severity_changed(incident: Incident, event: e.SeverityChanged) -> Incident:
    return replace(
        incident,
        severity=event.severity,
        severity_confirmed=event.confirmed,
        severity_why=event.why,
        generation=incident.generation + 1,
    )


def _fact_recorded(incident: Incident, event: e.FactRecorded) -> Incident:
    fact = Fact(event.value, event.by, event.at)
    return replace(incident, facts={**incident.facts, event.name: fact})


def _alerts_joined(incident: Incident, event: e.AlertsJoined) -> Incident:
    return replace(
        incident,
        alerts_total=incident.alerts_total + event.count,
        alerts_firing=incident.alerts_firing + event.count,
    )


def _alerts_resolved(incident: Incident, event: e.AlertsResolved) -> Incident:
    return replace(incident, alerts_firing=event.still_firing)


def _clock_started(incident: Incident, event: e.ClockStarted) -> Incident:
    clock = Clock(
        name=event.clock,
        started_at=event.started_at,
        due=event.due,
        strict=event.strict,
        state="running",
        line=event.line,
    )
    others = tuple(c for c in incident.clocks if c.name != event.clock)
    return replace(incident, clocks=(*others, clock))


def _clock_ended(state: str) -> Callable[[Incident, Any], Incident]:
    def ended(incident: Incident, event: e.ClockMet | e.ClockMissed | e.ClockDropped) -> Incident:
        clocks = tuple(
            replace(clock, state=state, ended_at=event.at) if clock.name == event.clock else clock
            for clock in incident.clocks
        )
        return replace(incident, clocks=clocks)

    return ended


def _told(incident: Incident, event: e.Told) -> Incident:
    taken = replace(
        _step_taken(incident, event.step),
        asked=tuple(to for to in incident.asked if to != event.to),
    )
    if event.message not in ("page", "alarm"):
        return taken
    beyond = bool(incident.called) and not set(event.people) <= set(incident.called)
    return replace(
        taken,
        last_paged_at=event.at,
        unreached=False,
        called=tuple(dict.fromkeys((*incident.called, *event.people))),
        escalated=incident.escalated or beyond,
    )


def _nobody_reached(incident: Incident, event: e.NobodyReached) -> Incident:
    asked = tuple(to for to in incident.asked if to != event.to)
    unreached = incident.unreached or (event.message == "page" and incident.last_paged_at is None)
    return replace(_step_taken(incident, event.step), asked=asked, unreached=unreached)


def _step_taken(incident: Incident, step: str) -> Incident:
    return replace(incident, told={**incident.told, step: incident.severity})


def _alarmed(incident: Incident, event: e.Alarmed) -> Incident:
    return replace(incident, alarms=event.count, alarmed_at=event.at)


def _escalation_asked(incident: Incident, event: e.EscalationAsked) -> Incident:
    return replace(
        incident,
        asked=(*incident.asked, event.to),
        escalated=True,
        generation=incident.generation + 1,
    )


def _acknowledged(incident: Incident, event: e.Acknowledged) -> Incident:
    return replace(
        incident,
        state=_moved(incident, event),
        generation=incident.generation + 1,
        acknowledged_by=event.by,
        acknowledged_at=event.at,
    )


def _released(incident: Incident, event: e.Released) -> Incident:
    return replace(
        incident,
        state=_moved(incident, event),
        generation=incident.generation + 1,
        acknowledged_by="",
        acknowledged_at=None,
    )


def _resolved(incident: Incident, event: e.Resolved) -> Incident:
    return replace(
        incident,
        state=_moved(incident, event),
        generation=incident.generation + 1,
        resolved_at=event.at,
        asked=(),
    )


def _reopened(incident: Incident, event: e.Reopened) -> Incident:
    return replace(
        incident,
        state=_moved(incident, event),
        generation=incident.generation + 1,
        escalating_since=event.at,
        severity_confirmed=False,
        resolved_at=None,
        acknowledged_by="",
        acknowledged_at=None,
        told={},
        last_paged_at=None,
        unreached=False,
        alarms=0,
        alarmed_at=None,
    )


def _closed(incident: Incident, event: e.Closed) -> Incident:
    return replace(
        incident,
        state=_moved(incident, event),
        generation=incident.generation + 1,
        closed_at=event.at,
    )


def _role_taken(incident: Incident, event: e.RoleTaken) -> Incident:
    return replace(incident, roles={**incident.roles, event.role: event.person})


def _unchanged(incident: Incident, _event: e.Event) -> Incident:
    return incident


_FOLDS: dict[type[e.Event], Callable[[Incident, Any], Incident]] = {
    e.SeverityChanged: _severity_changed,
    e.FactRecorded: _fact_recorded,
    e.AlertsJoined: _alerts_joined,
    e.AlertsResolved: _alerts_resolved,
    e.ClockStarted: _clock_started,
    e.ClockMet: _clock_ended("met"),
    e.ClockMissed: _clock_ended("missed"),
    e.ClockDropped: _clock_ended("dropped"),
    e.Told: _told,
    e.NobodyReached: _nobody_reached,
    e.Alarmed: _alarmed,
    e.EscalationAsked: _escalation_asked,
    e.Delivered: _unchanged,
    e.NotDelivered: _unchanged,
    e.Acknowledged: _acknowledged,
    e.Released: _released,
    e.Resolved: _resolved,
    e.Reopened: _reopened,
    e.Closed: _closed,
    e.Noted: _unchanged,
    e.RoleTaken: _role_taken,
}
