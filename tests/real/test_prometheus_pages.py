"""The main job with nothing faked before the pager: Prometheus sees, Tocsin calls somebody.

The fixture `tocsin_server` is a running server with an integration "prometheus", which takes both
of Alertmanager's forms.
"""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.real.configs import ALERT, RULES, alertmanager_config, prometheus_config
from tests.real.loopback import Gauge
from tests.real.parts import Part, TocsinServer, amtool
from tests.servers import wait_until

pytestmark = pytest.mark.alertmanager

BERLIN = 'checkout_up{shop="berlin"}'
WITHIN_S = 20.0
"""Prometheus finds what to scrape, and whom to tell, up to 5 s after its start."""


def incidents(server: TocsinServer) -> list[dict[str, Any]]:
    """Return the incidents that this alert has opened: they bear its name or its summary."""
    listed: list[dict[str, Any]] = server.get("/api/v1/incidents")["incidents"]
    return [incident for incident in listed if "Checkout" in incident["title"]]


def timeline(server: TocsinServer, code: str) -> list[dict[str, Any]]:
    """Return what has happened to an incident."""
    entries: list[dict[str, Any]] = server.get(f"/api/v1/incidents/{code}")["timeline"]
    return entries


def wait_for(server: TocsinServer, code: str, kind: str) -> dict[str, Any]:
    """Wait for the first entry of a kind, and insist that it says when, by whom and why."""
    entry = wait_until(
        lambda: next((e for e in timeline(server, code) if e["kind"] == kind), None),
        WITHIN_S,
        f"{code} has {kind} in its timeline",
    )
    assert entry["at"]
    assert entry["by"]
    return entry


def check_that_it_pages(server: TocsinServer, gauge: Gauge) -> None:
    """Follow one episode from the first page to the end of the alert."""
    (opened,) = wait_until(lambda: incidents(server), WITHIN_S, "an incident is opened")
    code = opened["code"]
    page = wait_for(server, code, "told")
    assert page["why"], "a page says why it was sent"

    gauge.values[BERLIN] = 1
    over = wait_for(server, code, "alerts_resolved")
    assert over["still_firing"] == 0
    # All the repeats between have joined this incident and opened no other.
    assert [incident["code"] for incident in incidents(server)] == [code]
    kinds = [entry["kind"] for entry in timeline(server, code)]
    assert kinds[0] == "opened"
    assert kinds.count("opened") == 1


def test_prometheus_through_alertmanager_pages(
    prometheus: Callable[[str, str], Part],
    alertmanager: Callable[[str], Part],
    gauge: Gauge,
    tocsin_server: TocsinServer,
    tmp_path: Path,
) -> None:
    key = key_file(tmp_path, tocsin_server)
    gauge.values[BERLIN] = 0
    manager = alertmanager(alertmanager_config(f"{tocsin_server.url}/in/alertmanager", key))
    prometheus(prometheus_config(gauge.address, manager.address), RULES)
    check_that_it_pages(tocsin_server, gauge)


def test_prometheus_pages_directly(
    prometheus: Callable[[str, str], Part],
    gauge: Gauge,
    tocsin_server: TocsinServer,
    tmp_path: Path,
) -> None:
    key = key_file(tmp_path, tocsin_server)
    gauge.values[BERLIN] = 0
    address = tocsin_server.url.removeprefix("http://")
    prometheus(prometheus_config(gauge.address, address, key), RULES)
    check_that_it_pages(tocsin_server, gauge)


def test_amtool_adds_an_alert_that_pages_and_reads_it_again(
    tocsin_server: TocsinServer, tmp_path: Path
) -> None:
    url = tocsin_server.url
    add = ("alert", "add", ALERT, "shop=berlin", "severity=critical", "team=payments")
    annotation = "--annotation=summary=Checkout answers nobody"
    for _ in range(2):
        added = amtool(tmp_path, url, tocsin_server.integration_key, *add, annotation)
        assert added.returncode == 0, added.stderr
    (opened,) = wait_until(lambda: incidents(tocsin_server), WITHIN_S, "an incident is opened")
    wait_for(tocsin_server, opened["code"], "told")

    query = ("-o", "json", "alert", "query", f"alertname={ALERT}", "shop=~ber.*")
    asked = amtool(tmp_path, url, tocsin_server.api_key, *query)
    assert asked.returncode == 0, asked.stderr
    (alert,) = json.loads(asked.stdout)
    assert alert["labels"]["shop"] == "berlin"
    assert alert["annotations"] == {"summary": "Checkout answers nobody"}
    assert alert["status"]["state"] == "active"
    other = amtool(
        tmp_path, url, tocsin_server.api_key, "-o", "json", "alert", "query", "shop=rome"
    )
    assert json.loads(other.stdout) == []


def test_a_wrong_key_is_refused_and_amtool_says_so(
    tocsin_server: TocsinServer, tmp_path: Path
) -> None:
    refused = amtool(tmp_path, tocsin_server.url, "not-the-key", "alert", "add", ALERT, "a=b")
    assert refused.returncode != 0
    assert incidents(tocsin_server) == []


def key_file(folder: Path, server: TocsinServer) -> str:
    """Write the integration's key to a file, as `credentials_file` wants it."""
    path = folder / "tocsin.key"
    path.write_text(server.integration_key, encoding="utf-8")
    return str(path)
