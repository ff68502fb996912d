"""A real browser on the calendars and on the wall: dragging, keys, and a server that is gone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from tests.web.chromium import SIZES, Faults, NoChromium, chromium
from tests.web.scene.pages import session_of
from tests.web.scene.story import Scene, serving

from tocsin.core.overrides import MadeOverride
from tocsin.web.access import cookie_name

pytestmark = pytest.mark.browser

ZONE = "Europe/Berlin"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as started:
            yield started
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """A Tuesday evening without incidents: Ana is on call until Thursday 18:00, then Ben."""
    scene = Scene(tmp_path)
    scene.put_in_force()
    with serving(scene):
        yield scene
    scene.store.close()


def opened(browser: Browser, scene: Scene, path: str, size: str = "wide") -> tuple[Page, Faults]:
    context = browser.new_context(viewport=SIZES[size], timezone_id=ZONE)
    faults = Faults(context, wanted=("ERR_",))
    cookie = {"name": cookie_name(scene.world), "value": session_of(scene, "ana"), "url": scene.url}
    context.add_cookies([cookie])  # type: ignore[list-item]
    page = context.new_page()
    page.clock.install(time=scene.at)
    page.goto(scene.url + path)
    return page, faults


def rows(scene: Scene) -> list[MadeOverride]:
    with scene.store.read() as reading:
        return reading.overrides()


def drag(page: Page, week: Locator, start: float, end: float) -> None:
    """Drag across a week's bars, from one part of it to another."""
    week.scroll_into_view_if_needed()
    box = week.bounding_box()
    assert box is not None
    y = box["y"] + 55
    page.mouse.move(box["x"] + start * box["width"], y)
    page.mouse.down()
    page.mouse.move(box["x"] + (start + end) / 2 * box["width"], y, steps=4)
    page.mouse.move(box["x"] + end * box["width"], y, steps=4)
    page.mouse.up()


def test_dragging_makes_an_override_and_its_end_changes_it(browser: Browser, scene: Scene) -> None:
    page, faults = opened(browser, scene, "/on-call")
    weeks = page.locator("[data-roster=primary] .week")
    day = 1 / 7
    drag(page, weeks.nth(1), day, 2 * day)  # all of Tuesday 24 November
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    expect(dialog.get_by_label("From")).to_have_value("2026-11-24T00:00")
    expect(dialog.get_by_label("To", exact=True)).to_have_value("2026-11-25T00:00")
    dialog.get_by_label("Who is on call then").select_option("cleo")
    dialog.get_by_label("Why").fill("a wedding")
    dialog.get_by_role("button", name="Put them on call").click()
    expect(page.get_by_text("by Ana Prieto: a wedding")).to_be_visible()
    (made,) = rows(scene)
    assert (made.person, made.start) == ("cleo", datetime(2026, 11, 23, 23, tzinfo=UTC))
    assert made.end == datetime(2026, 11, 24, 23, tzinfo=UTC)

    drag(page, weeks.nth(1), 2 * day - 0.003, 3 * day)  # its end, by a day
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("To", exact=True)).to_have_value("2026-11-26T00:00")
    expect(dialog.get_by_label("Who is on call then")).to_have_value("cleo")
    dialog.get_by_role("button", name="Change it").click()
    expect(page.get_by_text("removed by Ana Prieto")).to_be_visible()
    first, second = rows(scene)
    assert first.removed_by == "ana"
    assert (second.start, second.end) == (made.start, datetime(2026, 11, 25, 23, tzinfo=UTC))

    page.get_by_role("button", name="Remove the override of Cleo Lindqvist").click()
    expect(page.get_by_role("button", name="Remove")).to_have_count(0)
    assert rows(scene)[1].removed_by == "ana"
    assert faults.take() == []


def test_keys_alone_do_the_same(browser: Browser, scene: Scene) -> None:
    page, faults = opened(browser, scene, "/on-call", "narrow")
    page.get_by_role("link", name="Override").focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    page.keyboard.press("Enter")
    dialog.get_by_label("To", exact=True).focus()
    dialog.get_by_label("To", exact=True).fill("2026-11-18T08:00")
    dialog.get_by_label("Who is on call then").select_option("ben")
    dialog.get_by_role("button", name="Put them on call").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Remove the override of Ben Okafor")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= SIZES["narrow"]["width"]
    assert faults.take() == []


def test_escape_ends_a_drag(browser: Browser, scene: Scene) -> None:
    page, _ = opened(browser, scene, "/on-call")
    box = page.locator("[data-roster=primary] .week").first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 300, box["y"] + 55)
    page.mouse.down()
    page.mouse.move(box["x"] + 500, box["y"] + 55, steps=3)
    expect(page.locator(".chosen")).to_have_count(1)
    page.keyboard.press("Escape")
    expect(page.locator(".chosen")).to_have_count(0)
    page.mouse.up()
    expect(page.get_by_role("dialog")).to_be_hidden()


def test_the_wall_lives_and_says_when_it_is_old(browser: Browser, scene: Scene) -> None:
    page, faults = opened(browser, scene, "/centre?wall=1")
    expect(page.get_by_text("Nothing is wrong")).to_be_visible()
    expect(page.locator(".live")).to_have_text("live")
    expect(page.locator("#stale")).to_be_hidden()
    scene.declare("The shop is down")
    expect(page.get_by_text("The shop is down")).to_be_visible()
    expect(page.get_by_text("Nobody has answered")).to_be_visible()
    assert faults.take() == []
    page.context.set_offline(True)
    scene.site.notifier.changed()
    page.clock.fast_forward(40_000)
    expect(page.locator("#stale")).to_contain_text("Not connected")
    page.context.set_offline(False)


def test_the_page_changes_by_itself(browser: Browser, scene: Scene) -> None:
    page, faults = opened(browser, scene, "/centre")
    expect(page.get_by_text("Nothing is wrong.")).to_be_visible()
    code = scene.declare("The shop is down")
    expect(page.get_by_text("nobody has answered")).to_be_visible()
    page.get_by_role("link", name="The shop is down").first.click()
    expect(page).to_have_url(f"{scene.url}/incidents/{code}")
    assert faults.take() == []
