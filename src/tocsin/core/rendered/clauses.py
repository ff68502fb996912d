"""All clauses of a plan, wherever they stand in its model: each struct that knows its line."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from tocsin.core.plan.model import Criterion, Plan, Severity, Step
from tocsin.core.plan.task import Task
from tocsin.core.rendered.calling import HOW, who
from tocsin.core.words.conditions import condition
from tocsin.core.words.phrases import capital, fact_words, named

KINDS = {
    "ClockRule": "clock", "FactRule": "fact", "AlertRule": "rule for alerts", "Exhausted":
    "last resort", "Alerts": "alerts", "Rule": "authority", "Head": "head", "ItemPolicy":
    "action items", "Recurring": "programme", "DocumentRule": "document", "Rung": "rung",
    "Several": "several incidents", "Step": "step", "Floor": "floor",
}  # fmt: skip
_TEXT_OF = ("name", "text", "about", "title", "definition", "when")


class Clause(msgspec.Struct, frozen=True, kw_only=True):
    """One clause: what it is, the id and the words by which people ask for it, and itself.

    `path` leads to it from the plan: names of fields, keys, numbers.
    """

    kind: str
    id: str
    title: str
    line: int
    path: tuple[str | int, ...]
    value: Any
    key: str = ""


def clauses(plan: Plan) -> tuple[Clause, ...]:
    """Every clause that stands in the file, in the order of its lines."""
    found: dict[tuple[str, str, int], Clause] = {}
    for clause in _within(plan, ()):
        if clause.line > 0:
            found.setdefault((clause.kind, clause.id or clause.title, clause.line), clause)
    return tuple(sorted(found.values(), key=lambda one: (one.line, one.kind, one.title)))


def _within(value: Any, path: tuple[str | int, ...]) -> Iterator[Clause]:
    match value:
        case msgspec.Struct():
            if hasattr(value, "line"):
                yield _clause(value, path)
            for name in value.__struct_fields__:
                yield from _within(getattr(value, name), (*path, name))
        case Mapping():
            for key, one in value.items():
                yield from _within(one, (*path, str(key)))
        case tuple() | list():
            for number, one in enumerate(value):
                yield from _within(one, (*path, number))


def _clause(value: Any, path: tuple[str | int, ...]) -> Clause:
    keys = [part for part in path if isinstance(part, str)]
    key = keys[-1] if len(path) > 1 and not isinstance(value, Step) else ""
    id_ = getattr(value, "id", "") or getattr(value, "code", "") or getattr(value, "clock", "")
    title = _title(value, id_, key)
    return Clause(
        kind=kind_of(value), id=str(id_ or getattr(value, "name", "") or ""), title=title,
        line=value.line, path=path, value=value, key=key,
    )  # fmt: skip


def kind_of(value: Any) -> str:
    """Say what sort of clause a struct is: "severity", "rule for alerts"."""
    name = type(value).__name__
    return KINDS.get(name) or re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).lower()


def _title(value: Any, id_: str, key: str) -> str:
    if isinstance(value, Severity):
        return f"{value.code}: {value.name}"
    if isinstance(value, Step):
        return f"{HOW[value.do]} {who(value)}"
    if isinstance(value, Criterion):
        return capital(condition(value.text))
    if id_ and not isinstance(value, Task):
        return capital(named(str(getattr(value, "name", "") or id_)))
    for field in _TEXT_OF:
        text = getattr(value, field, "")
        if isinstance(text, str) and text:
            break
    else:
        text = str(id_ or key)
    if text == getattr(value, "name", None) and kind_of(value) in ("fact", "clock"):
        return capital(fact_words(named(text)))
    return capital(named(" ".join(text.split())))
