"""The page on duties, money and drills shows nothing that Tocsin would not read."""

import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from tocsin.core.document import salvage_document
from tocsin.core.plan.consequences.laws import LAWS
from tocsin.core.plan.file import PlanFile

PAGE = (Path(__file__).parents[3] / "docs/plan/obligations.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_every_example_has_the_right_shape(example: str) -> None:
    text = f"tocsin: 1\nplan: x\nseverities: {{P0: {{}}}}\n{example}"
    _, problems = salvage_document(text, "plan.yaml", PlanFile)
    assert problems == []


def test_every_section_of_the_plan_has_an_example() -> None:
    shown = {key for example in EXAMPLES for key in YAML(typ="safe").load(example)}
    assert shown == {
        "duties", "regulations", "ladders", "escalation", "finance", "disaster_recovery",
        "postmortem", "documents", "action_items", "metrics", "reports", "programme",
        "assessments",
    }  # fmt: skip


def test_every_law_of_the_table_is_named() -> None:
    assert [law for law in LAWS if f"`{law}`" not in PAGE] == []
