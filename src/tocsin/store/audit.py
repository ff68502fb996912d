"""The audit in its table: rows are added and read, and nothing changes or removes one."""

from typing import Any

from sqlalchemy import Connection, insert, or_, select

from tocsin.engine.audit import Act, Wanted
from tocsin.store import rows
from tocsin.store.schema import audit


class SqlAuditReading:
    """See engine.audit.AuditReading."""

    _connection: Connection

    def acts(self, wanted: Wanted, before: int | None, limit: int) -> list[Act]:
        """See AuditReading."""
        question = select(audit).order_by(audit.c.id.desc()).limit(limit)
        if before is not None:
            question = question.where(audit.c.id < before)
        if wanted.by:
            question = question.where(audit.c.by == rows.plain(wanted.by))
        if wanted.about:
            question = question.where(audit.c.about == rows.plain(wanted.about))
        if wanted.act:
            act = rows.plain(wanted.act)
            kind = audit.c.act.startswith(f"{act}.", autoescape=True)
            question = question.where(or_(audit.c.act == act, kind))
        if wanted.since is not None:
            question = question.where(audit.c.at >= rows.micros(wanted.since))
        if wanted.until is not None:
            question = question.where(audit.c.at < rows.micros(wanted.until))
        return [_to_act(row) for row in self._connection.execute(question)]


class SqlAuditWriting:
    """See engine.audit.AuditWriting."""

    _connection: Connection

    def keep_act(self, act: Act) -> None:
        """See AuditWriting."""
        values = {
            "at": rows.micros(act.at),
            "by": rows.plain(act.by),
            "via": act.via,
            "act": act.act,
            "about": rows.plain(act.about),
            "detail": rows.plain(act.detail),
            "address": rows.plain(act.address),
        }
        self._connection.execute(insert(audit).values(values))


def _to_act(row: Any) -> Act:
    return Act(
        id=row.id,
        at=rows.instant(row.at),
        by=row.by,
        via=row.via,
        act=row.act,
        about=row.about,
        detail=row.detail,
        address=row.address,
    )
