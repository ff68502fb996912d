"""How things stand at a glance: each question reads the end of an index, and no message's text."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    or_,
    select,
)

from tocsin.core.delivery import Contact
from tocsin.engine.overrides import CHANGES
from tocsin.engine.pulse import Heard, Sending, Waiting
from tocsin.store import rows
from tocsin.store.database import ask_alone
from tocsin.store.schema import activations, alerts, counters, deliveries, incidents

RESOLVED_SEEN = 100
"""So many of the newest resolved incidents count for whether an overview looks different."""

_IS_DUE = deliveries.c.state == literal("due", literal_execute=True)
_SENDING = select(*(column for column in deliveries.c if column.name != "message"))
_REAL_SENDING = deliveries.c.incident_id > 0
_REAL_INCIDENT = incidents.c.id > 0
_REAL_ALERT = or_(alerts.c.incident_id.is_(None), alerts.c.incident_id > 0)
"""Probes have negative numbers; no overview shows them, or looks different for them."""


class SqlPulseReading:
    """See engine.pulse.PulseReading."""

    _connection: Connection

    def time(self) -> datetime | None:
        """See PulseReading."""
        if self._connection.dialect.name == "sqlite":
            return None
        at: datetime = ask_alone(self._connection, select(func.clock_timestamp()))[0]
        return at.astimezone(UTC)

    def pulse(self) -> tuple[int, ...]:
        """See PulseReading."""
        unresolved = and_(incidents.c.state.in_(("open", "acknowledged")), _REAL_INCIDENT)
        newest = (
            select(incidents.c.entries)
            .where(incidents.c.state == "resolved", _REAL_INCIDENT)
            .order_by(incidents.c.id.desc())
            .limit(RESOLVED_SEEN)
            .subquery()
        )
        figures = (
            select(func.count()).select_from(incidents).where(unresolved),
            select(func.coalesce(func.sum(incidents.c.entries), 0)).where(unresolved),
            select(func.coalesce(func.sum(newest.c.entries), 0)),
            select(func.coalesce(func.max(incidents.c.id), 0)),
            _newest(deliveries.c.id, _REAL_SENDING),
            select(func.count()).select_from(deliveries).where(_IS_DUE, _REAL_SENDING),
            _newest(alerts.c.id, _REAL_ALERT),
            select(func.coalesce(func.max(activations.c.id), 0)),
            select(func.coalesce(func.max(counters.c.value), 0)).where(counters.c.name == CHANGES),
        )
        found = self._connection.execute(select(*(one.scalar_subquery() for one in figures)))
        return tuple(int(figure) for figure in found.one())

    def newest_sendings(self, limit: int) -> list[Sending]:
        """See PulseReading."""
        return self._sendings(
            _SENDING.where(_REAL_SENDING).order_by(deliveries.c.id.desc()).limit(limit)
        )

    def sendings_to(self, person: str, limit: int) -> list[Sending]:
        """See PulseReading."""
        theirs = _SENDING.where(deliveries.c.person == rows.plain(person))
        return self._sendings(theirs.order_by(deliveries.c.id.desc()).limit(limit))

    def waiting(self) -> Waiting:
        """See PulseReading."""
        tried = func.coalesce(func.sum(case((deliveries.c.attempts > 0, 1), else_=0)), 0)
        question = select(func.count(), tried, func.min(deliveries.c.created_at))
        question = question.where(_IS_DUE, _REAL_SENDING)
        due, again, oldest = self._connection.execute(question).one()
        return Waiting(due, int(again), rows.instant_or_none(oldest))

    def last_received(self, limit: int) -> Heard:
        """See PulseReading."""
        newest = select(alerts.c.integration, alerts.c.updated_at)
        newest = newest.where(_REAL_ALERT).order_by(alerts.c.id.desc()).limit(limit)
        part = newest.subquery()
        question = select(part.c.integration, func.max(part.c.updated_at), func.count())
        found = self._connection.execute(question.group_by(part.c.integration)).all()
        last = {integration: rows.instant(at) for integration, at, _ in found}
        return Heard(last, sum(count for _, _, count in found) < limit)

    def _sendings(self, question: Select[Any]) -> list[Sending]:
        return [_to_sending(row) for row in self._connection.execute(question)]


def _newest(number: Column[int], which: ColumnElement[bool]) -> Select[Any]:
    """Return the highest number of those, 0 if there are none; read from the end of the index."""
    newest = select(number).where(which).order_by(number.desc()).limit(1)
    return select(func.coalesce(newest.scalar_subquery(), 0))


def _to_sending(row: Any) -> Sending:
    return Sending(
        id=row.id,
        incident_id=row.incident_id,
        incident=row.incident,
        page=row.page,
        kind=row.kind,
        to=row.recipient,
        person=row.person,
        contact=Contact(row.channel, row.address, row.domain),
        state=row.state,
        attempts=row.attempts,
        created_at=rows.instant(row.created_at),
        sent_at=rows.instant_or_none(row.sent_at),
        detail=row.detail,
    )
