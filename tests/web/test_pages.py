"""The pages as a person without JavaScript meets them."""

from __future__ import annotations

import hashlib
import re
from datetime import timedelta
from pathlib import Path

import pytest
from tests.web.stage import ORGANISATION, Browser, Page, Stage

from tocsin.web import app as web_app
from tocsin.web.pages import incidents
from tocsin.web.pages.incident import room as room_pages
from tocsin.web.room import open_room
from tocsin.web.site import Web

VENDOR = Path(web_app.__file__).parent / "static" / "vendor"

ROSTERS = """rosters:
  primary: {rotation: [ana, ben], handover: monday 09:00, first_week: 2026-01-05}
"""

NASTY = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "'-alert(1)-'",
    "</title></textarea><svg/onload=alert(1)>",
    "{{ 7 * 7 }}{% for x in () %}",
    "javascript:alert(1)",
    "\u202egnol\u2066",
]


def test_an_incident_from_alert_to_end(stage: Stage) -> None:
    stage.alert(annotations={"summary": "No orders go through"})
    browser = stage.signed_in("ana")
    page = browser.open("/incidents")
    assert "No orders go through" in page.text
    assert "/incidents/INC-2026-001" in page.links

    page = browser.open("/incidents/INC-2026-001")
    assert "P0 Critical open provisional No orders go through" in page.text
    assert "15 minutes left" in page.text
    assert "paged on-call-engineer : Ana Prieto" in page.text
    assert "will page team-lead : Ben Okafor 10 Nov, 10:30 UTC in 30 minutes" in page.text
    assert "plan line" in page.text

    answer = browser.press("Acknowledge")
    assert (answer.status_code, answer.headers["location"]) == (303, "/incidents/INC-2026-001")
    page = browser.open("/incidents/INC-2026-001")
    assert "Ana Prieto has it since" in page.text
    assert "Nobody else is called while Ana Prieto has it." in page.text
    assert browser.press("Send", text="It is the\ndatabase").status_code == 303
    browser.open("/incidents/INC-2026-001")
    browser.press("Confirm severity", severity="P1")
    browser.open("/incidents/INC-2026-001")
    browser.press("Call now", to="team-lead")
    browser.open("/incidents/INC-2026-001")
    browser.press("Give role", person="ben")
    assert "incident-commander Ben Okafor" in browser.open("/incidents/INC-2026-001").text
    assert browser.press("Hand over", person="eve").status_code == 422
    for button in ("Release", "Resolve", "Reopen", "Resolve", "Close"):
        browser.open("/incidents/INC-2026-001")
        assert browser.press(button).status_code == 303, button
    page = browser.open("/incidents/INC-2026-001")
    assert "Nobody is called any more: the incident is closed." in page.text
    assert "It is the database" in page.text
    assert "Nothing is wrong." in browser.open("/incidents").text
    assert "No orders go through" in browser.open("/incidents?show=closed").text


def test_a_refusal_says_why_and_what_to_do(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in("ana")
    browser.open("/incidents/INC-2026-001")
    browser.press("Resolve")
    browser.open("/incidents/INC-2026-001")
    answer = browser.press("Close")
    assert answer.status_code == 409
    page = Page(answer.text)
    assert "the plan requires escalation" in page.text
    assert "call somebody" in page.text

    browser.open("/incidents/INC-2026-001")
    empty = browser.press("Send", text="   ")
    assert empty.status_code == 422
    assert "nothing is said" in empty.text


def test_an_empty_list_says_how_to_try_it(stage: Stage) -> None:
    page = stage.signed_in().open("/incidents")
    assert "Nothing is wrong." in page.text
    assert 'curl -H "Authorization: Bearer $KEY"' in page.text
    assert f"{stage.base_url}/api/v2/alerts" in page.text


def test_the_list_has_open_ones_first_and_pages(stage: Stage) -> None:
    for number in range(52):
        stage.alert(f"Alert{number:02}")
    browser = stage.signed_in()
    browser.open("/incidents/INC-2026-052")
    browser.press("Acknowledge")
    page = browser.open("/incidents")
    shown = [link for link in page.links if link.startswith("/incidents/INC")]
    assert len(shown) == 50
    assert shown[0] == "/incidents/INC-2026-001"
    assert shown[-1] == "/incidents/INC-2026-050"
    (more,) = [link for link in page.links if "before=" in link]
    page = browser.open(more)
    assert [link for link in page.links if link.startswith("/incidents/INC")] == [
        "/incidents/INC-2026-051",
        "/incidents/INC-2026-052",
    ]
    assert not [link for link in page.links if "before=" in link]


def test_an_unanswered_incident_is_not_hidden_by_newer_ones(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(incidents, "READ_AT_ONCE", 7)
    stage.alert("Minor", severity="info")
    stage.alert("Worst")
    for number in range(55):
        stage.alert(f"Later{number:02}", severity="info")
    client = stage.client(headers=stage.operator)
    for number in range(3, 58):
        client.post(f"/api/v1/incidents/INC-2026-{number:03}/acknowledge")
    stage.alert("Newest", severity="info")
    page = stage.signed_in().open("/incidents")
    shown = [link[-3:] for link in page.links if link.startswith("/incidents/INC")]
    assert shown[:5] == ["002", "001", "058", "003", "004"]
    assert len(shown) == 50


def test_all_is_newest_first_and_pages(stage: Stage) -> None:
    for number in range(51):
        stage.alert(f"Alert{number:02}")
    browser = stage.signed_in()
    page = browser.open("/incidents?show=all")
    assert next(link for link in page.links if "/INC" in link) == "/incidents/INC-2026-051"
    (older,) = [link for link in page.links if "before=" in link]
    links = browser.open(older).links
    assert [link for link in links if "/INC" in link] == ["/incidents/INC-2026-001"]


@pytest.mark.parametrize("show", ["current", "all"])
def test_a_page_that_cannot_be_is_refused(stage: Stage, show: str) -> None:
    client = stage.signed_in().client
    answer = client.get("/incidents", params={"show": show, "before": "9999999999999999999"})
    assert answer.status_code == 422
    assert "To the incidents" in answer.text


def test_who_has_it_is_offered_to_resolve_it_first(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in("ana")
    browser.open("/incidents/INC-2026-001")
    browser.press("Acknowledge")
    page = browser.open("/incidents/INC-2026-001")
    assert [b for b in page.buttons if b in ("Resolve", "Release")] == ["Resolve", "Release"]
    html = browser.client.get("/incidents/INC-2026-001").text
    acts = html.partition('class="acts"')[2].partition("</section>")[0]
    (main,) = re.findall(r'<button id="([\w-]+)" class="main"', acts)
    assert main == "do-resolve"


def test_the_timeline_names_the_day_where_it_changes(stage: Stage) -> None:
    stage.alert()
    stage.at += timedelta(days=1)
    browser = stage.signed_in("ana")
    browser.open("/incidents/INC-2026-001")
    for text in ("first", "second"):
        browser.press("Send", text=text)
    html = browser.client.get("/incidents/INC-2026-001").text
    timeline = html.partition('id="timeline"')[2]
    days = re.findall(r'id="entry-(\d+)"[^>]* data-day="([^"]*)"', timeline)
    newest = open_room(stage.world, "INC-2026-001").entries  # type: ignore[union-attr]
    assert days == [
        (str(newest), "Wednesday, 11 November 2026"),
        (str(newest - 2), "Tuesday, 10 November 2026"),
    ]
    room = open_room(stage.world, "INC-2026-001")
    assert room is not None
    web = Web(stage.world, stage.site)
    (last,) = room_pages.lines(web, room, room.entries - 1)
    assert last.day == "", "the day of what comes live is the browser's to name"


def test_a_reason_has_the_name_of_whoever_gave_it(stage: Stage) -> None:
    client = stage.client(headers={**stage.operator, "Tocsin-As": "ana"})
    client.post("/api/v1/incidents", json={"title": "Slow", "severity": "P0"})
    page = stage.signed_in("ben").open("/incidents/INC-2026-001")
    assert "severity: Ana Prieto said so" in page.text
    assert "ana said so" not in page.text


def test_the_policy_allows_nothing_that_is_not_needed(stage: Stage) -> None:
    policy = stage.client().get("/sign-in").headers["content-security-policy"]
    for part in ("data:", "unsafe", "manifest-src"):
        assert part not in policy


def test_the_inbox_has_each_call_once(stage: Stage) -> None:
    stage.alert()
    stage.later(minutes=30)
    browser = stage.signed_in("ben")
    page = browser.open("/inbox")
    assert page.text.count("[P0 Critical] INC-2026-001") == 1
    assert "Inbox: on its way" in page.text
    assert "E-mail: on its way" in page.text
    answer = browser.press("Acknowledge")
    assert answer.headers["location"] == "/inbox"
    assert browser.open("/inbox").buttons == ["Sign out"]
    assert "No messages yet." in stage.signed_in("vic").open("/inbox").text


def test_who_is_on_call(stage: Stage) -> None:
    page = stage.signed_in("ana").open("/on-call")
    assert "primary AP Ana Prieto you" in page.text
    assert "until 16 Nov, 09:00 UTC" in page.text
    assert "then Ben Okafor" in page.text
    assert "Called as on-call-engineer" in page.text


@pytest.mark.parametrize("text", NASTY)
def test_foreign_text_stays_text(stage: Stage, text: str) -> None:
    """Alert text, notes and labels are shown as they are and never become part of the page."""
    stage.alert(
        text,
        labels={"service": text},
        annotations={"summary": text, "runbook": text},
        link=text,
    )
    browser = stage.signed_in("ana")
    browser.open("/incidents/INC-2026-001")
    browser.press("Send", text=text)
    shown = " ".join(text.split())
    for path in ("/incidents", "/incidents/INC-2026-001", "/inbox", stage.answer_link()):
        page = browser.open(path)
        assert shown in page.text.replace("\x00", ""), path
        assert all(not script.strip() for script in page.scripts), path
        for tag, attributes in page.tags:
            assert not [name for name in attributes if name.startswith("on")], (path, tag)
            assert tag not in ("iframe", "object", "style"), path
            assert tag != "svg" or attributes.get("class") == "icon", path
            for name in ("href", "src", "action"):
                assert not attributes.get(name, "").strip().lower().startswith("javascript"), path
        assert [a["src"] for t, a in page.tags if t == "img"] == [page.tags_src("icon.svg")]
    live = browser.client.get("/api/v1/incidents/INC-2026-001").json()
    assert live["title"] == shown


def test_only_web_addresses_become_links(stage: Stage) -> None:
    for number, link in enumerate(
        [
            "javascript:alert(1)",
            "data:text/html,x",
            "ftp://x/",
            "//x.example",
            "http://",
            "http://[",
        ]
    ):
        stage.alert(f"Bad{number}", link=link)
        page = stage.signed_in().open(f"/incidents/INC-2026-00{number + 1}")
        assert "Open at its source" not in page.text, link
    stage.alert("Good", link="https://prometheus.example/graph?a=1&b=2")
    page = stage.signed_in().open("/incidents/INC-2026-007")
    assert "https://prometheus.example/graph?a=1&b=2" in page.links


def test_forms_need_their_token(stage: Stage) -> None:
    stage.alert()
    ana, ben = stage.signed_in("ana"), stage.signed_in("ben")
    for browser in (ana, ben):
        browser.open("/incidents/INC-2026-001")
    bens = ben.page.forms[1].fields["form_token"]
    for forged in ("", "x", bens):
        answer = ana.press("Acknowledge", form_token=forged)
        assert answer.status_code == 403
        assert "this form was not made for you" in answer.text
    assert ana.press("Acknowledge", headers={"Origin": "https://evil.example"}).status_code == 403
    assert ana.press("Acknowledge", headers={}).status_code == 403
    assert ana.press("Sign out", form_token=bens).status_code == 403
    assert ana.press("Acknowledge").status_code == 303


def test_every_answer_has_safe_headers(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in()
    paths = ["/", "/incidents", "/sign-in", stage.answer_link(), "/nothing", "/api/v1/incidents"]
    paths += ["/static/base.css", "/static/nothing", "/healthz"]
    for path in paths:
        headers = browser.client.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
        assert headers["cache-control"] == "no-store"


def test_pages_need_nothing_that_the_policy_forbids(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in()
    for path in ("/incidents", "/incidents/INC-2026-001", "/inbox", "/on-call", "/sign-in"):
        page = browser.open(path)
        assert all(not script.strip() for script in page.scripts)
        for tag, attributes in page.tags:
            assert "style" not in attributes, (path, tag)
            for name in ("src", "href"):
                assert not attributes.get(name, "").startswith(("http:", "https:", "//")), path


def test_static_files_are_kept_by_their_hash(stage: Stage) -> None:
    client = stage.client()
    addresses = re.findall(r'"(/static/[^"]+)"', client.get("/sign-in").text)
    assert len(addresses) >= 5
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert client.get("/static/../app.py").status_code == 404


def test_errors_are_pages_for_people(stage: Stage) -> None:
    browser = stage.signed_in()
    page = browser.open("/incidents/INC-1999-001")
    assert "there is no incident INC-1999-001" in page.text
    assert "/api/" not in page.text
    assert "press “To the incidents” below" in page.text
    for path in ("/nowhere", "/incidents?before=x"):
        assert "/api/" not in browser.open(path).text
    assert "there is nothing at /nowhere" in browser.open("/nowhere").text


def test_without_a_plan_the_page_says_so(bare_stage: Stage) -> None:
    answer = bare_stage.client(headers=bare_stage.operator).get("/incidents")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert "tocsin apply" not in answer.text
    assert "tocsin serve" in answer.text


def test_without_a_roster_the_page_says_where_one_comes_from(stage: Stage) -> None:
    without = ORGANISATION.replace(ROSTERS, "").replace("{roster: primary}", "{people: [ana]}")
    stage.put_in_force(organisation=without)
    page = stage.signed_in().open("/on-call")
    assert "There is no roster." in page.text
    assert "tocsin serve takes the file up by itself" in page.text
    assert "tocsin apply" not in page.text


def test_what_is_vendored_is_what_the_list_says() -> None:
    listed = dict(
        re.findall(r"`([\w.-]+)` \|.*`([0-9a-f]{64})`", (VENDOR / "README.md").read_text())
    )
    files = {one.name: one for one in VENDOR.iterdir() if one.suffix not in (".md", ".LICENSE")}
    assert listed.keys() == files.keys()
    for name, file in files.items():
        assert hashlib.sha256(file.read_bytes()).hexdigest() == listed[name]
        assert file.with_suffix(".LICENSE").exists()


def test_two_people_at_once(stage: Stage) -> None:
    stage.alert()
    ana, ben = stage.signed_in("ana"), stage.signed_in("ben")
    for browser in (ana, ben):
        browser.open("/incidents/INC-2026-001")
    assert ana.press("Acknowledge").status_code == 303
    assert ben.press("Acknowledge").status_code == 303
    assert "Ana Prieto has it" in ben.open("/incidents/INC-2026-001").text


def test_a_browser_is_a_browser() -> None:
    """The parser of these tests would see what it is meant to find."""
    page = Page('<a onclick="x" href="javascript:y">z</a><script>w</script>')
    assert page.scripts == ["w"]
    assert page.tags[0] == ("a", {"onclick": "x", "href": "javascript:y"})
    assert isinstance(Browser, type)


def test_declaring_by_hand(stage: Stage) -> None:
    browser = stage.signed_in("ben")
    page = browser.open("/declare")
    assert "the plan decides by the facts" in page.text
    answer = browser.press(
        "Declare it",
        title="Checkout is down",
        severity="",
        typed={"fact-service_availability": "none", "fact-users_affected": "1200"},
    )
    assert answer.headers["location"] == "/incidents/INC-2026-001"
    page = browser.open("/incidents/INC-2026-001")
    assert "P0 Critical open provisional Checkout is down" in page.text
    assert "users affected 1200 Ben Okafor" in page.text
    assert "paged on-call-engineer : Ana Prieto" in page.text


def test_a_declaration_that_is_sent_twice_is_one_incident(stage: Stage) -> None:
    browser = stage.signed_in("ben")
    page = browser.open("/declare")
    first = browser.press("Declare it", title="Checkout is down", severity="")
    browser.page = page
    again = browser.press("Declare it", title="Checkout is down", severity="")
    assert again.headers["location"] == first.headers["location"] == "/incidents/INC-2026-001"
    browser.page = page
    other = browser.press("Declare it", title="Search is down", severity="")
    assert other.headers["location"] == "/incidents/INC-2026-002"
    browser.open("/declare")
    anew = browser.press("Declare it", title="Checkout is down", severity="")
    assert anew.headers["location"] == "/incidents/INC-2026-003"


def test_a_declaration_that_does_not_fit_is_kept_for_mending(stage: Stage) -> None:
    browser = stage.signed_in("ben")
    browser.open("/declare")
    many = {"fact-users_affected": "many"}
    answer = browser.press("Declare it", title="Slow", severity="", typed=many)
    assert answer.status_code == 422
    page = Page(answer.text)
    assert "&#39;many&#39; is no value of users_affected" in answer.text
    assert [form.fields["title"] for form in page.forms if "title" in form.fields] == ["Slow"]
    assert browser.press("Declare it", title="x", form_token="").status_code == 403
    assert stage.signed_in("vic").client.get("/declare").status_code == 403


def test_facts_are_read_as_the_plan_means_them(stage: Stage) -> None:
    stage.alert(severity="info")
    browser = stage.signed_in("ana")
    browser.open("/incidents/INC-2026-001")
    assert browser.press("State it", name="users_affected", value="1,5").status_code == 303
    for value in ("nan", "inf", "1e999", "9" * 30, "9" * 999):
        assert browser.press("State it", name="users_affected", value=value).status_code == 422
    assert browser.press("State it", name="service_availability", value="none").status_code == 303
    page = browser.open("/incidents/INC-2026-001")
    assert "users affected 1.5 Ana Prieto" in page.text
    assert "P0 Critical open" in page.text, "the plan raises the severity by itself"
