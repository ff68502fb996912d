"""`tocsin key`: keys for programs, made, listed and revoked on a running server."""

from __future__ import annotations

from typing import Any

import pytest
from tests.cli.api_server import ApiServer
from tests.cli.running import Terminal

KEY: dict[str, Any] = {
    "id": "4g5zcz8hb7", "name": "deploy\x1b[31m script", "person": "ana",
    "scopes": ["read", "respond"], "created_by": "operator", "created_at": "2026-03-06T22:10:00Z",
    "expires_at": "2026-04-05T22:10:00Z", "used_at": None, "revoked_at": None,
}  # fmt: skip
MADE = {**KEY, "key": "tockey-4g5zcz8hb7-secret"}


@pytest.fixture
def keys(api: ApiServer) -> ApiServer:
    gone = {**KEY, "id": "old", "revoked_at": "2026-03-06T22:11:00Z"}
    api.answers |= {
        ("GET", "/api/v1/keys"): (200, {"keys": [KEY, gone]}),
        ("POST", "/api/v1/keys"): (201, MADE),
        ("POST", "/api/v1/keys/4g5zcz8hb7/revoke"): (200, gone),
    }
    return api


def test_a_new_key_is_alone_on_standard_output(tocsin: Terminal, keys: ApiServer) -> None:
    ran = tocsin("key", "ana", "--name", "deploy script", "--scope", "respond", "--days", "30")
    assert ran.out == "tockey-4g5zcz8hb7-secret\n"
    assert keys.last.body == {
        "person": "ana", "name": "deploy script", "scopes": ["respond"], "days": 30,
    }  # fmt: skip
    assert "until 2026-04-05" in ran.err


def test_keys_are_listed_without_what_opens_anything(tocsin: Terminal, keys: ApiServer) -> None:
    ran = tocsin("key")
    assert "4g5zcz8hb7" in ran.out
    assert "revoked" in ran.out
    assert "tockey-" not in ran.out
    assert "\x1b" not in ran.out


def test_a_key_is_revoked(tocsin: Terminal, keys: ApiServer) -> None:
    assert "Revoked: deploy script of ana" in tocsin("key", "--revoke", "4g5zcz8hb7").out


def test_what_makes_no_sense_is_wrong_usage(tocsin: Terminal, keys: ApiServer) -> None:
    assert tocsin("key", "ana").code == 2
    assert tocsin("key", "ana", "--revoke", "x").code == 2
    assert not [one for one in keys.requests if one.method == "POST"]
