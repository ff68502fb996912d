"""Alertmanager's webhook and its API as sources: bytes in, signals out, whatever the bytes are.

The usual body is decoded in one go. If anything in it is not as it should be, it is read again
alert by alert, so that one bad alert costs nobody else theirs.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from tocsin.core.alerts import Signal, Unreadable, fingerprint
from tocsin.sources.alertmanager import mend
from tocsin.sources.alertmanager.wire import (
    AnyAlert,
    LooseWebhook,
    PostedAlert,
    Webhook,
    WebhookAlert,
    said,
)

BODY_BYTES = 16 * 1024 * 1024
"""A larger body is not read; about 28,000 alerts of 600 bytes."""

ALERT_BYTES = 256 * 1024
"""A larger alert is not read (invariant A8)."""

ALERTS_PER_BODY = 50_000
LABELS_PER_ALERT = 256

KEPT_BYTES = 64 * 1024
"""This much of what could not be read is kept."""

_FETCHED = ("http://", "https://")

Found = Signal | Unreadable


class AlertmanagerWebhook:
    """What Alertmanager's `webhook_configs` sends, version "4"."""

    @property
    def name(self) -> str:
        """As in an organisation file's integrations."""
        return "alertmanager"

    def parse(self, integration: str, payload: bytes, now: datetime) -> Sequence[Found]:
        """Understand a webhook's body; total. `now` changes nothing: each alert says its status."""
        return _Reading(_WEBHOOK, integration, now).of(payload)


class AlertmanagerApi:
    """What Prometheus and amtool send to `POST /api/v2/alerts`."""

    @property
    def name(self) -> str:
        """As in an organisation file's integrations."""
        return "alertmanager-api"

    def parse(self, integration: str, payload: bytes, now: datetime) -> Sequence[Found]:
        """Understand the body; total. An alert is over if its end is given and not after `now`."""
        return _Reading(_API, integration, now).of(payload)


class _Split(NamedTuple):
    """A body taken apart: the JSON of each alert, and what the envelope says about all of them."""

    alerts: Sequence[msgspec.Raw]
    status: msgspec.Raw = msgspec.Raw(b"null")
    left_out: msgspec.Raw = msgspec.Raw(b"0")


class _Dialect(NamedTuple):
    """How to read a whole usual body, how to split any body, and one alert, usual or not."""

    usual_body: Callable[[bytes], Sequence[AnyAlert]]
    split: Callable[[bytes], _Split]
    usual_alert: Callable[[bytes], AnyAlert]
    any_alert: Callable[[bytes, msgspec.Raw], AnyAlert]


_webhook_decoder = msgspec.json.Decoder(Webhook)
_loose_webhook_decoder = msgspec.json.Decoder(LooseWebhook)


def _usual_webhook(body: bytes) -> Sequence[AnyAlert]:
    webhook = _webhook_decoder.decode(body)
    return () if webhook.truncated_alerts else webhook.alerts


def _split_webhook(body: bytes) -> _Split:
    webhook = _loose_webhook_decoder.decode(body)
    return _Split(webhook.alerts, webhook.status, webhook.truncated_alerts)


_WEBHOOK = _Dialect(
    _usual_webhook,
    _split_webhook,
    msgspec.json.Decoder(WebhookAlert).decode,
    mend.webhook_alert,
)

_array_decoder = msgspec.json.Decoder(list[msgspec.Raw])

_API = _Dialect(
    msgspec.json.Decoder(list[PostedAlert]).decode,
    lambda body: _Split(_array_decoder.decode(body)),
    msgspec.json.Decoder(PostedAlert).decode,
    mend.posted_alert,
)


class _Reading:
    """The reading of one request body."""

    def __init__(self, dialect: _Dialect, integration: str, now: datetime) -> None:
        self._dialect = dialect
        self._integration = integration
        self._now = now

    def of(self, payload: bytes) -> list[Found]:
        """Read the whole body at once, or alert by alert if that does not go well."""
        if len(payload) > BODY_BYTES:
            return [self._unreadable(f"a body of more than {BODY_BYTES >> 20} MiB", payload)]
        found = self._at_once(payload)
        if found is not None:
            return found
        try:
            split = self._dialect.split(mend.mended(payload))
        except RecursionError:
            return [self._unreadable("JSON that is nested too deeply", payload)]
        except mend.UNDECODABLE as error:
            return [self._unreadable(f"not the expected JSON: {error}", payload)]
        return self._one_by_one(split)

    def _at_once(self, body: bytes) -> list[Found] | None:
        """Return None if anything in the body is unusual."""
        if len(body) > ALERT_BYTES or mend.holds_nul(body):
            return None
        try:
            alerts = self._dialect.usual_body(body)
        except mend.UNDECODABLE:
            return None
        if not alerts or len(alerts) > ALERTS_PER_BODY:
            return None
        found: list[Found] = []
        for alert in alerts:
            signal = self._signal(alert)
            if signal is None:
                return None
            found.append(signal)
        return found

    def _one_by_one(self, split: _Split) -> list[Found]:
        """Read alert by alert; a bad one costs only itself, and nothing is left out unsaid."""
        found = [self._one(bytes(raw), split.status) for raw in split.alerts[:ALERTS_PER_BODY]]
        beyond = split.alerts[ALERTS_PER_BODY:]
        if beyond:
            why = f"{len(beyond)} alerts beyond the {ALERTS_PER_BODY} that one body may hold"
            found.append(self._unreadable(why, b",".join(map(bytes, beyond[:KEPT_BYTES]))))
        left_out = bytes(split.left_out)
        if left_out not in (b"0", b"null"):
            found.append(self._unreadable("the sender left alerts out (max_alerts)", left_out))
        return found

    def _one(self, raw: bytes, group_status: msgspec.Raw) -> Found:
        if len(raw) > ALERT_BYTES:
            return self._unreadable(f"an alert of more than {ALERT_BYTES >> 10} KiB", raw)
        try:
            alert = self._dialect.usual_alert(raw)
        except mend.UNDECODABLE:
            try:
                alert = self._dialect.any_alert(raw, group_status)
            except (mend.NotAnAlert, *mend.UNDECODABLE) as reason:
                return self._unreadable(str(reason), raw)
        alert.labels = {name: value for name, value in alert.labels.items() if value}
        if not alert.labels:
            return self._unreadable("an alert without labels", raw)
        return self._signal(alert) or self._unreadable(
            f"an alert with more than {LABELS_PER_ALERT} labels", raw
        )

    def _signal(self, alert: AnyAlert) -> Signal | None:
        """Return None for labels that are missing, too many, or empty and not yet dropped."""
        labels = alert.labels
        if not labels or len(labels) > LABELS_PER_ALERT or "" in labels.values():
            return None
        ends_at = said(alert.ends_at)
        return Signal(
            integration=self._integration,
            fingerprint=fingerprint(self._integration, labels),
            firing=not alert.is_over(ends_at, self._now),
            labels=labels,
            annotations=alert.annotations or {},
            starts_at=said(alert.starts_at),
            ends_at=ends_at,
            link=_link(alert.generator_url),
        )

    def _unreadable(self, why: str, payload: bytes) -> Unreadable:
        return Unreadable(integration=self._integration, why=why, payload=payload[:KEPT_BYTES])


def _link(url: str | None) -> str:
    """Return the address if a browser would only fetch it, else "" (CVE-2023-40577: stored XSS)."""
    if not url:
        return ""
    if url.startswith(_FETCHED) or url[:8].lower().startswith(_FETCHED):
        return url
    return ""
