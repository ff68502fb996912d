"""Incidents as they are kept, folded anew from their timelines.

What is kept of an incident is what its timeline adds up to, so that nobody has to add it up each
time. A newer Tocsin may read more out of the same events; then what an older one kept is not what
the timeline adds up to any more: roles would be forgotten, and verifying would cry tampering.
"""

import msgspec
import structlog
from sqlalchemy import Connection, delete, insert, select, update

from tocsin.core.incident.fold import ImpossibleEvent, fold
from tocsin.core.incident.state import Incident
from tocsin.core.record import Entry
from tocsin.store import rows
from tocsin.store.schema import incidents, meta, timeline

AT_ONCE = 100
"""Incidents of one transaction: so many are locked together, for some tenths of a second."""

_MARK = "refolded up to"
"""The name under which `meta` has the last incident that was folded anew, while there are more."""

log = structlog.get_logger()


def start_refolding(connection: Connection) -> None:
    """Have all incidents folded anew, also if the process ends before they are."""
    connection.execute(delete(meta).where(meta.c.name == _MARK))
    first = str(-rows.LARGEST_ID).encode()  # probes have negative numbers
    connection.execute(insert(meta).values(name=_MARK, value=first))
    log.info("store.folding-anew")


def is_refolding(connection: Connection) -> bool:
    """Say whether there are incidents still to be folded anew."""
    return connection.execute(_MARKED).first() is not None


def refold_some(connection: Connection) -> bool:
    """Fold some incidents anew; return whether there are more.

    One whose timeline can't be read is left as it is, for `verify`. Several nodes may do this by
    turns. Incidents are locked, so that nothing newer is overwritten.
    """
    mark = connection.execute(_MARKED).scalar()
    if mark is None:
        return False
    page = _ids_after(connection, int(mark))
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
    marked = meta.c.name == _MARK
    if len(page) < AT_ONCE:
        connection.execute(delete(meta).where(marked))
        log.info("store.folded-anew")
        return False
    connection.execute(update(meta).where(marked).values(value=str(page[-1]).encode()))
    return True


_MARKED = select(meta.c.value).where(meta.c.name == _MARK)


def _ids_after(connection: Connection, last: int) -> list[int]:
    question = select(incidents.c.id).where(incidents.c.id > last)
    question = question.order_by(incidents.c.id).limit(AT_ONCE).with_for_update()
    return [row.id for row in connection.execute(question)]


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
