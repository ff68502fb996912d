"""What is kept when things break: all of a change or nothing, and no answer is untrue."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import threading
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import make_url
from tests.store.values import (
    MINUTE,
    NOW,
    alert,
    delivery,
    keep,
    kept,
    key,
    note,
    opening,
    rolled_back,
)

from tocsin.core.alerts import Unreadable
from tocsin.core.record import first_break
from tocsin.engine.accounts import Session
from tocsin.engine.ports import Activation, Change, FileSeen, StoreUnavailable
from tocsin.store import sqlite
from tocsin.store.sql_store import open_store

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}


def everything(store):
    """All that a reading can tell, for comparing."""
    with store.read() as reading:
        return (
            reading.counts(),
            reading.incidents((), None, 100),
            reading.timeline(1),
            reading.alerts(None, None, 100),
            reading.inbox("ann", 100),
            reading.unreadable(100),
            reading.active("plan"),
            reading.activations("plan", None, 10),
            reading.files_seen("plan"),
            reading.session(b"token", NOW),
        )


def test_a_change_that_ends_in_an_exception_leaves_nothing(store):
    keep(store, opening(1))
    with store.write() as tx:
        tx.keep_alerts([alert("a")], [])
        tx.keep_deliveries([delivery("m1")])
    before = everything(store)
    with rolled_back(store) as tx:
        found = tx.locked_by_id([1])[1]
        tx.keep([opening(2), Change(found, (note(),), found.incident, None)])
        tx.keep_alerts([alert("b")], list(tx.known_alerts([key("a")]).values()))
        tx.keep_unreadable([(Unreadable(integration="i", why="w", payload=b""), NOW, None)])
        tx.keep_deliveries([delivery("m2")])
        tx.claim_deliveries("email", 9, "t", NOW, NOW + MINUTE)
        tx.cancel_deliveries([1], ["acknowledged"], "why")
        tx.activate(Activation(what="plan", version="v1", file="plan.yaml", at=NOW), "text")
        tx.keep_file_seen(FileSeen(what="plan", source="here", version="v1", at=NOW))
        tx.keep_session(
            b"token", Session(person="a", created_at=NOW, expires_at=NOW + MINUTE, seen_at=NOW)
        )
        tx.keep_sign_in(b"code", "ann", "link", NOW + MINUTE)
        tx.numbers("INC-", 7)
    assert everything(store) == before
    with store.write() as tx:
        assert tx.use_sign_in(b"code", NOW) is None
        assert list(tx.numbers("INC-", 1)) == [1]


def killed_after(url, count):
    """Let a process change the store, kill it in the middle, and return what it said is kept."""
    command = [sys.executable, str(ROOT / "tests/store/writer.py"), url]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=ENVIRONMENT) as process:
        assert process.stdout is not None
        said = [int(process.stdout.readline()) for _ in range(count)]
        process.send_signal(signal.SIGKILL)
        said += [int(line) for line in process.stdout.read().split(b"\n")[:-1]]
    assert process.returncode == -signal.SIGKILL
    return said


def test_a_process_killed_while_it_writes_leaves_whole_changes(url):
    open_store(url).close()
    said: list[int] = []
    for count in (1, 7, 40, 90):
        said += killed_after(url, count)
    with closing(open_store(url)) as store, store.write() as tx:
        found = tx.locked_by_id(range(10_000))
        incidents = tx.incidents((), None, 10_000)
        numbers = [each.incident.id for each in incidents]
        assert set(said) <= set(numbers)
        assert sorted(numbers) == list(range(1, len(numbers) + 1))
        assert list(tx.numbers("INC-", 1)) == [len(numbers) + 1]
        assert len(numbers) - len(said) <= 4
        alerts = tx.alerts(None, None, 10_000)
        assert sorted(each.incident_id or 0 for each in alerts) == sorted(numbers)
        claimed = tx.claim_deliveries("email", 10_000, "t", NOW, NOW + MINUTE)
        assert sorted(each.incident_id for each in claimed) == sorted(numbers)
        for summary in incidents:
            last = found[summary.incident.id]
            entries = tx.timeline(summary.incident.id)
            assert first_break(summary.incident.code, entries, last.entries, last.head) is None


@pytest.fixture
def file(tmp_path):
    return tmp_path / "tocsin.db"


@pytest.fixture
def small(file):
    """A store on SQLite."""
    with closing(open_store(f"sqlite:///{file}")) as opened:
        yield opened


def fill_the_disk(store):
    """Make the write connection find no more room, as SQLite itself reports it."""
    with store._database.writing() as connection:
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar()
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")


def test_a_full_disk_is_said_and_is_over_when_there_is_room_again(small):
    keep(small, opening(1))
    before = everything(small)
    fill_the_disk(small)
    big = tuple(note("x" * 5000) for _ in range(20))
    found = kept(small)
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        keep(small, Change(found, big, found.incident, NOW))
    assert everything(small) == before
    keep(small, Change(found, big, found.incident, NOW))
    assert kept(small).entries == 22


LIMITED = """
import resource, signal, sys
from tests.store.values import NOW, keep, kept, note, opening
from tocsin.engine.ports import Change, StoreUnavailable
from tocsin.store.sql_store import open_store
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1])
keep(store, opening(1))
found = kept(store)
big = Change(found, tuple(note("x" * 5000) for _ in range(400)), found.incident, NOW)
hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (1_000_000, hard))
for attempt in range(3):
    try:
        keep(store, big)
        sys.exit("a change was kept that has no room")
    except StoreUnavailable as error:
        assert "the disk reports an error" in str(error), error
assert kept(store) == found
resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
keep(store, big)
assert kept(store).entries == 402
"""


def test_an_error_of_the_disk_is_never_taken_for_a_change_that_is_kept(file):
    command = [sys.executable, "-c", LIMITED, f"sqlite:///{file}"]
    done = subprocess.run(command, env=ENVIRONMENT, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    with closing(open_store(f"sqlite:///{file}")) as store:
        assert kept(store).entries == 402


def test_a_transaction_that_sqlite_gave_up_is_not_taken_for_kept(small):
    def change():
        with small.write() as tx:
            tx.keep([opening(1)])
            tx._connection.exec_driver_sql("ROLLBACK")

    with pytest.raises(StoreUnavailable, match="gave up"):
        change()
    keep(small, opening(1))


def test_a_process_that_holds_the_file_for_too_long_is_said(small, file, monkeypatch):
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.1)
    with closing(open_store(f"sqlite:///{file}")) as impatient, small.write():
        with pytest.raises(StoreUnavailable, match="another process keeps the database busy"):
            keep(impatient, opening(1))
        assert impatient.is_ready() == ""


def test_a_thread_that_holds_the_store_for_too_long_is_said(file, monkeypatch):
    monkeypatch.setattr(sqlite, "PATIENCE_SECONDS", 0.1)
    went_wrong = []
    with closing(open_store(f"sqlite:///{file}")) as store:

        def change():
            with pytest.raises(StoreUnavailable, match="busy for too long"):
                keep(store, opening(1))
            went_wrong.append(True)

        with store.write():
            thread = threading.Thread(target=change)
            thread.start()
            thread.join()
        keep(store, opening(1))
    assert went_wrong == [True]


def test_the_file_is_its_owners_alone(small, file):
    assert file.stat().st_mode & 0o077 == 0
    assert Path(f"{file}-wal").stat().st_mode & 0o077 == 0


def test_a_file_that_is_no_database_is_refused(file):
    file.write_bytes(b"something else entirely " * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        open_store(f"sqlite:///{file}")
    assert file.read_bytes().startswith(b"something else")


def test_a_folder_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StoreUnavailable, match=r"nowhere/tocsin\.db: No such file"):
        open_store(f"sqlite:///{tmp_path}/nowhere/tocsin.db")


@pytest.mark.parametrize("url", ["sqlite://", "sqlite:///:memory:", "mysql://u@h/d", "what"])
def test_an_address_of_another_kind_is_refused(url):
    with pytest.raises(ValueError, match="sqlite:///PATH"):
        open_store(url)


def test_damage_is_found_and_said(file):
    with closing(open_store(f"sqlite:///{file}")) as store:
        keep(store, *(opening(n) for n in range(1, 300)))
        store.copy_to(file.with_name("copy.db"))
    damaged = file.with_name("copy.db")
    content = bytearray(damaged.read_bytes())
    content[20_000:] = b"\xa5" * (len(content) - 20_000)
    damaged.write_bytes(content)

    def read():
        with closing(open_store(f"sqlite:///{damaged}")) as store:
            everything(store)

    with pytest.raises(StoreUnavailable, match="damaged"):
        read()


def end_sessions(postgres, url):
    """End all of a database's sessions, as a restarted server does."""
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        f" WHERE datname = '{make_url(url).database}' AND pid <> pg_backend_pid()"
    )


@pytest.mark.postgres
def test_a_server_that_went_away_costs_one_change_and_no_more(postgres, postgres_url):
    with closing(open_store(postgres_url)) as store:
        with store.read(), store.read(), store.write() as tx:
            tx.keep([opening(1)])
        end_sessions(postgres, postgres_url)
        with pytest.raises(StoreUnavailable, match=r"can't be reached|shutting down"):
            keep(store, opening(2))
        keep(store, opening(2))
        assert store.is_ready() == ""
        assert kept(store, "INC-2026-002").entries == 2


@pytest.mark.postgres
def test_a_server_that_goes_away_before_the_commit_is_said(postgres, postgres_url):
    def change(store):
        with store.write() as tx:
            tx.keep([opening(1)])
            end_sessions(postgres, postgres_url)

    with closing(open_store(postgres_url)) as store:
        with pytest.raises(StoreUnavailable, match=r"can't be reached|shutting down"):
            change(store)
        keep(store, opening(1))


@pytest.mark.postgres
def test_a_server_that_is_not_there_is_said(tmp_path):
    with pytest.raises(StoreUnavailable, match="can't be reached"):
        open_store(f"postgresql://postgres@/tocsin?host={tmp_path}")


@pytest.mark.postgres
def test_a_database_that_is_not_there_is_said(postgres):
    with pytest.raises(StoreUnavailable, match=r"can't be reached|no such database"):
        open_store(postgres.url("nowhere"))


@pytest.mark.postgres
def test_commits_wait_for_the_disk_even_if_the_server_was_told_otherwise(postgres):
    url = postgres.new_database()
    postgres.execute(f"ALTER DATABASE {make_url(url).database} SET synchronous_commit = off")
    with closing(open_store(url)) as store, store._database.writing() as connection:
        setting = connection.exec_driver_sql("SHOW synchronous_commit").scalar()
    assert setting == "on"


def test_commits_wait_for_the_disk(small, file):
    with small._database.writing() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
