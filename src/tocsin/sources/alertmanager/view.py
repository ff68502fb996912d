"""Our alerts as Alertmanager's API shows its own."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from tocsin.core.quiet import maintenance_in
from tocsin.engine.ports import Alert
from tocsin.sources.alertmanager.render import AlertRow, alerts_json, read_query, status_json

CONFIG = "# Tocsin answers in the place of Alertmanager; routing is in the plan."


class _Said(msgspec.Struct):
    """The JSON that is kept of an alert."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    link: str


_said = msgspec.json.Decoder(_Said).decode


class AlertmanagerView:
    """The GET side of Alertmanager's API version 2."""

    def alerts(self, parameters: Iterable[tuple[str, str]], alerts: Iterable[Alert]) -> bytes:
        """Return the JSON of `GET /api/v2/alerts`; raises ValueError for a bad query."""
        query = read_query(parameters)
        return alerts_json((_row(alert) for alert in alerts), query)

    def status(self, version: str, started_at: datetime) -> bytes:
        """Return the JSON of `GET /api/v2/status`."""
        return status_json(version, started_at, CONFIG)


def _quiet(alert: Alert) -> tuple[str, ...]:
    """Name the planned maintenance that keeps an alert quiet, as Alertmanager names a silence."""
    number = maintenance_in(alert.disposition)
    return () if number is None or alert.incident_id is not None else (f"maintenance-{number}",)


def _row(alert: Alert) -> AlertRow:
    said = _said(alert.text)
    return AlertRow(
        labels=said.labels,
        annotations=said.annotations,
        starts_at=alert.starts_at,
        ends_at=alert.ends_at,
        updated_at=alert.updated_at,
        fingerprint=alert.fingerprint,
        link=said.link,
        firing=alert.firing,
        receiver=alert.integration,
        silenced_by=_quiet(alert),
    )
