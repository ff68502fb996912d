"""Tables of what is measured in a scenario file: which alert rules of a plan fire on it."""

import pytest
from tests.core.plan.broken_catalogue import plan as text_with
from tests.core.plan.plans import accepted

from tocsin.core.problem import Problem
from tocsin.core.scenarios.judge import Failure, judge_thresholds
from tocsin.core.scenarios.noting import World
from tocsin.core.scenarios.read import draft, read_scenario

PLAN = accepted(
    text_with(
        "thresholds:\n"
        "  errors: {metric: errors, of: ratio, above: 0.01, window: 5m}\n"
        "  slow: {metric: response, of: p95, above: 1000, window: 5m}\n"
        "  lost: {metric: lost, of: count, above: 0, window: 5m}\n"
    )
)


def told(row: str) -> tuple[list[Problem], list[Failure], bool]:
    """The problems of a scenario with this row, what the plan does not keep, whether it plays."""
    text = f"scenario: x\nthresholds:\n  - {row}\n"
    script, problems = read_scenario(draft(text, "x.scenario.yaml"), World(plan=PLAN))
    failures = [] if script is None else judge_thresholds(PLAN, script.thresholds)
    return problems, failures, script is not None and script.plays


@pytest.mark.parametrize(
    "row",
    [
        "{rule: errors, measured: {1m: 2 of 100}, fires: true}",
        "{rule: errors, measured: {1m: 1 of 100}, fires: false}",
        "{rule: errors, measured: {6m: 50 of 100, 1m: 0 of 100}, fires: false}",
        "{rule: slow, measured: {1m: [200 x 95, 2000 x 5]}, fires: false}",
        "{rule: slow, measured: {2m: [200 x 94], 1m: [2000 x 6]}, fires: true}",
        "{rule: lost, measured: {1m: 1}, fires: true}",
    ],
)
def test_a_rule_that_does_as_expected(row: str) -> None:
    assert told(row) == ([], [], False)


def test_a_rule_that_does_not_is_told_with_its_figure_and_line() -> None:
    problems, (failure,), _ = told("{rule: errors, measured: {1m: 2 of 100}, fires: false}")
    assert problems == []
    assert failure.wanted == "errors does not fire"
    line = PLAN.catalogue.thresholds["errors"].line
    assert failure.instead == f"the figure is 0.02 (line {line})"
    assert failure.place[0] == 3


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("{rule: erors, measured: {1m: 1}, fires: true}", "scenario.threshold"),
        ("{rule: errors, measured: {1m: 1 in 9}, fires: true}", "scenario.sample"),
        ("{rule: errors, measured: {soon: 1 of 9}, fires: true}", "scenario.time"),
        ("{rule: errors, measured: {1m: 1 of 9}}", "file.missing-key"),
    ],
)
def test_a_row_that_makes_no_sense(row: str, code: str) -> None:
    assert [one.code for one in told(row)[0]] == [code]
