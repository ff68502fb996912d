"""Clauses of any kind, compared by their names: what is gone, what is new, what reads otherwise."""

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec

from tocsin.core.plan.change import Change, Effect
from tocsin.core.plan.check import limit
from tocsin.core.plan.notations import nominal
from tocsin.core.times import AnyTime, TimeValue, words, words_duration

CALLED = {"cadences": "updates", "response": "phases and watches"}
"""Parts of the normal form that people know under another name."""

WATCHED_FOR = "lasts_seconds"


def differences(about: str, name: str, was: Any, now: Any) -> Iterator[Change]:
    """Yield what is different between two parts of a plan; `name` says which part it is."""
    if without_lines(was) == without_lines(now):
        return
    if isinstance(was, TimeValue | None) and isinstance(now, TimeValue | None):
        yield _time_changed(about, name, was, now)
        return
    if isinstance(was, msgspec.Struct) and type(was) is type(now):
        yield from _fields(about, name, was, now)
        return
    named_was, named_now = _by_name(was), _by_name(now)
    if named_was is None or named_now is None:
        what = f"{name}: {short(now)} instead of {short(was)}"
        yield Change(about=about, what=what, line=line_of(now), was_line=line_of(was))
        return
    for key, clause in named_was.items():
        if key not in named_now:
            what = f"{name} {key} is gone"
            yield Change(about=about, effect="looser", what=what, was_line=line_of(clause))
    for key, clause in named_now.items():
        if key not in named_was:
            what = f"{name} {key} is new"
            yield Change(about=about, effect="tighter", what=what, line=line_of(clause))
        else:
            yield from differences(about, f"{name} {key}", named_was[key], clause)


def effect_of(was: AnyTime | None, now: AnyTime | None) -> Effect:
    """Whether a limit leaves more time than before, as far as that does not depend on the day."""
    before, after = _span(was), _span(now)
    if before is None or after is None:
        return "other" if before is after else "looser" if after is None else "tighter"
    if before == after:
        return "other"
    return "looser" if after > before else "tighter"


def without_lines(value: Any) -> Any:
    """A part of a plan as plain data, without the lines on which it stands."""
    if isinstance(value, msgspec.Struct):
        plain = {
            field: without_lines(getattr(value, field))
            for field in value.__struct_fields__
            if field not in ("line", "lines")
        }
        return type(value).__name__, plain
    if isinstance(value, Mapping):
        return {key: without_lines(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [without_lines(item) for item in value]
    return value


def line_of(value: Any) -> int:
    """The line on which a clause stands, 0 if it has none."""
    return int(getattr(value, "line", 0) or 0)


def short(value: Any) -> str:
    """A value in a few words: times as a plan says them, long texts cut off."""
    if value in ("", None, (), {}):
        return "nothing"
    if isinstance(value, TimeValue):
        return words(value)
    if isinstance(value, timedelta):
        return words_duration(value)
    if isinstance(value, tuple | list):
        text = ", ".join(short(item) for item in value)
    elif isinstance(value, msgspec.Struct):
        parts = (getattr(value, field) for field in value.__struct_fields__ if field != "line")
        text = ", ".join(short(part) for part in parts if part not in ("", None, (), {}))
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _fields(about: str, name: str, was: Any, now: Any) -> Iterator[Change]:
    for field in now.__struct_fields__:
        before, after = getattr(was, field), getattr(now, field)
        if field in ("line", "lines") or without_lines(before) == without_lines(after):
            continue
        if field == WATCHED_FOR:
            yield _watched_for(about, name, was, now)
            continue
        said = CALLED.get(field, field.replace("_", " "))
        for change in differences(about, f"{name}: {said}" if name else said, before, after):
            yield msgspec.structs.replace(
                change,
                line=change.line or line_of(now),
                was_line=change.was_line or line_of(was),
            )


def _watched_for(about: str, name: str, was: Any, now: Any) -> Change:
    """A watch is the other way round than a limit: the shorter one asks for less."""
    before, after = (timedelta(seconds=getattr(one, WATCHED_FOR)) for one in (was, now))
    return Change(
        about=about, effect="looser" if after < before else "tighter",
        what=f"{name}: {words_duration(after)} instead of {words_duration(before)}",
        line=line_of(now), was_line=line_of(was),
    )  # fmt: skip


def _time_changed(about: str, name: str, was: Any, now: Any) -> Change:
    what = f"{name} {short(now)} instead of {short(was)}"
    return Change(about=about, what=what, effect=effect_of(was, now))


def _span(value: AnyTime | None) -> timedelta | None:
    return None if value is None else limit(value) or nominal(value)


def _by_name(value: Any) -> dict[str, Any] | None:
    """Clauses by what tells them apart, where this is a collection of clauses; else None."""
    if isinstance(value, Mapping):
        return {str(key): item for key, item in value.items()}
    if not isinstance(value, tuple) or not all(isinstance(v, msgspec.Struct) for v in value):
        return None
    for parts in (("id",), ("name",), ("id", "audience"), ("id", "audience", "severities")):
        names = [tuple(short(getattr(item, part, "")) for part in parts) for item in value]
        if len(set(names)) == len(names) and all(any(name) for name in names):
            return {
                " ".join(dict.fromkeys(name)): item for name, item in zip(names, value, strict=True)
            }
    return None
