"""Payloads for these tests: what real parts sent, and small ones made here."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tocsin.core.alerts import Signal, Unreadable
from tocsin.sources.alertmanager.parse import AlertmanagerApi, AlertmanagerWebhook

CAPTURED = Path(__file__).parent / "captured"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
INTEGRATION = "prometheus"

WEBHOOK = AlertmanagerWebhook()
API = AlertmanagerApi()

Found = Signal | Unreadable


def captured(name: str) -> bytes:
    """Return a captured body by the end of its name, whatever version it is from."""
    (path,) = CAPTURED.glob(f"*-{name}.json")
    return path.read_bytes()


def webhook(*alerts: Any, **envelope: Any) -> bytes:
    """Build a webhook's body; an alert without a status is firing."""
    full = [{"status": "firing", **alert} if isinstance(alert, dict) else alert for alert in alerts]
    body = {"version": "4", "status": "firing", "alerts": full, "truncatedAlerts": 0}
    return json.dumps(body | envelope).encode()


def posted(*alerts: Any) -> bytes:
    """Build the body of a POST to /api/v2/alerts."""
    return json.dumps(alerts).encode()


def read_webhook(body: bytes) -> Sequence[Found]:
    """Read as at NOW."""
    return WEBHOOK.parse(INTEGRATION, body, NOW)


def read_posted(body: bytes) -> Sequence[Found]:
    """Read as at NOW."""
    return API.parse(INTEGRATION, body, NOW)


def only_signal(found: Sequence[Found]) -> Signal:
    """Insist on exactly one, and that it is a signal."""
    (item,) = found
    assert isinstance(item, Signal), item
    return item


def only_unreadable(found: Sequence[Found]) -> Unreadable:
    """Insist on exactly one, and that it could not be read."""
    (item,) = found
    assert isinstance(item, Unreadable), item
    return item
