"""The plan on a virtual clock."""

from datetime import timedelta

from tests.core.incident.cast import EVERYBODY, PLAN, START

from tocsin.core.incident import commands as c
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.simulation import Deed, Scenario, simulate


def told(scenario: Scenario) -> list[str]:
    quiet = ("opened", "clock_started", "clock_met", "clock_dropped", "exhausted")
    return [line(h) for h in simulate(PLAN, EVERYBODY, scenario) if h.do not in quiet]


def line(happening: Happening) -> str:
    what = happening.to or happening.clock or happening.by
    return f"{happening.t / 60:g} {happening.do} {what}"


def test_nobody_reacts() -> None:
    assert told(Scenario(starts=START, severity="P0")) == [
        "0 page on-call-engineer",
        "15 clock_missed acknowledge",
        "30 page team-lead",
        "60 clock_missed respond",
        "60 page cto",
        "60 notice affected-users",
        "75 alarm cto",
    ]


def test_without_a_severity_the_worst_is_rehearsed() -> None:
    assert told(Scenario(starts=START)) == told(Scenario(starts=START, severity="P0"))


def test_facts_are_classified() -> None:
    story = list(simulate(PLAN, EVERYBODY, Scenario(starts=START, facts={"users_affected": 200})))
    assert (story[0].do, story[0].to) == ("opened", "P1")


def test_for_a_given_time_alarms_are_all_shown() -> None:
    story = told(Scenario(starts=START, severity="P0", lasts=timedelta(minutes=100)))
    assert story[-2:] == ["75 alarm cto", "90 alarm cto"]


def test_what_people_do_at_an_instant_comes_before_what_the_plan_does() -> None:
    answer = Deed(at=timedelta(minutes=15), command=c.Acknowledge(by="ana"))
    story = told(Scenario(starts=START, severity="P1", deeds=(answer,)))
    assert "15 acknowledged ana" in story
    assert not any(line.startswith("15 clock_missed") for line in story)


def test_a_refusal_is_part_of_the_story() -> None:
    close = Deed(at=timedelta(minutes=1), command=c.Close(by="ana"))
    story = list(simulate(PLAN, EVERYBODY, Scenario(starts=START, severity="P1", deeds=(close,))))
    refused = [h for h in story if h.do == "refused"]
    assert len(refused) == 1
    assert "resolve" in refused[0].why


def test_a_seed_gives_one_story_and_another_seed_another() -> None:
    stories = [told(Scenario(starts=START, severity="P0", seed=seed)) for seed in range(12)]
    again = [told(Scenario(starts=START, severity="P0", seed=seed)) for seed in range(12)]
    assert stories == again
    assert len({tuple(story) for story in stories}) > 3
    assert any("acknowledged" in line for story in stories for line in story)


def test_a_call_names_the_people_behind_the_recipient() -> None:
    story = list(simulate(PLAN, EVERYBODY, Scenario(starts=START, severity="P0")))
    pages = [h for h in story if h.do == "page"]
    assert all(page.people for page in pages)
    assert not any(h.people for h in story if h.do == "opened")
