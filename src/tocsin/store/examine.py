"""A look at a store from outside, as `tocsin doctor` takes it: nothing is created or changed."""

from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.store.postgres import PostgresDatabase
from tocsin.store.pulse import SqlPulseReading
from tocsin.store.reading import SqlReading
from tocsin.store.schema import REVISION
from tocsin.store.sql_store import with_hosts_apart
from tocsin.store.sqlite import SqliteDatabase
from tocsin.store.upgrade import current_revision


class Examined(NamedTuple):
    """What there is: `problem` is "" if it is good, `kind` says which database it is.

    `exists` says whether there is a store at all, `clock` what another machine's database says
    the time is.
    """

    kind: str
    exists: bool
    problem: str = ""
    clock: datetime | None = None


def examine(url: str) -> Examined:
    """Look at `sqlite:///PATH` or `postgresql://...`; never raises for what it finds."""
    try:
        parsed = make_url(with_hosts_apart(url))
    except (ArgumentError, ValueError):
        return Examined("store", False, "its address can't be read")
    is_file = parsed.get_backend_name() == "sqlite"
    kind = "SQLite" if is_file else "PostgreSQL"
    if is_file and not Path(str(parsed.database)).is_file():
        return Examined(kind, False)
    try:
        database = (
            SqliteDatabase(Path(str(parsed.database))) if is_file else PostgresDatabase(parsed)
        )
        try:
            with database.reading() as connection:
                revision = current_revision(connection)
                asked: SqlPulseReading = SqlReading(connection)
                clock = asked.time()
        finally:
            database.close()
    except (StoreUnavailable, Conflict) as problem:
        return Examined(kind, True, str(problem))
    if revision != REVISION:
        what = f"its tables are those of revision {revision or 'none'}, not {REVISION}"
        return Examined(kind, True, f"{what}; the next start of the server brings them up to date")
    return Examined(kind, True, "", clock)
