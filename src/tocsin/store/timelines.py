"""Parts of a timeline, read by number and by kind."""

from collections.abc import Collection

from sqlalchemy import Connection, or_, select

from tocsin.core.record import Entry
from tocsin.store.schema import timeline

_ENTRY = select(timeline.c.number, timeline.c.text, timeline.c.hash)


class SqlTimelinesReading:
    """See engine.timelines.TimelinesReading."""

    _connection: Connection

    def timeline_before(self, incident_id: int, before: int, limit: int) -> list[Entry]:
        """See TimelinesReading."""
        question = (
            _ENTRY.where(timeline.c.incident_id == incident_id, timeline.c.number < before)
            .order_by(timeline.c.number.desc())
            .limit(limit)
        )
        return [Entry(*row) for row in self._connection.execute(question)]

    def timeline_of(self, incident_id: int, kinds: Collection[str]) -> list[Entry]:
        """See TimelinesReading. The kind is the first field of every text, see core.record."""
        starts = [
            timeline.c.text.startswith(f'{{"kind":"{kind}"', autoescape=True)
            for kind in sorted(kinds)
        ]
        question = (
            _ENTRY.where(timeline.c.incident_id == incident_id, or_(*starts))
            .order_by(timeline.c.number)
        )  # fmt: skip
        return [Entry(*row) for row in self._connection.execute(question)]

    def timeline_entries(self, incident_id: int, numbers: Collection[int]) -> list[Entry]:
        """See TimelinesReading."""
        wanted = sorted(number for number in numbers if 0 < number < 2**31)
        question = (
            _ENTRY.where(timeline.c.incident_id == incident_id, timeline.c.number.in_(wanted))
            .order_by(timeline.c.number)
        )  # fmt: skip
        return [Entry(*row) for row in self._connection.execute(question)]
