"""What is known of an incident and how bad it is: facts, doubts, severities, and their refusals."""

from collections.abc import Mapping
from datetime import datetime
from difflib import get_close_matches
from typing import Any

from tocsin.core.incident import answers, catalogued, clocks, finance, floors
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.fold import fold, replay
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.plan.classify import propose
from tocsin.core.plan.doubt import IN_DOUBT
from tocsin.core.plan.model import LARGEST, FactRule, FactValue, Plan

Decision = list[e.Event] | Refusal


def first_severity(plan: Plan, command: c.Open) -> tuple[str, str, int]:
    """Return (code, why, line) of the severity to open with, before any floor."""
    if command.severity:
        return command.severity, command.why or f"{command.by} said so", command.line
    proposal = propose(plan, command.facts, command.in_doubt)
    if proposal.severity is not None:
        return proposal.severity.code, proposal.why, proposal.because[0].line
    otherwise = command.otherwise or plan.alerts.otherwise
    if command.why:
        return otherwise, command.why, command.line
    why = f"no criterion of the plan holds, so it is what the plan assumes otherwise ({otherwise})"
    return otherwise, why, plan.alerts.line


def record_fact(plan: Plan, incident: Incident, command: c.RecordFact, now: datetime) -> Decision:
    """Return what it does that somebody states a fact, or that it is in doubt."""
    wrong = (
        unknown_fact(plan, command.name)
        if command.in_doubt
        else fact_refused(plan, command.name, command.value)
    )
    if wrong is not None:
        return wrong
    if incident.state == "closed":
        return closed_already(incident)
    if command.in_doubt:
        return _doubted(plan, incident, command, now)
    known = incident.facts.get(command.name)
    if known is not None and (known.value, known.by) == (command.value, command.by):
        return []
    return fact_stated(plan, incident, command.name, command.value, command, now)


def _doubted(plan: Plan, incident: Incident, command: c.RecordFact, now: datetime) -> Decision:
    if command.name in incident.doubts:
        return []
    doubted = e.FactRecorded(
        at=now, by=command.by, via=command.via, why=command.why, name=command.name, value=IN_DOUBT,
        in_doubt=True,
    )  # fmt: skip
    doubts = (*incident.doubts, command.name)
    return [doubted, *_proposed(plan, incident, incident.fact_values(), doubts, now)]


def _proposed(
    plan: Plan, incident: Incident, facts: dict[str, FactValue], doubts: tuple[str, ...],
    now: datetime,
) -> list[e.Event]:  # fmt: skip
    proposal = propose(plan, facts, doubts)
    if proposal.severity is None or proposal.excluded:
        return []
    because = (proposal.why, proposal.because[0].line)
    return raised_to(plan, incident, proposal.severity.code, because, now)


def fact_stated(
    plan: Plan,
    incident: Incident,
    name: str,
    value: FactValue,
    command: c.Command,
    now: datetime,
) -> list[e.Event]:
    """Return what follows from a fact of the plan: it, its figures, a worse severity."""
    stated = e.FactRecorded(
        at=now, by=command.by, via=command.via, why=command.why, name=name, value=value
    )
    known = incident.facts.get(name)
    if known is not None and known.value == value:
        return [stated]  # Nothing new: an assessment that knew it holds.
    before = incident.fact_values()
    costs = finance.following(plan, {**before, name: value}, (name,), now)
    facts: list[e.Event] = [
        stated, *catalogued.following(plan, {**before, name: value}, before, now), *costs
    ]  # fmt: skip
    doubts = tuple(doubt for doubt in incident.doubts if doubt != name)
    known_now = {**before, name: value} | {cost.name: cost.value for cost in costs}
    return [*facts, *_proposed(plan, incident, known_now, doubts, now)]


def raised_to(
    plan: Plan, incident: Incident, severity: str, because: tuple[str, int], now: datetime
) -> list[e.Event]:
    """Raise the severity if `severity` is worse; only a person lowers it."""
    if incident.state not in PAGEABLE:
        return []
    if plan.severity(severity).rank >= plan.severity(incident.severity).rank:
        return []
    why, line = because
    changed = e.SeverityChanged(
        at=now,
        severity=severity,
        was=incident.severity,
        confirmed=False,
        raised=True,
        why=why,
        line=line,
    )
    return [changed, *clocks.moved_to(plan, fold(incident, changed), severity, now)]


def set_severity(plan: Plan, incident: Incident, command: c.SetSeverity, now: datetime) -> Decision:
    """Return what it does that a person confirms the severity, or sets another."""
    if refusal := unknown_severity(plan, command.severity):
        return refusal
    if incident.state == "closed":
        return closed_already(incident)
    if command.severity == incident.severity and incident.severity_confirmed:
        return []
    waivers = floors.too_low(plan, incident, command, now)
    if isinstance(waivers, Refusal):
        return waivers
    changed = e.SeverityChanged(
        at=now,
        by=command.by,
        via=command.via,
        why=command.why or f"{command.by} assessed it",
        severity=command.severity,
        was=incident.severity,
        confirmed=True,
        raised=plan.severity(command.severity).rank < plan.severity(incident.severity).rank,
    )
    assessed = [*waivers, changed, *clocks.stopped_by(plan, incident, "assessed", now)]
    if command.severity == incident.severity or incident.state not in PAGEABLE:
        return assessed
    return [
        *assessed,
        *clocks.moved_to(plan, replay(assessed, incident), command.severity, now),
    ]


def unknown_severity(plan: Plan, code: str) -> Refusal | None:
    """Refuse a severity that the plan does not have."""
    codes = [severity.code for severity in plan.severities]
    if code in codes:
        return None
    return Refusal(
        "incident.unknown-severity", f"the plan knows no severity {code!r}", nearest(code, codes)
    )


def unknown_fact(plan: Plan, name: str) -> Refusal | None:
    """Refuse a fact that the plan does not have."""
    if name in plan.facts:
        return None
    return Refusal(
        "incident.unknown-fact", f"the plan knows no fact {name!r}", nearest(name, plan.facts)
    )


def fact_refused(plan: Plan, name: str, value: FactValue) -> Refusal | None:
    """Refuse a fact, or a value of it, that the plan does not have."""
    if refusal := unknown_fact(plan, name):
        return refusal
    rule = plan.facts[name]
    if _fits(rule, value):
        return answers.no_answer(rule, value)
    expected = ", ".join(rule.values) if rule.values else rule.kind
    if rule.kind == "number":
        expected = f"a number, at most {LARGEST:g}"
    elif rule.kind == "bool":
        expected = "yes or no (true or false)"
    about = f" ({rule.about})" if rule.about else ""
    return Refusal(
        "incident.fact-value", f"{value!r} is no value of {name}{about}", f"it takes: {expected}"
    )


def wrong_facts(plan: Plan, facts: Mapping[str, FactValue]) -> dict[str, Refusal]:
    """Return why facts are refused, by their names; empty if none is."""
    refusals = ((name, fact_refused(plan, name, value)) for name, value in facts.items())
    return {name: refusal for name, refusal in refusals if refusal is not None}


def _fits(rule: FactRule, value: FactValue) -> bool:
    if rule.kind == "bool":
        return isinstance(value, bool)
    if rule.kind == "number":
        if isinstance(value, bool) or not isinstance(value, int | float):
            return False
        return -LARGEST <= value <= LARGEST
    return isinstance(value, str) and (rule.kind == "text" or value in rule.values)


def nearest(word: str, known: Any) -> str:
    """Say what may have been meant, for a hint."""
    close = get_close_matches(word, list(known), n=1)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"it knows: {', '.join(known)}"


def closed_already(incident: Incident) -> Refusal:
    """Refuse to change what is closed."""
    way = "add a note, or declare a new incident"
    if incident.merged_into:
        way = f"it is the same as {incident.merged_into}: go on there"
    return Refusal("incident.closed", f"{incident.code} is closed", way)
