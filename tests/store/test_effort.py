"""What a question costs: an index for each, and no more statements for more rows (invariant H7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from time import perf_counter
from typing import Any

import psycopg
import pytest
from sqlalchemy import Engine, event
from sqlalchemy.engine import Connection
from tests.store.values import MINUTE, NOW, alert, delivery, keep, key, note, opening

from tocsin.engine.journal import Known
from tocsin.engine.ports import Change
from tocsin.store import postgres as postgres_store
from tocsin.store import rows
from tocsin.store.schema import metadata
from tocsin.store.sql_store import SqlStore

MANY = 100_000
FUTURE = rows.micros(NOW + timedelta(days=1))

SERIES = {
    "sqlite": "WITH RECURSIVE s(n) AS (SELECT 1000 UNION ALL SELECT n + 1 FROM s"
    f" WHERE n < {MANY + 1000}) ",
    "postgresql": f"WITH s(n) AS (SELECT generate_series(1000, {MANY + 1000})) ",
}
INCIDENTS = """
INSERT INTO incidents (id, code, state, severity, plan, opened_at, look_again_at, generation,
    entries, head, snapshot)
SELECT n, 'X' || n, CASE WHEN n = n / 100 * 100 THEN 'open' ELSE 'closed' END, 'P1', 'v1', 0,
    {future} + n, 1, 0, {bytes}, '{{}}'
FROM s
"""
DELIVERIES = """
INSERT INTO deliveries (message_id, incident_id, incident, page, kind, wanted_until, priority,
    recipient, person, channel,
    address, domain, message, state, due_at, created_at, attempts, claim, detail)
SELECT 'x' || n, n, 'X', 1, 'page', 'resolved', 0, 'r', 'p' || n, 'email', 'a', 'mail', '{{}}',
    'due', {future} + n, 0, 0, '', ''
FROM s
"""
ALERTS = """
INSERT INTO alerts (integration, fingerprint, starts_at, firing, incident_id, disposition, text,
    received_at, updated_at)
SELECT 'i', {bytes}, n, 0, n - n / 1000 * 1000 + 1000, 'joined', '{{}}', n, n FROM s
"""

TIMELINE = "INSERT INTO timeline SELECT n, 1, '{{}}', {bytes} FROM s"
SHARES = """
INSERT INTO metric_shares (incident_id, day, group_key, opened_at, text)
SELECT n, '2026-01-01', {bytes}, n, '{{}}' FROM s
"""


@pytest.fixture
def full(store: SqlStore) -> SqlStore:
    """A store with a hundred thousand incidents, alerts and deliveries, none of them due."""
    keep(store, opening(1), opening(2, state="resolved"))
    with store.write() as tx:
        tx.keep_deliveries([delivery("m1"), delivery("m2", kind="notice")])
        tx.keep_alerts([alert("a", incident_id=1)], [])
    with store._database.writing() as connection:
        dialect = connection.dialect.name
        some = "randomblob(16)" if dialect == "sqlite" else "decode(md5(n::text), 'hex')"
        for statement in (INCIDENTS, DELIVERIES, ALERTS, TIMELINE, SHARES):
            filled = statement.format(future=FUTURE, bytes=some)
            if dialect == "sqlite":
                before, _, after = filled.partition("SELECT")
                filled = f"{before}{SERIES[dialect]} SELECT{after}"
            else:
                filled = SERIES[dialect] + filled
            connection.exec_driver_sql(filled)
        connection.exec_driver_sql("ANALYZE")
    return store


@contextmanager
def statements() -> Iterator[list[tuple[str, object]]]:
    """Note every statement that goes to a database."""
    noted: list[tuple[str, object]] = []

    def note_it(_connection, _cursor, statement, parameters, _context, _many):
        if not statement.startswith(("BEGIN", "EXPLAIN")):
            noted.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", note_it)
    try:
        yield noted
    finally:
        event.remove(Engine, "before_cursor_execute", note_it)


def whole_tables(connection: Connection, statement: str, parameters: Any) -> list[str]:
    """Ask the database which tables it would read from end to end."""
    if connection.dialect.name == "sqlite":
        plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        steps = [row[3] for row in plan]
        tables = {f"SCAN {name}" for name in metadata.tables}
        return [step for step in steps if step in tables]
    (found,) = connection.exec_driver_sql(f"EXPLAIN (FORMAT JSON) {statement}", parameters).one()
    return list(_seq_scans(found if isinstance(found, list) else json.loads(found)))


def _seq_scans(plan):
    if isinstance(plan, dict):
        if plan.get("Node Type") == "Seq Scan":
            yield plan["Relation Name"]
        plan = list(plan.values())
    if isinstance(plan, list):
        for part in plan:
            yield from _seq_scans(part)


FEW = {"maintenance_looks", "heartbeats", "counters"}
"""Tables of few rows, which PostgreSQL rightly reads whole."""

QUESTIONS = {
    "due_incidents": lambda tx: tx.due_incidents(NOW, 50),
    "claim_beside": lambda tx: tx.claim_beside(delivery("m0", attempts=1), 40, NOW),
    "tried": lambda tx: tx.tried([1, 2]),
    "claim_deliveries": lambda tx: tx.claim_deliveries("email", 50, "t", NOW, NOW + MINUTE),
    "next_due": lambda tx: tx.next_due(),
    "put_off": lambda tx: tx.put_off(NOW),
    "incident": lambda tx: tx.incident("INC-2026-001"),
    "locked": lambda tx: tx.locked("INC-2026-001"),
    "locked_by_id": lambda tx: tx.locked_by_id([1, 2]),
    "latest_of_groups": lambda tx: tx.latest_of_groups(["group 1", "group 2"]),
    "known_alerts": lambda tx: tx.known_alerts([key("a"), key("b")]),
    "open incidents": lambda tx: tx.incidents(["resolved", "acknowledged"], 900, 50),
    "alerts of one": lambda tx: tx.alerts(1, None, 50),
    "firing alerts": lambda tx: tx.alerts(None, True, 50),
    "firing alerts of one": lambda tx: tx.alerts(1, True, 50),
    "timeline": lambda tx: tx.timeline(1),
    "deliveries": lambda tx: tx.deliveries(1),
    "inbox": lambda tx: tx.inbox("ann", 50),
    "delivery": lambda tx: tx.delivery("m1"),
    "remove_probes": lambda tx: tx.remove_probes(NOW, NOW, 50),
    "uncounted": lambda tx: tx.uncounted(50),
    "renew_claims": lambda tx: tx.renew_claims([delivery("m1"), delivery("m2", claim="t2")], NOW),
    "cancel_deliveries": lambda tx: tx.cancel_deliveries([1], ("acknowledged",), "why"),
}


def test_every_question_of_the_engine_has_its_index(full):
    with full.write() as tx:
        for name, ask in QUESTIONS.items():
            with statements() as noted:
                assert ask(tx) != [], name
            for statement, parameters in noted:
                scanned = whole_tables(tx._connection, statement, parameters)
                scanned = [table for table in scanned if table not in FEW]
                assert scanned == [], (name, statement, scanned)


def test_a_copy_for_emergencies_reads_nothing_that_is_quiet_no_more(full):
    nothing = Known(heads={}, entries={}, documents=frozenset(), overrides=None)
    with full.read() as reading:
        with statements() as noted:
            reading.copy(nothing, NOW)
        asked = [each for each in noted if "quiet_alerts" in each[0]]
        assert asked
        if reading._connection.dialect.name == "sqlite":  # the other one reads small tables whole
            for statement, parameters in asked:
                assert whole_tables(reading._connection, statement, parameters) == []


def test_the_due_scan_does_not_care_how_much_is_not_due(full):
    took = []
    for _ in range(5):
        began = perf_counter()
        with full.write() as tx:
            assert [each.incident.id for each in tx.due_incidents(NOW, 50)] == [1, 2]
            tx.claim_deliveries("email", 50, "t", NOW, NOW + MINUTE)
            tx.next_due()
        took.append(perf_counter() - began)
    assert min(took) < 0.05


@pytest.mark.postgres
def test_the_bulk_statements_have_their_index_on_postgresql(full, request):
    url = request.getfixturevalue("url")
    if not url.startswith("postgresql"):
        return
    with closing(psycopg.connect(url)) as connection:
        for statement in (postgres_store.LATEST_ALERTS, postgres_store.LATEST_INCIDENTS):
            for count in (1, 500):
                keys = {"keys": bytes(16 * count), "count": count}
                explain = f"EXPLAIN (FORMAT JSON) {statement}"
                ((plan,),) = connection.execute(explain.encode(), keys)
                assert list(_seq_scans(plan)) == []


@contextmanager
def round_trips(store) -> Iterator[list[str]]:
    """Note every statement, those that go past SQLAlchemy too."""
    noted: list[str] = []
    bulk = store._database.bulk

    class Counting:
        def __init__(self, inner):
            self._inner = inner

        def __getattr__(self, name):
            noted.append(name)
            return getattr(self._inner, name)

    store._database.bulk = lambda connection: Counting(bulk(connection))
    with statements() as seen:
        yield noted
    noted += [statement for statement, _ in seen]
    store._database.bulk = bulk


def commit_group(store, first, size):
    """What the engine does with alerts that come together."""
    numbers = range(first, first + size)
    with store.write() as tx:
        tx.known_alerts([key(n) for n in numbers])
        tx.keep_alerts([alert(n) for n in numbers], [])
        known = tx.known_alerts([key(n) for n in numbers])
        tx.keep_alerts([], list(known.values()))
        tx.latest_of_groups([f"group {n}" for n in numbers])
        tx.numbers("INC-", size)
        tx.keep([opening(n) for n in numbers])
        found = tx.locked_by_id(numbers)
        tx.keep([Change(each, (note(),), each.incident, NOW) for each in found.values()])
        tx.keep_deliveries([delivery(f"m{n}", incident_id=n) for n in numbers])
        tx.cancel_deliveries(numbers, ("acknowledged",), "why")


def test_more_rows_take_no_more_statements(store):
    counts = []
    for first, size in ((1, 1), (10, 10), (1000, 1000)):
        with round_trips(store) as noted:
            commit_group(store, first, size)
        counts.append([each for each in noted if "INSERT INTO deliveries" not in each])
    assert len(counts[0]) == len(counts[1]) == len(counts[2])


def test_more_messages_on_their_way_take_no_more_statements(store):
    """A bundle of forty is renewed every second and a half, and every bundle at once."""
    with store.write() as tx:
        tx.keep_deliveries([delivery(f"m{n}") for n in range(60)])
        held = [tx.claim_deliveries("email", 20, f"t{n}", NOW, NOW + MINUTE) for n in range(3)]
    counts = []
    for some in (held[0][:1], held[0], [*held[0], *held[1], *held[2]]):
        with round_trips(store) as noted, store.write() as tx:
            tx.renew_claims(some, NOW + 2 * MINUTE)
        counts.append(len(noted))
    assert counts[0] == counts[1] == counts[2]


def test_what_idle_nodes_ask_all_day_is_one_statement_each(store: SqlStore) -> None:
    said: list[str] = []

    def note_it(_connection, _cursor, statement, _parameters, _context, _many):
        said.append(statement)

    event.listen(Engine, "before_cursor_execute", note_it)
    try:
        with store.read() as reading:
            reading.next_due()
            reading.in_force()
            reading.status_stamp()
            reading.time()
            reading.secret()
    finally:
        event.remove(Engine, "before_cursor_execute", note_it)
    assert len(said) in (4, 5), "SQLite has no time of its own"
    assert all(statement.startswith("SELECT") for statement in said)


def test_what_is_asked_after_that_is_one_snapshot(store: SqlStore, other: SqlStore) -> None:
    with store.read() as reading:
        assert reading.next_due().incident is None
        assert reading.incidents((), None, 10) == []
        keep(other, opening(1))
        assert reading.incidents((), None, 10) == []
        assert reading.next_due().incident is None
    with store.read() as reading:
        assert reading.next_due().incident is not None
