"""What the catalogue of a plan means while an incident goes on."""

from tests.core.incident.night import Night

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e

PARTS = """
components:
  api: {importance: core, checks: x}
  mail: {checks: x, providers: mailer}
providers: {mailer: {importance: core}}
"""


def values(night: Night, name: str) -> list[object]:
    return [x.value for x in night.events if isinstance(x, e.FactRecorded) and x.name == name]


def test_deployments_stop_at_once_and_are_allowed_again_before_the_end() -> None:
    night = Night("freeze: {for: [P0], lifted_by: team-lead, lift: Deploy again}\n")
    assert night.task("freeze") == "open"
    ordered = [x for x in night.events if isinstance(x, e.TaskOrdered)]
    assert [x.task for x in ordered] == ["freeze"]
    night.does(c.Tick(by="ana", task="freeze"))
    night.at(20).does(c.Resolve(by="ana"))
    assert night.open_tasks() == ["undo/freeze"]
    assert "Deploy again" in night.refuses(c.Close(by="ana")).reason
    night.does(c.Tick(by="ana", task="undo/freeze"))
    night.does(c.Close(by="ana"))
    assert night.incident.state == "closed"


def test_there_is_no_freeze_where_the_plan_wants_none() -> None:
    freeze = "freeze: {for: [P0]}\n"
    assert Night(freeze, severity="P1").task("freeze") == ""


def test_the_team_of_a_component_is_told_when_it_is_not_up() -> None:
    route = "detection: {routing: [{component: mail, to: security-team, how: page}]}\n"
    night = Night(PARTS + route)
    assert night.task("routing/1") == ""
    night.states("component_api", "down")
    assert night.task("routing/1") == ""
    night.states("component_mail", "degraded")
    told = [x for x in night.events if isinstance(x, e.Told) and x.to == "security-team"]
    assert [x.message for x in told] == ["page"]
    assert night.task("routing/1") == "done"


def test_figures_follow_facts_on_the_timeline_and_are_recorded_once() -> None:
    night = Night(PARTS)
    night.states("component_api", "down").states("component_api", "down")
    night.states("provider_mailer", "down").states("component_api", "up")
    assert values(night, "core_components_down") == [1, 0]
    assert values(night, "critical_providers_down") == [0, 1]
    recorded = next(
        x for x in night.events if isinstance(x, e.FactRecorded) and x.name == "components_down"
    )
    assert "follows" in recorded.why


def test_a_step_may_wait_for_a_figure() -> None:
    gate = "questions: [{ask: Is the API back?, answer: user_facing, when: components_down >= 1.0}]"
    night = Night(PARTS + gate + "\n")
    assert night.open_tasks() == []
    night.states("component_api", "down")
    assert len(night.open_tasks()) == 1


def test_an_open_word_is_asked_and_its_answer_counts() -> None:
    word = "terms: {significant: {means: unspecified, about: Is it significant}}\n"
    step = "playbooks: {big: {when: significant, steps: [Call the press]}}\n"
    night = Night(word + step)
    assert night.task("term/significant") == "open"
    assert [t for t in night.open_tasks() if t.startswith("big")] == []
    night.states("significant", True)
    assert night.task("term/significant") == "done"
    assert [t for t in night.open_tasks() if t.startswith("big")] == ["big/call-the-press"]


def test_an_open_word_may_be_left_open_with_a_reason() -> None:
    night = Night("terms: {significant: unspecified}\n")
    night.does(c.Waive(by="ana", task="term/significant", why="nobody can tell yet"))
    assert night.task("term/significant") == "waived"
