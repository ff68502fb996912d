"""Expected heartbeats in their table: one row each, with when it is due."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Insert, Select, delete, literal, select
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.engine.heartbeats import Heartbeat
from tocsin.store import rows
from tocsin.store.schema import heartbeats

MICROSECOND = timedelta(microseconds=1)

# Written into the statement, not bound: only so does the partial index serve.
IS_AWAITED = heartbeats.c.silent == literal(0, literal_execute=True)


class SqlHeartbeatsReading:
    """See engine.heartbeats.HeartbeatsReading."""

    _connection: Connection

    def heartbeats(self) -> list[Heartbeat]:
        """See HeartbeatsReading."""
        return self._heartbeats(select(heartbeats).order_by(heartbeats.c.integration))

    def _heartbeats(self, question: Select[Any]) -> list[Heartbeat]:
        return [_to_heartbeat(row) for row in self._connection.execute(question)]


class SqlHeartbeatsWriting(SqlHeartbeatsReading):
    """See engine.heartbeats.HeartbeatsWriting. Rows are locked in the order of their names."""

    def all_heartbeats(self) -> list[Heartbeat]:
        """See HeartbeatsWriting."""
        question = select(heartbeats).order_by(heartbeats.c.integration)
        return self._heartbeats(question.with_for_update())

    def heartbeats_of(self, integrations: Collection[str]) -> dict[str, Heartbeat]:
        """See HeartbeatsWriting."""
        question = (
            select(heartbeats)
            .where(heartbeats.c.integration.in_(sorted(integrations)))
            .order_by(heartbeats.c.integration)
            .with_for_update()
        )
        return {one.integration: one for one in self._heartbeats(question)}

    def silent_heartbeats(self, now: datetime, limit: int) -> list[Heartbeat]:
        """See HeartbeatsWriting."""
        question = (
            select(heartbeats)
            .where(IS_AWAITED, heartbeats.c.due_at <= rows.micros(now))
            .order_by(heartbeats.c.due_at)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return self._heartbeats(question)

    def keep_heartbeats(self, changed: Sequence[Heartbeat]) -> None:
        """See HeartbeatsWriting."""
        if changed:
            values = [_row(one) for one in sorted(changed, key=lambda one: one.integration)]
            self._connection.execute(_KEEPING[self._connection.dialect.name], values)

    def forget_heartbeats(self, integrations: Collection[str]) -> None:
        """See HeartbeatsWriting."""
        if integrations:
            gone = heartbeats.c.integration.in_(sorted(integrations))
            self._connection.execute(delete(heartbeats).where(gone))


def _row(one: Heartbeat) -> dict[str, object]:
    return {
        "integration": one.integration,
        "heard_at": rows.micros_or_none(one.heard_at),
        "due_at": rows.micros(one.due_at),
        "every": rows.length(one.every),
        "grace": rows.length(one.grace),
        "silent": int(one.silent),
        "granted": int(one.granted),
    }


def _to_heartbeat(row: Any) -> Heartbeat:
    return Heartbeat(
        integration=row.integration,
        heard_at=rows.instant_or_none(row.heard_at),
        due_at=rows.instant(row.due_at),
        every=row.every * MICROSECOND,
        grace=row.grace * MICROSECOND,
        silent=row.silent == 1,
        granted=row.granted == 1,
    )


_CHANGED = ("heard_at", "due_at", "every", "grace", "silent", "granted")
_sqlite_keep = sqlite.insert(heartbeats)
_postgres_keep = postgresql.insert(heartbeats)
_KEEPING: dict[str, Insert] = {
    "sqlite": _sqlite_keep.on_conflict_do_update(
        index_elements=[heartbeats.c.integration],
        set_={name: _sqlite_keep.excluded[name] for name in _CHANGED},
    ),
    "postgresql": _postgres_keep.on_conflict_do_update(
        index_elements=[heartbeats.c.integration],
        set_={name: _postgres_keep.excluded[name] for name in _CHANGED},
    ),
}
