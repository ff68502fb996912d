"""The explanation of a clause: what it says, what is assumed, what Tocsin does with it and when."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

import msgspec
from whenever import Instant

from tocsin.core.calendars import act_at, due_at
from tocsin.core.explain.language import left_out, meaning, node_at, place_at
from tocsin.core.explain.subjects import Subject, called, mentions
from tocsin.core.oncall import first_instant
from tocsin.core.plan.citations import Citations
from tocsin.core.plan.communication.model import Template
from tocsin.core.plan.model import AlertRule, ClockRule, Exhausted, Plan, Severity, Step, Target
from tocsin.core.plan.people.model import Role
from tocsin.core.plan.response.model import Phase
from tocsin.core.plan.task import Task
from tocsin.core.problem import Problem
from tocsin.core.rendered.cards import rows_of
from tocsin.core.rendered.clauses import Clause, clauses
from tocsin.core.rendered.closing import source_lines
from tocsin.core.rendered.outline import plain
from tocsin.core.rendered.wording import Wording
from tocsin.core.times import DEFAULT_TOLERANCE, AnyTime, Immediate
from tocsin.core.tree import Node, Path
from tocsin.core.words import calls
from tocsin.core.words.conditions import condition
from tocsin.core.words.moments import moment
from tocsin.core.words.phrases import capital, listed, named, one_line, sentence
from tocsin.core.words.tasks import DOES
from tocsin.core.words.times import limit

EXAMPLE_START = datetime(2026, 1, 5, 10)  # noqa: DTZ001 - on the clocks of the plan
"""When the incident of the examples is detected: a Monday."""


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of one clause, each a list of sentences; `example` is (when, what)."""

    what: str
    kind: str
    line: int
    says: tuple[str, ...] = ()
    assumed: tuple[str, ...] = ()
    does: tuple[str, ...] = ()
    example: tuple[tuple[str, str], ...] = ()
    who: tuple[str, ...] = ()
    document_lines: str = ""
    decided: tuple[str, ...] = ()


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """A plan with everything that its file says beside its model."""

    plan: Plan
    tree: Node
    cited: Citations
    problems: tuple[Problem, ...] = ()


def explain(reading: Reading, subject: Subject) -> list[Part]:
    """Return everything there is to say about a subject, one part per clause."""
    if subject.code:
        return [_problem(one) for one in reading.problems if one.code == subject.code]
    parts = [_clause(reading, clause) for clause in subject.clauses]
    if subject.recipient:
        parts.insert(0, _recipient(reading, subject.recipient))
    if subject.section:
        parts.append(_section(reading, subject.section))
    if subject.line and not parts:
        parts.append(_line(reading, subject.line))
    return parts


def _problem(problem: Problem) -> Part:
    return Part(
        what=problem.code, kind=problem.level, line=problem.line,
        says=(sentence(problem.what),), does=(problem.hint,) if problem.hint else (),
    )  # fmt: skip


def _clause(reading: Reading, clause: Clause) -> Part:
    wording = Wording(reading.plan)
    path = place_at(reading.tree, clause.line)
    return Part(
        what=clause.title,
        kind=clause.kind,
        line=clause.line,
        says=tuple(_says(wording, clause)),
        assumed=tuple(_assumed(reading, path, clause.value)),
        does=tuple(_does(wording, clause)),
        example=tuple(_example(reading.plan, clause.value)),
        who=tuple(_who(clause.value)),
        document_lines=source_lines(reading.cited, clause.line),
        decided=reading.cited.decided(clause.line),
    )


def _says(wording: Wording, clause: Clause) -> Iterator[str]:
    plan, value = wording.plan, clause.value
    match value:
        case Severity():
            for one in value.criteria:
                yield sentence(f"It is {value.code} if {condition(one.text, plan.facts)}")
            for target in value.targets:
                yield sentence(f"{named(target.clock)} {limit(target.within)}")
            for step in plan.steps.get(value.code, ()):
                yield sentence(calls.step(step))
        case Step():
            codes = [code for code, steps in plan.steps.items() if value in steps]
            yield sentence(f"At {listed(codes)}: {calls.step(value)}")
        case Exhausted():
            yield sentence(calls.last_resort(value))
        case ClockRule():
            start, stop = moment(value.starts_at), moment(value.stops_at)
            yield sentence(f"The clock runs from {start} to {stop}")
            for severity in plan.severities:
                for target in severity.targets:
                    if target.clock == value.name:
                        yield sentence(f"{severity.code}: {limit(target.within)}")
        case Task():
            yield sentence(value.text)
            for demand in wording.demands(value):
                yield sentence(demand)
            yield sentence(f"asked for from {moment(value.after, wording.name)}" if value.after
                           else "asked for as soon as it applies")  # fmt: skip
        case Template():
            yield from (f"Text: {line}" for line in value.text.splitlines() if line.strip())
            for field in value.fields.values():
                if field.ask:
                    yield f"Whoever publishes says {field.name}: {field.ask}"
    if not isinstance(value, Task | Step | Exhausted | ClockRule):
        for name, text in rows_of(value, wording):
            if name not in ("Short name", "Code", "Text"):
                yield f"{name}: {one_line(plain(text))}"


def _assumed(reading: Reading, path: Path, value: Any) -> Iterator[str]:
    plan = reading.plan
    times = [held for held in (getattr(value, name) for name in value.__struct_fields__)
             if isinstance(held, Immediate)]  # fmt: skip
    assumed = bool(times) and times[0].tolerance == DEFAULT_TOLERANCE
    if assumed and "tolerance" not in reading.tree.fields:
        yield "“At once” allows 5 minutes, since the plan sets no `tolerance`."
    if isinstance(value, Step | Severity) and plan.exhausted.line == 0:
        yield sentence(
            f"The plan has no `if_exhausted`; when all calls were in vain, "
            f"{calls.last_resort(plan.exhausted)}"
        )
    if isinstance(value, Task) and not value.severities and not value.when:
        yield "It holds for every severity, since it names none."
    for key, default, description in left_out(reading.tree, path):
        yield f"`{key}` is not written: {_default(default)}. {description}".strip()


def _default(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _does(wording: Wording, clause: Clause) -> Iterator[str]:
    value, plan = clause.value, wording.plan
    match value:
        case Severity():
            yield (
                "Tocsin proposes it from the facts; a person confirms or changes it. It is never "
                "lowered by the plan itself."
            )
        case Step():
            yield {
                "page": "Tocsin calls them until somebody acknowledges.",
                "notify": "Tocsin tells them once.",
                "ticket": "Tocsin files the ticket once.",
            }[value.do]
            if value.manual:
                yield "It is not done by itself: somebody escalates to it."
        case ClockRule() | Target():
            yield "Tocsin starts the clock, and records whether it was met or missed."
        case Exhausted():
            yield "The alarm rests as soon as somebody acknowledges."
        case Task():
            yield DOES[value.do]
            if value.waivable:
                yield "People may answer that it is not needed, with a reason."
        case AlertRule():
            yield "The first rule that matches an alert counts; later ones are not looked at."
        case Role():
            yield "Who holds it is recorded with the time, and shown to everybody in the incident."
        case Phase():
            yield "People enter it; what the plan wants done before is demanded."
    brought = [task.text for task in plan.tasks if task.line == clause.line and task is not value]
    if brought and not isinstance(value, Task):
        yield f"It asks for: {'; '.join(dict.fromkeys(brought))}."


def _example(plan: Plan, value: Any) -> Iterator[tuple[str, str]]:
    """What happens in an incident that is detected on a Monday at 10:00."""
    start = first_instant(EXAMPLE_START, plan.time_zone)
    happens: list[tuple[datetime, str]] = []
    steps: tuple[Step, ...] = (value,) if isinstance(value, Step) else ()
    targets: Sequence[tuple[str, AnyTime]] = ()
    if isinstance(value, Severity):
        steps = plan.steps.get(value.code, ())
        targets = [
            (target.clock, target.within) for target in value.targets
            if target.clock in plan.clocks and plan.clocks[target.clock].starts_at == "opened"
        ]  # fmt: skip
    if isinstance(value, Role) and value.assign_within is not None:
        targets = [(f"{value.name} must be named", value.assign_within)]
    if isinstance(value, Task) and value.after == "opened" and value.within is not None:
        targets = [(value.text, value.within)]
    for step in steps:
        at = None if step.manual else act_at(step.at, start, plan.calendars)
        if at is not None:
            happens.append((at, f"{calls.HOW[step.do]} {calls.people(step.to)}"))
    for name, within in targets:
        due = due_at(within, start, plan.calendars)
        if due is not None:
            happens.append((due, f"the limit for “{named(name)}” ends"))
    if happens:
        yield _local(start, plan), "an incident is detected"
    for at, what in sorted(happens, key=lambda one: one[0]):
        yield _local(at, plan), what


def _local(at: datetime, plan: Plan) -> str:
    return f"{Instant(at).to_tz(plan.time_zone).to_plain().to_stdlib():%a %Y-%m-%d %H:%M}"


def _who(value: Any) -> Iterator[str]:
    for field in ("to", "page", "by", "taken_from", "notify"):
        held = getattr(value, field, ())
        for one in (held,) if isinstance(held, str) else held or ():
            if one:
                yield named(one)


def _recipient(reading: Reading, name: str) -> Part:
    plan = reading.plan
    places = node_at(reading.tree, ("contacts", name))
    line = places.key_line if places is not None else 0
    wording = Wording(plan)
    says = [f"Reached: {plan.contacts[name]}"] if plan.contacts.get(name) else []
    does = []
    happens = []
    for clause in mentions(plan, name):
        if isinstance(clause.value, Step):
            codes = [code for code, steps in plan.steps.items() if clause.value in steps]
            does.append(f"{listed(codes)}: {calls.step(clause.value)} (line {clause.line}).")
            happens += [f"{code}" for code in codes]
        else:
            does.append(f"{capital(clause.kind)} “{clause.title}” names it (line {clause.line}).")
    called_at = sorted(set(happens))
    if not called_at:
        does.append("No step of the escalation calls it by itself.")
    return Part(
        what=called(name), kind="recipient", line=line, says=tuple(says),
        does=tuple(dict.fromkeys(capital(one) for one in does)),
        assumed=("The organisation file says who is meant.",) if wording.plan.contacts else (),
        document_lines=source_lines(reading.cited, line) if line else "",
        decided=reading.cited.decided(line) if line else (),
    )  # fmt: skip


def _section(reading: Reading, name: str) -> Part:
    node = reading.tree.fields[name]
    within = [
        clause for clause in clauses(reading.plan)
        if place_at(reading.tree, clause.line)[:1] == (name,)
    ]  # fmt: skip
    says = [meaning((name,))] if meaning((name,)) else []
    says += [f"{capital(one.title)} ({one.kind}, line {one.line})" for one in within]
    return Part(
        what=name, kind="section", line=node.key_line, says=tuple(dict.fromkeys(says)),
        assumed=tuple(
            f"`{key}` is not written: {_default(default)}. {description}"
            for key, default, description in left_out(reading.tree, (name,))
        ),
        document_lines=source_lines(reading.cited, node.key_line),
        decided=reading.cited.decided(node.key_line),
    )  # fmt: skip


def _line(reading: Reading, line: int) -> Part:
    """A line on which no clause of the model begins: what its key means."""
    path = place_at(reading.tree, line)
    where = " → ".join(str(part) for part in path)
    return Part(
        what=where or "the head of the file", kind="line", line=line,
        says=tuple(one for one in (meaning(path),) if one),
        assumed=tuple(
            f"`{key}` is not written: {_default(default)}. {description}"
            for key, default, description in left_out(reading.tree, path)
        ) if path else (),
        document_lines=source_lines(reading.cited, line),
        decided=reading.cited.decided(line),
    )  # fmt: skip
