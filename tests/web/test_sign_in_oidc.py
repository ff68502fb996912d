"""Signing in by an identity provider, and what must not get anybody in."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from datetime import timedelta

import pytest
from joserfc.jwk import RSAKey
from starlette.testclient import TestClient
from tests.web.entering import audit, door
from tests.web.provider import CLIENT_ID, CLIENT_SECRET, FakeProvider, provider
from tests.web.stage import ORGANISATION, Browser, Page, Stage

from tocsin.web.oidc import ASKED_AT_ONCE, Client
from tocsin.web.pages.account.sign_in import HOME
from tocsin.web.sessions import make_sign_in_link


@pytest.fixture
def idp(stage: Stage) -> Iterator[FakeProvider]:
    with provider(stage.at) as fake:
        client = Client(fake.issuer, CLIENT_ID, CLIENT_SECRET, "Example Corp")
        stage.site = replace(stage.site, identity_provider=client)
        yield fake


def begin(browser: Browser, next_: str = "") -> str:
    """Press the button; return where the browser is sent."""
    page = browser.open("/sign-in" + (f"?next={next_}" if next_ else ""))
    (path,) = [link for link in page.links if link.startswith("/sign-in/oidc")]
    answer = browser.client.get(path)
    assert answer.status_code == 303, answer.text
    return str(answer.headers["location"])


def come_back(browser: Browser, url: str) -> tuple[int, str]:
    """Come back from the provider; return status and what is said, or where one is sent."""
    answer = browser.client.get(url.removeprefix(str(browser.client.base_url)))
    if answer.status_code == 303:
        return 303, str(answer.headers["location"])
    return answer.status_code, Page(answer.text).text


def sign_in(browser: Browser, idp: FakeProvider) -> tuple[int, str]:
    return come_back(browser, idp.authorise(begin(browser)))


def is_in(browser: Browser) -> bool:
    return bool(browser.client.get("/api/v1/incidents").status_code == 200)


def test_a_verified_address_of_the_organisation_file_gets_in(stage, idp):
    browser = door(stage)()
    url = idp.authorise(begin(browser, "/inbox"))
    assert come_back(browser, url) == (303, "/inbox")
    assert is_in(browser)
    assert "Ben Okafor" in browser.open("/account").text
    (act,) = audit(stage, "sign-in")
    assert (act.by, act.detail) == ("ben", "by oidc")


def test_a_provider_that_hangs_keeps_few_threads(stage, idp):
    go_on = threading.Event()
    idp.hangs = go_on.wait
    app = stage.app
    clients = [
        TestClient(app, base_url=stage.base_url, follow_redirects=False)
        for _ in range(ASKED_AT_ONCE + 2)
    ]
    with ThreadPoolExecutor(len(clients)) as threads:
        asked = [threads.submit(client.get, "/sign-in/oidc") for client in clients]
        refused = [next(as_completed(asked)).result()]
        go_on.set()
        answers = [one.result() for one in asked]
    assert refused[0].status_code == 502
    assert "very many wait" in refused[0].text
    assert sum(one.status_code == 502 for one in answers) == 2


def test_the_button_has_the_providers_name(stage, idp):
    browser = door(stage)()
    assert "Sign in with Example Corp" in browser.open("/sign-in").text


def test_a_subject_in_the_file_is_found_without_any_address(stage, idp):
    stage.put_in_force(organisation=ORGANISATION.replace(
        "vic: {", 'vic: {oidc: "subject-9", '
    ))  # fmt: skip
    idp.subject, idp.verified = "subject-9", False
    browser = door(stage)()
    assert sign_in(browser, idp)[0] == 303
    assert "Vic Viewer" in browser.open("/account").text


def test_whoever_has_a_subject_is_found_by_nothing_else(stage, idp):
    stage.put_in_force(organisation=ORGANISATION.replace("ben: {", 'ben: {oidc: "ben-9", '))
    assert sign_in(door(stage)(), idp)[0] == 403


@pytest.mark.parametrize(
    ("email", "verified"),
    [("ben@example.org", False), ("eve@example.org", True), ("", True)],
)
def test_nobody_is_invented(stage, idp, email, verified):
    idp.email, idp.verified = email, verified
    browser = door(stage)()
    status, said = sign_in(browser, idp)
    assert status == 403
    assert "the organisation file does not" in said
    assert not is_in(browser)
    assert [act.act for act in audit(stage, "sign-in")] == ["sign-in.failed"]


def test_verified_must_be_said_and_not_just_look_like_it(stage, idp):
    idp.verified = "true"
    assert sign_in(door(stage)(), idp)[0] == 403


def test_an_address_may_come_from_userinfo(stage, idp):
    idp.email_in_token = False
    assert sign_in(door(stage)(), idp)[0] == 303
    assert "/userinfo" in idp.asked


def test_the_secret_may_be_wanted_in_the_form(stage, idp):
    idp.methods = ("client_secret_post",)
    assert sign_in(door(stage)(), idp)[0] == 303


def test_a_code_is_good_for_the_browser_that_asked_and_for_nobody_else(stage, idp):
    browser = door(stage)
    victim, attacker = browser(), browser()
    url = idp.authorise(begin(victim))
    assert come_back(attacker, url)[0] == 403, "no cookie"
    begin(attacker)
    status, said = come_back(attacker, url)
    assert (status, "another sign-in" in said) == (403, True), "another state"
    assert not is_in(attacker)
    assert come_back(victim, url)[0] == 303


def test_nobody_can_be_signed_in_as_somebody_else(stage, idp):
    """The attacker's answer, planted in the victim's browser, opens nothing."""
    browser = door(stage)
    victim, attacker = browser(), browser()
    begin(victim)
    assert come_back(victim, idp.authorise(begin(attacker)))[0] == 403


def test_an_answer_is_good_once(stage, idp):
    browser = door(stage)()
    url = idp.authorise(begin(browser))
    kept = dict(browser.client.cookies)
    assert come_back(browser, url)[0] == 303
    again = Browser(stage.client(cookies=kept))
    status, _ = come_back(again, url)
    assert status == 403


def test_a_provider_that_redeems_a_code_twice_changes_nothing(stage, idp):
    """Also where the provider is careless, one flow opens one session."""
    browser = door(stage)
    first, second = browser(), browser()
    url = idp.authorise(begin(first))
    kept = dict(idp.codes)
    for name, value in first.client.cookies.items():
        second.client.cookies.set(name, value, path="/")
    assert come_back(first, url)[0] == 303
    idp.codes.update(kept)
    status, said = come_back(second, url)
    assert (status, "used already" in said) == (403, True)


def test_it_must_not_take_too_long(stage, idp):
    browser = door(stage)()
    url = idp.authorise(begin(browser))
    stage.at += timedelta(minutes=11)
    assert come_back(browser, url)[0] == 403


LIES = {
    "another nonce": {"nonce": "made up"},
    "no nonce": {"nonce": None},
    "another audience": {"aud": "another-client"},
    "an audience shared, and meant for another": {"aud": [CLIENT_ID, "other"], "azp": "other"},
    "an audience shared, and for nobody in particular": {"aud": [CLIENT_ID, "other"]},
    "another issuer": {"iss": "https://evil.example"},
    "no issuer": {"iss": None},
    "too old": {"exp": 1_700_000_000},
    "no end": {"exp": None},
    "nobody": {"sub": None},
}


@pytest.mark.parametrize("lie", LIES)
def test_a_token_that_lies_gets_nobody_in(stage, idp, lie):
    idp.claims = LIES[lie]
    browser = door(stage)()
    status, said = sign_in(browser, idp)
    assert (status, "not signed in" in said) == (403, True), said
    assert not is_in(browser)


def test_for_several_audiences_it_says_for_whom(stage, idp):
    idp.claims = {"aud": [CLIENT_ID, "other"], "azp": CLIENT_ID}
    assert sign_in(door(stage)(), idp)[0] == 303


@pytest.mark.parametrize("alg", ["none", "HS256"])
def test_a_token_without_the_providers_signature_gets_nobody_in(stage, idp, alg):
    idp.alg = alg
    browser = door(stage)()
    assert sign_in(browser, idp)[0] == 403
    assert not is_in(browser)


def test_a_forged_signature_gets_nobody_in(stage, idp):
    browser = door(stage)()
    url = idp.authorise(begin(browser))
    idp.key = RSAKey.generate_key(2048, {"kid": "one"})
    assert come_back(browser, url)[0] == 403


def test_keys_may_change(stage, idp):
    browser = door(stage)
    assert sign_in(browser(), idp)[0] == 303
    idp.key = RSAKey.generate_key(2048, {"kid": "two"})
    stage.at += timedelta(minutes=2)
    idp.at = stage.at
    assert sign_in(browser(), idp)[0] == 303
    idp.key = RSAKey.generate_key(2048, {"kid": "three"})
    assert sign_in(browser(), idp)[0] == 403, "nobody makes us ask for keys all the time"


def test_an_answer_that_names_another_issuer_is_refused(stage, idp):
    browser = door(stage)()
    url = idp.authorise(begin(browser)).partition("&iss=")[0] + "&iss=https://evil.example"
    assert come_back(browser, url)[0] == 403


def test_metadata_of_another_issuer_is_refused(stage, idp):
    idp.said_issuer = "https://evil.example"
    browser = door(stage)()
    assert browser.client.get("/sign-in/oidc").status_code == 502


def test_what_the_provider_refuses_is_said(stage, idp):
    browser = door(stage)()
    state = begin(browser).partition("&state=")[2].partition("&")[0]
    path = f"/sign-in/oidc/back?error=access_denied&state={state}&error_description=<b>"
    status, said = come_back(browser, path)
    assert (status, "access_denied" in said) == (403, True)


def test_when_the_provider_is_down_there_are_other_ways(stage, idp):
    idp.down = True
    browser = door(stage)()
    answer = browser.client.get("/sign-in/oidc")
    assert answer.status_code == 502
    page = Page(answer.text)
    assert "can't be used just now: it answers 503" in page.text
    assert "tocsin sign-in PERSON" in page.text
    browser.open(make_sign_in_link(stage.world, "ben").removeprefix(stage.base_url))
    assert browser.press("Sign in").status_code == 303


def test_nobody_is_sent_to_a_foreign_page_afterwards(stage, idp):
    browser = door(stage)()
    url = browser.client.get("/sign-in/oidc?next=//evil.example").headers["location"]
    assert come_back(browser, idp.authorise(url)) == (303, HOME)


def test_without_a_provider_there_is_no_button(stage):
    browser = door(stage)()
    assert not [link for link in browser.open("/sign-in").links if "oidc" in link]
    assert browser.client.get("/sign-in/oidc").status_code == 404
    assert browser.client.get("/sign-in/oidc/back?code=x&state=y").status_code == 303
