"""PostgreSQL: several nodes on one database.

Transactions that write run READ COMMITTED and lock what they are about to change: a lock that had
to be waited for gives the newest version of the row, so a node goes on where another one has just
stopped. Under REPEATABLE READ it would have to start again each time. What can't be locked because
it is not there yet (a group's incident, an alert's episode) is guarded by a unique index, and the
second node gets a Conflict. Readings run REPEATABLE READ, as one snapshot; what is asked alone
(`database.ask_alone`) needs none.
"""

import os
import socket
from collections.abc import Mapping, Sequence
from contextlib import nullcontext, suppress
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any
from weakref import WeakSet

from sqlalchemy import (
    URL,
    BigInteger,
    Connection,
    Engine,
    LargeBinary,
    SmallInteger,
    Table,
    Text,
    create_engine,
    event,
)
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import ConnectionPoolEntry

from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.store import rows, schema
from tocsin.store.database import PATIENCE_SECONDS, Database, Lost, begins_with
from tocsin.store.rows import KEY_BYTES, Row

if TYPE_CHECKING:
    import psycopg

CONNECTIONS = 20
"""The most connections one node opens; a server takes 100 if nobody told it otherwise."""

SESSION = {
    "lock_timeout": f"{PATIENCE_SECONDS:.0f}s",
    "statement_timeout": "12s",
    "idle_in_transaction_session_timeout": "8s",
    "tcp_keepalives_idle": "3",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "2",
    "tcp_user_timeout": "8s",
}
"""A node that stops in the middle of something, or vanishes, must not hold up the others for long.

What it has locked is free again after 8 s, before those give up who wait for it.
"""

CONNECT = {
    "connect_timeout": 5,
    "keepalives_idle": 5,
    "keepalives_interval": 2,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    "application_name": "tocsin",
    "client_encoding": "utf8",
}
"""A server that is gone is noticed in seconds."""

CONFLICTS = {
    "23505": "another node came first",
    "40001": "another node changed the same thing",
    "40P01": "two nodes were waiting for each other",
}

SENTENCES = {
    "53100": "the database's disk is full",
    "53300": "the database has no connection left",
    "55P03": "another change keeps the database busy",
    "57014": "the database took too long",
    "58030": "the database's disk reports an error",
    "25006": "the database takes no changes just now",
    "25P03": "a change took too long",
    "3D000": "there is no such database",
    "55000": "the database lets nobody in just now",
    "28P01": "the database refuses the password",
    "28000": "the database refuses the user",
    "42501": "the database user lacks a permission",
}

CLASSES = {
    "08": "the database can't be reached",
    "53": "the database lacks resources",
    "57": "the database is shutting down or starting",
    "58": "the database has a problem with its system",
    "XX": "the database has a problem of its own",
}

LOST = {"08", "57"}
"""Classes of errors after which no connection is good any more."""

NOT_HERE = {"25006", "55000"}
"""It takes no changes, or nobody at all: look for it anew, it may be elsewhere by now."""

SCHEMA_LOCK = 7_162_831
"""The advisory lock that nodes take in turn to look at the schema at start."""


class PostgresDatabase(Database):
    """A server, or whatever stands before a server and its replicas."""

    def __init__(self, url: URL) -> None:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            pool_size=CONNECTIONS,
            max_overflow=0,
            pool_timeout=PATIENCE_SECONDS,
            connect_args={
                # Transactions are begun here and not by the driver, so that one connection serves
                # for both kinds, and nothing need be set on it each time.
                "autocommit": True,
                **{k: v for k, v in CONNECT.items() if k not in url.query},
            },
        )
        self._open: WeakSet[Any] = WeakSet()
        # First: a server that has stopped may keep even the preparation waiting.
        event.listen(engine, "connect", lambda connection, _: self._open.add(connection))
        patience = import_module("tocsin.store.patience")
        event.listen(engine, "do_connect", lambda *args: patience.connect(*args[2], **args[3]))
        event.listen(engine, "connect", _prepare)
        event.listen(engine, "checkin", _be_patient_again)
        super().__init__(
            reader=_beginning(engine, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"),
            writer=_beginning(engine, "BEGIN ISOLATION LEVEL READ COMMITTED"),
            turn=nullcontext(),
        )

    def meaning(self, error: Exception) -> Exception | None:
        """See Database."""
        cause = getattr(error, "orig", None) or error
        code = getattr(cause, "sqlstate", None)
        if code in CONFLICTS:
            return Conflict(CONFLICTS[code])
        if code is not None:
            sentence = SENTENCES.get(code) or CLASSES.get(code[:2])
            if sentence is None:
                return None
            is_lost = code in NOT_HERE or code[:2] in LOST
            return (Lost if is_lost else StoreUnavailable)(sentence)
        if isinstance(error, PoolTimeoutError):
            return StoreUnavailable("all connections to the database are in use")
        if isinstance(cause, (self._driver.OperationalError, self._driver.InterfaceError)):
            return Lost("the database can't be reached")
        return None

    def bulk(self, connection: Connection) -> "PostgresBulk":
        """See Database."""
        driver = connection.connection.driver_connection
        if driver is None:
            raise Lost("the database can't be reached")
        return PostgresBulk(driver)

    def claim_schema(self, connection: Connection) -> None:
        """See Database. What is done to the schema may take its time."""
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({SCHEMA_LOCK})")
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
        driver: Any = connection.connection.driver_connection
        driver.silence = None

    def abandon(self) -> None:
        """See Database. A server that has stopped keeps its connections open: nothing else ends
        what waits for it, since its own time-outs have stopped too.
        """
        for connection in list(self._open):
            with suppress(OSError, ValueError, self._driver.Error):
                handle = socket.socket(fileno=os.dup(connection.fileno()))
                with handle:
                    handle.shutdown(socket.SHUT_RDWR)

    def tidy(self) -> None:
        """See Database. PostgreSQL does it by itself."""

    def copy_to(self, path: Path) -> None:
        """See Database. PostgreSQL brings its own tool for that."""
        raise ValueError(f"copy a PostgreSQL database with pg_dump --format=custom --file={path}")


class PostgresBulk:
    """The statements that carry the load, see Bulk.

    New rows go by COPY; changes, and what may be there already, as arrays. Arrays are binary (%b):
    for one of text, the driver would look at every quotation mark of every snapshot.
    """

    def __init__(self, driver: "psycopg.Connection[Any]") -> None:
        self._driver = driver

    def latest_alerts(self, keys: bytes) -> Sequence[Row]:
        """See Bulk."""
        return self._by_keys(LATEST_ALERTS, keys)

    def latest_incidents(self, keys: bytes) -> Sequence[Row]:
        """See Bulk."""
        return self._by_keys(LATEST_INCIDENTS, keys)

    def add_alerts(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._copy(ADD_ALERTS, rows)

    def change_alerts(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._arrays(CHANGE_ALERTS, rows)

    def add_incidents(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._copy(ADD_INCIDENTS, rows)

    def change_incidents(self, rows: Sequence[Row]) -> int:
        """See Bulk."""
        return self._arrays(CHANGE_INCIDENTS, rows)

    def add_entries(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._copy(ADD_ENTRIES, rows)

    def add_deliveries(self, rows: Sequence[Row]) -> None:
        """See Bulk."""
        self._arrays(ADD_DELIVERIES, rows)

    def _by_keys(self, statement: str, keys: bytes) -> Sequence[Row]:
        parameters = {"keys": keys, "count": len(keys) // KEY_BYTES}
        return self._driver.execute(statement.encode(), parameters, binary=True).fetchall()

    def _arrays(self, statement: str, rows: Sequence[Row]) -> int:
        columns = [list(column) for column in zip(*rows, strict=True)]
        return self._driver.execute(statement.encode(), columns).rowcount

    def _copy(self, target: tuple[str, Sequence[str]], rows: Sequence[Row]) -> None:
        statement, types = target
        with self._driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
            copy.set_types(types)
            for row in rows:
                copy.write_row(row)


def _beginning(engine: Engine, statement: str) -> Engine:
    """Return an engine on the same connections whose transactions start with `statement`."""
    beginning = engine.execution_options()
    begins_with(beginning, statement)
    return beginning


def _prepare(connection: DBAPIConnection, _: ConnectionPoolEntry) -> None:
    """Set what every session needs; a server with commits switched to "off" would lose pages."""
    cursor = connection.cursor()
    for name, value in SESSION.items():
        cursor.execute("SELECT set_config(%s, %s, false)", (name, value))
    cursor.execute(
        "SELECT set_config('synchronous_commit', 'on', false)"
        " WHERE current_setting('synchronous_commit') = 'off'"
    )
    cursor.close()
    connection.commit()


def _be_patient_again(connection: Any, _: ConnectionPoolEntry) -> None:
    """End what `claim_schema` has allowed; a connection that is thrown away is None here."""
    if connection is not None:
        vars(connection).pop("silence", None)


_TYPES = {BigInteger: "int8", SmallInteger: "int2", LargeBinary: "bytea", Text: "text"}


def _type(table: Table, name: str) -> str:
    return next(pg for kind, pg in _TYPES.items() if isinstance(table.columns[name].type, kind))


def _copy_into(table: Table, names: Sequence[str]) -> tuple[str, Sequence[str]]:
    statement = f"COPY {table.name} ({', '.join(names)}) FROM STDIN (FORMAT BINARY)"
    return statement, [_type(table, name) for name in names]


def _arrays(table: Table, names: Sequence[str], keys: Mapping[str, str]) -> str:
    """One array per column; `keys` are the names that are not those of their columns."""
    return ", ".join(f"%b::{_type(table, keys.get(name, name))}[]" for name in names)


def _insert_missing(table: Table, names: Sequence[str], key: str) -> str:
    """Insert many rows by one statement, but none of which the key is there already."""
    return (
        f"INSERT INTO {table.name} ({', '.join(names)})"  # noqa: S608 - our names
        f" SELECT * FROM unnest({_arrays(table, names, {})}) ON CONFLICT ({key}) DO NOTHING"
    )


def _update(table: Table, values: Sequence[str], keys: dict[str, str]) -> str:
    """Update many rows by one statement; `keys` are (parameter, column that must equal it)."""
    names = [*values, *keys]
    changes = ", ".join(f"{name} = new.{name}" for name in values)
    where = " AND ".join(f"old.{column} = new.{name}" for name, column in keys.items())
    return (
        f"UPDATE {table.name} AS old SET {changes}"  # noqa: S608 - our names
        f" FROM unnest({_arrays(table, names, keys)}) AS new({', '.join(names)}) WHERE {where}"
    )


# Cuts the keys out of one parameter, which is far quicker than an array of them.
_WANTED = f"""(
SELECT substring(%(keys)s::bytea FROM n * {KEY_BYTES} + 1 FOR {KEY_BYTES}) AS key
FROM generate_series(0, %(count)s::int - 1) AS n) AS wanted
"""  # noqa: S608 - our names

LATEST_ALERTS = f"""
SELECT latest.* FROM {_WANTED} CROSS JOIN LATERAL (
    SELECT {", ".join(rows.ALERT)} FROM alerts WHERE fingerprint = wanted.key
    ORDER BY starts_at DESC LIMIT 1 FOR NO KEY UPDATE) AS latest
"""  # noqa: S608 - our names

LATEST_INCIDENTS = f"""
SELECT group_key, {", ".join(rows.KEPT)} FROM incidents WHERE id = ANY(ARRAY(
    SELECT (SELECT id FROM incidents WHERE group_key = wanted.key
        ORDER BY (state IN ('open', 'acknowledged')) DESC, id DESC LIMIT 1)
    FROM {_WANTED}))
ORDER BY id FOR NO KEY UPDATE
"""  # noqa: S608 - our names

ADD_ALERTS = _copy_into(schema.alerts, rows.NEW_ALERT)
ADD_INCIDENTS = _copy_into(schema.incidents, rows.NEW_INCIDENT)
ADD_ENTRIES = _copy_into(schema.timeline, rows.TIMELINE)
ADD_DELIVERIES = _insert_missing(schema.deliveries, rows.NEW_DELIVERY, "message_id")
CHANGE_ALERTS = _update(schema.alerts, rows.CHANGED_ALERT[:-1], {"id": "id"})
CHANGE_INCIDENTS = _update(
    schema.incidents, rows.CHANGED_INCIDENT[:-2], {"id": "id", "entries_before": "entries"}
)
