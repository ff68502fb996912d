"""Laws of reading: whatever plan is written, it is understood or told what is wrong, and where."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.plan.generated import (
    ROOMS,
    Data,
    clean_plan,
    made_plan,
    plans,
    slipped,
    written,
)
from tests.core.plan.plans import one, small

from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

DOCS = Path(__file__).parents[3] / "docs"
quick = settings(
    deadline=None, max_examples=80,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip


@cache
def explained() -> frozenset[str]:
    """The codes of problems that have a heading in the documentation."""
    texts = [path.read_text("utf-8") for path in DOCS.glob("problems*.md")]
    return frozenset(re.findall(r"^### `([a-z.-]+)`", "\n".join(texts), re.MULTILINE))


def check_reading(data: Any) -> list[Problem]:
    """Read a plan; what is said about it has a code that is explained, a place and a cure."""
    text, _ = written(data)
    plan, problems = read(text, "plan.yaml")
    assert (plan is None) == any(problem.level == "error" for problem in problems)
    lines = text.split("\n")
    for problem in problems:
        assert problem.code in explained(), problem
        assert problem.what.strip(), problem
        assert problem.hint.strip() or problem.level == "note", problem
        assert 1 <= problem.line <= len(lines), problem
        assert 1 <= problem.column <= len(lines[problem.line - 1]) + 1, problem
    assert problems == sorted(problems, key=lambda problem: (problem.line, problem.column))
    if plan is not None:
        ids = [task.id for task in plan.tasks]
        assert len(ids) == len(set(ids)), sorted(ids)
    again, same = read(text, "plan.yaml")
    assert (again, same) == (plan, problems)
    return problems


@quick
@given(plans())
def test_any_plan_is_understood_or_told_what_is_wrong(data: Data) -> None:
    check_reading(data)


@quick
@given(plans(), st.integers(0, 2**32), st.integers(1, 4))
def test_slips_in_any_part_are_told(data: Data, seed: int, count: int) -> None:
    random = Random(seed)
    slips: Any = data
    for _ in range(count):
        slips = slipped(random, slips)
    check_reading(slips)


@quick
@given(plans())
def test_what_is_wrong_stands_where_it_is_said_to_stand(data: Data) -> None:
    """Taking out what the places of errors point at leads to a plan that is accepted."""
    plan, _, problems = clean_plan(data)
    assert plan is not None, [str(problem) for problem in problems if problem.level == "error"]


def test_a_wrong_condition_in_a_rule_without_may_is_found_where_it_stands() -> None:
    text = small("  steps: []\n") + "authority:\n  spend:\n    - {with: reason, when: nonsense}\n"
    problem = one(text, "plan.unknown-fact")
    lines = text.split("\n")
    assert lines[problem.line - 1][problem.column - 1 :].startswith("nonsense")


def test_the_plans_made_here_use_the_whole_language() -> None:
    """A search that leaves a room out, or whose plans lose it, proves nothing about it."""
    kept: set[str] = set()
    for seed in range(24):
        _, data, _ = clean_plan(made_plan(seed, frozenset(ROOMS), 0.4))
        kept |= {room for room in ROOMS if data.get(room)}
    assert kept == set(ROOMS)
