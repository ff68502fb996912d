"""Whatever a file holds, reading ends: with a plan, or with problems that have place and cure."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.mangling import WORDS, mangled, originals

from tocsin.core.organisation import read_organisation
from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.core.tree import MAX_BYTES, MAX_ERRORS, MAX_VALUES, read_tree

PLANS = originals()
ORGANISATIONS = originals("org.yaml")
WITHOUT_PLACE = {"file.too-large", "file.too-many", "file.syntax"}
"""What concerns the file as a whole, or what the parser cannot place."""

quick = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


def check_problems(problems: list[Problem], text: str | bytes) -> None:
    raw = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    lines = len(raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n"))
    for problem in problems:
        assert problem.what, problem
        assert problem.hint or problem.level == "note", problem
        assert 0 <= problem.line <= lines + 1, problem
        if problem.line == 0:
            assert problem.code in WITHOUT_PLACE, problem
        else:
            assert problem.column >= 1, problem


def read_everything(text: str | bytes) -> None:
    plan, problems = read(text, "plan.yaml")
    assert (plan is None) == any(problem.level == "error" for problem in problems)
    check_problems(problems, text)
    organisation, problems = read_organisation(text, "org.yaml")
    assert (organisation is None) == any(problem.level == "error" for problem in problems)
    check_problems(problems, text)
    check_problems(list(citations(text).problems), text)


@quick
@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    read_everything(data)


@quick
@given(st.text(max_size=200) | st.lists(st.sampled_from(WORDS), max_size=60).map("".join))
def test_any_text(text: str) -> None:
    read_everything(text)


@quick
@given(st.sampled_from(PLANS), st.randoms(use_true_random=False))
def test_a_plan_with_slips(plan: str, random: Random) -> None:
    read_everything(mangled(random, plan, limit=16 * 1024))


@quick
@given(st.sampled_from(ORGANISATIONS), st.randoms(use_true_random=False))
def test_an_organisation_with_slips(organisation: str, random: Random) -> None:
    read_everything(mangled(random, organisation, limit=16 * 1024))


@quick
@given(st.sampled_from(PLANS), st.integers(0, 6_000), st.binary(max_size=3))
def test_a_plan_with_damaged_bytes(plan: str, place: int, damage: bytes) -> None:
    raw = plan.encode()
    read_everything(raw[:place] + damage + raw[place + len(damage) :])


@pytest.mark.parametrize(
    "text",
    [
        "[" * MAX_BYTES,
        "{" * MAX_BYTES,
        "- " * (MAX_BYTES // 2),
        "? " * (MAX_BYTES // 2),
        "a: [" + "b," * 100_000 + "]",
        "{" + "a," * 100_000 + "}",
        "{" + ",".join(f"a{n}: 1" for n in range(20_000)) + "}",
        "[" + "*a," * 100_000 + "]",
        "[" + "!a b," * 50_000 + "]",
        "\ta\n" * 100_000,
        "\u00c3\u00a9\n" * 50_000,
        '"' + "a\n" * 200_000 + '"',
        "severities: {" + ",".join(f"p{n}: {{}}" for n in range(9_000)) + "}",
        "contacts: {" + ",".join(f"p{n}: ''" for n in range(9_000)) + "}\nescalation: {steps: ["
        + ",".join(f"{{page: q{n}, at: 5m}}" for n in range(2_000)) + "]}",
        "a" * 400_000 + ": 1",
    ],
    ids=lambda text: text[:12],
)  # fmt: skip
def test_a_flood_of_anything_ends_in_few_problems(text: str) -> None:
    plan, problems = read(text, "plan.yaml")
    assert plan is None
    assert len(problems) <= MAX_ERRORS + 1
    assert sum(len(problem.what) + len(problem.hint) for problem in problems) < 300_000
    check_problems(problems, text)


def test_more_values_than_a_plan_can_need_are_refused_where_they_become_too_many() -> None:
    fits = "- a\n" * (MAX_VALUES - 1)
    assert read_tree(fits, "f")[1] == []
    tree, (problem,) = read_tree(fits + "- a\n- b\n", "f")
    assert tree is None
    assert (problem.code, problem.line, problem.column) == ("file.too-large", MAX_VALUES, 3)


def test_a_flood_of_warnings_does_not_hide_that_the_search_ended() -> None:
    warned = "tocsin: 1\nplan: p\nalerts: {otherwise: P0}\nseverities:\n"
    warned += "".join(f"  P{number}: {{}}\n" for number in range(2_500))
    plan, problems = read(warned, "plan.yaml")
    assert plan is None
    assert [(p.code, p.level) for p in problems if p.level == "error"] == [
        ("file.too-many", "error")
    ]
