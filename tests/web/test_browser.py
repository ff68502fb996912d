"""A real browser in front of a real server: what a person who is called meets."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from tests.servers import Servers, TocsinServer
from tests.web.stage import ORGANISATION, PLAN

pytestmark = pytest.mark.browser

CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip

PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True,
}  # fmt: skip

NEXT_AFTER_S = 6
QUICK_PLAN = PLAN.replace("P0: 30m", f"P0: {NEXT_AFTER_S}s")
EVERYBODY_IN = ORGANISATION.replace("[inbox, email ben@example.org]", "[inbox]")


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        pytest.skip("chromium is missing: run `make setup-tests`")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def server(servers: Servers) -> TocsinServer:
    """A server whose plan calls the team lead after a few seconds."""
    server = servers(plan=QUICK_PLAN, organisation=EVERYBODY_IN)
    server.start()
    return server


class Faults:
    """Collects what a page complains about: errors of scripts, and what the policy has blocked."""

    def __init__(self, context: BrowserContext) -> None:
        self.found: list[str] = []
        context.on("weberror", lambda error: self.found.append(str(error.error)))
        context.on("console", lambda m: self.found.append(m.text) if m.type == "error" else None)


def sign_in(context: BrowserContext, server: TocsinServer, person: str = "ben") -> Page:
    link = server.post("/api/v1/sign-in-links", {"person": person})["url"]
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/centre")
    page.goto(f"{server.url}/incidents")
    return page


def called(server: TocsinServer) -> list[str]:
    found = server.get("/api/v1/incidents/INC-2026-001")
    return [entry["to"] for entry in found["timeline"] if entry["kind"] == "told"]


def test_a_page_arrives_and_is_answered(chromium: Browser, server: TocsinServer) -> None:
    """Alert in; it appears without reload; acknowledged; escalation stops; others see it."""
    first = chromium.new_context()
    faults = Faults(first)
    list_ = sign_in(first, server, "ben")
    expect(list_.get_by_text("Nothing is wrong.")).to_be_visible()
    expect(list_.locator(".live")).to_have_text("live")

    second = chromium.new_context(color_scheme="dark")
    inbox = sign_in(second, server, "ana")

    server.fire("CheckoutDown", severity="critical")
    entry = list_.get_by_role("link", name="CheckoutDown")
    expect(entry).to_be_visible()
    entry.click()
    expect(list_.get_by_role("heading", name="CheckoutDown")).to_be_visible()
    expect(list_.get_by_text("will page team-lead")).to_be_visible()
    expect(list_.get_by_role("timer").first).to_contain_text("left")
    inbox.goto(f"{server.url}/incidents/INC-2026-001")
    expect(inbox.locator(".live")).to_have_text("live")

    list_.get_by_role("button", name="Acknowledge").click()
    expect(list_.locator("#now")).to_contain_text("Ben Okafor has it since")
    expect(inbox.locator("#now")).to_contain_text("Ben Okafor has it since")
    expect(inbox.locator("#timeline")).to_contain_text("acknowledged it")
    expect(inbox.get_by_role("button", name="Acknowledge")).to_have_count(0)
    expect(inbox.get_by_text("Nobody else is called while Ben Okafor has it.")).to_be_visible()

    list_.get_by_label("Note, or a command").fill("It is the <b>database</b>")
    list_.get_by_role("button", name="Send").click()
    expect(inbox.locator(".said")).to_have_text("It is the <b>database</b>")
    numbers = inbox.locator("#timeline li").evaluate_all("all => all.map(one => one.value)")
    assert numbers == sorted(set(numbers), reverse=True), "every entry once, newest first"

    with pytest.raises(AssertionError):
        expect(list_.locator(".ladder")).to_contain_text(
            "paged team-lead", timeout=1000 * (NEXT_AFTER_S + 2)
        )
    assert called(server) == ["on-call-engineer"]
    assert faults.found == []
    first.close()
    second.close()


def test_unanswered_the_next_one_is_called_before_ones_eyes(
    chromium: Browser, server: TocsinServer
) -> None:
    context = chromium.new_context()
    page = sign_in(context, server)
    server.fire("CheckoutDown", severity="critical")
    page.goto(f"{server.url}/incidents/INC-2026-001")
    expect(page.locator(".ladder")).to_contain_text(
        "paged team-lead", timeout=1000 * (NEXT_AFTER_S + 5)
    )
    context.close()


def test_on_a_phone(chromium: Browser, server: TocsinServer) -> None:
    context = chromium.new_context(**PHONE)
    server.fire("CheckoutDown" + "WithALongName" * 8, severity="critical", service="a" * 200)
    page = sign_in(context, server)
    for path in ("/incidents", "/incidents/INC-2026-001", "/inbox", "/on-call"):
        page.goto(server.url + path)
        width = page.evaluate("document.documentElement.scrollWidth")
        assert width <= 360, f"{path} is wider than the telephone"
    page.goto(f"{server.url}/incidents")
    heading = page.get_by_role("heading", name="Incidents")
    lines = heading.evaluate(
        "h => h.getClientRects()[0].height / parseFloat(getComputedStyle(h).lineHeight)"
    )
    assert lines < 1.5, "the heading stands on one line"
    page.goto(f"{server.url}/incidents/INC-2026-001")
    alerts = page.get_by_role("heading", name="Alerts").bounding_box()
    timeline = page.get_by_role("heading", name="Timeline").bounding_box()
    assert alerts is not None
    assert timeline is not None
    assert alerts["y"] < timeline["y"]
    times = page.locator("#timeline .when time").all_text_contents()
    assert all(re.match(r"\d\d:\d\d:\d\d$", time) for time in times)
    days = page.locator("#timeline [data-day]")
    expect(days).to_have_count(1)
    expect(days).to_have_id(f"entry-{len(times)}")
    button = page.get_by_role("button", name="Acknowledge")
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44
    assert box["y"] + box["height"] <= 740, "the button is to be seen without scrolling"
    button.tap()
    expect(page.locator("#now")).to_contain_text("Ben Okafor has it since")
    context.close()


def test_without_javascript(chromium: Browser, server: TocsinServer) -> None:
    context = chromium.new_context(java_script_enabled=False)
    page = sign_in(context, server)
    server.fire("CheckoutDown", severity="critical")
    page.reload()
    page.get_by_role("link", name="CheckoutDown").click()
    expect(page.get_by_role("timer").first).to_contain_text("minutes")
    expect(page.locator("time").first).to_contain_text("UTC")
    page.get_by_role("button", name="Acknowledge").click()
    expect(page.get_by_text("Ben Okafor has it since")).to_be_visible()
    page.get_by_role("button", name="Resolve").click()
    page.get_by_role("button", name="Close").click()
    expect(page.get_by_role("alert")).to_contain_text("the plan requires escalation")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    context.close()


def test_with_the_keyboard_alone(chromium: Browser, server: TocsinServer) -> None:
    context = chromium.new_context()
    page = sign_in(context, server)
    server.fire("CheckoutDown", severity="critical")
    page.goto(f"{server.url}/incidents/INC-2026-001")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="To the content")).to_be_focused()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.textContent") == "Acknowledge":
            break
    page.keyboard.press("Enter")
    expect(page.locator("#now")).to_contain_text("Ben Okafor has it since")
    context.close()


def test_the_page_survives_the_server(chromium: Browser, server: TocsinServer) -> None:
    """The server is killed and comes back: the page goes on, and has every entry once."""
    context = chromium.new_context()
    page = sign_in(context, server)
    server.fire("CheckoutDown", severity="critical")
    page.goto(f"{server.url}/incidents/INC-2026-001")
    expect(page.locator(".live")).to_have_text("live")
    server.kill()
    expect(page.locator(".live")).to_have_text("not connected, trying again")
    server.start()
    server.post("/api/v1/incidents/INC-2026-001/note", {"text": "back again"})
    expect(page.locator("#timeline")).to_contain_text("back again", timeout=20_000)
    expect(page.locator(".live")).to_have_text("live")
    numbers = page.locator("#timeline li").evaluate_all("all => all.map(one => one.value)")
    assert numbers == list(range(len(numbers), 0, -1))
    context.close()


def test_injected_markup_does_not_run(chromium: Browser, server: TocsinServer) -> None:
    context = chromium.new_context()
    faults = Faults(context)
    page = sign_in(context, server)
    nasty = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"
    server.fire(nasty, severity="critical", runbook="javascript:alert(1)")
    expect(page.locator("#list strong")).to_have_text(nasty)
    page.goto(f"{server.url}/incidents/INC-2026-001")
    server.post("/api/v1/incidents/INC-2026-001/note", {"text": nasty})
    expect(page.locator(".said")).to_have_text(nasty)
    assert "owned" not in page.title().partition("<")[0]
    assert page.locator("#main img").count() == 0
    assert faults.found == []
    context.close()
