"""The clocks that run on an incident: what starts them, what stops them, when they are missed."""

from collections.abc import Iterable
from datetime import datetime

from tocsin.core.calendars import due_at
from tocsin.core.incident import events as e
from tocsin.core.incident.state import Clock, Incident
from tocsin.core.plan.model import ClockRule, Plan, StartsAt, StopsAt, Target
from tocsin.core.times import Within, words

STARTED = frozenset({"opened", "acknowledged"})
STOPPED = frozenset({"acknowledged", "assessed", "assigned", "resolved"})
"""Moments whose clocks are started, or stopped, together with the command that brings them."""


def started_by(plan: Plan, severity: str, starts_at: StartsAt, now: datetime) -> list[e.Event]:
    """Return the clocks that the event `starts_at` sets running at `severity`, as of `now`."""
    return [
        event
        for target, rule in _targets(plan, severity)
        if rule.starts_at == starts_at and (event := _start(plan, target, rule, now, now))
    ]


def stopped_by(plan: Plan, incident: Incident, stops_at: StopsAt, now: datetime) -> list[e.Event]:
    """Return what becomes of the running clocks that the event `stops_at` stops at `now`."""
    return [
        _stop(clock, now)
        for clock in incident.running()
        if (rule := plan.clocks.get(clock.name)) is not None and rule.stops_at == stops_at
    ]


def stopped(incident: Incident, name: str, now: datetime) -> list[e.Event]:
    """Return what becomes of the running clock `name`, if there is one, that ends at `now`."""
    return [_stop(clock, now) for clock in incident.running() if clock.name == name]


def by_moments(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the clocks that named moments of the incident have started or stopped.

    Those of `STARTED` and `STOPPED` are handled by the commands that cause them; this is for all
    other moments that a clock may name.
    """
    of_severity = plan.severity(incident.severity).targets
    named = [
        (target, rule)
        for target in of_severity
        if (rule := plan.clocks[target.clock]).starts_at not in STARTED
        or rule.stops_at not in STOPPED
    ]
    if not named:
        return []
    happened: list[e.Event] = []
    known = {clock.name: clock for clock in incident.clocks}
    for target, rule in named:
        clock, start = known.get(rule.name), incident.moments.get(rule.starts_at)
        new = start is not None and (clock is None or clock.started_at < start)
        if new and rule.starts_at not in STARTED and start is not None:
            if event := _start(plan, target, rule, start, now):
                happened.append(event)
            continue
        stop = incident.moments.get(rule.stops_at)
        if clock is None or clock.state != "running" or rule.stops_at in STOPPED:
            continue
        if stop is not None and stop >= clock.started_at:
            happened.append(_stop(clock, stop))
    return happened


def dropped(clocks: Iterable[Clock], now: datetime, why: str) -> list[e.Event]:
    """Return the end of clocks that have nothing left to wait for.

    One whose time is over already is missed all the same, if nobody has looked until now.
    """
    return [
        _missed(clock, now)
        if clock.due < now
        else e.ClockDropped(at=now, clock=clock.name, why=why, line=clock.line)
        for clock in clocks
    ]


def missed(incident: Incident, now: datetime) -> list[e.Event]:
    """Return the running clocks whose time is over at `now`."""
    return [_missed(clock, now) for clock in incident.running() if clock.due <= now]


def _missed(clock: Clock, now: datetime) -> e.Event:
    why = f"{clock.name} was due"
    return e.ClockMissed(at=now, clock=clock.name, due=clock.due, why=why, line=clock.line)


def moved_to(plan: Plan, incident: Incident, severity: str, now: datetime) -> list[e.Event]:
    """Return how the clocks change when the incident becomes `severity`.

    What was met or missed stays so. A running clock gets the new limit from its own start, and
    may be missed at once; one without a limit at the new level is dropped.
    """
    targets = {target.clock: (target, rule) for target, rule in _targets(plan, severity)}
    by_name = {clock.name: clock for clock in incident.clocks}
    changes = dropped(
        (
            clock
            for clock in incident.running()
            if clock.name not in targets and _is_of_severity(plan, clock)
        ),
        now,
        f"{severity} has no such limit",
    )
    for name, (target, rule) in targets.items():
        clock = by_name.get(name)
        if clock is not None and clock.state in ("met", "missed"):
            continue
        start = clock.started_at if clock is not None else _started(incident, rule)
        if start is None or _stopped(incident, rule):
            continue
        if event := _start(plan, target, rule, start, now):
            changes.append(event)
        elif clock is not None and clock.state == "running":
            changes += dropped([clock], now, f"{severity} has no such limit")
    return changes


def restarted(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the clocks that run anew on an incident that was reopened at `now`."""
    held = {_assigning(role) for role in incident.roles}
    started = started_by(plan, incident.severity, "opened", now)
    return [ev for ev in started if not (isinstance(ev, e.ClockStarted) and ev.clock in held)]


def to_be_assigned(plan: Plan, incident: Incident, role: str, now: datetime) -> list[e.Event]:
    """Return the clock that waits anew for somebody to take `role`, which was left."""
    return [
        event
        for target, rule in _targets(plan, incident.severity)
        if target.clock == _assigning(role) and (event := _start(plan, target, rule, now, now))
    ]


def _is_of_severity(plan: Plan, clock: Clock) -> bool:
    """Clocks of tasks, phases and reliefs do not depend on the severity once they run."""
    return clock.name in plan.clocks or clock.name.startswith(_assigning(""))


def assigned(incident: Incident, role: str, now: datetime) -> list[e.Event]:
    """Return what becomes of the clock that waits for somebody to take `role`."""
    return [_stop(clock, now) for clock in incident.running() if clock.name == _assigning(role)]


def _targets(plan: Plan, severity: str) -> list[tuple[Target, ClockRule]]:
    of_severity = [
        (target, plan.clocks[target.clock]) for target in plan.severity(severity).targets
    ]
    of_roles = [
        (
            Target(_assigning(role.id), role.assign_within, role.line),
            ClockRule(_assigning(role.id), "opened", "assigned", role.line),
        )
        for role in plan.roles.values()
        if role.assign_within is not None
        and (not role.required_for or severity in role.required_for)
    ]
    return of_severity + of_roles


def _assigning(role: str) -> str:
    """Name the clock of a role: what must be done while it runs."""
    return f"assign {role}"


def _start(
    plan: Plan, target: Target, rule: ClockRule, start: datetime, now: datetime
) -> e.ClockStarted | None:
    due = due_at(target.within, start, plan.calendars)
    if due is None:
        return None
    return e.ClockStarted(
        at=now,
        clock=rule.name,
        started_at=start,
        due=due,
        strict=isinstance(target.within, Within) and target.within.strict,
        why=f"{rule.name} {words(target.within)}",
        line=target.line,
    )


def _stop(clock: Clock, now: datetime) -> e.Event:
    in_time = now < clock.due or (now == clock.due and not clock.strict)
    if in_time:
        return e.ClockMet(at=now, clock=clock.name, line=clock.line)
    why = f"{clock.name} came too late"
    return e.ClockMissed(at=now, clock=clock.name, due=clock.due, why=why, line=clock.line)


def _started(incident: Incident, rule: ClockRule) -> datetime | None:
    if rule.starts_at == "acknowledged":
        return incident.acknowledged_at
    if rule.starts_at != "opened":
        return incident.moments.get(rule.starts_at)
    return incident.escalating_since


def _stopped(incident: Incident, rule: ClockRule) -> bool:
    happened = {
        "assigned": any(rule.name == _assigning(role) for role in incident.roles),
        "acknowledged": incident.state != "open",
        "assessed": incident.severity_confirmed,
        "resolved": incident.state in ("resolved", "closed"),
    }
    return happened.get(rule.stops_at, rule.stops_at in incident.moments)
