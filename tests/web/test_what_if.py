"""What would happen if: the story on the page is the one that the plan's own engine plays."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import expect
from tests.web.chromium import Faults, chromium
from tests.web.scene.pages import session_of
from tests.web.scene.story import Scene, serving
from tests.web.stage import PLAN, Browser, Page, Stage

from tocsin.web.access import cookie_name
from tocsin.web.pages.plan import what_if


@pytest.fixture
def vic(stage: Stage) -> Browser:
    return stage.signed_in("vic")


def story(browser: Browser, **asked: str) -> list[tuple[float, str]]:
    """What happens on the page: seconds after detection, and what is said."""
    answer = browser.client.get(f"/plan/what-if?{urlencode(asked)}")
    assert answer.status_code == 200, Page(answer.text).text
    found = re.findall(r'data-t="([\d.]+)"[^>]*data-what="([^"]*)"', answer.text)
    return [(float(t), what) for t, what in found]


def test_nobody_reacts_and_the_alarm_ends_it(vic: Browser) -> None:
    told = story(vic, severity="P0")
    assert (0.0, "It is detected as P0") in told
    assert (0.0, "Page on-call engineer") in told
    assert (1800.0, "Page team lead") in told
    assert told[-1] == (2700.0, "Alarm team lead")
    assert "Missed: acknowledge" in [what for _, what in told]


def test_the_real_people_on_call_at_that_time_are_named(vic: Browser) -> None:
    """Ana is on call this week, Ben the next."""
    assert "Ana Prieto" in vic.open("/plan/what-if?severity=P0").text
    text = vic.open("/plan/what-if?severity=P0&at=2026-11-17+18:00").text
    assert "Ben Okafor" in text


def test_who_was_called_last_answers_and_nobody_else_is_called(vic: Browser) -> None:
    told = story(vic, severity="P0", acknowledge="12", resolve="80")
    assert (720.0, "Ana Prieto acknowledges") in told
    assert (4800.0, "Ana Prieto resolves it") in told
    assert "Page team lead" not in [what for _, what in told]


def test_somebody_can_be_called_for(vic: Browser) -> None:
    told = story(vic, severity="P0", escalate="3", to="team-lead")
    assert (180.0, "Page team lead") in told


def test_facts_decide_where_no_severity_is_chosen(vic: Browser) -> None:
    told = story(vic, **{"fact-service_availability": "degraded"})
    assert told[0] == (0.0, "It is detected as P1")


def test_two_severities_stand_side_by_side_on_one_axis(vic: Browser) -> None:
    page = vic.open("/plan/what-if?severity=P0&also=P1")
    stories = [attrs for tag, attrs in page.tags if attrs.get("class") == "told"]
    assert len(stories) == 2
    stages = [attrs for _, attrs in page.tags if attrs.get("id") == "stage"]
    assert len(stages) == 1
    assert float(stages[0]["data-seconds"]) > 7200, "as long as the longer one"


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("severity=P9", "the plan has no severity"),
        ("at=rubbish", "no point in time"),
        ("acknowledge=-1", "no number of minutes"),
        ("resolve=99999999999", "no number of minutes"),
        ("to=nobody-at-all&escalate=1", "the plan calls nobody"),
        ("kind=strange", "the plan knows no kind"),
    ],
)
def test_choices_without_sense_are_refused_with_a_way_out(
    vic: Browser, asked: str, said: str
) -> None:
    answer = vic.client.get(f"/plan/what-if?{asked}")
    assert answer.status_code == 422
    assert said in Page(answer.text).text


def test_hostile_choices_stay_text(vic: Browser) -> None:
    evil = '"><script>alert(1)</script>'
    asked = urlencode({"at": evil, "severity": evil, "fact-users_affected": evil})
    answer = vic.client.get(f"/plan/what-if?{asked}")
    page = Page(answer.text)
    assert page.scripts == []
    assert "alert(1)" in answer.text


def test_nothing_is_written_and_nobody_is_called(stage: Stage, vic: Browser) -> None:
    with stage.store.read() as reading:
        before = reading.counts()
    story(vic, severity="P0", acknowledge="12")
    with stage.store.read() as reading:
        assert reading.counts() == before
        assert reading.incidents((), None, 1) == []


def test_a_story_without_end_is_cut_and_says_so(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A plan that pages every second for a week must not keep the server busy."""
    stage.put_in_force(PLAN.replace("every: 15m", "every: 1m"))
    monkeypatch.setattr(what_if, "LOOKS_AT_MOST", 50)
    text = stage.signed_in("vic").open("/plan/what-if?severity=P0&lasts=7d").text
    assert "the story was cut short" in text


def test_a_simulation_that_waits_too_long_is_told_to_come_again(
    vic: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(what_if, "WAITING_AT_MOST", 0)
    answer = vic.client.get("/plan/what-if")
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"


@pytest.mark.browser
def test_the_ladder_runs_before_ones_eyes(tmp_path: Path) -> None:
    """It begins at the start, what comes is ahead, and a keyboard steps through it."""
    if shutil.which("chromium") is None and shutil.which("chromium-browser") is None:
        pytest.skip("chromium is missing: run `make setup-tests`")
    scene = Scene(tmp_path)
    scene.put_in_force()
    try:
        with serving(scene), chromium() as browser:
            context = browser.new_context(reduced_motion="reduce")
            faults = Faults(context)
            name, session = cookie_name(scene.world), session_of(scene, "ana")
            context.add_cookies([{"name": name, "value": session, "url": scene.url}])
            page = context.new_page()
            page.goto(f"{scene.url}/plan/what-if?severity=P0")
            expect(page.locator(".story li.ahead")).to_have_count(0)
            scrub = page.get_by_label("Where the story is")
            scrub.focus()
            page.keyboard.press("Home")
            expect(page.locator("#after")).to_have_text("+00:00:00")
            ahead = page.locator(".story li.ahead", has_text="Page team-lead").or_(
                page.locator(".story li.ahead", has_text="Page team lead")
            )
            expect(ahead.first).to_be_visible()
            step = page.get_by_role("button", name="One step on")
            step.focus()
            page.keyboard.press("Enter")
            expect(page.locator("#after")).to_have_text("+00:05:00")
            expect(page.locator("#now-told")).to_contain_text("Missed: acknowledge")
            page.keyboard.press("Enter")
            expect(page.locator("#now-told")).to_contain_text("Page team lead")
            play = page.get_by_role("button", name="Play")
            play.click()
            expect(page.get_by_role("button", name="Pause")).to_be_visible()
            expect(page.locator(".story li.ahead")).to_have_count(0, timeout=60_000)
            assert faults.take() == []
            context.close()
    finally:
        scene.store.close()
