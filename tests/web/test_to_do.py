"""What the plan wants done, on the incident's page: told, ticked, left out, gone on from."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.web.stage import PLAN, Browser, Page, Stage

from tocsin.core.incident import events as e
from tocsin.web.pages.words.sentences import _TOLD

RESPONSE = (
    PLAN.replace(
        "  users_affected: number\n",
        "  users_affected: number\n  cause: text\n  leaked: yes or no\n",
    )
    + """
inventories:
  regions: {eu: {name: EU}, us: {name: US}}
phases:
  contain:
    name: Stop the damage
    steps:
      - Look at what changed last
      - {do: Ask support for reports, need: if possible}
  repair:
    name: Repair
    steps:
      - {do: Find the cause, records: cause}
      - {id: mend, one_of: [Roll back, Fix forward]}
      - {do: Restart each region, each: regions}
gates:
  - {before: close, for: [P0], watch: {for: 30m, after: resolved}}
duties:
  police: {tell: team-lead, ask: Was it a leak?, answer: leaked, within: 24h}
audiences:
  board: {name: The board, to: team-lead}
  customers: {name: Customers, to: team-lead}
statuses: [Investigating, Resolved]
updates:
  - {audience: board, first: within 30m, every: 1h}
  - {audience: customers, every: 2h, template: progress}
templates:
  progress:
    audience: customers
    text: "Since {{ incident.started }}: {{ what }}"
    fields:
      what: {ask: What do customers notice?}
publishing:
  - {audience: customers, approved_by: [team-lead]}
modes:
  all-hands: {started_by: [team-lead]}
"""
)

HERE = "/incidents/INC-2026-001"


@pytest.fixture
def working(stage: Stage) -> Stage:
    """An incident under a plan with phases, tasks, a duty, a watch and audiences."""
    stage.put_in_force(RESPONSE)
    stage.alert()
    return stage


def press_in(browser: Browser, text: str, button: str, **said: str) -> int:
    """Press the button of the form that says `text`, and return how that was answered."""
    form = next(f for f in browser.page.forms if f.button == button and text in f.fields.values())
    origin = {"Origin": str(browser.client.base_url)}
    answer = browser.client.post(form.action, data={**form.fields, **said}, headers=origin)
    browser.page = Page(answer.text) if answer.status_code != 303 else browser.open(HERE)
    return int(answer.status_code)


def publish(browser: Browser, **said: str) -> int:
    """Send an update, as the communication desk does."""
    fields = {"form_token": browser.page.forms[0].fields["form_token"], **said}
    origin = {"Origin": str(browser.client.base_url)}
    answer = browser.client.post(f"{HERE}/update", data=fields, headers=origin)
    return int(answer.status_code)


def test_open_tasks_are_shown_with_what_they_hold_up_and_ticked(working: Stage) -> None:
    ana = working.signed_in("ana")
    text = ana.open(HERE).text
    assert "Phase: Stop the damage" in text
    assert "Look at what changed last holds up leaving Stop the damage" in text
    assert "Tocsin asked for: Look at what changed last" in text

    assert ana.press("Go on to it", phase="repair").status_code == 409
    ana.open(HERE)
    assert press_in(ana, "contain/look-at-what-changed-last", "Done") == 303
    assert "Ana Prieto marked as done: Look at what changed last" in ana.page.text
    assert press_in(ana, "contain/ask-support-for-reports", "Not needed", why="  ") == 422
    assert "left out for a reason or not at all" in ana.page.text
    ana.open(HERE)
    assert press_in(ana, "contain/ask-support-for-reports", "Not needed", why="it is night") == 303
    assert "said that this is not needed: Ask support for reports" in ana.page.text
    assert ana.press("Go on to it", phase="repair").status_code == 303
    assert "Phase: Repair" in ana.open(HERE).text
    assert "went on to the phase Repair" in ana.page.text


def test_a_phase_is_forced_with_a_reason(working: Stage) -> None:
    ana = working.signed_in("ana")
    ana.open(HERE)
    assert ana.press("Go on to it", phase="repair", why="the fix is out").status_code == 303
    assert "Phase: Repair" in ana.open(HERE).text


def test_choices_members_and_facts_are_asked_for(working: Stage) -> None:
    ana = working.signed_in("ana")
    ana.open(HERE)
    ana.press("Go on to it", phase="repair", why="the fix is out")
    ana.open(HERE)
    assert "state first: cause" in ana.page.text
    assert press_in(ana, "repair/find-the-cause", "Done") == 409
    ana.open(HERE)
    assert press_in(ana, "repair/mend", "Done", choice="Roll back") == 303
    assert "(Roll back)" in ana.page.text
    assert press_in(ana, "repair/restart-each-region", "Done", member="eu") == 303
    assert "ticked, for eu: Restart each region" in ana.page.text
    assert "eu" not in [attrs.get("value") for tag, attrs in ana.page.tags if tag == "option"], (
        "only what is left is offered"
    )
    assert press_in(ana, "leaked", "Answer", value="no") == 303


def test_updates_that_are_due_and_those_that_wait(working: Stage) -> None:
    ana, ben = working.signed_in("ana"), working.signed_in("ben")
    ana.open(HERE)
    assert "The board next by" in ana.page.text
    assert "not told anything yet" in ana.page.text
    working.later(minutes=31)
    assert "The board late" in ana.open(HERE).text
    assert publish(ana, audience="board", text="We look into it") == 303
    assert "We look into it" in ana.open(HERE).text
    assert "The board late" not in ana.page.text

    assert "by the template progress" in ana.page.text
    publish(ana, audience="customers", template="progress", text="No orders")
    assert ": No orders" in ana.open(HERE).text
    assert "Since 10 Nov" in ana.page.text or "Since 2026-11-10" in ana.page.text
    assert "For customers, waits for team-lead" in ben.open(HERE).text
    assert ben.press("Approve").status_code == 303
    assert "waits for team-lead" not in ben.open(HERE).text
    ana.open(HERE)
    publish(ana, audience="customers", text="Not so")
    ben.open(HERE)
    assert ben.press("Hold back", why="too early").status_code == 303
    assert "held back the update for customers" in ben.open(HERE).text


def test_a_watch_says_until_when_and_what_waits(working: Stage) -> None:
    ana = working.signed_in("ana")
    ana.open(HERE)
    assert ana.press("Resolve").status_code == 303
    text = ana.open(HERE).text
    assert "goes on until 10 Nov, 10:30 UTC in 30 minutes ; closing has to wait for it" in text
    assert "all must stay well until" in text
    working.later(minutes=31)
    assert "has passed" in ana.open(HERE).text


def test_whoever_only_looks_on_is_offered_nothing(working: Stage) -> None:
    page = working.signed_in("vic").open(HERE)
    assert "Look at what changed last" in page.text
    assert not {"Done", "Go on to it", "Publish", "Not needed"} & set(page.buttons)


def test_a_plan_without_response_shows_no_empty_sections(stage: Stage) -> None:
    stage.alert()
    page = stage.signed_in("ana").open(HERE)
    assert "To do" not in page.text
    assert "Phase:" not in page.text
    assert "Who is told" not in page.text


def test_whoever_may_not_read_sees_none_of_it(stage: Stage) -> None:
    secret = RESPONSE + (
        "confidential:\n  - {when: 'severity == \"P0\"', readers: [team-lead], title: Something}\n"
    )
    stage.put_in_force(secret)
    stage.alert()
    page = stage.signed_in("ana").open(HERE)
    for told in ("Look at what changed last", "Phase", "acknowledge", "leaked"):
        assert told not in page.text, told


def kinds(base: type[e.Event]) -> Iterator[type[e.Event]]:
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


@pytest.mark.parametrize("kind", list(kinds(e.Event)), ids=lambda kind: kind.__name__)
def test_a_timeline_has_words_for_everything_that_can_happen(kind: type[e.Event]) -> None:
    assert kind in _TOLD


def test_yes_and_no_are_understood_wherever_a_fact_is_stated(working: Stage) -> None:
    client = working.client(headers=working.operator)
    stated = client.post(f"/api/v1{HERE}/fact", json={"name": "leaked", "value": "yes"})
    assert stated.json()["facts"]["leaked"]["value"] is True
    refused = client.post(f"/api/v1{HERE}/fact", json={"name": "leaked", "value": "maybe"})
    assert "yes or no" in refused.json()["hint"]
    declared = client.post(
        "/api/v1/incidents", json={"title": "x", "severity": "P1", "facts": {"leaked": "no"}}
    )
    assert declared.json()["facts"]["leaked"]["value"] is False


def test_the_api_says_what_a_tick_takes_and_which_watches_run(working: Stage) -> None:
    client = working.client(headers=working.operator)
    client.post(f"/api/v1{HERE}/phase", json={"phase": "repair", "force": True, "why": "it is out"})
    client.post(f"/api/v1{HERE}/resolve")
    shown = client.get(f"/api/v1{HERE}").json()
    tasks = {task["task"]: task for task in shown["tasks"]}
    assert tasks["repair/find-the-cause"]["records"] == ["cause"]
    assert tasks["repair/mend"]["one_of"] == ["Roll back", "Fix forward"]
    assert tasks["repair/restart-each-region"]["left"] == ["eu", "us"]
    assert [(one["before"], one["passed"]) for one in shown["watches"]] == [("close", False)]
