"""The communication desk in a real browser: the preview follows what is typed, others see it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.servers import Servers, TocsinServer
from tests.web.chromium import Faults, NoChromium, chromium
from tests.web.test_desk import DESK, ORGANISATION, PLAN_TOLD

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as running:
            yield running
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture
def server(servers: Servers) -> TocsinServer:
    server = servers(plan=PLAN_TOLD, organisation=ORGANISATION)
    server.start()
    server.post("/api/v1/incidents", {"title": "Checkout is down", "severity": "P0"})
    return server


def sign_in(page: Page, server: TocsinServer, person: str) -> None:
    page.goto(server.post("/api/v1/sign-in-links", {"person": person})["url"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def test_the_preview_follows_what_is_typed_and_others_see_what_was_sent(
    browser: Browser, server: TocsinServer
) -> None:
    writing, reading = browser.new_context(), browser.new_context()
    faults = [Faults(writing), Faults(reading)]
    writer, reader = writing.new_page(), reading.new_page()
    sign_in(writer, server, "cleo")
    sign_in(reader, server, "ben")
    reader.goto(server.url + DESK)
    expect(reader.get_by_text("Nobody was told anything yet.")).to_be_visible()

    writer.goto(server.url + DESK)
    writer.get_by_label("To", exact=True).select_option("colleagues")
    expect(writer.get_by_role("heading", name="Write to Colleagues")).to_be_visible()
    preview = writer.locator("#preview")
    expect(preview).to_contain_text("Done: ‹done›")
    expect(preview).to_contain_text("Still to be said")
    expect(writer.get_by_role("button", name="Preview")).to_be_hidden()
    writer.get_by_label("What was done?").press_sequentially("rolled back")
    expect(preview).to_contain_text("Done: rolled back")
    expect(preview).to_contain_text("Ready")
    writer.get_by_label("How sure are we?").select_option("sure")
    expect(preview).to_contain_text("How sure: sure")
    shown = preview.locator(".letter .words").inner_text()

    writer.get_by_role("button", name="Send to Colleagues").click()
    expect(writer.get_by_role("status")).to_contain_text("Sent.")
    told = reader.locator("#history")
    expect(told).to_contain_text("rolled back")
    assert told.locator(".words").first.inner_text() == shown
    assert [one.take() for one in faults] == [[], []]


def test_a_preview_does_not_take_away_what_somebody_is_writing(
    browser: Browser, server: TocsinServer
) -> None:
    """The audiences and the history come in anew; the form stays as it is."""
    page = browser.new_context().new_page()
    sign_in(page, server, "ana")
    page.goto(server.url + DESK + "?audience=colleagues")
    page.get_by_label("What was done?").fill("half a sen")
    server.post("/api/v1/incidents/INC-2026-001/update",
                {"as": "ben", "audience": "everybody", "text": "We are slow"})  # fmt: skip
    expect(page.locator("#history")).to_contain_text("We are slow")
    expect(page.get_by_label("What was done?")).to_have_value("half a sen")


def test_choosing_another_template_keeps_what_was_typed(
    browser: Browser, server: TocsinServer
) -> None:
    page = browser.new_context().new_page()
    sign_in(page, server, "ana")
    page.goto(server.url + DESK + "?audience=colleagues")
    page.get_by_label("What was done?").fill("half a sentence")
    page.get_by_label("Template").select_option("-")
    expect(page.get_by_text("no place for something that you wrote")).to_be_visible()
    page.get_by_label("What they read").fill("free words")
    page.get_by_label("Template").select_option("progress")
    expect(page.get_by_label("What was done?")).to_have_value("half a sentence")
    expect(page.get_by_text("free words", exact=True)).to_be_visible()
