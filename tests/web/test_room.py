"""The incident room: what stands in it, and everything that can be done there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.web.stage import ORGANISATION, PLAN, Browser, Page, Stage

from tocsin.core.incident import commands as c
from tocsin.engine import actions
from tocsin.web.pages.incident import forms as room_forms
from tocsin.web.pages.incident import timeline
from tocsin.web.pages.words.hints import on_the_page

HERE = "/incidents/INC-2026-001"
THERE = "/incidents/INC-2026-002"
OURS = {"sec-fetch-site": "same-origin"}
CORE = Path(actions.__file__).parent.parent / "core" / "incident"

RICH = (
    PLAN.replace(
        "  users_affected: number\n",
        "  users_affected: number\n  cause: text\n  leaked: yes or no\n"
        "  checkout_state: [up, down]\n",
    ).replace(
        "roles:\n  incident-commander: {from: on-call-engineer}",
        "roles:\n"
        "  incident-commander: {name: Commander, from: on-call-engineer, lead: true,"
        " assign: within 30m, duties: [Decide]}\n"
        "  scribe: {name: Scribe}",
    )
    + """
components:
  checkout: {name: Checkout, importance: core, fact: checkout_state}
  search: {name: Search, depends_on: [checkout]}
phases:
  contain: {name: Stop the damage, steps: [Look at what changed last]}
  repair: {name: Repair, steps: [Find the cause]}
gates:
  - {before: close, watch: {for: 30m, after: resolved}}
modes:
  all-hands: {name: All hands, started_by: [on-call-engineer]}
"""
)


@pytest.fixture
def rich(stage: Stage) -> Stage:
    """An incident under a plan with roles, phases, components, a watch and a mode."""
    stage.put_in_force(RICH)
    stage.alert(annotations={"summary": "No orders go through"})
    return stage


def by_script(browser: Browser, verb: str, **said: str) -> tuple[int, str]:
    """Send a form as the page's script does."""
    token = browser.page.forms[0].fields["form_token"]
    origin = {"Origin": str(browser.client.base_url), "Tocsin-Script": "yes"}
    data = {"form_token": token, **said}
    answer = browser.client.post(f"{HERE}/{verb}", data=data, headers=origin)
    return answer.status_code, answer.text


def say(browser: Browser, text: str) -> Page:
    """Say a line and return the page that follows."""
    browser.open(HERE)
    answer = browser.press("Send", text=text)
    return browser.open(HERE) if answer.status_code == 303 else Page(answer.text)


def test_the_headline_says_what_is_wrong_who_leads_and_what_is_next(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    text = ana.open(HERE).text
    assert "P0 Critical open provisional No orders go through" in text
    assert "Nobody has answered yet" in text
    assert "Due next 15 minutes left Acknowledge" in text
    assert "vacant, the plan wants one" in text
    ana.press("Acknowledge")
    text = ana.open(HERE).text
    assert "Ana Prieto has it since" in text
    assert "no commander" in text
    ana.press("Take it", role="incident-commander")
    assert "Ana Prieto leads and has it since" in ana.open(HERE).text
    say(ana, "/fact checkout_state=down")
    assert "Checkout down" in ana.open(HERE).text
    assert "Search may be affected by way of checkout" in ana.page.text


def test_a_missed_clock_stands_out_and_a_met_one_is_folded(rich: Stage) -> None:
    rich.later(minutes=16)
    ana = rich.signed_in("ana")
    assert "1 missed" in ana.open(HERE).text
    assert "Acknowledge missed was due" in ana.page.text
    ana.press("Take it", role="incident-commander")
    assert "1 in time" in ana.open(HERE).text


def test_what_the_plan_holds_up_is_said_before_it_is_pressed(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    ana.open(HERE)
    assert "Repair has to wait" in ana.page.text
    assert "leave contain has to wait for: Look at what changed last" in ana.page.text
    ana.press("Acknowledge")
    say(ana, "/page team-lead")
    ana.open(HERE)
    assert ana.press("Resolve").status_code == 303
    ana.open(HERE)
    assert "Close is held up by the plan" in ana.page.text
    assert "goes on for 30" in ana.page.text
    refused = ana.press("Close")
    assert refused.status_code == 409
    assert "Not done: INC-2026-001 cannot close yet" in Page(refused.text).text


def test_one_line_does_what_it_says(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    assert "confirmed the severity P0" in say(ana, "/severity P0").text
    assert "asked for team-lead" in say(ana, "/page team-lead it is bad").text
    assert "stated users_affected: 300" in say(ana, "/fact users_affected=300").text
    assert "It is the database" in say(ana, "It is the *database*").text
    assert "there is no /nonsense" in say(ana, "/nonsense").text


def test_what_was_typed_is_not_lost_when_it_is_refused(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    ana.open(HERE)
    html = ana.press("Send", text="/severity P77 all is lost").text
    assert ">/severity P77 all is lost</textarea>" in html
    assert "Not done" in html


def test_help_lists_what_can_be_said(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    assert "/severity SEVERITY" in say(ana, "/help").text
    status, part = by_script(ana, "say", text="/help severity")
    assert status == 200
    assert "<html" not in part
    assert "/severity" in part
    assert "/page" not in part


def test_a_script_is_answered_where_it_asked(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    ana.open(HERE)
    assert by_script(ana, "say", text="hello") == (204, "")
    status, part = by_script(ana, "close")
    assert status == 409
    assert 'role="alert"' in part
    assert "<html" not in part
    assert by_script(ana, "role", role="scribe", person="eve")[0] == 422


def test_roles_are_taken_given_handed_over_left_and_looked_on_at(rich: Stage) -> None:
    ana, ben = rich.signed_in("ana"), rich.signed_in("ben")
    ana.open(HERE)
    ana.press("Take it", role="scribe")
    assert "Scribe Ana Prieto" in ben.open(HERE).text
    ben.press("Look on", role="scribe")
    assert "Ben Okafor looks on" in ana.open(HERE).text
    ana.press("Hand over", role="scribe", person="ben", why="all is written down to 10:05")
    assert "handed scribe over from Ana Prieto to Ben Okafor" in ben.open(HERE).text
    assert "all is written down to 10:05" in ben.page.text
    ben.press("Leave it")
    assert "vacant since Ben Okafor left" in ana.open(HERE).text


def test_facts_are_stated_with_what_the_plan_allows_and_doubted(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    page = ana.open(HERE)
    stated = {form.fields.get("name"): form for form in page.forms if form.button == "State it"}
    assert {"service_availability", "users_affected", "cause", "leaked"} <= stated.keys()
    assert stated["leaked"].fields["value"] == "yes", "the first of what can be chosen"
    ana.press("State it", name="users_affected", value="1200")
    ana.open(HERE)
    ana.press("State it", name="users_affected", value="900")
    assert "users affected 900 Ana Prieto" in ana.open(HERE).text
    assert "before: 1200" in ana.page.text
    ana.press("In doubt", name="users_affected")
    assert "users affected in doubt" in ana.open(HERE).text


def test_rare_acts_stand_under_more(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    ana.open(HERE)
    ana.press("Put it on the record", about="strategy", choice="fail over", why="it is quicker")
    assert "decided on strategy: fail over" in ana.open(HERE).text
    ana.press("Work in this mode", mode="all-hands")
    assert "mode: All hands" in ana.open(HERE).text
    ana.press("It was a false alarm", why="a test of the probe")
    assert "false alarm" in ana.open(HERE).text
    assert "called it a false alarm" in ana.page.text
    assert "Stand down" not in ana.page.buttons


def test_incidents_are_linked_merged_and_split(rich: Stage) -> None:
    rich.alert("SearchDown")
    rich.alert(labels={"region": "eu"})
    ana = rich.signed_in("ana")
    ana.open(HERE)
    ana.press("Link", to="INC-2026-002", relation="caused_by")
    assert "is caused by INC-2026-002" in ana.open(HERE).text
    (first, _second) = re.findall(r'name="alerts" value="(\d+)"', ana.client.get(HERE).text)
    answer = ana.press("Split off", alerts=first, title="Only one of them")
    assert answer.headers["location"] == "/incidents/INC-2026-003"
    assert "Only one of them" in ana.open("/incidents/INC-2026-003").text
    ana.open(HERE)
    answer = ana.press("Merge", to="INC-2026-002", why="the same database")
    assert answer.headers["location"] == "/incidents/INC-2026-002"
    assert "INC-2026-001 was the same" in ana.open("/incidents/INC-2026-002").text
    assert "This is the same as INC-2026-002" in ana.open(HERE).text


def test_files_are_kept_with_it(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    ana.open(HERE)
    form = next(form for form in ana.page.forms if form.button == "Attach")
    origin = {"Origin": str(ana.client.base_url)}
    picture = ("graph.png", b"\x89PNG\r\n\x1a\n" + bytes(100), "image/png")
    for file in (picture, ("<b>log</b>.txt", b"boom", "text/plain")):
        answer = ana.client.post(
            form.action, data=form.fields, files={"file": file}, headers=origin
        )
        assert answer.status_code == 303
    page = ana.open(HERE)
    assert "<b>log<" not in ana.client.get(HERE).text
    shown = [a["src"] for tag, a in page.tags if tag == "img" and "attachments" in a["src"]]
    assert len(shown) == 1
    assert ana.client.get(shown[0]).headers["content-type"] == "image/png"
    empty = ana.client.post(
        form.action, data=form.fields, files={"file": ("x", b"", "text/plain")}, headers=origin
    )
    assert empty.status_code == 422
    assert "the file is empty" in empty.text


def test_moments_are_pinned(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    say(ana, "the graph went down here")
    number = re.findall(r'id="entry-(\d+)"', ana.client.get(HERE).text)[0]
    ana.press("Pin", number=number)
    assert "Pinned moments" in ana.open(HERE).text
    assert ana.page.text.count("the graph went down here") == 2
    assert by_script(ana, "unpin", number=number)[0] == 204
    assert "Pinned moments" not in ana.open(HERE).text


def test_notes_are_markdown_and_nothing_more(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    note = (
        "**bold** `code` https://wiki.example/x, [a](javascript:alert(1)) ![i](https://e.example/p)"
        "\n\n- one\n- two\n\n<img src=x onerror=alert(1)> [b](//evil.example) # no heading"
    )
    say(ana, note)
    html = ana.client.get(HERE).text
    (said,) = re.findall(r'<div class="said">(.*?)</div>', html, re.DOTALL)
    assert "<strong>bold</strong>" in said
    assert "<code>code</code>" in said
    assert "<li>one</li>" in said
    assert '<a href="https://wiki.example/x" rel="noopener noreferrer nofollow">' in said
    for never in ("<img", "<h1", 'javascript:alert(1)"', 'href="//'):
        assert never not in said
    assert "&lt;img src=x onerror=alert(1)&gt;" in said


def test_the_timeline_is_filtered_and_searched(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    say(ana, "the database is full")
    shown = {show: ana.open(f"{HERE}?show={show}").text for show in timeline.FILTERS}
    note, page, clock = "the database is full", "paged on-call-engineer", "started the clock"
    past = {show: text.partition("Timeline")[2] for show, text in shown.items()}
    assert [note in past[s] for s in timeline.FILTERS] == [True, True, False, False, False]
    assert [clock in past[s] for s in timeline.FILTERS] == [True, False, False, False, True]
    assert page in past["pages"]
    assert "opened it as" not in past["said"]
    found = ana.open(f"{HERE}?find=DATABASE+full").text.partition("Timeline")[2]
    assert note in found
    assert clock not in found
    assert "Nothing here." in ana.open(f"{HERE}?find=no+such+thing").text
    part = ana.client.get(f"/live{HERE}/timeline", params={"show": "said"}).text
    assert note in part
    assert clock not in part
    assert "<html" not in part


def test_a_long_timeline_comes_in_parts(rich: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timeline, "FIRST", 20)
    monkeypatch.setattr(timeline, "SHOWN", 20)
    monkeypatch.setattr(room_forms, "SHOWN", 20)
    for number in range(50):
        actions.act(rich.world, "INC-2026-001", c.Note(by="ana", text=f"note {number:02}"))
    ana = rich.signed_in("ana")
    page = ana.open(HERE)
    assert [n for n in range(50) if f"note {n:02}" in page.text] == list(range(30, 50))
    older = next(link for link in page.links if "before=" in link)
    page = ana.open(older)
    assert "These are older entries." in page.text
    assert [n for n in range(50) if f"note {n:02}" in page.text] == list(range(10, 30))
    assert 'id="entry-1"' not in ana.client.get(HERE).text
    linked = ana.client.get(f"{HERE}?at=1").text
    assert 'id="entry-1"' in linked
    assert 'href="?at=1#entry-1"' in linked


def test_whoever_looks_on_sees_all_and_is_offered_nothing(rich: Stage) -> None:
    vic = rich.signed_in("vic")
    page = vic.open(HERE)
    assert "P0 Critical" in page.text
    assert "Look at what changed last" in page.text
    assert {form.button for form in page.forms} <= {"Sign out", "Search", ""}
    assert by_script(vic, "say", text="hello")[0] == 403


def test_a_restricted_one_says_so_and_how_to_get_in(stage: Stage) -> None:
    stage.put_in_force(
        PLAN.replace("contacts:\n", "contacts:\n  scribes: see the organisation file\n")
        + "confidential:\n"
        "  - {when: 'severity == \"P0\"', readers: [scribes], title: Something}\n",
        ORGANISATION.replace("last_resort:", "  scribes: {people: [vic]}\nlast_resort:"),
    )
    stage.alert(annotations={"summary": "No orders go through"})
    ana, ben = stage.signed_in("ana"), stage.signed_in("ben")
    page = ana.open(HERE)
    assert "restricted to its readers" in page.text
    assert "No orders go through" not in page.text
    assert "Break the glass" not in page.buttons
    ana.press("Acknowledge")
    assert "acknowledged" in ana.open(HERE).text, "whoever was called can take it all the same"
    ben.open(HERE)
    assert "takes a reason" in Page(ben.press("Break the glass", why="  ").text).text
    assert ben.press("Break the glass", why="Ana sleeps").status_code == 303
    assert "No orders go through" in ben.open(HERE).text
    assert "broke the glass" in ben.page.text


def test_nobody_merges_or_links_what_they_may_not_read(stage: Stage) -> None:
    stage.put_in_force(
        PLAN.replace("contacts:\n", "contacts:\n  scribes: see the organisation file\n")
        + "confidential:\n"
        "  - {when: 'severity == \"P0\"', readers: [scribes], title: Something}\n",
        ORGANISATION.replace("last_resort:", "  scribes: {people: [vic]}\nlast_resort:"),
    )
    stage.alert()
    stage.alert("QueueFull", severity="warning")
    ana = stage.signed_in("ana")
    for verb in ("merge", "link"):
        ana.open(THERE)
        (form,) = [one for one in ana.page.forms if one.action.endswith(f"/{verb}")]
        said = {**form.fields, "to": "INC-2026-001"}
        answer = ana.client.post(form.action, data=said, headers=OURS)
        assert answer.status_code == 403, verb
    room = stage.client().get(f"/api/v1{THERE}", headers=stage.operator).json()
    assert room["state"] != "closed"


def test_completions_are_for_readers_and_say_what_they_mean(rich: Stage) -> None:
    ana = rich.signed_in("ana")
    found = ana.client.get(f"/live{HERE}/completions", params={"text": "/sev"}).json()
    assert [one["line"] for one in found] == ["/severity "]
    assert found[0]["about"]
    found = ana.client.get(f"/live{HERE}/completions", params={"text": "/severity "}).json()
    assert [one["line"] for one in found] == ["/severity P0 ", "/severity P1 "]
    assert rich.client().get(f"/live{HERE}/completions").status_code == 401


def test_a_level_of_the_plan_can_be_called_by_the_form(stage: Stage) -> None:
    steps = PLAN.partition("  steps:\n")[2].partition("  if_exhausted")[0]
    levels = (
        "    - {level: 1, page: on-call-engineer, P0: immediate (within 5m), P1: immediate}\n"
        "    - {level: 2, page: team-lead, P0: 30m, P1: 2h}\n"
    )
    stage.put_in_force(PLAN.replace(f"  steps:\n{steps}", f"  levels:\n{levels}"))
    stage.alert()
    browser = stage.signed_in()
    assert "level 2: team-lead" in browser.open(HERE).text
    assert by_script(browser, "escalate", to="level 2", why="it grows")[0] == 204
    stage.later(seconds=1)
    assert "paged team-lead: Ben Okafor" in browser.open(HERE).text


def test_page_hints_never_speak_of_commands() -> None:
    """Whatever command a hint of the core names, the page says it in its own terms."""
    said = "".join(path.read_text("utf-8") for path in CORE.glob("*.py"))
    verbs = set(re.findall(r"tocsin ([a-z]+) \{", said))
    assert {"tick", "fact", "role", "escalate", "waive", "phase"} <= verbs
    for verb in verbs:
        way = on_the_page(f"do it: tocsin {verb} INC-2026-001 thing OTHER")
        assert "tocsin" not in way.text, verb
    for option in set(re.findall(r" (--[a-z]+ [A-Z]+)", said)):
        assert "--" not in on_the_page(f"say it: {option}").text, option


@pytest.mark.parametrize(
    ("hint", "said", "anchor"),
    [
        ("say why: --why REASON", "say why: fill in “Why”", ""),
        ("answer it: tocsin fact INC-1 cause=VALUE", "answer it: “cause” under “Facts”", "facts"),
        ("call somebody: tocsin escalate INC-1 RECIPIENT; or correct the severity",
         "call somebody: “Call somebody” under “More”; or correct the severity", "more"),
        ("if it is not over: tocsin reopen INC-1", "if it is not over: press “Reopen”", ""),
        ("wait until it has passed", "wait until it has passed", ""),
    ],
)  # fmt: skip
def test_hints_in_page_terms(hint: str, said: str, anchor: str) -> None:
    way = on_the_page(hint)
    assert (way.text, way.anchor) == (said, anchor)
