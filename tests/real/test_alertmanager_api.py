"""Our half of Alertmanager's API against the real things: amtool reads it, and for the same alerts
and the same query it answers as the real Alertmanager does.
"""

import json
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.real.loopback import Request, Server
from tests.real.parts import Part, amtool

from tocsin.core.alerts import Signal, Unreadable
from tocsin.sources.alertmanager.parse import AlertmanagerApi
from tocsin.sources.alertmanager.render import (
    AlertRow,
    BadQuery,
    alerts_json,
    read_query,
    status_json,
)

pytestmark = pytest.mark.alertmanager

LABEL_SETS: list[dict[str, str]] = [
    {"alertname": "CheckoutDown", "shop": "berlin", "severity": "critical"},
    {"alertname": "CheckoutDown", "shop": "paris", "severity": "critical"},
    {"alertname": "DiskFull", "host": "db-1", "path": 'C:\\data "x", y'},
    {"alertname": "DiskFull", "host": "db-2", "note": "line one\nline two"},
    {"alertname": "Käse", "emoji": "\N{GRINNING FACE}", "severity": ""},
]

FILTERS = [
    'alertname="CheckoutDown"',
    "alertname=CheckoutDown",
    "alertname = CheckoutDown ",
    'alertname!="CheckoutDown"',
    'alertname=~"Check.*|Disk"',
    'alertname=~"Disk"',
    'alertname!~"Disk.*"',
    'alertname=~"(?i)diskfull"',
    'shop=~"berlin|paris"',
    'shop=""',
    'shop!=""',
    "shop=",
    "shop=~",
    'shop=~".+"',
    "shop==berlin",
    'path="C:\\\\data \\"x\\", y"',
    'path=~"C:.*"',
    'note="line one\\nline two"',
    'note=~"line.*"',
    'note=~"(?s)line.*"',
    'alertname="Käse"',
    'alertname=~"K.se"',
    'emoji=~"."',
    'severity="critical',
    'severity=critical"',
    'severity="cri"tical"',
    '{alertname="CheckoutDown"}',
    'alertname="CheckoutDown",shop="berlin"',
    "CheckoutDown",
    "1a=b",
    "a-b=c",
    "",
    'a=~"("',
    'a=~"(a)\\\\1"',
    'a=~"(?=a)"',
]

FLAGS = [
    "active=false",
    "active=TRUE",
    "active=maybe",
    "active=",
    "silenced=false&inhibited=false&unprocessed=false",
    "receiver=tocsin",
    "receiver=toc",
    "receiver=toc.*",
    "receiver=(",
    "receiver=",
    "nonsense=1",
]


POSTS = [
    b'{"labels": {"a": "1"}}',
    b'{"Labels": {"a": "2"}, "ENDSAT": "2099-01-01T00:00:00Z", "Annotations": {"x": "y"}}',
    b'{"labels": {"a": "3", "b": null, "c": ""}}',
    b'{"labels": {"a": "4"}, "startsAt": null, "endsAt": null, "annotations": null}',
    b'{"labels": {"a": "5"}, "startsAt": "", "generatorURL": ""}',
    b'{"labels": {"a": "6"}, "startsAt": "2026-01-01T00:00:00"}',
    b'{"labels": {"a": "7"}, "startsAt": "2026-01-01 00:00:00"}',
    b'{"labels": {"a": "8"}, "startsAt": "2026-01-01T00:00:00.123456+0530"}',
    b'{"labels": {"a": "9"}, "startsAt": "2026-01-01T00:00Z"}',
    b'{"labels": {"a": "10"}, "startsAt": "2026-01-01T00:00:00,5Z"}',
    b'{"labels": {"a": "11"}, "unknown": [1, 2]}',
    b'{"labels": {"a": "12 \\ud800 x"}}',
    b'{"labels": {"a": "13 \xff"}}',
    b'{"labels": {"a": "14 \\ud83d\\ude00"}}',
    b'{"labels": {"a": "15"}, "endsAt": "2020-01-01T00:00:00Z"}',
    b'{"labels": {"a": "16"}, "endsAt": "2099-01-01T00:00:00.123456789+02:00"}',
]
"""Alerts that Alertmanager 0.25 takes, some of them out of kindness."""


class Shelf(Server):
    """The least server that has our half of the API: what is posted can be read again."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[bytes, AlertRow] = {}
        self.keys: list[str] = []

    def on_get(self, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Answer alerts and status."""
        self.keys.append(headers.get("authorization", ""))
        url = urllib.parse.urlsplit(path)
        if url.path == "/api/v2/status":
            return 200, "application/json", status_json("0.1.0", datetime.now(UTC), "")  # noqa: TID251
        try:
            query = read_query(urllib.parse.parse_qsl(url.query, keep_blank_values=True))
        except BadQuery as reason:
            return 400, "application/json", json.dumps(str(reason)).encode()
        return 200, "application/json", alerts_json(self.rows.values(), query)

    def on_post(self, request: Request) -> int:
        """Keep the alerts."""
        for signal in AlertmanagerApi().parse("tocsin", request.body, request.at):
            assert isinstance(signal, Signal), signal
            self.rows[signal.fingerprint] = AlertRow(
                labels=signal.labels,
                annotations=signal.annotations,
                starts_at=signal.starts_at or request.at,
                ends_at=signal.ends_at,
                updated_at=request.at,
                fingerprint=signal.fingerprint,
                link=signal.link,
                firing=signal.firing,
                receiver="tocsin",
            )
        return 200


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with Shelf() as server:
        yield server


def answer(url: str, query: str) -> tuple[int, list[dict[str, str]]]:
    """Return the status and the label sets, sorted."""
    try:
        with urllib.request.urlopen(f"{url}/api/v2/alerts?{query}", timeout=5) as got:
            alerts: list[Any] = json.load(got)
            return got.status, sorted((a["labels"] for a in alerts), key=repr)
    except urllib.error.HTTPError as refused:
        return refused.code, []


def post(url: str, alerts: list[dict[str, Any]]) -> None:
    """Post alerts as Prometheus does."""
    send(url, json.dumps(alerts).encode())


def send(url: str, body: bytes) -> None:
    """Post a body and insist that it is taken."""
    request = urllib.request.Request(
        f"{url}/api/v2/alerts", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=5) as got:
        assert got.status == 200


def test_answers_are_the_same_as_alertmanagers(
    alertmanager: Callable[[str], Part], shelf: Shelf
) -> None:
    config = "{route: {receiver: tocsin, group_wait: 0s}, receivers: [{name: tocsin}]}"
    theirs = alertmanager(config).url
    for url in (theirs, shelf.url):
        post(url, [{"labels": labels} for labels in LABEL_SETS])
    queries = [urllib.parse.urlencode({"filter": text}) for text in FILTERS] + FLAGS
    queries.append(urllib.parse.urlencode([("filter", "shop=paris"), ("filter", 'severity!=""')]))
    different = {
        query: (answer(theirs, query), answer(shelf.url, query))
        for query in queries
        if answer(theirs, query) != answer(shelf.url, query)
    }
    assert different == {}


def test_what_alertmanager_takes_is_taken(alertmanager: Callable[[str], Part]) -> None:
    config = "{route: {receiver: tocsin, group_wait: 0s}, receivers: [{name: tocsin}]}"
    theirs = alertmanager(config).url
    found: list[Signal | Unreadable] = []
    for alert in POSTS:
        body = b"[" + alert + b"]"
        send(theirs, body)
        found += AlertmanagerApi().parse("tocsin", body, datetime.now(UTC))  # noqa: TID251
    signals = [item for item in found if isinstance(item, Signal)]
    assert len(signals) == len(POSTS)
    ours = sorted((signal.labels for signal in signals if signal.firing), key=repr)
    assert answer(theirs, "") == (200, ours)


def test_amtool_reads_what_it_added(tmp_path: Path, shelf: Shelf) -> None:
    def run(*arguments: str) -> str:
        done = amtool(tmp_path, shelf.url, "secret-1", *arguments)
        assert done.returncode == 0, done.stderr
        # Nothing else: it compares its version with ours unless told --no-version-check.
        assert all("are different" in line for line in done.stderr.splitlines()), done.stderr
        return done.stdout

    more = ("--annotation=summary=Nobody can pay", "--generator-url=http://example.test/1")
    for shop in ("berlin", "paris"):
        run("alert", "add", "CheckoutDown", f"shop={shop}", *more)

    simple = run("alert", "query")
    assert simple.count("CheckoutDown") == 2
    assert simple.count("Nobody can pay") == 2

    extended = run("-o", "extended", "alert", "query", "shop=paris")
    assert 'shop="paris"' in extended
    assert "berlin" not in extended
    assert "http://example.test/1" in extended

    (alert,) = json.loads(run("-o", "json", "alert", "query", "shop=~p.+"))
    assert alert["labels"] == {"alertname": "CheckoutDown", "shop": "paris"}
    assert alert["status"]["state"] == "active"
    assert set(shelf.keys) == {"Bearer secret-1"}


@pytest.mark.parametrize("flag", ["--silenced", "--inhibited", "--unprocessed"])
def test_amtool_asks_for_states(tmp_path: Path, shelf: Shelf, flag: str) -> None:
    post(shelf.url, [{"labels": LABEL_SETS[0]}])
    nothing = amtool(tmp_path, shelf.url, "", "-o", "json", "alert", "query", flag)
    assert json.loads(nothing.stdout) == []
    active = amtool(tmp_path, shelf.url, "", "-o", "json", "alert", "query", "--active")
    assert len(json.loads(active.stdout)) == 1


def test_amtool_shows_the_status(tmp_path: Path, shelf: Shelf) -> None:
    shown = amtool(tmp_path, shelf.url, "", "cluster", "show")
    assert shown.returncode == 0, shown.stderr
    assert "disabled" in shown.stdout
