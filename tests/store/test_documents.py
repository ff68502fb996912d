"""Plans and organisations are kept for ever; sessions and sign-ins are not."""

from __future__ import annotations

from contextlib import closing

from tests.store.values import MINUTE, NOW, keep, kept, opening, rolled_back

from tocsin.engine.ports import Session
from tocsin.store.sql_store import open_store


def activate(store, what, version, text, at=NOW):
    with store.write() as tx:
        tx.activate(what, version, f"{what}.yaml", text, at)


def active(store, what="plan"):
    with store.read() as reading:
        return reading.active(what)


def session(token, store, now=NOW):
    with store.read() as reading:
        return reading.session(token, now)


def sign_in(store, code, now=NOW):
    with store.write() as tx:
        return tx.use_sign_in(code, now)


def test_nothing_is_active_in_a_new_store(store):
    assert active(store) is None
    assert active(store, "organisation") is None


def test_the_version_activated_last_is_active_and_old_ones_stay(store):
    activate(store, "plan", "v1", "first: ü\n")
    activate(store, "organisation", "v1", "people: []\n")
    activate(store, "plan", "v2", "second\n", NOW - MINUTE)
    assert active(store) == ("plan.yaml", "second\n")
    assert active(store, "organisation") == ("organisation.yaml", "people: []\n")
    with store.read() as reading:
        assert reading.plan_text("v1") == ("plan.yaml", "first: ü\n")
        assert reading.plan_text("v3") is None


def test_going_back_to_a_version_makes_it_active_again(store):
    for version in ("v1", "v2", "v1"):
        activate(store, "plan", version, version)
    assert active(store) == ("plan.yaml", "v1")


def test_a_session_lasts_until_it_expires_or_ends(store):
    token, other = b"t" * 32, b"o" * 32
    opened = Session(person="ann", created_at=NOW, expires_at=NOW + MINUTE)
    with store.write() as tx:
        tx.keep_session(token, opened)
        tx.keep_session(other, opened)
    assert session(token, store) == opened
    assert session(token, store, NOW + MINUTE) is None
    assert session(b"x", store) is None
    with store.write() as tx:
        tx.end_session(token)
        tx.end_session(token)
    assert session(token, store) is None
    assert session(other, store) == opened


def test_expired_sessions_are_removed_with_the_next_one(store):
    old = Session(person="ann", created_at=NOW, expires_at=NOW + MINUTE)
    new = Session(person="ann", created_at=NOW + MINUTE, expires_at=NOW + 2 * MINUTE)
    with store.write() as tx:
        tx.keep_session(b"old", old)
        tx.keep_session(b"new", new)
    assert session(b"old", store) is None
    assert session(b"new", store) == new


def test_a_sign_in_is_used_up_by_its_first_use(store):
    with store.write() as tx:
        tx.keep_sign_in(b"code", "ann", NOW + MINUTE)
    assert sign_in(store, b"other") is None
    with rolled_back(store) as tx:
        assert tx.use_sign_in(b"code", NOW) == "ann"
    assert sign_in(store, b"code") == "ann"
    assert sign_in(store, b"code") is None


def test_an_expired_sign_in_is_good_for_nothing(store):
    with store.write() as tx:
        tx.keep_sign_in(b"code", "ann", NOW + MINUTE)
    assert sign_in(store, b"code", NOW + MINUTE) is None
    assert sign_in(store, b"code", NOW) is None


def test_the_secret_is_made_once(url):
    secrets = set()
    for _ in range(3):
        with closing(open_store(url)) as store, store.read() as reading:
            secrets.add(reading.secret())
    assert [len(secret) for secret in secrets] == [32]


def test_everything_is_there_after_the_store_was_closed(url):
    with closing(open_store(url)) as store:
        keep(store, opening())
        before = kept(store)
    with closing(open_store(url)) as store:
        assert kept(store) == before
        assert store.is_ready() == ""
