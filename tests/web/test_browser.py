"""A real browser in front of a real server: what a person who is called meets."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from tests.servers import Servers, TocsinServer
from tests.web.chromium import NoChromium, chromium
from tests.web.stage import ORGANISATION, PLAN

pytestmark = pytest.mark.browser

NEXT_AFTER_S = 6
QUICK_PLAN = PLAN.replace("P0: 30m", f"P0: {NEXT_AFTER_S}s")
EVERYBODY_IN = ORGANISATION.replace("[inbox, email ben@example.org]", "[inbox]")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as running:
            yield running
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture
def server(servers: Servers) -> TocsinServer:
    """A server whose plan calls the team lead after a few seconds."""
    server = servers(plan=QUICK_PLAN, organisation=EVERYBODY_IN)
    server.start()
    return server


def sign_in(context: BrowserContext, server: TocsinServer, person: str = "ben") -> Page:
    link = server.post("/api/v1/sign-in-links", {"person": person})["url"]
    page = context.new_page()
    page.goto(link)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/centre")
    page.goto(f"{server.url}/incidents")
    return page


def test_unanswered_the_next_one_is_called_before_ones_eyes(
    browser: Browser, server: TocsinServer
) -> None:
    context = browser.new_context()
    page = sign_in(context, server)
    server.fire("CheckoutDown", severity="critical")
    page.goto(f"{server.url}/incidents/INC-2026-001")
    expect(page.locator(".ladder")).to_contain_text(
        "paged team-lead", timeout=1000 * (NEXT_AFTER_S + 5)
    )
    context.close()


def test_without_javascript(browser: Browser, server: TocsinServer) -> None:
    context = browser.new_context(java_script_enabled=False)
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
