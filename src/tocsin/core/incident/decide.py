"""What becomes of a command: events, or a refusal that says what to do instead."""

from collections.abc import Callable
from datetime import datetime
from difflib import get_close_matches
from math import isfinite
from typing import Any

from tocsin.core.incident import clocks
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.fold import fold, replay
from tocsin.core.incident.lifecycle import NAMES, PAGEABLE, after, ways_out
from tocsin.core.incident.state import Incident
from tocsin.core.plan.classify import propose
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import FactRule, FactValue, Plan

Decision = list[e.Event] | Refusal


def decide(plan: Plan, incident: Incident | None, command: c.Command, now: datetime) -> Decision:
    """Return what `command` does at `now`; an empty list where it is already so (invariant E2).

    `incident` is None for Open and only for it.
    """
    if isinstance(command, c.Open):
        return _open(plan, command, now)
    if incident is None:
        raise ValueError(f"{command!r} needs an incident")
    return _DECISIONS[type(command)](plan, incident, command, now)


def _open(plan: Plan, command: c.Open, now: datetime) -> Decision:
    for name, value in command.facts.items():
        if refusal := _fact_refused(plan, name, value):
            return refusal
    if command.severity and (refusal := _unknown_severity(plan, command.severity)):
        return refusal
    if command.via != "alert" and (refusal := _unknown_kind(plan, command.incident_kind)):
        return refusal
    severity, why, line = _first_severity(plan, command)
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
    )
    facts = [
        e.FactRecorded(at=now, by=command.by, via=command.via, name=name, value=value)
        for name, value in command.facts.items()
    ]
    return [opened, *facts, *clocks.started_by(plan, severity, "opened", now)]


def _first_severity(plan: Plan, command: c.Open) -> tuple[str, str, int]:
    if command.severity:
        return command.severity, command.why or f"{command.by} said so", command.line
    proposal = propose(plan, command.facts)
    if proposal.severity is not None:
        reasons = " and ".join(criterion.text for criterion in proposal.because)
        return proposal.severity.code, f"criterion: {reasons}", proposal.because[0].line
    otherwise = command.otherwise or plan.alerts.otherwise
    if command.why:
        return otherwise, command.why, command.line
    why = f"no criterion of the plan holds, so it is what the plan assumes otherwise ({otherwise})"
    return otherwise, why, plan.alerts.line


def _alerts_came(plan: Plan, incident: Incident, command: c.AlertsCame, now: datetime) -> Decision:
    happened: list[e.Event] = []
    if incident.state == "resolved":
        again = e.Reopened(at=now, by=command.by, via=command.via, why="its alerts fire again")
        happened += [again, *clocks.restarted(plan, incident, now)]
    happened.append(
        e.AlertsJoined(
            at=now, by=command.by, via=command.via, count=command.count, names=command.names
        )
    )
    current = replay(happened, incident)
    for name, value in command.facts.items():
        known = current.facts.get(name)
        if known is None or known.value != value:
            happened += _fact(plan, current, name, value, command, now)
            current = replay(happened, incident)
    if command.severity:
        why = command.why or "an alert says so"
        happened += _raised(plan, current, command.severity, (why, command.line), now)
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
    if over and plan.alerts.resolve_incident:
        why = "all its alerts are over"
        went += _resolved(plan, incident, c.Resolve(by=command.by, via=command.via, why=why), now)
    return went


def _acknowledge(plan: Plan, incident: Incident, command: c.Acknowledge, now: datetime) -> Decision:
    if incident.state == "acknowledged":
        return []
    if refusal := _not_now(incident, e.Acknowledged):
        return refusal
    acknowledged = e.Acknowledged(at=now, by=command.by, via=command.via, why=command.why)
    return [
        acknowledged,
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
    return _resolved(plan, incident, command, now)


def _resolved(plan: Plan, incident: Incident, command: c.Resolve, now: datetime) -> list[e.Event]:
    resolved = e.Resolved(at=now, by=command.by, via=command.via, why=command.why)
    stopped = clocks.stopped_by(plan, incident, "resolved", now)
    after_it = replay([resolved, *stopped], incident)
    rest = clocks.dropped(after_it.running(), now, "the incident is resolved")
    return [resolved, *stopped, *rest]


def _reopen(plan: Plan, incident: Incident, command: c.Reopen, now: datetime) -> Decision:
    if incident.state in PAGEABLE:
        return []
    if refusal := _not_now(incident, e.Reopened):
        return refusal
    reopened = e.Reopened(at=now, by=command.by, via=command.via, why=command.why)
    return [reopened, *clocks.restarted(plan, incident, now)]


def _close(plan: Plan, incident: Incident, command: c.Close, now: datetime) -> Decision:
    if incident.state == "closed":
        return []
    if refusal := _not_now(incident, e.Closed):
        return refusal
    severity = plan.severity(incident.severity)
    if severity.policy == "required" and not incident.escalated:
        return Refusal(
            "incident.escalation-required",
            f"{incident.code} is {severity.code}, for which the plan requires escalation"
            f" (line {severity.line}), and nobody was escalated to",
            f"call somebody: tocsin escalate {incident.code} RECIPIENT; or correct the severity",
        )
    return [e.Closed(at=now, by=command.by, via=command.via, why=command.why)]


def _note(plan: Plan, incident: Incident, command: c.Note, now: datetime) -> Decision:
    if not command.text.strip():
        return Refusal("incident.empty-note", "the note is empty", "say what you saw or did")
    return [e.Noted(at=now, by=command.by, via=command.via, text=command.text)]


def _record_fact(plan: Plan, incident: Incident, command: c.RecordFact, now: datetime) -> Decision:
    if refusal := _fact_refused(plan, command.name, command.value):
        return refusal
    if incident.state == "closed":
        return _closed_already(incident)
    known = incident.facts.get(command.name)
    if known is not None and (known.value, known.by) == (command.value, command.by):
        return []
    return _fact(plan, incident, command.name, command.value, command, now)


def _fact(
    plan: Plan,
    incident: Incident,
    name: str,
    value: FactValue,
    command: c.Command,
    now: datetime,
) -> list[e.Event]:
    stated = e.FactRecorded(
        at=now, by=command.by, via=command.via, why=command.why, name=name, value=value
    )
    known = incident.facts.get(name)
    if known is not None and known.value == value:
        return [stated]  # Nothing new: an assessment that knew it holds.
    proposal = propose(plan, {**incident.fact_values(), name: value})
    if proposal.severity is None:
        return [stated]
    reasons = " and ".join(criterion.text for criterion in proposal.because)
    because = (f"criterion: {reasons}", proposal.because[0].line)
    return [stated, *_raised(plan, incident, proposal.severity.code, because, now)]


def _raised(
    plan: Plan, incident: Incident, severity: str, because: tuple[str, int], now: datetime
) -> list[e.Event]:
    """Raise the severity if `severity` is worse; only a person lowers it."""
    if incident.state not in PAGEABLE:
        return []
    if plan.severity(severity).rank >= plan.severity(incident.severity).rank:
        return []
    why, line = because
    changed = e.SeverityChanged(
        at=now, severity=severity, was=incident.severity, confirmed=False, why=why, line=line
    )
    return [changed, *clocks.moved_to(plan, fold(incident, changed), severity, now)]


def _set_severity(
    plan: Plan, incident: Incident, command: c.SetSeverity, now: datetime
) -> Decision:
    if refusal := _unknown_severity(plan, command.severity):
        return refusal
    if incident.state == "closed":
        return _closed_already(incident)
    if command.severity == incident.severity and incident.severity_confirmed:
        return []
    changed = e.SeverityChanged(
        at=now,
        by=command.by,
        via=command.via,
        why=command.why or f"{command.by} assessed it",
        severity=command.severity,
        was=incident.severity,
        confirmed=True,
    )
    assessed = [changed, *clocks.stopped_by(plan, incident, "assessed", now)]
    if command.severity == incident.severity or incident.state not in PAGEABLE:
        return assessed
    return [
        *assessed,
        *clocks.moved_to(plan, replay(assessed, incident), command.severity, now),
    ]


def _escalate(plan: Plan, incident: Incident, command: c.Escalate, now: datetime) -> Decision:
    if incident.state not in PAGEABLE:
        return Refusal(
            "incident.nothing-to-escalate",
            f"{incident.code} is {incident.state}",
            f"possible now: {', '.join(ways_out(incident.state)) or 'declare a new incident'}",
        )
    wanted = _level(plan, incident, command.to) or (command.to,)
    known = plan.recipients()
    unknown = [to for to in wanted if to not in known]
    if unknown:
        return Refusal(
            "incident.unknown-recipient",
            f"the plan knows no recipient {unknown[0]!r}",
            _near(unknown[0], sorted(known)),
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


def _take_role(plan: Plan, incident: Incident, command: c.TakeRole, now: datetime) -> Decision:
    if command.role not in plan.roles:
        return Refusal(
            "incident.unknown-role",
            f"the plan knows no role {command.role!r}",
            _near(command.role, sorted(plan.roles)),
        )
    if incident.roles.get(command.role) == command.person:
        return []
    taken = e.RoleTaken(
        at=now,
        by=command.by,
        via=command.via,
        why=command.why,
        line=plan.roles[command.role].line,
        role=command.role,
        person=command.person,
    )
    return [taken, *clocks.assigned(incident, command.role, now)]


def _not_now(incident: Incident, event: type[e.Event]) -> Refusal | None:
    if after(incident.state, event) is not None:
        return None
    possible = ways_out(incident.state)
    return Refusal(
        f"incident.{incident.state}",
        f"{incident.code} is {incident.state}; it is too {_early_or_late(incident)} to"
        f" {NAMES[event]} it",
        f"possible now: {', '.join(possible)}" if possible else "declare a new incident",
    )


def _early_or_late(incident: Incident) -> str:
    return "early" if incident.state in PAGEABLE else "late"


def _closed_already(incident: Incident) -> Refusal:
    return Refusal(
        "incident.closed", f"{incident.code} is closed", "add a note, or declare a new incident"
    )


def _unknown_severity(plan: Plan, code: str) -> Refusal | None:
    codes = [severity.code for severity in plan.severities]
    if code in codes:
        return None
    return Refusal(
        "incident.unknown-severity", f"the plan knows no severity {code!r}", _near(code, codes)
    )


def _unknown_kind(plan: Plan, kind: str) -> Refusal | None:
    if not kind or not plan.kinds or kind in plan.kinds:
        return None
    return Refusal(
        "incident.unknown-kind", f"the plan knows no kind {kind!r}", _near(kind, plan.kinds)
    )


def _fact_refused(plan: Plan, name: str, value: FactValue) -> Refusal | None:
    rule = plan.facts.get(name)
    if rule is None:
        return Refusal(
            "incident.unknown-fact", f"the plan knows no fact {name!r}", _near(name, plan.facts)
        )
    if _fits(rule, value):
        return None
    expected = ", ".join(rule.values) if rule.values else rule.kind
    about = f" ({rule.about})" if rule.about else ""
    return Refusal(
        "incident.fact-value", f"{value!r} is no value of {name}{about}", f"it takes: {expected}"
    )


def _fits(rule: FactRule, value: FactValue) -> bool:
    if rule.kind == "bool":
        return isinstance(value, bool)
    if rule.kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    return isinstance(value, str) and (rule.kind == "text" or value in rule.values)


def _near(word: str, known: Any) -> str:
    close = get_close_matches(word, list(known), n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"it knows: {', '.join(known)}"


_DECISIONS: dict[type[c.Command], Callable[[Plan, Incident, Any, datetime], Decision]] = {
    c.AlertsCame: _alerts_came,
    c.AlertsWent: _alerts_went,
    c.Acknowledge: _acknowledge,
    c.Release: _release,
    c.Resolve: _resolve,
    c.Reopen: _reopen,
    c.Close: _close,
    c.Note: _note,
    c.RecordFact: _record_fact,
    c.SetSeverity: _set_severity,
    c.Escalate: _escalate,
    c.TakeRole: _take_role,
}
