"""What the simulated store keeps: tables, locks, and what the disk has forgotten after a power cut.

It models what the engine relies on: locks on rows (waited for, or skipped), the unique indexes, and
which commits are on the disk.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

import msgspec

from tocsin.core.alerts import Unreadable
from tocsin.core.incident.events import Event
from tocsin.core.incident.fold import fold
from tocsin.core.incident.state import Incident
from tocsin.core.overrides import MadeOverride
from tocsin.core.record import Entry
from tocsin.core.statuspage.model import Claim, Publication
from tocsin.engine.audit import Act
from tocsin.engine.ports import (
    Activation,
    Alert,
    Conflict,
    Delivery,
    FileSeen,
    Kept,
    What,
)
from tocsin.simulation.tables import Table, Undo

SECRET = b"simulated secret of 32 bytes ...."[:32]


class MustWait(BaseException):
    """A row is locked by a transaction that is not over: begin again when it is.

    Not an Exception, so that nothing of production takes it for a failure of the store.
    """


class NotSimulated(BaseException):
    """The engine has asked something that the simulated store does not know."""


class Committed(msgspec.Struct, frozen=True, kw_only=True):
    """What one transaction has changed: rows as (before, after), and the events it appended.

    `unreadable` are the incidents of what could not be understood; `overrides`: some have changed;
    `brings_back`: it is part of bringing back what happened in an emergency.
    """

    incidents: tuple[tuple[Kept | None, Kept], ...]
    events: dict[int, list[Event]]
    first_entry: dict[int, int]
    deliveries: tuple[tuple[Delivery | None, Delivery], ...]
    alerts: tuple[tuple[Alert | None, Alert], ...]
    activations: tuple[Activation, ...]
    unreadable: tuple[int | None, ...] = ()
    overrides: bool = False
    brings_back: bool = False


class Disk:
    """All tables, who has locked what, and what of them would survive a power cut.

    `forgetful`: commits are on the disk only after `tidy`, which production never allows.
    """

    def __init__(self, *, forgetful: bool = False) -> None:
        self.incidents: Table[int, Kept] = Table("incidents")
        self.timeline: Table[tuple[int, int], Entry] = Table("timeline")
        self.alerts: Table[int, Alert] = Table("alerts")
        self.deliveries: Table[int, Delivery] = Table("deliveries")
        self.counters: Table[str, int] = Table("counters")
        self.documents: Table[tuple[What, str], tuple[str, str]] = Table("documents")
        self.activations: Table[int, Activation] = Table("activations")
        self.files_seen: Table[tuple[What, str], FileSeen] = Table("files_seen")
        self.unreadable: Table[int, tuple[Unreadable, int | None, datetime]] = Table("unreadable")
        self.overrides: Table[int, MadeOverride] = Table("overrides")
        self.audit: Table[int, Act] = Table("audit")
        self.publications: Table[int, Publication] = Table("publications")
        self.claims: Table[int, Claim] = Table("claims")
        self.carried_over: Table[tuple[str, str], int] = Table("carried_over")
        self.meta: Table[str, object] = Table("meta")
        self.tables: dict[str, Table[Any, Any]] = {
            table.name: table for table in vars(self).values() if isinstance(table, Table)
        }
        self.locks: dict[tuple[str, object], object] = {}
        self.last_ids: dict[str, int] = {}
        self.index = Index(self)
        self.watch: Callable[[Committed], None] = lambda _committed: None
        """Is told of every commit, once it is visible."""
        self.pause_within: Callable[[], None] = lambda: None
        """Is called within transactions wherever another one might come between."""
        self.commits = 0
        self._forgetful = forgetful
        self.not_on_disk: list[Undo] = []

    def tidy(self) -> None:
        """See Store: everything is on the disk from here on."""
        self.not_on_disk.clear()

    def apply(self, table: Table[Any, Any], changed: dict[Any, Any]) -> None:
        """Make a transaction's changes of one table visible."""
        for key, row in changed.items():
            self.not_on_disk.append(Undo(table.name, key, table.rows.get(key)))
            _set(table, key, row)

    def after_commit(self) -> None:
        """Wait for the disk, as production does before it says that anything is kept."""
        self.commits += 1
        if not self._forgetful:
            self.not_on_disk.clear()

    def lose_power(self) -> None:
        """Forget all that is not on the disk, and who holds which lock."""
        for undo in reversed(self.not_on_disk):
            _set(self.tables[undo.table], undo.key, undo.row)
        self.not_on_disk.clear()
        self.locks.clear()
        self.index = Index(self)

    def refold(self) -> None:
        """Fold all incidents anew from their timelines, as the first start of a new version."""
        for number, kept in list(self.incidents.rows.items()):
            incident: Incident | None = None
            for entry in range(1, kept.entries + 1):
                incident = fold(incident, self.timeline.rows[number, entry].event())
            if incident is not None:
                self.incidents.rows[number] = msgspec.structs.replace(kept, incident=incident)


class Index:
    """What rows are found by, over what is committed."""

    def __init__(self, store: Disk) -> None:
        self.codes: dict[str, int] = {}
        self.groups: dict[str, list[int]] = {}
        self.fingerprints: dict[bytes, list[int]] = {}
        self.messages: dict[str, int] = {}
        self.of_incident: dict[int, list[int]] = {}
        self.due: dict[int, None] = {}
        self.armed: dict[int, None] = {}
        for kept in store.incidents.rows.values():
            self.incident(kept)
        for alert in store.alerts.rows.values():
            self.alert(alert)
        for delivery in store.deliveries.rows.values():
            self.delivery(delivery)

    def incident(self, kept: Kept) -> None:
        """Note an incident as it is now."""
        incident = kept.incident
        if incident.code not in self.codes:
            self.codes[incident.code] = incident.id
            if incident.group:
                self.groups.setdefault(incident.group, []).append(incident.id)
        if kept.look_again_at is not None:
            self.armed[incident.id] = None
        else:
            self.armed.pop(incident.id, None)

    def alert(self, alert: Alert) -> None:
        """Note an alert."""
        known = self.fingerprints.setdefault(alert.fingerprint, [])
        if alert.id not in known:
            known.append(alert.id)

    def delivery(self, delivery: Delivery) -> None:
        """Note a delivery as it is now."""
        if delivery.message.id not in self.messages:
            self.messages[delivery.message.id] = delivery.id
            self.of_incident.setdefault(delivery.incident_id, []).append(delivery.id)
        if delivery.state == "due":
            self.due[delivery.id] = None
        else:
            self.due.pop(delivery.id, None)


def unique(condition: bool, what: str) -> None:
    """Raise Conflict where a unique index of the real store would."""
    if not condition:
        raise Conflict(what)


def _set(table: Table[Any, Any], key: Any, row: Any) -> None:
    if row is None:
        table.rows.pop(key, None)
    else:
        table.rows[key] = row
