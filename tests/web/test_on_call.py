"""The calendars of rosters: what they show, exceptions made there, and who may make them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from tests.web.stage import ORGANISATION, Stage

from tocsin.core.oncall import on_call
from tocsin.core.overrides import Wish
from tocsin.engine.audit import Doer
from tocsin.engine.covering import make_override

BERLIN = ORGANISATION.replace(
    "  primary: {rotation", "  primary: {time_zone: Europe/Berlin, rotation"
).replace("time_zone: UTC", "time_zone: Europe/Berlin")
THREE = ORGANISATION.replace(
    "people:\n",
    "people:\n  cleo: {name: Cleo Lindqvist, access: responder, contacts: [email c@example.org]}\n"
    "  emil: {name: Emil Haddad, access: commander, contacts: [email e@example.org]}\n",
)


def made(stage: Stage, person: str = "ben", hours: tuple[float, float] = (0, 6)) -> int:
    start, end = (stage.at + timedelta(hours=one) for one in hours)
    done = make_override(
        stage.world,
        Wish(roster="primary", person=person, start=start, end=end, why="the dentist"),
        Doer("ana", "page"),
        for_others=True,
    )
    return getattr(done, "id", 0)


def duty(stage: Stage) -> str:
    return on_call(stage.world.rules.organisation.rosters["primary"], stage.at).person


def test_it_says_who_is_on_call_and_what_is_not_covered(stage: Stage) -> None:
    page = stage.signed_in().open("/on-call")
    assert "Ana Prieto" in page.text
    assert "then Ben Okafor" in page.text
    assert "Nobody is woken in part of the next 30 days" in page.text
    assert "Ana Prieto has only the inbox, which wakes nobody" in page.text


def test_an_override_from_the_form_holds_at_once(bare_stage: Stage) -> None:
    stage = bare_stage
    stage.put_in_force(organisation=BERLIN)
    browser = stage.signed_in("ben")
    browser.open("/on-call")
    # Ten o'clock in London is eleven in Berlin, whose clocks the form is on.
    said = {"roster": "primary", "person": "ben", "start": "2026-11-10T10:00"}
    answer = browser.press("Put them on call", typed=said, end="2026-11-10T14:00", why="Ana is ill")
    assert answer.status_code == 303
    assert duty(stage) == "ben"
    page = browser.open("/on-call")
    assert "by Ben Okafor: Ana is ill" in page.text
    assert "override, not Ana Prieto" in page.text or "holds now" in page.text
    stage.at = datetime(2026, 11, 10, 12, 59, 59, tzinfo=UTC)
    assert duty(stage) == "ben"
    stage.at = datetime(2026, 11, 10, 13, 0, tzinfo=UTC)
    assert duty(stage) == "ana"


def test_a_refusal_is_shown_with_its_way_out_and_the_form_as_it_was(stage: Stage) -> None:
    browser = stage.signed_in("ben")
    browser.open("/on-call")
    said = {"roster": "primary", "person": "ben", "start": "2026-11-09T10:00"}
    answer = browser.press("Put them on call", typed=said, end="2026-11-09T14:00", why="too late")
    assert answer.status_code == 422
    assert "Not done: it would be over already." in answer.text
    assert 'value="too late"' in answer.text
    answer = browser.press("Put them on call", typed=said, end="soon")
    assert answer.status_code == 422
    assert "`to` is no time that can be used" in answer.text


def test_an_override_is_removed_and_stays_on_the_page(stage: Stage) -> None:
    made(stage)
    browser = stage.signed_in("ben")
    page = browser.open("/on-call")
    form = next(form for form in page.forms if form.action.endswith("/remove"))
    answer = browser.client.post(form.action, data=form.fields, headers={"Origin": stage.base_url})
    assert answer.status_code == 303
    assert duty(stage) == "ana"
    assert "removed by Ben Okafor" in browser.open("/on-call").text


def test_changing_one_fills_the_form_with_it_and_replaces_it(stage: Stage) -> None:
    number = made(stage)
    browser = stage.signed_in("ben")
    page = browser.open(f"/on-call?change={number}")
    form = next(form for form in page.forms if form.button == "Change it")
    assert form.fields["replaces"] == str(number)
    assert (form.fields["start"], form.fields["end"]) == ("2026-11-10T10:00", "2026-11-10T16:00")
    answer = browser.press("Change it", roster="primary", person="ben", end="2026-11-10T12:00")
    assert answer.status_code == 303
    with stage.store.read() as reading:
        rows = reading.overrides()
    assert [row.removed_by for row in rows] == ["ben", ""]


def test_people_act_for_themselves_and_commanders_for_all(bare_stage: Stage) -> None:
    stage = bare_stage
    stage.put_in_force(organisation=THREE)
    said = {
        "roster": "primary", "start": "2026-11-10T10:00", "end": "2026-11-10T12:00",
    }  # fmt: skip

    def pressed(who: str, person: str) -> int:
        browser = stage.signed_in(who)
        browser.open("/on-call")
        return browser.press("Put them on call", typed=said, person=person).status_code

    assert pressed("cleo", "emil") == 403
    assert pressed("cleo", "cleo") == 303
    assert pressed("emil", "ben") == 303


def test_viewers_look_and_no_more(stage: Stage) -> None:
    made(stage)
    browser = stage.signed_in("vic")
    page = browser.open("/on-call")
    assert "Put them on call" not in page.buttons
    assert not [form for form in page.forms if "/on-call/" in form.action]
    answer = browser.client.post("/on-call/overrides/1/remove", headers={"Origin": stage.base_url})
    assert answer.status_code == 403


def test_forms_need_their_token(stage: Stage) -> None:
    made(stage)
    browser = stage.signed_in("ben")
    for path in ("/on-call/overrides", "/on-call/overrides/1/remove"):
        answer = browser.client.post(path, headers={"Origin": stage.base_url})
        assert answer.status_code == 403
    assert duty(stage) == "ben"


def test_other_weeks_are_shown(stage: Stage) -> None:
    browser = stage.signed_in()
    assert "9 Nov to 22 Nov 2026" in browser.open("/on-call").text
    assert "21 Dec to 24 Jan 2027" in browser.open("/on-call?from=2026-12-23&weeks=5").text
    for odd in ("?from=yesterday", "?from=9999-12-31", "?weeks=99", "?change=x"):
        assert "9 Nov to 22 Nov 2026" in browser.open(f"/on-call{odd}").text


def test_weeks_of_a_clock_change_are_whole(bare_stage: Stage) -> None:
    stage = bare_stage
    stage.put_in_force(organisation=BERLIN)
    page = stage.signed_in().open("/on-call?from=2026-10-19&weeks=2")
    weeks = [attrs for tag, attrs in page.tags if tag == "svg" and attrs.get("class") == "week"]
    assert [(one["data-start"], one["data-end"]) for one in weeks] == [
        ("2026-10-18T22:00:00Z", "2026-10-25T23:00:00Z"),
        ("2026-10-25T23:00:00Z", "2026-11-01T23:00:00Z"),
    ]
    assert "The clocks change on this day" in page.text


def test_a_roster_as_a_calendar_file(stage: Stage) -> None:
    made(stage)
    answer = stage.signed_in("vic").client.get("/on-call/primary.ics")
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    lines = answer.text.split("\r\n")
    assert (lines[0], lines[-2]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    event = lines.index("SUMMARY:Ben Okafor on call: primary (override)")
    assert lines[event - 2 : event] == ["DTSTART:20261110T100000Z", "DTEND:20261110T160000Z"]
    assert all(len(line.encode()) <= 75 for line in lines)
    assert stage.client().get("/on-call/primary.ics").status_code == 303, "to sign in"
    assert stage.client().get("/on-call/primary.ics", headers=stage.operator).status_code == 200
    assert stage.signed_in().client.get("/on-call/nights.ics").status_code == 404


# The API


def test_overrides_through_the_api(stage: Stage) -> None:
    client, key = stage.client(), stage.operator
    body = {
        "roster": "primary", "person": "ben", "why": "the dentist", "as": "ana",
        "start": "2026-11-10T11:00:00+01:00", "end": "2026-11-10T12:00:00Z",
    }  # fmt: skip
    answer = client.post("/api/v1/overrides", json=body, headers=key)
    assert answer.status_code == 201
    one = answer.json()
    assert (one["id"], one["made_by"], one["start"]) == (1, "ana", "2026-11-10T10:00:00Z")
    duties = client.get("/api/v1/on-call", headers=key).json()["rosters"]
    assert (duties[0]["person"], duties[0]["why"]) == ("ben", "override")
    listed = client.get("/api/v1/overrides?roster=primary", headers=key).json()["overrides"]
    assert [each["id"] for each in listed] == [1]
    gone = client.delete("/api/v1/overrides/1?as=ben", headers=key)
    assert gone.json()["removed_by"] == "ben"
    assert client.get("/api/v1/overrides", headers=key).json()["overrides"] == []
    past = client.get("/api/v1/overrides?past=true", headers=key).json()["overrides"]
    assert [each["id"] for each in past] == [1]


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"roster": "nights"}, 422, "roster.unknown"),
        ({"person": "nobody"}, 422, "person.unknown"),
        ({"end": "2026-11-10T09:00:00Z"}, 422, "override.order"),
        ({"start": "2026-11-09T08:00:00Z", "end": "2026-11-09T09:00:00Z"}, 422, "override.past"),
        ({"end": "2027-11-10T09:00:00Z"}, 422, "override.too-long"),
        ({"start": "2026-11-10T11:00:00"}, 422, "request.at"),
        ({"replaces": 7}, 404, "override.unknown"),
        ({"why": "x" * 600}, 422, "override.why"),
        ({"surprise": 1}, 422, "request.wrong-values"),
    ],
)
def test_what_the_api_refuses(
    stage: Stage, change: dict[str, object], status: int, code: str
) -> None:
    body: dict[str, object] = {
        "roster": "primary", "person": "ben",
        "start": "2026-11-10T10:00:00Z", "end": "2026-11-10T12:00:00Z",
    }  # fmt: skip
    answer = stage.client().post("/api/v1/overrides", json=body | change, headers=stage.operator)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["hint"]


def test_a_void_override_says_why(bare_stage: Stage) -> None:
    stage = bare_stage
    stage.put_in_force(organisation=THREE)
    assert made(stage, "cleo")
    stage.put_in_force()
    (one,) = stage.client().get("/api/v1/overrides", headers=stage.operator).json()["overrides"]
    assert one["void"] == '"cleo" is not in the organisation any more'
    page = stage.signed_in("ben").open("/on-call")
    assert "it does not hold" in page.text
