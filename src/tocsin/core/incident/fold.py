"""What events add up to: the incident after each of them. Never looks at a plan or at the time."""

from collections.abc import Callable, Iterable
from typing import Any

from msgspec.structs import replace

from tocsin.core.incident import events as e
from tocsin.core.incident import folds_of_people, folds_of_relations, folds_of_updates
from tocsin.core.incident.lifecycle import State, after
from tocsin.core.incident.state import Clock, Fact, Incident, TaskState, Watching


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
    names = _moments(incident, event)
    folded: Incident = _FOLDS[type(event)](incident, event)
    if folded.escalated and not incident.escalated:
        names = (*names, "escalated")
    return _with_moments(folded, event, names)


def _with_moments(incident: Incident, event: e.Event, names: tuple[str, ...]) -> Incident:
    if not names:
        if incident.changed_at == event.at:
            return incident
        return replace(incident, changed_at=event.at)
    moments = {**incident.moments, **dict.fromkeys(names, event.at)}
    return replace(incident, moments=moments, changed_at=event.at)


def _moments(incident: Incident, event: e.Event) -> tuple[str, ...]:
    """Name what happened as clauses of a plan do, see `Scope.moment`; `incident` is before it."""
    kind = type(event)
    if kind in _MOMENTS:
        return _MOMENTS[kind](event)
    if kind in folds_of_people.FOLDS:
        return folds_of_people.moments(event)
    if kind in folds_of_updates.FOLDS:
        return folds_of_updates.moments(incident, event)
    return folds_of_relations.moments(event)


def _state_entered(event: e.Event) -> tuple[str, ...]:
    return (str(event.__struct_config__.tag),)


def _judged(event: e.SeverityChanged) -> tuple[str, ...]:
    names = (("assessed", event.confirmed), ("raised", event.raised))
    return tuple(name for name, so in names if so)


def _moved_on(event: e.PhaseEntered) -> tuple[str, ...]:
    left = (f"after phase {event.left}",) if event.left else ()
    return (f"phase {event.phase}", *left)


_MOMENTS: dict[type[e.Event], Callable[[Any], tuple[str, ...]]] = {
    e.Acknowledged: _state_entered,
    e.Resolved: _state_entered,
    e.Reopened: _state_entered,
    e.Closed: _state_entered,
    e.AlertsJoined: lambda _event: ("alert",),
    e.SeverityChanged: _judged,
    e.PhaseEntered: _moved_on,
    e.TaskArmed: lambda event: (f"armed {event.task}",),
    e.TaskDone: lambda event: (f"done {event.task}",),
    e.TaskWaived: lambda event: (f"done {event.task}",),
    e.ClockMissed: lambda event: (f"missed {event.clock}",),
    e.Told: lambda event: (f"told {event.to}",),
}


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
        severities_held=(event.severity,),
        plan=event.plan,
        opened_at=event.at,
        escalating_since=event.at,
        group=event.group,
        incident_kind=event.incident_kind,
        channel=event.channel,
        exercise=event.exercise,
        others=event.others,
        changed_at=event.at,
        moments={"opened": event.at},
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
        severities_held=tuple(dict.fromkeys((*incident.severities_held, event.severity))),
        generation=incident.generation + 1,
    )


def _fact_recorded(incident: Incident, event: e.FactRecorded) -> Incident:
    if event.in_doubt:
        return folds_of_people.fact_in_doubt(incident, event)
    known = incident.facts.get(event.name)
    before = None
    if known is not None:
        before = known.value if known.value != event.value else known.before
    fact = Fact(event.value, event.by, event.at, before)
    doubts = {name: doubt for name, doubt in incident.doubts.items() if name != event.name}
    return replace(incident, facts={**incident.facts, event.name: fact}, doubts=doubts)


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
    if event.message == "update":
        return folds_of_updates.sent(incident, event)
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
    if event.message == "update":
        return folds_of_updates.sent(incident, event)
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
        first_acknowledged_at=incident.first_acknowledged_at or event.at,
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
        moments={
            name: at
            for name, at in incident.moments.items()
            if name not in ("resolved", "closed", "stood down")
        },
        watches={},
        false_alarm=False,
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


def _merged(incident: Incident, event: e.MergedInto) -> Incident:
    return replace(folds_of_relations.merged(incident, event), state=_moved(incident, event))


def _task_armed(incident: Incident, event: e.TaskArmed) -> Incident:
    armed = TaskState(state="open", since=event.at)
    return replace(
        incident,
        tasks={**incident.tasks, event.task: armed},
        generation=incident.generation + 1,
    )


def _task_ticked(incident: Incident, event: e.TaskTicked) -> Incident:
    task = incident.tasks[event.task]
    ticked = tuple(dict.fromkeys((*task.ticked, event.member)))
    return replace(incident, tasks={**incident.tasks, event.task: replace(task, ticked=ticked)})


def _task_ended(state: str) -> Callable[[Incident, Any], Incident]:
    def ended(incident: Incident, event: e.TaskDone | e.TaskWaived | e.TaskDropped) -> Incident:
        before = incident.tasks.get(event.task) or TaskState(state="open", since=event.at)
        choice = event.choice if isinstance(event, e.TaskDone) else ""
        after = replace(before, state=state, choice=choice)
        return replace(incident, tasks={**incident.tasks, event.task: after})

    return ended


def _phase_entered(incident: Incident, event: e.PhaseEntered) -> Incident:
    if event.parallel:
        return replace(incident, parallel=(*incident.parallel, event.phase))
    return replace(incident, phase=event.phase, generation=incident.generation + 1)


def _watch_started(incident: Incident, event: e.WatchStarted) -> Incident:
    watching = Watching(since=event.at, until=event.until, failing=event.failing)
    return replace(incident, watches={**incident.watches, event.watch: watching})


def _watch_passed(incident: Incident, event: e.WatchPassed) -> Incident:
    watching = replace(incident.watches[event.watch], passed=True)
    return replace(incident, watches={**incident.watches, event.watch: watching})


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
    **folds_of_people.FOLDS,
    **folds_of_updates.FOLDS,
    **folds_of_relations.FOLDS,
    e.MergedInto: _merged,
    e.TaskArmed: _task_armed,
    e.TaskOrdered: _unchanged,
    e.TaskTicked: _task_ticked,
    e.TaskDone: _task_ended("done"),
    e.TaskWaived: _task_ended("waived"),
    e.TaskDropped: _task_ended("dropped"),
    e.PhaseEntered: _phase_entered,
    e.WatchStarted: _watch_started,
    e.WatchPassed: _watch_passed,
}
