"""Values to rows and back: the one place that knows how a value lies in a table."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeAlias

import msgspec
from sqlalchemy import Table

from tocsin.core.alerts import FINGERPRINT_BYTES, Unreadable
from tocsin.core.delivery import Contact, Kind, Message
from tocsin.core.incident.state import Incident
from tocsin.core.record import START, chain
from tocsin.engine.ports import Activation, Alert, Change, Delivery, FileSeen, Kept, Summary
from tocsin.store import schema

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

KEY_BYTES = FINGERPRINT_BYTES
"""Length of fingerprints and group keys; the bulk statements cut them out of one parameter."""

PRIORITIES: dict[Kind, int] = {"page": 0, "alarm": 1, "notice": 2, "ticket": 2, "update": 2}
"""What is claimed first: pages overtake alarms, which overtake the rest."""

PRIORITY_LEVELS = tuple(sorted(set(PRIORITIES.values())))

LARGEST_ID = 2**63 - 1
"""The databases count no further; whoever asks for more gets nothing."""

Row: TypeAlias = tuple[Any, ...]
"""A row by position."""

_encode = msgspec.json.Encoder().encode
_incident = msgspec.json.Decoder(Incident)
_message = msgspec.json.Decoder(Message)


def names(table: Table, *without: str) -> tuple[str, ...]:
    """Return the column names of a table in their order."""
    return tuple(column.name for column in table.columns if column.name not in without)


ALERT = names(schema.alerts)
NEW_ALERT = names(schema.alerts, "id")
NEW_INCIDENT = names(schema.incidents, "counted_entries")
TIMELINE = names(schema.timeline)
NEW_DELIVERY = names(schema.deliveries, "id")
KEPT = ("snapshot", "entries", "head", "look_again_at")
"""The columns that `to_kept` reads."""

CHANGED_ALERT = ("firing", "ends_at", "incident_id", "disposition", "text", "updated_at", "id")
"""What `changed_alert_row` gives; the id comes last, as in an UPDATE."""

CHANGED_INCIDENT = (
    "state", "severity", "look_again_at", "generation", "entries", "head", "snapshot",
    "id", "entries_before",
)  # fmt: skip
"""What `changed_incident_row` gives; the last two say which row, and that nobody else moved it."""


def micros(at: datetime) -> int:
    """Return an aware instant as microseconds since the epoch."""
    delta = at - EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def length(duration: timedelta) -> int:
    """Return a duration as microseconds."""
    return duration // timedelta(microseconds=1)


def micros_or_none(at: datetime | None) -> int | None:
    """As `micros`, for what may be missing."""
    return None if at is None else micros(at)


def instant(value: int) -> datetime:
    """Return microseconds since the epoch as an aware UTC instant."""
    return EPOCH + timedelta(microseconds=value)


def instant_or_none(value: int | None) -> datetime | None:
    """As `instant`, for what may be missing."""
    return None if value is None else instant(value)


def group_key(group: str) -> bytes | None:
    """Return what a group is found by, None for an incident that collects no alerts."""
    if not group:
        return None
    return blake2b(group.encode("utf-8", "surrogatepass"), digest_size=KEY_BYTES).digest()


def plain(words: str) -> str:
    """Return foreign text such that both databases take it: no NUL, no half of a character."""
    words = words.replace("\x00", "\ufffd")
    return words.encode("utf-16", "surrogatepass").decode("utf-16", "replace")


def new_alert_row(alert: Alert) -> Row:
    """Return the values of NEW_ALERT."""
    return (
        alert.integration,
        alert.fingerprint,
        micros(alert.starts_at),
        micros_or_none(alert.ends_at),
        int(alert.firing),
        alert.incident_id,
        alert.disposition,
        alert.text,
        micros(alert.received_at),
        micros(alert.updated_at),
    )


def changed_alert_row(alert: Alert) -> Row:
    """Return the values of CHANGED_ALERT."""
    return (
        int(alert.firing),
        micros_or_none(alert.ends_at),
        alert.incident_id,
        alert.disposition,
        alert.text,
        micros(alert.updated_at),
        alert.id,
    )


def to_alert(row: Sequence[Any]) -> Alert:
    """Read a row of ALERT."""
    return Alert(
        id=row[0],
        integration=row[1],
        fingerprint=row[2],
        starts_at=instant(row[3]),
        ends_at=instant_or_none(row[4]),
        firing=row[5] == 1,
        incident_id=row[6],
        disposition=row[7],
        text=row[8],
        received_at=instant(row[9]),
        updated_at=instant(row[10]),
    )


def to_kept(row: Sequence[Any], recent: Incident | None = None) -> Kept:
    """Read a row of KEPT; `recent` is its incident where that is known already."""
    return Kept(recent or _incident.decode(row[0]), row[1], row[2], instant_or_none(row[3]))


def to_summary(row: Sequence[Any]) -> Summary:
    """Read (snapshot, look_again_at, entries)."""
    return Summary(
        incident=_incident.decode(row[0]),
        look_again_at=instant_or_none(row[1]),
        entries=row[2],
    )


def timeline_rows(change: Change) -> list[Row]:
    """Chain a change's events to its incident's timeline: the values of TIMELINE."""
    incident, kept = change.incident, change.kept
    count, head = (kept.entries, kept.head) if kept else (0, START)
    entries = chain(incident.code, change.events, count, head)
    return [(incident.id, entry.number, entry.text, entry.hash) for entry in entries]


def new_incident_row(change: Change, entries: int, head: bytes) -> Row:
    """Return the values of NEW_INCIDENT."""
    incident = change.incident
    return (
        incident.id,
        incident.code,
        incident.state,
        incident.severity,
        group_key(incident.group),
        incident.plan,
        micros(incident.opened_at),
        micros_or_none(change.look_again_at),
        incident.generation,
        entries,
        head,
        _encode(incident).decode(),
    )


def changed_incident_row(change: Change, kept: Kept, entries: int, head: bytes) -> Row:
    """Return the values of CHANGED_INCIDENT."""
    incident = change.incident
    return (
        incident.state,
        incident.severity,
        micros_or_none(change.look_again_at),
        incident.generation,
        entries,
        head,
        _encode(incident).decode(),
        incident.id,
        kept.entries,
    )


def refolded(incident: Incident) -> dict[str, Any]:
    """Return by column what of an incident's row follows from its timeline alone.

    What is read out of it may count otherwise from now on, so it is to be counted again.
    """
    return {
        "state": incident.state,
        "severity": incident.severity,
        "generation": incident.generation,
        "snapshot": _encode(incident).decode(),
        "counted_entries": 0,
    }


def new_delivery_row(delivery: Delivery) -> Row:
    """Return the values of NEW_DELIVERY."""
    return (
        delivery.message.id,
        delivery.incident_id,
        delivery.incident,
        delivery.page,
        delivery.kind,
        delivery.until,
        PRIORITIES[delivery.kind],
        plain(delivery.to),
        plain(delivery.person),
        delivery.contact.channel,
        plain(delivery.contact.address),
        delivery.contact.domain,
        _encode(delivery.message).decode(),
        delivery.state,
        micros(delivery.due_at),
        micros(delivery.created_at),
        delivery.attempts,
        delivery.claim,
        plain(delivery.detail),
        micros_or_none(delivery.sent_at),
    )


def to_delivery(row: Any) -> Delivery:
    """Read a row of all columns of deliveries, by name."""
    return Delivery(
        id=row.id,
        incident_id=row.incident_id,
        incident=row.incident,
        page=row.page,
        kind=row.kind,
        until=row.wanted_until,
        to=row.recipient,
        person=row.person,
        contact=Contact(row.channel, row.address, row.domain),
        message=_message.decode(row.message),
        state=row.state,
        due_at=instant(row.due_at),
        created_at=instant(row.created_at),
        attempts=row.attempts,
        claim=row.claim,
        detail=row.detail,
        sent_at=instant_or_none(row.sent_at),
    )


def new_activation(activation: Activation) -> dict[str, Any]:
    """Return a new activation's row by column."""
    return {
        "what": activation.what,
        "version": activation.version,
        "activated_at": micros(activation.at),
        "title": plain(activation.title),
        "activated_by": plain(activation.by),
        "via": activation.via,
        "why": plain(activation.why),
    }


def to_activation(row: Any) -> Activation:
    """Read a row of all columns of activations and the file's name, by name."""
    return Activation(
        id=row.id,
        what=row.what,
        version=row.version,
        file=row.file,
        title=row.title,
        at=instant(row.activated_at),
        by=row.activated_by,
        via=row.via,
        why=row.why,
    )


def new_file_seen(seen: FileSeen) -> dict[str, Any]:
    """Return a row of files_seen by column."""
    return {
        "what": seen.what,
        "source": plain(seen.source),
        "version": seen.version,
        "seen_at": micros(seen.at),
        "refused": seen.refused,
        "refused_after": seen.refused_after,
    }


def to_file_seen(row: Any) -> FileSeen:
    """Read a row of files_seen, by name."""
    return FileSeen(
        what=row.what,
        source=row.source,
        version=row.version,
        at=instant(row.seen_at),
        refused=row.refused,
        refused_after=row.refused_after,
    )


def new_unreadable(
    item: Unreadable, received_at: datetime, incident_id: int | None
) -> dict[str, Any]:
    """Return the row, by column, of something that could not be understood."""
    return {
        "integration": plain(item.integration),
        "why": plain(item.why),
        "payload": item.payload,
        "received_at": micros(received_at),
        "incident_id": incident_id,
    }


def to_unreadable(row: Any) -> tuple[int, datetime, Unreadable]:
    """Read a row of unreadable, by name."""
    item = Unreadable(integration=row.integration, why=row.why, payload=row.payload)
    return row.id, instant(row.received_at), item
