"""Phases, playbooks, milestones and gates of a plan file: what they become, and what is wrong."""

import pytest
from tests.core.incident.night import FRAME, plan_with
from tests.core.plan.broken_response import BROKEN

from tocsin.core.plan.read import read
from tocsin.core.plan.task import Task
from tocsin.core.problem import Problem


def task(clauses: str, name: str) -> Task:
    return next(t for t in plan_with(clauses).tasks if t.id == name)


def found(clauses: str, frame: str = FRAME) -> list[Problem]:
    return [p for p in read(frame + clauses, "night.yaml")[1] if p.code != "plan.no-criteria"]


def codes(clauses: str, frame: str = FRAME) -> list[str]:
    return [problem.code for problem in found(clauses, frame)]


AS_WRITTEN = FRAME.replace("plan: night", "plan: night\nstanding: as written")


def test_a_text_is_a_step_and_its_line_is_the_one_it_stands_on() -> None:
    look = task("phases:\n  detection:\n    steps:\n      - Look around\n", "detection/look-around")
    frame_lines = FRAME.count("\n")
    assert (look.do, look.text, look.after) == ("do", "Look around", "phase detection")
    assert look.line == frame_lines + 4
    assert look.holds == ("leave detection",)


def test_headings_name_the_group_of_their_steps() -> None:
    clauses = "phases: {containment: {steps: [{group: Stop the bleeding, steps: [Roll back]}]}}"
    assert task(clauses, "containment/roll-back").group == "containment: Stop the bleeding"


def test_the_same_text_twice_gives_two_tasks() -> None:
    clauses = "phases: {a: {steps: [Look, {do: Look, for: [P0]}]}}"
    ids = [t.id for t in plan_with(clauses).tasks]
    assert ids == ["a/look", "a/look-2"]


def test_a_checklist_takes_the_place_of_the_steps_that_it_covers() -> None:
    clauses = (
        "phases: {recovery: {steps: [Check health, Check for stuck operations], "
        "checklist: [{do: Healthy, covers: Check health}]}}"
    )
    assert [t.id for t in plan_with(clauses).tasks] == [
        "recovery/check-for-stuck-operations",
        "recovery/healthy",
    ]
    assert task(clauses, "recovery/healthy").how == ("Check health",)
    assert codes(clauses) == ["plan.step-without-item"]


@pytest.mark.parametrize(
    ("clauses", "code"),
    [
        ("phases: {a: {within: {within: 1h, from: the dawn of time}}}", "plan.moment"),
        ("phases: {a: {steps: [{do: x, met_by: phase b}]}}", "plan.moment"),
        ("phases: {a: {steps: [{do: x, behind: y}]}}", "plan.unknown-step"),
        ("phases: {a: {checklist: [{do: x, covers: y}]}}", "plan.unknown-step"),
        ("phases: {a: {steps: [{do: x, each: secrets}]}}", "plan.selection"),
        ("phases: {a: {steps: [{do: x, records: [weather]}]}}", "plan.unknown-fact"),
        ("phases: {a: {steps: [{do: x, by: nobody-known}]}}", "plan.unknown-recipient"),
        ("phases: {a: {steps: [{do: x, act: y}]}}", None),
        ("phases: {a: {steps: [{act: x, ask: y, answer: user_facing}]}}", "plan.step-verb"),
        ("phases: {a: {steps: [{need: if needed}]}}", "plan.step-verb"),
        ("playbooks: {a: {steps: [x]}}", "plan.playbook-condition"),
        ("playbooks: {a: {kind: weather, steps: [x]}}", "plan.unknown-kind"),
        ("playbooks: {a: {kind: security, instead_of: [b]}}", "plan.unknown-phase"),
        ("playbooks: {a: {kind: security, during: b}}", "plan.unknown-phase"),
        ("gates: [{before: lunch}]", "plan.gate"),
        ("gates: [{before: phase b}]", "plan.unknown-phase"),
        ("gates: [{before: close, watch: unspecified}]", "plan.watch-length"),
        ("milestones: {T+5m: [x]}", "plan.milestone-meaning"),
        ("milestones: {meaning: by, soon: [x]}", "plan.time"),
        ("phases: {a: {within: {within: 1h, from: unspecified}}}", "plan.phase-anchor"),
    ],
)
def test_a_mistake_is_told_once_with_its_code(clauses: str, code: str | None) -> None:
    assert codes(clauses) == ([code] if code else [])


@pytest.mark.parametrize(
    "clauses",
    [
        "playbooks: {a: {steps: [x]}}",
        "gates: [{before: close, watch: unspecified}]",
        "milestones: {T+5m: [x]}",
        "phases: {a: {within: {within: 1h, from: unspecified}}}",
    ],
)
def test_what_a_document_leaves_open_is_a_warning_as_long_as_it_is_only_written(
    clauses: str,
) -> None:
    plan, problems = read(AS_WRITTEN + clauses, "night.yaml")
    assert plan is not None
    assert {p.level for p in problems} == {"warning"}


def test_a_milestone_that_presupposes_the_end_is_noted_beside_a_later_escalation() -> None:
    clauses = "milestones: {meaning: by, T+60m: [{do: Written up, met_by: resolved}]}"
    overlap = [p for p in found(clauses) if p.code == "plan.milestone-overlap"]
    assert [p.level for p in overlap] == ["note"]
    earlier = "milestones: {meaning: by, T+180m: [{do: Written up, met_by: resolved}]}"
    assert codes(earlier) == []


def test_steps_that_wait_for_each_other_never_happen() -> None:
    clauses = (
        "phases: {a: {steps: [{id: one, do: x}, {id: two, do: y, behind: one}]}}\n"
        "evidence: [{collect: z, before: [one]}]\n"
    )
    assert codes(clauses) == []


def test_an_escalation_that_looks_at_no_severity_is_doubted_unless_it_says_so() -> None:
    three = FRAME.replace("escalation:", "  P2: {name: Low, when: [user_facing]}\nescalation:")
    blind = three.replace(", for: [P0, P1]", "")
    assert codes("", blind) == ["plan.same-for-all"]
    assert codes("", three.replace("[P0, P1]", "[P0, P1, P2]")) == []


@pytest.mark.parametrize("code", BROKEN)
def test_each_mistake_is_told_at_its_line_and_nothing_else(code: str) -> None:
    text = BROKEN[code]
    line = next(n for n, row in enumerate(text.splitlines(), 1) if f"#! {code}" in row)
    problems = read(text, "plan.yaml")[1]
    assert [(problem.code, problem.line) for problem in problems] == [(code, line)]


def test_a_milestone_that_begins_then_is_asked_for_then() -> None:
    clauses = "milestones: {meaning: from, T+15m: [Look for the cause]}"
    cause = task(clauses, "milestone/t-15m/look-for-the-cause")
    assert (cause.within, cause.at is not None) == (None, True)


@pytest.mark.parametrize("name", ["phase", "severity", "status", "other_incidents"])
def test_a_fact_cannot_bear_the_name_of_something_that_conditions_see_anyway(name: str) -> None:
    assert codes("", FRAME.replace("error_rate:", f"{name}:")) == ["plan.name"]
