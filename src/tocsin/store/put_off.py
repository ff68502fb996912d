"""Messages that a wrong clock has put off, as the tables show them."""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, literal, or_, select

from tocsin.engine.put_off import UNTRIED_WAITS, WAITS_AT_MOST
from tocsin.store import rows
from tocsin.store.in_order import change_deliveries
from tocsin.store.schema import deliveries


class SqlPutOffReading:
    """See engine.put_off.PutOffReading."""

    _connection: Connection

    def put_off(self, now: datetime) -> bool:
        """See PutOffReading."""
        latest = select(deliveries.c.id).order_by(deliveries.c.due_at.desc()).limit(1)
        question = latest.where(_is_put_off(now))
        return self._connection.execute(question).first() is not None


class SqlPutOffWriting:
    """See engine.put_off.PutOffWriting."""

    _connection: Connection

    def bring_forward(self, now: datetime) -> int:
        """See PutOffWriting."""
        # What somebody else is about is left to the next look, so nobody waits for each other.
        now_due = {"due_at": rows.micros(now)}
        return change_deliveries(self._connection, _is_put_off(now), now_due, skip_locked=True)


def _is_put_off(now: datetime) -> ColumnElement[bool]:
    """Reads the end of the index by due time, which holds what waits to be tried again."""
    due_at = deliveries.c.due_at
    return and_(
        deliveries.c.state == literal("due", literal_execute=True),
        due_at > rows.micros(now + UNTRIED_WAITS),
        or_(deliveries.c.detail == "", due_at > rows.micros(now + WAITS_AT_MOST)),
    )
