"""What maintenance keeps quiet, between two nodes: none ends it while another relies on it (B1)."""

from __future__ import annotations

from contextlib import closing
from datetime import timedelta

import pytest
from tests.store.values import MINUTE, NOW, alert, key

from tocsin.core.statuspage.model import Window
from tocsin.engine.quiet import QuietCount
from tocsin.store.sql_store import SqlStore, open_store

WINDOW = Window(
    id=0, title="New disks", text="", components=("api",), made_by="ana", made_at=NOW,
    starts_at=NOW, ends_at=NOW + timedelta(hours=1),
)  # fmt: skip


def planned(store: SqlStore) -> Window:
    with store.write() as tx:
        number = tx.keep_window(WINDOW)
        tx.look_at_window(number, NOW)
        found = tx.window(number)
    assert found is not None
    return found


@pytest.mark.postgres
def test_nobody_looks_at_a_window_while_an_alert_falls_silent_under_it(postgres_url):
    with closing(open_store(postgres_url)) as one, closing(open_store(postgres_url)) as two:
        window = planned(one)
        with one.write() as intake:
            assert intake.acting_windows(NOW) == [window]
            with two.write() as engine:
                assert engine.due_windows(NOW, 10) == []
            intake.keep_alerts([alert("a", disposition="in maintenance 1")], [])
            intake.keep_quiet([alert("a")], window.id, NOW)
        with two.write() as engine:
            assert engine.due_windows(NOW, 10) == [window]
            assert len(engine.still_quiet(window.id, 10, 0)) == 1


@pytest.mark.postgres
def test_two_nodes_do_not_look_at_the_same_window(postgres_url):
    with closing(open_store(postgres_url)) as one, closing(open_store(postgres_url)) as two:
        window = planned(one)
        with one.write() as first, two.write() as second:
            assert first.due_windows(NOW, 10) == [window]
            assert second.due_windows(NOW, 10) == []


def test_a_window_that_is_never_looked_at_again_keeps_nothing_quiet(store):
    window = planned(store)
    with store.write() as tx:
        assert tx.acting_windows(NOW) == [window]
        tx.look_at_window(window.id, None)
        assert tx.acting_windows(NOW) == []
        tx.look_at_window(window.id, NOW + MINUTE)
        assert tx.acting_windows(NOW) == [window]
        assert tx.acting_windows(NOW - MINUTE) == []
        assert tx.acting_windows(window.ends_at) == []


def test_an_alert_is_quiet_once_at_a_time_and_the_record_of_it_stays(store):
    window = planned(store)
    quiet = alert("a")
    with store.write() as tx:
        tx.keep_alerts([quiet, alert("b")], [])
        tx.keep_quiet([quiet], window.id, NOW)
        tx.keep_quiet([quiet], 77, NOW + MINUTE)
        (found,) = tx.still_quiet(window.id, 10, 0)
        tx.end_quiet([found.id], NOW + MINUTE)
        assert tx.still_quiet(window.id, 10, 0) == []
    with store.read() as reading:
        assert reading.quiet_counts([window.id, 77]) == {window.id: QuietCount(1, 0)}
        ((same, spell),) = reading.quieted(window.id, 10)
        assert (same.fingerprint, spell.since, spell.until) == (key("a"), NOW, NOW + MINUTE)
        assert reading.spells([found.id]) == {found.id: spell}


def test_a_quiet_alert_that_nothing_would_make_loud_again_is_a_fault_that_shows(store):
    window = planned(store)
    quiet = alert("a")
    with store.write() as tx:
        tx.keep_alerts([quiet], [])
        tx.keep_quiet([quiet], window.id, NOW)
    with store.read() as reading:
        assert (reading.counts()["alerts_quiet"], reading.counts()["alerts_forgotten"]) == (1, 0)
        assert reading.next_due().window == NOW
    with store.write() as tx:
        tx.look_at_window(window.id, None)
    with store.read() as reading:
        assert reading.counts()["alerts_forgotten"] == 1


def test_unknown_numbers_are_no_trouble(store):
    with store.read() as reading:
        assert reading.quiet_counts([]) == {}
        assert reading.quieted(12345, 10) == []
        assert reading.spells([]) == {}
