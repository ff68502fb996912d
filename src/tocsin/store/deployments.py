"""Changes to what is run, in their table: one row each, with the latest that was heard of it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Insert, select
from sqlalchemy.dialects import postgresql, sqlite

from tocsin.core.deployments import Deployment
from tocsin.store import rows
from tocsin.store.schema import deployments


class SqlDeploymentsReading:
    """See engine.deployments.DeploymentsReading."""

    _connection: Connection

    def deployments(
        self, since: datetime | None, until: datetime | None, limit: int, service: str = ""
    ) -> list[Deployment]:
        """See DeploymentsReading."""
        newest_first = deployments.c.at.desc(), deployments.c.id.desc()
        question = select(deployments).order_by(*newest_first).limit(limit)
        if since is not None:
            question = question.where(deployments.c.at >= rows.micros(since))
        if until is not None:
            question = question.where(deployments.c.at < rows.micros(until))
        if service:
            question = question.where(deployments.c.service == rows.plain(service))
        return [_to_deployment(row) for row in self._connection.execute(question)]

    def deployments_after(self, since: datetime, limit: int) -> list[Deployment]:
        """See DeploymentsReading."""
        question = (
            select(deployments)
            .where(deployments.c.at > rows.micros(since))
            .order_by(deployments.c.at, deployments.c.id)
            .limit(limit)
        )
        return [_to_deployment(row) for row in self._connection.execute(question)]


class SqlDeploymentsWriting:
    """See engine.deployments.DeploymentsWriting."""

    _connection: Connection

    def keep_deployments(self, new: Sequence[Deployment]) -> None:
        """See DeploymentsWriting. In the order of their keys, so that two nodes never deadlock."""
        statement = _KEEPING[self._connection.dialect.name]
        for one in sorted(new, key=lambda one: (one.integration, one.key, one.at)):
            self._connection.execute(statement, _new_deployment(one))


_NEWS = ("at", "service", "environment", "version", "title", "deployed_by", "link", "state")


def _new_deployment(one: Deployment) -> dict[str, Any]:
    return {
        "integration": rows.plain(one.integration),
        "key": rows.plain(one.key),
        "at": rows.micros(one.at),
        "service": rows.plain(one.service),
        "environment": rows.plain(one.environment),
        "version": rows.plain(one.version),
        "title": rows.plain(one.title),
        "deployed_by": rows.plain(one.by),
        "link": rows.plain(one.link),
        "state": rows.plain(one.state),
        "received_at": rows.micros(one.received_at),
    }


def _to_deployment(row: Any) -> Deployment:
    return Deployment(
        id=row.id,
        integration=row.integration,
        key=row.key,
        at=rows.instant(row.at),
        service=row.service,
        environment=row.environment,
        version=row.version,
        title=row.title,
        by=row.deployed_by,
        link=row.link,
        state=row.state,
        received_at=rows.instant(row.received_at),
    )


# The two databases agree on this statement, but SQLAlchemy wants it built for each.
_sqlite_keep = sqlite.insert(deployments)
_postgres_keep = postgresql.insert(deployments)
_key = [deployments.c.integration, deployments.c.key]
_KEEPING: dict[str, Insert] = {
    "sqlite": _sqlite_keep.on_conflict_do_update(
        index_elements=_key,
        set_={name: _sqlite_keep.excluded[name] for name in _NEWS},
        where=_sqlite_keep.excluded.at >= deployments.c.at,
    ),
    "postgresql": _postgres_keep.on_conflict_do_update(
        index_elements=_key,
        set_={name: _postgres_keep.excluded[name] for name in _NEWS},
        where=_postgres_keep.excluded.at >= deployments.c.at,
    ),
}
