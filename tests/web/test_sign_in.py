"""Signing in with a one-time link or code, and out again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from tests.web.stage import ORGANISATION, Browser, Stage, open_stage

from tocsin.web.pages.account.sign_in import HOME
from tocsin.web.sessions import make_sign_in_link
from tocsin.web.throttle import FAILURES_AT_MOST, REMEMBERED, FailedTries


def path_of_link(stage: Stage, person: str = "ana") -> str:
    return make_sign_in_link(stage.world, person).removeprefix(stage.base_url)


def test_opening_the_link_does_not_use_it_up(stage: Stage) -> None:
    link = path_of_link(stage)
    scanner = stage.client()
    for _ in range(3):
        assert scanner.get(link).status_code == 200
        assert scanner.head(link).status_code == 200
    assert not [name for name in scanner.cookies if name == "tocsin"]

    browser = Browser(stage.client())
    browser.open(link)
    assert browser.press("Sign in").headers["location"] == HOME
    assert browser.open("/incidents").text.count("Ana Prieto") == 1


def test_a_code_works_once_and_for_a_while(stage: Stage) -> None:
    link = path_of_link(stage)
    first, second = Browser(stage.client()), Browser(stage.client())
    first.open(link)
    second.open(link)
    assert first.press("Sign in").status_code == 303
    answer = second.press("Sign in")
    assert answer.status_code == 403
    assert "used already" in answer.text

    late = path_of_link(stage)
    stage.at += timedelta(minutes=16)
    second.open(late)
    assert second.press("Sign in").status_code == 403


def test_a_code_can_be_typed(stage: Stage) -> None:
    code = path_of_link(stage).partition("code=")[2]
    browser = Browser(stage.client())
    browser.open("/sign-in")
    assert (
        browser.press("Use the code", code=f"  {code.upper().replace('-', ' ')} ").status_code
        == 303
    )


def test_the_cookie_is_kept_from_scripts_and_other_sites(stage: Stage) -> None:
    browser = Browser(stage.client())
    browser.open(path_of_link(stage))
    cookies = browser.press("Sign in").headers.get_list("set-cookie")
    (session,) = [cookie for cookie in cookies if cookie.startswith("tocsin=")]
    assert "HttpOnly" in session
    assert "SameSite=lax" in session
    assert "Path=/" in session
    token = session.partition("=")[2].partition(";")[0]
    database = next(Path(stage.store._database._writer.url.database).parent.glob("*.db*"))  # type: ignore[arg-type]
    assert token.encode() not in database.read_bytes()


def test_over_https_the_cookie_is_sent_over_nothing_else(tmp_path: Path) -> None:
    with open_stage(tmp_path, base_url="https://tocsin.test") as stage:
        stage.put_in_force()
        browser = Browser(stage.client())
        page = browser.client.get(path_of_link(stage))
        assert page.headers["strict-transport-security"].startswith("max-age=")
        browser.open(path_of_link(stage))
        cookies = browser.press("Sign in").headers.get_list("set-cookie")
        (session,) = [cookie for cookie in cookies if cookie.startswith("__Host-tocsin=")]
        assert "Secure" in session
        assert browser.client.get("/incidents").status_code == 200


def test_sessions_end(stage: Stage) -> None:
    browser = stage.signed_in()
    stage.at += timedelta(hours=11, minutes=59)
    assert browser.client.get("/incidents").status_code == 200
    stage.at += timedelta(minutes=2)
    answer = browser.client.get("/incidents/INC-2026-001")
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "/sign-in?next=/incidents/INC-2026-001",
    )


def test_signing_out_ends_this_session_and_no_other(stage: Stage) -> None:
    browser, telephone = stage.signed_in(), stage.signed_in()
    stolen = dict(browser.client.cookies)
    browser.open("/incidents")
    assert browser.press("Sign out").headers["location"] == "/sign-in"
    thief = stage.client(cookies=stolen)
    assert thief.get("/api/v1/incidents").json()["code"] == "access.signed-out"
    assert telephone.client.get("/api/v1/incidents").status_code == 200


def test_whoever_leaves_the_organisation_is_out(stage: Stage) -> None:
    browser = stage.signed_in("vic")
    without = "\n".join(line for line in ORGANISATION.splitlines() if "vic:" not in line)
    stage.put_in_force(organisation=without)
    assert browser.client.get("/api/v1/incidents").status_code == 401


def test_after_signing_in_the_wanted_page_comes(stage: Stage) -> None:
    stage.alert()
    browser = Browser(stage.client())
    browser.open("/incidents/INC-2026-001")
    code = path_of_link(stage).partition("code=")[2]
    answer = browser.press("Use the code", code=code)
    assert answer.headers["location"] == "/incidents/INC-2026-001"


def test_nobody_is_sent_to_a_foreign_page(stage: Stage) -> None:
    for target in ("//evil.example", "https://evil.example", "/\\evil.example", "/\nevil"):
        browser = Browser(stage.client())
        browser.open(path_of_link(stage))
        assert browser.press("Sign in", next=target).headers["location"] == HOME


def test_a_foreign_page_cannot_sign_somebody_in(stage: Stage) -> None:
    link = path_of_link(stage)
    browser = Browser(stage.client())
    browser.open(link)
    assert browser.press("Sign in", headers={"Origin": "https://evil.example"}).status_code == 403
    assert browser.press("Sign in", form_token="forged").status_code == 403
    other = Browser(stage.client())
    other.page = browser.page
    assert other.press("Sign in").status_code == 403, "the form belongs to another browser"
    assert browser.press("Sign in").status_code == 303, "nothing of that has used up the code"


def test_guessing_is_slowed_down(stage: Stage) -> None:
    browser = Browser(stage.client())
    browser.open("/sign-in")
    for _ in range(FAILURES_AT_MOST):
        assert browser.press("Use the code", code="aaaa-aaaa-aaaa-aaaa").status_code == 403
    answer = browser.press("Use the code", code="aaaa-aaaa-aaaa-aaaa")
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 300
    stage.at += timedelta(minutes=5)
    assert browser.press("Use the code", code="aaaa-aaaa-aaaa-aaaa").status_code == 403


def test_guesses_of_others_keep_nobody_out(stage: Stage) -> None:
    guesser, person = Browser(stage.client()), Browser(stage.client())
    guesser.open("/sign-in")
    for _ in range(FAILURES_AT_MOST + 1):
        answer = guesser.press("Use the code", code="aaaa-aaaa-aaaa-aaaa")
    assert answer.status_code == 429
    person.open(path_of_link(stage))
    assert person.press("Sign in").status_code == 303


def test_memory_of_failures_is_bounded(stage: Stage) -> None:
    failed = FailedTries()
    for number in range(REMEMBERED + 100):
        failed.failed(str(number), stage.at)
    assert len(failed._failed) == REMEMBERED
