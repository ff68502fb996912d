"""Values of any clause of the model, made up by Hypothesis from the types of its fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

import msgspec
from hypothesis import strategies as st

from tocsin.core.rendered.cards import CONDITIONS, PEOPLE
from tocsin.core.times import (
    After,
    BusinessDays,
    CalendarDays,
    Choice,
    Immediate,
    Never,
    NextOccasion,
    Range,
    TimeValue,
    Unspecified,
    Variable,
    Within,
)

IDS = st.sampled_from(
    [
        "cto",
        "on-call",
        "on-call-engineer",
        "team-lead",
        "a",
        "p2p-net",
        "next-x",
        "vp-of-it",
        "or-b",
    ]
)
TEXTS = (
    st.text(
        st.characters(codec="utf-8", exclude_categories=("C", "Zl", "Zp"), include_characters="\n"),
        min_size=1,
        max_size=20,
    )
    | st.sampled_from(
        ["# no heading", "- no item", "1. first", "a | b", "`code` *b* _i_ [x](y)", "<b>&amp;</b>",
         "> quoted", "a; b", "one · two", "a\nb", "```", "=== ", "~~~", "\\| \\", "**", "<br>"]
    )
).map(lambda text: text.strip(" \n·;")).filter(str.strip)  # fmt: skip
"""Texts with all that Markdown may take for its own; what parts texts in a list ends none."""

EXPRESSIONS = st.sampled_from(
    ['data_breach == "confirmed" && severity == "P0"', "a || b", "!cosmetic", 'x in ["a", "b|c"]',
     "error_rate > 0.05", 'x.contains("`") ', "a ? b : c", 'note == "``"']
)  # fmt: skip
SPANS = st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds))
_PLAIN_TIMES = (
    SPANS.map(Within)
    | SPANS.map(lambda span: Within(span, True))
    | SPANS.map(Immediate)
    | st.integers(1, 200).map(BusinessDays)
    | st.integers(1, 200).map(CalendarDays)
    | st.just(NextOccasion("sprint planning"))
    | st.tuples(SPANS, SPANS).map(lambda two: Range(min(two), max(two) + timedelta(seconds=1)))
    | st.sampled_from([Never(), Unspecified(), Variable()])
)
LIMITS = _PLAIN_TIMES | st.lists(_PLAIN_TIMES, min_size=2, max_size=2).map(
    lambda options: Choice(tuple(options))  # type: ignore[arg-type]
)
POINTS = LIMITS.filter(lambda value: not isinstance(value, Within)) | SPANS.map(After)


def made(kind: type[msgspec.Struct], **given: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """A struct with all fields made up, those in `given` from these."""
    hints = get_type_hints(kind)
    fields = {
        name: given[name] if name in given else of_field(name, hint)
        for name, hint in hints.items()
        if name in kind.__struct_fields__
    }
    return st.builds(kind, **fields)


def of_field(name: str, hint: Any) -> st.SearchStrategy[Any]:
    """A value for a field of that name and type."""
    if name in CONDITIONS:
        return EXPRESSIONS if hint is str else st.lists(EXPRESSIONS, max_size=2).map(tuple)
    if (name in PEOPLE and hint is str) or name in ("id", "clock"):
        return IDS
    if name in PEOPLE and hint == tuple[str, ...]:
        return st.lists(IDS, max_size=2).map(tuple)
    if name == "experts":
        return st.dictionaries(IDS, IDS, max_size=2)
    if name == "line":
        return st.integers(1, 999)
    return _of(hint)


def _of(hint: Any) -> st.SearchStrategy[Any]:
    origin, inner = get_origin(hint), get_args(hint)
    plain: Mapping[Any, st.SearchStrategy[Any]] = {
        str: TEXTS, bool: st.booleans(), int: st.integers(0, 10**6), timedelta: SPANS,
        float: st.floats(0, 10**9, allow_nan=False), date: st.dates(), NoneType: st.none(),
    }  # fmt: skip
    if hint in plain:
        return plain[hint]
    if origin is Literal:
        return st.sampled_from(inner)
    if origin in (Union, UnionType):
        if any(isinstance(one, type) and issubclass(one, TimeValue) for one in inner):
            return LIMITS | st.none() if NoneType in inner else LIMITS
        return st.one_of(*map(_of, inner))
    if origin is tuple:
        if inner[-1] is Ellipsis:
            return st.lists(_of(inner[0]), max_size=2).map(tuple)
        return st.tuples(*map(_of, inner))
    if origin is Mapping:
        return st.dictionaries(IDS, _of(inner[1]), max_size=2)
    return made(hint)
