"""By which ways pages were tried already, as the tables show it; no message is read for it."""

from collections.abc import Collection

from sqlalchemy import Connection, select

from tocsin.core.delivery import Contact
from tocsin.engine.tried import Tried
from tocsin.store.schema import deliveries

AT_ONCE = 500
"""Incidents in one question; no database takes any number of parameters."""

_COLUMNS = (
    deliveries.c.incident_id,
    deliveries.c.page,
    deliveries.c.person,
    deliveries.c.channel,
    deliveries.c.address,
    deliveries.c.domain,
    deliveries.c.state,
)


class SqlTriedReading:
    """See engine.tried.TriedReading."""

    _connection: Connection

    def tried(self, incident_ids: Collection[int]) -> list[Tried]:
        """See TriedReading."""
        wanted = sorted(set(incident_ids))
        question = select(*_COLUMNS).order_by(deliveries.c.incident_id, deliveries.c.id)
        return [
            Tried(number, page, person, Contact(channel, address, domain), state == "sent")
            for start in range(0, len(wanted), AT_ONCE)
            for number, page, person, channel, address, domain, state in self._connection.execute(
                question.where(deliveries.c.incident_id.in_(wanted[start : start + AT_ONCE]))
            )
        ]
