"""Overrides of rosters in their table: a row is added, and may be marked as removed."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, ScalarSelect, insert, select, update

from tocsin.core.overrides import MadeOverride
from tocsin.engine.overrides import CHANGES, InForce
from tocsin.store import rows
from tocsin.store.database import ask_alone
from tocsin.store.schema import activations, counters, overrides


def _newest(what: str) -> ScalarSelect[str]:
    question = select(activations.c.version).where(activations.c.what == what)
    return question.order_by(activations.c.id.desc()).limit(1).scalar_subquery()


_IN_FORCE = select(
    _newest("plan"),
    _newest("organisation"),
    select(counters.c.value).where(counters.c.name == CHANGES).scalar_subquery(),
)


class SqlOverridesReading:
    """See engine.overrides.OverridesReading."""

    _connection: Connection

    def in_force(self) -> InForce:
        """See OverridesReading."""
        plan, organisation, changed = ask_alone(self._connection, _IN_FORCE)
        return InForce(plan or "", organisation or "", changed or 0)

    def overrides(self, ends_after: datetime | None = None) -> list[MadeOverride]:
        """See OverridesReading."""
        question = select(overrides).order_by(overrides.c.id)
        if ends_after is not None:
            question = question.where(overrides.c.ends_at > rows.micros(ends_after))
        return [_to_made(row) for row in self._connection.execute(question)]

    def override(self, number: int) -> MadeOverride | None:
        """See OverridesReading."""
        if not 0 <= number <= rows.LARGEST_ID:
            return None
        question = select(overrides).where(overrides.c.id == number)
        row = self._connection.execute(question).first()
        return None if row is None else _to_made(row)


class SqlOverridesWriting:
    """See engine.overrides.OverridesWriting."""

    _connection: Connection

    def keep_override(self, made: MadeOverride) -> MadeOverride:
        """See OverridesWriting."""
        values = {
            "roster": rows.plain(made.roster),
            "person": rows.plain(made.person),
            "starts_at": rows.micros(made.start),
            "ends_at": rows.micros(made.end),
            "made_by": rows.plain(made.made_by),
            "made_at": rows.micros(made.made_at),
            "why": rows.plain(made.why),
            "removed_by": rows.plain(made.removed_by),
            "removed_at": rows.micros_or_none(made.removed_at),
        }
        added = insert(overrides).values(values).returning(*overrides.c)
        return _to_made(self._connection.execute(added).one())

    def remove_override(self, number: int, by: str, at: datetime) -> None:
        """See OverridesWriting."""
        gone = {"removed_by": rows.plain(by), "removed_at": rows.micros(at)}
        self._connection.execute(update(overrides).where(overrides.c.id == number).values(gone))


def _to_made(row: Any) -> MadeOverride:
    return MadeOverride(
        id=row.id,
        roster=row.roster,
        person=row.person,
        start=rows.instant(row.starts_at),
        end=rows.instant(row.ends_at),
        made_by=row.made_by,
        made_at=rows.instant(row.made_at),
        why=row.why,
        removed_by=row.removed_by,
        removed_at=rows.instant_or_none(row.removed_at),
    )
