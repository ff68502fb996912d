"""What tests of signing in share: an authenticator app, and a browser that types."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime

import pyotp
from starlette.testclient import TestClient
from tests.web.stage import Browser, Page, Stage

from tocsin.engine.audit import Act, Wanted
from tocsin.web.app import make_app

PASSWORD = "seven grey herons wade"


def audit(stage: Stage, act: str = "", about: str = "") -> list[Act]:
    """What the audit says, oldest first; without the rules that every stage begins with."""
    with stage.store.read() as reading:
        found = reading.acts(Wanted(act=act, about=about), None, 1000)[::-1]
    return [one for one in found if act or one.act != "rules.applied"]


def with_password(stage: Stage, person: str = "ana", password: str = PASSWORD) -> Browser:
    """A browser in which somebody has signed in by link and set a password."""
    browser = stage.signed_in(person)
    browser.open("/account")
    answer = browser.press("Set the password", password=password, again=password)
    assert answer.status_code == 200, answer.text
    return browser


def try_password(
    stage: Stage, name: str = "ana", password: str = PASSWORD, browser: Browser | None = None
) -> tuple[Browser, int, str]:
    """Open the sign-in page and type name and password; return what came of it."""
    browser = browser or Browser(stage.client())
    browser.open("/sign-in")
    answer = browser.press("Sign in", name=name, password=password)
    browser.page = Page(answer.text)
    return browser, answer.status_code, browser.page.text


def door(stage: Stage) -> Callable[..., Browser]:
    """One server; call it for a fresh browser, at an address if that matters."""
    app = make_app(stage.world, stage.site)

    def browser(address: str = "192.0.2.1") -> Browser:
        client = TestClient(
            app, base_url=stage.base_url, follow_redirects=False, client=(address, 1000)
        )
        return Browser(client)

    return browser


class App:
    """An authenticator app on a phone."""

    def __init__(self, secret: str) -> None:
        self._totp = pyotp.TOTP(secret)

    def code(self, at: datetime) -> str:
        return self._totp.at(at)


def with_app(browser: Browser, stage: Stage) -> tuple[App, list[str]]:
    """Set up an app as the page says; return it and the recovery codes that are shown."""
    page = browser.open("/account/codes")
    (secret,) = re.findall(r"(?:[A-Z2-7]{4} ){7}[A-Z2-7]{4}", page.text)
    app = App(secret.replace(" ", ""))
    answer = browser.press("Set up", code=app.code(stage.at))
    assert answer.status_code == 200, answer.text
    return app, re.findall(r"(?:[2-9a-z]{4}-){2}[2-9a-z]{4}", Page(answer.text).text)
