"""Incidents as they are kept, folded anew from their timelines.

What is kept of an incident is what its timeline adds up to, so that nobody has to add it up each
time. A newer Tocsin may read more out of the same events; then what an older one kept is not what
the timeline adds up to any more: roles would be forgotten, and verifying would cry tampering.
"""

import msgspec
import structlog
from sqlalchemy import Connection, select, update

from tocsin.core.incident.fold import ImpossibleEvent, fold
from tocsin.core.incident.state import Incident
from tocsin.core.record import Entry
from tocsin.store import rows
from tocsin.store.schema import incidents, timeline

AT_ONCE = 500

log = structlog.get_logger()


def refold(connection: Connection) -> None:
    """Fold all incidents anew; one whose timeline can't be read is left as it is, for `verify`."""
    last = -rows.LARGEST_ID  # probes have negative numbers
    while page := _ids_after(connection, last):
        for incident_id in page:
            try:
                incident = _folded(connection, incident_id)
            except (ImpossibleEvent, msgspec.DecodeError) as problem:
                log.error("store.timeline-unreadable", incident=incident_id, problem=str(problem))
                continue
            if incident is not None:
                kept = rows.refolded(incident)
                question = update(incidents).where(incidents.c.id == incident_id)
                connection.execute(question.values(kept))
        last = page[-1]


def _ids_after(connection: Connection, last: int) -> list[int]:
    question = select(incidents.c.id).where(incidents.c.id > last)
    found = connection.execute(question.order_by(incidents.c.id).limit(AT_ONCE))
    return [row.id for row in found]


def _folded(connection: Connection, incident_id: int) -> Incident | None:
    question = (
        select(timeline.c.number, timeline.c.text, timeline.c.hash)
        .where(timeline.c.incident_id == incident_id)
        .order_by(timeline.c.number)
    )
    incident: Incident | None = None
    for row in connection.execute(question):
        incident = fold(incident, Entry(row.number, row.text, row.hash).event())
    return incident
