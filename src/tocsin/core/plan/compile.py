"""The plan file as the engine obeys it: models of `file.py` -> `model.Plan`.

Reports what refers to nothing; what is wrong is left out, so that the rest can still be checked.
"""

import re
from collections.abc import Mapping
from datetime import date
from hashlib import sha256
from typing import Literal

from msgspec.structs import replace
from whenever import Instant, TimeZoneNotFoundError

from tocsin.core.calendars import BusinessHours, Calendars, Occasion
from tocsin.core.document import listed, near, zone_hint
from tocsin.core.patterns import BadPattern, Pattern
from tocsin.core.plan.afterwards import compile as afterwards
from tocsin.core.plan.catalogue.compile import compile_catalogue
from tocsin.core.plan.catalogue.detecting import alert_rules
from tocsin.core.plan.catalogue.terms import add_names
from tocsin.core.plan.communication import compile as communication
from tocsin.core.plan.consequences import compile as consequences
from tocsin.core.plan.consequences.money import recovery_watches
from tocsin.core.plan.fact_values import fits
from tocsin.core.plan.file import AlertRuleFile, OccasionFile, SeverityFile
from tocsin.core.plan.model import (
    AlertRule,
    Alerts,
    ClockRule,
    Criterion,
    Example,
    Exhausted,
    FactRule,
    FactValue,
    Plan,
    Severity,
    Step,
    Target,
)
from tocsin.core.plan.notations import compile_escalation
from tocsin.core.plan.patterns import fault_in
from tocsin.core.plan.people.compile import compile_people, compile_roles
from tocsin.core.plan.people.tasks import people_tasks
from tocsin.core.plan.response.compile import compile_response
from tocsin.core.plan.rule_order import REGULAR
from tocsin.core.plan.scope import BUILT_IN_CLOCKS, SITUATION, Scope
from tocsin.core.tree import Path

YEARS = range(1970, 2201)
"""Dates outside cannot be meant, and calendars could not go on from them."""

_HOURS = re.compile(r"([01]\d|2[0-3]):[0-5]\d")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_KINDS: Mapping[str, Literal["bool", "number", "text", "one of"]] = {
    "yes or no": "bool",
    "number": "number",
    "text": "text",
}
_CEL_WORDS = frozenset(
    {"as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in",
     "let", "loop", "namespace", "null", "package", "return", "true", "var", "void", "while"}
)  # fmt: skip


def compile_plan(scope: Scope, text: str | bytes) -> Plan:
    """Reduce a plan file to its normal form; `scope` collects what does not fit."""
    file = scope.file
    raw = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    scope.facts = _facts(scope)
    consequences.imply_facts(scope)
    afterwards.imply_facts(scope)
    communication.imply_facts(scope)
    add_names(scope)
    catalogue = compile_catalogue(scope)
    zone = _time_zone(scope)
    response, tasks = compile_response(scope)
    roles, people = compile_roles(scope), compile_people(scope)
    tasks += people_tasks(scope, roles, people)
    owed, duties = consequences.compile_consequences(scope)
    later, paperwork = afterwards.compile_afterwards(scope)
    told, announcements = communication.compile_communication(scope)
    response = replace(response, watches=(*response.watches, *recovery_watches(scope)))
    return Plan(
        name=file.plan,
        version=sha256(raw).hexdigest(),
        title=file.title or file.plan,
        organisation=file.organisation,
        kinds=tuple(file.kinds),
        standing=file.standing,
        response=response,
        communication=told,
        tasks=(*tasks, *announcements, *catalogue.tasks, *duties, *paperwork),
        consequences=owed,
        afterwards=later,
        time_zone=zone,
        calendars=_calendars(scope, zone),
        severities=tuple(
            _severity(scope, code, rank, file.severities[code])
            for rank, code in enumerate(scope.codes)
            if code in file.severities
        ),
        clocks=_clocks(scope),
        steps={code: _numbered(steps) for code, steps in _steps(scope).items()},
        exhausted=_exhausted(scope),
        alerts=_alerts(scope, alert_rules(catalogue)),
        catalogue=catalogue,
        roles=roles,
        people=people,
        display=file.display,
        facts=scope.facts,
        contacts=dict(file.contacts),
        incident_id=_pattern(scope, ("ids", "incident"), file.ids.incident, numbered=True),
        incident_channel=_pattern(
            scope, ("channels", "incident"), file.channels.incident.name, numbered=False
        ),
    )


def _numbered(steps: tuple[Step, ...]) -> tuple[Step, ...]:
    """Tell apart steps that tell the same people in the same way, at different times."""
    seen: dict[str, int] = {}
    numbered = []
    for step in steps:
        again = seen.get(step.key, 0)
        seen[step.key] = again + 1
        numbered.append(replace(step, again=again))
    return tuple(numbered)


def _facts(scope: Scope) -> dict[str, FactRule]:
    rules = {}
    for name, fact in scope.file.facts.items():
        path: Path = ("facts", name)
        if name in _CEL_WORDS or name in SITUATION:
            scope.error(
                path, "plan.name", f"`{name}` has a meaning of its own in conditions",
                "Give the fact another name.",
            )  # fmt: skip
        if (fact.type == "one of") != bool(fact.values) and not scope.lost(*path, "values"):
            scope.error(
                path, "plan.fact-values",
                f"`{name}` has no values" if fact.type == "one of" else
                f"`{name}` has values, yet its type is `{fact.type}`",
                f"For example `{name}: [low, high]`, or `{name}: yes or no`.",
            )  # fmt: skip
        rules[name] = FactRule(
            name, _KINDS.get(fact.type, "one of"), tuple(fact.values),
            fact.about, scope.line(path),
        )  # fmt: skip
    return rules


def _time_zone(scope: Scope) -> str:
    name = scope.file.time_zone
    try:
        Instant.from_utc(2026, 1, 1).to_tz(name)
    except (TimeZoneNotFoundError, ValueError):
        scope.error(
            ("time_zone",), "plan.time-zone", f"unknown time zone `{name}`",
            zone_hint(name),
        )  # fmt: skip
        return "UTC"
    return name


def _calendars(scope: Scope, zone: str) -> Calendars:
    file = scope.file.calendars
    occasions = {}
    for name, occasion in (file.__pydantic_extra__ or {}).items():
        compiled = _occasion(scope, name, occasion)
        if compiled is not None:
            occasions[name.lower()] = compiled
    return Calendars(time_zone=zone, business=_business(scope), occasions=occasions)


def _business(scope: Scope) -> BusinessHours:
    business, path = scope.file.calendars.business, ("calendars", "business")
    opens, _, closes = business.hours.partition("-")
    if not (_HOURS.fullmatch(opens) and _HOURS.fullmatch(closes) and opens < closes):
        scope.error(
            (*path, "hours"), "plan.calendar", f"`{business.hours}` are no business hours",
            "Write opening and closing time, the earlier one first: `hours: 09:00-17:00`.",
        )  # fmt: skip
        opens, closes = "09:00", "17:00"
    holidays = [
        day for number, day in enumerate(business.holidays)
        if _is_date(scope, (*path, "holidays", number), day)
    ]  # fmt: skip
    days = tuple(sorted({_WEEKDAYS.index(day) for day in business.days}))
    return BusinessHours(days=days, opens=opens, closes=closes, holidays=tuple(holidays))


def _occasion(scope: Scope, name: str, file: OccasionFile) -> Occasion | None:
    path: Path = ("calendars", name)
    every = re.fullmatch(r"(?:(\d{1,2}) )?weeks?", file.every)
    weeks = int(every[1] or 1) if every else 0
    if not weeks:
        scope.error(
            (*path, "every"), "plan.calendar", f"`{file.every}` is no interval",
            "Write `every: week` or `every: 2 weeks`.",
        )  # fmt: skip
    if not _HOURS.fullmatch(file.at):
        scope.error(
            (*path, "at"), "plan.calendar", f"`{file.at}` is no time of day",
            "Write hours and minutes: `at: 09:00`.",
        )  # fmt: skip
    dated = _is_date(scope, (*path, "from"), file.from_)
    if not (weeks and dated and _HOURS.fullmatch(file.at)):
        return None
    return Occasion(name=name.lower(), weeks=weeks, first=file.from_, at=file.at)


def _is_date(scope: Scope, path: Path, text: str) -> bool:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    # `2026-W01-1` is a date to Python, but not to people.
    if day is not None and day.isoformat() == text and day.year in YEARS:
        return True
    scope.error(
        path, "plan.calendar", f"`{text}` is no date between {YEARS[0]} and {YEARS[-1]}",
        "Write year, month and day: `2026-01-05`.",
    )  # fmt: skip
    return False


def _severity(scope: Scope, code: str, rank: int, file: SeverityFile) -> Severity:
    path: Path = ("severities", code)
    return Severity(
        code=code,
        name=file.name or code,
        rank=rank,
        line=scope.line(path),
        criteria=_criteria(scope, (*path, "when"), file.when),
        not_an_incident=_criteria(scope, (*path, "not_an_incident"), file.not_an_incident),
        targets=_targets(scope, path, file),
        alert_kind=file.alert_kind,
        policy=file.escalation_policy or "",
        aliases=tuple(file.aliases),
        criticality=file.criticality or "",
        definition=file.definition,
        examples=_examples(scope, (*path, "examples"), file),
    )


def _examples(scope: Scope, path: Path, file: SeverityFile) -> tuple[Example, ...]:
    return tuple(
        Example(
            text=example.is_,
            facts={
                name: value
                for name, value in example.facts.items()
                if fits(scope, (*path, number, "facts", name), name, value)
            },
            line=scope.line((*path, number)),
        )
        for number, example in enumerate(file.examples)
    )


def _criteria(scope: Scope, path: Path, texts: list[str]) -> tuple[Criterion, ...]:
    checked = (scope.condition((*path, number), text) for number, text in enumerate(texts))
    return tuple(criterion for criterion in checked if criterion is not None)


def _targets(scope: Scope, path: Path, file: SeverityFile) -> tuple[Target, ...]:
    built_in = {"acknowledge": file.acknowledge, "respond": file.respond}
    written: dict[str, object] = {clock: text for clock, text in built_in.items() if text}
    for key, text in file.__pydantic_extra__.items():
        if key in scope.clocks:
            written[key] = text
        elif not scope.lost("clocks"):
            scope.unknown_key(path, key, (*SeverityFile.model_fields, *scope.clocks))
    targets = []
    for clock, text in written.items():
        within = scope.time((*path, clock), text)
        if within is not None:
            targets.append(Target(clock, within, scope.line((*path, clock))))
    return tuple(targets)


def _clocks(scope: Scope) -> dict[str, ClockRule]:
    own = {
        name: ClockRule(name, clock.starts_at, clock.stops_at, scope.line(("clocks", name)))
        for name, clock in scope.file.clocks.items()
    }
    for name, clock in own.items():
        scope.moment(("clocks", name, "starts_at"), clock.starts_at)
        scope.moment(("clocks", name, "stops_at"), clock.stops_at)
        if clock.starts_at == clock.stops_at:
            scope.error(
                ("clocks", name), "plan.contradiction",
                f"the clock `{name}` starts and stops at the same event",
                "Let it stop later: `stops_at: assessed` or `stops_at: resolved`.",
            )  # fmt: skip
    return BUILT_IN_CLOCKS | own


def _steps(scope: Scope) -> dict[str, tuple[Step, ...]]:
    """The steps per severity; notes whether all that was written is among them."""
    before = scope.errors()
    steps = compile_escalation(scope)
    document = scope.document
    paths: list[Path] = [("severities", code, "escalation") for code in scope.codes]
    scope.steps_are_whole = scope.errors() == before and not any(
        document.damaged_within(path) for path in (("escalation",), *paths)
    )
    return steps


def _exhausted(scope: Scope) -> Exhausted:
    file = scope.file.escalation.if_exhausted
    path: Path = ("escalation", "if_exhausted")
    if file is None:
        return Exhausted()
    who = file.page
    recipients = ((who.all,) if who.all else tuple(who.any_of)) if who else ()
    for number, recipient in enumerate(recipients):
        scope.knows("contacts", scope.recipients, recipient, (*path, "page", number))
    every = int(scope.duration(file.every).total_seconds())
    if every < 60:
        scope.error(
            (*path, "every"), "plan.contradiction", "an alarm more often than every minute",
            "Write `every: 5m` or `every: 15m`.",
        )  # fmt: skip
    return Exhausted(page=recipients, every_seconds=every, line=scope.line(path))


def _alerts(scope: Scope, more: tuple[AlertRule, ...]) -> Alerts:
    file = scope.file.alerts
    rules = (_alert_rule(scope, number, rule) for number, rule in enumerate(file.rules))
    otherwise = file.otherwise
    if otherwise:
        scope.knows("severities", scope.codes, otherwise, ("alerts", "otherwise"))
    elif scope.codes and not scope.lost("alerts", "otherwise") and not scope.lost("alerts"):
        otherwise = scope.codes[0]
        scope.warn(
            ("alerts",), "plan.alerts-otherwise",
            f"the plan does not say what an alert means that no rule matches; {otherwise} is taken",
            f"Write `otherwise: {scope.codes[-1]}`, or whatever is right, under `alerts:`.",
        )  # fmt: skip
    return Alerts(
        group_by=tuple(file.group_by),
        rules=(*rules, *more),
        otherwise=otherwise,
        resolve_incident=file.resolve_incident,
        reopen_within_seconds=int(scope.duration(file.reopen_within).total_seconds()),
        line=scope.line(("alerts",)),
    )


def _alert_rule(scope: Scope, number: int, file: AlertRuleFile) -> AlertRule:
    path: Path = ("alerts", "rules", number)
    for label, accepted in file.match.items():
        for place, text in enumerate(accepted):
            _check_pattern(scope, (*path, "match", label, place), text)
    if not file.facts and not file.severity and not scope.document.damaged(path):
        scope.error(
            path, "plan.alert-rule", "this rule says nothing about the alerts that it matches",
            "Add `severity: P1`, or `facts: {service_availability: none}`.",
        )  # fmt: skip
    if file.severity:
        scope.knows("severities", scope.codes, file.severity, (*path, "severity"))
    if file.kind and file.kind not in scope.file.kinds and not scope.lost("kinds"):
        scope.error(
            (*path, "kind"), "plan.unknown-kind", f"unknown kind of incident `{file.kind}`",
            near(file.kind, scope.file.kinds)
            + (
                f"`kinds:` has: {listed(scope.file.kinds)}."
                if scope.file.kinds
                else f"Add it at the top of the plan: `kinds: [{file.kind}]`."
            ),
        )  # fmt: skip
    facts: dict[str, FactValue] = {}
    for name, value in file.facts.items():
        if fits(scope, (*path, "facts", name), name, value):
            facts[name] = value
    return AlertRule(
        match={label: tuple(accepted) for label, accepted in file.match.items()},
        facts=facts, severity=file.severity, kind=file.kind, line=scope.line(path),
    )  # fmt: skip


def _check_pattern(scope: Scope, path: Path, text: str) -> None:
    if not text.startswith(REGULAR):
        return
    try:
        Pattern(text.removeprefix(REGULAR))
    except BadPattern as error:
        scope.error(
            path, "plan.regular-expression", f"`{text}` is no regular expression: {error}",
            "Compare brackets and backslashes; a plain text needs no `~` in front.",
        )  # fmt: skip


def _pattern(scope: Scope, path: Path, pattern: str, *, numbered: bool) -> str:
    if not pattern and not numbered:
        return ""
    fault = fault_in(pattern, numbered=numbered)
    if fault is not None:
        scope.error(path, "plan.pattern", *fault)
    return pattern
