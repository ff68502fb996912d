"""Nothing that a plan says is accepted and then ignored.

Each key of the language stands somewhere in the plans of this repository; taking it out there
must change what the plan means (or make it unreadable). The plans are written on one line for
this, so that no line number hides or fakes a difference.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML

from tocsin.core.document import salvage_document
from tocsin.core.plan.file import PlanFile
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read

PLANS = sorted(Path("plans").glob("*/*plan.yaml")) + sorted(
    Path(__file__).parent.glob("all_*.yaml")
)
Place = tuple[str | int, ...]
ENOUGH = 12
"""In so many places taking it out was tried; where a part is written short, it cannot be."""


def keys_of(model: type[BaseModel], seen: set[type[BaseModel]]) -> Iterator[tuple[str, str]]:
    """Every (model, key) that a plan file may have."""
    if model in seen:
        return
    seen.add(model)
    for name, field in model.model_fields.items():
        yield model.__name__, field.alias or name
        for other in models_in(field.annotation):
            yield from keys_of(other, seen)
    extra = model.__annotations__.get("__pydantic_extra__")
    for other in models_in(extra):
        yield from keys_of(other, seen)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in getattr(annotation, "__args__", ()):
        yield from models_in(part)


@cache
def text_and_data(path: Path) -> tuple[str, Any]:
    data = YAML(typ="safe").load(path.read_text("utf-8"))
    return one_line(data), data


def one_line(data: Any) -> str:
    return json.dumps(data, ensure_ascii=False, default=str)


@cache
def meaning(text: str) -> Any:
    plan, problems = read(text, "plan.yaml")
    codes = [problem.code for problem in problems]
    if plan is None:
        return codes
    return codes, {k: v for k, v in as_dict(plan).items() if k != "version"}


def as_dict(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in plan.__struct_fields__}


def places(model: BaseModel, path: Place = ()) -> Iterator[tuple[tuple[str, str], Place]]:
    """Where each key of a plan stands that somebody has written."""
    for name in model.model_fields_set:
        field = type(model).model_fields.get(name)
        key = (field.alias or name) if field else name
        if field is not None:
            yield (type(model).__name__, key), (*path, key)
        yield from inside(getattr(model, name), (*path, key))
    for key, value in (model.__pydantic_extra__ or {}).items():
        yield from inside(value, (*path, key))


def inside(value: Any, path: Place) -> Iterator[tuple[tuple[str, str], Place]]:
    if isinstance(value, BaseModel):
        yield from places(value, path)
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from inside(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from inside(item, (*path, number))


def without(data: Any, path: Place) -> Any:
    """The data without what stands at `path`; None where it is written in a short form."""
    if not isinstance(data, dict | list):
        return None
    try:
        rest = data[path[0]]  # type: ignore[index]
    except (KeyError, IndexError, TypeError):
        return None
    copy: Any = dict(data) if isinstance(data, dict) else list(data)
    if len(path) == 1:
        del copy[path[0]]
        return copy
    inner = without(rest, path[1:])
    if inner is None:
        return None
    copy[path[0]] = inner
    return copy


@cache
def written() -> dict[tuple[str, str], list[tuple[Path, Place]]]:
    found: dict[tuple[str, str], list[tuple[Path, Place]]] = {}
    for path in PLANS:
        document, _ = salvage_document(text_and_data(path)[0], "plan.yaml", PlanFile)
        assert document is not None
        for key, place in places(document.model):
            found.setdefault(key, []).append((path, place))
    return found


KEYS = sorted(set(keys_of(PlanFile, set())))


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_taking_a_key_out_changes_the_plan(model: str, key: str) -> None:
    where = written().get((model, key), [])
    assert where, f"no plan here uses `{key}` of {model}: use it, or take it out of the language"
    tried = 0
    for path, place in where:
        text, data = text_and_data(path)
        shorter = without(data, place)
        if shorter is not None and meaning(one_line(shorter)) != meaning(text):
            return
        tried += shorter is not None
        if tried > ENOUGH:
            break
    pytest.fail(f"`{key}` of {model} can be taken out everywhere, and nothing changes")
