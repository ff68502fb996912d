"""Two Tocsins, real processes: when one is stopped or killed, the other one calls somebody."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

from tests.servers import PROGRAMS, Servers, TocsinServer

from tocsin.settings import STARTER

SITE_A = "  site-a: {source: heartbeat, every: %s, grace: 10s, labels: {severity: critical}}\n"
WATCHING = (STARTER / "org.yaml").read_text() + SITE_A
"""The second Tocsin, which expects to hear of the first one."""

FIRST_PROBE_S = 30
SILENCE_S = 60


def key_of(server: TocsinServer, integration: str) -> str:
    """The key of an integration, as `tocsin keys` tells it."""
    said = subprocess.run(
        [str(PROGRAMS / "tocsin"), "keys", "--data", str(server.data_dir), "--json"],
        check=True, capture_output=True, env=server.environment,
    ).stdout  # fmt: skip
    return str(json.loads(said)["integrations"][integration])


def watched_by(watcher: TocsinServer) -> dict[str, str]:
    return {
        "TOCSIN_HEARTBEAT_URL": f"{watcher.url}/in/heartbeat/site-a",
        "TOCSIN_HEARTBEAT_KEY": key_of(watcher, "site-a"),
    }


def open_incidents(server: TocsinServer) -> list[Any]:
    return [one for one in server.incidents() if one["state"] == "open"]


def when(server: TocsinServer, is_so: Callable[[], object], within_s: float, what: str) -> None:
    server.wait_until(lambda: is_so() or None, within_s, what)


def test_a_second_tocsin_calls_somebody_when_the_first_one_is_killed(servers: Servers) -> None:
    """It expects a heartbeat sooner than it comes in life, so that the test need not wait long."""
    watcher = servers(organisation=WATCHING % "10s")
    watcher.start()
    first = servers(environment=watched_by(watcher))
    first.start()
    when(watcher, lambda: heard(watcher), FIRST_PROBE_S, "the first heartbeat is heard")
    health = first.get("/api/v1/status")["health"]
    assert health["is_well"], health
    assert first.incidents() == first.get("/api/v1/alerts")["alerts"] == []
    assert first.get("/api/v1/verify")["holds"]
    assert first.setup.environment["TOCSIN_HEARTBEAT_KEY"] not in first.log + first.printed
    first.kill()
    when(watcher, lambda: open_incidents(watcher), SILENCE_S, "the silence is an incident")
    (incident,) = open_incidents(watcher)
    assert "site-a" in incident["title"]
    assert incident["severity"] == "P0"


def heard(watcher: TocsinServer) -> bool:
    found = {one["id"]: one["heard_at"] for one in watcher.get("/api/v1/status")["integrations"]}
    return found["site-a"] is not None
