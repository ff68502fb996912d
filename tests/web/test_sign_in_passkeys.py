"""Passkeys, with a real browser and an authenticator of its own making."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import httpx
import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect
from tests.servers import spare_port, wait_until
from tests.web.chromium import Faults, NoChromium, chromium
from tests.web.entering import audit
from tests.web.stage import Stage, open_stage

from tocsin.web.app import make_app
from tocsin.web.pages.account.sign_in import HOME
from tocsin.web.sessions import make_sign_in_link

pytestmark = pytest.mark.browser

AUTHENTICATOR = {
    "protocol": "ctap2", "transport": "internal", "hasResidentKey": True,
    "hasUserVerification": True, "isUserVerified": True, "automaticPresenceSimulation": True,
}  # fmt: skip


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    try:
        with chromium() as found:
            yield found
    except NoChromium as missing:
        pytest.skip(str(missing))


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Stage]:
    """A stage behind a real server at a name, since passkeys belong to names."""
    port = spare_port()
    with open_stage(tmp_path, base_url=f"http://localhost:{port}") as stage:
        stage.put_in_force()
        with serving(stage, port):
            yield stage


@contextmanager
def serving(stage: Stage, port: int) -> Iterator[None]:
    app = make_app(stage.world, stage.site)
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, 10, "the server has started")
    try:
        yield
    finally:
        server.should_exit = True
        thread.join()


@dataclass
class Device:
    """A browser on a machine with an authenticator that always says yes."""

    stage: Stage
    context: BrowserContext
    page: Page
    cdp: CDPSession
    authenticator: str

    def passkeys(self) -> list[dict[str, Any]]:
        found = self.cdp.send("WebAuthn.getCredentials", {"authenticatorId": self.authenticator})
        return list(found["credentials"])

    def enter_by_link(self, person: str) -> None:
        self.page.goto(make_sign_in_link(self.stage.world, person))
        self.page.get_by_role("button", name="Sign in", exact=True).click()
        self.page.wait_for_url(f"**{HOME}")

    def add_passkey(self, name: str = "Laptop") -> None:
        self.page.goto(f"{self.stage.base_url}/account")
        self.page.get_by_label("Name of the device").fill(name)
        self.page.get_by_role("button", name="Add a passkey").click()
        expect(self.page.get_by_text("1 set up")).to_be_visible()

    def leave(self) -> None:
        self.context.clear_cookies()

    def use_passkey(self) -> None:
        self.page.goto(f"{self.stage.base_url}/sign-in")
        self.page.get_by_role("button", name="Sign in with a passkey").click()


@pytest.fixture
def device(browser: Browser, served: Stage) -> Iterator[Device]:
    context = browser.new_context()
    page = context.new_page()
    cdp = context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    yield Device(served, context, page, cdp, made["authenticatorId"])
    context.close()


def is_in(device: Device) -> bool:
    answer = device.context.request.get(f"{device.stage.base_url}/api/v1/incidents")
    return answer.status == 200


def test_a_passkey_is_made_and_opens_the_door_alone(device: Device) -> None:
    faults = Faults(device.context)
    device.enter_by_link("ben")
    device.add_passkey("Ben's laptop")
    assert len(device.passkeys()) == 1
    device.leave()
    assert not is_in(device)
    device.use_passkey()
    device.page.wait_for_url(f"**{HOME}")
    device.page.goto(f"{device.stage.base_url}/account")
    expect(device.page.get_by_role("heading", name="Ben Okafor")).to_be_visible()
    assert audit(device.stage, "sign-in")[-1].detail == "by passkey Ben's laptop"
    assert [act.by for act in audit(device.stage, "passkey.added")] == ["ben"]
    assert faults.take() == []


def test_no_one_time_code_is_wanted_after_a_passkey(device: Device) -> None:
    device.enter_by_link("ana")
    device.add_passkey()
    device.leave()
    device.use_passkey()
    device.page.wait_for_url(f"**{HOME}")
    (kept,) = (one for one in credentials(device.stage, "ana") if one.kind == "passkey")
    assert kept.used_at == device.stage.at


def credentials(stage: Stage, person: str) -> list[Any]:
    with stage.store.read() as reading:
        return reading.credentials(person)


def test_a_passkey_that_was_removed_opens_nothing(device: Device) -> None:
    device.enter_by_link("ana")
    device.add_passkey()
    device.page.get_by_role("button", name="Remove the passkey").click()
    expect(device.page.get_by_text("1 set up")).to_have_count(0)
    device.leave()
    device.use_passkey()
    expect(device.page.get_by_text("does not open anything here")).to_be_visible()
    assert not is_in(device)
    assert "not known" in audit(device.stage, "sign-in.failed")[-1].detail


def test_an_answer_is_good_once_and_for_one_browser(device: Device) -> None:
    device.enter_by_link("ana")
    device.add_passkey()
    device.leave()
    sent: list[dict[str, list[str]]] = []
    cookies: list[str] = []

    def note(request: Any) -> None:
        if request.method == "POST" and request.url.endswith("/sign-in/passkey"):
            sent.append(parse_qs(request.post_data))
            cookies.append(request.all_headers().get("cookie", ""))

    device.page.on("request", note)
    device.use_passkey()
    device.page.wait_for_url(f"**{HOME}")
    form = {name: values[0] for name, values in sent[0].items()}
    base = device.stage.base_url
    with httpx.Client(base_url=base, trust_env=False) as thief:
        cookie = {"Origin": base, "Cookie": cookies[0]}
        assert thief.post("/sign-in/passkey", data=form, headers=cookie).status_code == 403
        assert "answered before" in audit(device.stage, "sign-in.failed")[-1].detail
    with httpx.Client(base_url=base, trust_env=False) as thief:
        page = thief.get("/sign-in").text
        form["form_token"] = page.partition('name="form_token" value="')[2].partition('"')[0]
        answer = thief.post("/sign-in/passkey", data=form, headers={"Origin": base})
        assert answer.status_code == 403
        assert "not ours" in audit(device.stage, "sign-in.failed")[-1].detail


def test_a_copied_authenticator_is_found_out(device: Device) -> None:
    device.enter_by_link("ana")
    device.add_passkey()
    (copy,) = device.passkeys()
    device.leave()
    device.use_passkey()
    device.page.wait_for_url(f"**{HOME}")
    device.leave()
    chosen = {"authenticatorId": device.authenticator}
    device.cdp.send("WebAuthn.clearCredentials", chosen)
    device.cdp.send("WebAuthn.addCredential", {**chosen, "credential": {**copy, "signCount": 0}})
    device.use_passkey()
    expect(device.page.get_by_text("does not open anything here")).to_be_visible()
    assert "sign count" in audit(device.stage, "sign-in.failed")[-1].detail.lower()


def test_who_did_not_show_a_finger_stays_outside(device: Device) -> None:
    device.enter_by_link("ana")
    device.add_passkey()
    device.leave()
    device.cdp.send(
        "WebAuthn.setUserVerified",
        {"authenticatorId": device.authenticator, "isUserVerified": False},
    )
    device.use_passkey()
    expect(device.page.get_by_text("Nothing was chosen")).to_be_visible()


def test_a_late_answer_is_refused(device: Device) -> None:
    device.enter_by_link("ana")
    device.add_passkey()
    device.leave()

    def later(route: Any) -> None:
        answer = route.fetch()
        device.stage.later(minutes=6)
        route.fulfill(response=answer)

    device.page.route("**/sign-in/passkey", lambda route: (
        later(route) if route.request.method == "GET" else route.continue_()
    ))  # fmt: skip
    device.use_passkey()
    expect(device.page.get_by_text("does not open anything here")).to_be_visible()
    assert "too old" in audit(device.stage, "sign-in.failed")[-1].detail


@pytest.mark.parametrize(
    ("base_url", "why"),
    [
        ("http://127.0.0.1:8080", "need a name"),
        ("http://[::1]:8080", "need a name"),
        ("http://tocsin.example.org", "need https"),
    ],
)
def test_where_browsers_make_none_the_pages_say_why(
    tmp_path: Path, base_url: str, why: str
) -> None:
    with open_stage(tmp_path, base_url=base_url) as stage:
        stage.put_in_force()
        browser = stage.signed_in()
        assert f"Not here: passkeys {why}" in browser.open("/account").text
        assert "passkey" not in stage.client().get("/sign-in").text.partition("<main")[2]
