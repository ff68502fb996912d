"""The communication desk: writing with a preview, approving, promises, what was said to whom."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest
from msgspec.structs import replace
from tests.web.stage import PLAN, Browser, Page, Stage, open_stage

from tocsin.channels.email.send import Email
from tocsin.channels.email.settings import EmailSettings
from tocsin.channels.inbox.send import Inbox
from tocsin.channels.slack.hooks import HookUrl
from tocsin.channels.slack.send import Slack
from tocsin.core.incident import commands as c
from tocsin.engine import actions
from tocsin.engine.ports import Channel

MAIL = EmailSettings(host="localhost", port=25, from_address="t@example.org", security="none")
CODE = "INC-2026-001"
DESK = f"/incidents/{CODE}/updates"

TOLD = """
components: {api: {name: API, importance: core, checks: health check}}
channels: {mail: {kind: email}, site: {kind: status-page}}
audiences:
  colleagues: {name: Colleagues, to: team-lead}
  customers: {name: Customers, visibility: customers, to: affected-users, channels: mail}
  everybody: {name: Everybody, visibility: public, channels: site}
statuses: {Investigating: [Identified], Identified: [Resolved], Resolved: []}
updates:
  - {audience: colleagues, every: 30m, template: progress}
  - {audience: customers, first: 20m, every: 1h}
templates:
  progress:
    audience: colleagues
    text: |
      Done: {{ done }}
      How sure: {{ sure }}
      Availability: {{ availability }}
    fields:
      done: {ask: What was done?, max_length: 200}
      sure: {ask: How sure are we?, one_of: [sure, not sure], fallback: not said}
      availability: {from: fact.service_availability, fallback: not known}
publishing:
  - {audience: customers, approved_by: incident-commander, never: blame, max_length: 90}
status_page: {url: "https://status.example.org", audience: everybody}
"""
PLAN_TOLD = PLAN.replace(
    "roles:\n  incident-commander: {", "roles:\n  incident-commander: {lead: true, "
)
PLAN_TOLD = (
    PLAN_TOLD.replace("contacts:\n", "contacts:\n  affected-users: see the organisation file\n")
    + TOLD
)

ORGANISATION = """
tocsin: 1
organisation: The shop
time_zone: UTC
people:
  ana: {name: Ana Prieto, contacts: [inbox]}
  ben: {name: Ben Okafor, access: administrator, contacts: [inbox, email ben@example.org]}
  cleo: {name: Cleo Marsh, access: responder, contacts: [inbox]}
  vic: {name: Vic Viewer, access: viewer, contacts: [inbox]}
rosters:
  primary: {rotation: [ana, ben], handover: monday 09:00, first_week: 2026-01-05}
recipients:
  on-call-engineer: {roster: primary}
  team-lead: {people: [ben]}
  affected-users: {contacts: [email users@example.org]}
last_resort: team-lead
integrations:
  prometheus: {source: alertmanager, owner: team-lead}
"""


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An incident that is open, of which nobody has been told anything."""
    with open_stage(tmp_path) as stage:
        channels = cast("dict[str, Channel]", stage.world.channels)
        channels["inbox"] = Inbox()
        channels["email"] = Email(MAIL)
        channels["slack"] = Slack({"team": HookUrl("https://hooks.slack.com/services/T/B/x")})
        stage.put_in_force(PLAN_TOLD, ORGANISATION)
        stage.alert()
        yield stage


def does(stage: Stage, command: c.AnyCommand) -> None:
    done = actions.act(stage.world, CODE, command)
    assert not hasattr(done, "hint"), done


def propose(stage: Stage, text: str = "Nobody can pay at present", by: str = "cleo") -> None:
    does(stage, c.Publish(by=by, audience="customers", text=text, status="Investigating"))


def lead(stage: Stage, person: str = "ana") -> None:
    does(stage, c.TakeRole(by=person, role="incident-commander", person=person))


def preview(browser: Browser, **said: str) -> str:
    """The preview as a live page gets it."""
    form = next(f for f in browser.page.forms if f.action == DESK)
    answer = browser.client.post(
        f"{DESK}/preview", data={**form.fields, **said},
        headers={"Origin": str(browser.client.base_url), "Tocsin-Script": "yes"},
    )  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert "<html" not in answer.text
    return str(answer.text)


def test_the_desk_says_who_reads_along_how_often_and_what_is_due(stage: Stage) -> None:
    page = stage.signed_in("ana").open(DESK)
    for words in ("Colleagues", "Only inside the organisation", "every 30 minutes",
                  "Customers read this", "every hour", "20 minutes left",
                  "Everybody can read this", "no rhythm is promised",
                  "Not told anything yet"):  # fmt: skip
        assert words in page.text


def test_the_soonest_promise_stands_first_and_a_missed_one_before_it(stage: Stage) -> None:
    stage.later(minutes=21)
    text = stage.signed_in("ana").open(DESK).text
    assert "They should have heard by" in text
    assert "over by 1 minute" in text
    audiences = text[text.index("Audiences") : text.index("As they will read it")]
    assert audiences.index("Customers") < audiences.index("Colleagues")


def test_the_form_takes_the_plans_template_and_asks_what_it_asks(stage: Stage) -> None:
    page = stage.signed_in("ana").open(f"{DESK}?audience=colleagues")
    form = next(f for f in page.forms if f.action == DESK)
    assert form.fields["template"] == "progress"
    assert {"field.done", "field.sure"} <= set(form.fields)
    assert "What was done? needed" in page.text
    assert "Left empty it says “not said”" in page.text
    areas = [attrs for tag, attrs in page.tags if tag == "textarea"]
    assert areas[0]["maxlength"] == "200"


def test_the_preview_shows_the_words_the_gaps_and_what_each_channel_makes_of_it(
    stage: Stage,
) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=colleagues")
    assert "Done: ‹done›" in preview(browser)
    assert "Still to be said" in preview(browser)
    seen = preview(browser, **{"field.done": "rolled back <b>all</b>"})
    assert "Done: rolled back &lt;b&gt;all&lt;/b&gt;\nHow sure: not said" in seen
    assert "<b>all" not in seen
    assert "Ready" in seen
    for way in ("E-mail", "Slack", "Inbox"):
        assert way in seen


def test_nothing_comes_of_a_preview(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=customers")
    before = stage.client().get(f"/api/v1/incidents/{CODE}/timeline", headers=stage.operator).json()
    preview(browser, text="We are down")
    after = stage.client().get(f"/api/v1/incidents/{CODE}/timeline", headers=stage.operator).json()
    assert before == after


def test_everything_that_is_wrong_is_told_before_anybody_sends_it(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=customers")
    seen = preview(browser, text="We blame them. " * 8, status="Resolved", next="3h")
    for words in ("never says", "90 are allowed", "wants the next update to customers sooner"):
        assert words in seen
    assert "tocsin " not in seen


def test_without_scripts_the_preview_is_a_page_with_what_was_typed(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=customers")
    form = next(f for f in browser.page.forms if f.action == DESK)
    answer = browser.client.post(
        f"{DESK}/preview", data={**form.fields, "text": "We are down", "only": "preview"},
        headers={"Origin": str(browser.client.base_url)},
    )  # fmt: skip
    assert answer.text.count("We are down") >= 2
    assert "It will wait for approval" in answer.text


def test_what_is_sent_is_what_was_shown(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=colleagues")
    done = browser.press(
        "Send to Colleagues", typed={"field.done": "rolled back", "field.sure": "sure"}
    )
    assert done.status_code == 303
    page = browser.open(done.headers["location"])
    assert "Sent." in page.text
    assert "Done: rolled back How sure: sure Availability: not known" in page.text
    assert "29 minutes left" not in page.text
    assert "30 minutes left" in page.text
    assert "template progress" in page.text


def test_a_refused_update_keeps_what_was_typed_and_says_why(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=customers")
    refused = browser.press("Send to Customers", typed={"text": "They are to blame"})
    assert refused.status_code == 422
    assert "Not done" in refused.text
    assert ">They are to blame</textarea>" in refused.text


def test_the_same_form_sent_twice_is_one_update_and_the_second_is_told_so(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    page = browser.open(f"{DESK}?audience=colleagues")
    said = {"field.done": "rolled back", "field.sure": "sure"}
    assert browser.press("Send to Colleagues", typed=said).status_code == 303
    stage.later(seconds=1)
    browser.page = page
    again = browser.press("Send to Colleagues", typed=said)
    assert again.status_code == 303
    assert "was not sent again" in browser.open(again.headers["location"]).text
    assert told_times(stage) == 1
    browser.page = page
    browser.press("Send to Colleagues", typed={**said, "field.done": "and restarted"})
    assert told_times(stage) == 2, "somebody went back and wrote something else"
    browser.open(f"{DESK}?audience=colleagues")
    browser.press("Send to Colleagues", typed={**said, "field.done": "and restarted"})
    assert told_times(stage) == 3, "the same words from a new form are said again"


def told_times(stage: Stage) -> int:
    with stage.store.read() as reading:
        kept = reading.incident(CODE)
    assert kept is not None
    return kept.incident.updates_total


def test_a_form_that_was_refused_can_be_sent_again_when_nothing_is_in_its_way(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    page = browser.open(f"{DESK}?audience=colleagues")
    said = {"field.done": "", "status": "Resolved"}
    assert browser.press("Send to Colleagues", typed=said).status_code == 422
    browser.page = page
    assert browser.press("Send to Colleagues", typed=said).status_code == 422
    assert told_times(stage) == 0


def take(browser: Browser, audience: str, template: str = "", **typed: str) -> str:
    """Choose another audience or template beside a form that is half filled in."""
    form = next(one for one in browser.page.forms if one.button.startswith("Send to"))
    chosen = {"take": "yes", "to_audience": audience, "by_template": template}
    said = {name.replace("__", "."): value for name, value in typed.items()}
    answer = browser.client.post(
        f"{DESK}/preview",
        data={**form.fields, **said, **chosen},
        headers={"Origin": str(browser.client.base_url)},
    )
    assert answer.status_code == 200
    browser.page = Page(answer.text)
    return str(answer.text)


def test_another_audience_or_template_takes_nothing_away_that_was_typed(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=customers")
    shown = take(browser, "colleagues", text="Nobody can pay", next="20m")
    assert "Write to Colleagues" in shown
    assert "no place for something that you wrote" in shown
    assert "<li>Nobody can pay</li>" in shown
    shown = take(browser, "colleagues", "-", field__done="rolled back")
    assert ">Nobody can pay</textarea>" in shown
    assert "rolled back</li>" in shown
    shown = take(browser, "colleagues", "progress")
    assert ">rolled back</textarea>" in shown
    assert 'value="20m"' in shown
    said = {"field.done": "rolled back", "field.sure": "sure"}
    sent = browser.press("Send to Colleagues", typed=said)
    assert sent.status_code == 303, "what has no place is not sent"
    assert told_times(stage) == 1


def test_a_proposal_is_read_in_full_and_approved_by_whom_the_plan_names(stage: Stage) -> None:
    lead(stage)
    browser = stage.signed_in("cleo")
    browser.open(f"{DESK}?audience=customers")
    sent = browser.press("Send to Customers", typed={"text": "Nobody can pay at present"})
    page = browser.open(sent.headers["location"])
    assert "It waits for approval; nobody has read it yet." in page.text
    assert "it waits for Ana Prieto (incident-commander)" in page.text
    assert "Approve and send" not in page.text
    anas = stage.signed_in("ana")
    page = anas.open(DESK)
    assert "you may approve it" in page.text
    approved = anas.press("Approve and send")
    page = anas.open(approved.headers["location"])
    assert "written by Cleo Marsh, let out by Ana Prieto" in page.text
    assert "Waits for approval" not in page.text


def test_a_proposal_is_held_back_with_a_reason_and_nobody_reads_it(stage: Stage) -> None:
    lead(stage)
    propose(stage)
    browser = stage.signed_in("ana")
    browser.open(DESK)
    held = browser.press("Hold back", why="the cause is known by now")
    page = browser.open(held.headers["location"])
    assert "1 held back, which nobody has read" in page.text
    assert "held back by Ana Prieto: the cause is known by now" in page.text


def test_who_neither_wrote_nor_approves_holds_nothing_back(stage: Stage) -> None:
    lead(stage)
    propose(stage, by="cleo")
    browser = stage.signed_in("ben")
    page = browser.open(DESK)
    assert "Hold back" not in page.buttons
    form = next(f for f in page.forms if f.action == DESK)
    forced = browser.client.post(
        f"{DESK}/withdraw",
        data={"form_token": form.fields["form_token"], "update": "update-1", "why": "no"},
        headers={"Origin": str(browser.client.base_url)},
    )
    assert forced.status_code == 403
    assert "that is for cleo or incident-commander" in forced.text


def test_written_anew_a_proposal_stands_in_the_form_as_it_was(stage: Stage) -> None:
    lead(stage)
    propose(stage)
    browser = stage.signed_in("cleo")
    browser.open(DESK)
    again = browser.press("Write it anew")
    page = browser.open(again.headers["location"])
    form = next(f for f in page.forms if f.action == DESK)
    assert (form.fields["audience"], form.fields["template"]) == ("customers", "-")
    areas = [words for words in page.words if words == "Nobody can pay at present"]
    assert len(areas) >= 2
    assert "Waits for approval" not in page.text


def test_a_viewer_reads_the_desk_and_writes_nothing(stage: Stage) -> None:
    lead(stage)
    propose(stage)
    browser = stage.signed_in("vic")
    page = browser.open(DESK)
    assert "Nobody can pay at present" in page.text
    assert not [form for form in page.forms if form.action.startswith(DESK)]


def test_the_history_says_who_was_reached_and_marks_who_was_not(stage: Stage) -> None:
    lead(stage)
    propose(stage)
    does(stage, c.Approve(by="ana", update="update-1"))
    with stage.store.write() as tx:
        until = stage.at + timedelta(minutes=1)
        for one in tx.claim_deliveries("email", 20, "claim", stage.at, until):
            bad = replace(one, state="failed", detail="no such mailbox")
            assert tx.finish_delivery(bad)
    text = stage.signed_in("ana").open(DESK).text
    assert "Not delivered to affected-users" in text
    assert "1 of 1 messages failed" in text
    assert "affected-users, E-mail: failed (no such mailbox)" in text


def test_the_history_is_filtered_by_audience_and_compared_with_what_was_said_inside(
    stage: Stage,
) -> None:
    lead(stage)
    does(stage, c.Publish(by="ana", audience="customers", text="We are slow"))
    stage.later(minutes=5)
    does(stage, c.Publish(by="ana", audience="colleagues", text="The database is full"))
    browser = stage.signed_in("ana")
    text = browser.open(f"{DESK}?said_to=customers").text
    history = text[text.index("What was said") :]
    assert "We are slow" in history
    assert "database is full" not in history
    text = browser.open(f"{DESK}?compare=true").text
    outside = text[text.index("Said outside") : text.index("Said inside")]
    inside = text[text.index("Said inside") :]
    assert "We are slow" in outside
    assert "database is full" not in outside
    assert "database is full" in inside


def test_a_late_update_says_how_late(stage: Stage) -> None:
    stage.later(minutes=45)
    does(stage, c.Publish(by="ana", audience="colleagues", text="rolled back"))
    assert "15 minutes late" in stage.signed_in("ana").open(DESK).text


def test_over_all_incidents_what_is_missed_stands_first_and_then_the_soonest(
    stage: Stage,
) -> None:
    stage.later(minutes=21)
    stage.alert("SearchDown", labels={"region": "eu"})
    text = stage.signed_in("ana").open("/desk").text
    assert "1 audience has not heard what was promised" in text
    listed = text[text.index("Who waits for what") :]
    first = listed.index(CODE)
    second = listed.index("INC-2026-002")
    assert first < second
    assert listed.index("Customers") < listed.index("Colleagues")
    assert "over by 1 minute" in listed


def test_over_all_incidents_proposals_that_wait_for_me_stand_first(stage: Stage) -> None:
    lead(stage)
    propose(stage)
    text = stage.signed_in("ana").open("/desk").text
    assert "Waits for approval 1 1 for you" in text
    assert "Nobody can pay at present" in text
    assert "for you" not in stage.signed_in("vic").open("/desk").text


def test_what_is_restricted_is_not_on_the_desk_of_others(tmp_path: Path) -> None:
    secret = PLAN_TOLD.replace("severities:\n", "kinds: [operational, security]\nseverities:\n", 1)
    secret += 'confidential:\n  - {when: kind == "security", readers: [team-lead]}\n'
    with open_stage(tmp_path) as stage:
        stage.put_in_force(secret, ORGANISATION)
        report: dict[str, Any] = {"kind": "security", "by": "ben", "via": "page"}
        actions.declare(stage.world, actions.Report(title="A thief", **report))
        assert "A thief" in stage.signed_in("ben").open("/desk").text
        browser = stage.signed_in("cleo")
        assert CODE not in browser.open("/desk").text
        assert browser.client.get(DESK).status_code == 403


def test_a_form_from_elsewhere_sends_nothing(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    browser.open(f"{DESK}?audience=colleagues")
    for verb in ("", "/preview", "/approve", "/withdraw", "/rewrite"):
        answer = browser.client.post(
            f"{DESK}{verb}", data={"audience": "colleagues", "text": "x", "update": "update-1"},
            headers={"Origin": str(browser.client.base_url)},
        )  # fmt: skip
        assert answer.status_code == 403, verb


def test_the_api_previews_as_the_page_does(stage: Stage) -> None:
    client = stage.client()
    body = {"as": "ana", "audience": "colleagues", "values": {"sure": "perhaps"}}
    seen = client.post(
        f"/api/v1/incidents/{CODE}/updates/preview", json=body, headers=stage.operator
    ).json()
    assert seen["text"].startswith("Done: ‹done›\nHow sure: perhaps")
    assert [one["code"] for one in seen["problems"]] == [
        "incident.field-value", "incident.fields-missing",
    ]  # fmt: skip
    assert seen["gaps"] == ["done"]
    email = next(way for way in seen["ways"] if way["channel"] == "email")
    assert [part["part"] for part in email["parts"]] == ["subject", "text", "html"]
    assert email["readers"] == 1


def test_the_api_shows_what_was_said_to_whom(stage: Stage) -> None:
    lead(stage)
    propose(stage)
    does(stage, c.Approve(by="ana", update="update-1"))
    propose(stage, "They are slow")
    does(stage, c.Withdraw(by="cleo", update="update-2", why="a slip"))
    client = stage.client()
    shown = client.get(f"/api/v1/incidents/{CODE}/updates", headers=stage.operator).json()
    (update,) = shown["updates"]
    assert (update["writer"], update["by"], update["readers"]) == ("cleo", "ana", 1)
    assert [one["channel"] for one in update["messages"]] == ["email"]
    assert shown["withheld"][0]["why"] == "a slip"
    path = f"/api/v1/incidents/{CODE}/updates?audience=colleagues"
    assert client.get(path, headers=stage.operator).json()["updates"] == []


def test_an_incident_that_does_not_exist_has_no_desk(stage: Stage) -> None:
    assert stage.signed_in("ana").client.get("/incidents/INC-1/updates").status_code == 404
    path = "/api/v1/incidents/INC-1/updates"
    assert stage.client().get(path, headers=stage.operator).status_code == 404
