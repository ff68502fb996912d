"""Keys for programs: made, used within their scopes, revoked; and what they may read."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest
from tests.web.entering import audit
from tests.web.stage import ORGANISATION, Browser, Page, Stage
from tests.web.test_confidential import SECRET

from tocsin.core.access import RIGHTS, SCOPES, rights_of_key, scopes_of


def make(stage: Stage, person: str = "ana", *, days: int = 90, scopes: tuple[str, ...] = ()) -> str:
    """Make a key over the API; return it."""
    body = {"person": person, "name": "script", "scopes": list(scopes or ["read"]), "days": days}
    answer = stage.client().post("/api/v1/keys", json=body, headers=stage.operator)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["key"])


def get(stage: Stage, key: str, path: str = "/api/v1/incidents") -> int:
    headers = {"Authorization": f"Bearer {key}"}
    return int(stage.client().get(path, headers=headers).status_code)


def test_a_key_is_made_on_the_account_page_and_shown_once(stage: Stage, tmp_path: Path) -> None:
    browser = stage.signed_in()
    browser.open("/account")
    answer = browser.press("Make the key", name="deploy script", scopes="respond", days="30")
    (key,) = re.findall(r"tockey-\w+-[\w-]{32}", answer.text)
    assert get(stage, key) == 200
    page = browser.open("/account").text
    assert "deploy script" in page
    assert key not in page
    for file in tmp_path.glob("*.db*"):
        assert key.encode() not in file.read_bytes()
    (act,) = audit(stage, "key.made")
    assert (act.by, act.detail) == ("ana", "deploy script, of ana: respond, for 30 days")
    assert key not in str(act)


def test_what_a_key_does_stands_on_the_record_as_its_owners(stage: Stage) -> None:
    stage.alert()
    key = make(stage, scopes=("respond",))
    answer = stage.client().post(
        "/api/v1/incidents/INC-2026-001/note",
        json={"text": "deployed"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["timeline"][-1]["by"] == "ana"


def test_a_key_acts_for_nobody_else(stage: Stage) -> None:
    stage.alert()
    key = make(stage, scopes=("respond",))
    answer = stage.client().post(
        "/api/v1/incidents/INC-2026-001/acknowledge",
        json={"as": "ben"},
        headers={"Authorization": f"Bearer {key}"},
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "access.not-yourself")


def test_a_key_never_has_more_than_its_owner(stage: Stage) -> None:
    body = {"person": "ana", "name": "x", "scopes": ["read", "administer"]}
    answer = stage.client().post("/api/v1/keys", json=body, headers=stage.operator)
    assert (answer.status_code, answer.json()["code"]) == (422, "key.scopes")
    assert "read, respond" in answer.json()["hint"]


def test_a_key_has_no_more_when_its_owner_has_less(stage: Stage) -> None:
    key = make(stage, "ben", scopes=("read", "administer"))
    assert get(stage, key, "/api/v1/keys") == 200
    stage.put_in_force(organisation=ORGANISATION.replace("access: administrator, ", ""))
    assert get(stage, key, "/api/v1/keys") == 403
    assert get(stage, key) == 200


def test_whoever_leaves_the_organisation_takes_their_keys_with_them(stage: Stage) -> None:
    key = make(stage, "vic")
    without = "\n".join(line for line in ORGANISATION.splitlines() if "vic:" not in line)
    stage.put_in_force(organisation=without)
    assert get(stage, key) == 401


def test_a_key_ends(stage: Stage) -> None:
    key = make(stage, days=1)
    stage.at += timedelta(hours=23, minutes=59)
    assert get(stage, key) == 200
    stage.at += timedelta(minutes=1)
    assert get(stage, key) == 401


def test_a_key_is_revoked_for_good(stage: Stage) -> None:
    key = make(stage)
    key_id = key.split("-")[1]
    client = stage.client(headers=stage.operator)
    revoked = client.post(f"/api/v1/keys/{key_id}/revoke")
    assert revoked.json()["revoked_at"] is not None
    assert get(stage, key) == 401
    assert client.post(f"/api/v1/keys/{key_id}/revoke").json() == revoked.json()
    assert len(audit(stage, "key.revoked")) == 1
    assert client.post("/api/v1/keys/nope/revoke").status_code == 404


def test_only_ones_own_keys_are_revoked_at_the_account_page(stage: Stage) -> None:
    mine, other = make(stage, "ana"), make(stage, "ben")
    browser = stage.signed_in("ana")
    browser.open("/account")
    assert browser.press("Revoke", id=other.split("-")[1]).status_code == 404
    assert get(stage, other) == 200
    assert browser.press("Revoke").status_code == 303
    assert get(stage, mine) == 401


@pytest.mark.parametrize("change", ["", "x", "tockey-", "tockey-abc", "a-b-c"])
def test_what_is_not_quite_a_key_is_none(stage: Stage, change: str) -> None:
    key = make(stage)
    for wrong in (change, key[:-1], key + "a", key.upper(), f"{key}{change or 'y'}"):
        assert get(stage, wrong) == 401, wrong


def test_when_a_key_was_used_last_is_known_to_the_minute(stage: Stage) -> None:
    key = make(stage)
    client = stage.client(headers={"Authorization": f"Bearer {key}"})
    client.get("/api/v1/incidents")
    first = stage.at
    stage.at += timedelta(seconds=30)
    client.get("/api/v1/incidents")
    (kept,) = all_keys(stage)
    assert kept.used_at == first
    stage.at += timedelta(seconds=31)
    client.get("/api/v1/incidents")
    (kept,) = all_keys(stage)
    assert kept.used_at == stage.at


def all_keys(stage: Stage):
    with stage.store.read() as reading:
        return reading.api_keys("")


def test_a_key_is_no_way_to_ones_account(stage: Stage) -> None:
    key = make(stage, "ben", scopes=SCOPES)
    client = stage.client(headers={"Authorization": f"Bearer {key}"})
    answer = client.get("/account")
    assert answer.status_code == 403
    assert "password" not in Page(answer.text).text


@pytest.fixture
def secret(stage: Stage) -> Stage:
    stage.put_in_force(
        SECRET,
        ORGANISATION.replace("vic: {", "aud: {name: Aud, access: auditor, contacts: [inbox]}\n  "
                             "cam: {name: Cam, access: commander, contacts: [inbox]}\n  vic: {"),
    )  # fmt: skip
    stage.alert("SecretsLeaked")
    return stage


@pytest.mark.parametrize(
    ("person", "scopes", "reads"),
    [
        ("ben", ("read",), True),  # the one reader
        ("ana", ("read", "respond"), False),
        ("cam", ("read", "respond", "command"), False),
        ("aud", ("read", "audit"), False),
    ],
)
def test_a_key_reads_what_its_owner_reads(secret, person, scopes, reads) -> None:
    client = secret.client()
    headers = {"Authorization": f"Bearer {make(secret, person, scopes=scopes)}"}
    for path in ("", "/timeline", "/bundle"):
        answer = client.get(f"/api/v1/incidents/INC-2026-001{path}", headers=headers)
        assert answer.status_code == (200 if reads else 403), path
    listed = client.get("/api/v1/incidents", headers=headers).text
    assert ("SecretsLeaked" in listed) == reads
    alerts = client.get("/api/v1/alerts", headers=headers).text
    assert ("SecretsLeaked" in alerts) == reads


@pytest.mark.parametrize("person", ["aud", "cam"])
def test_neither_auditors_nor_commanders_read_what_is_not_for_them(secret, person) -> None:
    browser: Browser = secret.signed_in(person)
    assert "SecretsLeaked" not in browser.open("/incidents").text
    assert "SecretsLeaked" not in browser.open("/incidents/INC-2026-001").text
    answer = browser.client.post(
        "/api/v1/incidents/INC-2026-001/resolve", json={}, headers={"Origin": secret.base_url}
    )
    assert answer.status_code == 403


def test_breaking_the_glass_of_an_incident_stands_in_the_audit(secret: Stage) -> None:
    answer = secret.client().post(
        "/api/v1/incidents/INC-2026-001/break-glass",
        json={"as": "ana", "why": "the reader is on leave"},
        headers=secret.operator,
    )
    assert answer.status_code == 200, answer.text
    (act,) = audit(secret, "incident.break-glass")
    assert (act.by, act.about) == ("ana", "INC-2026-001")


def test_scopes_are_a_part_of_what_a_level_may() -> None:
    for access, rights in RIGHTS.items():
        assert rights_of_key(access, SCOPES) == rights
        assert rights_of_key(access, ()) == frozenset()
        for scope in SCOPES:
            assert rights_of_key(access, [scope]) <= rights
            assert rights_of_key(access, [scope]) <= {"read", "alerts", scope}
        assert set(scopes_of(access)) == rights - {"alerts"}
