"""Scenario files: what they mean, and what is said of those that make no sense."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import msgspec
import pytest

from tocsin.core.incident import commands as c
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.scenario import named_files, read_scenario, wrong_fact

ROOT = Path(__file__).parents[2]
STARTER = ROOT / "plans" / "starter" / "plan.yaml"

WHOLE = """
scenario: nobody answers a P0 on a Friday night
plan: ../plan.yaml
org: ../org.yaml
starts: Friday 2026-03-06 23:00 Europe/Berlin
severity: P0
facts: {error_rate: 0.5}
lasts: 4h
story:
  - {at: 90m, close: team-lead}
  - {at: 40m, acknowledge: team-lead, why: back at my desk}
  - {at: 41m, note: "rolled back", by: team-lead}
  - {at: T+45m, severity: P1, by: team-lead}
  - {at: 50m, fact: {cosmetic: true}, by: team-lead}
  - {at: 52m, role: {incident-commander: ana}, by: team-lead}
  - {at: 55m, escalate: engineering-manager}
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    found, _ = read(STARTER.read_bytes(), "plan.yaml")
    assert found is not None
    return found


def test_a_story_is_read_in_the_order_of_its_times(plan: Plan) -> None:
    scenario, problems = read_scenario(WHOLE, "x.scenario.yaml", plan)
    assert problems == []
    assert scenario is not None
    assert f"{scenario.starts:%Y-%m-%d %H:%M}" == "2026-03-06 22:00"
    assert (scenario.severity, scenario.lasts) == ("P0", timedelta(hours=4))
    assert scenario.facts == {"error_rate": 0.5}
    assert [(deed.at.seconds // 60, deed.command) for deed in scenario.deeds] == [
        (40, c.Acknowledge(by="team-lead", why="back at my desk")),
        (41, c.Note(by="team-lead", text="rolled back")),
        (45, c.SetSeverity(by="team-lead", severity="P1")),
        (50, c.RecordFact(by="team-lead", name="cosmetic", value=True)),
        (52, c.TakeRole(by="team-lead", role="incident-commander", person="ana")),
        (55, c.Escalate(by="somebody", to="engineering-manager")),
        (90, c.Close(by="team-lead")),
    ]


def test_it_may_name_its_files() -> None:
    assert named_files(WHOLE, "x") == ("../plan.yaml", "../org.yaml")
    assert named_files("scenario: x", "x") == ("", "")
    assert named_files("- nonsense", "x") == ("", "")


@pytest.mark.parametrize(
    ("line", "place", "code", "said"),
    [
        ("sverity: P0", (2, 1), "file.unknown-key", "Did you mean `severity`?"),
        ("severity: P9", (2, 11), "scenario.severity", "It knows: `P0`"),
        ("starts: someday", (2, 9), "scenario.time", "is no point in time"),
        ("lasts: 4", (2, 8), "scenario.time", "`4` has no unit"),
        ("facts: {eror_rate: 1}", (2, 20), "scenario.fact", "Did you mean `error_rate`?"),
        ("facts: {cosmetic: often}", (2, 19), "scenario.fact", "Write `true` or `false`."),
        ("facts: {data_breach: yes}", (2, 22), "scenario.fact", "It takes: `no`"),
        ("story: [{at: 5, close: ana}]", (2, 14), "scenario.time", "`5` has no unit"),
        ("story: [{at: 5m}]", (2, 9), "scenario.deed", "nothing happens here"),
        ("story: [{at: 5m, note: a, close: b}]", (2, 9), "scenario.deed", "2 deeds at once"),
        ("story: [{at: 5m, clsoe: ana}]", (2, 18), "file.unknown-key", "Did you mean `close`?"),
        ("story: [{at: 5m, severity: P7}]", (2, 28), "scenario.severity", "knows no severity"),
        ("story: [{at: 5m, escalate: cfo}]", (2, 28), "scenario.recipient", "calls nobody `cfo`"),
        ("story: [{at: 5m, role: {commander: a}}]", (2, 36), "scenario.role", "incident-commander"),
        ("story: [{close: ana}]", (2, 9), "file.missing-key", "has no `at`"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_place(
    plan: Plan, line: str, place: tuple[int, int], code: str, said: str
) -> None:
    scenario, problems = read_scenario(f"scenario: x\n{line}\n", "x.scenario.yaml", plan)
    assert scenario is None
    (problem,) = problems
    assert (problem.code, (problem.line, problem.column)) == (code, place)
    assert said in f"{problem.what} {problem.hint}"
    if code.startswith("scenario."):
        assert f"| `{code}` |" in (ROOT / "docs" / "cli.md").read_text(encoding="utf-8")


def test_a_kind_that_the_plan_does_not_have(plan: Plan) -> None:
    text = "scenario: x\nkind: secrity\n"
    picky = msgspec.structs.replace(plan, kinds=("security",))
    _, (problem,) = read_scenario(text, "x", picky)
    assert (problem.code, problem.line) == ("scenario.kind", 2)
    assert "Did you mean `security`?" in problem.hint
    assert read_scenario(text, "x", plan)[1] == [], "it has no list of kinds"


def test_all_problems_come_at_once(plan: Plan) -> None:
    text = "scenario: x\nseverity: P9\nstory:\n  - {at: 5, close: a}\n  - {at: 5m, escalate: x}\n"
    _, problems = read_scenario(text, "x", plan)
    assert [problem.line for problem in problems] == [2, 4, 5]


@pytest.mark.parametrize("value", [float("nan"), float("inf"), ".nan", ".inf"])
def test_a_number_is_finite(plan: Plan, value: float | str) -> None:
    assert wrong_fact(plan, "error_rate", value) is not None
