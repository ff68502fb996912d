"""PostgreSQL that stands still, lets nobody in, or is somewhere else by now."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, timedelta
from typing import Any

import psycopg
import pytest
from sqlalchemy import make_url
from tests.databases.postgres import PostgresServer
from tests.servers import now
from tests.store.values import keep, kept, opening

from tocsin.engine.ports import StoreUnavailable
from tocsin.store import patience
from tocsin.store.sql_store import SqlStore, open_store, with_hosts_apart

pytestmark = pytest.mark.postgres


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    with closing(open_store(postgres_url)) as opened:
        yield opened


@contextmanager
def standing_still(url: str) -> Iterator[None]:
    """Stop the processes that serve the store's connections, without ending the connections."""
    database = make_url(url).database
    with psycopg.connect(url) as connection:
        found = connection.execute(
            "SELECT pid FROM pg_stat_activity WHERE datname = %s AND application_name = 'tocsin'",
            [database],
        ).fetchall()
    assert found
    for (pid,) in found:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for (pid,) in found:
            os.kill(pid, signal.SIGCONT)


def test_a_server_that_stands_still_is_not_waited_for_for_ever(
    store: SqlStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, opening(1))
    monkeypatch.setattr(patience.PatientConnection, "silence", 0.3)
    with standing_still(postgres_url):
        with pytest.raises(StoreUnavailable, match="can't be reached"), store.read() as reading:
            reading.incidents((), None, 1)
        # Its connections are gone, so that the next ones find a server that answers.
        keep(store, opening(2))
    assert kept(store, "INC-2026-002").incident.id == 2


def test_a_commit_that_does_not_end_is_not_waited_for_either(
    store: SqlStore, postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep(store, opening(1))
    monkeypatch.setattr(patience.PatientConnection, "silence", 0.3)
    held = ExitStack()

    def change() -> None:
        with store.write() as tx:
            tx.keep([opening(2)])
            held.enter_context(standing_still(postgres_url))

    with held, pytest.raises(StoreUnavailable, match="can't be reached"):
        change()
    assert kept(store).incident.id == 1


def test_a_migration_may_take_its_time(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience.PatientConnection, "silence", 0.3)
    with closing(open_store(postgres.new_store_database())) as store:
        database = store._database
        with database.writing() as connection:
            database.claim_schema(connection)
            connection.exec_driver_sql("SELECT pg_sleep(0.6)")
        with pytest.raises(StoreUnavailable), database.writing() as connection:
            connection.exec_driver_sql("SELECT pg_sleep(0.6)")


def test_a_database_that_lets_nobody_in_is_found_again(
    store: SqlStore, postgres: PostgresServer, postgres_url: str
) -> None:
    name = make_url(postgres_url).database
    postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    postgres.execute(
        f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
    )
    for _ in range(3):
        with pytest.raises(StoreUnavailable), store.write() as tx:
            tx.numbers("INC-", 1)
    assert store.is_ready() != ""
    postgres.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    keep(store, opening(1))


def test_a_server_that_takes_no_changes_any_more_is_left_at_once(
    store: SqlStore, postgres: PostgresServer, postgres_url: str
) -> None:
    """As after a failover behind one address: the old connections lead to a standby."""
    keep(store, opening(1))

    def change() -> None:
        with store.write() as tx:
            tx._connection.exec_driver_sql("SET TRANSACTION READ ONLY")  # type: ignore[attr-defined]
            tx.keep([opening(2)])

    with pytest.raises(StoreUnavailable, match="takes no changes"):
        change()
    with psycopg.connect(postgres_url) as connection:
        left = connection.execute(
            "SELECT count(*) FROM pg_stat_activity"
            " WHERE datname = current_database() AND application_name = 'tocsin'"
        ).fetchone()
    assert left == (0,)


def test_the_database_tells_the_time(store: SqlStore) -> None:
    with store.read() as reading:
        at = reading.time()
    assert at is not None
    assert at.tzinfo is UTC
    assert abs(at - now()) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("postgresql://a/t", "postgresql://a/t"),
        ("postgresql://u:p@a:1/t?x=y", "postgresql://u:p@a:1/t?x=y"),
        ("postgresql://u:p@/t?host=a:1&host=b:2", "postgresql://u:p@/t?host=a:1&host=b:2"),
        ("postgresql://a,b/t", "postgresql:///t?host=a&host=b"),
        (
            "postgresql://u:p%2C@a:1,b:2,c/t?target_session_attrs=read-write",
            "postgresql://u:p%2C@/t?target_session_attrs=read-write&host=a:1&host=b:2&host=c",
        ),
        ("sqlite:////a,b/t", "sqlite:////a,b/t"),
    ],
)
def test_several_hosts_are_written_as_in_other_programs(written: str, meant: str) -> None:
    assert with_hosts_apart(written) == meant


def test_the_host_that_takes_changes_is_found_among_several(postgres: PostgresServer) -> None:
    url = make_url(postgres.new_store_database())
    folder = url.query["host"]
    several = f"postgresql://postgres@/{url.database}?host=/nowhere&host={folder}"
    with closing(open_store(f"{several}&target_session_attrs=read-write")) as store:
        keep(store, opening(1))


def test_a_question_that_is_asked_alone_says_too_that_the_server_is_lost(
    store: SqlStore, postgres: PostgresServer, postgres_url: str
) -> None:
    keep(store, opening(1))
    name = make_url(postgres_url).database
    for ask in ("next_due", "secret", "time", "in_force", "status_stamp"):
        postgres.execute(
            f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"
        )
        with pytest.raises(StoreUnavailable), store.read() as reading:
            getattr(reading, ask)()
        with store.read() as reading:
            getattr(reading, ask)()


def addresses(*found: str) -> list[tuple[Any, ...]]:
    """What a name server answers."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 0)) for one in found]


def test_every_address_of_a_host_is_tried_with_the_whole_patience_for_each(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A name with several addresses (a failover): the dead ones cost no time of the last one."""
    answers = {"db": addresses("10.0.0.1", "10.0.0.2", "10.0.0.3"), "b": addresses("10.0.0.9")}
    monkeypatch.setattr(socket, "getaddrinfo", lambda host, *_, **__: answers[host])
    assert patience.found({"host": "db", "connect_timeout": 5}) == {
        "host": "db,db,db", "hostaddr": "10.0.0.1,10.0.0.2,10.0.0.3", "connect_timeout": 5,
    }  # fmt: skip
    assert patience.found({"host": "b,/run/pg,10.0.0.4", "port": "1,2,3"}) == {
        "host": "b,/run/pg,10.0.0.4", "hostaddr": "10.0.0.9,,", "port": "1,2,3",
    }  # fmt: skip
    for untouched in (
        {"host": "/run/pg"},
        {"host": "::1"},
        {},
        {"host": "b", "hostaddr": "1.1.1.1"},
    ):
        assert patience.found(dict(untouched)) == untouched


def test_only_the_name_server_is_hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of two names is not found in time: the other one serves."""
    answered = threading.Event()

    def ask(host: str, *_: object, **__: object) -> list[tuple[Any, ...]]:
        if host == "lost":
            answered.wait(10)
        if host == "unknown":
            raise socket.gaierror(-2, "Name or service not known")
        return addresses("10.0.0.1")

    monkeypatch.setattr(socket, "getaddrinfo", ask)
    monkeypatch.setattr(patience, "FOUND_WITHIN", 0.2)
    try:
        with pytest.raises(psycopg.OperationalError, match="too long to find lost"):
            patience.connect(host="lost", dbname="t")
        with pytest.raises(psycopg.OperationalError, match="unknown was not found"):
            patience.connect(host="unknown", dbname="t")
        assert patience.found({"host": "lost,unknown,b"})["host"] == "b"
    finally:
        answered.set()


def test_a_host_that_was_found_is_connected_to(postgres: PostgresServer) -> None:
    """Through the folder of its socket, beside a name that is not found."""
    url = make_url(postgres.new_store_database())
    folder = url.query["host"]
    with closing(
        open_store(f"postgresql://postgres@/{url.database}?host=no.invalid&host={folder}")
    ):
        pass
