"""Sessions: seen, ended, never handed on; the glass that is broken; the audit of all of it."""

from __future__ import annotations

import csv
from collections.abc import Iterator, MutableMapping
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from tests.heard import heard
from tests.web.entering import PASSWORD, audit, door, try_password, with_password
from tests.web.stage import ORGANISATION, Browser, Page, Stage

from tocsin.engine.audit import ACTS, Doer, audited
from tocsin.web.access import token_hash
from tocsin.web.sessions import make_sign_in_link

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 Safari/604.1"


def enter(stage: Stage, browser: Browser, person: str = "ana", agent: str = FIREFOX) -> Browser:
    browser.client.headers["User-Agent"] = agent
    browser.open(make_sign_in_link(stage.world, person).removeprefix(stage.base_url))
    assert browser.press("Sign in").status_code == 303
    return browser


def is_in(browser: Browser) -> bool:
    return bool(browser.client.get("/api/v1/incidents").status_code == 200)


def token_of(browser: Browser) -> str:
    return str(browser.client.cookies["tocsin"])


def test_one_sees_where_one_is_signed_in(stage: Stage) -> None:
    browser = door(stage)
    enter(stage, browser("203.0.113.9"), agent=IPHONE)
    stage.at += timedelta(minutes=5)
    here = enter(stage, browser("192.0.2.14"))
    page = here.open("/account").text
    assert "Firefox on Linux this browser one-time link · 192.0.2.14" in page
    assert "Safari on iPhone one-time link · 203.0.113.9" in page
    assert page.index("Firefox on Linux") < page.index("Safari on iPhone")


def test_one_session_is_ended_or_all_others(stage: Stage) -> None:
    browser = door(stage)
    here, phone, old = (enter(stage, browser()) for _ in range(3))
    listed = here.open("/account")
    ends = [form for form in listed.forms if form.button == "End"]
    chosen = token_hash(token_of(phone)).hex()[:24]
    assert chosen in [form.fields["id"] for form in ends]
    assert here.press("End", id=chosen).status_code == 303
    assert [is_in(one) for one in (here, phone, old)] == [True, False, True]
    here.open("/account")
    enter(stage, phone)
    here.open("/account")
    here.press("End all others")
    assert [is_in(one) for one in (here, phone, old)] == [True, False, False]
    assert {act.by for act in audit(stage, "session.ended")} == {"ana"}


def test_nobody_ends_sessions_of_others_at_their_account(stage: Stage) -> None:
    browser = door(stage)
    ana, ben = enter(stage, browser()), enter(stage, browser(), "ben")
    enter(stage, browser())
    ana.open("/account")
    ana.press("End", id=token_hash(token_of(ben)).hex()[:24])
    assert is_in(ben)


def test_administrators_see_and_end_everybodys(stage: Stage) -> None:
    browser = door(stage)
    ana, vic, ben = (enter(stage, browser(), who) for who in ("ana", "vic", "ben"))
    assert "Vic Viewer" in ben.open("/access").text
    ben.press("End", id=token_hash(token_of(vic)).hex()[:24])
    assert [is_in(one) for one in (ana, vic, ben)] == [True, False, True]
    ben.open("/access")
    ben.press("End all their sessions", person="ana")
    assert [is_in(one) for one in (ana, vic, ben)] == [False, False, True]
    assert [(act.by, act.about) for act in audit(stage, "session.ended")] == [
        ("ben", "vic"), ("ben", "ana"),
    ]  # fmt: skip


def test_programs_of_administrators_can_too(stage: Stage) -> None:
    browser = door(stage)
    ana = enter(stage, browser())
    client = stage.client(headers=stage.operator)
    (shown,) = client.get("/api/v1/sessions").json()["sessions"]
    assert (shown["person"], shown["how"], shown["agent"]) == ("ana", "link", FIREFOX)
    assert token_of(ana) not in str(shown)
    assert token_hash(token_of(ana)).hex() not in str(shown)
    assert client.post("/api/v1/people/ana/sign-out").json() == {"ended": 1}
    assert not is_in(ana)
    assert client.post("/api/v1/people/nobody/sign-out").status_code == 422


def test_it_is_known_to_the_minute_when_a_session_was_last_here(stage: Stage) -> None:
    ana = enter(stage, door(stage)())
    began = stage.at
    stage.at += timedelta(minutes=90)
    assert is_in(ana)
    last = stage.at
    stage.at += timedelta(seconds=20)
    assert is_in(ana)
    with stage.store.read() as reading:
        (session,) = reading.sessions("ana", stage.at).values()
    assert (session.created_at, session.seen_at) == (began, last)


def test_whoever_signs_in_gets_a_new_token_and_the_old_one_is_void(stage: Stage) -> None:
    """A token that somebody has planted or seen before is worth nothing afterwards."""
    browser = enter(stage, door(stage)())
    planted = token_of(browser)
    enter(stage, browser, "ben")
    assert token_of(browser) != planted
    assert not is_in(Browser(stage.client(cookies={"tocsin": planted})))
    fixed = door(stage)()
    fixed.client.cookies.set("tocsin", "chosen-by-an-attacker", domain="tocsin.test", path="/")
    enter(stage, fixed)
    assert token_of(fixed) != "chosen-by-an-attacker"


def test_however_active_it_is_a_session_ends_after_12_hours(stage: Stage) -> None:
    ana = enter(stage, door(stage)())
    for _ in range(12):
        assert is_in(ana)
        stage.at += timedelta(hours=1)
    assert not is_in(ana)


@pytest.fixture
def logs() -> Iterator[list[MutableMapping[str, Any]]]:
    """What is logged, whatever tests before this one have set up."""
    with heard() as lines:
        yield lines


def test_the_machines_own_key_breaks_the_glass_and_everybody_hears_of_it(
    stage: Stage, logs: list[MutableMapping[str, Any]]
) -> None:
    made = stage.client().post(
        "/api/v1/sign-in-links",
        json={"person": "ben"},
        headers={**stage.operator, "Tocsin-Via": "cli"},
    )
    browser = door(stage)()
    browser.open(made.json()["url"].removeprefix(stage.base_url))
    browser.press("Sign in")
    warned = [one["event"] for one in logs if one["log_level"] == "warning"]
    assert warned == ["sign-in.break-glass-link", "sign-in.break-glass"]
    link, entered = audit(stage, "sign-in")
    assert (link.act, link.by, link.via, link.about) == ("sign-in.link", "operator", "cli", "ben")
    assert (entered.act, entered.by) == ("sign-in.break-glass", "ben")
    assert "break glass" in browser.open("/access").text
    assert "look at this" in browser.open("/audit").text


def test_a_link_of_an_administrator_is_an_ordinary_one(stage: Stage) -> None:
    ben = enter(stage, door(stage)(), "ben")
    ben.open("/access")
    page = Page(ben.press("Make a link", person="vic").text)
    link = next(word for word in page.words if "/sign-in?code=" in word)
    browser = door(stage)()
    browser.open(link.removeprefix(stage.base_url))
    assert browser.press("Sign in").status_code == 303
    assert audit(stage, "sign-in")[-1].act == "sign-in.good"
    assert [(act.by, act.about) for act in audit(stage, "sign-in.link")][-1] == ("ben", "vic")


def test_signing_out_is_audited(stage: Stage) -> None:
    ana = enter(stage, door(stage)("192.0.2.14"))
    ana.open("/incidents")
    ana.press("Sign out")
    (act,) = audit(stage, "sign-out")
    assert (act.by, act.address, act.via) == ("ana", "192.0.2.14", "page")


@pytest.fixture
def told(stage: Stage) -> Stage:
    """A stage with an auditor, and something to audit."""
    organisation = ORGANISATION.replace(
        "vic: {", "aud: {name: Aud, access: auditor, contacts: [inbox]}\n  vic: {"
    )
    stage.put_in_force(organisation=organisation)
    for number in range(120):
        with stage.store.write() as tx:
            doer = Doer("ana" if number % 2 else "ben", "page", "192.0.2.1")
            audited(tx, stage.at, doer, "override.made", "primary", f"override {number}")
        stage.at += timedelta(hours=1)
    return stage


def test_the_audit_is_read_a_page_at_a_time(told: Stage) -> None:
    auditor = told.signed_in("aud")
    page = auditor.open("/audit?about=primary")
    assert page.text.count("made an override") == 50
    assert "override 119" in page.text
    seen = 50
    while older := [link for link in page.links if "before=" in link]:
        page = auditor.open(older[0])
        seen += page.text.count("made an override")
    assert seen == 120
    assert "override 0" in page.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("by=ben", 60),
        ("act=override", 120),
        ("act=override.made&by=ana", 60),
        ("act=over", 0),
        ("about=primary&since=2026-11-11&until=2026-11-11", 24),
        ("about=secondary", 0),
        ("about=%25", 0),
    ],
)
def test_the_audit_is_filtered(told: Stage, query: str, count: int) -> None:
    client = told.client(headers=told.operator)
    found, cursor = 0, ""
    while cursor is not None:
        listed = client.get(f"/api/v1/audit?{query}&limit=50&cursor={cursor}").json()
        found += len(listed["acts"])
        cursor = listed["next"]
    assert found == count


def test_a_day_that_is_none_is_refused_with_a_hint(told: Stage) -> None:
    answer = told.client(headers=told.operator).get("/api/v1/audit?since=yesterday")
    assert (answer.status_code, answer.json()["code"]) == (422, "request.day")
    assert "write `since`" in told.signed_in("aud").open("/audit?since=yesterday").text


def test_the_export_has_everything_and_is_itself_audited(told: Stage) -> None:
    with told.store.write() as tx:
        audited(tx, told.at, Doer("=1+1", "page"), "sign-out", "@SUM(A1)", '"quoted", ünï')
    auditor = told.signed_in("aud")
    auditor.open("/audit?since=2026-11-10")
    answer = auditor.press("Download as CSV")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in answer.headers["content-disposition"]
    rows = list(csv.DictReader(StringIO(answer.text)))
    assert sum(row["act"] == "override.made" for row in rows) == 120
    (odd,) = [row for row in rows if row["act"] == "sign-out"]
    assert (odd["by"], odd["about"]) == ("'=1+1", "'@SUM(A1)")
    assert odd["detail"] == '"quoted", ünï'
    (act,) = audit(told, "audit.exported")
    assert (act.by, act.detail) == ("aud", "since 2026-11-10")


def test_only_what_has_words_can_be_audited(stage: Stage) -> None:
    with stage.store.write() as tx, pytest.raises(KeyError):
        audited(tx, stage.at, Doer("ana"), "made.up")
    assert all(words for words in ACTS.values())


def test_forms_of_the_account_are_bound_to_their_session(stage: Stage) -> None:
    ana = with_password(stage)
    other = stage.signed_in("ana")
    other.open("/account")
    ana.page = other.page
    answer = ana.press("Set the password", password="another long one", again="another long one")
    assert answer.status_code == 403
    foreign = ana.press("End all others", headers={"Origin": "https://evil.example"})
    assert foreign.status_code == 403
    assert try_password(stage, "ana", PASSWORD)[1] == 303
