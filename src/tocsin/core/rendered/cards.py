"""Any clause of the model as names and values in words, and back again.

What a clause is called and how its values are said follows from the types of its fields, so that
a new kind of clause is in the document as soon as it is in the plan.
"""

from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from functools import cache
from typing import Any, Protocol, get_args, get_origin, get_type_hints

import msgspec

from tocsin.core.plan.model import FactRule
from tocsin.core.rendered.outline import Span, Text, code, plain
from tocsin.core.times import After, AnyTime, Choice, TimeValue, Within
from tocsin.core.words.conditions import condition
from tocsin.core.words.phrases import capital, id_of, named, one_line
from tocsin.core.words.times import duration, heard, heard_duration, limit, point

CONDITIONS = frozenset(
    {"when", "unless", "proof", "keeps", "ends_when", "stands_for", "applies_when", "while_",
     "criteria", "not_an_incident", "required_when", "unless_when", "only_when", "holds_when"}
)  # fmt: skip
"""Fields that hold CEL; `tells` what they mean stands beside the expression."""

PEOPLE = frozenset(
    {"taken_from", "default", "relieved_by", "shadowed_by", "by", "to", "then", "may", "lead",
     "audiences", "notify", "page", "readers", "approve", "escalate_to", "audience", "warn",
     "started_by", "not_with", "roles"}
)  # fmt: skip
"""Fields that hold ids of recipients, roles or audiences."""

POINTS = frozenset({"at", "starts"})
"""Fields whose time is that of a beginning, not a limit."""

UNSHOWN = frozenset({"line", "why", "rank"})
"""Where a clause stands, and what follows from the rest of it."""

LABELS = {
    "id": "Short name", "from_": "From", "to": "To", "by": "By", "within": "Limit",
    "counts_from": "Limit counts from", "taken_from": "Taken from", "one": "One person only",
    "on_call": "Only who is on call", "needs": "Qualifications", "not_with": "Not together with",
    "assign_within": "To be assigned", "required_for": "Required for",
    "default": "At first held by",
    "by_acknowledging": "Taken by acknowledging", "then": "Succession", "hand_over": "Hand-over",
    "relieve_after_seconds": "Relief after", "legal": "Required by law", "rpo_minutes": "RPO",
    "rto": "RTO", "may": "Who may", "say": "To be said with it", "when": "Condition",
    "at_least": "At least", "up_to": "Up to", "stands_for": "Means", "holds": "Holds up",
}  # fmt: skip
"""What fields are called where their name alone would not do."""

_WITHIN, _EVERY = "within ", "every "
_SEPARATOR = " · "
_EMPTY_TEXT = "“”"


class Names(Protocol):
    """What values are said by: the facts of the plan, and the texts of its tasks."""

    @property
    def facts(self) -> Mapping[str, FactRule]:
        """The facts that conditions may name."""

    def task_text(self, task: str) -> str:
        """Return the text of a task, "" if there is none of that id."""


def label(name: str) -> str:
    """Say the name of a field: "counts_from" -> "Limit counts from"."""
    plain_name = name.removesuffix("_seconds").strip("_")
    return LABELS.get(name) or capital(plain_name.replace("_", " "))


@cache
def hints(kind: type) -> Mapping[str, Any]:
    """The types of a struct's fields that are said, by name, in their order."""
    found = get_type_hints(kind)
    names = [field.name for field in msgspec.structs.fields(kind)]
    return {name: found[name] for name in names if name not in UNSHOWN}


@cache
def _defaults(kind: type) -> Mapping[str, Any]:
    return {field.name: field.default for field in msgspec.structs.fields(kind)}


def said(struct: msgspec.Struct, name: str) -> bool:
    """Whether a field holds something other than its default, so that it is worth a word."""
    value = getattr(struct, name)
    if value is None or value in ("", (), {}):
        return False
    return bool(value != _defaults(type(struct))[name])


def holds_structs(hint: Any) -> bool:
    """Whether a type is a struct or a collection of them, which gets rows or cards of its own."""
    if isinstance(hint, type):
        return issubclass(hint, msgspec.Struct) and not issubclass(hint, TimeValue)
    return not _is_time(hint) and any(holds_structs(part) for part in get_args(hint))


def rows_of(
    struct: msgspec.Struct, names: Names, skip: frozenset[str] = frozenset()
) -> Iterator[tuple[str, Text]]:
    """Return (name, value) of every plain field that says something."""
    for name, hint in hints(type(struct)).items():
        if name in skip or holds_structs(hint) or not said(struct, name):
            continue
        yield label(name), value_text(name, hint, getattr(struct, name), names)


def value_text(name: str, hint: Any, value: Any, names: Names) -> Text:
    """Say the value of a field; `read_value` reads it."""
    if name in CONDITIONS and _only_texts(hint):
        expressions = (value,) if isinstance(value, str) else tuple(value)
        return condition_text(expressions, names.facts)
    if name in PEOPLE and _only_texts(hint):
        return _names(value)
    if name == "id":
        return (code(value),)
    if name == "tasks" and _only_texts(hint):
        return _tasks(value, names)
    if name.endswith("_seconds") and isinstance(value, int):
        return duration(timedelta(seconds=value))
    match value:
        case bool():
            return "yes" if value else "no"
        case TimeValue() if name == "every":
            return limit(value).replace(_WITHIN, _EVERY)  # type: ignore[arg-type]  # all kinds of time
        case TimeValue():
            return (point if name in POINTS else limit)(value)  # type: ignore[arg-type]  # all kinds of time
        case timedelta():
            return duration(value)
        case date():
            return value.isoformat()
        case int() | float():
            return _number(value)
        case str():
            return value
        case Mapping():
            return "\n".join(f"{key}: {_member(one)}" for key, one in value.items())
        case _:
            return _several([_member(one) for one in value])


def _tasks(ids: tuple[str, ...], names: Names) -> Text:
    parts: list[str | Span] = []
    for number, id_ in enumerate(ids):
        text = names.task_text(id_)
        parts += ["\n" if number else "", f"{text} " if text else "", code(id_)]
    return tuple(part for part in parts if part)


def _names(value: Any) -> Text:
    if isinstance(value, str):
        return _name(value)
    return _several([_name(one) for one in value])


def _name(one: str) -> str:
    """Say an id; a text that might be taken for one that was said is quoted."""
    said_id = named(one_line(one))
    return said_id if id_of(said_id) == one_line(one) else f"“{said_id}”"


def _read_name(words: str) -> str:
    return words[1:-1] if words.startswith("“") and words.endswith("”") else id_of(words)


def condition_text(expressions: tuple[str, ...], facts: Mapping[str, FactRule]) -> Text:
    """Say conditions: in words, and as the plan has them."""
    parts: list[str | Span] = []
    for number, expression in enumerate(expressions):
        words = condition(expression, facts)
        parts.append("\n" if number else "")
        if words != expression or expression.isidentifier():
            parts.append(f"{words} ")
        parts.append(code(expression))
    return tuple(part for part in parts if part)


def expressions_in(text: Text) -> tuple[str, ...]:
    """Return the conditions that `condition_text` has said."""
    if isinstance(text, str):
        return ()
    return tuple(part.text for part in text if isinstance(part, Span) and part.style == "code")


def as_limit(value: AnyTime | None) -> AnyTime | None:
    """A point that is meant as a limit, as that limit: `1h` is `within 1h`."""
    match value:
        case After(delay):
            return Within(delay)
        case Choice(options):
            return Choice(tuple(one for one in map(as_limit, options) if one is not None))
        case _:
            return value


def canonical(name: str, hint: Any, value: Any) -> Any:
    """The value as far as it counts: texts without line breaks, `1h` as a limit is `within 1h`."""
    match value:
        case str():
            return one_line(value)
        case After() | Choice() if name not in POINTS:
            return as_limit(value)
        case bool() | int() | float() | date() | timedelta() | TimeValue():
            return value
        case Mapping():
            return {one_line(str(key)): _member(one) for key, one in value.items()}
        case _ if name in CONDITIONS and _only_texts(hint):
            return tuple(map(one_line, value))
        case _:
            return tuple(map(_member, value))


def read_value(name: str, hint: Any, text: Text) -> Any:
    """Read what `value_text` says; raises ValueError where that is not possible."""
    if (name in CONDITIONS or name == "tasks") and _only_texts(hint):
        found = expressions_in(text)
        return found if get_origin(hint) is tuple else found[0]
    words, kinds = plain(text), {*get_args(hint), hint}
    if name.endswith("_seconds"):
        return int(heard_duration(words).total_seconds())
    if _is_time(hint):
        return heard(words.replace(_EVERY, _WITHIN) if name == "every" else words)
    for kind, read in (
        (bool, lambda w: w == "yes"),
        (timedelta, heard_duration),
        (date, date.fromisoformat),
    ):
        if kind in kinds and (kind is not bool or words in ("yes", "no")):
            return read(words)
    if kinds & {int, float} and str not in kinds:
        return float(words)
    origin = get_origin(hint)
    if name in PEOPLE and _only_texts(hint):
        said_ones = words.removesuffix("\n").split("\n" if "\n" in words else _SEPARATOR)
        found = tuple(map(_read_name, said_ones))
        return found if origin is tuple else found[0]
    if origin is tuple:
        if "\n" in words:
            return tuple(words.removesuffix("\n").split("\n"))
        return tuple(words.split(_SEPARATOR))
    if origin is Mapping:
        return dict(line.split(": ", 1) for line in words.split("\n"))
    return words


def _only_texts(hint: Any) -> bool:
    return hint is str or (get_origin(hint) is tuple and set(get_args(hint)) <= {str, ...})


def _is_time(hint: Any) -> bool:
    return any(
        issubclass(kind, TimeValue) for kind in (hint, *get_args(hint)) if isinstance(kind, type)
    )


def _member(value: Any) -> str:
    """Say one entry of a collection on one line."""
    match value:
        case bool():
            return "yes" if value else "no"
        case TimeValue():
            return limit(value)  # type: ignore[arg-type]  # all kinds of time
        case timedelta():
            return duration(value)
        case int() | float():
            return _number(value)
        case str():
            return " ".join(value.split()) or _EMPTY_TEXT
        case Mapping():
            return ", ".join(f"{key} = {_member(one)}" for key, one in value.items())
        case None:
            return _EMPTY_TEXT
        case tuple() | list():
            return " | ".join(_member(one) for one in value) or _EMPTY_TEXT
        case _:
            return str(value)


def _several(members: list[str]) -> str:
    """Join entries: short names on one line, texts below one another."""
    if len(members) == 1 and _SEPARATOR in members[0]:
        return f"{members[0]}\n"
    short = all(len(one) <= 40 and _SEPARATOR not in one for one in members)
    room = sum(map(len, members)) <= 90
    return (_SEPARATOR if short and room else "\n").join(members)


def _number(value: float) -> str:
    if value == int(value):
        return str(int(value))
    return repr(value)
