"""What changes the store. Nothing here can change or remove an entry of a timeline.

Only `probes` removes timelines, and only of what is no incident.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, Insert, and_, delete, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.dml import ReturningInsert

from tocsin.core.alerts import Unreadable
from tocsin.core.plan.model import Until
from tocsin.core.record import START
from tocsin.engine.ports import (
    Activation,
    Alert,
    Change,
    Conflict,
    Delivery,
    FileSeen,
    Kept,
)
from tocsin.store import rows
from tocsin.store.accounts import SqlAccountsWriting
from tocsin.store.attachments import SqlAttachmentsWriting
from tocsin.store.audit import SqlAuditWriting
from tocsin.store.database import Bulk
from tocsin.store.deployments import SqlDeploymentsWriting
from tocsin.store.heartbeats import SqlHeartbeatsWriting
from tocsin.store.in_order import change_deliveries
from tocsin.store.journal import SqlJournalWriting
from tocsin.store.metrics import SqlMetricsWriting
from tocsin.store.moving import SqlMoving
from tocsin.store.overrides import SqlOverridesWriting
from tocsin.store.probes import SqlProbeWriting
from tocsin.store.put_off import SqlPutOffWriting
from tocsin.store.quiet import SqlQuietWriting
from tocsin.store.reading import IS_DUE, KEPT, SqlReading
from tocsin.store.recent import Recent
from tocsin.store.schema import (
    activations,
    counters,
    deliveries,
    documents,
    files_seen,
    incidents,
    meta,
    unreadable,
)
from tocsin.store.statuspage import SqlStatusWriting
from tocsin.store.tried import SqlTriedReading

log = structlog.get_logger()

MOST_PARAMETERS = 10_000
"""More values than this go into several statements; both databases take a few times as many."""

_IS_EXERCISE = deliveries.c.message.contains('"exercise":true')
"""Of a message as it is written: inside of a text the quotes would stand behind backslashes."""

CLAIMS_AT_ONCE = 100
"""So many claims are renewed by one statement."""


class SqlTransaction(
    SqlReading,
    SqlAccountsWriting,
    SqlAuditWriting,
    SqlAttachmentsWriting,
    SqlDeploymentsWriting,
    SqlMoving,
    SqlStatusWriting,
    SqlOverridesWriting,
    SqlJournalWriting,
    SqlQuietWriting,
    SqlPutOffWriting,
    SqlTriedReading,
    SqlHeartbeatsWriting,
    SqlProbeWriting,
    SqlMetricsWriting,
):
    """A transaction on one connection; see engine.ports.Transaction.

    What waits for others takes its locks in the order of ids (alerts before incidents, those before
    deliveries), so that two nodes don't wait for each other; if they do, the database ends one with
    a Conflict. Claims, and what renews them, take what is free and wait for nobody.
    """

    def __init__(
        self, connection: Connection, bulk: Bulk, recent: Recent, lacks_room: Callable[[], str]
    ) -> None:
        super().__init__(connection)
        self._lacks_room = lacks_room
        self._bulk = bulk
        self._recent = recent

    def known_alerts(self, fingerprints: Collection[bytes]) -> dict[bytes, Alert]:
        """See Transaction."""
        if not fingerprints:
            return {}
        found = map(rows.to_alert, self._bulk.latest_alerts(_joined(fingerprints)))
        return {alert.fingerprint: alert for alert in found}

    def keep_alerts(self, new: Sequence[Alert], changed: Sequence[Alert]) -> None:
        """See Transaction."""
        if new:
            _joined([alert.fingerprint for alert in new])
            self._bulk.add_alerts([rows.new_alert_row(alert) for alert in new])
        if changed:
            self._bulk.change_alerts([rows.changed_alert_row(alert) for alert in changed])

    def keep_unreadable(self, items: Sequence[tuple[Unreadable, datetime, int | None]]) -> None:
        """See Transaction."""
        if items:
            values = [rows.new_unreadable(*item) for item in items]
            self._connection.execute(insert(unreadable), values)

    def latest_of_groups(self, groups: Collection[str]) -> dict[str, Kept]:
        """See Transaction."""
        by_key = {key: group for group in groups if (key := rows.group_key(group)) is not None}
        if not by_key:
            return {}
        found = self._bulk.latest_incidents(_joined(by_key))
        return {by_key[row[0]]: rows.to_kept(row[1:], self._recent.get(row[3])) for row in found}

    def locked(self, code: str) -> Kept | None:
        """See Transaction."""
        question = KEPT.where(incidents.c.code == rows.plain(code))
        row = self._connection.execute(question.with_for_update(key_share=True)).first()
        return None if row is None else rows.to_kept(row)

    def locked_by_id(self, incident_ids: Collection[int]) -> dict[int, Kept]:
        """See Transaction."""
        question = KEPT.add_columns(incidents.c.id).order_by(incidents.c.id)
        question = question.with_for_update(key_share=True)
        found = [
            row
            for part in _parts(sorted(set(incident_ids)))
            for row in self._connection.execute(question.where(incidents.c.id.in_(part))).all()
        ]
        return {each.incident.id: each for each in self._readable(found)[0]}

    def due_incidents(self, now: datetime, limit: int) -> list[Kept]:
        """See Transaction."""
        question = (
            KEPT.add_columns(incidents.c.id)
            .where(incidents.c.look_again_at <= rows.micros(now))
            .order_by(incidents.c.look_again_at)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        kept, damaged = self._readable(self._connection.execute(question).all())
        if damaged:
            # Looked at a minute later, so that they hold up no others.
            later = rows.micros(now + timedelta(minutes=1))
            self._connection.execute(
                update(incidents).where(incidents.c.id.in_(damaged)).values(look_again_at=later)
            )
        return kept

    def _readable(self, found: Sequence[Sequence[Any]]) -> tuple[list[Kept], list[int]]:
        """Read incidents; return them, and the ids of those that are damaged."""
        kept, damaged = [], []
        for *row, incident_id in found:
            try:
                kept.append(rows.to_kept(row))
            except msgspec.DecodeError:
                damaged.append(incident_id)
        if damaged:
            log.error("store.incident-unreadable", ids=damaged)
        return kept, damaged

    def keep(self, changes: Sequence[Change]) -> None:
        """See Transaction. An incident that is no longer as `kept` says is a Conflict."""
        new: list[rows.Row] = []
        changed: list[rows.Row] = []
        entries: list[rows.Row] = []
        for change in sorted(changes, key=lambda change: change.incident.id):
            added = rows.timeline_rows(change)
            entries += added
            kept = change.kept
            if kept is None:
                count, head = (added[-1][1], added[-1][3]) if added else (0, START)
                new.append(rows.new_incident_row(change, count, head))
            else:
                count, head = (added[-1][1], added[-1][3]) if added else (kept.entries, kept.head)
                changed.append(rows.changed_incident_row(change, kept, count, head))
            self._recent.put(head, change.incident)
        if new:
            self._bulk.add_incidents(new)
        if changed and self._bulk.change_incidents(changed) != len(changed):
            raise Conflict("an incident has changed since it was read")
        if entries:
            self._bulk.add_entries(entries)

    def numbers(self, counter: str, count: int) -> range:
        """See Transaction. The counter's row stays locked to the end, so nothing leaves a gap."""
        if count <= 0:
            return range(0)
        counting = _COUNTING[self._connection.dialect.name]
        values = {"name": counter, "value": count}
        last: int = self._connection.execute(counting, values).scalar_one()
        return range(last - count + 1, last + 1)

    def keep_deliveries(self, new: Sequence[Delivery]) -> None:
        """See Transaction."""
        if new:
            self._bulk.add_deliveries([rows.new_delivery_row(delivery) for delivery in new])

    def cancel_deliveries(
        self, incident_ids: Collection[int], until: Collection[Until], why: str
    ) -> int:
        """See Transaction."""
        wanted = and_(
            deliveries.c.state == "due",
            deliveries.c.kind.in_(("page", "alarm")),
            deliveries.c.wanted_until.in_(tuple(until)),
        )
        cancelled = {"state": "cancelled", "detail": rows.plain(why)}
        return sum(
            change_deliveries(
                self._connection, and_(wanted, deliveries.c.incident_id.in_(part)), cancelled
            )
            for part in _parts(sorted(set(incident_ids)))
        )

    def claim_deliveries(
        self, channel: str, limit: int, claim: str, now: datetime, until: datetime
    ) -> list[Delivery]:
        """See Transaction. Each priority is a range of one index: what is not due costs nothing."""
        at = rows.micros(now)
        found: list[Delivery] = []
        for priority in rows.PRIORITY_LEVELS:
            if len(found) >= limit:
                break
            question = (
                select(deliveries)
                .where(IS_DUE, deliveries.c.channel == channel)
                .where(deliveries.c.priority == priority, deliveries.c.due_at <= at)
                .order_by(deliveries.c.due_at, deliveries.c.id)
                .limit(limit - len(found))
                .with_for_update(key_share=True, skip_locked=True)
            )
            found += [rows.to_delivery(row) for row in self._connection.execute(question)]
        return self._claimed(found, claim, until)

    def claim_beside(self, claimed: Delivery, limit: int, now: datetime) -> list[Delivery]:
        """See Transaction. A range of one index: what others wait for costs nothing."""
        question = (
            select(deliveries)
            .where(IS_DUE, deliveries.c.person == rows.plain(claimed.person))
            .where(deliveries.c.channel == claimed.contact.channel)
            .where(deliveries.c.kind == claimed.kind, deliveries.c.due_at <= rows.micros(now))
            .where(deliveries.c.address == rows.plain(claimed.contact.address))
            .where(deliveries.c.attempts == claimed.attempts - 1, deliveries.c.incident_id > 0)
            .where(_IS_EXERCISE if claimed.message.exercise else ~_IS_EXERCISE)
            .order_by(deliveries.c.due_at, deliveries.c.id)
            .limit(limit)
            .with_for_update(key_share=True, skip_locked=True)
        )
        found = [rows.to_delivery(row) for row in self._connection.execute(question)]
        return self._claimed(found, claimed.claim, claimed.due_at)

    def _claimed(self, found: Sequence[Delivery], claim: str, until: datetime) -> list[Delivery]:
        claiming = update(deliveries).values(
            due_at=rows.micros(until), attempts=deliveries.c.attempts + 1, claim=claim
        )
        for part in _parts([delivery.id for delivery in found]):
            self._connection.execute(claiming.where(deliveries.c.id.in_(part)))
        return [
            msgspec.structs.replace(each, due_at=until, attempts=each.attempts + 1, claim=claim)
            for each in found
        ]

    def renew_claims(self, claimed: Sequence[Delivery], until: datetime) -> None:
        """See Transaction. Never waits: what somebody else is about is renewed the next time."""
        ids_of: dict[str, list[str]] = {}
        for delivery in claimed:
            ids_of.setdefault(delivery.claim, []).append(delivery.message.id)
        held = [
            and_(deliveries.c.claim == claim, deliveries.c.message_id.in_(ids))
            for claim, ids in ids_of.items()
        ]
        for start in range(0, len(held), CLAIMS_AT_ONCE):
            mine = and_(deliveries.c.state == "due", or_(*held[start : start + CLAIMS_AT_ONCE]))
            later = {"due_at": rows.micros(until)}
            change_deliveries(self._connection, mine, later, skip_locked=True)

    def finish_delivery(self, delivery: Delivery) -> bool:
        """See Transaction."""
        # What was on its way when the answer came has been sent all the same.
        states = ("due", "cancelled") if delivery.state == "sent" else ("due",)
        finishing = (
            update(deliveries)
            .where(
                deliveries.c.message_id == delivery.message.id,
                deliveries.c.claim == delivery.claim,
                deliveries.c.state.in_(states),
            )
            .values(
                state=delivery.state,
                due_at=rows.micros(delivery.due_at),
                detail=rows.plain(delivery.detail),
                sent_at=rows.micros_or_none(delivery.sent_at),
            )
        )
        return self._connection.execute(finishing).rowcount == 1

    def lock_rules(self) -> None:
        """See Transaction. There is always a secret, so there is always its row to lock."""
        question = select(meta.c.name).where(meta.c.name == "secret").with_for_update()
        self._connection.execute(question)

    def activate(self, activation: Activation, text: str) -> None:
        """See Transaction."""
        document = {
            "what": activation.what,
            "version": activation.version,
            "file": rows.plain(activation.file),
            "text": rows.plain(text),
        }
        self._connection.execute(_DOCUMENTING[self._connection.dialect.name], document)
        self._connection.execute(insert(activations).values(rows.new_activation(activation)))

    def keep_file_seen(self, seen: FileSeen) -> None:
        """See Transaction."""
        mine = (files_seen.c.what == seen.what, files_seen.c.source == rows.plain(seen.source))
        self._connection.execute(delete(files_seen).where(*mine))
        self._connection.execute(insert(files_seen).values(rows.new_file_seen(seen)))


# The two databases agree on these statements, but SQLAlchemy wants them built for each.
_sqlite_count = sqlite.insert(counters)
_postgres_count = postgresql.insert(counters)
_COUNTING: dict[str, ReturningInsert[int]] = {
    "sqlite": _sqlite_count.on_conflict_do_update(
        index_elements=[counters.c.name],
        set_={"value": counters.c.value + _sqlite_count.excluded.value},
    ).returning(counters.c.value),
    "postgresql": _postgres_count.on_conflict_do_update(
        index_elements=[counters.c.name],
        set_={"value": counters.c.value + _postgres_count.excluded.value},
    ).returning(counters.c.value),
}
_DOCUMENTING: dict[str, Insert] = {
    "sqlite": sqlite.insert(documents).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(documents).on_conflict_do_nothing(),
}


def _joined(keys: Collection[bytes]) -> bytes:
    """Return different keys in their order, one after the other."""
    joined = b"".join(sorted(set(keys)))
    if any(len(key) != rows.KEY_BYTES for key in keys):
        raise ValueError(f"a fingerprint has {rows.KEY_BYTES} bytes")
    return joined


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(values), MOST_PARAMETERS):
        yield values[start : start + MOST_PARAMETERS]
