"""What becomes of a command: events, or a refusal that says what to do instead."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from tocsin.core.incident import (
    assessing,
    attaching,
    authority,
    catalogued,
    clocks,
    confidential,
    decisions,
    finance,
    floors,
    modes,
    relations,
    response,
    roles,
    standing_down,
    tasks,
    updates,
)
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.fold import replay
from tocsin.core.incident.lifecycle import NAMES, PAGEABLE, after, ways_out
from tocsin.core.incident.state import Clock, Incident
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.doubt import IN_DOUBT
from tocsin.core.plan.model import Plan

Decision = list[e.Event] | Refusal


def decide(plan: Plan, incident: Incident | None, command: c.Command, now: datetime) -> Decision:
    """Return what `command` does at `now`; an empty list where it is already so (invariant E2).

    `incident` is None for Open and only for it.
    """
    command = _in_the_plans_words(plan, command)
    if refusal := authority.refused(plan, incident, command):
        return refusal
    if isinstance(command, c.Open):
        return _open(plan, command, now)
    if incident is None:
        raise ValueError(f"{command!r} needs an incident")
    decision: Decision = _DECISIONS[type(command)](plan, incident, command, now)
    if isinstance(decision, Refusal) or not decision:
        return decision
    permission = authority.permitted(plan, incident, command, now)
    return list(permission.before) if permission.waits else [*permission.before, *decision]


def _in_the_plans_words(plan: Plan, command: c.Command) -> c.Command:
    """Severities may be given by name or alias, and facts as in doubt."""
    if isinstance(command, c.RecordFact) and command.value == IN_DOUBT:
        return replace(command, in_doubt=True)
    if isinstance(command, c.Open) and IN_DOUBT in command.facts.values():
        known = {name: value for name, value in command.facts.items() if value != IN_DOUBT}
        doubted = tuple(name for name in command.facts if name not in known)
        command = replace(command, facts=known, in_doubt=(*command.in_doubt, *doubted))
    if isinstance(command, c.Open | c.SetSeverity | c.Acknowledge) and command.severity:
        return replace(command, severity=plan.named(command.severity))
    return command


def _open(plan: Plan, command: c.Open, now: datetime) -> Decision:
    for name in command.in_doubt:
        if refusal := assessing.unknown_fact(plan, name):
            return refusal
    wrong = assessing.wrong_facts(plan, command.facts)
    if wrong and command.via != "alert":
        return next(iter(wrong.values()))
    if wrong:
        # An alert is never refused: nobody would hear of it.
        fine = {name: value for name, value in command.facts.items() if name not in wrong}
        command = replace(command, facts=fine)
    if command.severity and (refusal := assessing.unknown_severity(plan, command.severity)):
        return refusal
    if command.via != "alert" and (refusal := _unknown_kind(plan, command.incident_kind)):
        return refusal
    outside = catalogued.not_covered(plan, command, now)
    if isinstance(outside, Refusal):
        return outside
    costs = finance.following(plan, command.facts, tuple(command.facts), now)
    known = {**command.facts, **{cost.name: cost.value for cost in costs}}
    told = replace(command, facts=known)
    severity, why, line = floors.first(plan, told, assessing.first_severity(plan, told))
    opened = e.Opened(
        at=now,
        by=command.by,
        via=command.via,
        why=why,
        line=line,
        number=command.number,
        code=command.code,
        title=command.title,
        severity=severity,
        plan=plan.version,
        group=command.group,
        incident_kind=command.incident_kind,
        channel=command.channel,
        exercise=command.exercise,
        others=command.others,
    )
    facts = _stated(command, now)
    facts += [*catalogued.following(plan, command.facts, {}, now), *costs, *outside]
    facts += [
        e.Noted(at=now, why="the alert says what the plan cannot take", text=refusal.reason)
        for refusal in wrong.values()
    ]
    begun = response.begun(plan, command, now)
    return [opened, *facts, *clocks.started_by(plan, severity, "opened", now), *begun]


def _stated(command: c.Open, now: datetime) -> list[e.Event]:
    """Return what is said of the incident when it is opened: facts, and what is in doubt."""
    by, via = command.by, command.via
    facts: list[e.Event] = [
        e.FactRecorded(at=now, by=by, via=via, name=name, value=value)
        for name, value in command.facts.items()
    ]
    doubts = [
        e.FactRecorded(at=now, by=by, via=via, name=name, value=IN_DOUBT, in_doubt=True)
        for name in command.in_doubt
    ]
    return [*facts, *doubts]


def _alerts_came(plan: Plan, incident: Incident, command: c.AlertsCame, now: datetime) -> Decision:
    happened: list[e.Event] = []
    if incident.state == "resolved":
        again = e.Reopened(at=now, by=command.by, via=command.via, why="its alerts fire again")
        happened += [again, *clocks.restarted(plan, incident, now)]
        happened += tasks.reopened(plan, incident, now)
    happened.append(
        e.AlertsJoined(
            at=now,
            by=command.by,
            via=command.via,
            why=command.quiet,
            count=command.count,
            names=command.names,
        )
    )
    current = replay(happened, incident)
    for name, value in command.facts.items():
        known = current.facts.get(name)
        if known is None or known.value != value:
            happened += assessing.fact_stated(plan, current, name, value, command, now)
            current = replay(happened, incident)
    # The rules of a newer plan may name a severity that the incident's own plan does not have.
    if any(severity.code == command.severity for severity in plan.severities):
        why = command.why or "an alert says so"
        happened += assessing.raised_to(plan, current, command.severity, (why, command.line), now)
    return happened


def _alerts_went(plan: Plan, incident: Incident, command: c.AlertsWent, now: datetime) -> Decision:
    still_firing = max(0, incident.alerts_firing - command.count)
    went: list[e.Event] = [
        e.AlertsResolved(
            at=now,
            by=command.by,
            via=command.via,
            count=command.count,
            still_firing=still_firing,
        )
    ]
    over = still_firing == 0 and incident.group and incident.state in PAGEABLE
    free = response.held_up(plan, incident, "resolve", now) is None
    if over and free and plan.alerts.resolve_incident:
        why = "all its alerts are over"
        went += _resolved(plan, incident, c.Resolve(by=command.by, via=command.via, why=why), now)
    return went


def _acknowledge(plan: Plan, incident: Incident, command: c.Acknowledge, now: datetime) -> Decision:
    if incident.state == "acknowledged":
        return []
    if refusal := _not_now(incident, e.Acknowledged):
        return refusal
    assessed: list[e.Event] = []
    if command.severity:
        assessment = c.SetSeverity(
            by=command.by, via=command.via, why=command.why, standing=command.standing,
            severity=command.severity,
        )  # fmt: skip
        outcome = assessing.set_severity(plan, incident, assessment, now)
        if isinstance(outcome, Refusal):
            return outcome
        assessed = outcome
        incident = replay(assessed, incident) if assessed else incident
    acknowledged = e.Acknowledged(at=now, by=command.by, via=command.via, why=command.why)
    return [
        *assessed,
        acknowledged,
        *roles.by_acknowledging(plan, incident, command, now),
        *clocks.stopped_by(plan, incident, "acknowledged", now),
        *clocks.started_by(plan, incident.severity, "acknowledged", now),
    ]


def _release(plan: Plan, incident: Incident, command: c.Release, now: datetime) -> Decision:
    if incident.state == "open":
        return []
    if refusal := _not_now(incident, e.Released):
        return refusal
    return [e.Released(at=now, by=command.by, via=command.via, why=command.why)]


def _resolve(plan: Plan, incident: Incident, command: c.Resolve, now: datetime) -> Decision:
    if incident.state in ("resolved", "closed"):
        return []
    if refusal := response.held_up(plan, incident, "resolve", now):
        return refusal
    return _resolved(plan, incident, command, now)


def _resolved(plan: Plan, incident: Incident, command: c.Resolve, now: datetime) -> list[e.Event]:
    resolved = e.Resolved(at=now, by=command.by, via=command.via, why=command.why)
    stopped = clocks.stopped_by(plan, incident, "resolved", now)
    after_it = replay([resolved, *stopped], incident)
    alarms = [clock for clock in after_it.running() if _ends_with_the_trouble(after_it, clock)]
    rest = clocks.dropped(alarms, now, "the incident is resolved")
    return [resolved, *stopped, *rest]


def _ends_with_the_trouble(incident: Incident, clock: Clock) -> bool:
    """Clocks of tasks and phases go on after it: a report is still due."""
    return clock.name not in incident.tasks and not clock.name.startswith(
        ("phase ", "enter ", "update ")
    )


def _reopen(plan: Plan, incident: Incident, command: c.Reopen, now: datetime) -> Decision:
    if incident.state in PAGEABLE:
        return []
    if refusal := _not_now(incident, e.Reopened):
        return refusal
    reopened = e.Reopened(at=now, by=command.by, via=command.via, why=command.why)
    taken_back = tasks.reopened(plan, incident, now)
    return [reopened, *clocks.restarted(plan, incident, now), *taken_back]


def _close(plan: Plan, incident: Incident, command: c.Close, now: datetime) -> Decision:
    if incident.state == "closed":
        return []
    if refusal := _not_now(incident, e.Closed):
        return refusal
    severity = plan.severity(incident.severity)
    if severity.policy == "required" and not incident.escalated and not incident.false_alarm:
        return Refusal(
            "incident.escalation-required",
            f"{incident.code} is {severity.code}, for which the plan requires escalation"
            f" (line {severity.line}), and nobody was escalated to",
            f"call somebody: tocsin escalate {incident.code} RECIPIENT; or correct the severity",
        )
    if refusal := response.held_up(plan, incident, "close", now):
        return refusal
    untold = updates.closing(plan, incident, now)
    if isinstance(untold, Refusal):
        return untold
    unheeded = _unheeded(plan, incident, now)
    return [*untold, *unheeded, e.Closed(at=now, by=command.by, via=command.via, why=command.why)]


def _unheeded(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Note on the record that an escalation was recommended and nobody was escalated to."""
    severity = plan.severity(incident.severity)
    if severity.policy != "recommended" or incident.escalated or incident.false_alarm:
        return []
    text = f"escalation is recommended at {severity.code}, and nobody was escalated to"
    return [e.Noted(at=now, text=text, line=severity.line)]


def _note(plan: Plan, incident: Incident, command: c.Note, now: datetime) -> Decision:
    if not command.text.strip():
        return Refusal("incident.empty-note", "the note is empty", "say what you saw or did")
    return [e.Noted(at=now, by=command.by, via=command.via, text=command.text)]


def _escalate(plan: Plan, incident: Incident, command: c.Escalate, now: datetime) -> Decision:
    if incident.state not in PAGEABLE:
        return Refusal(
            "incident.nothing-to-escalate",
            f"{incident.code} is {incident.state}",
            f"possible now: {', '.join(ways_out(incident.state)) or 'declare a new incident'}",
        )
    severity = plan.severity(incident.severity)
    if severity.policy == "not required" and not command.why.strip():
        return Refusal(
            "incident.reason-missing",
            f"escalation is not required at {severity.code} (line {severity.line})",
            f"say why somebody is called all the same: tocsin escalate {incident.code}"
            f" {command.to} --why REASON",
        )
    wanted = _level(plan, incident, command.to) or (command.to,)
    known = plan.recipients()
    unknown = [to for to in wanted if to not in known]
    if unknown:
        return Refusal(
            "incident.unknown-recipient",
            f"the plan knows no recipient {unknown[0]!r}",
            assessing.nearest(unknown[0], sorted(known)),
        )
    if refusal := _not_called_for(plan, incident, wanted):
        return refusal
    return [
        e.EscalationAsked(at=now, by=command.by, via=command.via, why=command.why, to=to)
        for to in wanted
        if to not in incident.asked
    ]


def _not_called_for(plan: Plan, incident: Incident, wanted: tuple[str, ...]) -> Refusal | None:
    """Refuse a recipient whom the plan calls under a condition only, while it does not hold."""
    facts = incident.fact_values()
    for to in wanted:
        steps = [step for step in plan.steps[incident.severity] if to in step.to]
        unmet = [step for step in steps if step.when and not holds(step.when, facts)]
        if unmet and len(unmet) == len(steps):
            return Refusal(
                "incident.not-called-for",
                f"the plan calls {to} only if {unmet[0].when} (line {unmet[0].line})",
                f"if that is so, state it: tocsin fact {incident.code} NAME=VALUE",
            )
    return None


def _level(plan: Plan, incident: Incident, text: str) -> tuple[str, ...]:
    word, _, number = text.partition(" ")
    if word != "level" or not number.isdigit():
        return ()
    steps = plan.steps[incident.severity]
    return tuple(to for step in steps if step.level == int(number) for to in step.to)


def _not_now(incident: Incident, event: type[e.Event]) -> Refusal | None:
    if after(incident.state, event) is not None:
        return None
    possible = ways_out(incident.state)
    return Refusal(
        f"incident.{incident.state}",
        f"{incident.code} is {incident.state}; it is too {_early_or_late(incident)} to"
        f" {NAMES[event]} it",
        _go_on(incident, possible),
    )


def _go_on(incident: Incident, possible: tuple[str, ...]) -> str:
    if incident.merged_into:
        return f"it is the same as {incident.merged_into}: go on there"
    return f"possible now: {', '.join(possible)}" if possible else "declare a new incident"


def _early_or_late(incident: Incident) -> str:
    return "early" if incident.state in PAGEABLE else "late"


def _unknown_kind(plan: Plan, kind: str) -> Refusal | None:
    if not kind or not plan.kinds or kind in plan.kinds:
        return None
    return Refusal(
        "incident.unknown-kind",
        f"the plan knows no kind {kind!r}",
        assessing.nearest(kind, plan.kinds),
    )


_DECISIONS: dict[type[c.Command], Callable[[Plan, Incident, Any, datetime], Decision]] = {
    c.AlertsCame: _alerts_came,
    c.AlertsWent: _alerts_went,
    c.Acknowledge: _acknowledge,
    c.Release: _release,
    c.Resolve: _resolve,
    c.Reopen: _reopen,
    c.Close: _close,
    c.Note: _note,
    c.RecordFact: assessing.record_fact,
    c.SetSeverity: assessing.set_severity,
    c.Escalate: _escalate,
    c.TakeRole: roles.take,
    c.HandOver: roles.hand_over,
    c.LeaveRole: roles.leave,
    c.Shadow: roles.shadow,
    c.StandDown: standing_down.stand_down,
    c.SetMode: modes.set_mode,
    c.TakeDecision: decisions.take_decision,
    c.BreakGlass: confidential.break_glass,
    c.Tick: response.tick,
    c.Waive: response.waive,
    c.EnterPhase: response.enter_phase,
    c.Publish: updates.publish,
    c.Approve: updates.approve,
    c.Withdraw: updates.withdraw,
    c.Attach: attaching.attach,
    c.Pin: attaching.pin,
    c.Unpin: attaching.unpin,
    c.Link: relations.link,
    c.Merge: relations.merge,
    c.Split: relations.split,
}
