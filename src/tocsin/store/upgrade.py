"""Bringing a database's schema to what this version of Tocsin expects.

Alembic is only loaded when there is something to migrate: starting must be quick.
"""

from importlib import import_module
from pathlib import Path

from sqlalchemy import Connection, insert, inspect, select

from tocsin.engine.ports import StoreUnavailable
from tocsin.store.database import Database
from tocsin.store.refold import is_refolding, refold_some, start_refolding
from tocsin.store.schema import REVISION, alembic_version, meta, metadata

MIGRATIONS = Path(__file__).parent / "migrations"


def upgrade(database: Database, new_secret: bytes) -> None:
    """Make `database` ready to use; an empty one gets its tables and `new_secret`.

    Creating the tables of a new database directly gives the same as running all migrations
    (tests/store/test_migrations.py proves it), only sooner. What changes tables keeps everybody
    out of them, so it ends before incidents are folded anew: that may take minutes.
    """
    with database.reading() as connection:
        if _is_ready(connection):
            return
    with database.writing() as connection:
        database.claim_schema(connection)
        revision = current_revision(connection)
        if revision is None and not inspect(connection).get_table_names():
            metadata.create_all(connection, checkfirst=False)
            alembic_version.create(connection)
            connection.execute(insert(alembic_version).values(version_num=REVISION))
        elif revision != REVISION:
            migrate(connection)
            start_refolding(connection)
        if not _has_secret(connection):
            connection.execute(insert(meta).values(name="secret", value=new_secret))
    more = True
    while more:
        with database.writing() as connection:
            database.claim_schema(connection)
            more = refold_some(connection)


def current_revision(connection: Connection) -> str | None:
    """Return the revision that the database says it has, None if it has none."""
    if not inspect(connection).has_table(alembic_version.name):
        return None
    return connection.execute(select(alembic_version.c.version_num)).scalar()


def _is_ready(connection: Connection) -> bool:
    if current_revision(connection) != REVISION:
        return False
    return _has_secret(connection) and not is_refolding(connection)


def _has_secret(connection: Connection) -> bool:
    question = select(meta.c.name).where(meta.c.name == "secret")
    return connection.execute(question).first() is not None


def migrate(connection: Connection, target: str = "head") -> None:
    """Run all migrations that are missing, inside the transaction of `connection`."""
    config = import_module("alembic.config").Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command = import_module("alembic.command")
    try:
        command.upgrade(config, target)
    except import_module("alembic.util").CommandError as error:
        raise StoreUnavailable(
            "the database was written by a newer Tocsin: start that version, or restore a copy"
        ) from error
