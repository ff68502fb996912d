"""Heartbeats and alarms on their way: what is sent, and that no address is told."""

from __future__ import annotations

import json

import pytest
from tests.real.loopback import Listener, Request, Server

from tocsin.outbound.watchdog import Watchdog


class Refusing(Server):
    def on_post(self, request: Request) -> int:
        return 500


def test_a_heartbeat_is_a_post_with_its_key() -> None:
    with Listener() as outside:
        watchdog = Watchdog(f"{outside.url}/in/heartbeat/site-a?token=t", "tocin-site-a-x", "")
        assert watchdog.heartbeat() == ""
        assert watchdog.watchdog == "127.0.0.1"
    (request,) = outside.requests
    assert request.path == "/in/heartbeat/site-a?token=t"
    assert request.headers["authorization"] == "Bearer tocin-site-a-x"
    assert request.body == b""


def test_an_alarm_says_everything_in_its_text() -> None:
    with Listener() as outside:
        watchdog = Watchdog("", "", f"{outside.url}/hook")
        assert watchdog.alarm(("the engine is 9 s behind",), "node-1") == ""
        assert watchdog.alarm((), "node-1") == ""
    bodies = [json.loads(request.body) for request in outside.requests]
    assert bodies[0]["text"] == "Tocsin on node-1 is not well: the engine is 9 s behind"
    assert bodies[0]["reasons"] == ["the engine is 9 s behind"]
    assert (bodies[1]["text"], bodies[1]["well"]) == ("Tocsin on node-1 is well again", True)


def test_without_an_address_nothing_is_sent() -> None:
    assert Watchdog("", "", "").watchdog == ""
    assert Watchdog("", "", "").alarm(("x",), "node-1") == ""


def test_what_goes_wrong_is_told_without_the_address() -> None:
    with Refusing() as outside:
        assert Watchdog(f"{outside.url}/secret", "", "").heartbeat() == "answered 500"
    gone = Watchdog(f"{outside.url}/secret", "", "").heartbeat()
    assert gone
    assert "secret" not in gone


@pytest.mark.parametrize("url", ["http://[::1", "https://a b/", "http://x.invalid:99999/"])
def test_an_address_that_leads_nowhere_stops_nothing(url: str) -> None:
    assert Watchdog(url, "", "").heartbeat()
