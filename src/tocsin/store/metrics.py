"""Shares and tallies in their tables, and which incidents were not counted yet."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import Connection, bindparam, delete, func, insert, or_, select, text, update
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.core.incident.state import Incident
from tocsin.core.metrics.period import Period
from tocsin.core.metrics.share import Share
from tocsin.core.metrics.tally import ALL, Cell, Tally
from tocsin.engine.metrics import Behind, Counted, Repeated, Span, Tallies, Uncounted
from tocsin.store import rows
from tocsin.store.metrics_schema import leases, metric_days, metric_shares, metric_tallies
from tocsin.store.schema import incidents

_NOT_COUNTED = text("incidents.counted_entries <> incidents.entries AND incidents.id > 0")
"""As the index has it, word for word."""

_OF_COMPONENTS = {False: "", True: " of components"}

_before = incidents.alias("before_it")
_OPENED_BEFORE = (
    select(_before.c.opened_at)
    .where(_before.c.group_key == incidents.c.group_key, _before.c.id < incidents.c.id)
    .order_by(_before.c.id.desc())
    .limit(1)
    .scalar_subquery()
)
_UNCOUNTED = (
    select(
        incidents.c.id, incidents.c.plan, incidents.c.group_key, incidents.c.opened_at,
        incidents.c.entries, incidents.c.snapshot, _OPENED_BEFORE.label("opened_before"),
    )
    .where(_NOT_COUNTED)
    .order_by(incidents.c.opened_at.desc())
)  # fmt: skip

_encode = msgspec.json.Encoder().encode
_share = msgspec.json.Decoder(Share).decode
_tally = msgspec.json.Decoder(Tally).decode
_incident = msgspec.json.Decoder(Incident).decode

log = structlog.get_logger()


class SqlMetricsReading:
    """See engine.metrics.MetricsReading."""

    _connection: Connection

    def uncounted(self, limit: int) -> list[Uncounted]:
        """See MetricsReading."""
        return [_to_uncounted(row) for row in self._connection.execute(_UNCOUNTED.limit(limit))]

    def behind(self, at_most: int) -> Behind:
        """See MetricsReading."""
        some = select(incidents.c.opened_at).where(_NOT_COUNTED)
        some = some.order_by(incidents.c.opened_at.desc()).limit(at_most)
        question = select(
            select(func.count()).select_from(some.subquery()).scalar_subquery(),
            select(func.count()).select_from(metric_days).scalar_subquery(),
        )
        return Behind(*self._connection.execute(question).one())

    def stale_days(self) -> list[date]:
        """See MetricsReading."""
        question = select(metric_days.c.day).order_by(metric_days.c.day)
        return [date.fromisoformat(day) for day in self._connection.execute(question).scalars()]

    def shares(self, day: date) -> list[Share]:
        """See MetricsReading."""
        question = select(metric_shares.c.text).where(metric_shares.c.day == day.isoformat())
        return [_share(said) for said in self._connection.execute(question).scalars()]

    def tallies(
        self, span: Span, period: Period, *, by_component: bool
    ) -> list[tuple[date, Cell, Tally]]:
        """See MetricsReading. One range of the primary key."""
        kept = metric_tallies.c
        question = select(kept.starts, kept.severity, kept.component, kept.text).where(
            kept.span == span + _OF_COMPONENTS[by_component],
            kept.starts.between(period.first.isoformat(), period.last.isoformat()),
        )
        return [
            (date.fromisoformat(starts), Cell(severity, component), _tally(said))
            for starts, severity, component, said in self._connection.execute(question)
        ]

    def repeated(self, period: Period, limit: int) -> list[Repeated]:
        """See MetricsReading. Reads all shares of the period."""
        kept = metric_shares.c
        question = (
            select(func.count().label("times"), func.max(kept.incident_id))
            .where(
                kept.day.between(period.first.isoformat(), period.last.isoformat()),
                kept.group_key.is_not(None),
            )
            .group_by(kept.group_key)
            .having(func.count() > 1)
            .order_by(func.count().desc(), func.max(kept.incident_id).desc())
            .limit(limit)
        )
        return [Repeated(*row) for row in self._connection.execute(question)]


class SqlMetricsWriting:
    """See engine.metrics.MetricsWriting."""

    _connection: Connection

    def take_lease(self, name: str, holder: str, now: datetime, until: datetime) -> bool:
        """See MetricsWriting."""
        free = or_(leases.c.holder == holder, leases.c.until < rows.micros(now))
        taking = update(leases).where(leases.c.name == name, free)
        values = {"holder": rows.plain(holder), "until": rows.micros(until)}
        if self._connection.execute(taking.values(values)).rowcount == 1:
            return True
        first = _FIRST[self._connection.dialect.name].values(name=name, **values)
        self._connection.execute(first)
        return self.keep_lease(name, holder, until)

    def keep_lease(self, name: str, holder: str, until: datetime) -> bool:
        """See MetricsWriting."""
        keeping = update(leases).where(leases.c.name == name, leases.c.holder == rows.plain(holder))
        return self._connection.execute(keeping.values(until=rows.micros(until))).rowcount == 1

    def keep_shares(self, counted: Sequence[Counted]) -> None:
        """See MetricsWriting. Incidents are locked in the order of their ids, as by everybody."""
        if not counted:
            return
        here = self._connection.dialect.name
        values = [_share_row(one) for one in counted if one.share is not None]
        if values:
            self._connection.execute(_SHARING[here], values)
            days = sorted({value["day"] for value in values})
            self._connection.execute(_STALE[here], [{"day": day} for day in days])
        marks = [{"of": one.id, "so_many": one.entries} for one in counted]
        self._connection.execute(_COUNTED, sorted(marks, key=lambda mark: mark["of"]))

    def keep_tallies(self, days: Mapping[date, Tallies], month: date, tallies: Tallies) -> None:
        """See MetricsWriting."""
        values = _tally_rows("month", month, tallies)
        for day, found in days.items():
            values += _tally_rows("day", day, found)
        spans: list[tuple[Span, date]] = [("month", month), *(("day", day) for day in days)]
        gone = [
            {"of_span": span + of, "from_day": starts.isoformat()}
            for span, starts in spans
            for of in _OF_COMPONENTS.values()
        ]
        self._connection.execute(_GONE, gone)
        if values:
            self._connection.execute(insert(metric_tallies), values)
        if days:
            self._connection.execute(_FRESH, [{"of_day": day.isoformat()} for day in days])


_COUNTED = (
    update(incidents)
    .where(incidents.c.id == bindparam("of"), incidents.c.entries == bindparam("so_many"))
    .values(counted_entries=bindparam("so_many"))
)
_GONE = delete(metric_tallies).where(
    metric_tallies.c.span == bindparam("of_span"),
    metric_tallies.c.starts == bindparam("from_day"),
)
_FRESH = delete(metric_days).where(metric_days.c.day == bindparam("of_day"))

# The two databases agree on these statements, but SQLAlchemy wants them built for each.
_FIRST = {
    "sqlite": sqlite.insert(leases).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(leases).on_conflict_do_nothing(),
}
_STALE = {
    "sqlite": sqlite.insert(metric_days).on_conflict_do_nothing(),
    "postgresql": postgresql.insert(metric_days).on_conflict_do_nothing(),
}
_sqlite_share = sqlite.insert(metric_shares)
_postgres_share = postgresql.insert(metric_shares)
_SHARING: dict[str, Any] = {
    "sqlite": _sqlite_share.on_conflict_do_update(
        index_elements=[metric_shares.c.incident_id],
        set_={
            "text": _sqlite_share.excluded.text,
            "group_key": _sqlite_share.excluded.group_key,
        },
    ),
    "postgresql": _postgres_share.on_conflict_do_update(
        index_elements=[metric_shares.c.incident_id],
        set_={
            "text": _postgres_share.excluded.text,
            "group_key": _postgres_share.excluded.group_key,
        },
    ),
}
"""The day of an incident never changes: its plan and its opening do not."""


def _to_uncounted(row: Any) -> Uncounted:
    try:
        incident = _incident(row.snapshot)
    except msgspec.DecodeError:
        log.error("store.incident-unreadable", ids=[row.id])
        incident = None
    return Uncounted(
        id=row.id,
        plan=row.plan,
        group_key=row.group_key,
        opened_at=rows.instant(row.opened_at),
        entries=row.entries,
        incident=incident,
        opened_before=rows.instant_or_none(row.opened_before),
    )


def _share_row(one: Counted) -> dict[str, Any]:
    assert one.share is not None
    return {
        "incident_id": one.id,
        "day": one.share.day.isoformat(),
        "group_key": None if one.share.left_out else one.group_key,
        "text": _encode(one.share).decode(),
    }


def _tally_rows(span: Span, starts: date, tallies: Tallies) -> list[dict[str, Any]]:
    return [
        {
            "span": span + _OF_COMPONENTS[cell.component != ALL],
            "starts": starts.isoformat(),
            "component": cell.component,
            "severity": cell.severity,
            "text": _encode(tally).decode(),
        }
        for cell, tally in tallies.items()
    ]
