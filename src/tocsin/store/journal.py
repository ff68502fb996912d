"""What a journal is given of the main store, and what of it is found when it is brought back.

Rows go over as they are, by table: both stores have the schema of this program.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    delete,
    func,
    insert,
    literal,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.core.emergency import Emergency
from tocsin.engine.journal import Copy, JournalState, Known
from tocsin.engine.overrides import CHANGES
from tocsin.engine.ports import Alert, Delivery
from tocsin.store import rows
from tocsin.store.schema import (
    activations,
    alerts,
    api_keys,
    carried_over,
    component_states,
    counters,
    deliveries,
    documents,
    heartbeats,
    incidents,
    maintenance_looks,
    maintenances,
    meta,
    metadata,
    overrides,
    publications,
    quiet_alerts,
    sessions,
    timeline,
    unreadable,
)

ENTRIES_OF_ONE = 300
"""So many entries of one timeline are copied at first, the last ones; then those that are new."""

ALERTS_OF_ONE = 2_000
"""So many firing alerts of one incident are copied, the newest; others are taken for new ones."""

ANSWERABLE = timedelta(hours=24)
"""Messages that are as old as this can't be answered any more, see `web.pages.incident.answer`."""

FAR_AHEAD = 1_000_000_000
"""Incidents of an emergency are numbered from so far beyond those of the main store."""

AT_ONCE = 500
ENTRIES_AT_ONCE = 50
SESSIONS_AT_MOST = 5_000
QUIET_AT_MOST = 5_000

WHOLE: tuple[Table, ...] = (
    counters, sessions, api_keys, maintenances, maintenance_looks, quiet_alerts, activations,
    heartbeats,
)  # fmt: skip
"""Tables of which every copy holds all that is wanted, in the place of what was there."""

EMERGENCY_ONLY: tuple[Table, ...] = (
    unreadable, carried_over, publications, component_states,
)  # fmt: skip
"""Tables of which no copy holds anything: what is in them was written in an emergency."""

COPIED = "copied"
"""Stands for the mark of an emergency where it is kept how many entries of a journal are copies."""

STATE = "journal"
PROOF = "proof"

_UNRESOLVED = incidents.c.state.in_(("open", "acknowledged"))
_state = msgspec.json.Decoder(JournalState)


class SqlJournalReading:
    """See engine.journal.JournalReading."""

    _connection: Connection

    def copy(self, known: Known, now: datetime) -> Copy:
        """See JournalReading. Reads what goes on, whatever there is besides."""
        # Probes have negative numbers: a node makes its own.
        there = self._connection.execute(_HEADS.where(_UNRESOLVED, incidents.c.id > 0)).all()
        going_on = {row.id: (bytes(row.head), row.look_again_at) for row in there}
        changed = tuple(sorted(i for i, head in going_on.items() if known.heads.get(i) != head))
        found: dict[str, list[Sequence[Any]]] = {}
        for table, part in _small(now):
            found.setdefault(table.name, []).extend(_all(self._connection, part))
        for table, part in _of_incidents(changed, now):
            found.setdefault(table.name, []).extend(_all(self._connection, part))
        wanted = {
            row.id: max(known.entries.get(row.id, 0), row.entries - ENTRIES_OF_ONE)
            for row in there
            if known.heads.get(row.id) != going_on[row.id]
        }
        for part in _entries_after(wanted):
            found.setdefault(timeline.name, []).extend(_all(self._connection, part))
        counted = _counted(self._connection, CHANGES)
        with_overrides = counted != known.overrides
        if with_overrides:
            found[overrides.name] = _all(self._connection, select(overrides))
        missing = _wanted(self._connection) - known.documents
        found[documents.name] = [
            row
            for what, version in sorted(missing)
            for row in _all(
                self._connection,
                select(documents).where(documents.c.what == what, documents.c.version == version),
            )
        ]
        return Copy(
            at=now,
            unresolved=frozenset(going_on),
            changed=changed,
            with_overrides=with_overrides,
            rows=found,
        )

    def known(self) -> Known:
        """See JournalReading."""
        there = self._connection.execute(_HEADS).all()
        kept = select(documents.c.what, documents.c.version)
        copied = _state_of(self._connection).copied_at is not None
        return Known(
            heads={row.id: (bytes(row.head), row.look_again_at) for row in there},
            entries={row.id: row.entries for row in there},
            documents=frozenset((row.what, row.version) for row in self._connection.execute(kept)),
            overrides=_counted(self._connection, CHANGES) if copied else None,
        )

    def journal(self) -> JournalState:
        """See JournalReading."""
        return _state_of(self._connection)

    def written_apart(self) -> list[tuple[int, str, int]]:
        """See JournalReading."""
        copied = func.coalesce(carried_over.c.entries, 0)
        mine = (carried_over.c.incident == incidents.c.code) & (carried_over.c.mark == COPIED)
        question = (
            select(incidents.c.id, incidents.c.code, copied)
            .outerjoin(carried_over, mine)
            .where(incidents.c.id > 0, incidents.c.entries > copied)
            .order_by(incidents.c.id)
        )
        return [(row[0], row[1], row[2]) for row in self._connection.execute(question)]

    def alerts_apart(self, state: JournalState) -> list[Alert]:
        """See JournalReading."""
        if state.emergency is None:
            return []
        since = rows.micros(state.emergency.since)
        question = (
            select(alerts)
            .where(
                # Copies fire, but for quiet ones: one that does not has ended since, whatever the
                # clock said then. A quiet one that was over before is no news where it goes.
                or_(
                    alerts.c.id > state.last_alert,
                    alerts.c.updated_at >= since,
                    alerts.c.firing == literal(0),
                )
            )
            .order_by(alerts.c.id)
        )
        return [rows.to_alert(row) for row in self._connection.execute(question)]

    def unreadable_apart(self, after: int) -> list[tuple[int, datetime, Any, str]]:
        """See JournalReading."""
        question = (
            select(unreadable, func.coalesce(incidents.c.code, "").label("code"))
            .outerjoin(incidents, incidents.c.id == unreadable.c.incident_id)
            .where(unreadable.c.id > after)
            .order_by(unreadable.c.id)
        )
        return [(*rows.to_unreadable(row), row.code) for row in self._connection.execute(question)]

    def carried(self, mark: str, code: str) -> int:
        """See JournalReading."""
        question = select(carried_over.c.entries).where(
            carried_over.c.mark == mark, carried_over.c.incident == code
        )
        return self._connection.execute(question).scalar() or 0


class SqlJournalWriting:
    """See engine.journal.JournalWriting. All but three of them are for journals, and so SQLite."""

    _connection: Connection

    def take(self, copy: Copy) -> None:
        """See JournalWriting."""
        there = {row.id for row in self._connection.execute(select(incidents.c.id))}
        gone = there - copy.unresolved
        for part in _parts(gone):
            self._connection.execute(delete(timeline).where(timeline.c.incident_id.in_(part)))
        for part in _parts({*copy.changed, *gone}):
            for table, column in _BY_INCIDENT:
                self._connection.execute(delete(table).where(column.in_(part)))
        self._connection.execute(delete(alerts).where(alerts.c.incident_id.is_(None)))
        for table in WHOLE:
            self._connection.execute(delete(table))
        if copy.with_overrides:
            self._connection.execute(delete(overrides))
        # Documents come first: what is in force refers to them.
        for name in sorted(copy.rows, key=lambda name: name != documents.name):
            _put(self._connection, metadata.tables[name], copy.rows[name])
        _put_state(self._connection, JournalState(copied_at=copy.at))

    def begin(self, emergency: Emergency) -> None:
        """See JournalWriting."""
        before = _state_of(self._connection)
        bases = select(literal(COPIED), incidents.c.code, incidents.c.entries)
        self._connection.execute(
            insert(carried_over).from_select(["mark", "incident", "entries"], bases)
        )
        last = self._connection.execute(select(func.max(alerts.c.id))).scalar() or 0
        ahead = sqlite.insert(counters).values(name="incident", value=FAR_AHEAD)
        self._connection.execute(
            ahead.on_conflict_do_update(
                index_elements=[counters.c.name], set_={"value": counters.c.value + FAR_AHEAD}
            )
        )
        _put_state(
            self._connection, msgspec.structs.replace(before, emergency=emergency, last_alert=last)
        )

    def finish(self, copy: Copy) -> None:
        """See JournalWriting."""
        for table in (*EMERGENCY_ONLY, timeline, *(table for table, _ in _BY_INCIDENT)):
            self._connection.execute(delete(table))
        self.take(copy)

    def keep_carried(self, mark: str, code: str, entries: int) -> None:
        """See JournalWriting."""
        values = {"mark": mark, "incident": code, "entries": entries}
        self._connection.execute(_CARRYING[self._connection.dialect.name], values)

    def forget_carried(self, mark: str) -> None:
        """See JournalWriting."""
        self._connection.execute(delete(carried_over).where(carried_over.c.mark == mark))

    def sent_apart(self, sent: Collection[tuple[str, datetime]]) -> None:
        """See JournalWriting."""
        for message_id, at in sent:
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.message_id == message_id, deliveries.c.state != "sent")
                .values(state="sent", sent_at=rows.micros(at), detail="")
            )

    def claimed_apart(self, claimed: Sequence[Delivery], now: datetime) -> None:
        """See JournalWriting."""
        for one in claimed:
            self._connection.execute(
                update(deliveries)
                .where(
                    deliveries.c.message_id == one.message.id,
                    deliveries.c.state == "due",
                    deliveries.c.due_at <= rows.micros(now),
                )
                .values(claim=one.claim, due_at=rows.micros(one.due_at), attempts=one.attempts)
            )

    def give_up_apart(self, messages: Collection[str], why: str) -> None:
        """See JournalWriting."""
        for message_id in messages:
            self._connection.execute(
                update(deliveries)
                .where(deliveries.c.message_id == message_id, deliveries.c.state == "due")
                .values(state="cancelled", detail=rows.plain(why))
            )

    def prove(self, now: datetime) -> None:
        """See JournalWriting."""
        values = {"name": PROOF, "value": str(rows.micros(now)).encode()}
        self._connection.execute(_PROVING[self._connection.dialect.name], values)


def _state_of(connection: Connection) -> JournalState:
    value = connection.execute(select(meta.c.value).where(meta.c.name == STATE)).scalar()
    return _state.decode(value) if value is not None else JournalState()


def _put_state(connection: Connection, state: JournalState) -> None:
    _put(connection, meta, [(STATE, msgspec.json.encode(state))])


def _put(connection: Connection, table: Table, found: Sequence[Sequence[Any]]) -> None:
    if not found:
        return
    names = [column.name for column in table.columns]
    values = [dict(zip(names, row, strict=True)) for row in found]
    connection.execute(insert(table).prefix_with("OR REPLACE"), values)


def _counted(connection: Connection, counter: str) -> int:
    question = select(counters.c.value).where(counters.c.name == counter)
    return connection.execute(question).scalar() or 0


def _all(connection: Connection, question: Select[Any]) -> list[Sequence[Any]]:
    return [tuple(row) for row in connection.execute(question)]


def _wanted(connection: Connection) -> set[tuple[str, str]]:
    """Return what is in force, and the plans by which incidents go on."""
    question = select(activations.c.what, activations.c.version).where(_IN_FORCE)
    in_force = {(row.what, row.version) for row in connection.execute(question)}
    plans = select(incidents.c.plan).where(_UNRESOLVED, incidents.c.id > 0).distinct()
    return in_force | {("plan", row.plan) for row in connection.execute(plans)}


def _small(now: datetime) -> Iterator[tuple[Table, Select[Any]]]:
    """Ask for what does not belong to incidents."""
    at = rows.micros(now)
    yield meta, select(meta).where(meta.c.name == "secret")
    yield counters, select(counters)
    yield activations, select(activations).where(_IN_FORCE)
    yield heartbeats, select(heartbeats)
    yield (
        sessions,
        select(sessions)
        .where(sessions.c.expires_at > at)
        .order_by(sessions.c.expires_at.desc())
        .limit(SESSIONS_AT_MOST),
    )
    yield api_keys, select(api_keys).where(api_keys.c.revoked_at.is_(None))
    looked_at = select(maintenance_looks.c.maintenance_id)
    yield maintenances, select(maintenances).where(maintenances.c.id.in_(looked_at))
    yield maintenance_looks, select(maintenance_looks)
    still = (
        select(quiet_alerts)
        .where(quiet_alerts.c.until.is_(None))
        .order_by(quiet_alerts.c.alert_id.desc())
        .limit(QUIET_AT_MOST)
    )
    yield quiet_alerts, still
    yield alerts, select(alerts).where(alerts.c.id.in_(select(still.subquery().c.alert_id)))


def _of_incidents(changed: Sequence[int], now: datetime) -> Iterator[tuple[Table, Select[Any]]]:
    """Ask for what belongs to incidents: unsent and answerable messages, firing alerts."""
    lately = rows.micros(now - ANSWERABLE)
    for part in _parts(changed):
        yield incidents, select(incidents).where(incidents.c.id.in_(part))
        yield (
            deliveries,
            select(deliveries).where(
                deliveries.c.incident_id.in_(part),
                or_(deliveries.c.state == "due", deliveries.c.created_at > lately),
            ),
        )
        ranked = (
            select(
                alerts.c.id,
                func.row_number()
                .over(partition_by=alerts.c.incident_id, order_by=alerts.c.id.desc())
                .label("rank"),
            )
            .where(alerts.c.incident_id.in_(part), alerts.c.firing == literal(1))
            .subquery()
        )
        newest = select(ranked.c.id).where(ranked.c.rank <= ALERTS_OF_ONE)
        yield alerts, select(alerts).where(alerts.c.id.in_(newest))


def _entries_after(wanted: Mapping[int, int]) -> Iterator[Select[Any]]:
    """Ask for the entries of timelines that come after a number, by the ids of incidents."""
    for part in _parts(wanted, ENTRIES_AT_ONCE):
        ranges = [
            and_(timeline.c.incident_id == one, timeline.c.number > wanted[one]) for one in part
        ]
        yield select(timeline).where(or_(*ranges))


def _parts(ids: Iterable[int], at_once: int = AT_ONCE) -> Iterator[list[int]]:
    found = sorted(set(ids))
    for start in range(0, len(found), at_once):
        yield found[start : start + at_once]


_HEADS = select(incidents.c.id, incidents.c.head, incidents.c.look_again_at, incidents.c.entries)


_IN_FORCE = activations.c.id.in_(select(func.max(activations.c.id)).group_by(activations.c.what))

_BY_INCIDENT: tuple[tuple[Table, ColumnElement[int]], ...] = (
    (deliveries, deliveries.c.incident_id),
    (alerts, alerts.c.incident_id),
    (incidents, incidents.c.id),
)

_CARRYING = {
    name: (inserted := dialect.insert(carried_over)).on_conflict_do_update(
        index_elements=[carried_over.c.mark, carried_over.c.incident],
        set_={"entries": inserted.excluded.entries},
    )
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
_PROVING = {
    name: (proof := dialect.insert(meta)).on_conflict_do_update(
        index_elements=[meta.c.name], set_={"value": proof.excluded.value}
    )
    for name, dialect in (("sqlite", sqlite), ("postgresql", postgresql))
}
