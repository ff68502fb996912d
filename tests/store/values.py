"""Values to keep, with only what a test cares about spelled out."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Any

from msgspec.structs import replace

from tocsin.core.delivery import Contact, Message
from tocsin.core.incident import events
from tocsin.core.incident.events import Event
from tocsin.core.incident.state import Incident
from tocsin.engine.ports import Alert, Change, Delivery, Kept, Transaction
from tocsin.store.sql_store import SqlStore

NOW = datetime(2026, 3, 6, 22, 0, 0, 123456, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def key(name: object) -> bytes:
    """A fingerprint."""
    return blake2b(str(name).encode(), digest_size=16).digest()


def alert(name: object = "a", **changes: Any) -> Alert:
    """A firing alert that nobody has seen."""
    plain = Alert(
        integration="prometheus",
        fingerprint=key(name),
        starts_at=NOW,
        ends_at=None,
        firing=True,
        incident_id=None,
        disposition="opened",
        text='{"labels": {"alertname": "ApiDown"}}',
        received_at=NOW,
        updated_at=NOW,
    )
    return replace(plain, **changes)


def incident(number: int = 1, **changes: Any) -> Incident:
    """An open incident."""
    plain = Incident(
        id=number,
        code=f"INC-2026-{number:03}",
        title="Checkout is down",
        state="open",
        severity="P0",
        severity_confirmed=False,
        severity_why="",
        plan="v1",
        opened_at=NOW,
        escalating_since=NOW,
        group=f"group {number}",
    )
    return replace(plain, **changes)


def note(text: str = "looking into it") -> Event:
    """Something that happened."""
    return events.Noted(at=NOW, by="ann", text=text)


def opening(number: int = 1, look_again_at: datetime | None = NOW, **changes: Any) -> Change:
    """An incident that is new, with two entries."""
    opened = incident(number, **changes)
    return Change(None, (note("first"), note("second")), opened, look_again_at)


class WentWrong(Exception):
    """What a test raises to leave a transaction."""


@contextmanager
def rolled_back(store: SqlStore) -> Iterator[Transaction]:
    """A transaction that an exception ends."""
    with suppress(WentWrong), store.write() as tx:
        yield tx
        raise WentWrong


def keep(store: SqlStore, *changes: Change) -> None:
    """Keep changes in a transaction of their own."""
    with store.write() as tx:
        tx.keep(changes)


def kept(store: SqlStore, code: str = "INC-2026-001") -> Kept:
    """Read an incident that must be there."""
    with store.read() as reading:
        found = reading.incident(code)
    assert found is not None
    return found


def delivery(name: str = "m1", **changes: Any) -> Delivery:
    """A page that is due."""
    kind = changes.get("kind", "page")
    message = Message(
        id=name,
        kind=kind,
        short_code="7K2F",
        attempt=1,
        incident="INC-2026-001",
        title="Checkout is down",
        severity="P0",
        severity_name="Critical",
        state="open",
        why="the plan says so",
        details=(("alert", "ApiDown"),),
        sent_at=NOW,
    )
    plain = Delivery(
        incident_id=1,
        incident="INC-2026-001",
        page=3,
        kind="page",
        to="on-call-engineer",
        person="ann",
        contact=Contact("email", "ann@example.org", "mail"),
        message=message,
        due_at=NOW,
        created_at=NOW,
    )
    return replace(plain, **changes)
