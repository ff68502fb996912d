"""Who may do what: each command is weighed by the plan's rules before anything comes of it.

What the plan does not speak of, everybody may. Machines and the plan itself are not bound.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import standing
from tocsin.core.people import Organisation
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.plan.people.model import ANYBODY, ASSIGNED, NOBODY, REASON, SEVERITY, Rule

SECOND_WITHIN = timedelta(minutes=30)
"""So long a first person's wish waits for the second one."""

FALLS_BACK = {
    "stand_down": "resolve",
    "call_false_alarm": "resolve",
    "force_phase": "enter_phase",
}
"""What is said of the one holds for the other where the plan says nothing of it: no detours."""


class Permission(msgspec.Struct, frozen=True):
    """A command may go on: `before` stands on the record first; it `waits` for a second person."""

    before: tuple[e.Event, ...] = ()
    waits: bool = False


def placed(
    organisation: Organisation, command: c.Command, now: datetime, leads_elsewhere: int = 0
) -> c.Command:
    """Return the command with what its people belong to at `now`, by the organisation in force."""
    standings: dict[str, Any] = {
        "standing": command.standing or standing(organisation, command.by, now)
    }
    if isinstance(command, c.TakeRole | c.HandOver):
        standings["person_standing"] = standing(organisation, command.person, now)
        standings["leads_elsewhere"] = leads_elsewhere
    return msgspec.structs.replace(command, **standings)


def led_by(plan: Plan, person: str, incidents: Iterable[Incident], but: Incident) -> int:
    """Count the open incidents that a person leads by this plan, all `but` one."""
    leads = {role.id for role in plan.roles.values() if role.lead}
    return sum(
        not leads.isdisjoint(incident.held_by(person))
        for incident in incidents
        if incident.id != but.id and incident.state in PAGEABLE
    )


def refused(plan: Plan, incident: Incident | None, command: c.Command) -> Refusal | None:
    """Refuse a command that the plan gives to others; the hint says to whom, and the way out."""
    if _is_machine(command):
        return None
    for verb in _verbs(plan, incident, command):
        if refusal := _refused(plan, incident, command, verb):
            return refusal
    return None


def permitted(plan: Plan, incident: Incident, command: c.Command, now: datetime) -> Permission:
    """Return what a command that was not refused needs besides: a note on the record, a second."""
    if _is_machine(command):
        return Permission()
    before: list[e.Event] = []
    for verb in _verbs(plan, incident, command):
        rules = _rules(plan, incident, command, verb)
        rule = next((one for one in rules if _allows(plan, incident, command, one)), None)
        if rules and rule is None:
            line, whose = rules[0].line, _listed(rules)
            before.append(
                e.Overruled(
                    at=now, by=command.by, via=command.via, why=command.why, line=line,
                    what=f"to {said(verb)} is for {whose}",
                )
            )  # fmt: skip
        elif rule is not None and rule.needs_two:
            second = _second(incident, command, verb, rule, now)
            if second.waits:
                return second
            before += second.before
    return Permission(tuple(before))


def may(plan: Plan, incident: Incident, verb: str, person: str, belongs: Sequence[str]) -> bool:
    """Whether the plan lets a person do `verb` without further ado; for whoever is shown a choice.

    What has to be said along, and the second person, are not looked at.
    """
    asked = c.Command(by=person, standing=tuple(belongs))
    rules = _rules(plan, incident, asked, verb)
    return not rules or any(_allows(plan, incident, asked, rule) for rule in rules)


def said(verb: str) -> str:
    """Return a verb of the plan as people say it."""
    return verb.replace("_", " ")


def among(
    incident: Incident | None, person: str, belongs: Sequence[str], names: Sequence[str]
) -> bool:
    """Whether a person is meant by one of `names`: by role, recipient, qualification or id."""
    held = incident.held_by(person) if incident is not None else ()
    return ANYBODY in names or not {person, *belongs, *held}.isdisjoint(set(names) - {NOBODY})


def _is_machine(command: c.Command) -> bool:
    by_plan = e.BY_PLAN in (command.by, *command.standing)
    return by_plan or command.via == "alert" or isinstance(command, c.AlertsCame | c.AlertsWent)


def _rules(
    plan: Plan, incident: Incident | None, command: c.Command, verb: str
) -> tuple[Rule, ...]:
    """Return the rules that speak of `verb` as things stand; empty where the plan is silent."""
    authority = plan.people.authority
    if isinstance(command, c.SetMode):
        mode = plan.people.modes.get(command.mode or (incident.mode if incident else ""))
        if mode is not None and mode.started_by:
            return (Rule(may=mode.started_by, line=mode.line),)
    if isinstance(command, c.TakeDecision) and verb not in authority:
        return _mandated(plan, incident, verb)
    written = authority.get(verb, authority.get(FALLS_BACK.get(verb, ""), ()))
    seen = _seen(incident, command)
    severity = incident.severity if incident is not None else ""
    return tuple(
        rule
        for rule in written
        if (not rule.severities or severity in rule.severities)
        and (not rule.when or holds(rule.when, seen))
    )


def _mandated(plan: Plan, incident: Incident | None, kind: str) -> tuple[Rule, ...]:
    """A kind of decision that is in somebody's mandate belongs to whoever has it."""
    roles = [role for role in plan.roles.values() if kind in role.mandate]
    steps = plan.steps[incident.severity] if incident is not None else ()
    called = [to for step in steps if kind in step.mandate for to in step.to]
    line = roles[0].line if roles else next((s.line for s in steps if kind in s.mandate), 0)
    whose = (*(role.id for role in roles), *called)
    return (Rule(may=whose, line=line),) if whose else ()


def _seen(incident: Incident | None, command: c.Command) -> Mapping[str, FactValue]:
    if incident is not None:
        return situation(incident)
    return dict(command.facts) if isinstance(command, c.Open) else {}


def _allows(plan: Plan, incident: Incident | None, command: c.Command, rule: Rule) -> bool:
    names = [name for name in rule.may if name != ASSIGNED]
    if ASSIGNED in rule.may:
        names.append(_assigned(plan, command))
    if not among(incident, command.by, command.standing, names):
        return False
    amount = command.amount if isinstance(command, c.TakeDecision) else 0
    return rule.up_to is None or amount <= rule.up_to


def _assigned(plan: Plan, command: c.Command) -> str:
    """Whom the command's task is for; a task for nobody in particular is anybody's."""
    name = getattr(command, "task", "")
    found = [task for task in plan.tasks if name in (task.id, task.id.rpartition("/")[2])]
    return found[0].by or ANYBODY if found else ANYBODY


def _refused(
    plan: Plan, incident: Incident | None, command: c.Command, verb: str
) -> Refusal | None:
    rules = _rules(plan, incident, command, verb)
    if not rules:
        return None
    rule = next((one for one in rules if _allows(plan, incident, command, one)), None)
    if rule is None and not (command.why.strip() and any(r.or_with_reason for r in rules)):
        return Refusal(
            "incident.not-yours",
            f"{command.by or 'somebody unnamed'} may not {said(verb)}"
            f"{_of_what(command)}: that is for {_listed(rules)} (line {rules[0].line})",
            _way_out(plan, incident, command, rules),
        )
    return _unsaid(incident, command, verb, rule or rules[0])


def _unsaid(incident: Incident | None, command: c.Command, verb: str, rule: Rule) -> Refusal | None:
    code = incident.code if incident is not None else "INCIDENT"
    for word in rule.say:
        if word == REASON:
            missing, way = not command.why.strip(), "say why: --why REASON"
        elif word == SEVERITY:
            given = getattr(command, "severity", "")
            missing = not given and (incident is None or not incident.severity_confirmed)
            way = "say how bad it is along with it: --severity CODE"
        else:
            given_facts = command.facts if isinstance(command, c.Open) else {}
            missing = word not in (incident.facts if incident is not None else given_facts)
            way = f"state it first: tocsin fact {code} {word}=VALUE"
        if missing:
            return Refusal(
                "incident.must-say",
                f"to {said(verb)} has to come with: {word} (line {rule.line})", way,
            )  # fmt: skip
    return None


def _second(
    incident: Incident, command: c.Command, verb: str, rule: Rule, now: datetime
) -> Permission:
    what = " ".join(part for part in (said(verb), _object(command)) if part)
    first = incident.wanted_by_one.get(what)
    if first is None or now - first.at > SECOND_WITHIN:
        wanted = e.SecondWanted(
            at=now, by=command.by, via=command.via, why=command.why, line=rule.line, what=what
        )
        return Permission((wanted,), waits=True)
    if first.by == command.by:
        return Permission((), waits=True)
    seconded = e.Seconded(
        at=now, by=command.by, via=command.via, line=rule.line, what=what, first=first.by
    )
    return Permission((seconded,))


def _object(command: c.Command) -> str:
    """What a command is about: two people must want the same."""
    fields = ("severity", "mode", "phase", "task", "role", "person", "name", "value", "to",
              "about", "choice", "amount", "text", "audience", "update", "into")  # fmt: skip
    return " ".join(str(value) for field in fields if (value := getattr(command, field, "")))


def _of_what(command: c.Command) -> str:
    amount = command.amount if isinstance(command, c.TakeDecision) else 0
    return f" {amount:g}" if amount else ""


def _listed(rules: Sequence[Rule]) -> str:
    names = []
    for rule in rules:
        limit = f" (up to {rule.up_to:g} {rule.currency})" if rule.up_to is not None else ""
        names += ["whom the task is for" if n == ASSIGNED else n + limit for n in rule.may]
    return " or ".join(dict.fromkeys(names))


def _way_out(
    plan: Plan, incident: Incident | None, command: c.Command, rules: Sequence[Rule]
) -> str:
    names = [name for rule in rules for name in rule.may]
    ways = []
    if incident is not None:
        holders = [f"{who} ({role})" for role in names for who in incident.holders.get(role, ())]
        if holders:
            ways.append(f"ask {' or '.join(dict.fromkeys(holders))}")
        free = [n for n in names if n in plan.roles and not incident.holders.get(n)]
        if free:
            ways.append(f"nobody is {free[0]} yet: tocsin role {incident.code} {free[0]} PERSON")
        recipients = [n for n in names if n in plan.contacts]
        if recipients and not holders:
            ways.append(f"call them: tocsin escalate {incident.code} {recipients[0]}")
    if any(rule.or_with_reason for rule in rules):
        ways.append("or say why it must be you: --why REASON")
    if not command.standing:
        ways.append("say who you are: --as PERSON")
    return "; ".join(ways) or f"ask {' or '.join(dict.fromkeys(names))}"


def _verbs(plan: Plan, incident: Incident | None, command: c.Command) -> tuple[str, ...]:
    if incident is None:
        return ("declare",)
    verbs = _VERBS.get(type(command))
    return verbs(plan, incident, command) if verbs is not None else ()


def _setting(plan: Plan, incident: Incident, command: c.SetSeverity | c.Acknowledge) -> str:
    """Say which way a severity goes; "" if it does not, or is none of the plan."""
    ranks = {severity.code: severity.rank for severity in plan.severities}
    if command.severity not in ranks:
        return ""
    step = ranks[command.severity] - ranks[incident.severity]
    return "raise_severity" if step < 0 else "lower_severity" if step else "confirm_severity"


def _just(verb: str) -> Callable[[Plan, Incident, Any], tuple[str, ...]]:
    return lambda _plan, _incident, _command: (verb,)


def _acknowledging(plan: Plan, incident: Incident, command: c.Acknowledge) -> tuple[str, ...]:
    setting = _setting(plan, incident, command)
    return ("acknowledge", setting) if setting else ("acknowledge",)


def _set_severity(plan: Plan, incident: Incident, command: c.SetSeverity) -> tuple[str, ...]:
    setting = _setting(plan, incident, command)
    return (setting,) if setting else ()


def _taking(_plan: Plan, _incident: Incident, command: c.TakeRole) -> tuple[str, ...]:
    return ("give_role",) if command.person != command.by else ()


def _handing(_plan: Plan, incident: Incident, command: c.HandOver) -> tuple[str, ...]:
    return () if command.by in incident.holders.get(command.role, ()) else ("give_role",)


_VERBS: dict[type[c.Command], Callable[[Plan, Incident, Any], tuple[str, ...]]] = {
    c.Acknowledge: _acknowledging,
    c.Release: _just("release"),
    c.Resolve: _just("resolve"),
    c.StandDown: lambda _plan, _incident, command: (
        "call_false_alarm" if command.false_alarm else "stand_down",
    ),
    c.Reopen: _just("reopen"),
    c.Close: _just("close"),
    c.Note: _just("note"),
    c.RecordFact: _just("state_fact"),
    c.SetSeverity: _set_severity,
    c.Escalate: _just("page"),
    c.TakeRole: _taking,
    c.HandOver: _handing,
    c.Tick: _just("tick"),
    c.Waive: _just("waive"),
    c.EnterPhase: lambda _plan, _incident, command: (
        "force_phase" if command.force else "enter_phase",
    ),
    c.Publish: _just("publish"),
    c.Approve: _just("approve"),
    c.SetMode: _just("start_mode"),
    c.Publish: _just("publish"),
    c.Approve: _just("approve"),
    c.Withdraw: _just("approve"),
    c.TakeDecision: lambda _plan, _incident, command: (command.about,),
    c.Attach: _just("note"),
    c.Pin: _just("note"),
    c.Unpin: _just("note"),
    c.Link: _just("link"),
    c.Merge: _just("merge"),
    c.Split: _just("split"),
}
"""The verb of each command that a plan may reserve; decisions bear the plan's own verbs."""
