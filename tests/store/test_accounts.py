"""Credentials, keys, sessions and what is spent: who comes first has it, on both databases."""

from __future__ import annotations

import pytest
from msgspec.structs import replace
from tests.store.values import MINUTE, NOW, rolled_back

from tocsin.engine.accounts import ApiKey, Credential, Session
from tocsin.engine.audit import Act, Doer, Wanted, audited

APP = Credential(id="totp-1", person="ann", kind="totp", created_at=NOW)
PASSKEY = Credential(
    id="cred", person="ann", kind="passkey", name="Phöne\x00", data='{"count":1}', created_at=NOW
)
KEY = ApiKey(
    id="k1", key_hash=b"\x00\xff", name="script", person="ann", scopes=("read", "respond"),
    created_by="ben", created_at=NOW, expires_at=NOW + MINUTE,
)  # fmt: skip


def credentials(store, person="ann"):
    with store.read() as reading:
        return reading.credentials(person)


def test_credentials_come_back_as_they_were_kept(store):
    with store.write() as tx:
        assert tx.keep_credential(APP)
        assert tx.keep_credential(PASSKEY)
        assert tx.keep_credential(replace(APP, id="other", person="ben"))
    assert credentials(store) == [replace(PASSKEY, name="Phöne\ufffd"), APP]
    with store.read() as reading:
        assert reading.credential("totp-1") == APP
        assert reading.credential("nope") is None


def test_an_id_belongs_to_one_person(store):
    with store.write() as tx:
        assert tx.keep_credential(PASSKEY)
        assert not tx.keep_credential(replace(PASSKEY, person="eve"))
    assert credentials(store, "eve") == []


def test_of_two_who_use_a_credential_at_the_same_time_one_does(store):
    used = replace(APP, used_at=NOW)
    with store.write() as tx:
        tx.keep_credential(APP)
        assert tx.change_credential(APP, used)
        assert not tx.change_credential(APP, used), "it is not as it was"
        assert tx.change_credential(used, replace(used, data='{"a":1}', used_at=NOW + MINUTE))
        assert not tx.change_credential(used, used)
    assert credentials(store)[0].used_at == NOW + MINUTE


def test_credentials_are_removed_by_id_and_by_kind(store):
    with store.write() as tx:
        tx.keep_credential(APP)
        tx.keep_credential(PASSKEY)
        assert tx.remove_credential("totp-1")
        assert not tx.remove_credential("totp-1")
        assert tx.remove_credentials("ben", "passkey") == 0
        assert tx.remove_credentials("ann", "passkey") == 1
    assert credentials(store) == []


def test_keys_come_back_and_are_revoked_once(store):
    with store.write() as tx:
        tx.keep_api_key(KEY)
        tx.keep_api_key(
            replace(KEY, id="k2", person="ben", expires_at=None, created_at=NOW + MINUTE)
        )
        assert tx.revoke_api_key("k2", NOW)
        assert not tx.revoke_api_key("k2", NOW + MINUTE)
        assert not tx.revoke_api_key("nope", NOW)
    with store.read() as reading:
        assert reading.api_key("k1") == KEY
        assert [one.id for one in reading.api_keys("")] == ["k2", "k1"]
        assert [one.id for one in reading.api_keys("ann")] == ["k1"]
        assert reading.api_key("k2").revoked_at == NOW
        assert reading.api_key("nope") is None


@pytest.mark.parametrize(
    ("changed", "is_good"),
    [({}, True), ({"expires_at": NOW}, False), ({"expires_at": None}, True),
     ({"revoked_at": NOW}, False)],
)  # fmt: skip
def test_a_key_is_good_until_it_ends_or_is_revoked(changed, is_good):
    assert replace(KEY, **changed).is_good(NOW) == is_good


def test_when_something_was_seen_is_kept_together(store):
    opened = Session(
        person="ann", created_at=NOW, expires_at=NOW + 9 * MINUTE, seen_at=NOW, how="passkey",
        agent="x", address="192.0.2.1",
    )  # fmt: skip
    with store.write() as tx:
        tx.keep_session(b"one", opened)
        tx.keep_session(b"two", replace(opened, created_at=NOW + MINUTE))
        tx.keep_session(b"three", replace(opened, person="ben"))
        tx.keep_api_key(KEY)
        tx.keep_seen({b"one", b"gone"}, {"k1"}, NOW + MINUTE)
        tx.keep_seen((), (), NOW + 2 * MINUTE)
    with store.read() as reading:
        found = reading.sessions("ann", NOW)
        assert list(found) == [b"two", b"one"]
        assert found[b"one"] == replace(opened, seen_at=NOW + MINUTE)
        assert found[b"two"].seen_at == NOW
        assert set(reading.sessions("", NOW)) == {b"one", b"two", b"three"}
        asked = [b"one", b"three", b"never was"]
        assert set(reading.sessions_of(asked, NOW)) == {b"one", b"three"}
        assert reading.sessions_of(asked, NOW + 9 * MINUTE) == {}
        assert reading.sessions("", NOW + 9 * MINUTE) == {}
        assert reading.api_key("k1").used_at == NOW + MINUTE
    with store.write() as tx:
        assert tx.end_sessions("ann", b"two") == 1
        assert tx.end_sessions("ann") == 1
        assert set(tx.sessions("", NOW)) == {b"three"}


def test_what_is_spent_is_spent_once(store, other):
    with store.write() as tx:
        assert tx.spend(b"it", NOW + MINUTE, NOW)
    with other.write() as tx:
        assert not tx.spend(b"it", NOW + MINUTE, NOW)
        assert tx.spend(b"another", NOW + MINUTE, NOW)
    with rolled_back(store) as tx:
        assert tx.spend(b"third", NOW + MINUTE, NOW)
    with store.write() as tx:
        assert tx.spend(b"third", NOW + MINUTE, NOW), "nothing was kept"
        assert tx.spend(b"it", NOW + 3 * MINUTE, NOW + 2 * MINUTE), "it was too old to matter"


def test_the_audit_comes_back_newest_first_and_as_it_was_wanted(store):
    doers = (Doer("ann", "page", "192.0.2.1"), Doer("", "api", ""))
    with store.write() as tx:
        for number in range(6):
            at = NOW + number * MINUTE
            act = "sign-in.good" if number < 3 else "sign-out"
            audited(tx, at, doers[number % 2], act, f"p{number}", "ü\x00")
    with rolled_back(store) as tx:
        audited(tx, NOW, doers[0], "sign-out")

    def ids(before=None, limit=10, **wanted):
        with store.read() as reading:
            return [one.about for one in reading.acts(Wanted(**wanted), before, limit)]

    assert ids() == ["p5", "p4", "p3", "p2", "p1", "p0"]
    assert ids(by="ann") == ["p4", "p2", "p0"]
    assert ids(act="sign-in") == ["p2", "p1", "p0"]
    assert ids(act="sign-in.good", by="ann") == ["p2", "p0"]
    assert ids(act="sign") == []
    assert ids(act="%") == []
    assert ids(about="p3") == ["p3"]
    assert ids(since=NOW + MINUTE, until=NOW + 3 * MINUTE) == ["p2", "p1"]
    assert ids(limit=2) == ["p5", "p4"]
    with store.read() as reading:
        newest = reading.acts(Wanted(), None, 2)
    assert ids(before=newest[-1].id, limit=2) == ["p3", "p2"]
    assert replace(newest[0], id=0) == Act(
        at=NOW + 5 * MINUTE, by="", via="api", act="sign-out", about="p5", detail="ü\ufffd"
    )
