"""What is structural in a plan is in its document: read back from the Markdown, it is the same."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_type_hints

import msgspec
import pytest
from hypothesis import Phase as Phase_
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.core.rendered.making import EXPRESSIONS, IDS, LIMITS, POINTS, TEXTS, made, of_field

from tocsin.core.plan.citations import citations
from tocsin.core.plan.model import Criterion, Plan, Severity, Step, Target
from tocsin.core.plan.people.model import Role
from tocsin.core.plan.read import read
from tocsin.core.plan.response.model import Phase
from tocsin.core.plan.task import Task
from tocsin.core.rendered.cards import hints, holds_structs, label
from tocsin.core.rendered.document import outline_of, rooms_of
from tocsin.core.rendered.markdown import write_markdown
from tocsin.core.rendered.read_back import read_back
from tocsin.core.rendered.structure import structure

ROOT = Path(__file__).parents[3]
PLANS = sorted((ROOT / "plans").glob("*/*plan.yaml"))
STARTER = ROOT / "plans" / "starter" / "plan.yaml"

slow = settings(
    max_examples=30, phases=[Phase_.generate],
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


def load(path: Path) -> Plan:
    plan, problems = read(path.read_bytes(), path.name)
    assert plan is not None, problems
    return plan


def document(plan: Plan) -> str:
    return write_markdown(outline_of(plan))


@pytest.mark.parametrize("path", PLANS, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_every_plan_of_ours_is_in_its_document(path: Path) -> None:
    text = path.read_bytes()
    plan, problems = read(text, path.name)
    assert plan is not None
    markdown = write_markdown(outline_of(plan, cited=citations(text), problems=problems))
    assert read_back(markdown) == structure(plan)


def fields() -> Iterator[tuple[str, str]]:
    """Each field of each part of a plan that has no section of its own making."""
    for name, part in rooms_of(load(STARTER)):
        yield from ((name, field) for field in part.__struct_fields__)


@pytest.mark.parametrize(("name", "field"), list(fields()))
def test_whatever_stands_in_a_part_of_the_plan_is_in_its_document(name: str, field: str) -> None:
    kind = get_type_hints(Plan)[name]
    plan = load(STARTER)

    @slow
    @given(of_field(field, get_type_hints(kind)[field]))
    def law(value: object) -> None:
        whole = msgspec.structs.replace(plan, **{name: kind(**{field: value})})
        assert read_back(document(whole)).clauses == structure(whole).clauses

    law()


@st.composite
def severities(draw: st.DrawFn) -> tuple[tuple[Severity, ...], dict[str, tuple[Step, ...]]]:
    codes = draw(
        st.lists(st.from_regex(r"[A-Z][0-9]{1,2}", fullmatch=True), max_size=4, unique=True)
    )
    criteria = st.lists(st.builds(Criterion, EXPRESSIONS, st.just(3)), max_size=3).map(tuple)
    targets = st.lists(
        st.builds(Target, st.sampled_from(["acknowledge", "respond"]), LIMITS, st.just(4)),
        max_size=2, unique_by=lambda target: target.clock,
    ).map(tuple)  # fmt: skip
    levels = tuple(
        draw(made(Severity, code=st.just(code), rank=st.just(rank), criteria=criteria,
                  not_an_incident=criteria, targets=targets, aliases=st.just(("SEV",))))
        for rank, code in enumerate(codes)
    )  # fmt: skip
    mandates = st.lists(TEXTS.map(lambda text: " ".join(text.split())), max_size=2).map(tuple)
    step = made(
        Step, to=st.lists(IDS, min_size=1, max_size=2).map(tuple), at=POINTS, mandate=mandates,
        when=EXPRESSIONS | st.just(""), level=st.integers(0, 9), again=st.just(0),
    ).map(lambda step: msgspec.structs.replace(step, at=step.at))  # fmt: skip
    steps = {code: draw(st.lists(step, max_size=4).map(tuple)) for code in codes}
    return levels, steps


@slow
@given(severities(), st.lists(made(Role), max_size=3, unique_by=lambda role: role.id))
def test_severities_calls_and_roles_are_in_the_document(
    levels: tuple[tuple[Severity, ...], dict[str, tuple[Step, ...]]], roles: list[Role]
) -> None:
    plan = msgspec.structs.replace(
        load(STARTER),
        severities=levels[0],
        steps=levels[1],
        roles={role.id: role for role in roles},
    )
    assert read_back(document(plan)) == structure(plan)


@slow
@given(
    st.lists(made(Phase, name=TEXTS), max_size=3, unique_by=lambda phase: phase.id),
    st.lists(made(Task, id=st.builds("{}/{}".format, IDS, IDS), by=IDS | st.just(""),
                  at=POINTS | st.none(), behind=st.just(()), each=st.just(())),
             max_size=6, unique_by=lambda task: task.id),
)  # fmt: skip
def test_phases_and_tasks_are_in_the_document(phases: list[Phase], tasks: list[Task]) -> None:
    plan = load(STARTER)
    response = msgspec.structs.replace(plan.response, phases=tuple(phases))
    plan = msgspec.structs.replace(plan, response=response, tasks=tuple(tasks))
    assert read_back(document(plan)) == structure(plan)


def test_no_two_fields_of_a_clause_are_called_the_same() -> None:
    waiting: list[Any] = [get_type_hints(Plan)[name] for name, _ in rooms_of(load(STARTER))]
    seen: set[Any] = set()
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct) and kind not in seen:
            seen.add(kind)
            names = [label(name) for name, hint in hints(kind).items() if not holds_structs(hint)]
            assert len(names) == len(set(names)), kind
            waiting += get_type_hints(kind).values()
        waiting += getattr(kind, "__args__", ())
    assert len(seen) > 20


def test_what_is_missing_from_the_document_is_noticed() -> None:
    plan = load(STARTER)
    markdown = document(plan)
    for line in ("| P2 | Medium |", "error_rate > 0.01", "| Page | team lead |", "- Decide"):
        cut = "\n".join(one for one in markdown.split("\n") if line not in one)
        assert cut != markdown.rstrip("\n"), line
        assert read_back(cut + "\n") != structure(plan), line
