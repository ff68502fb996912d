"""Shares and tallies in their tables, and which incidents were not counted yet."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import structlog
from sqlalchemy import (
    Connection,
    Text,
    bindparam,
    delete,
    func,
    insert,
    or_,
    select,
    text,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.core.incident.state import Incident
from tocsin.core.metrics.period import A_DAY, Parts, Period, month_of, next_month
from tocsin.core.metrics.share import Share
from tocsin.core.metrics.tally import ALL, Cell, Tally
from tocsin.engine.metrics import Behind, Counted, Repeated, Span, Tallies, Uncounted
from tocsin.store import rows
from tocsin.store.metrics_schema import (
    leases,
    metric_days,
    metric_groups,
    metric_shares,
    metric_tallies,
)
from tocsin.store.schema import incidents

_NOT_COUNTED = text("incidents.counted_entries <> incidents.entries AND incidents.id > 0")
"""As the index has it, word for word."""

_OF_COMPONENTS = {False: "", True: " of components"}

_before = incidents.alias("before_it")
_counted = metric_shares.alias("counted")
_with_shares = _before.outerjoin(_counted, _counted.c.incident_id == _before.c.id)
# By number, whether it was counted or not: that is the one before it, but for what came back from
# an emergency, which has a later number. Such a one is found by time once it was counted.
_BEFORE_BY_NUMBER = (
    select(_before.c.opened_at)
    .select_from(_with_shares)
    .where(
        _before.c.group_key == incidents.c.group_key,
        _before.c.id < incidents.c.id,
        _before.c.opened_at <= incidents.c.opened_at,
        or_(_counted.c.incident_id.is_(None), _counted.c.group_key.is_not(None)),
    )
    .order_by(_before.c.id.desc())
    .limit(1)
    .correlate(incidents)
    .scalar_subquery()
)
_kept = metric_shares.alias("kept")
_PLACE = tuple_(_kept.c.opened_at, _kept.c.incident_id)
_HERE = tuple_(incidents.c.opened_at, incidents.c.id)
_BEFORE_BY_TIME = (
    select(_kept.c.opened_at)
    .where(_kept.c.group_key == incidents.c.group_key, _PLACE < _HERE)
    .order_by(_kept.c.opened_at.desc(), _kept.c.incident_id.desc())
    .limit(1)
    .scalar_subquery()
)
_NEXT = (
    select(_kept.c.incident_id)
    .where(_kept.c.group_key == incidents.c.group_key, _PLACE > _HERE)
    .order_by(_kept.c.opened_at, _kept.c.incident_id)
    .limit(1)
    .scalar_subquery()
)
_UNCOUNTED = (
    select(
        incidents.c.id, incidents.c.plan, incidents.c.group_key, incidents.c.opened_at,
        incidents.c.entries, incidents.c.snapshot,
        _BEFORE_BY_NUMBER.label("by_number"), _BEFORE_BY_TIME.label("by_time"),
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

    def repeated(self, parts: Parts, limit: int) -> list[Repeated]:
        """See MetricsReading. Days by an index that has all of it, months as they were counted."""
        kept, months = metric_shares.c, metric_groups.c
        found = [
            select(
                kept.group_key,
                func.count().label("times"),
                func.max(kept.incident_id).label("newest"),
            )
            .where(
                kept.day.between(part.first.isoformat(), part.last.isoformat()),
                kept.group_key.is_not(None),
            )
            .group_by(kept.group_key)
            for part in (parts.before, parts.after)
            if part is not None
        ]
        if parts.months is not None:
            first, last = parts.months
            within = months.month.between(first.isoformat(), last.isoformat())
            found.append(select(months.group_key, months.times, months.newest).where(within))
        every = union_all(*found).subquery()
        times, newest = func.sum(every.c.times), func.max(every.c.newest)
        question = (
            select(times, newest)
            .group_by(every.c.group_key)
            .having(times > 1)
            .order_by(times.desc(), newest.desc())
            .limit(limit)
        )
        return [Repeated(int(row[0]), row[1]) for row in self._connection.execute(question)]


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
        values = [_share_row(one.of, one.share) for one in counted if one.share is not None]
        if values:
            self._connection.execute(_SHARING[here], values)
            days = sorted({value["day"] for value in values})
            self._connection.execute(_STALE[here], [{"day": day} for day in days])
            self._count_groups(counted)
        marks = {one.of.id: (one.of.entries, one.of.entries) for one in counted}
        marks |= {other: (entries, 0) for other, entries in self._come_after(counted).items()}
        self._connection.execute(
            _COUNTED,
            [
                {"of": of, "so_many": entries, "counted": so_far}
                for of, (entries, so_far) in sorted(marks.items())
            ],
        )

    def _count_groups(self, counted: Sequence[Counted]) -> None:
        """Count anew how often the groups of these incidents came in their months."""
        found = {
            (month_of(one.share.day), one.of.group_key)
            for one in counted
            if one.share is not None and one.of.group_key is not None
        }
        values = [_of_month(month, key) for month, key in sorted(found)]
        if values:
            gone = [{"of_month": one["of_month"], "key": one["key"]} for one in values]
            self._connection.execute(_NO_GROUP, gone)
            self._connection.execute(_GROUP, values)

    def _come_after(self, counted: Sequence[Counted]) -> dict[int, int]:
        """Return incidents that were counted with another one before them than there is now.

        With the number of their entries.
        """
        changed = {one.of.id: one for one in counted if one.share is not None}
        following = select(incidents.c.id, _NEXT.label("next")).where(
            incidents.c.id.in_(list(changed)), incidents.c.group_key.is_not(None)
        )
        after = [(row.next, changed[row.id]) for row in self._connection.execute(following)]
        question = (
            select(metric_shares.c.incident_id, metric_shares.c.opened_before, incidents.c.entries)
            .join_from(metric_shares, incidents, incidents.c.id == metric_shares.c.incident_id)
            .where(metric_shares.c.incident_id.in_([number for number, _ in after if number]))
        )
        kept = {row.incident_id: row for row in self._connection.execute(question)}
        return {
            number: kept[number].entries
            for number, one in after
            if number in kept and _is_other(kept[number].opened_before, one)
        }

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
    .values(counted_entries=bindparam("counted"))
)
_NO_GROUP = delete(metric_groups).where(
    metric_groups.c.month == bindparam("of_month"), metric_groups.c.group_key == bindparam("key")
)
_GROUP = insert(metric_groups).from_select(
    ["month", "group_key", "times", "newest"],
    select(
        bindparam("of_month", type_=Text),
        metric_shares.c.group_key,
        func.count(),
        func.max(metric_shares.c.incident_id),
    )
    .where(
        metric_shares.c.group_key == bindparam("key"),
        metric_shares.c.opened_at.between(bindparam("since"), bindparam("until")),
        metric_shares.c.day.between(bindparam("of_month", type_=Text), bindparam("to_day")),
    )
    .group_by(metric_shares.c.group_key),
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
_CHANGING = ("group_key", "opened_before", "text")
_sqlite_share = sqlite.insert(metric_shares)
_postgres_share = postgresql.insert(metric_shares)
_SHARING: dict[str, Any] = {
    "sqlite": _sqlite_share.on_conflict_do_update(
        index_elements=[metric_shares.c.incident_id],
        set_={name: _sqlite_share.excluded[name] for name in _CHANGING},
    ),
    "postgresql": _postgres_share.on_conflict_do_update(
        index_elements=[metric_shares.c.incident_id],
        set_={name: _postgres_share.excluded[name] for name in _CHANGING},
    ),
}
"""The day of an incident never changes: its plan and its opening do not."""


def _to_uncounted(row: Any) -> Uncounted:
    try:
        incident = _incident(row.snapshot)
    except msgspec.DecodeError:
        log.error("store.incident-unreadable", ids=[row.id])
        incident = None
    before = [at for at in (row.by_number, row.by_time) if at is not None]
    return Uncounted(
        id=row.id,
        plan=row.plan,
        group_key=row.group_key,
        opened_at=rows.instant(row.opened_at),
        entries=row.entries,
        incident=incident,
        opened_before=rows.instant_or_none(max(before, default=None)),
    )


def _share_row(of: Uncounted, share: Share) -> dict[str, Any]:
    return {
        "incident_id": of.id,
        "day": share.day.isoformat(),
        "group_key": None if share.left_out else of.group_key,
        "opened_at": rows.micros(of.opened_at),
        "opened_before": rows.micros_or_none(of.opened_before),
        "text": _encode(share).decode(),
    }


def _is_other(before: int | None, changed: Counted) -> bool:
    """Say whether an incident right after `changed` was counted with a wrong one before it."""
    assert changed.share is not None
    at = rows.micros(changed.of.opened_at)
    if changed.share.left_out:
        return before == at
    return before is None or before < at


def _of_month(month: date, key: bytes) -> dict[str, Any]:
    """Return what counts a group in a month, on the clocks of any zone."""
    begins = datetime(month.year, month.month, 1, tzinfo=UTC)
    return {
        "of_month": month.isoformat(),
        "key": key,
        "to_day": (next_month(month) - A_DAY).isoformat(),
        "since": rows.micros(begins - 2 * A_DAY),
        "until": rows.micros(begins + 33 * A_DAY),
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
