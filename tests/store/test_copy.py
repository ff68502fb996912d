"""A copy of a SQLite store, made while others write, is a whole store; and the log stays short."""

from __future__ import annotations

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from tests.store.values import NOW, keep, kept, note, opening

from tocsin.core.record import first_break
from tocsin.engine.ports import Change
from tocsin.store import sqlite
from tocsin.store.sql_store import open_store


@pytest.fixture
def file(tmp_path):
    return tmp_path / "tocsin.db"


@pytest.fixture
def small(file):
    """A store on SQLite."""
    with closing(open_store(f"sqlite:///{file}")) as opened:
        yield opened


def log_pages(file):
    return Path(f"{file}-wal").stat().st_size // 4096


def test_a_copy_made_while_others_write_is_a_store_of_its_own(small, tmp_path):
    keep(small, opening(1))
    stopping = threading.Event()

    def write():
        while not stopping.is_set():
            with small.write() as tx:
                found = tx.locked("INC-2026-001")
                tx.keep([Change(found, (note(),), found.incident, NOW)])

    writer = threading.Thread(target=write)
    writer.start()
    copies = [tmp_path / f"copy-{n}.db" for n in range(3)]
    for copy in copies:
        small.copy_to(copy)
    stopping.set()
    writer.join()
    assert sorted(path.name for path in tmp_path.glob("copy*")) == [p.name for p in copies]
    for copy in copies:
        assert copy.stat().st_mode & 0o077 == 0
        with closing(open_store(f"sqlite:///{copy}")) as store, store.read() as reading:
            found = kept(store)
            entries = reading.timeline(1)
            assert found.entries >= 2
            assert first_break("INC-2026-001", entries, found.entries, found.head) is None
            with small.read() as original:
                assert reading.secret() == original.secret()


def test_a_copy_does_not_replace_a_file(small, tmp_path):
    (tmp_path / "copy.db").write_text("mine")
    with pytest.raises(FileExistsError):
        small.copy_to(tmp_path / "copy.db")
    assert (tmp_path / "copy.db").read_text() == "mine"


@pytest.mark.postgres
def test_postgresql_has_its_own_tool_for_copies(postgres_url, tmp_path):
    with closing(open_store(postgres_url)) as store:
        store.tidy()
        with pytest.raises(ValueError, match="pg_dump"):
            store.copy_to(tmp_path / "copy")


def write_much(store, pages):
    """Change an incident until that much has gone through the log."""
    found = kept(store)
    for _ in range(pages // 25):
        big = tuple(note("x" * 4000) for _ in range(25))
        keep(store, Change(found, big, found.incident, NOW))
        found = kept(store)


def test_tidying_keeps_the_log_short(small, file):
    keep(small, opening(1))
    write_much(small, 3 * sqlite.CHECKPOINT_PAGES)
    assert log_pages(file) > 2 * sqlite.CHECKPOINT_PAGES
    longest = log_pages(file)
    for _ in range(6):
        small.tidy()
        write_much(small, sqlite.CHECKPOINT_PAGES)
    assert log_pages(file) <= longest
    with closing(sqlite3.connect(file)) as connection:
        busy, log, moved = connection.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
    assert (busy, log) == (0, moved)


def test_tidying_a_short_log_does_nothing(small, file):
    keep(small, opening(1))
    before = file.stat().st_size
    small.tidy()
    assert file.stat().st_size == before


def test_a_reading_that_lasts_does_not_keep_tidying_or_changes_waiting(small):
    keep(small, opening(1))
    with small.read() as reading:
        before = reading.incident("INC-2026-001")
        write_much(small, 2 * sqlite.CHECKPOINT_PAGES)
        small.tidy()
        assert reading.incident("INC-2026-001") == before
    assert kept(small).entries > 1000
