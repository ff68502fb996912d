"""From the alert to the closed incident, in real browsers in front of a real server."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.servers import Servers, TocsinServer
from tests.web.chromium import Faults, NoChromium, chromium
from tests.web.stage import ORGANISATION, PLAN

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]

CODE = "INC-2026-001"
PHONE: dict[str, Any] = {
    "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True,
}  # fmt: skip
SEEN_WITHIN_S = 5.0
"""Far more than it takes: machines differ, and what it took is printed."""

TABS_AT_MOST = 90

FOCUSED = """() => {
  const one = document.activeElement;
  const style = getComputedStyle(one);
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  const box = one.getBoundingClientRect();
  return {
    name: `${one.localName}#${one.id}`,
    text: (one.textContent || one.getAttribute("aria-label") || "").trim().replace(/\\s+/g, " "),
    id: one.id,
    isSeen: (ring || style.boxShadow !== "none") && box.width > 0 && box.height > 0,
    isOnScreen: box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth,
  };
}"""


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as running:
            yield running
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture
def server(servers: Servers) -> TocsinServer:
    """A server whose plan lets incidents be closed as soon as they are over."""
    server = servers(
        plan=PLAN.replace("    escalation_policy: required\n", ""),
        organisation=ORGANISATION.replace("[inbox, email ben@example.org]", "[inbox]"),
    )
    server.start()
    return server


def sign_in(context: BrowserContext, server: TocsinServer, person: str) -> Page:
    page = context.new_page()
    page.goto(server.post("/api/v1/sign-in-links", {"person": person})["url"])
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)
    return page


def open_room(page: Page, server: TocsinServer) -> None:
    page.goto(f"{server.url}/incidents/{CODE}")
    expect(page.locator(".live").first).to_have_attribute("data-live", "true")


def button(page: Page, word: str) -> Any:
    return page.get_by_role("button", name=word, exact=True)


def say(page: Page, text: str) -> None:
    page.locator("textarea[name=text]").first.fill(text)
    button(page, "Send").click()


def seen(page: Page, words: str, since: float, what: str) -> None:
    """Wait until a page says something, and print how long that took."""
    page.wait_for_function(
        "words => document.querySelector('#main').innerText.includes(words)", arg=words, polling=20
    )
    took = time.monotonic() - since
    sys.stdout.write(f"the other browser saw {what} after {1000 * took:.0f} ms\n")
    assert took < SEEN_WITHIN_S


def numbers(page: Page) -> list[int]:
    found: list[int] = page.locator("#timeline > li[id^=entry-]").evaluate_all(
        "all => all.map(one => Number(one.id.slice(6)))"
    )
    return found


def test_two_people_see_it_through(browser: Browser, server: TocsinServer) -> None:
    """An alert comes; one takes it over, the other helps; it is resolved, and closed."""
    wide = browser.new_context(viewport={"width": 1280, "height": 900})
    small = browser.new_context(**PHONE, color_scheme="dark")
    faults = [Faults(wide), Faults(small)]
    ben, ana = sign_in(wide, server, "ben"), sign_in(small, server, "ana")
    for page in (ben, ana):
        page.goto(f"{server.url}/incidents")
        expect(page.locator(".live").first).to_have_attribute("data-live", "true")

    began = time.monotonic()
    server.fire("CheckoutDown", severity="critical")
    seen(ana, "CheckoutDown", began, "the alert")
    ben.get_by_role("link", name="CheckoutDown").first.click()
    expect(ben.get_by_role("heading", name="CheckoutDown")).to_be_visible()
    open_room(ben, server)
    open_room(ana, server)

    began = time.monotonic()
    button(ben, "Acknowledge").click()
    seen(ana, "Ben Okafor has it", began, "who has it")
    expect(button(ana, "Acknowledge")).to_have_count(0)

    began = time.monotonic()
    say(ana, "The <b>database</b> is full")
    seen(ben, "The <b>database</b> is full", began, "a note")

    began = time.monotonic()
    button(ben, "Resolve").click()
    seen(ana, "resolved", began, "that it is over")
    began = time.monotonic()
    expect(button(ben, "Close")).to_be_visible()
    button(ben, "Close").click()
    seen(ana, "closed", began, "that nothing is left to do")
    assert server.incidents()[0]["state"] == "closed"

    for page in (ben, ana):
        shown = numbers(page)
        assert shown == sorted(set(shown), reverse=True), "every entry once, the newest first"
    assert [one.found for one in faults] == [[], []]
    wide.close()
    small.close()


def test_the_page_catches_up_after_the_server_was_killed(
    browser: Browser, server: TocsinServer
) -> None:
    context = browser.new_context()
    # That a connection fails is said in the console by the browser.
    faults = Faults(context, wanted=("net::ERR_",))
    server.fire("CheckoutDown", severity="critical")
    page = sign_in(context, server, "ben")
    open_room(page, server)
    page.evaluate("window.__same = true")
    say(page, "before it died")
    expect(page.locator("#timeline")).to_contain_text("before it died")
    server.kill()
    expect(page.locator(".live").first).to_have_attribute("data-live", "false")
    server.start()
    for text in ("first thing afterwards", "second thing afterwards"):
        server.post(f"/api/v1/incidents/{CODE}/note", {"text": text})
    expect(page.locator("#timeline")).to_contain_text("second thing afterwards", timeout=20_000)
    expect(page.locator(".live").first).to_have_attribute("data-live", "true")
    assert page.evaluate("window.__same") is True, "the page was never loaded anew"
    shown = numbers(page)
    assert shown == list(range(len(shown), 0, -1)), "nothing is missing, and nothing twice"
    # And it does not only look: it acts again.
    button(page, "Acknowledge").click()
    expect(page.locator("#main")).to_contain_text("Ben Okafor has it")
    assert faults.found == []
    context.close()


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_on_a_phone_it_is_acknowledged_with_one_thumb(
    browser: Browser, server: TocsinServer, scripts: bool
) -> None:
    context = browser.new_context(**PHONE, java_script_enabled=scripts)
    server.fire("CheckoutDown" + "WithALongName" * 8, severity="critical", service="a" * 200)
    page = sign_in(context, server, "ben")
    page.goto(f"{server.url}/incidents/{CODE}")
    box = button(page, "Acknowledge").bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] + box["height"] <= 844, "the button is to be seen without scrolling"
    button(page, "Acknowledge").tap()
    expect(page.locator("#main")).to_contain_text("Ben Okafor has it")
    assert server.incidents()[0]["acknowledged_by"] == "ben"
    context.close()


def tab_to(page: Page, word: str) -> None:
    """Press Tab until that is focused; whatever is focused on the way is to be seen."""
    passed = []
    for _ in range(TABS_AT_MOST):
        page.keyboard.press("Tab")
        at: dict[str, Any] = page.evaluate(FOCUSED)
        passed.append(at["name"])
        if at["name"].startswith("body"):
            continue  # the browser's own bar has it
        assert at["isSeen"], f"nobody sees that {at['name']} ({at['text'][:40]}) is focused"
        assert at["isOnScreen"], f"{at['name']} ({at['text'][:40]}) is focused beside the screen"
        if word == at["id"] or word in at["text"]:
            return
    raise AssertionError(f"Tab does not lead to {word!r}: {passed}")


@pytest.mark.parametrize("size", ["wide", "narrow"])
def test_the_keyboard_alone_suffices(browser: Browser, server: TocsinServer, size: str) -> None:
    """Sign in, open the incident, acknowledge, write a note, resolve: by Tab and Enter."""
    width = {"wide": 1280, "narrow": 390}[size]
    context = browser.new_context(viewport={"width": width, "height": 844})
    faults = Faults(context)
    server.fire("CheckoutDown", severity="critical")
    page = context.new_page()
    page.goto(server.post("/api/v1/sign-in-links", {"person": "ben"})["url"])
    if page.evaluate(FOCUSED)["text"] != "Sign in":
        tab_to(page, "Sign in")
    page.keyboard.press("Enter")
    page.wait_for_url(lambda url: "/sign-in" not in url)
    page.goto(f"{server.url}/incidents")
    page.keyboard.press("Tab")
    assert page.evaluate(FOCUSED)["text"] == "To the content"
    page.keyboard.press("Enter")
    tab_to(page, "CheckoutDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="CheckoutDown")).to_be_visible()
    expect(page.locator(".live").first).to_have_attribute("data-live", "true")
    tab_to(page, "do-acknowledge")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_contain_text("Ben Okafor has it")
    tab_to(page, "say-text")
    page.keyboard.type("by keyboard alone")
    tab_to(page, "Send")
    page.keyboard.press("Enter")
    expect(page.locator("#timeline")).to_contain_text("by keyboard alone")
    page.reload()
    tab_to(page, "do-resolve")
    page.keyboard.press("Enter")
    expect(page.locator("#main")).to_contain_text("resolved")
    server.wait_until(lambda: server.incidents()[0]["state"] == "resolved")
    assert faults.found == []
    context.close()
