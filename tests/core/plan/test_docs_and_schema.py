"""The reference for authors and the schema for editors know every key that the reader knows."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML
from scripts import reference
from tests.core.plan.plans import ALL, codes_of, text_of

from tocsin.core.plan.file import PlanFile, plan_schema

ROOT = Path(__file__).parents[3]
SCHEMA = ROOT / "schemas/plan.schema.json"


def models(model: type[BaseModel], seen: set[type[BaseModel]]) -> set[type[BaseModel]]:
    """All models of a plan file."""
    if model not in seen:
        seen.add(model)
        extra = model.__annotations__.get("__pydantic_extra__")
        for annotation in (*(f.annotation for f in model.model_fields.values()), extra):
            for inner in inside(annotation):
                models(inner, seen)
    return seen


def inside(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from inside(part)


def test_every_key_is_described_for_editors() -> None:
    for model in models(PlanFile, set()):
        assert model.__doc__
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_the_reference_is_current() -> None:
    committed = (ROOT / "docs/plan/reference.md").read_text(encoding="utf-8")
    assert committed == reference.page(), "run `python scripts/reference.py`"


def plain(value: object) -> object:
    """Dates as texts, which is what they are to Tocsin."""
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def test_the_committed_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == plan_schema(), (
        "run `python scripts/schemas.py`"
    )


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft202012Validator.check_schema(plan_schema())


@pytest.mark.parametrize("name", ALL)
def test_the_schema_accepts_what_the_reader_accepts(name: str) -> None:
    value = plain(YAML(typ="safe", pure=True).load(text_of(name)))
    jsonschema.validate(value, plan_schema())


@pytest.mark.parametrize(
    "change",
    [
        {"titel": "x"},
        {"plan": 3},
        {"severities": []},
        {"tocsin": 2},
        {"escalation": {"until": "never"}},
        {"escalation": {"steps": [{"page": 3}]}},
        {"facts": {"x": "boolean"}},
        {"clocks": {"fix": {}}},
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(change: dict[str, object]) -> None:
    value = {"tocsin": 1, "plan": "x", "severities": {}} | change
    assert list(jsonschema.Draft202012Validator(plan_schema()).iter_errors(value))


@pytest.mark.parametrize("key", ["tocsin", "plan", "severities"])
def test_the_schema_requires_what_the_reader_requires(key: str) -> None:
    value = {"tocsin": 1, "plan": "x", "severities": {}}
    del value[key]
    assert list(jsonschema.Draft202012Validator(plan_schema()).iter_errors(value))
    assert key in PlanFile.model_json_schema()["required"]
    assert "file.missing-key" in codes_of("title: x\n")
