"""The incident room in a real browser: the line, the timeline, the keys, two people at once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.web.chromium import SIZES, Faults, NoChromium, chromium
from tests.web.scene.pages import session_of
from tests.web.scene.story import Scene, told_and_served

from tocsin.core.incident import commands as c
from tocsin.web.access import cookie_name
from tocsin.web.pages.incident import timeline

pytestmark = pytest.mark.browser

CODE = "INC-2026-004"
LARGEST = 150_000
"""Bytes that the room may take to arrive, compressed, with all that it loads."""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as running:
            yield running
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with told_and_served(tmp_path_factory.mktemp("room")) as scene:
        yield scene


def let_in(context: BrowserContext, scene: Scene, person: str) -> None:
    """Give a browser the session of a person."""
    token = session_of(scene, person)
    context.add_cookies([{"name": cookie_name(scene.world), "value": token, "url": scene.url}])


def opened(browser: Browser, scene: Scene, person: str = "ana", size: str = "wide") -> Page:
    """Open the room in a browser of its own."""
    context = browser.new_context(viewport=SIZES[size], locale="en-GB", timezone_id="UTC")
    let_in(context, scene, person)
    page = context.new_page()
    page.clock.set_fixed_time(scene.at)
    page.goto(f"{scene.url}/incidents/{CODE}")
    expect(page.locator(".live")).to_have_text("live")
    return page


def test_a_line_is_completed_and_done_without_leaving_the_page(
    browser: Browser, scene: Scene
) -> None:
    page, other = opened(browser, scene), opened(browser, scene, "ben")
    faults = Faults(page.context)
    page.evaluate("window.stays = true")
    line = page.get_by_label("Note, or a command")
    page.keyboard.press("/")
    expect(line).to_be_focused()
    page.keyboard.type("sev")
    expect(page.locator("#completions").get_by_role("option")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(line).to_have_value("/severity ")
    expect(page.locator("#completions").get_by_role("option")).to_have_count(3)
    page.keyboard.type("P1 it is slow, not down")
    page.keyboard.press("Enter")
    expect(other.locator("#now")).to_contain_text("P1")
    expect(page.locator("#timeline")).to_contain_text("changed the severity from P0 to P1")
    expect(line).to_have_value("")
    line.fill("first")
    page.keyboard.press("Shift+Enter")
    page.keyboard.type("second")
    page.keyboard.press("Enter")
    expect(other.locator(".said").first).to_have_text("first\nsecond", use_inner_text=True)
    assert page.evaluate("window.stays") is True
    assert faults.found == []


def test_a_refusal_stands_at_the_line_and_what_was_typed_stays(
    browser: Browser, scene: Scene
) -> None:
    page = opened(browser, scene)
    line = page.get_by_label("Note, or a command")
    line.fill("/severity P99 because")
    line.press("Enter")
    expect(page.locator("#say").get_by_role("alert")).to_contain_text("Not done")
    expect(line).to_have_value("/severity P99 because")
    line.fill("/help")
    line.press("Enter")
    expect(page.locator("#say .sayings")).to_contain_text("/severity SEVERITY")


def test_a_refused_button_says_so_in_sight_until_it_was_read(
    browser: Browser, scene: Scene
) -> None:
    page = opened(browser, scene)
    page.get_by_role("button", name="Go on to Recovery").click()
    notice = page.locator("#notice")
    expect(notice.get_by_role("alert")).to_contain_text("Not done: leave containment has to wait")
    scene.act(CODE, c.Note(by="ben", via="page", text="something else happens"))
    expect(page.locator("#timeline")).to_contain_text("something else happens")
    expect(notice.get_by_role("alert")).to_be_visible()
    page.keyboard.press("Escape")
    expect(notice).to_be_empty()


def test_the_timeline_is_filtered_at_once_and_stays_so(browser: Browser, scene: Scene) -> None:
    page = opened(browser, scene)
    entries = page.locator("#timeline > li[data-groups]:visible")
    before = entries.count()
    page.get_by_role("link", name="Clocks", exact=True).last.click()
    expect(page.locator("#timeline")).to_have_attribute("data-show", "clocks")
    expect(entries).not_to_have_count(before)
    for text in entries.all_text_contents():
        assert "clock" in text
    scene.act(CODE, c.Note(by="ben", via="page", text="not a clock at all"))
    expect(page.locator("#timeline .said", has_text="not a clock at all")).to_be_hidden()
    page.get_by_role("link", name="People", exact=True).last.click()
    expect(page.locator("#timeline .said", has_text="not a clock at all")).to_be_visible()
    page.get_by_label("Search the timeline").fill("gateway")
    expect(entries).to_have_count(1)
    expect(page).to_have_url(re.compile("show=said&find=gateway"))


def test_what_somebody_fills_in_is_not_taken_away(browser: Browser, scene: Scene) -> None:
    page = opened(browser, scene)
    page.locator("#role-scribe > summary").click()
    reason = page.locator("#role-scribe").get_by_placeholder("How things stand")
    reason.fill("half a sen")
    scene.act(CODE, c.TakeRole(by="ben", via="page", role="incident-commander", person="ben"))
    expect(page.locator("#now")).to_contain_text("Ben Okafor leads")
    expect(reason).to_have_value("half a sen")
    reason.fill("")
    page.locator("h1").click()
    expect(page.locator("#roles")).to_contain_text("Ben Okafor")
    expect(page.locator("#role-scribe")).to_have_attribute("open", "")


def entries_of(scene: Scene) -> int:
    with scene.store.read() as reading:
        kept = reading.incident(CODE)
    assert kept is not None
    return kept.entries


def test_keys_lead_everywhere_and_change_nothing(browser: Browser, scene: Scene) -> None:
    page = opened(browser, scene)
    entries = entries_of(scene)
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    assert page.evaluate("document.activeElement.closest('.acts') !== null")
    page.keyboard.press("m")
    expect(page.get_by_role("dialog", name="More that can be done")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("z")
    expect(page.locator("#zone")).to_have_attribute("aria-pressed", "true")
    page.keyboard.press("n")
    page.keyboard.type("a?mz are letters here")
    expect(page.get_by_label("Note, or a command")).to_have_value("a?mz are letters here")
    page.keyboard.press("Escape")
    page.keyboard.press("g")
    page.keyboard.press("i")
    page.wait_for_url("**/incidents")
    assert entries_of(scene) == entries


def test_older_entries_come_when_one_scrolls_to_them(browser: Browser, scene: Scene) -> None:
    page = opened(browser, scene)
    shown = page.locator("#timeline > li[data-groups]")
    expect(shown).to_have_count(timeline.FIRST)
    page.mouse.wheel(0, 100_000)
    expect(shown).to_have_count(entries_of(scene))
    expect(page.locator("#entry-1")).to_contain_text("opened it")
    expect(page.locator("#timeline .older")).to_have_count(0)


def test_a_file_is_attached_by_hand(browser: Browser, scene: Scene, tmp_path: Path) -> None:
    page = opened(browser, scene)
    file = tmp_path / "graph.txt"
    file.write_text("it fell", "utf-8")
    page.get_by_label("A file to keep with the incident").set_input_files(file)
    page.get_by_role("button", name="Attach").click()
    expect(page.locator(".files")).to_contain_text("graph.txt")


def test_on_a_phone_the_first_screen_says_it_all(browser: Browser, scene: Scene) -> None:
    page = opened(browser, scene, size="narrow")
    line = page.get_by_label("Note, or a command").bounding_box()
    assert line is not None
    assert line["y"] + line["height"] <= SIZES["narrow"]["height"]
    for what in (page.locator("h1"), page.locator(".next"), page.locator(".acts button").first):
        box = what.bounding_box()
        assert box is not None
        assert box["y"] + box["height"] <= line["y"], "to be seen without scrolling"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.evaluate("window.scrollTo(0, 1500)")
    expect(page.locator(".compact")).to_be_visible()


def test_the_room_is_light(browser: Browser, scene: Scene) -> None:
    """Everything that a first visit loads, as it goes over the line."""
    context = browser.new_context(viewport=SIZES["wide"])
    let_in(context, scene, "ana")
    page = context.new_page()
    page.goto(f"{scene.url}/incidents/{CODE}")
    expect(page.locator(".live")).to_have_text("live")
    sizes = page.evaluate(
        "['navigation', 'resource'].flatMap(type => performance.getEntriesByType(type))"
        ".filter(one => !one.name.includes('/live/')).map(one => [one.name, one.encodedBodySize])"
    )
    total = sum(size for _, size in sizes)
    assert 0 < total <= LARGEST, sizes
