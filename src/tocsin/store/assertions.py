"""The questions behind `engine.assertions`: each reads an index, and little of it."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Select, case, func, literal, or_, select, union_all

from tocsin.engine.assertions import AHEAD, ASSERTIONS, BEYOND_LEASES, OVERDUE, SHOWN, Violation
from tocsin.store import rows
from tocsin.store.schema import alerts, counters, deliveries, heartbeats, incidents, timeline

NEWEST = 1000
"""So many of the newest alerts and incidents are looked at each time."""

TIMELINES = 500
"""And the timelines of so many of the newest unresolved incidents."""

_IS_OPEN = incidents.c.state == literal("open", literal_execute=True)
_IS_DUE = deliveries.c.state == literal("due", literal_execute=True)
_IS_AWAITED = heartbeats.c.silent == literal(0, literal_execute=True)
_UNRESOLVED = incidents.c.state.in_(
    [literal("open", literal_execute=True), literal("acknowledged", literal_execute=True)]
)
_REAL = incidents.c.id > 0

Question = Callable[[int], Select[Any]]
"""From the present, in microseconds, to what must give no row; its first column names a row."""


class SqlAssertionsReading:
    """See engine.assertions.AssertionsReading."""

    _connection: Connection

    def violations(self, now: datetime) -> list[Violation]:
        """See AssertionsReading."""
        at = rows.micros(now)
        found = []
        for assertion in ASSERTIONS:
            question = QUESTIONS[assertion.name](at).limit(SHOWN)
            named = tuple(str(row[0]) for row in self._connection.execute(question))
            if named:
                found.append(Violation(assertion, named))
        return found


def _unarmed(_at: int) -> Select[Any]:
    return select(incidents.c.code).where(_IS_OPEN, _REAL, incidents.c.look_again_at.is_(None))


def _overdue(at: int) -> Select[Any]:
    late = incidents.c.look_again_at < at - rows.length(OVERDUE)
    return (
        select(incidents.c.code)
        .where(late, _IS_OPEN, _REAL)
        .order_by(incidents.c.look_again_at)
    )  # fmt: skip


def _removed(_at: int) -> Select[Any]:
    """The newest numbers that were given out are all there."""
    given_out = select(counters.c.value).where(counters.c.name == "incident")
    last = func.coalesce(given_out.scalar_subquery(), 0)
    there = (
        select(func.count())
        .select_from(incidents)
        .where(incidents.c.id > last - NEWEST, incidents.c.id <= last, _REAL)
        .scalar_subquery()
    )
    counted = select(last.label("last"), there.label("there")).subquery()
    expected = case((counted.c.last < NEWEST, counted.c.last), else_=NEWEST)
    missing = counted.c.there < expected
    return select(literal("of the newest numbers")).select_from(counted).where(missing)


def _twice(_at: int) -> Select[Any]:
    return (
        select(func.min(incidents.c.code))
        .where(_UNRESOLVED, incidents.c.group_key.is_not(None))
        .group_by(incidents.c.group_key)
        .having(func.count() > 1)
    )


def _differs(_at: int) -> Select[Any]:
    """The newest timelines that go on have as many entries as they should, and the right end."""
    newest = (
        select(incidents.c.id, incidents.c.code, incidents.c.entries, incidents.c.head)
        .where(_UNRESOLVED, _REAL)
        .order_by(incidents.c.id.desc())
        .limit(TIMELINES)
        .subquery()
    )
    mine = timeline.c.incident_id == newest.c.id
    count = select(func.count()).select_from(timeline).where(mine).scalar_subquery()
    last = select(timeline.c.hash).where(mine, timeline.c.number == newest.c.entries)
    return select(newest.c.code).where(
        or_(count != newest.c.entries, last.scalar_subquery().is_distinct_from(newest.c.head))
    )


def _homeless(_at: int) -> Select[Any]:
    last = select(func.max(alerts.c.id)).scalar_subquery()
    has_place = alerts.c.disposition.in_(("opened", "joined"))
    return (
        select(alerts.c.id)
        .outerjoin_from(alerts, incidents, incidents.c.id == alerts.c.incident_id)
        .where(alerts.c.id > last - NEWEST)
        .where(or_(has_place, alerts.c.incident_id.is_not(None)), incidents.c.id.is_(None))
    )


def _late_pages(at: int) -> Select[Any]:
    return select(deliveries.c.message_id).where(
        _IS_DUE,
        deliveries.c.due_at < at - rows.length(OVERDUE),
        deliveries.c.priority <= rows.PRIORITIES["alarm"],
        deliveries.c.incident_id > 0,
    )


def _stuck(at: int) -> Select[Any]:
    far = deliveries.c.due_at > at + rows.length(BEYOND_LEASES)
    return select(deliveries.c.message_id).where(_IS_DUE, far)


def _unnoticed(at: int) -> Select[Any]:
    late = heartbeats.c.due_at < at - rows.length(OVERDUE)
    return select(heartbeats.c.integration).where(_IS_AWAITED, late)


def _ahead(at: int) -> Select[Any]:
    """What was recorded last, probes too, was not recorded in the future."""
    limit = at + rows.length(AHEAD)
    parts = (
        (incidents.c.code, incidents.c.opened_at, incidents.c.id, func.max),
        (incidents.c.code, incidents.c.opened_at, incidents.c.id, func.min),
        (alerts.c.integration, alerts.c.received_at, alerts.c.id, func.max),
    )
    newest = [
        select(name.label("name")).where(
            number == select(end(number)).scalar_subquery(), when > limit
        )
        for name, when, number, end in parts
    ]
    return select(union_all(*newest).subquery().c.name)


QUESTIONS: dict[str, Question] = {
    "incident.unarmed": _unarmed,
    "incident.overdue": _overdue,
    "incident.removed": _removed,
    "incident.twice": _twice,
    "timeline.differs": _differs,
    "alert.homeless": _homeless,
    "page.overdue": _late_pages,
    "delivery.stuck": _stuck,
    "heartbeat.unnoticed": _unnoticed,
    "record.ahead": _ahead,
}
"""By the name of the assertion."""
