"""What can be asked of the store: one method, one question, one indexed statement."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    func,
    literal,
    or_,
    select,
    union_all,
)

from tocsin.core.alerts import Unreadable
from tocsin.core.record import Entry
from tocsin.engine.ports import (
    Activation,
    Alert,
    Delivery,
    FileSeen,
    Kept,
    NextDue,
    Summary,
    What,
)
from tocsin.store import rows
from tocsin.store.accounts import SqlAccountsReading
from tocsin.store.assertions import SqlAssertionsReading
from tocsin.store.attachments import SqlAttachmentsReading
from tocsin.store.audit import SqlAuditReading
from tocsin.store.database import ask_alone
from tocsin.store.deployments import SqlDeploymentsReading
from tocsin.store.heartbeats import IS_AWAITED, SqlHeartbeatsReading
from tocsin.store.journal import SqlJournalReading
from tocsin.store.metrics import SqlMetricsReading
from tocsin.store.overrides import SqlOverridesReading
from tocsin.store.pulse import SqlPulseReading
from tocsin.store.put_off import SqlPutOffReading
from tocsin.store.quiet import FORGOTTEN, QUIET_AND_FIRING, SqlQuietReading
from tocsin.store.schema import (
    activations,
    alerts,
    counters,
    deliveries,
    documents,
    files_seen,
    heartbeats,
    incidents,
    maintenance_looks,
    meta,
    timeline,
    unreadable,
)
from tocsin.store.statuspage import SqlStatusReading
from tocsin.store.timelines import SqlTimelinesReading

# Written into the statement, not bound: only so do the partial indexes serve.
IS_DUE = deliveries.c.state == literal("due", literal_execute=True)
_IS_OPEN = incidents.c.state == literal("open", literal_execute=True)
_IS_ACKNOWLEDGED = incidents.c.state == literal("acknowledged", literal_execute=True)
_FIRING = {yes: alerts.c.firing == literal(int(yes), literal_execute=True) for yes in (True, False)}

REAL_ALERT = or_(alerts.c.incident_id.is_(None), alerts.c.incident_id > 0)
"""No probe's."""

STATES = ("open", "acknowledged", "resolved", "closed")

KEPT = select(*(incidents.c[name] for name in rows.KEPT))
_SUMMARY = select(incidents.c.snapshot, incidents.c.look_again_at, incidents.c.entries)
_IS_REAL = incidents.c.id > 0
"""Probes have negative numbers."""


class SqlReading(
    SqlAccountsReading,
    SqlAuditReading,
    SqlAttachmentsReading,
    SqlDeploymentsReading,
    SqlTimelinesReading,
    SqlStatusReading,
    SqlOverridesReading,
    SqlPulseReading,
    SqlPutOffReading,
    SqlJournalReading,
    SqlQuietReading,
    SqlHeartbeatsReading,
    SqlAssertionsReading,
    SqlMetricsReading,
):
    """One view of the store on one connection; see engine.ports.Reading."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def incident(self, code: str) -> Kept | None:
        """See Reading."""
        row = self._connection.execute(KEPT.where(incidents.c.code == rows.plain(code))).first()
        return None if row is None else rows.to_kept(row)

    def incidents(self, states: Collection[str], before: int | None, limit: int) -> list[Summary]:
        """See Reading. Each state is a range of its index, however many incidents there are."""
        newest_first = _SUMMARY.where(_IS_REAL).order_by(incidents.c.id.desc()).limit(limit)
        if states and set(states) != set(STATES):
            parts = [_newest_in(state, before, limit) for state in sorted(set(states))]
            ids = union_all(*parts)
            found = self._connection.execute(newest_first.where(incidents.c.id.in_(ids)))
        elif before is not None:
            found = self._connection.execute(newest_first.where(incidents.c.id < before))
        else:
            found = self._connection.execute(newest_first)
        return [rows.to_summary(row) for row in found]

    def timeline(self, incident_id: int, after: int = 0, limit: int = 10_000) -> list[Entry]:
        """See Reading."""
        question = (
            select(timeline.c.number, timeline.c.text, timeline.c.hash)
            .where(timeline.c.incident_id == incident_id, timeline.c.number > after)
            .order_by(timeline.c.number)
            .limit(limit)
        )
        return [Entry(*row) for row in self._connection.execute(question)]

    def alerts(
        self, incident_id: int | None, firing: bool | None, limit: int, after: int = 0
    ) -> list[Alert]:
        """See Reading."""
        question = select(alerts).where(alerts.c.id > after).order_by(alerts.c.id).limit(limit)
        if incident_id is not None:
            question = question.where(alerts.c.incident_id == incident_id)
        else:
            question = question.where(REAL_ALERT)
        if firing is not None:
            question = question.where(_FIRING[firing])
        return [rows.to_alert(row) for row in self._connection.execute(question)]

    def deliveries(self, incident_id: int) -> list[Delivery]:
        """See Reading."""
        question = (
            select(deliveries)
            .where(deliveries.c.incident_id == incident_id)
            .order_by(deliveries.c.id)
        )
        return [rows.to_delivery(row) for row in self._connection.execute(question)]

    def inbox(self, person: str, limit: int) -> list[Delivery]:
        """See Reading."""
        question = (
            select(deliveries)
            .where(deliveries.c.person == rows.plain(person))
            .order_by(deliveries.c.id.desc())
            .limit(limit)
        )
        return [rows.to_delivery(row) for row in self._connection.execute(question)]

    def delivery(self, message_id: str) -> Delivery | None:
        """See Reading."""
        question = select(deliveries).where(deliveries.c.message_id == rows.plain(message_id))
        row = self._connection.execute(question).first()
        return None if row is None else rows.to_delivery(row)

    def unreadable(self, limit: int) -> list[tuple[int, datetime, Unreadable]]:
        """See Reading."""
        question = select(unreadable).order_by(unreadable.c.id.desc()).limit(limit)
        return [rows.to_unreadable(row) for row in self._connection.execute(question)]

    def counts(self) -> Mapping[str, int]:
        """See Reading."""
        figures = {
            "incidents_open": _count(_IS_OPEN, _IS_REAL),
            "incidents_acknowledged": _count(_IS_ACKNOWLEDGED, _IS_REAL),
            # Not by the index of incidents, which holds every delivery that ever was.
            "deliveries_due": _count(IS_DUE, deliveries.c.incident_id + 0 > 0),
            "alerts_firing": _count(_FIRING[True]),
            "alerts": _count().select_from(alerts),
            "alerts_firing of probes": _count(_FIRING[True], alerts.c.incident_id < 0),
            "alerts of probes": _count(alerts.c.incident_id < 0),
            "unreadable": _count().select_from(unreadable),
            "unarmed": _count(_IS_OPEN, incidents.c.look_again_at.is_(None)),
            "alerts_quiet": QUIET_AND_FIRING,
            "alerts_forgotten": FORGOTTEN,
        }
        question = select(*(count.scalar_subquery().label(n) for n, count in figures.items()))
        counted = dict(self._connection.execute(question).mappings().one())
        for probes in ("alerts_firing", "alerts"):
            # Counting all and taking probes off reads two indexes, and no row.
            counted[probes] -= counted.pop(f"{probes} of probes")
        return counted

    def strays(self) -> list[tuple[int, str]]:
        """See Reading."""
        given_out = select(counters.c.value).where(counters.c.name == "incident")
        last = self._connection.execute(given_out).scalar() or 0
        there = set(self._connection.execute(select(incidents.c.id)).scalars())
        told = set(self._connection.execute(select(timeline.c.incident_id).distinct()).scalars())
        missing = sorted(set(range(1, last + 1)) - there)
        return [(number, "it was removed") for number in missing] + [
            (number, "its timeline has no incident") for number in sorted(told - there)
        ]

    def next_due(self) -> NextDue:
        """See Reading."""
        found = ask_alone(self._connection, _NEXT_DUE)
        return NextDue(*(rows.instant(at) if at is not None else None for at in found))

    def document(self, what: What, version: str) -> tuple[str, str] | None:
        """See Reading."""
        question = select(documents.c.file, documents.c.text).where(
            documents.c.what == what, documents.c.version == rows.plain(version)
        )
        row = self._connection.execute(question).first()
        return None if row is None else (row.file, row.text)

    def active(self, what: What) -> tuple[str, str] | None:
        """See Reading."""
        question = (
            select(documents.c.file, documents.c.text)
            .join_from(activations, documents)
            .where(activations.c.what == what)
            .order_by(activations.c.id.desc())
            .limit(1)
        )
        row = self._connection.execute(question).first()
        return None if row is None else (row.file, row.text)

    def activations(self, what: What, before: int | None, limit: int) -> list[Activation]:
        """See Reading."""
        question = (
            select(activations, documents.c.file)
            .join_from(activations, documents)
            .where(activations.c.what == what)
            .order_by(activations.c.id.desc())
            .limit(limit)
        )
        if before is not None:
            question = question.where(activations.c.id < before)
        return [rows.to_activation(row) for row in self._connection.execute(question)]

    def files_seen(self, what: What) -> list[FileSeen]:
        """See Reading."""
        question = select(files_seen).where(files_seen.c.what == what).order_by(files_seen.c.source)
        return [rows.to_file_seen(row) for row in self._connection.execute(question)]

    def running(self) -> Mapping[str, int]:
        """See Reading."""
        question = (
            select(incidents.c.plan, func.count().label("running"))
            .where(incidents.c.state.in_(("open", "acknowledged")), _IS_REAL)
            .group_by(incidents.c.plan)
        )
        return {row.plan: row.running for row in self._connection.execute(question)}

    def unresolved(self, at_most: int) -> int:
        """See Reading."""
        some = (
            select(incidents.c.id)
            .where(incidents.c.state.in_(("open", "acknowledged")), _IS_REAL)
            .limit(at_most)
        )
        return int(
            self._connection.execute(select(func.count()).select_from(some.subquery())).scalar_one()
        )

    def secret(self) -> bytes:
        """See Reading."""
        question = select(meta.c.value).where(meta.c.name == "secret")
        return bytes(ask_alone(self._connection, question)[0])


def _newest_in(state: str, before: int | None, limit: int) -> Select[int]:
    found = select(incidents.c.id).where(incidents.c.state == state, _IS_REAL)
    if before is not None:
        found = found.where(incidents.c.id < before)
    newest = found.order_by(incidents.c.id.desc()).limit(limit).subquery()
    return select(newest.c.id)


def _soonest(at: Column[int], waits: ColumnElement[bool]) -> ScalarSelect[int]:
    return select(at).where(waits).order_by(at).limit(1).scalar_subquery()


# Asked twice a second by every node: put together once.
_NEXT_DUE = select(
    _soonest(incidents.c.look_again_at, incidents.c.look_again_at.is_not(None)),
    _soonest(deliveries.c.due_at, IS_DUE),
    select(func.min(maintenance_looks.c.look_again_at)).scalar_subquery(),
    _soonest(heartbeats.c.due_at, IS_AWAITED),
)


def _count(*conditions: ColumnElement[bool]) -> Select[int]:
    return select(func.count()).where(*conditions)
