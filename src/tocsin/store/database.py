"""What the two databases have in common: connections, transactions, and errors made readable."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import Connection, Engine, Select, event
from sqlalchemy.exc import SQLAlchemyError

from tocsin.engine.ports import StoreUnavailable
from tocsin.store.rows import Row

PATIENCE_SECONDS = 10.0
"""How long a change waits for others before it gives up with StoreUnavailable."""


_ALONE = "asked alone"


def ask_alone(connection: Connection, question: Select[Any]) -> Row:
    """Return the one row of a question that needs no snapshot, since nothing is asked beside it.

    Nodes that have nothing to do ask such questions all day: where no transaction goes on, none is
    begun and ended for them.
    """
    if connection.in_transaction():
        return tuple(connection.execute(question).one())
    info = connection.info  # of a connection that is lost by then, nobody gets it any more
    info[_ALONE] = True
    try:
        row = connection.execute(question).one()
        connection.rollback()  # the next question begins what it needs
    finally:
        info.pop(_ALONE, None)
    return tuple(row)


def begins_with(engine: Engine, statement: str) -> None:
    """Let transactions of an engine, of which the driver begins none by itself, start so."""

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        if _ALONE not in connection.info:
            connection.exec_driver_sql(statement)


class Lost(StoreUnavailable):
    """The connection, or what is held in memory, can't be relied on any more."""


class Full(StoreUnavailable):
    """There is no room left on the disk."""


class Bulk(Protocol):
    """The statements that carry the load: one each per call, however many rows there are.

    `keys` are fingerprints or group keys of KEY_BYTES each, one after the other.
    """

    def latest_alerts(self, keys: bytes) -> Sequence[Row]:
        """Return the ALERT row with the latest start of each fingerprint, locked."""

    def latest_incidents(self, keys: bytes) -> Sequence[Row]:
        """Return group_key and the KEPT columns of each group's newest incident, locked."""

    def add_alerts(self, rows: Sequence[Row]) -> None:
        """Insert NEW_ALERT rows."""

    def change_alerts(self, rows: Sequence[Row]) -> None:
        """Update CHANGED_ALERT rows."""

    def add_incidents(self, rows: Sequence[Row]) -> None:
        """Insert NEW_INCIDENT rows."""

    def change_incidents(self, rows: Sequence[Row]) -> int:
        """Update CHANGED_INCIDENT rows; return how many were found as they were expected."""

    def add_entries(self, rows: Sequence[Row]) -> None:
        """Insert TIMELINE rows."""

    def add_deliveries(self, rows: Sequence[Row]) -> None:
        """Insert NEW_DELIVERY rows, but none whose message is there already."""


class Database(ABC):
    """A database with one way in for reading and one for writing."""

    def __init__(self, reader: Engine, writer: Engine, turn: AbstractContextManager[None]) -> None:
        self._reader = reader
        self._writer = writer
        self._turn = turn
        self._driver: Any = writer.dialect.loaded_dbapi

    @abstractmethod
    def meaning(self, error: Exception) -> Exception | None:
        """Return what a driver's error means to the engine, or None if it is a mistake of ours."""

    @abstractmethod
    def bulk(self, connection: Connection) -> Bulk:
        """Return the bulk statements, to be run on `connection`."""

    @abstractmethod
    def claim_schema(self, connection: Connection) -> None:
        """Keep other processes from changing the schema until this transaction ends."""

    @abstractmethod
    def tidy(self) -> None:
        """Do in small pieces what would otherwise hold up a commit for long."""

    @abstractmethod
    def copy_to(self, path: Path) -> None:
        """Write a consistent copy of everything to a new file while others go on."""

    def abandon(self) -> None:  # noqa: B027 - only a server can keep us waiting without end
        """Break off whatever waits for the database now: it fails at once with Lost."""

    def hold_reserve(self, size: int) -> None:  # noqa: B027 - a server's disk is not ours
        """Keep `size` bytes of the disk for when it is full, 0 for none."""

    def lacks_room(self) -> str:
        """Say why nothing new should be accepted just now, "" if it should."""
        return ""

    def noticed(self, trouble: StoreUnavailable) -> None:  # noqa: B027 - only SQLite has to
        """Do what an error demands besides being said."""

    def check_open(self, connection: Connection) -> None:  # noqa: B027 - only SQLite has to
        """Raise StoreUnavailable if the transaction has silently ended already."""

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Open a snapshot: what is read in it belongs together."""
        with self._explained(), self._reader.connect() as connection:
            try:
                yield connection
            except BaseException:
                # The error may hold a cursor that is not read to its end, and with it, on SQLite,
                # the snapshot: whoever got this connection next would see the past.
                connection.invalidate()
                raise

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Open a transaction; it is on disk when the context ends well, and gone otherwise."""
        with self._explained(), self._turn, self._writer.connect() as connection:
            connection.begin()
            try:
                yield connection
            except BaseException as error:
                self._roll_back(connection, error)
                raise
            self._commit(connection)

    def close(self) -> None:
        """Close all connections."""
        self._reader.dispose()
        self._writer.dispose()

    def _commit(self, connection: Connection) -> None:
        """Commit; nobody knows what a failed commit left, so its connection is thrown away."""
        try:
            self.check_open(connection)
            connection.commit()
        except BaseException:
            connection.invalidate()
            raise

    def _roll_back(self, connection: Connection, error: BaseException) -> None:
        """Roll back, or throw the connection away if it can't be trusted to do that."""
        if isinstance(error, Exception) and isinstance(self.meaning(error), StoreUnavailable):
            connection.invalidate()
            return
        try:
            connection.rollback()
        except (SQLAlchemyError, self._driver.Error):
            connection.invalidate()

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Raise what a driver's error means.

        After an error of the disk or the network, every connection goes: the next ones begin
        with what the disk, or the server, really has (invariant H2).
        """
        try:
            yield
        except (SQLAlchemyError, self._driver.Error) as error:
            meaning = self.meaning(error)
            if meaning is None:
                raise
            if isinstance(meaning, Lost):
                self._reader.dispose()
                self._writer.dispose()
            if isinstance(meaning, StoreUnavailable):
                self.noticed(meaning)
            raise meaning from error
