"""Alerts on their way from one incident to another: locked first, then moved."""

from collections.abc import Collection

from sqlalchemy import Connection, select, update

from tocsin.engine.ports import Alert
from tocsin.store import rows
from tocsin.store.schema import alerts

IDS_AT_ONCE = 5_000


class SqlMoving:
    """See engine.ports.Transaction."""

    _connection: Connection

    def alerts_to_move(self, incident_id: int, ids: Collection[int] | None) -> list[Alert]:
        """See Transaction. Locked in the order of their ids, before any incident is."""
        question = (
            select(alerts)
            .where(alerts.c.incident_id == incident_id)
            .order_by(alerts.c.id)
            .with_for_update(key_share=True)
        )
        found = self._connection.execute(question)
        return [rows.to_alert(row) for row in found if ids is None or row.id in ids]

    def move_alerts(self, source: int, target: int, ids: Collection[int] | None) -> None:
        """See Transaction."""
        moving = update(alerts).where(alerts.c.incident_id == source).values(incident_id=target)
        if ids is None:
            self._connection.execute(moving)
            return
        wanted = sorted(set(ids))
        for start in range(0, len(wanted), IDS_AT_ONCE):
            part = wanted[start : start + IDS_AT_ONCE]
            self._connection.execute(moving.where(alerts.c.id.in_(part)))
