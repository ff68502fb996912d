"""The store: opens a database, brings its schema up to date, hands out transactions."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

from tocsin.engine.ports import Conflict, Reading, StoreUnavailable, Transaction
from tocsin.store.database import Database, Full, Lost
from tocsin.store.postgres import PostgresDatabase
from tocsin.store.reading import SqlReading
from tocsin.store.recent import Recent
from tocsin.store.schema import REVISION
from tocsin.store.sqlite import SqliteDatabase
from tocsin.store.upgrade import current_revision, upgrade
from tocsin.store.writing import SqlTransaction

SECRET_BYTES = 32
"""As `Reading.secret` promises."""


class SqlStore:
    """See engine.ports.Store. Any number of threads may use it at once."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._recent = Recent()

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """See Store."""
        with self._database.reading() as connection:
            yield SqlReading(connection)

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See Store. Raises Conflict if another node came first: do it all again then."""
        with self._database.writing() as connection:
            database = self._database
            bulk = database.bulk(connection)
            yield SqlTransaction(connection, bulk, self._recent, database.lacks_room)

    def is_ready(self) -> str:
        """See Store."""
        try:
            with self._database.reading() as connection:
                revision = current_revision(connection)
        except (StoreUnavailable, Conflict) as error:
            return str(error)
        if revision != REVISION:
            return f"the schema is at revision {revision or 'none'}, not {REVISION}"
        return ""

    def tidy(self) -> None:
        """See Store. Commits go on meanwhile, all but the last moment."""
        self._database.tidy()

    def hold_reserve(self, size: int) -> None:
        """Keep `size` bytes of the disk for when it is full, 0 for none; SQLite only."""
        self._database.hold_reserve(size)

    def lacks_room(self) -> str:
        """Say why nothing new should be accepted just now, "" if it should."""
        return self._database.lacks_room()

    def abandon(self) -> None:
        """Break off whatever waits for the database now: it fails at once with StoreUnavailable."""
        self._database.abandon()

    def copy_to(self, path: Path) -> None:
        """Write a consistent copy to a new file while others go on (SQLite only)."""
        self._database.copy_to(path)

    def close(self) -> None:
        """Close all connections; the store can't be used any more."""
        self._database.close()


def open_store(url: str) -> SqlStore:
    """Open `sqlite:///PATH` or `postgresql://...` and make it ready to use.

    Raises ValueError if the address is of another kind, StoreUnavailable if it can't be opened.
    """
    database = _database(url)
    try:
        _upgrade(database)
    except BaseException:
        database.close()
        raise
    return SqlStore(database)


def _upgrade(database: Database) -> None:
    secret = os.urandom(SECRET_BYTES)
    try:
        upgrade(database, secret)
    except (Full, Lost):
        upgrade(database, secret)  # the reserve of an earlier run, just given up, may be enough


def _database(url: str) -> Database:
    try:
        parsed = make_url(with_hosts_apart(url))
    except (ArgumentError, ValueError) as error:
        raise ValueError("the database address can't be read: write sqlite:///PATH") from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        if parsed.database in (None, "", ":memory:"):
            raise ValueError("a store needs a file: write sqlite:///PATH")
        return SqliteDatabase(Path(str(parsed.database)))
    if kind in ("postgresql", "postgres"):
        return PostgresDatabase(parsed)
    raise ValueError(f"{kind} is not supported: write sqlite:///PATH or postgresql://...")


_SEVERAL_HOSTS = re.compile(r"(postgres\w*://)([^/?]*@)?([^/?@]*,[^/?@]*)(/[^?]*)?(?:\?(.*))?")


def with_hosts_apart(url: str) -> str:
    """Turn `postgresql://a:1,b:2/name`, as libpq has it, into what SQLAlchemy understands."""
    found = _SEVERAL_HOSTS.fullmatch(url)
    if found is None:
        return url
    scheme, user, hosts, name, rest = found.groups("")
    query = "&".join([*([rest] if rest else []), *(f"host={host}" for host in hosts.split(","))])
    return f"{scheme}{user}{name or '/'}?{query}"
