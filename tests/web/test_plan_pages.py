"""The plan on pages: as a document, as text, in versions; and changing it there."""

from __future__ import annotations

import re
from html import unescape

import pytest
from tests.web.stage import ORGANISATION, PLAN, Browser, Page, Stage

from tocsin.engine.audit import Wanted

SLOWER = PLAN.replace("team-lead, P0: 30m", "team-lead, P0: 20m")
FAULTY = PLAN.replace("acknowledge: within 15m", "acknowledge: 15").replace("facts:", "fcts:")
WHY = "The lead wants to know earlier"


@pytest.fixture
def ben(stage: Stage) -> Browser:
    """An administrator's browser."""
    return stage.signed_in("ben")


def typed(browser: Browser) -> tuple[str, str]:
    """What stands in the two texts of the editor, as the browser would send it."""
    html = browser.client.get("/plan/edit").text
    return _texts(html)


def _texts(html: str) -> tuple[str, str]:
    found = re.findall(r"<textarea[^>]*>\n?(.*?)</textarea>", html, re.DOTALL)
    return unescape(found[0]), unescape(found[1])


def edit(browser: Browser, button: str = "Put in force", **said: str) -> tuple[int, str]:
    """Open the editor, type, press a button; return the answer."""
    plan, organisation = typed(browser)
    browser.open("/plan/edit")
    form = next(form for form in browser.page.forms if "base_plan" in form.fields)
    form.fields |= {"plan": plan, "organisation": organisation}
    return press(browser, button, **said)


def press(browser: Browser, button: str = "Put in force", **said: str) -> tuple[int, str]:
    form = next(form for form in browser.page.forms if "base_plan" in form.fields)
    path = "/plan/edit/check" if button == "Check" else "/plan/edit"
    # As browsers do: lines end in CRLF.
    sent = {name: value.replace("\n", "\r\n") for name, value in (form.fields | said).items()}
    headers = {"Origin": str(browser.client.base_url)}
    answer = browser.client.post(path, data=sent, headers=headers)
    return answer.status_code, answer.text


def test_every_line_of_the_plan_is_somewhere_in_its_document(stage: Stage) -> None:
    """`plan line 28` leads to the clause, from anywhere."""
    html = stage.signed_in("vic").client.get("/plan").text
    lines = PLAN.splitlines()
    step = next(n for n, line in enumerate(lines, 1) if "page: team-lead, P0: 30m" in line)
    anchors = re.findall(r'id="line-(\d+)"', html)
    assert len(anchors) == len(set(anchors)), "an anchor is there once"
    first = min(int(one) for one in anchors)
    assert [int(one) for one in sorted(anchors, key=int)] == list(range(first, len(lines) + 1))
    row = html.partition(f'id="line-{step}"')[2].partition("</tr>")[0]
    assert "Page" in row
    assert "team lead" in row


def test_the_picture_says_who_is_called_when_and_when_promises_end(stage: Stage) -> None:
    page = stage.signed_in("vic").open("/plan")
    said = page.text
    assert "Team lead: page 30 min" in said
    assert "Team lead: alarm 45 min" in said
    assert "Acknowledge within 15 minutes" in said


def test_the_source_has_numbers_and_older_versions_say_that_they_are_old(
    stage: Stage, ben: Browser
) -> None:
    old = stage.world.rules.plan.version
    stage.alert()
    stage.put_in_force(SLOWER)
    assert 'id="line-8"' in ben.client.get("/plan/source").text
    shown = ben.open(f"/plan/versions/{old}")
    assert "This version is not in force." in shown.text
    assert "team-lead, P0: 30m" in ben.open(f"/plan/source?version={old}").text
    versions = ben.open("/plan/versions")
    assert "/incidents/INC-2026-001" in versions.links, "an incident that runs by the older one"
    assert f"/plan/compare?old={old}&new={stage.world.rules.plan.version}" in versions.links


def test_incidents_lead_to_the_clauses_of_the_plan_that_rules_them(
    stage: Stage, ben: Browser
) -> None:
    old = stage.world.rules.plan.version
    stage.alert()
    stage.put_in_force(SLOWER)
    links = {link for link in ben.open("/incidents/INC-2026-001").links if "#line-" in link}
    assert links
    assert all(link.startswith(f"/plan/versions/{old}#line-") for link in links)


def test_unknown_versions_are_refused(stage: Stage) -> None:
    answer = stage.signed_in("vic").client.get("/plan/versions/0000")
    assert answer.status_code == 404
    assert "no plan of this version was kept" in answer.text


def test_a_comparison_says_what_changes_for_people(stage: Stage, ben: Browser) -> None:
    old = stage.world.rules.plan.version
    stage.put_in_force(SLOWER)
    text = ben.open(f"/plan/compare?old={old}").text
    assert "more is asked" in text
    assert "team-lead" in text
    assert "Nothing changes for anybody." in ben.open(f"/plan/compare?old={old}&new={old}").text


def test_problems_stand_with_their_lines(stage: Stage) -> None:
    stage.put_in_force(PLAN.replace("team-lead: see the organisation file", "team-lead: unfilled"))
    page = stage.signed_in("vic").open("/plan/problems")
    assert "the plan does not say how to reach team-lead" in page.text
    line = next(n for n, one in enumerate(PLAN.splitlines(), 1) if one.startswith("  team-lead:"))
    assert f"/plan/source#line-{line}" in page.links


def test_nobodys_address_stands_on_a_page_for_everybody(stage: Stage) -> None:
    text = stage.signed_in("vic").open("/plan").text
    assert "Ben Okafor" in text
    assert "ben@example.org" not in text


def test_only_administrators_edit(stage: Stage) -> None:
    vic = stage.signed_in("vic")
    assert "/plan/edit" not in vic.open("/plan").links
    assert vic.client.get("/plan/edit").status_code == 403
    assert stage.client().get("/plan", follow_redirects=False).status_code in (303, 401)


def test_the_editor_shows_the_very_text_and_sends_it_back_unchanged(
    stage: Stage, ben: Browser
) -> None:
    """No line end is lost on the way through a browser, else everything had changed."""
    assert typed(ben) == (PLAN, ORGANISATION)
    status, html = edit(ben, why=WHY)
    assert status == 200
    assert "both texts are in force already" in html


def test_a_check_says_what_changes_and_puts_nothing_in_force(stage: Stage, ben: Browser) -> None:
    before = stage.world.rules.versions
    status, html = edit(ben, "Check", plan=SLOWER)
    assert status == 200
    assert "can be put in force" in html
    assert "What changes for people" in html
    assert "team-lead" in html
    assert _texts(html)[0] == SLOWER
    assert stage.world.rules.versions == before


def test_errors_are_refused_with_links_to_their_lines_and_the_text_stays(
    stage: Stage, ben: Browser
) -> None:
    before = stage.world.rules.versions
    status, html = edit(ben, plan=FAULTY, why=WHY)
    assert status == 422
    assert "Not done: there are" in html
    assert re.search(r'data-line="\d+"[^>]*href="#text-plan"', html)
    assert _texts(html)[0] == FAULTY
    assert WHY in html
    assert stage.world.rules.versions == before


def test_a_change_is_put_in_force_with_its_reason_and_audited(stage: Stage, ben: Browser) -> None:
    status, html = edit(ben, plan=SLOWER, why=WHY)
    assert (status, "In force from now on: the plan." in html) == (200, True)
    with stage.store.read() as reading:
        newest = reading.activations("plan", None, 1)[0]
        text = reading.document("plan", newest.version)
        act = reading.acts(Wanted(act="rules.applied"), None, 1)[0]
    assert text is not None
    assert text[1] == SLOWER
    assert (newest.by, newest.via, newest.why) == ("ben", "page", WHY)
    assert (act.by, act.about, WHY in act.detail) == ("ben", "plan", True)


def test_a_change_needs_a_reason(stage: Stage, ben: Browser) -> None:
    before = stage.world.rules.versions
    status, html = edit(ben, plan=SLOWER, why="  ")
    assert (status, "needs a reason" in html) == (422, True)
    assert stage.world.rules.versions == before


def test_who_is_overtaken_is_told_what_changed_meanwhile_and_loses_nothing(
    stage: Stage, ben: Browser
) -> None:
    """Ben opens the editor; somebody else is faster; Ben sees it, and goes on from there."""
    plan, organisation = typed(ben)
    ben.open("/plan/edit")
    stage.put_in_force(SLOWER)
    mine = PLAN.replace("P1: 2h", "P1: 3h")
    status, html = press(ben, plan=mine, organisation=organisation, why=WHY)
    assert status == 409
    assert "somebody else has put another plan in force meanwhile" in html
    assert "What was put in force meanwhile" in html
    assert _texts(html)[0] == mine
    with stage.store.read() as reading:
        active = reading.active("plan")
    assert active is not None
    assert active[1] == SLOWER, "theirs is still in force"
    ben.page = Page(html)
    status, html = press(ben, plan=mine, organisation=organisation, why=WHY)
    assert (status, "In force from now on" in html) == (200, True)
    assert plan != mine


def test_a_page_of_somebody_else_cannot_change_the_plan(stage: Stage, ben: Browser) -> None:
    plan, organisation = typed(ben)
    ben.open("/plan/edit")
    form = next(form for form in ben.page.forms if "base_plan" in form.fields)
    sent = form.fields | {"plan": SLOWER, "organisation": organisation, "why": WHY}
    origin = {"Origin": str(ben.client.base_url)}
    no_token = sent | {"form_token": "made-up"}
    assert ben.client.post("/plan/edit", data=no_token, headers=origin).status_code == 403
    evil = {"Origin": "https://evil.example"}
    assert ben.client.post("/plan/edit", data=sent, headers=evil).status_code == 403
    assert typed(ben)[0] == plan


@pytest.mark.parametrize("page", ["/plan", "/plan/source", "/plan/edit", "/plan/versions"])
def test_hostile_texts_of_a_plan_stay_text(stage: Stage, page: str) -> None:
    evil = "<img src=x onerror=alert(1)></textarea><script>alert(2)</script>"
    hostile = PLAN.replace("title: What we do when the shop is down", f"title: '{evil}'")
    stage.put_in_force(hostile.replace("name: Critical", f"name: '{evil}'"))
    shown = stage.signed_in("ben").open(page)
    assert "onerror=alert(1)" in shown.text
    assert not [tag for tag, attrs in shown.tags if tag == "img" and attrs.get("src") == "x"]
    assert shown.scripts == []
