"""What becomes of commands: events, nothing where it is so already, or a refusal that helps."""

from pathlib import Path

import pytest
from tests.core.incident.cast import (
    PLAN,
    START,
    after,
    calls,
    looked_at,
    minutes,
    opened,
    the_plan,
)

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import FactValue

BO_LEADS = c.TakeRole(
    by="bo", role="incident-commander", person="bo", person_standing=("on-call-engineer",)
)


def refused(incident: Incident, command: c.Command) -> Refusal:
    decision = decide(PLAN, incident, command, START)
    assert isinstance(decision, Refusal), decision
    return decision


def test_the_criteria_propose_the_severity_and_say_which() -> None:
    facts: dict[str, FactValue] = {"service_availability": "degraded", "users_affected": 500}
    opening = c.Open(by="bo", number=1, code="INC-1", title="Slow", facts=facts)
    decision = decide(PLAN, None, opening, START)
    assert isinstance(decision, list)
    first = decision[0]
    assert isinstance(first, e.Opened)
    assert first.severity == "P1"
    assert 'service_availability == "degraded"' in first.why
    assert first.line > 0
    assert not first.confirmed


def test_without_a_criterion_the_plan_says_what_is_assumed() -> None:
    opening = c.Open(by="bo", number=1, code="INC-1", title="Odd")
    decision = decide(PLAN, None, opening, START)
    assert isinstance(decision, list)
    assert isinstance(decision[0], e.Opened)
    assert decision[0].severity == "P2"


def test_acknowledging_meets_its_clock_and_starts_the_next() -> None:
    incident = after(opened(), c.Acknowledge(by="ana"), 10)
    states = {clock.name: clock.state for clock in incident.clocks}
    assert states == {"acknowledge": "met", "respond": "running", "repair": "running"}
    assert next(k.due for k in incident.clocks if k.name == "repair") == minutes(250)


def test_the_limit_itself_still_counts_unless_the_plan_says_less_than() -> None:
    on_time = after(opened(), c.Acknowledge(by="ana"), 15)
    assert {k.name: k.state for k in on_time.clocks}["acknowledge"] == "met"
    assessed = after(opened(), c.SetSeverity(by="ana", severity="P0"), 60)
    assert {k.name: k.state for k in assessed.clocks}["respond"] == "missed"
    in_time = after(opened(), c.SetSeverity(by="ana", severity="P0"), 59.9)
    assert {k.name: k.state for k in in_time.clocks}["respond"] == "met"


def test_doing_it_twice_changes_nothing() -> None:
    """Invariant E2."""
    acknowledged = after(opened(), c.Acknowledge(by="ana"), 1)
    assert decide(PLAN, acknowledged, c.Acknowledge(by="bo"), START) == []
    resolved = after(acknowledged, c.Resolve(by="ana"), 2)
    assert decide(PLAN, resolved, c.Resolve(by="bo"), START) == []


def test_an_acknowledgement_never_undoes_a_resolution() -> None:
    resolved = after(opened(), c.Resolve(by="ana"), 2)
    refusal = refused(resolved, c.Acknowledge(by="bo"))
    assert "is resolved" in refusal.reason
    assert "reopen" in refusal.hint


def test_closing_needs_an_escalation_where_the_plan_requires_one() -> None:
    """S4:11, `Escalation: Required`."""
    resolved = after(opened("P0"), c.Resolve(by="ana"), 2)
    refusal = refused(resolved, c.Close(by="ana"))
    assert refusal.code == "incident.escalation-required"
    assert "tocsin escalate" in refusal.hint
    _, paged = looked_at(opened("P0"), 0)
    asked = after(paged, c.Escalate(by="ana", to="cto"), 1)
    closed = after(after(asked, c.Resolve(by="ana"), 2), c.Close(by="ana"), 3)
    assert closed.state == "closed"
    lesser = after(after(opened("P1"), c.Resolve(by="ana"), 2), c.Close(by="ana"), 3)
    assert lesser.state == "closed"


def test_a_worse_fact_raises_the_severity_and_moves_the_clocks() -> None:
    raised = after(opened("P1"), c.RecordFact(by="bo", name="security_incident", value=True), 30)
    assert (raised.severity, raised.severity_confirmed) == ("P0", False)
    clocks = {clock.name: clock for clock in raised.clocks}
    assert clocks["acknowledge"].due == minutes(15)
    happened, _ = looked_at(raised, 30)
    assert [x.clock for x in happened if isinstance(x, e.ClockMissed)] == ["acknowledge"]


def test_a_clock_that_the_new_level_does_not_have_is_dropped() -> None:
    lowered = after(opened("P0"), c.SetSeverity(by="bo", severity="P2"), 5)
    states = {clock.name: clock.state for clock in lowered.clocks}
    assert states == {"acknowledge": "dropped", "respond": "met"}


def test_resolving_leaves_no_clock_running() -> None:
    resolved = after(opened(), c.Resolve(by="ana"), 5)
    assert resolved.running() == ()


def test_reopening_starts_escalation_and_clocks_anew() -> None:
    resolved = after(opened(), c.Resolve(by="ana"), 5)
    again = after(resolved, c.Reopen(by="ana", why="it is back"), 60)
    assert again.escalating_since == minutes(60)
    assert {k.name: k.due for k in again.running()}["acknowledge"] == minutes(75)


@pytest.mark.parametrize(
    ("command", "code", "hint"),
    [
        (c.RecordFact(by="x", name="users_afected", value=1), "unknown-fact", "users_affected"),
        (c.RecordFact(by="x", name="users_affected", value="many"), "fact-value", "number"),
        (c.RecordFact(by="x", name="users_affected", value=True), "fact-value", "number"),
        (c.RecordFact(by="x", name="security_incident", value="yes"), "fact-value", "yes or no"),
        (c.RecordFact(by="x", name="service_availability", value="gone"), "fact-value", "none"),
        (c.SetSeverity(by="x", severity="P9"), "unknown-severity", "P0"),
        (c.Escalate(by="x", to="ctoo"), "unknown-recipient", "cto"),
        (c.TakeRole(by="x", role="comander", person="x"), "unknown-role", "incident-commander"),
        (c.Note(by="x", text="  "), "empty-note", "say"),
        (c.Close(by="x"), "open", "resolve"),
    ],
)
def test_refusals_say_what_to_do(command: c.Command, code: str, hint: str) -> None:
    refusal = refused(opened(), command)
    assert refusal.code == f"incident.{code}"
    assert hint in refusal.hint


def test_alerts_that_end_resolve_only_what_alerts_have_opened() -> None:
    incident = after(opened(), c.AlertsCame(by="prom", count=2, names=("A",)), 1)
    incident = after(incident, c.AlertsWent(by="prom", count=2), 2)
    assert incident.state == "open"  # It was declared by a person.
    assert incident.alerts_firing == 0


def test_a_role_is_taken_once() -> None:
    taken = after(opened(), BO_LEADS, 1)
    assert taken.roles == {"incident-commander": "bo"}
    assert decide(PLAN, taken, BO_LEADS, START) == []


def test_a_role_that_the_plan_wants_filled_has_a_clock() -> None:
    incident = opened("P1")
    assert "assign incident-commander" in {clock.name for clock in incident.running()}
    assert "assign incident-commander" not in {clock.name for clock in opened("P0").running()}
    in_time = after(incident, BO_LEADS, 60)
    states = {clock.name: clock.state for clock in in_time.clocks}
    assert states["assign incident-commander"] == "met"
    late = after(incident, BO_LEADS, 121)
    states = {clock.name: clock.state for clock in late.clocks}
    assert states["assign incident-commander"] == "missed"
    raised_later = after(in_time, c.SetSeverity(by="bo", severity="P0"), 90)
    back = after(raised_later, c.SetSeverity(by="bo", severity="P1"), 91)
    assert "assign incident-commander" not in {clock.name for clock in back.running()}


def test_a_level_with_a_condition_is_called_only_while_it_holds() -> None:
    """S2:40, level 4 is for business-critical issues."""
    text = Path(__file__).parents[3].joinpath("plans/engineering-practices/plan.yaml").read_text()
    plan = the_plan(text)
    opening = c.Open(by="test", number=1, code="INC-1", title="It burns", severity="P0")
    incident = replay(must(decide(plan, None, opening, START)))
    ask = c.Escalate(by="ana", to="level 4")
    refusal = decide(plan, incident, ask, START)
    assert isinstance(refusal, Refusal)
    assert "business_critical" in refusal.reason
    stated = c.RecordFact(by="ana", name="business_critical", value=True)
    incident = replay(must(decide(plan, incident, stated, START)), incident)
    asked = must(decide(plan, incident, ask, START))
    assert {event.to for event in asked if isinstance(event, e.EscalationAsked)} == {"ceo", "cto"}


def must(decision: list[e.Event] | Refusal) -> list[e.Event]:
    assert isinstance(decision, list), decision
    return decision


def test_after_reopening_clocks_can_be_met_again() -> None:
    incident = after(opened("P1"), c.SetSeverity(by="ana", severity="P1"), 5)
    incident = after(incident, BO_LEADS, 6)
    incident = after(after(incident, c.Resolve(by="ana"), 10), c.Reopen(by="ana"), 20)
    running = {clock.name for clock in incident.running()}
    assert running == {"acknowledge", "respond"}  # Somebody still holds the role.
    incident = after(incident, c.SetSeverity(by="ana", severity="P1"), 25)
    assert {k.name: k.state for k in incident.clocks}["respond"] == "met"


def test_paging_the_same_person_again_is_no_escalation() -> None:
    _, incident = looked_at(opened("P1"), 0)
    raised = after(incident, c.SetSeverity(by="bo", severity="P0"), 5)
    happened, raised = looked_at(raised, 5)
    assert calls(happened) == ["page on-call-engineer"]
    assert not raised.escalated
    _, beyond = looked_at(raised, 31)
    assert beyond.escalated
