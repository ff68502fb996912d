"""The plan's word on escalation at a level: required, recommended, optional, not required."""

from collections.abc import Callable

import pytest
from tests.core.incident import crew as stage
from tests.core.incident.crew import Crew

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e

TASK = "escalation/recommended"
At = Callable[[str], Crew]


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> At:
    def of(policy: str) -> Crew:
        text = stage.PLAN.replace("{name: High,", f"{{name: High, escalation_policy: {policy},")
        monkeypatch.setattr(stage, "PLAN", text)
        return Crew("").at(1).does(c.Acknowledge(by="ana"))

    return of


def closed(crew: Crew) -> list[str]:
    """Close it, and return what stands on the record just before."""
    crew.does(c.Resolve(by="ana")).does(c.Close(by="ana"))
    assert crew.incident.state == "closed"
    return [event.text for event in crew.events if isinstance(event, e.Noted)]


def test_a_recommended_escalation_is_asked_for_and_its_absence_is_noted(at: At) -> None:
    crew = at("recommended")
    assert crew.incident.tasks[TASK].state == "open"
    assert crew.refuses(c.Waive(by="ana", task=TASK)).code == "incident.reason-missing"
    assert closed(crew) == ["escalation is recommended at P1, and nobody was escalated to"]


def test_whoever_escalates_has_done_what_was_recommended(at: At) -> None:
    crew = at("recommended").does(c.Escalate(by="ana", to="team-lead")).at(2)
    assert crew.incident.tasks[TASK].state == "done"
    assert closed(crew) == []


def test_a_page_beyond_the_first_one_is_an_escalation(monkeypatch: pytest.MonkeyPatch) -> None:
    text = stage.PLAN.replace("{name: High,", "{name: High, escalation_policy: recommended,")
    monkeypatch.setattr(stage, "PLAN", text)
    crew = Crew("").at(29)
    assert crew.incident.tasks[TASK].state == "open"
    assert crew.at(31).incident.tasks[TASK].state == "done"


@pytest.mark.parametrize("policy", ["recommended", "required"])
def test_a_false_alarm_needs_no_escalation(at: At, policy: str) -> None:
    crew = at(policy).does(c.StandDown(by="ana", false_alarm=True, why="a test"))
    assert crew.does(c.Close(by="ana")).incident.state == "closed"
    assert not [event for event in crew.events if isinstance(event, e.Noted)]


def test_an_optional_escalation_is_neither_asked_for_nor_missed(at: At) -> None:
    crew = at("optional")
    assert TASK not in crew.incident.tasks
    crew.does(c.Escalate(by="ana", to="team-lead"))
    assert closed(crew) == []


def test_where_it_is_not_required_whoever_escalates_says_why(at: At) -> None:
    crew = at("not required")
    refusal = crew.refuses(c.Escalate(by="ana", to="team-lead"))
    assert refusal.code == "incident.reason-missing"
    assert "--why" in refusal.hint
    crew.does(c.Escalate(by="ana", to="team-lead", why="a customer calls"))
    assert crew.incident.escalated


def test_a_plan_may_ask_for_less_after_a_false_alarm() -> None:
    clauses = 'gates: [{before: close, when: "!false_alarm", needs: [Write it down]}]'
    real = Crew(clauses).does(c.Resolve(by="ana"))
    assert real.refuses(c.Close(by="ana")).code == "incident.open-tasks"
    none = Crew(clauses).does(c.StandDown(by="ana", false_alarm=True, why="a test"))
    assert none.does(c.Close(by="ana")).incident.state == "closed"


def test_a_lasting_playbook_goes_on_when_its_condition_does_not() -> None:
    playbook = (
        'playbooks: {outage: {when: service_availability == "none", steps: [Roll back]LASTING}}'
    )
    facts = c.RecordFact(by="ana", name="service_availability", value="none")
    well = c.RecordFact(by="ana", name="service_availability", value="full")
    for more, state in (("", "dropped"), (", lasting: true", "open")):
        crew = Crew(playbook.replace("LASTING", more)).does(facts).at(5).does(well).at(6)
        assert crew.incident.tasks["outage/roll-back"].state == state
