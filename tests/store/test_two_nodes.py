"""Several nodes, and several threads of each, on one store."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any

import psycopg
import pytest
from msgspec.structs import replace
from tests.servers import wait_until
from tests.store.values import (
    MINUTE,
    NOW,
    alert,
    delivery,
    incident,
    keep,
    kept,
    key,
    note,
    opening,
    rolled_back,
)

from tocsin.core.record import first_break
from tocsin.engine.ports import Change, Conflict
from tocsin.store.sql_store import open_store

THREADS = 4
WAITING = """SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND datname = current_database()"""


def at_once(jobs):
    """Start all jobs together, each in its own thread; return what they return, in order."""
    ready = threading.Barrier(len(jobs))

    def run(job):
        ready.wait(30)
        return job()

    with ThreadPoolExecutor(len(jobs)) as pool:
        return list(pool.map(run, jobs))


def until_kept(change):
    """Do it again as long as another node comes first."""
    for _ in range(200):
        try:
            return change()
        except Conflict:
            continue
    raise AssertionError("there is always a conflict")


def everywhere(store, other, job):
    """One job per thread of both nodes."""
    return [lambda node=node, n=n: job(node, n) for n in range(THREADS) for node in (store, other)]


def test_a_delivery_is_claimed_by_one_node(store, other):
    with store.write() as tx:
        tx.keep_deliveries([delivery(f"m{n}") for n in range(300)])

    def claim_all(node, n):
        mine: list[Any] = []
        while True:
            with node.write() as tx:
                found = tx.claim_deliveries("email", 7, f"{id(node)} {n}", NOW, NOW + MINUTE)
            if not found:
                return mine
            mine += [each.message.id for each in found]

    claimed = [name for mine in at_once(everywhere(store, other, claim_all)) for name in mine]
    assert sorted(claimed) == sorted(f"m{n}" for n in range(300))


def test_no_delivery_is_claimed_after_its_cancellation(store, other):
    with store.write() as tx:
        tx.keep_deliveries([delivery(f"m{n}", incident_id=n) for n in range(100)])
    cancelled: set[int] = set()
    wrong: list[Any] = []

    def cancel():
        for n in range(100):
            with store.write() as tx:
                tx.cancel_deliveries([n], ("acknowledged",), "answered")
            cancelled.add(n)

    def claim():
        while len(cancelled) < 100:
            before = set(cancelled)
            with other.write() as tx:
                found = tx.claim_deliveries("email", 1, "t", NOW, NOW + MINUTE)
            wrong.extend(each for each in found if each.incident_id in before)

    at_once([cancel, claim])
    assert wrong == []


def claimed_in(store, *names):
    """Deliveries of these incidents, claimed; those of the highest have the lowest ids."""
    new = [delivery(f"m{n}", incident_id=n) for n in sorted(names, reverse=True)]
    with store.write() as tx:
        tx.keep_deliveries(new)
    with store.write() as tx:
        return tx.claim_deliveries("email", 100, "t", NOW, NOW + MINUTE)


def test_whoever_renews_claims_waits_for_nobody(store, other, request):
    if not request.getfixturevalue("url").startswith("postgresql"):
        return
    first, second = claimed_in(store, 1, 2)
    later = NOW + 3 * MINUTE
    with store.write() as busy:
        assert busy.cancel_deliveries([second.incident_id], ("acknowledged",), "answered") == 1
        with other.write() as tx:
            assert tx.bring_forward(NOW - 60 * MINUTE) == 1, "the other one is locked"
            tx.renew_claims([second, first], later)
    with other.read() as reading:
        assert {one.due_at for one in reading.deliveries(first.incident_id)} == {later}


def test_messages_are_cancelled_in_the_order_of_their_ids(store, other, request):
    """Two nodes that each hold what the other one wants would wait for ever."""
    url = request.getfixturevalue("url")
    if not url.startswith("postgresql"):
        return
    claimed = claimed_in(store, *range(1, 40))
    with store.write() as tx:
        for one in claimed:  # by every index the last one comes first
            tx.renew_claims([one], NOW + one.incident_id * MINUTE)
    first, *_, last = sorted(claimed, key=lambda one: one.id)

    def cancel():
        with other.write() as tx:
            for way in ("seqscan", "bitmapscan"):  # as where there are many: by the index
                tx._connection.exec_driver_sql(f"SET LOCAL enable_{way} = off")
            return tx.cancel_deliveries(range(1, 40), ("acknowledged",), "answered")

    with closing(psycopg.connect(url, autocommit=True)) as beside, ThreadPoolExecutor(1) as pool:

        def somebody_waits():
            return beside.execute(WAITING).fetchone() != (0,)

        with store.write() as tx:
            assert tx.finish_delivery(replace(first, state="sent", sent_at=NOW))
            cancelling = pool.submit(cancel)
            wait_until(somebody_waits, 10)
            assert tx.finish_delivery(replace(last, state="sent", sent_at=NOW))
        assert cancelling.result(30) == len(claimed) - 2


def test_counters_have_no_gaps_and_no_repeats(store, other):
    def take(node, n):
        mine: list[Any] = []
        for turn in range(15):
            if turn % 3 == n % 3:
                with rolled_back(node) as tx:
                    tx.numbers("INC-", 1 + turn % 2)
            with node.write() as tx:
                mine += tx.numbers("INC-", 1 + turn % 2)
        return mine

    taken = [number for mine in at_once(everywhere(store, other, take)) for number in mine]
    assert sorted(taken) == list(range(1, len(taken) + 1))


def test_a_group_gets_one_incident_however_many_nodes_open_it(store, other):
    def take_in(node):
        with node.write() as tx:
            found = tx.latest_of_groups(["g"]).get("g")
            if found is not None:
                tx.keep([Change(found, (note("joined"),), found.incident, NOW)])
                return "joined"
            (number,) = tx.numbers("INC-", 1)
            tx.keep([opening(number, group="g")])
            return "opened"

    done = at_once(everywhere(store, other, lambda node, n: until_kept(lambda: take_in(node))))
    assert sorted(done) == ["joined"] * (2 * THREADS - 1) + ["opened"]
    with store.read() as reading:
        (only,) = reading.incidents((), None, 10)
        entries = reading.timeline(only.incident.id)
    assert only.entries == 2 + len(done) - 1
    assert [each.event().text for each in entries].count("joined") == len(done) - 1
    with store.write() as tx:
        assert list(tx.numbers("INC-", 1)) == [2]


def test_an_episode_is_kept_once_however_many_nodes_hear_of_it(store, other):
    def take_in(node):
        with node.write() as tx:
            if not tx.known_alerts([key("a")]):
                tx.keep_alerts([alert("a")], [])

    at_once(everywhere(store, other, lambda node, n: until_kept(lambda: take_in(node))))
    with store.read() as reading:
        assert len(reading.alerts(None, None, 10)) == 1


def test_an_alert_is_over_once_however_many_nodes_hear_of_it(store, other):
    with store.write() as tx:
        tx.keep_alerts([alert(n) for n in range(20)], [])
    keys = [key(n) for n in range(20)]

    def end(node, n):
        with node.write() as tx:
            known = tx.known_alerts(keys[n:] + keys[:n])
            over = [replace(each, firing=False) for each in known.values() if each.firing]
            tx.keep_alerts([], over)
            return len(over)

    assert sum(at_once(everywhere(store, other, end))) == 20


def test_no_change_to_an_incident_is_lost(store, other):
    keep(store, opening())

    def append(node, n):
        for turn in range(10):
            with node.write() as tx:
                found = tx.locked("INC-2026-001")
                tx.keep([Change(found, (note(f"{n} {turn}"),), found.incident, NOW)])

    at_once(everywhere(store, other, append))
    with store.read() as reading:
        entries = reading.timeline(1)
    found = kept(store)
    assert len(entries) == 2 + 10 * 2 * THREADS
    assert first_break("INC-2026-001", entries, found.entries, found.head) is None


def test_a_due_incident_is_looked_at_by_one_node(store, other):
    keep(store, *(opening(n) for n in range(1, 101)))

    def look(node, n):
        mine: list[Any] = []
        while True:
            with node.write() as tx:
                due = tx.due_incidents(NOW, 5)
                tx.keep([Change(each, (), each.incident, None) for each in due])
            if not due:
                return mine
            mine += [each.incident.id for each in due]

    looked = [number for mine in at_once(everywhere(store, other, look)) for number in mine]
    assert sorted(looked) == list(range(1, 101))


def test_a_reading_is_one_view_while_others_change_things(store, other):
    keep(store, opening(1))
    with store.read() as reading:
        assert len(reading.incidents((), None, 10)) == 1
        keep(other, opening(2))
        keep(store, opening(3))
        assert len(reading.incidents((), None, 10)) == 1
        assert reading.counts()["incidents_open"] == 1
    with store.read() as reading:
        assert len(reading.incidents((), None, 10)) == 3


def test_a_reading_does_not_wait_for_a_change_and_does_not_see_it(store, other):
    with store.write() as tx:
        tx.keep([opening(1)])
        for node in (store, other):
            with node.read() as reading:
                assert reading.incident("INC-2026-001") is None
        assert tx.incident("INC-2026-001") is not None


@pytest.mark.postgres
def test_due_work_that_another_node_holds_is_skipped(postgres_url):
    with closing(open_store(postgres_url)) as one, closing(open_store(postgres_url)) as two:
        keep(one, opening(1), opening(2))
        with one.write() as tx:
            tx.keep_deliveries([delivery("m1"), delivery("m2")])
        with one.write() as mine, two.write() as yours:
            assert [each.incident.id for each in mine.due_incidents(NOW, 1)] == [1]
            assert [each.incident.id for each in yours.due_incidents(NOW, 9)] == [2]
            assert len(mine.claim_deliveries("email", 1, "t1", NOW, NOW + MINUTE)) == 1
            assert len(yours.claim_deliveries("email", 9, "t2", NOW, NOW + MINUTE)) == 1


@pytest.mark.postgres
def test_nodes_that_wait_for_each_other_end_in_a_conflict(postgres_url):
    met = threading.Barrier(2)

    def take(node, first, second):
        try:
            with node.write() as tx:
                tx.locked_by_id([first])
                met.wait(30)
                tx.locked_by_id([second])
        except Conflict:
            return "conflict"
        return "kept"

    with closing(open_store(postgres_url)) as one, closing(open_store(postgres_url)) as two:
        keep(one, opening(1), opening(2))
        done = at_once([lambda: take(one, 1, 2), lambda: take(two, 2, 1)])
    assert sorted(done) == ["conflict", "kept"]


def test_nodes_that_start_at_the_same_time_agree_on_the_schema(empty_url):
    stores = at_once([lambda: open_store(empty_url)] * 6)
    secrets = set()
    for store in stores:
        with closing(store), store.read() as reading:
            secrets.add(reading.secret())
            assert store.is_ready() == ""
    assert len(secrets) == 1


def test_a_change_inside_a_change_is_refused_where_it_would_wait_for_itself(tmp_path):
    with closing(open_store(f"sqlite:///{tmp_path}/tocsin.db")) as store:
        with pytest.raises(RuntimeError, match="inside write"), store.write(), store.write():
            pass
        keep(store, opening(1))
        assert kept(store).incident == incident(1)
