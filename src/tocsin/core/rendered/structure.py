"""What is structural in a plan, as values: what its document must hold without loss.

`read_back.py` reads the same from the Markdown; both must be equal. Texts count without their line
breaks, and as a limit `1h` is the same as `within 1h`.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tocsin.core.plan.model import Plan, Severity, Step
from tocsin.core.plan.task import Task
from tocsin.core.rendered.cards import as_limit, canonical, hints, holds_structs, said
from tocsin.core.rendered.document import rooms_of
from tocsin.core.rendered.rooms import KEY, SHOWN_ELSEWHERE, entries, keyed
from tocsin.core.times import AnyTime
from tocsin.core.words.phrases import capital, named, one_line

Fields = Mapping[str, Any]


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """A severity: what it is called, what makes it so, and its limits by clock."""

    code: str
    name: str
    definition: str = ""
    criteria: tuple[str, ...] = ()
    exceptions: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    limits: Mapping[str, AnyTime] = {}


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A step of the escalation; `at` is None if somebody has to ask for it."""

    at: AnyTime | None
    do: str
    to: tuple[str, ...]
    everyone: bool
    until: str
    level: int = 0
    when: str = ""
    mandate: tuple[str, ...] = ()


class Todo(msgspec.Struct, frozen=True, kw_only=True):
    """A task."""

    id: str
    text: str
    need: str = "always"
    by: str = ""
    within: AnyTime | None = None


class Stretch(msgspec.Struct, frozen=True, kw_only=True):
    """A phase."""

    id: str
    name: str
    starts: AnyTime | None = None
    within: AnyTime | None = None
    parallel: bool = False


class Structure(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `clauses` holds every other clause, by the section in which it stands."""

    title: str
    severities: tuple[Level, ...]
    clocks: Mapping[str, tuple[str, str]]
    calls: Mapping[str, tuple[Call, ...]]
    roles: tuple[Fields, ...]
    contacts: Mapping[str, str]
    facts: tuple[str, ...]
    phases: tuple[Stretch, ...]
    tasks: tuple[Todo, ...]
    clauses: Mapping[str, tuple[Fields, ...]]


def structure(plan: Plan) -> Structure:
    """Return what is structural in a plan."""
    used = {target.clock for severity in plan.severities for target in severity.targets}
    contacts = dict.fromkeys(plan.recipients(), "") | {
        name: "" if is_open(words) else one_line(words) for name, words in plan.contacts.items()
    }
    return Structure(
        title=one_line(plan.title),
        severities=tuple(_level(severity) for severity in plan.severities),
        clocks={
            name: (rule.starts_at, rule.stops_at)
            for name, rule in plan.clocks.items() if name in used
        },
        calls={
            code: tuple(_call(step) for step in steps) for code, steps in plan.steps.items()
        },
        roles=tuple(
            {**fields_of(role), "name": capital(one_line(role.name))}
            for role in plan.roles.values()
        ),
        contacts=contacts,
        facts=tuple(plan.facts),
        phases=tuple(
            Stretch(
                id=phase.id, name=one_line(phase.name) or named(phase.id), starts=phase.starts,
                within=as_limit(phase.within), parallel=phase.parallel,
            )
            for phase in plan.response.phases
        ),
        tasks=tuple(sorted(map(_todo, plan.tasks), key=lambda task: task.id)),
        clauses={
            key: fields
            for name, value in rooms_of(plan)
            for key, fields in clauses_in(name, value, SHOWN_ELSEWHERE)
        } | {
            key: fields
            for role in plan.roles.values()
            for key, fields in clauses_in(f"role-{role.id}", role)
            if key != f"role-{role.id}"
        },
    )  # fmt: skip


def is_open(words: str) -> bool:
    """Whether the plan leaves open how somebody is reached."""
    return words.strip().lower().strip("[]<>") in ("unfilled", "contact", "tbd", "todo", "")


def fields_of(clause: msgspec.Struct, skip: frozenset[str] = frozenset()) -> Fields:
    """The plain values of a clause that say something, by field."""
    found = {}
    for name, hint in hints(type(clause)).items():
        if name not in skip and not holds_structs(hint) and said(clause, name):
            found[name] = canonical(name, hint, getattr(clause, name))
    return found


def clauses_in(
    path: str, struct: msgspec.Struct, skip: frozenset[str] = frozenset()
) -> Iterator[tuple[str, tuple[Fields, ...]]]:
    """All clauses within a part of the plan: (section, their values)."""
    own = fields_of(struct, skip)
    if own:
        yield path, (own,)
    for name, hint in hints(type(struct)).items():
        if name in skip or not holds_structs(hint) or not said(struct, name):
            continue
        value = getattr(struct, name)
        if isinstance(value, msgspec.Struct):
            yield from clauses_in(f"{path}-{name}", value)
            continue
        rows = []
        found = list(entries(value))
        for number, (key, one) in enumerate(found):
            fields = dict(fields_of(one))
            if keyed(found):
                fields[KEY] = key
            rows.append(fields)
            for inner, deeper in clauses_in(f"{path}-{name}-{number}", one):
                if inner != f"{path}-{name}-{number}":
                    yield inner, deeper
        if any(rows):
            yield f"{path}-{name}", tuple(rows)


def _level(severity: Severity) -> Level:
    return Level(
        code=severity.code,
        name=one_line(severity.name),
        definition=one_line(severity.definition),
        criteria=tuple(one_line(one.text) for one in severity.criteria),
        exceptions=tuple(one_line(one.text) for one in severity.not_an_incident),
        examples=tuple(one_line(one.text) for one in severity.examples),
        limits={
            target.clock: limit
            for target in severity.targets
            if (limit := as_limit(target.within)) is not None
        },
    )


def _call(step: Step) -> Call:
    return Call(
        at=None if step.manual else step.at,
        do=step.do,
        to=step.to,
        everyone=step.everyone,
        until=step.until,
        level=step.level,
        when=one_line(step.when),
        mandate=tuple(one_line(one) for one in step.mandate),
    )


def _todo(task: Task) -> Todo:
    return Todo(
        id=task.id,
        text=one_line(task.text),
        need=task.need,
        by=task.by,
        within=as_limit(task.within),
    )
