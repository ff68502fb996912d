"""What is written about scenario files agrees with what reads them."""

from __future__ import annotations

import json
import re
from pathlib import Path

import jsonschema
import pytest
from pydantic import BaseModel
from ruamel.yaml import YAML
from tests.core.stories import ROOT, STARTER, judged, problems_in, world_of

from tocsin.core.scenarios import file
from tocsin.core.scenarios.expectations import kinds
from tocsin.core.scenarios.file import EntryFile, ScenarioFile, scenario_schema
from tocsin.core.scenarios.measuring import MeasuredFile
from tocsin.core.scenarios.noting import World

PAGE = (ROOT / "docs" / "scenarios.md").read_text(encoding="utf-8")
SCHEMA = ROOT / "schemas" / "scenario.schema.json"
MODELS: list[type[BaseModel]] = [
    file.ClassifyFile,
    EntryFile,
    file.ExpectFile,
    file.HappensFile,
    MeasuredFile,
    file.OutageFile,
    file.ReportFile,
    ScenarioFile,
]
KEYS = sorted(
    {(m.__name__, field.alias or name) for m in MODELS for name, field in m.model_fields.items()}
)
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
WORLD = world_of((STARTER / "plan.yaml").read_bytes(), (STARTER / "org.yaml").read_bytes())
SHIPPED = sorted((STARTER / "tests").glob("*.scenario.yaml"))


def rows() -> set[str]:
    """The keys that have a row with an explanation and an example."""
    return set(re.findall(r"^\| `(\w+)` \| .+ \| `.+` \|$", PAGE, re.MULTILINE))


@pytest.mark.parametrize("model", [EntryFile, file.ExpectFile, ScenarioFile, file.ClassifyFile])
def test_every_key_has_a_row_with_an_example(model: type[BaseModel]) -> None:
    assert {field.alias or name for name, field in model.model_fields.items()} <= rows()


@pytest.mark.parametrize(("model", "key"), KEYS)
def test_every_key_is_explained(model: str, key: str) -> None:
    assert re.search(rf"`\{{?{re.escape(key)}\b", PAGE), f"docs/scenarios.md: `{key}` of {model}"


def test_no_row_explains_what_is_not_there() -> None:
    assert rows() <= {key for _, key in KEYS}


def test_every_key_is_described_for_editors() -> None:
    for model in MODELS:
        assert model.__doc__
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_every_kind_of_event_can_be_expected() -> None:
    assert {"page", "call", "missed", "clock_missed", "role_taken", "reopened"} <= set(kinds())


def test_the_published_schema_is_current() -> None:
    assert json.loads(SCHEMA.read_text(encoding="utf-8")) == scenario_schema(), (
        "run `python scripts/schemas.py`"
    )


def test_the_schema_judges_as_the_reader_does() -> None:
    schema = scenario_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    judge = jsonschema.Draft202012Validator(schema)
    for text in [path.read_text(encoding="utf-8") for path in SHIPPED]:
        assert list(judge.iter_errors(plain(text))) == []
    for wrong in (
        "story: [{at: 5m, clsoe: a}]",
        "story: [{close: a}]",
        "story: [{at: 5m, expect: {pgae: a}}]",
        "story: [{at: 5m, role: dora}]",
        "story: [{at: 5m, escalate: {too: cto}}]",
        "sverity: P0",
    ):
        text = f"scenario: x\n{wrong}\n"
        assert list(judge.iter_errors(plain(text))) != [], wrong
        assert problems_in(text, WORLD) != [], wrong


def plain(text: str) -> object:
    """YAML as JSON has it: Tocsin itself reads dates as text."""
    return json.loads(json.dumps(YAML(typ="safe", pure=True).load(text), default=str))


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_of_the_page_can_be_read(example: str) -> None:
    text = example if example.startswith("scenario:") else f"scenario: x\n{example}"
    found = [one for one in problems_in(text, WORLD) if one.code != "scenario.programme"]
    assert found == [], "the starter has no programme; everything else is read against it"


def test_the_first_example_holds_and_fails_as_the_page_shows() -> None:
    first = EXAMPLES[0]
    assert judged(first, WORLD) == []
    (failure,) = judged(first.replace("at: 10m", "at: 8m"), WORLD)
    shown = f"tests/nobody-answers.scenario.yaml:{failure.place[0]}:{failure.place[1]}: expected"
    assert shown in PAGE
    assert f"instead: {failure.instead}" in PAGE


def test_the_classification_table_of_the_page_is_right() -> None:
    table = next(one for one in EXAMPLES if "classify:" in one)
    assert judged(table, WORLD) == []


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.name)
def test_the_scenarios_that_are_shipped_hold(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    world = WORLD if "\norg:" in text else World(plan=WORLD.plan)
    assert judged(text, world) == []


def test_the_scenarios_that_are_shipped_show_nearly_every_expectation() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in SHIPPED)
    shown = {name for name in file.ExpectFile.model_fields if re.search(rf"\b{name}: ", text)}
    assert set(file.ExpectFile.model_fields) - shown <= {
        "channel", "code", "dropped", "line", "mode", "phase", "status", "tasks", "ticket", "update"
    }  # fmt: skip
