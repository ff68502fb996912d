"""Signing in with a password, and with a one-time code after it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from argon2 import extract_parameters
from tests.web.entering import PASSWORD, audit, door, try_password, with_app, with_password
from tests.web.stage import Page, Stage

from tocsin.web import passwords
from tocsin.web.passwords import NOBODYS, Passwords, TooBusy
from tocsin.web.sessions import make_sign_in_link
from tocsin.web.throttle import FAILURES_AT_MOST


def test_a_password_is_set_with_a_link_and_opens_the_door_from_then_on(stage: Stage) -> None:
    with_password(stage)
    browser, status, _ = try_password(stage)
    assert status == 303
    assert browser.client.get("/incidents").status_code == 200
    assert [act.act for act in audit(stage)] == [
        "sign-in.link", "sign-in.good", "password.set", "sign-in.good",
    ]  # fmt: skip
    assert audit(stage)[-1].detail == "by password"


def test_people_may_type_their_e_mail_address(stage: Stage) -> None:
    with_password(stage, "ben")
    assert try_password(stage, " BEN@example.org ")[1] == 303


def test_only_a_hash_is_kept(stage: Stage, tmp_path: Path) -> None:
    with_password(stage)
    with stage.store.read() as reading:
        (kept,) = reading.credentials("ana")
    assert '"$argon2id$v=19$m=19456,t=2,p=1$' in kept.data
    for file in tmp_path.glob("*.db*"):
        assert PASSWORD.encode() not in file.read_bytes()


def test_who_does_not_exist_looks_like_a_wrong_password(stage: Stage) -> None:
    with_password(stage)
    answers = {
        try_password(stage, name, "a wrong password")[1:] for name in ("ana", "vic", "nobody")
    }
    said = {(status, text.replace("nobody", "")) for status, text in answers}
    assert len(said) == 1, said
    ((status, text),) = said
    assert status == 403
    assert "Name or password is wrong." in text


def test_nobodys_password_takes_the_same_work() -> None:
    mine = extract_parameters(Passwords().hashed("seven grey herons"))
    assert extract_parameters(NOBODYS) == mine


def test_hashes_wait_for_one_another_and_not_for_ever() -> None:
    checking = Passwords()
    for _ in range(passwords.WAITING_AT_MOST):
        checking._here.acquire()
    with pytest.raises(TooBusy):
        checking.matches("x", "")
    for _ in range(passwords.WAITING_AT_MOST):
        checking._here.release()
    assert not checking.matches("x", "")


def test_guessing_one_persons_password_is_stopped_from_everywhere(stage: Stage) -> None:
    with_password(stage)
    browser = door(stage)
    for number in range(FAILURES_AT_MOST):
        there = browser(f"198.51.100.{number}")
        assert try_password(stage, "ana", "a wrong password", there)[1] == 403
    elsewhere = browser("203.0.113.1")
    _, status, text = try_password(stage, browser=elsewhere)
    assert status == 429, "not even the right one is told from a wrong one"
    assert "use another way" in text
    assert [act.act for act in audit(stage, "sign-in", about="ana")][-2:] == [
        "sign-in.failed", "sign-in.throttled",
    ]  # fmt: skip
    assert try_password(stage, "ben", "a wrong password", elsewhere)[1] == 403, "only hers"
    stage.at += timedelta(minutes=6)
    assert try_password(stage, browser=elsewhere)[1] == 303


def test_guessing_many_names_from_one_place_is_stopped_too(stage: Stage) -> None:
    with_password(stage)
    browser = door(stage)
    guesser = browser()
    for number in range(FAILURES_AT_MOST):
        assert try_password(stage, f"person{number}", "a wrong password", guesser)[1] == 403
    assert try_password(stage, browser=guesser)[1] == 429
    assert try_password(stage, browser=browser("203.0.113.1"))[1] == 303


def test_what_is_stopped_is_not_audited_without_end(stage: Stage) -> None:
    guesser = door(stage)()
    for _ in range(3 * FAILURES_AT_MOST):
        try_password(stage, "ana", "a wrong password", guesser)
    assert len(audit(stage, "sign-in")) == FAILURES_AT_MOST


def test_whoever_is_locked_out_by_others_still_has_a_link(stage: Stage) -> None:
    browser = door(stage)()
    for _ in range(FAILURES_AT_MOST + 1):
        status = try_password(stage, "ana", "a wrong password", browser)[1]
    assert status == 429
    browser.open(make_sign_in_link(stage.world, "ana").removeprefix(stage.base_url))
    assert browser.press("Sign in").status_code == 303


@pytest.mark.parametrize(
    ("password", "again", "why"),
    [
        ("short", "short", "12 are the least"),
        ("password12345", "password12345", "guessed first"),
        ("ana-prieto-99", "ana-prieto-99", "guessed first"),
        ("seven grey herons", "seven grey heron", "not the same"),
    ],
)
def test_weak_passwords_are_refused(stage: Stage, password: str, again: str, why: str) -> None:
    browser = stage.signed_in()
    browser.open("/account")
    answer = browser.press("Set the password", password=password, again=again)
    assert answer.status_code == 422
    assert why in Page(answer.text).text
    with stage.store.read() as reading:
        assert reading.credentials("ana") == []


def test_a_new_password_ends_every_other_session(stage: Stage) -> None:
    thief = with_password(stage)
    browser = stage.signed_in()
    browser.open("/account")
    said = "eleven blue herons fly"
    assert browser.press("Set the password", password=said, again=said).status_code == 200
    assert thief.client.get("/api/v1/incidents").status_code == 401
    assert browser.client.get("/api/v1/incidents").status_code == 200
    assert try_password(stage)[1] == 403
    assert try_password(stage, password=said)[1] == 303


def test_a_password_that_changes_while_it_is_checked_opens_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    ana, check = with_password(stage), Passwords.matches
    new = "nine brown otters swim"

    def meanwhile(self: Passwords, password: str, hashed: str) -> bool:
        ana.open("/account")
        assert ana.press("Set the password", password=new, again=new).status_code == 200
        return check(self, password, hashed)

    monkeypatch.setattr(Passwords, "matches", meanwhile)
    assert try_password(stage)[1] == 403
    monkeypatch.undo()
    assert try_password(stage, password=new)[1] == 303


def test_changing_how_one_signs_in_needs_a_recent_sign_in(stage: Stage) -> None:
    browser = stage.signed_in()
    page = browser.open("/account")
    stage.at += timedelta(minutes=16)
    answer = browser.press("Set the password", password=PASSWORD, again=PASSWORD)
    assert (answer.status_code, "last 15 minutes" in answer.text) == (403, True)
    assert "Set the password" in page.buttons
    assert "Set the password" not in browser.open("/account").buttons
    assert browser.press("Sign in again").headers["location"] == "/sign-in?next=/account"


def test_a_code_of_the_app_is_wanted_after_the_password(stage: Stage) -> None:
    app, _ = with_app(with_password(stage), stage)
    stage.at += timedelta(minutes=1)
    browser, status, text = try_password(stage)
    assert (status, "One more step" in text) == (200, True)
    assert browser.client.get("/api/v1/incidents").status_code == 401, "the password is not enough"
    assert browser.press("Go on", code="000000").status_code == 403
    answer = browser.press("Go on", code=app.code(stage.at))
    assert answer.status_code == 303
    assert browser.client.get("/incidents").status_code == 200
    assert audit(stage)[-1].detail == "by password and one-time code"


def test_a_code_is_good_once(stage: Stage) -> None:
    app, _ = with_app(with_password(stage), stage)
    used = app.code(stage.at)
    browser, _, _ = try_password(stage)
    assert browser.press("Go on", code=used).status_code == 403, "it has set up the app"
    stage.at += timedelta(seconds=30)
    code = app.code(stage.at)
    assert browser.press("Go on", code=code).status_code == 303
    watcher, _, _ = try_password(stage)
    assert watcher.press("Go on", code=code).status_code == 403
    assert watcher.press("Go on", code=used).status_code == 403, "nor one from before"


def test_a_phones_clock_may_be_half_a_minute_off_and_no_more(stage: Stage) -> None:
    app, _ = with_app(with_password(stage), stage)
    stage.at += timedelta(minutes=10)
    browser, _, _ = try_password(stage)
    assert browser.press("Go on", code=app.code(stage.at + timedelta(minutes=1))).status_code == 403
    early = app.code(stage.at - timedelta(seconds=30))
    assert browser.press("Go on", code=early).status_code == 303


def test_a_recovery_code_works_once_in_place_of_the_phone(stage: Stage) -> None:
    _, codes = with_app(with_password(stage), stage)
    assert len(set(codes)) == 10
    browser, _, _ = try_password(stage)
    assert browser.press("Go on", code=f" {codes[3].upper()} ").status_code == 303
    used = audit(stage, "recovery.used")
    assert [(act.by, act.detail) for act in used] == [("ana", "9 left")]
    other, _, _ = try_password(stage)
    assert other.press("Go on", code=codes[3]).status_code == 403
    assert other.press("Go on", code=codes[4]).status_code == 303


def test_somebody_elses_recovery_code_opens_nothing(stage: Stage) -> None:
    _, codes = with_app(with_password(stage, "ben"), stage)
    with_app(with_password(stage), stage)
    browser, _, _ = try_password(stage)
    assert browser.press("Go on", code=codes[0]).status_code == 403


def test_new_recovery_codes_make_the_old_ones_void(stage: Stage) -> None:
    browser = with_password(stage)
    _, codes = with_app(browser, stage)
    browser.open("/account")
    assert browser.press("New recovery codes").status_code == 200
    other, _, _ = try_password(stage)
    assert other.press("Go on", code=codes[0]).status_code == 403


def test_codes_cannot_be_tried_for_ever(stage: Stage) -> None:
    app, _ = with_app(with_password(stage), stage)
    stage.at += timedelta(minutes=1)
    browser, _, _ = try_password(stage)
    for _ in range(FAILURES_AT_MOST):
        assert browser.press("Go on", code="000000").status_code == 403
    assert browser.press("Go on", code=app.code(stage.at)).status_code == 429


def test_the_step_after_the_password_belongs_to_one_browser_and_to_minutes(stage: Stage) -> None:
    app, _ = with_app(with_password(stage), stage)
    stage.at += timedelta(minutes=1)
    browser, _, _ = try_password(stage)
    proof = next(f.fields["proof"] for f in browser.page.forms if "proof" in f.fields)
    other, _, _ = try_password(stage)
    assert other.press("Go on", code=app.code(stage.at), proof=proof).status_code == 403
    assert other.press("Go on", code=app.code(stage.at), proof=proof[:-2]).status_code == 403
    late, _, _ = try_password(stage)
    assert browser.press("Go on", code=app.code(stage.at)).status_code == 303
    stage.at += timedelta(minutes=6)
    assert late.press("Go on", code=app.code(stage.at)).status_code == 403


def test_an_app_counts_only_once_one_of_its_codes_was_typed(stage: Stage) -> None:
    browser = with_password(stage)
    browser.open("/account/codes")
    assert browser.press("Set up", code="000000").status_code == 422
    assert try_password(stage)[1] == 303


def test_no_secret_stands_in_the_audit_or_the_store(stage: Stage, tmp_path: Path) -> None:
    browser = with_password(stage)
    page = browser.open("/account/codes").text
    app, codes = with_app(browser, stage)
    stage.at += timedelta(minutes=1)
    other, _, _ = try_password(stage)
    other.press("Go on", code=codes[0])
    secret = app._totp.secret
    assert secret.replace(" ", "") not in page
    texts = " ".join(str(act) for act in audit(stage))
    for file in tmp_path.glob("*.db*"):
        texts += file.read_bytes().decode("latin-1")
    for word in (PASSWORD, secret, *codes):
        assert word not in texts
