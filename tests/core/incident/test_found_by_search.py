"""What random lives under random plans have found (tests/core/test_generated_stories.py)."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.core.incident import night
from tests.core.incident.night import START, Night, plan_with
from tests.core.incident.obliged import Story

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.fold import replay
from tocsin.core.plan.model import Plan
from tocsin.core.simulation import everybody_reachable

WATCH = """
phases:
  containment: {steps: [Isolate], watch: {for: 10m, keeps: error_rate < 0.1}}
"""


def opened_by_alert(plan: Plan, **facts: float | str) -> list[e.Event]:
    """What an alert with these facts opens."""
    opening = c.Open(
        by="prom", via="alert", number=1, code="I-1", title="Down", severity="P1", facts=facts
    )
    decision = decide(plan, None, opening, START)
    assert isinstance(decision, list), decision
    return decision


def test_a_watch_that_is_broken_when_it_begins_late_begins_again_at_once() -> None:
    """It was over before it began, and the plan wanted to be asked again without end."""
    plan = plan_with(WATCH)
    incident = replay(opened_by_alert(plan))
    late = START + timedelta(days=1)  # nobody has asked the plan since the phase was entered
    stated = decide(plan, incident, c.RecordFact(by="ana", name="error_rate", value=0.5), late)
    assert isinstance(stated, list)
    step = due(plan, replay(stated, incident), everybody_reachable(plan), late)
    (watch,) = step.incident.watches.values()
    assert watch.until == late + timedelta(minutes=10)
    assert step.look_again_at is not None
    assert step.look_again_at > late


def test_an_alert_whose_severity_the_plan_of_its_incident_does_not_know_joins_all_the_same() -> (
    None
):
    story = Night("", severity="P1")
    story.does(c.AlertsCame(by="prom", count=1, names=("Down",), severity="SEV-NEW"))
    assert story.incident.alerts_total == 1
    assert story.incident.severity == "P1"


@pytest.mark.parametrize("value", [10**400, 1e300, float("inf"), float("nan"), -(10**400)])
def test_a_number_that_nobody_can_count_with_is_refused(value: float) -> None:
    refusal = Night("").refuses(c.RecordFact(by="ana", name="error_rate", value=value))
    assert refusal.code == "incident.fact-value"
    assert "at most 1e+18" in refusal.hint


def test_amounts_that_grow_beyond_all_money_are_not_known() -> None:
    story = Story()
    story.say(1, lost_transactions=1e17)
    story.say(2, average_value=1e17)
    assert story.fact("lost_revenue") is None


def test_an_alert_that_states_what_a_fact_cannot_be_opens_an_incident_and_says_so() -> None:
    events = opened_by_alert(plan_with(""), service_availability="gone", error_rate=0.5)
    assert [event.name for event in events if isinstance(event, e.FactRecorded)] == ["error_rate"]
    (note,) = [event for event in events if isinstance(event, e.Noted)]
    assert "'gone' is no value of service_availability" in note.text


def test_a_long_chain_of_tasks_that_bring_about_each_other_is_gone_through_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    names = [f"r{number}" for number in range(30)]
    triggers = "".join(
        f"    - {{on: told {one}, notify: {other}}}\n"
        for one, other in zip(["on-call-engineer", *names], names, strict=False)
    )
    frame = night.FRAME.replace("board: org", ", ".join(f"{name}: org" for name in names))
    monkeypatch.setattr(
        night, "FRAME", frame.replace("contacts:", f"  triggers:\n{triggers}contacts:")
    )
    story = Night("")
    assert [story.told(name) for name in names] == [[0.0]] * 30


def test_what_an_alarm_brings_about_comes_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = night.FRAME.replace(
        "if_exhausted: {every: 15m}",
        "if_exhausted: {page: board, every: 15m}\n"
        "  triggers: [{on: told board, notify: security-team}]",
    )
    monkeypatch.setattr(night, "FRAME", frame)
    story = Night("").at(180)
    first = next(event for event in story.events if isinstance(event, e.Alarmed))
    minute = (first.at - START).total_seconds() / 60
    assert story.told("board")[0] == minute
    assert story.told("security-team") == [minute]


def test_two_roles_that_ask_experts_for_one_component_have_tasks_of_their_own() -> None:
    """They shared one, which each of them dropped for the other, without end."""
    story = Night(
        "components: {database: {checks: [probe]}}\n"
        "roles:\n"
        "  expert: {required_for: [P1], experts: {database: board}}\n"
        "  helper: {experts: {database: board}}\n"
    )
    story.does(c.RecordFact(by="ana", name="component_database", value="down"))
    assert story.task("expert/helper/database/involved") == "open"
    assert story.task("expert/expert/database/involved") == ""
