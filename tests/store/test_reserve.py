"""The room that is kept for calls: held, given up when the disk is full, taken back."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.heard import heard
from tests.store.values import NOW, keep, kept, note, opening

from tocsin.engine.attachments import Attachment
from tocsin.engine.ports import Change, StoreUnavailable
from tocsin.store.reserve import Reserve, give_up_for_start
from tocsin.store.sql_store import open_store

SIZE = 1 << 20


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "tocsin.db"


@pytest.fixture
def store(file: Path):
    with closing(open_store(f"sqlite:///{file}")) as opened:
        opened.hold_reserve(SIZE)
        yield opened


def held(file: Path) -> int:
    """Return how many bytes of the disk the reserve takes."""
    path = file.with_name("tocsin.db-reserve")
    return path.stat().st_blocks * 512 if path.exists() else 0


def fill_the_disk(store) -> None:
    """Make the write connection find no more room, as SQLite itself reports it."""
    with store._database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def attachment() -> Attachment:
    return Attachment(
        id=0,
        incident_id=1,
        name="screen.png",
        media_type="image/png",
        size=1,
        hash=b"h" * 32,
        content=b"x",
        by="ana",
        at=NOW,
    )


def overfill(store) -> None:
    found = kept(store)
    big = tuple(note("x" * 5000) for _ in range(20))
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        keep(store, Change(found, big, found.incident, None))


def no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)


def test_the_reserve_takes_its_room_from_the_start(store, file):
    assert held(file) >= SIZE
    assert store.lacks_room() == ""


def test_on_a_full_disk_the_reserve_is_given_up_and_nothing_new_is_taken(store, file, monkeypatch):
    keep(store, opening(1))
    fill_the_disk(store)
    no_room(monkeypatch)
    overfill(store)
    assert held(file) == 0
    assert "is full" in store.lacks_room()
    keep(store, opening(2))  # what is due goes on
    with pytest.raises(StoreUnavailable, match="is full"), store.write() as tx:
        tx.keep_attachment(attachment())


def test_it_is_taken_back_when_there_is_room_for_it_and_some_more(store, file, monkeypatch):
    keep(store, opening(1))
    fill_the_disk(store)
    with monkeypatch.context() as full:
        no_room(full)
        overfill(store)
        store.tidy()
        assert store.lacks_room() != ""
    store.tidy()
    assert held(file) >= SIZE
    assert store.lacks_room() == ""


def test_a_disk_without_room_for_it_is_full_from_the_start(file, monkeypatch):
    no_room(monkeypatch)
    with closing(open_store(f"sqlite:///{file}")) as store:
        store.hold_reserve(SIZE)
        assert "is full" in store.lacks_room()
        assert list(file.parent.glob("*-reserve*")) == []


def test_without_a_reserve_nothing_is_held_and_nothing_refused(file):
    with closing(open_store(f"sqlite:///{file}")) as store:
        store.hold_reserve(SIZE)
        store.hold_reserve(0)
        assert held(file) == 0
        keep(store, opening(1))
        fill_the_disk(store)
        overfill(store)
        assert store.lacks_room() == ""


def test_what_an_earlier_run_has_left_is_the_reserve(file):
    for _ in range(2):
        with closing(open_store(f"sqlite:///{file}")) as store:
            store.hold_reserve(SIZE)
            assert (held(file) >= SIZE, store.lacks_room()) == (True, "")


def test_a_start_may_have_the_room_of_an_earlier_run(store, file):
    store.close()
    assert give_up_for_start(file)
    assert held(file) == 0
    assert not give_up_for_start(file)


def test_a_used_up_quota_is_told_from_a_broken_disk(tmp_path, monkeypatch):
    room = Reserve(tmp_path / "reserve")
    assert not room.disk_is_full()

    def refuse(*_: object) -> int:
        raise OSError(122, "Disk quota exceeded")

    monkeypatch.setattr(os, "write", refuse)
    assert room.disk_is_full()
    assert list(tmp_path.iterdir()) == []


def test_the_log_is_written_again_before_anything_is_added_to_it(file, monkeypatch):
    """The same bytes: what was there is there, and synced."""
    first = open_store(f"sqlite:///{file}")
    keep(first, opening(1))
    log = file.with_name("tocsin.db-wal")
    before = log.read_bytes()
    synced: list[str] = []
    sync = os.fsync

    def noted(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}"))
        sync(handle)

    monkeypatch.setattr(os, "fsync", noted)
    with closing(open_store(f"sqlite:///{file}")) as second:
        with second.write():
            assert synced == [str(log)]
            assert log.read_bytes() == before
        keep(second, opening(2))
        assert synced == [str(log)]
    first.close()
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT count(*) FROM incidents").fetchone() == (2,)


def test_a_log_that_can_not_be_written_again_takes_nothing(file, monkeypatch):
    first = open_store(f"sqlite:///{file}")
    keep(first, opening(1))

    def refuse(_handle: int) -> None:
        raise OSError(5, "Input/output error")

    with closing(open_store(f"sqlite:///{file}")) as second:
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", refuse)
            for _ in range(2):
                with pytest.raises(StoreUnavailable, match="the disk reports an error"):
                    keep(second, opening(2))
        keep(second, opening(2))
    first.close()


def test_a_disk_that_can_reserve_nothing_is_not_full(file, monkeypatch):
    def refuse(*_: object) -> None:
        raise OSError(95, "Operation not supported")

    monkeypatch.setattr(os, "posix_fallocate", refuse)
    with closing(open_store(f"sqlite:///{file}")) as store:
        with heard() as logs:
            store.hold_reserve(SIZE)
            store.tidy()
        assert [one["event"] for one in logs] == ["store.no-reserve"]
        assert store.lacks_room() == ""
        keep(store, opening(1))
        fill_the_disk(store)
        overfill(store)
        assert "is full" in store.lacks_room()
        store.tidy()  # statvfs says that there is room
        assert store.lacks_room() == ""
