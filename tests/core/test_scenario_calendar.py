"""The calendar of drills in a scenario file: what it says of a plan, and what is said of it."""

import pytest
from tests.core.plan.broken_consequences import plan as text_with
from tests.core.plan.plans import accepted

from tocsin.core.problem import Problem
from tocsin.core.scenarios.judge import Failure, judge_programme
from tocsin.core.scenarios.noting import World
from tocsin.core.scenarios.read import draft, read_scenario

PLAN = accepted(
    text_with(
        "programme:\n"
        '  q1: {quarter: Q1, document: "q-{YYYY}.md"}\n'
        '  tabletop: {every: month, document: "t-{YYYY}-{MM}.md"}\n'
        '  gameday: {every: quarter, satisfies: [q1], document: "g-{YYYY}-{QX}.md"}\n'
        "  review: {kind: review, every: year}\n"
    )
)
HELD = "held: [{what: gameday, on: 2026-02-17}, {what: tabletop, on: 2026-03-05}]"


def told(block: str) -> tuple[list[Problem], list[Failure], bool]:
    """The problems of a scenario with this block, what the plan does not keep, whether it plays."""
    text = f"scenario: x\nprogramme:\n  - {block}\n"
    script, problems = read_scenario(draft(text, "x.scenario.yaml"), World(plan=PLAN))
    failures = [] if script is None else judge_programme(PLAN, script.programme)
    return problems, failures, script is not None and script.plays


def test_a_calendar_that_is_kept() -> None:
    kept = (
        "{overdue: [review], next: {tabletop: 2026-04-30, q1: 2027-03-31}, count: 16,"
        " documents: {tabletop: t-2026-04.md, gameday: g-2026-Q2.md}}"
    )
    assert told(f"{{at: 2026-04-02, {HELD}, expect: {kept}}}") == ([], [], False)


@pytest.mark.parametrize(
    ("expected", "instead"),
    [
        ("overdue: []", "review (since 2025-12-31"),
        ("overdue: [tabletop, review]", "review"),
        ("next: {tabletop: 2026-05-31}", "by 2026-04-30 (line"),
        ("count: 17", "16 of them"),
        ("documents: {tabletop: t-2026-03.md}", "t-2026-04.md (line"),
        ("documents: {review: r.md}", "there is none (line"),
    ],
)
def test_a_calendar_that_is_not_kept(expected: str, instead: str) -> None:
    problems, failures, _ = told(f"{{at: 2026-04-02, {HELD}, expect: {{{expected}}}}}")
    assert problems == []
    assert len(failures) == 1
    assert instead in failures[0].instead
    assert failures[0].place[0] == 3


@pytest.mark.parametrize(
    ("block", "code"),
    [
        ("{at: 2026-04-02, held: [{what: tabeltop, on: 2026-03-01}], expect: {count: 1}}",
         "scenario.programme"),
        ("{at: 2026-04-02, expect: {overdue: [q5]}}", "scenario.programme"),
        ("{at: 2026-04-02, expect: {next: {q5: 2026-05-01}}}", "scenario.programme"),
        ("{at: 2026-04-02, expect: {documents: {q5: q.md}}}", "scenario.programme"),
        ("{at: 2.4.2026, expect: {count: 1}}", "scenario.time"),
        ("{at: 2026-04-02, expect: {}}", "file.wrong-value"),
    ],
)  # fmt: skip
def test_a_calendar_that_makes_no_sense(block: str, code: str) -> None:
    problems, _, _ = told(block)
    assert [problem.code for problem in problems] == [code]
