"""The command centre: what is going on, what is due and missed, who is on call, and the wall."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.web.stage import ORGANISATION, PLAN, Stage

from tocsin.core.incident import commands as c
from tocsin.engine import actions
from tocsin.web.pages.centre import page as centre
from tocsin.web.pages.centre import signs

SECRET = (
    PLAN
    + """
confidential:
  - when: service_availability == "none"
    readers: [team-lead]
    title: Something is looked into
"""
)


def act(stage: Stage, code: str, command: c.Command) -> None:
    actions.act(stage.world, code, command)


def test_it_is_where_people_arrive(stage: Stage) -> None:
    browser = stage.signed_in()
    assert browser.client.get("/").headers["location"] == "/centre"
    assert "Nothing is wrong." in browser.open("/").text


def test_what_goes_on_unanswered_first_then_the_worst(stage: Stage) -> None:
    stage.alert("Disk", severity="warning")
    stage.later(minutes=1)
    stage.alert("ApiDown")
    stage.later(minutes=1)
    act(stage, "INC-2026-002", c.Acknowledge(by="ana", via="page"))
    stage.alert("Search", severity="warning")
    stage.later(minutes=1)
    text = stage.signed_in().open("/centre").text
    titles = [text.index(title) for title in ("Disk", "Search", "ApiDown")]
    assert titles == sorted(titles)
    assert "2 unanswered 3 going on" in text
    assert "Ana Prieto has it" in text
    assert "nobody has answered" in text


def test_clocks_of_all_incidents_soonest_first_and_missed_ones_loudly(stage: Stage) -> None:
    stage.alert("Disk", severity="warning")  # 1 h
    stage.alert("ApiDown")  # 15 min
    stage.later(minutes=2)
    text = stage.signed_in().open("/centre").text
    clocks = text[text.index("Clocks") :]
    assert clocks.index("INC-2026-002") < clocks.index("INC-2026-001")
    assert "13 minutes left" in clocks
    assert "0 clocks missed" in text
    stage.later(minutes=20)
    text = stage.signed_in().open("/centre").text
    assert "1 clock missed" in text
    assert "was due" in text


def test_who_was_called_and_what_came_of_it(stage: Stage) -> None:
    stage.alert()
    stage.later(seconds=1)
    assert "no answer yet" in stage.signed_in().open("/centre").text
    stage.at += timedelta(minutes=3)
    act(stage, "INC-2026-001", c.Acknowledge(by="ana", via="link"))
    assert "answered after 3 minutes" in stage.signed_in().open("/centre").text


def test_who_is_on_call_and_next(stage: Stage) -> None:
    text = stage.signed_in().open("/centre").text
    assert "Ana Prieto you primary" in text
    assert "then Ben Okafor" in text


def test_how_the_installation_does(stage: Stage) -> None:
    text = stage.signed_in().open("/centre").text
    assert "This node works test" in text
    assert "Plan in force What we do when the shop is down" in text
    assert "E-mail not set up" in text
    assert "prometheus no alert yet" in text
    stage.alert()
    stage.world.rules.activate(("plan.yaml", "tocsin: 1\nplan: x\n"), ("org.yaml", ""), stage.at)
    text = stage.signed_in().open("/centre").text
    assert "prometheus last alert 10 Nov" in text
    assert "a changed file was refused" in text


def test_a_source_that_is_silent_for_long_is_not_said_to_be_new(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signs, "ALERTS_SEEN", 1)
    stage.put_in_force(
        organisation=ORGANISATION.replace(
            "integrations:\n",
            "integrations:\n  uptime: {source: alertmanager, owner: team-lead}\n",
        )
    )
    stage.alert()
    text = stage.signed_in().open("/centre").text
    assert "prometheus last alert" in text
    assert "uptime none among the latest 1 alerts" in text


def test_messages_that_wait_for_long_are_told(stage: Stage) -> None:
    stage.alert()
    stage.at += timedelta(minutes=5)
    assert "1 waiting" in stage.signed_in().open("/centre").text


def test_when_all_is_over_it_is_calm_and_says_since_when(stage: Stage) -> None:
    stage.alert()
    act(stage, "INC-2026-001", c.Acknowledge(by="ana", via="page"))
    act(stage, "INC-2026-001", c.Resolve(by="ana", via="page"))
    stage.at += timedelta(hours=2)
    for path in ("/centre", "/centre?wall=1"):
        text = stage.signed_in().open(path).text
        assert "Nothing is wrong" in text
        assert "No incident for 2 hours" in text
    assert "INC-2026-001 resolved" in stage.signed_in().open("/centre").text


def test_the_wall_has_no_rail_and_reloads_where_scripts_do_not_run(stage: Stage) -> None:
    stage.alert()
    page = stage.signed_in("vic").open("/centre?wall=1")
    assert "ApiDown" in page.text
    assert "Nobody has answered" in page.text
    assert not [tag for tag, attrs in page.tags if attrs.get("id") == "rail"]
    assert ("meta", {"http-equiv": "refresh", "content": "30"}) in page.tags


def test_a_look_reads_no_timeline(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    stage.alert()
    browser = stage.signed_in()

    def no(*_: object, **__: object) -> None:
        raise AssertionError("a look at the centre reads a timeline")

    monkeypatch.setattr("tocsin.store.reading.SqlReading.timeline", no)
    assert "ApiDown" in browser.open("/centre").text


def test_a_moment_lasts_until_something_happens_or_a_beat_is_due(stage: Stage) -> None:
    web = stage.client().app.state.web  # type: ignore[attr-defined]
    first = centre.CentreMoment.of(web, False, None)
    assert centre.CentreMoment.of(web, False, first) is first
    stage.alert()
    second = centre.CentreMoment.of(web, False, first)
    assert second.mark == first.mark + 1
    stage.at += timedelta(seconds=centre.BEAT_SECONDS)
    assert centre.CentreMoment.of(web, False, second).mark == second.mark + 1


def test_restricted_incidents_stay_covered(bare_stage: Stage) -> None:
    stage = bare_stage
    stage.put_in_force(plan=SECRET)
    stage.alert("LoginFromNowhere")
    act(
        stage,
        "INC-2026-001",
        c.RecordFact(by="ben", via="page", name="service_availability", value="none"),
    )
    stage.later(seconds=1)
    text = stage.signed_in("vic").open("/centre").text
    assert "LoginFromNowhere" not in text
    assert "Something is looked into" in text
    assert "Nobody has been called yet." in text
