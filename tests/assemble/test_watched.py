"""Who watches from outside: what is no watchdog, and what production does not start without."""

from __future__ import annotations

import pytest

from tocsin.assemble import _reachable
from tocsin.settings import BadSettings, read_settings
from tocsin.watched import NOT_WATCHED, demand_watchdog, warnings

BASE = "https://tocsin.example.org"


def given(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(f"TOCSIN_{name.upper()}", value)


def test_nobody_is_warned_loudly(monkeypatch: pytest.MonkeyPatch) -> None:
    assert warnings(read_settings()) == (NOT_WATCHED,)


@pytest.mark.parametrize(
    ("url", "part"),
    [
        ("http://127.0.0.1:9000/x", "on this machine"),
        ("https://tocsin.example.org/in/heartbeat/x", "this installation itself"),
        ("https://db.example.com/x", "machine of the database"),
        ("https://watch.example.org/x", "same DNS zone (example.org)"),
    ],
)
def test_what_falls_with_tocsin_is_no_watchdog(
    monkeypatch: pytest.MonkeyPatch, url: str, part: str
) -> None:
    given(monkeypatch, base_url=BASE, heartbeat_url=url)
    given(monkeypatch, database_url="postgresql://db.example.com/tocsin")
    (warning,) = warnings(read_settings())
    assert part in warning


def test_an_independent_watchdog_is_none_to_warn_of(monkeypatch: pytest.MonkeyPatch) -> None:
    given(monkeypatch, base_url=BASE, heartbeat_url="https://hc-ping.com/5c1a", production="true")
    assert warnings(read_settings()) == ()
    demand_watchdog(read_settings())


@pytest.mark.parametrize("url", ["", "http://localhost:9000/x", f"{BASE}/in/heartbeat/x"])
def test_production_does_not_start_unwatched(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    given(monkeypatch, base_url=BASE, heartbeat_url=url, production="true")
    with pytest.raises(BadSettings, match="TOCSIN_HEARTBEAT_URL"):
        demand_watchdog(read_settings())


@pytest.mark.parametrize("name", ["heartbeat_url", "alarm_url"])
def test_a_wrong_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    given(monkeypatch, **{name: "ftp://example.org/secret"})
    with pytest.raises(BadSettings) as refused:
        read_settings()
    assert "must begin with https://" in str(refused.value)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("listens", "address"),
    [("::1", "[::1]"), ("::", "[::1]"), ("fd00::7", "[fd00::7]"), ("0.0.0.0", "127.0.0.1"),
     ("127.0.0.1", "127.0.0.1"), ("tocsin.local", "tocsin.local")],
)  # fmt: skip
def test_a_node_finds_itself_whatever_it_listens_on(listens: str, address: str) -> None:
    assert _reachable(listens) == address
