"""What changes for people between two plans."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.core.incident.night import FRAME, plan_with

from tocsin.core.plan.change import Change
from tocsin.core.plan.compare import compare
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read

PLANS = sorted(Path("plans").glob("*/plan.yaml"))


def plan_of(path: Path) -> Plan:
    plan, problems = read(path.read_bytes(), path.name)
    assert plan is not None, problems
    return plan


def edited(*replaced: tuple[str, str], more: str = "") -> Plan:
    text = FRAME
    for old, new in replaced:
        assert old in text
        text = text.replace(old, new)
    plan, problems = read(text + more, "edited.yaml")
    assert plan is not None, problems
    return plan


def changes(*replaced: tuple[str, str], more: str = "") -> list[Change]:
    return list(compare(plan_with(""), edited(*replaced, more=more)))


def said(*replaced: tuple[str, str], more: str = "") -> list[tuple[str, str]]:
    return [(change.effect, change.what) for change in changes(*replaced, more=more)]


def test_a_later_page_is_looser_and_an_earlier_one_tighter() -> None:
    assert said(("team-lead, at: 30m", "team-lead, P0: 45m, P1: 10m")) == [
        ("looser", "P0: team-lead is told later: 45m instead of 30m"),
        ("tighter", "P1: team-lead is told earlier: 10m instead of 30m"),
    ]


def test_who_is_no_longer_told_is_named_and_who_is_new_too() -> None:
    found = changes(("{page: cto, at: 2h}", "{page: board, at: 2h, for: [P0]}"))
    assert [(c.severity, c.who, c.effect) for c in found if c.about == "escalation"] == [
        ("P0", ("cto",), "looser"),
        ("P0", ("board",), "tighter"),
        ("P1", ("cto",), "looser"),
    ]
    assert all(c.was_line or c.line for c in found)


def test_a_notice_is_less_than_a_page_and_asking_by_hand_less_than_a_time() -> None:
    assert said(("{page: cto, at: 2h}", "{notify: cto, at: 2h}"))[0] == (
        "looser",
        "P0: cto: notify 2h instead of page 2h",
    )


def test_promises_are_compared_per_severity() -> None:
    assert said(("acknowledge: within 1h", "acknowledge: within 2h")) == [
        ("looser", "P1: acknowledge within 2h instead of within 1h")
    ]
    assert said((", acknowledge: within 1h", "")) == [
        ("looser", "P1: nothing limits acknowledge any more (was: within 1h)")
    ]


def test_a_limit_that_depends_on_the_day_is_compared_hour_by_hour() -> None:
    """24 hours end before the next business day does, but on no weekend."""
    old = edited(("acknowledge: within 1h", "acknowledge: next business day"))
    new = edited(("acknowledge: within 1h", "acknowledge: 24h"))
    (change,) = compare(old, new)
    assert change.effect == "other"
    assert "later for what begins Mon-Thu, Sun from 18 to 24" in change.what
    assert "earlier for what begins Mon-Thu, Sun from 0 to 17, Fri, Sat" in change.what


def test_a_fact_that_means_something_else_is_told_with_its_value() -> None:
    found = changes(('service_availability == "degraded"', 'data_breach == "suspected"'))
    assert [c.what for c in found if c.about == "classification"] == [
        "service_availability = degraded is no incident instead of P1",
        "data_breach = suspected is P1 instead of no incident",
    ]


def test_new_tasks_and_lost_ones_are_told() -> None:
    phase = "phases: {recovery: {steps: [Check the data]}}"
    added = changes(more=phase)
    assert [(c.effect, c.what) for c in added if c.about == "tasks"] == [
        ("tighter", "`Check the data` is asked for (recovery)")
    ]
    lost = compare(edited(more=phase), plan_with(""))
    assert [c.effect for c in lost if c.about == "tasks"] == ["looser"]


def test_a_deadline_of_a_task_that_moves_is_a_looser_promise() -> None:
    old = edited(more="phases: {recovery: {steps: [{do: Check, within: 1h}]}}")
    new = edited(more="phases: {recovery: {steps: [{do: Check, within: 3h}]}}")
    assert [(c.effect, c.what) for c in compare(old, new)] == [
        ("looser", "`Check`: 3h instead of 1h")
    ]


def test_moving_lines_and_comments_is_no_change() -> None:
    plan = plan_with("")
    moved, _ = read("# a comment\n" + FRAME.replace("\nfacts:", "\n# more\n\nfacts:"), "moved.yaml")
    assert moved is not None
    assert compare(plan, moved) == ()


@pytest.mark.parametrize("path", PLANS, ids=str)
def test_a_plan_is_the_same_as_itself(path: Path) -> None:
    assert compare(plan_of(path), plan_of(path)) == ()


@settings(deadline=None)
@given(st.sampled_from(PLANS), st.sampled_from(PLANS))
def test_any_two_plans_can_be_compared_and_what_is_tighter_one_way_is_not_so_the_other(
    one: Path, other: Path
) -> None:
    there, back = compare(plan_of(one), plan_of(other)), compare(plan_of(other), plan_of(one))
    promises = {c.severity for c in there if c.about == "promises" and c.effect == "looser"}
    kept = {s.code for s in plan_of(one).severities} & {s.code for s in plan_of(other).severities}
    assert promises <= kept
    assert bool(there) == bool(back)


@pytest.mark.parametrize(("minutes", "effect"), [(10, "looser"), (50, "tighter")])
def test_a_shorter_watch_asks_for_less(minutes: int, effect: str) -> None:
    watched = "gates: [{{before: close, watch: {{for: {}m, after: resolved}}}}]\n"
    before = edited(more=watched.format(30))
    (change,) = compare(before, edited(more=watched.format(minutes)))
    assert (change.effect, change.what) == (
        effect,
        f"watches before close: {minutes}m instead of 30m",
    )
