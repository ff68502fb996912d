"""A store with a journal beside it: how both are opened, and what is kept aside."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

import pytest

from tocsin.engine.emergency.store import StoreWithJournal
from tocsin.engine.journal import Known
from tocsin.engine.ports import StoreUnavailable
from tocsin.store.beside import DAMAGED, FILE, KEPT, open_beside
from tocsin.store.sql_store import SqlStore, open_store

NOW = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)


@contextmanager
def beside(folder: Path, url: str = "") -> Iterator[StoreWithJournal]:
    """Open a store with its journal; each look at the clock finds it 4 s later."""
    seconds = count(0, 4)
    main = url or f"sqlite:///{folder / 'main.sqlite3'}"
    clocks = (lambda: NOW, lambda: float(next(seconds)))
    with closing(open_beside(lambda: open_store(main), folder / "beside", "web1", clocks)) as store:
        yield store


def copied(store: StoreWithJournal) -> None:
    with store.read() as reading:
        store.copied(reading.copy(Known(), NOW))


def test_a_damaged_journal_is_put_aside_and_the_node_starts(tmp_path: Path) -> None:
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / FILE).write_bytes(b"this is no database at all" * 100)
    with beside(tmp_path) as store:
        copied(store)
        assert store.state.copied_at == NOW
    assert (tmp_path / "beside" / DAMAGED).read_bytes().startswith(b"this is no database")


def test_a_node_starts_although_there_can_be_no_journal(tmp_path: Path) -> None:
    (tmp_path / "beside").write_text("a file stands in its place")
    with beside(tmp_path) as store:
        with pytest.raises(StoreUnavailable):
            copied(store)
        with store.read() as reading:
            assert len(reading.secret()) == 32


def test_without_store_and_journal_there_is_nothing_to_start_with(tmp_path: Path) -> None:
    nowhere = f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite3'}"
    with pytest.raises(StoreUnavailable), beside(tmp_path, nowhere):
        pass


def test_with_a_journal_a_node_starts_without_its_store(tmp_path: Path) -> None:
    with beside(tmp_path) as store:
        copied(store)
        with store.read() as reading:
            secret = reading.secret()
    nowhere = f"sqlite:///{tmp_path / 'no' / 'such' / 'folder.sqlite3'}"
    with beside(tmp_path, nowhere) as store:
        assert store.emergency() is not None
        with store.read() as reading:
            assert reading.secret() == secret
    with beside(tmp_path, nowhere) as store:
        emergency = store.emergency()
        assert emergency is not None, "it goes on at once"
        assert emergency.node == "web1"


def test_the_newest_finished_emergencies_are_kept(tmp_path: Path) -> None:
    with beside(tmp_path) as store:
        copied(store)
        for number in range(KEPT + 2):
            store.set_aside(f"20261123T10000{number}Z")
    kept = sorted(path.name for path in (tmp_path / "beside").glob("emergency-*"))
    assert kept == [f"emergency-20261123T10000{n}Z.sqlite3" for n in range(2, KEPT + 2)]
    with closing(open_store(f"sqlite:///{tmp_path / 'beside' / kept[-1]}")) as aside:
        assert _state(aside) == NOW


def _state(store: SqlStore) -> datetime | None:
    with store.read() as reading:
        return reading.journal().copied_at
