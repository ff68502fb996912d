"""Modes beside the severity, and the end of a response that was not a repair."""

from tests.core.incident.crew import Crew

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.situation import situation

RECOVERY = """
modes:
  disaster-recovery:
    name: Disaster recovery
    when: region_lost
    ends_when: region_back
    started_by: [cto]
    notify: [manager]
"""


def states(crew: Crew, name: str, value: bool = True) -> Crew:
    return crew.does(c.RecordFact(by="ana", name=name, value=value))


def test_a_mode_starts_and_ends_by_itself_and_people_hear_of_it() -> None:
    crew = Crew(RECOVERY)
    states(crew, "region_lost")
    assert crew.incident.mode == "disaster-recovery"
    assert "notice manager" in crew.told()
    assert crew.incident.moments["mode disaster-recovery"] == crew.now
    assert situation(crew.incident)["mode"] == "disaster-recovery"
    crew.at(60)
    states(crew, "region_back")
    assert crew.incident.mode == ""
    assert crew.incident.moments["after mode disaster-recovery"] == crew.now


def test_a_person_starts_a_mode_if_the_plan_lets_them() -> None:
    crew = Crew(RECOVERY)
    refusal = crew.refuses(c.SetMode(by="ana", mode="disaster-recovery"))
    assert refusal.code == "incident.not-yours"
    assert "cto" in refusal.reason
    assert crew.does(c.SetMode(by="gwen", mode="disaster-recovery")).incident.mode
    assert crew.refuses(c.SetMode(by="ana", mode="")).code == "incident.not-yours"
    assert crew.refuses(c.SetMode(by="gwen", mode="recovery")).code == "incident.unknown-mode"


def test_a_mode_that_a_person_has_ended_does_not_come_back_by_itself() -> None:
    crew = Crew(RECOVERY)
    states(crew, "region_lost").does(c.SetMode(by="gwen", mode=""))
    crew.at(30)
    assert crew.incident.mode == ""
    crew.does(c.SetMode(by="gwen", mode="disaster-recovery"))
    assert crew.incident.mode == "disaster-recovery"


def test_a_mode_ends_with_the_trouble() -> None:
    crew = states(Crew(RECOVERY), "region_lost").does(c.Resolve(by="ana"))
    assert crew.incident.mode == ""
    refusal = crew.refuses(c.SetMode(by="gwen", mode="disaster-recovery"))
    assert refusal.code == "incident.nothing-to-work-on"


def test_a_false_alarm_ends_it_with_a_reason_and_everybody_called_hears_of_it() -> None:
    """S4.17."""
    crew = Crew("").at(31)
    assert crew.refuses(c.StandDown(by="ana", false_alarm=True)).code == "incident.reason-missing"
    crew.does(c.StandDown(by="ana", false_alarm=True, why="the probe was broken"))
    assert (crew.incident.state, crew.incident.false_alarm) == ("resolved", True)
    assert [call for call in crew.told() if call.startswith("notice")] == [
        "notice ana", "notice dora"
    ]  # fmt: skip
    resolved = next(event for event in crew.events if isinstance(event, e.Resolved))
    assert resolved.why == "a false alarm: the probe was broken"
    assert crew.does(c.StandDown(by="ben", false_alarm=True, why="x")).told().count(
        "notice ana"
    ) == 1  # fmt: skip


def test_what_was_promised_for_a_false_alarm_is_neither_met_nor_missed() -> None:
    crew = Crew("roles: {commander: {assign: 1h}}")
    crew.does(c.StandDown(by="ana", false_alarm=True, why="a test")).at(120)
    assert crew.clock("assign commander") == "dropped"


def test_a_false_alarm_that_was_none_can_be_reopened() -> None:
    crew = Crew("").does(c.StandDown(by="ana", false_alarm=True, why="a test"))
    crew.does(c.Reopen(by="ben"))
    assert (crew.incident.state, crew.incident.false_alarm) == ("open", False)
    crew.does(c.StandDown(by="ana", why="the provider does it"))
    assert crew.incident.false_alarm is False
    assert crew.told().count("notice ana") == 2
    other = c.StandDown(by="ana", false_alarm=True, why="after all")
    assert crew.refuses(other).code == "incident.resolved"


def test_standing_down_is_not_held_up_by_tasks_of_a_repair() -> None:
    crew = Crew("gates: [{before: resolve, needs: [Root cause is known]}]")
    assert crew.refuses(c.Resolve(by="ana")).code == "incident.open-tasks"
    assert crew.does(c.StandDown(by="ana", why="not ours")).incident.state == "resolved"
