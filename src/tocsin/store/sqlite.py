"""SQLite: one file, readers that never wait, and one writer at a time."""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event
from sqlalchemy.engine.interfaces import DBAPIConnection, DBAPICursor
from sqlalchemy.pool import ConnectionPoolEntry, QueuePool

from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.store import rows
from tocsin.store.database import PATIENCE_SECONDS, Database, Full, Lost, begins_with
from tocsin.store.reserve import FULL, Reserve, beside
from tocsin.store.rows import KEY_BYTES, Row
from tocsin.store.turn import Turn

SENTENCES = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CANTOPEN: "the database file can't be opened",
    sqlite3.SQLITE_BUSY: "another process keeps the database busy",
    sqlite3.SQLITE_LOCKED: "another connection keeps the database busy",
    sqlite3.SQLITE_READONLY: "the database file can't be written to",
    sqlite3.SQLITE_PERM: "the database file can't be accessed",
    sqlite3.SQLITE_AUTH: "the database file can't be accessed",
    sqlite3.SQLITE_CORRUPT: "the database file is damaged",
    sqlite3.SQLITE_NOTADB: "the file is not a database",
    sqlite3.SQLITE_NOMEM: "there is no memory left",
    sqlite3.SQLITE_PROTOCOL: "the database file is locked in a way that can't be resolved",
}
"""What SQLite's primary result codes mean to whoever runs the machine."""

KINDS: dict[int, type[StoreUnavailable]] = {
    sqlite3.SQLITE_FULL: Full,
    sqlite3.SQLITE_IOERR: Lost,
    sqlite3.SQLITE_CANTOPEN: Lost,
    sqlite3.SQLITE_CORRUPT: Lost,
    sqlite3.SQLITE_NOTADB: Lost,
    # One file that could once be opened for reading only makes all connections of the process so,
    # as long as a single one of them lasts.
    sqlite3.SQLITE_READONLY: Lost,
}
"""Which of them demand more than to be said."""

AT_ONCE = 1024 * 1024
"""Bytes of the log that are written again at once."""

TAKEN = {sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY}

READERS = 64

CHECKPOINT_PAGES = 2_000
"""From this length of the log (in pages of 4 KiB) `tidy` moves it into the database file."""

EMERGENCY_PAGES = 32_000
"""A commit does it itself if nobody tidies up: slow, but the log can't grow for ever."""


class SqliteDatabase(Database):
    """One file in WAL mode. Commits wait for the disk (`synchronous=FULL`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._reserve = Reserve(beside(path))
        self._log_is_safe = False
        writer = _engine(path, "BEGIN IMMEDIATE", 1)
        event.listen(writer, "connect", self._before_writing)
        super().__init__(
            reader=_engine(path, "BEGIN", READERS),
            writer=writer,
            turn=Turn(PATIENCE_SECONDS),
        )
        self._checkpointer = _engine(path, "", 1)
        self._create()

    def _create(self) -> None:
        """Make the file, readable by its owner only: it holds the installation's secret."""
        try:
            os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        except OSError as error:
            why = error.strerror or "unknown error"
            raise StoreUnavailable(f"can't open the database {self._path}: {why}") from error

    def meaning(self, error: Exception) -> Exception | None:
        """See Database."""
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlite_errorcode", None)
        if code is None:
            return None
        if code in TAKEN:
            return Conflict("another change came first")
        sentence = SENTENCES.get(code & 0xFF)
        if sentence is None:
            return None
        kind = KINDS.get(code & 0xFF, StoreUnavailable)
        return kind(f"{sentence} ({self._path})")

    def bulk(self, connection: Connection) -> "SqliteBulk":
        """See Database."""
        return SqliteBulk(connection)

    def claim_schema(self, connection: Connection) -> None:
        """See Database. BEGIN IMMEDIATE has done it already."""

    def check_open(self, connection: Connection) -> None:
        """See Database. SQLite ends a transaction by itself after some errors."""
        driver = connection.connection.driver_connection
        if driver is None or not driver.in_transaction:
            raise StoreUnavailable(f"the database gave up a change ({self._path})")

    def hold_reserve(self, size: int) -> None:
        """See Database."""
        self._reserve.want(size)

    def lacks_room(self) -> str:
        """See Database."""
        return self._reserve.lacks

    def noticed(self, trouble: StoreUnavailable) -> None:
        """See Database. SQLite calls it an error of the disk if a quota is used up."""
        if isinstance(trouble, Lost):
            self._log_is_safe = False
            self._checkpointer.dispose()
        if isinstance(trouble, Full) or (
            isinstance(trouble, Lost) and self._reserve.disk_is_full()
        ):
            self._reserve.give_up()

    def tidy(self) -> None:
        """Move the log into the database file, mostly while commits go on.

        The first round copies without holding anybody up. Only if the log is empty to its end
        does it start again from its beginning, so the second round copies the little that has
        come since with commits held off.
        """
        self._reserve.take_back()
        if self._log_pages() < CHECKPOINT_PAGES:
            return
        if not self._log_is_safe:
            with self.writing():
                pass  # connects, and so makes it safe
        with self._explained():
            self._checkpoint()
            with self._turn:
                self._checkpoint()

    def copy_to(self, path: Path) -> None:
        """See Database. The copy appears under its name only when it is complete."""
        unfinished = path.with_name(path.name + ".unfinished")
        if path.exists():
            raise FileExistsError(f"{path} exists already")
        unfinished.unlink(missing_ok=True)
        os.close(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        try:
            self._copy(unfinished)
            _flush(unfinished)
            unfinished.rename(path)
        except BaseException:
            unfinished.unlink(missing_ok=True)
            raise
        _flush(path.parent)

    def close(self) -> None:
        """See Database."""
        super().close()
        self._checkpointer.dispose()

    def _copy(self, path: Path) -> None:
        with self._explained(), self._checkpointer.connect() as connection:
            source = connection.connection.driver_connection
            if not isinstance(source, sqlite3.Connection):
                raise AssertionError("SQLite connections are sqlite3's")
            target = sqlite3.connect(path)
            try:
                source.backup(target, pages=-1)
                target.execute("PRAGMA journal_mode=DELETE")
            finally:
                target.close()

    def _log_pages(self) -> int:
        try:
            return os.stat(f"{self._path}-wal").st_size // 4_096
        except FileNotFoundError:
            return 0

    def _before_writing(self, driver: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        """Make sure, once, that what is read as the log is on the disk, before it grows.

        After a sync that failed, what it should have written is read as if it were there, until
        the power goes; whatever was written after it is lost then too. That may have befallen a
        process before this one. So all of it is written once more, the same to the same place,
        while nobody else may write.
        """
        if self._log_is_safe:
            return
        with _first_use(driver) as cursor:
            cursor.execute("BEGIN IMMEDIATE")
            try:
                _write_again(Path(f"{self._path}-wal"))
            except OSError as error:
                kind = Full if error.errno in FULL else Lost
                trouble = kind(f"the disk reports an error: {error.strerror} ({self._path})")
                self.noticed(trouble)
                raise trouble from error
            cursor.execute("ROLLBACK")
        self._log_is_safe = True

    def _checkpoint(self) -> None:
        with self._checkpointer.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(PASSIVE)")


class SqliteBulk:
    """The statements that carry the load, see Bulk. Each is prepared once per connection.

    They go to the driver itself: around a statement as short as these, SQLAlchemy's own work would
    be most of the time.
    """

    def __init__(self, connection: Connection) -> None:
        driver = connection.connection.driver_connection
        if not isinstance(driver, sqlite3.Connection):
            raise AssertionError("SQLite connections are sqlite3's")
        self._driver = driver

    def latest_alerts(self, keys: bytes) -> Sequence[Row]:
        """See Bulk."""
        return self._by_keys(LATEST_ALERTS, keys)

    def latest_incidents(self, keys: bytes) -> Sequence[Row]:
        """See Bulk."""
        return self._by_keys(LATEST_INCIDENTS, keys)

    def add_alerts(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._many(ADD_ALERTS, rows)

    def change_alerts(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._many(CHANGE_ALERTS, rows)

    def add_incidents(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._many(ADD_INCIDENTS, rows)

    def change_incidents(self, rows: Sequence[Row]) -> int:
        """See Bulk."""
        return self._many(CHANGE_INCIDENTS, rows)

    def add_entries(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._many(ADD_ENTRIES, rows)

    def add_deliveries(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._many(ADD_DELIVERIES, rows)

    def _by_keys(self, statement: str, keys: bytes) -> Sequence[Row]:
        parameters = (len(keys) // KEY_BYTES, keys)
        return self._driver.execute(statement, parameters).fetchall()

    def _many(self, statement: str, rows: Sequence[Row]) -> int:
        return self._driver.executemany(statement, rows).rowcount


def _engine(path: Path, begin: str, connections: int) -> Engine:
    """Make an engine whose transactions start with `begin`."""
    engine = create_engine(
        URL.create("sqlite+pysqlite", database=str(path)),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=PATIENCE_SECONDS,
        connect_args={
            "timeout": PATIENCE_SECONDS,
            "check_same_thread": False,
            "isolation_level": None,
            "cached_statements": 256,
        },
    )

    @event.listens_for(engine, "connect")
    def prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
        with _first_use(connection) as cursor:
            cursor.execute("PRAGMA journal_mode=WAL")
            cursor.execute("PRAGMA synchronous=FULL")
            cursor.execute("PRAGMA foreign_keys=ON")
            cursor.execute("PRAGMA temp_store=MEMORY")
            cursor.execute("PRAGMA cache_size=-32000")
            cursor.execute(f"PRAGMA wal_autocheckpoint={EMERGENCY_PAGES}")
            cursor.execute("PRAGMA journal_size_limit=67108864")
            if begin == "BEGIN":
                cursor.execute("PRAGMA query_only=ON")

    if begin:
        begins_with(engine, begin)
    return engine


@contextmanager
def _first_use(connection: DBAPIConnection) -> Iterator[DBAPICursor]:
    """Use a new connection; one that can't be used is closed, to its last statement.

    The pool would leave that to the collector, and as long as such a connection lasts, what was
    wrong with it may be so for all others of this process.
    """
    cursor = connection.cursor()
    try:
        yield cursor
    except BaseException:
        cursor.close()
        connection.close()
        raise
    cursor.close()


def _write_again(path: Path) -> None:
    """Write a file once more as it is, and wait for the disk."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        place = 0
        while part := os.pread(handle, AT_ONCE, place):
            place += os.pwrite(handle, part, place)
        os.fsync(handle)
    finally:
        os.close(handle)


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _columns(names: Sequence[str], prefix: str = "") -> str:
    return ", ".join(prefix + name for name in names)


def _insert(table: str, names: Sequence[str]) -> str:
    marks = ", ".join("?" for _ in names)
    return f"INSERT INTO {table} ({_columns(names)}) VALUES ({marks})"  # noqa: S608 - our names


def _update(table: str, names: Sequence[str], where: str) -> str:
    values = ", ".join(f"{name} = ?" for name in names)
    return f"UPDATE {table} SET {values} WHERE {where}"  # noqa: S608 - our names


# Cuts the keys out of one parameter: the statement is the same for one key and for a thousand.
_WANTED = f"""
WITH RECURSIVE place(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM place WHERE n + 1 < ?1),
wanted(key) AS (SELECT substr(?2, n * {KEY_BYTES} + 1, {KEY_BYTES}) FROM place)
"""  # noqa: S608 - our names

LATEST_ALERTS = f"""{_WANTED}
SELECT {_columns(rows.ALERT, "a.")} FROM wanted CROSS JOIN alerts AS a ON a.id = (
    SELECT id FROM alerts WHERE fingerprint = wanted.key ORDER BY starts_at DESC LIMIT 1)
"""  # noqa: S608 - our names

LATEST_INCIDENTS = f"""{_WANTED}
SELECT i.group_key, {_columns(rows.KEPT, "i.")} FROM wanted CROSS JOIN incidents AS i ON i.id = (
    SELECT id FROM incidents WHERE group_key = wanted.key
    ORDER BY (state IN ('open', 'acknowledged')) DESC, id DESC LIMIT 1)
"""  # noqa: S608 - our names

ADD_ALERTS = _insert("alerts", rows.NEW_ALERT)
CHANGE_ALERTS = _update("alerts", rows.CHANGED_ALERT[:-1], "id = ?")
ADD_INCIDENTS = _insert("incidents", rows.NEW_INCIDENT)
CHANGE_INCIDENTS = _update("incidents", rows.CHANGED_INCIDENT[:-2], "id = ? AND entries = ?")
ADD_ENTRIES = _insert("timeline", rows.TIMELINE)
ADD_DELIVERIES = _insert("deliveries", rows.NEW_DELIVERY) + " ON CONFLICT (message_id) DO NOTHING"
