"""Plans and organisations are kept for ever; sessions and sign-ins are not."""

from __future__ import annotations

from contextlib import closing

from msgspec.structs import replace
from tests.store.values import MINUTE, NOW, keep, kept, opening, rolled_back

from tocsin.engine.accounts import Session
from tocsin.engine.ports import Activation, FileSeen
from tocsin.store.sql_store import open_store


def activate(store, what, version, text, at=NOW):
    with store.write() as tx:
        tx.activate(Activation(what=what, version=version, file=f"{what}.yaml", at=at), text)


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
        assert reading.document("plan", "v1") == ("plan.yaml", "first: ü\n")
        assert reading.document("plan", "v3") is None
        assert reading.document("organisation", "v2") is None


def test_going_back_to_a_version_makes_it_active_again(store):
    for version in ("v1", "v2", "v1"):
        activate(store, "plan", version, version)
    assert active(store) == ("plan.yaml", "v1")


def test_it_is_kept_who_put_what_in_force_and_when(store):
    first = Activation(
        what="plan", version="v1", file="plan.yaml", title="One", at=NOW, by="ann", via="cli",
        why="the first",
    )  # fmt: skip
    second = Activation(what="plan", version="v2", file="p.yaml", at=NOW + MINUTE, by="tocsin")
    with store.write() as tx:
        tx.activate(first, "one")
        tx.activate(second, "two")
        tx.activate(first, "one")
    with store.read() as reading:
        third, *earlier = reading.activations("plan", None, 10)
        assert [one.version for one in (third, *earlier)] == ["v1", "v2", "v1"]
        assert replace(third, id=0) == first
        assert replace(earlier[0], id=0) == second
        assert reading.activations("plan", third.id, 1) == earlier[:1]
        assert reading.activations("organisation", None, 10) == []


def test_a_file_is_remembered_as_it_was_seen_last(store):
    seen = FileSeen(what="plan", source="one:/plan.yaml", version="v1", at=NOW)
    other = replace(seen, source="two:/plan.yaml", refused="v3", refused_after=7)
    with store.write() as tx:
        tx.keep_file_seen(seen)
        tx.keep_file_seen(other)
        tx.keep_file_seen(replace(seen, version="v2", at=NOW + MINUTE))
    with store.read() as reading:
        assert reading.files_seen("plan") == [
            replace(seen, version="v2", at=NOW + MINUTE),
            other,
        ]
        assert reading.files_seen("organisation") == []


def test_a_session_lasts_until_it_expires_or_ends(store):
    token, other = b"t" * 32, b"o" * 32
    opened = Session(person="ann", created_at=NOW, expires_at=NOW + MINUTE, seen_at=NOW)
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
    old = Session(person="ann", created_at=NOW, expires_at=NOW + MINUTE, seen_at=NOW)
    new = Session(person="ann", created_at=NOW + MINUTE, expires_at=NOW + 2 * MINUTE, seen_at=NOW)
    with store.write() as tx:
        tx.keep_session(b"old", old)
        tx.keep_session(b"new", new)
    assert session(b"old", store) is None
    assert session(b"new", store) == new


def test_a_sign_in_is_used_up_by_its_first_use(store):
    with store.write() as tx:
        tx.keep_sign_in(b"code", "ann", "link", NOW + MINUTE)
    assert sign_in(store, b"other") is None
    with rolled_back(store) as tx:
        assert tx.use_sign_in(b"code", NOW) == ("ann", "link")
    assert sign_in(store, b"code") == ("ann", "link")
    assert sign_in(store, b"code") is None


def test_an_expired_sign_in_is_good_for_nothing(store):
    with store.write() as tx:
        tx.keep_sign_in(b"code", "ann", "link", NOW + MINUTE)
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
