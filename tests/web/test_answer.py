"""Answering links: the button acknowledges, opening the link never does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from tests.web.stage import ORGANISATION, Browser, Stage

from tocsin.core.incident import commands as c
from tocsin.engine import actions
from tocsin.engine.keys import answer_token


def state(stage: Stage) -> tuple[str, int]:
    with stage.store.read() as reading:
        kept = reading.incident("INC-2026-001")
    assert kept is not None
    return kept.incident.state, kept.entries


def test_the_button_acknowledges_without_signing_in(stage: Stage) -> None:
    stage.alert(annotations={"summary": "No orders go through"})
    phone = Browser(stage.client())
    page = phone.open(stage.answer_link())
    assert "No orders go through" in page.text
    assert "P0 Critical" in page.text
    assert "The plan calls Ana Prieto as on-call-engineer" in page.text
    assert page.buttons == ["Acknowledge"]
    assert phone.press("Acknowledge").status_code == 303
    assert "You have it" in phone.open(stage.answer_link()).text
    with stage.store.read() as reading:
        kept = reading.incident("INC-2026-001")
        assert kept is not None
        timeline = [entry.event() for entry in reading.timeline(kept.incident.id)]
    (event,) = [e for e in timeline if type(e).__name__ == "Acknowledged"]
    assert (event.by, event.via) == ("ana", "link")


def test_scanners_change_nothing(stage: Stage) -> None:
    """Mail scanners open links, ask for heads, prefetch, and some send forms without looking."""
    stage.alert()
    link = stage.answer_link()
    before = state(stage)
    scanner = stage.client(headers={"User-Agent": "SafeLinks", "Sec-Purpose": "prefetch"})
    for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
        for _ in range(3):
            scanner.request(method, link)
    scanner.get(link, headers={"X-Moz": "prefetch"})
    assert scanner.post(link).status_code == 403, "an empty form is nobody's answer"
    assert scanner.post(link, data={"proof": "x"}).status_code == 403
    assert scanner.get(link + "?acknowledge=1").status_code == 200
    assert state(stage) == before


def test_a_head_has_no_body(stage: Stage) -> None:
    stage.alert()
    answer = stage.client().head(stage.answer_link())
    assert (answer.status_code, answer.content) == (200, b"")


def test_a_foreign_page_cannot_press_the_button(stage: Stage) -> None:
    stage.alert()
    phone = Browser(stage.client())
    phone.open(stage.answer_link())
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert phone.press("Acknowledge", headers=headers).status_code == 403
    assert state(stage)[0] == "open"
    assert phone.press("Acknowledge", headers={"Origin": "null"}).status_code == 303
    assert state(stage)[0] == "acknowledged"


def test_who_comes_second_is_told_who_has_it(stage: Stage) -> None:
    stage.alert()
    link = stage.answer_link()
    phone = Browser(stage.client())
    phone.open(link)
    actions.act(stage.world, "INC-2026-001", c.Acknowledge(by="ben", via="cli"))
    before = state(stage)
    assert phone.press("Acknowledge").status_code == 303
    assert "Ben Okafor has it since" in phone.open(link).text
    assert phone.page.buttons == []
    assert state(stage) == before
    actions.act(stage.world, "INC-2026-001", c.Resolve(by="ben", via="cli"))
    assert "It was resolved" in phone.open(link).text


@pytest.mark.parametrize("what", ["token", "person", "message"])
def test_a_forged_link_is_not_known(stage: Stage, what: str) -> None:
    stage.alert()
    link = stage.answer_link()
    message = link.removeprefix("/a/").rpartition(".")[0]
    forged = {
        "token": link[:-1] + ("a" if link[-1] != "a" else "b"),
        "person": f"/a/{answer_token(stage.world.secret, message, 'ben')}",
        "message": f"/a/{answer_token(stage.world.secret, 'INC-2026-001.9.ana.inbox', 'ana')}",
    }[what]
    client = stage.client()
    answer = client.get(forged)
    assert answer.status_code == 404
    assert "not known" in answer.text
    assert client.post(forged, data={"proof": "x"}).status_code == 404
    assert state(stage)[0] == "open"


def test_links_end_with_a_day_or_with_the_incident(stage: Stage) -> None:
    stage.alert("One")
    stage.alert("Two")
    newest, older = stage.answer_link(which=0), stage.answer_link(which=1)
    client = stage.client()
    actions.act(stage.world, "INC-2026-001", c.Resolve(by="ana"))
    stage.world.rules.plan.severity("P0")
    actions.act(stage.world, "INC-2026-001", c.Escalate(by="ana", to="team-lead"))
    stage.at += timedelta(hours=23, minutes=59)
    assert client.get(newest).status_code == 200
    stage.at += timedelta(minutes=2)
    answer = client.get(newest)
    assert answer.status_code == 410
    assert "sign in" in answer.text
    assert client.get(older).status_code == 410


def test_the_link_of_a_closed_incident_is_over(stage: Stage) -> None:
    stage.alert(severity="info")
    link = stage.answer_link()
    for command in (c.Resolve(by="ana"), c.Close(by="ana")):
        actions.act(stage.world, "INC-2026-001", command)
    answer = stage.client().get(link)
    assert answer.status_code == 410
    assert "closed" in answer.text


def test_whoever_has_left_answers_no_more(stage: Stage) -> None:
    stage.alert()
    link = stage.answer_link()
    without = ORGANISATION.replace("ana: {name: Ana Prieto", "eve: {name: Eve New").replace(
        "[ana, ben]", "[eve, ben]"
    )
    stage.put_in_force(organisation=without)
    assert stage.client().get(link).status_code == 404


def test_a_viewer_who_was_called_may_answer(stage: Stage) -> None:
    calling_vic = ORGANISATION.replace("rotation: [ana, ben]", "rotation: [vic, ben]")
    stage.put_in_force(organisation=calling_vic)
    stage.alert()
    phone = Browser(stage.client())
    phone.open(stage.answer_link("vic"))
    assert phone.press("Acknowledge").status_code == 303
    assert state(stage)[0] == "acknowledged"
