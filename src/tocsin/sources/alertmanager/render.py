"""What amtool and dashboards read: the GET side of Alertmanager's API version 2, as JSON bytes."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from tocsin.core.patterns import BadPattern, Pattern
from tocsin.sources.alertmanager.matchers import BadMatcher, Matcher, read_matcher

FILTERS = 16
"""More matchers in one query are refused."""

FINGERPRINT_BYTES = 8
"""Alertmanager's fingerprints are 16 hex digits; the first bytes of ours serve."""

_NEVER = "0001-01-01T00:00:00.000Z"
"""How Go, and so everything that talks to Alertmanager, writes a time that was never set."""

# As go-openapi reads a boolean: these words are true, and everything else is false.
_TRUE = frozenset({"1", "true", "yes", "ok", "y", "on", "selected", "checked", "t", "enabled"})


class BadQuery(ValueError):
    """A query that cannot be understood; `parameter` is its name, the text says what is wrong."""

    def __init__(self, parameter: str, reason: BadPattern) -> None:
        super().__init__(str(reason))
        self.parameter = parameter


class AlertRow(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it stands in the store.

    `silenced_by` and `inhibited_by` are the ids of what keeps it quiet. `receiver` is the name of
    what the alert is sent to, here: of the integration.
    """

    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    starts_at: datetime
    ends_at: datetime | None
    updated_at: datetime
    fingerprint: bytes
    link: str
    firing: bool
    receiver: str
    silenced_by: tuple[str, ...] = ()
    inhibited_by: tuple[str, ...] = ()


class AlertQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which alerts GET /api/v2/alerts asks for. Like there, an alert that is over is never shown.

    `active`, `silenced` and `inhibited` say whether such alerts are wanted. No alert is ever
    `unprocessed` here, so that parameter means nothing.
    """

    matchers: tuple[Matcher, ...] = ()
    receiver: Pattern | None = None
    active: bool = True
    silenced: bool = True
    inhibited: bool = True

    def wants(self, row: AlertRow) -> bool:
        """Say whether the alert belongs in the answer."""
        if not row.firing:
            return False
        if not self.active and not row.silenced_by and not row.inhibited_by:
            return False
        if row.silenced_by and not self.silenced:
            return False
        if row.inhibited_by and not self.inhibited:
            return False
        if self.receiver and not self.receiver.matches(row.receiver):
            return False
        return all(matcher.matches(row.labels) for matcher in self.matchers)


def read_query(parameters: Iterable[tuple[str, str]]) -> AlertQuery:
    """Read the query string's (name, value) pairs; unknown names are ignored. Raises BadQuery."""
    matchers: list[Matcher] = []
    receiver: Pattern | None = None
    wanted = {"active": True, "silenced": True, "inhibited": True}
    for name, value in parameters:
        try:
            if name == "filter":
                if len(matchers) == FILTERS:
                    raise BadMatcher(f"A query may have {FILTERS} filters.")
                matchers.append(read_matcher(value))
            elif name == "receiver" and value:
                receiver = Pattern(value)
        except BadPattern as reason:
            raise BadQuery(name, reason) from None
        if name in wanted and value:
            wanted[name] = value.lower() in _TRUE
    return AlertQuery(matchers=tuple(matchers), receiver=receiver, **wanted)


def alerts_json(rows: Iterable[AlertRow], query: AlertQuery) -> bytes:
    """Render the answer of GET /api/v2/alerts: the alerts wanted, ordered by fingerprint."""
    wanted = sorted((row for row in rows if query.wants(row)), key=lambda row: row.fingerprint)
    return msgspec.json.encode([_gettable(row) for row in wanted])


def status_json(version: str, started_at: datetime, config: str) -> bytes:
    """Render the answer of GET /api/v2/status.

    `version` is Tocsin's; `config` is text for people, which `amtool config` prints; there is no
    gossip cluster, which the API calls "disabled".
    """
    unknown = ("revision", "branch", "buildUser", "buildDate", "goVersion")
    return msgspec.json.encode(
        {
            "cluster": {"status": "disabled", "peers": []},
            "config": {"original": config},
            "uptime": _time(started_at),
            "versionInfo": {"version": version} | dict.fromkeys(unknown, ""),
        }
    )


def _gettable(row: AlertRow) -> dict[str, Any]:
    suppressed = row.silenced_by or row.inhibited_by
    alert: dict[str, Any] = {
        "annotations": row.annotations,
        "endsAt": _time(row.ends_at) if row.ends_at else _NEVER,
        "fingerprint": row.fingerprint[:FINGERPRINT_BYTES].hex(),
        "receivers": [{"name": row.receiver}],
        "startsAt": _time(row.starts_at),
        "status": {
            "state": "suppressed" if suppressed else "active",
            "silencedBy": row.silenced_by,
            "inhibitedBy": row.inhibited_by,
        },
        "updatedAt": _time(row.updated_at),
        "labels": row.labels,
    }
    if row.link:
        alert["generatorURL"] = row.link
    return alert


def _time(instant: datetime) -> str:
    """RFC 3339 in UTC with milliseconds, as Alertmanager writes it."""
    return instant.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
