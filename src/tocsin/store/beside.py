"""Opens the main store with a journal beside it, and goes on without the main one if it must."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from pathlib import Path

import structlog

from tocsin.engine.emergency.store import Main, StoreWithJournal
from tocsin.engine.emergency.watch import Elapsed
from tocsin.engine.ports import Now, Reading, StoreUnavailable, Transaction
from tocsin.store.sql_store import SqlStore, open_store

FILE = "journal.sqlite3"
MAGIC = b"SQLite format 3\x00"
FINISHED = "emergency-"
DAMAGED = "damaged-journal.sqlite3"

KEPT = 5
"""So many finished emergencies are kept aside, the newest."""

PAUSE_SECONDS = 0.5

log = structlog.get_logger()


def open_beside(
    open_main: Callable[[], Main], folder: Path, node: str, clocks: tuple[Now, Elapsed]
) -> StoreWithJournal:
    """Return the store of a node whose journal is in `folder`; `clocks` are the time and `Elapsed`.

    Where the main store can't be opened, but a journal has something to go on with, that is done
    once the usual time has passed; at once if an emergency was going on when the process ended.
    Raises StoreUnavailable if there is nothing to go on with.
    """
    journal = _Journal(folder)
    store = StoreWithJournal(open_main, journal, node, clocks)
    store.set_aside = lambda name: _set_aside(journal.store(), folder, name)
    store.close_journal = journal.close
    try:
        store.begin_work(threading.Event().wait, PAUSE_SECONDS)
    except BaseException:
        journal.close()
        raise
    return store


class _Journal:
    """See engine.ports.Store. Opened when it can be: a node starts without it all the same."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._opening = threading.Lock()
        self._store: SqlStore | None = None
        with suppress(StoreUnavailable, OSError):
            self.store()

    def read(self) -> AbstractContextManager[Reading]:
        """See Store."""
        return self.store().read()

    def write(self) -> AbstractContextManager[Transaction]:
        """See Store."""
        return self.store().write()

    def is_ready(self) -> str:
        """See Store."""
        return self.store().is_ready()

    def tidy(self) -> None:
        """See Store."""
        if self._store is not None:
            self._store.tidy()

    def close(self) -> None:
        """Close the file."""
        if self._store is not None:
            self._store.close()

    def store(self) -> SqlStore:
        """Return the opened file; raises StoreUnavailable."""
        with self._opening:
            if self._store is None:
                self._store = self._opened()
            return self._store

    def _opened(self) -> SqlStore:
        """Open the file; one that can't be read is put aside for another one."""
        path = self._folder / FILE
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as problem:
            raise StoreUnavailable(f"{self._folder}: {problem.strerror}") from problem
        try:
            return open_store(f"sqlite:///{path}")
        except StoreUnavailable as problem:
            log.error("emergency.journal-not-opened", reason=str(problem))
            if not path.exists() or not _is_damaged(path):
                raise
        for part in ("-wal", "-shm"):
            path.with_name(FILE + part).unlink(missing_ok=True)
        path.replace(self._folder / DAMAGED)
        return open_store(f"sqlite:///{path}")


def _is_damaged(path: Path) -> bool:
    """Whether it is the file itself, and not the disk, that does not let it be opened."""
    try:
        return path.read_bytes()[: len(MAGIC)] != MAGIC
    except OSError:
        return False


def _set_aside(journal: SqlStore, folder: Path, name: str) -> None:
    target = folder / f"{FINISHED}{name}.sqlite3"
    if not target.exists():
        journal.copy_to(target)
    for old in sorted(folder.glob(f"{FINISHED}*.sqlite3"))[:-KEPT]:
        old.unlink()
