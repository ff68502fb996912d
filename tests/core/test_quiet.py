"""Which planned work keeps an alert quiet: laws that hold for any windows (invariant B3)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.core.statuspage.lamps import NOW, PLAN, plan

from tocsin.core.quiet import (
    disposition_of,
    maintenance_in,
    quieted_by,
    wants_quiet,
    was_quiet,
)
from tocsin.core.routing import Router
from tocsin.core.statuspage.model import Window

RULES = """
  - {match: {alertname: Both}, facts: {component_api: down, component_search: degraded}}
  - {match: {alertname: Api}, facts: {component_api: down, service_availability: none}}
  - {match: {alertname: ApiIsBack}, facts: {component_api: up}, severity: P1}
  - {match: {alertname: Plain}, severity: P0}
"""
THRESHOLDS = """
thresholds:
  slow: {metric: latency, above: 2, window: 5m, component: search, tier: warning}
  gone: {component: dashboard, state: down}
detection: {tiers: {warning: {severity: P1}}}
"""
NAMED = plan(
    PLAN.replace("  rules: [{match: {severity: critical}, severity: P0}]", f"  rules:{RULES}")
    + THRESHOLDS
)
COMPONENTS = ("api", "checkout", "search", "dashboard")


@pytest.mark.parametrize(
    ("name", "components"),
    [
        ("Both", ("api", "search")),
        ("Api", ("api",)),
        ("ApiIsBack", ()),
        ("Plain", ()),
        ("Unheard", ()),
        ("slow", ("search",)),
        ("gone", ("dashboard",)),
    ],
)
def test_an_alert_names_the_components_that_its_rule_is_about(
    name: str, components: tuple[str, ...]
) -> None:
    assert Router(NAMED).route({"alertname": name}).components == components


def window(number: int, starts: int, lasts: int, components: set[str], *, off: bool) -> Window:
    begin = NOW + timedelta(minutes=starts)
    return Window(
        id=number, title="Work", text="", components=tuple(sorted(components)), made_by="ana",
        made_at=NOW, starts_at=begin, ends_at=begin + timedelta(minutes=lasts),
        state="cancelled" if off else "scheduled",
    )  # fmt: skip


WINDOWS = st.lists(
    st.builds(
        window,
        st.integers(1, 99),
        st.integers(-90, 30),
        st.integers(1, 120),
        st.sets(st.sampled_from(COMPONENTS)),
        off=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda one: one.id,
)
NAMES = st.sets(st.sampled_from(COMPONENTS))


@given(WINDOWS, NAMES)
def test_who_keeps_quiet_runs_is_about_all_of_it_and_lasts_longest(
    windows: list[Window], names: set[str]
) -> None:
    able = [
        one
        for one in windows
        if one.state != "cancelled"
        and one.starts_at <= NOW < one.ends_at
        and names <= set(one.components)
    ]
    found = quieted_by(NAMED, names, windows, NOW)
    if not names or not able:
        assert found is None
        return
    assert found in able
    assert all(found.ends_at >= one.ends_at for one in able)
    assert quieted_by(NAMED, names, windows[::-1], NOW) == found
    assert quieted_by(NAMED, names, windows, found.ends_at) != found


@given(WINDOWS, NAMES, NAMES)
def test_whoever_is_about_more_is_quiet_less_often(
    windows: list[Window], names: set[str], more: set[str]
) -> None:
    if names and quieted_by(NAMED, names | more, windows, NOW) is not None:
        assert quieted_by(NAMED, names, windows, NOW) is not None


@pytest.mark.parametrize("said", ["", "{suppresses_alerts: false}"])
def test_only_a_plan_that_says_so_keeps_alerts_quiet(said: str) -> None:
    line = "  maintenance: {announce: 48h}\n"
    loud = plan(PLAN.replace(line, f"  maintenance: {said}\n" if said else ""))
    runs = window(1, -1, 10, {"api"}, off=False)
    assert wants_quiet(NAMED)
    assert quieted_by(NAMED, ["api"], [runs], NOW) == runs
    assert not wants_quiet(loud)
    assert quieted_by(loud, ["api"], [runs], NOW) is None


def test_a_disposition_names_its_window_and_others_name_none() -> None:
    kept = disposition_of(window(12, 0, 1, set(), off=False))
    assert kept == "in maintenance 12"
    assert maintenance_in(kept) == 12
    for other in ("opened", "joined", "over-before-seen", "in maintenance ", "in maintenance x"):
        assert maintenance_in(other) is None


def test_the_reason_names_the_window_who_planned_it_and_until_when() -> None:
    kept = window(12, 0, 1, set(), off=False)
    assert was_quiet(kept, NOW) == (
        "was kept quiet by maintenance 12, planned by ana, until 2026-11-21 15:00 UTC"
    )
