"""The one place that removes timelines: those of probes, which are about nothing (negative ids)."""

from datetime import datetime

from sqlalchemy import Connection, Select, delete, select, union

from tocsin.engine.probe_records import Left
from tocsin.store import rows
from tocsin.store.schema import alerts, deliveries, incidents, timeline

_PARTS = (
    (timeline, timeline.c.incident_id),
    (deliveries, deliveries.c.incident_id),
    (alerts, alerts.c.incident_id),
    (incidents, incidents.c.id),
)


class SqlProbeWriting:
    """See engine.probe_records.ProbeWriting."""

    _connection: Connection

    def remove_probes(self, older_than: datetime, abandoned: datetime, limit: int) -> Left:
        """See ProbeWriting. Both questions are ranges of an index that probes alone stand in."""
        old = (
            select(incidents.c.id)
            .where(incidents.c.id < 0, incidents.c.opened_at < rows.micros(older_than))
            .order_by(incidents.c.id.desc())
            .limit(limit)
        )
        ids = set(self._connection.execute(old).scalars())
        unresolved = union(*(_left_in(state, abandoned) for state in ("open", "acknowledged")))
        lost = set(self._connection.execute(unresolved).scalars()) - ids
        gone = sorted(ids | lost)
        if gone:
            for table, column in _PARTS:
                self._connection.execute(delete(table).where(column < 0, column.in_(gone)))
        return Left(len(ids), len(lost))


def _left_in(state: str, since: datetime) -> Select[int]:
    return select(incidents.c.id).where(
        incidents.c.state == state,
        incidents.c.id < 0,
        incidents.c.opened_at < rows.micros(since),
    )
