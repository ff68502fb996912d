"""Messages made of templates: `{{ name }}` and `{{ name | filter }}`, and nothing cleverer.

Whatever is filled in is text: it is never looked at again, so nobody can smuggle a placeholder in.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from math import isfinite
from zoneinfo import ZoneInfo

import msgspec

from tocsin.core.plan.communication.model import Template
from tocsin.core.times import LONGEST, words_duration

Value = str | bool | int | float | datetime | timedelta | tuple[str, ...]

FILTERS = ("time", "date", "duration", "upper", "list", "number")
PLACEHOLDER = re.compile(r"\{\{\s*([a-z][a-z0-9_.-]*)\s*(?:\|\s*([a-z]+)\s*)?\}\}")
SOMETHING_LIKE_ONE = re.compile(r"\{\{.*?\}\}|\{\{|\}\}")

_BRACKETS = re.compile(
    r"\[[A-Za-z$][^\[\]\n]{0,78}\](?!\()|\[[0-9](?=[^\[\]\n]*[/-])[^\[\]\n]*\](?!\()"
)
_BARE = re.compile(
    r"(?<![\w$])(?:\$?[XY]{1,3}(?:\.[XY]+)?%?|YYYY(?:-MM(?:-DD)?)?(?:-#+)?|HH:MM)(?!\w)"
)
_CHECKBOX = re.compile(r"\[[ xX]\]")


class Rendered(msgspec.Struct, frozen=True):
    """A message as it goes out."""

    subject: str
    text: str


class Incomplete(msgspec.Struct, frozen=True):
    """A message that cannot go out: what nobody knows, by field or origin."""

    missing: tuple[str, ...]


def names_in(text: str) -> tuple[str, ...]:
    """Return what a text has filled in, by field or origin."""
    return tuple(dict.fromkeys(match[1] for match in PLACEHOLDER.finditer(text)))


def fill(template: Template, known: Mapping[str, Value], time_zone: str) -> Rendered | Incomplete:
    """Write a message; `known` holds what is known, by field or origin.

    Missing are those without a fallback that are not optional. Times are shown on the clocks of
    `time_zone`, with its name.
    """
    texts = dict(known)
    optional = set()
    for field in template.fields.values():
        if _is_known(texts.get(field.name)):
            continue
        if field.fallback is not None:
            texts[field.name] = field.fallback
        elif field.optional:
            optional.add(field.name)
    wanted = names_in(f"{template.subject}\n{template.text}")
    missing = [n for n in wanted if n not in optional and n not in texts]
    missing += [
        name
        for name in wanted
        if name in texts and not _is_known(texts[name]) and name not in (*optional, *missing)
        and not _meant_empty(template, name)
    ]  # fmt: skip
    if missing:
        return Incomplete(tuple(dict.fromkeys(missing)))
    subject = " ".join(_filled(template.subject, texts, optional, time_zone).split())
    return Rendered(subject, _filled(template.text, texts, optional, time_zone).strip("\n"))


def left_open(text: str, literal: Sequence[str] = ()) -> tuple[str, ...]:
    """Return what looks like a placeholder that nobody has filled in: `[Name]`, `$X`, `HH:MM`.

    Check boxes, links and what is in `literal` are meant as they stand.
    """
    rest = text
    for meant in literal:
        rest = rest.replace(meant, " ")
    rest = _CHECKBOX.sub(" ", rest)
    found = [match[0] for match in _BRACKETS.finditer(rest)]
    outside = _BRACKETS.sub(" ", rest)
    return tuple(dict.fromkeys([*found, *(match[0] for match in _BARE.finditer(outside))]))


def shown(value: Value, time_zone: str, style: str = "") -> str:
    """Return a value as a message shows it; `style` is a filter, "" for the usual way."""
    if isinstance(value, datetime):
        return _instant(value, time_zone, style)
    if isinstance(value, timedelta):
        return words_duration(value)
    if isinstance(value, tuple):
        return "\n".join(f"- {one}" for one in value) if style == "list" else ", ".join(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number(value, style)
    if style == "upper":
        return value.upper()
    if style == "list":
        return "\n".join(f"- {part.strip()}" for part in value.split(",") if part.strip())
    return value


def _filled(text: str, known: Mapping[str, Value], optional: set[str], time_zone: str) -> str:
    lines = [
        line for line in text.split("\n") if not optional.intersection(names_in(line))
    ]  # fmt: skip
    return PLACEHOLDER.sub(
        lambda match: printable(shown(known[match[1]], time_zone, match[2] or "")), "\n".join(lines)
    )


def printable(text: str) -> str:
    """Drop what controls terminals and the like; lines and tabs stay."""
    return "".join(c for c in text if c.isprintable() or c in "\n\t ")


def _is_known(value: Value | None) -> bool:
    return value is not None and value != "" and value != ()


def _meant_empty(template: Template, name: str) -> bool:
    field = template.fields.get(name)
    return field is not None and field.fallback == ""


def _instant(at: datetime, time_zone: str, style: str) -> str:
    local = at.astimezone(ZoneInfo(time_zone))
    zone = local.tzname() or time_zone
    if style == "date":
        return local.strftime("%Y-%m-%d")
    if style == "time":
        return f"{local:%H:%M} {zone}"
    return f"{local:%Y-%m-%d %H:%M} {zone}"


def _number(value: int | float, style: str) -> str:
    if not isfinite(value):
        return str(value)
    if style == "duration" and abs(value) <= LONGEST.total_seconds() / 60:
        return words_duration(timedelta(minutes=value))
    whole = isinstance(value, int) or value.is_integer()
    if style == "number":
        return f"{int(value):,}" if whole else f"{value:,.2f}"
    return str(int(value)) if whole else str(value)
