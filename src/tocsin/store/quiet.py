"""What the store keeps of alerts that planned maintenance keeps quiet."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    LargeBinary,
    bindparam,
    delete,
    exists,
    func,
    insert,
    literal,
    select,
    update,
)

from tocsin.core.statuspage.model import Window
from tocsin.engine.ports import Alert
from tocsin.engine.quiet import QuietCount, Spell
from tocsin.store import rows
from tocsin.store.schema import alerts, maintenance_looks, maintenances, quiet_alerts
from tocsin.store.statuspage import to_window

IDS_AT_ONCE = 5_000

IS_QUIET = quiet_alerts.c.until.is_(None)
_IS_FIRING = alerts.c.firing == literal(1, literal_execute=True)
_LOOKED_AT = maintenance_looks.c.maintenance_id == maintenances.c.id
_THEIRS = quiet_alerts.c.alert_id == alerts.c.id

QUIET_AND_FIRING = (
    select(func.count()).select_from(quiet_alerts).join(alerts, _THEIRS).where(IS_QUIET, _IS_FIRING)
)
FORGOTTEN = (
    select(func.count())
    .select_from(quiet_alerts)
    .where(
        IS_QUIET,
        ~exists(
            select(maintenance_looks.c.maintenance_id).where(
                maintenance_looks.c.maintenance_id == quiet_alerts.c.maintenance_id
            )
        ),
    )
)


class SqlQuietReading:
    """See engine.quiet.QuietReading."""

    _connection: Connection

    def quiet_counts(self, windows: Collection[int]) -> Mapping[int, QuietCount]:
        """See QuietReading."""
        counted: dict[int, int] = {}
        now: dict[int, int] = {}
        in_all = select(
            quiet_alerts.c.maintenance_id, func.count(quiet_alerts.c.alert_id.distinct())
        ).group_by(quiet_alerts.c.maintenance_id)
        firing = in_all.join(alerts, _THEIRS).where(IS_QUIET, _IS_FIRING)
        for question, found in ((in_all, counted), (firing, now)):
            asked = question.where(quiet_alerts.c.maintenance_id.in_(sorted(set(windows))))
            found |= {row[0]: row[1] for row in self._connection.execute(asked)}
        return {window: QuietCount(count, now.get(window, 0)) for window, count in counted.items()}

    def quieted(self, window: int, limit: int, after: int = 0) -> list[tuple[Alert, Spell]]:
        """See QuietReading."""
        question = (
            select(alerts)
            .where(
                alerts.c.id > after,
                exists(
                    select(quiet_alerts.c.id).where(
                        _THEIRS, quiet_alerts.c.maintenance_id == window
                    )
                ),
            )
            .order_by(alerts.c.id)
            .limit(limit)
        )
        found = [rows.to_alert(row) for row in self._connection.execute(question)]
        spells = self._spells([one.id for one in found], window)
        return [(one, spells[one.id]) for one in found]

    def spells(self, alerts: Collection[int]) -> Mapping[int, Spell]:
        """See QuietReading."""
        return self._spells(alerts, None)

    def _spells(self, ids: Collection[int], window: int | None) -> dict[int, Spell]:
        question = select(quiet_alerts).order_by(quiet_alerts.c.id)
        if window is not None:
            question = question.where(quiet_alerts.c.maintenance_id == window)
        return {
            row.alert_id: _spell(row)
            for part in _parts(ids)
            for row in self._connection.execute(question.where(quiet_alerts.c.alert_id.in_(part)))
        }


class SqlQuietWriting:
    """See engine.quiet.QuietWriting."""

    _connection: Connection

    def acting_windows(self, now: datetime) -> list[Window]:
        """See QuietWriting. Locked, so that whoever ends or looks at one waits for us."""
        at = rows.micros(now)
        question = (
            select(maintenances)
            .join(maintenance_looks, _LOOKED_AT)
            .where(
                maintenances.c.starts_at <= at,
                maintenances.c.ends_at > at,
                maintenances.c.state != "cancelled",
            )
            .order_by(maintenances.c.id)
            .with_for_update(read=True)
        )
        return [to_window(row) for row in self._connection.execute(question)]

    def due_windows(self, now: datetime, limit: int) -> list[Window]:
        """See QuietWriting."""
        question = (
            select(maintenances)
            .join(maintenance_looks, _LOOKED_AT)
            .where(maintenance_looks.c.look_again_at <= rows.micros(now))
            .order_by(maintenance_looks.c.look_again_at, maintenances.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [to_window(row) for row in self._connection.execute(question)]

    def look_at_window(self, window: int, at: datetime | None) -> None:
        """See QuietWriting."""
        mine = maintenance_looks.c.maintenance_id == window
        self._connection.execute(delete(maintenance_looks).where(mine))
        if at is not None:
            values = {"maintenance_id": window, "look_again_at": rows.micros(at)}
            self._connection.execute(insert(maintenance_looks).values(values))

    def keep_quiet(self, alerts: Sequence[Alert], window: int, since: datetime) -> None:
        """See QuietWriting. What is new has no id yet, so it is known by its episode."""
        values = [
            {"the_fingerprint": one.fingerprint, "the_start": rows.micros(one.starts_at),
             "the_window": window, "the_instant": rows.micros(since)}
            for one in alerts
        ]  # fmt: skip
        if values:
            self._connection.execute(_KEEPING_QUIET, values)

    def still_quiet(self, window: int, limit: int, after: int) -> list[Alert]:
        """See QuietWriting."""
        question = (
            select(alerts)
            .join(quiet_alerts, _THEIRS)
            .where(IS_QUIET, quiet_alerts.c.maintenance_id == window, alerts.c.id > after)
            .order_by(alerts.c.id)
            .limit(limit)
            .with_for_update(key_share=True, of=alerts)
        )
        return [rows.to_alert(row) for row in self._connection.execute(question)]

    def end_quiet(self, alerts: Collection[int], until: datetime) -> None:
        """See QuietWriting."""
        ending = update(quiet_alerts).where(IS_QUIET).values(until=rows.micros(until))
        for part in _parts(alerts):
            self._connection.execute(ending.where(quiet_alerts.c.alert_id.in_(part)))


_is_quiet_already = exists(select(quiet_alerts.c.id).where(_THEIRS, IS_QUIET))
_KEEPING_QUIET = insert(quiet_alerts).from_select(
    ["alert_id", "since", "maintenance_id"],
    select(
        alerts.c.id,
        bindparam("the_instant", type_=BigInteger),
        bindparam("the_window", type_=BigInteger),
    ).where(
        alerts.c.fingerprint == bindparam("the_fingerprint", type_=LargeBinary),
        alerts.c.starts_at == bindparam("the_start", type_=BigInteger),
        ~_is_quiet_already,
    ),
)


def _spell(row: Any) -> Spell:
    return Spell(
        maintenance=row.maintenance_id,
        since=rows.instant(row.since),
        until=rows.instant_or_none(row.until),
    )


def _parts(ids: Collection[int]) -> list[list[int]]:
    found = sorted(set(ids))
    return [found[start : start + IDS_AT_ONCE] for start in range(0, len(found), IDS_AT_ONCE)]
