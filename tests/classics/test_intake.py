"""Classics about alerts on their way in: lost, doubled, deleted, accepted too early.

The number in a test's name is the row of the table in README.md.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import text
from tests.engine.story import PLAN, Story

from tocsin.core.incident import commands as c
from tocsin.engine.advance import advance
from tocsin.engine.group_commit import GroupCommit, Result
from tocsin.engine.intake import take_in
from tocsin.engine.ports import Change, Conflict, StoreUnavailable, Transaction
from tocsin.store.sql_store import SqlStore


class Answers:
    """Collects what a group commit hands back."""

    def __init__(self) -> None:
        self.by_ticket: dict[object, Result] = {}

    def __call__(self, results: list[tuple[object, Result]]) -> None:
        self.by_ticket.update(results)


def test_11_an_end_that_races_with_a_beginning_deletes_nothing(story: Story):
    """prometheus/alertmanager#3826, #3648: a firing alert was deleted by a racing resolve."""
    for first, second in ((True, False), (False, True)):
        name = f"Disk{first}"
        story.alert(name, severity="critical", instance="a")
        both = {True: ("b", True), False: ("a", False)}
        for which in (first, second):
            instance, firing = both[which]
            labels = {"severity": "critical", "instance": instance}
            story.take_in([story.signal(name, firing=firing, **labels)])
        code = "INC-001" if first else "INC-002"
        assert (story.incident(code).state, story.incident(code).alerts_firing) == ("open", 1)


def test_12_what_fails_on_the_way_leaves_nothing_behind_and_may_come_again(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    """oncall#3728, #3729 -> PR #3779: creation was not atomic; alerts were dropped or doubled."""

    class Cut(Exception):
        pass

    def cut(*_: object) -> None:
        raise Cut

    for step in ("keep_alerts", "keep", "keep_deliveries"):
        with monkeypatch.context() as patched:
            patched.setattr(f"tocsin.store.writing.SqlTransaction.{step}", cut)
            with pytest.raises(Cut):
                story.alert("ApiDown", severity="critical")
    story.alert("ApiDown", severity="critical")
    story.until("1m")
    assert story.pages == ["0:00 ana"]
    assert story.incident().alerts_total == 1


def test_13_a_sender_that_repeats_itself_gets_the_same_answer(story: Story):
    """prometheus/alertmanager#2657, PR #4137; hyperdx PR #2534: time-out, retry, repeat."""
    first = story.alert("ApiDown", severity="critical", starts="0m")
    before = story.kinds()
    for _ in range(5):
        assert story.alert("ApiDown", severity="critical", starts="0m") == first
    assert story.kinds() == before


def test_20_all_the_alerts_of_a_full_minute_are_taken_in(story: Story):
    """healthchecks blog: 600 requests/s, and 2,000 to 4,000 at the full minute."""
    answers = Answers()
    commit = GroupCommit(story.world, answers)
    for number in range(2000):
        commit.submit(number, [story.signal(f"Job{number % 40}", instance=str(number))])
    commit.start()
    commit.stop()
    assert len(answers.by_ticket) == 2000
    assert all(isinstance(answer, list) for answer in answers.by_ticket.values())
    with story.store.read() as reading:
        assert reading.counts()["alerts"] == 2000


def test_32_two_who_want_the_same_things_in_another_order_both_get_them(story: Story):
    """target/goalert#2491, #4299; prometheus/alertmanager#3715; keephq/keep#1549: deadlocks."""
    for number in range(4):
        story.alert(f"Alert{number}", severity="critical")

    def note(numbers: Iterator[int]) -> None:
        for number in numbers:
            story.do(c.Note(by="ben", text="x"), f"INC-00{number % 4 + 1}")
            with story.store.write() as tx:
                tx.locked_by_id({number % 4 + 1, (number + 2) % 4 + 1})

    threads = [
        threading.Thread(target=note, args=(numbers,), daemon=True)
        for numbers in (iter(range(40)), iter(range(40, 0, -1)))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert not any(thread.is_alive() for thread in threads)
    assert sum(story.kinds(f"INC-00{n}").count("noted") for n in (1, 2, 3, 4)) == 80


def test_32_a_transaction_inside_a_transaction_is_an_error_and_no_wait_for_ever(story: Story):
    """keephq/keep#1549: a lock that its own holder waited for."""
    with story.store.write(), pytest.raises(RuntimeError), story.store.write():
        pass


def test_33_of_two_changes_at_once_none_is_lost(story: Story):
    """keephq/keep#5354; prometheus/alertmanager#5179: the later write undid the earlier one."""
    story.alert("ApiDown", severity="critical")
    with story.store.read() as reading:
        old = reading.incident("INC-001")
    assert old is not None
    story.acknowledge("ana")
    stale = advance(story.world, story.rules.plan, old, (), story.now)
    with pytest.raises(Conflict), story.store.write() as tx:
        tx.keep([Change(old, (), stale.change.incident, None)])
    assert story.incident().state == "acknowledged"


def test_40_a_row_that_cannot_be_read_stops_nobody_else(story: Story):
    """healthchecks 4f6f1d9f (2020): one bad cron expression put the sender into a crash loop."""
    story.alert("ApiDown", severity="critical")
    story.alert("DiskFull", severity="critical")
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        connection.execute(text("UPDATE incidents SET snapshot = '{}' WHERE id = 1"))
    story.is_tampered_with = True
    story.now += timedelta(minutes=11)
    story.tick()
    assert "0:11 dora" in story.pages


def test_44_the_database_itself_allows_one_open_incident_of_a_group(story: Story):
    """wachd#72, #73: duplicates, because nothing but the program prevented them."""
    story.alert("ApiDown", severity="critical")
    copy = (
        "INSERT INTO incidents (id, code, state, severity, group_key, plan, opened_at,"
        " look_again_at, generation, entries, head, snapshot)"
        " SELECT 99, 'INC-099', state, severity, group_key, plan, opened_at,"
        " look_again_at, generation, entries, head, snapshot FROM incidents WHERE id = 1"
    )
    with pytest.raises(Conflict), story.store._database.writing() as connection:  # type: ignore[attr-defined]
        connection.execute(text(copy))


def test_47_nothing_is_accepted_before_it_is_on_disk(story: Story, monkeypatch: pytest.MonkeyPatch):
    """nats-server#7564 (Jepsen 2.12.1): 14.1 % of what was acknowledged was lost in a power cut."""
    written = SqlStore.write

    @contextmanager
    def full(store: SqlStore) -> Iterator[Transaction]:
        with written(store) as tx:
            yield tx
            raise StoreUnavailable("the disk is full")  # at the very end, instead of the commit

    with monkeypatch.context() as patched:
        patched.setattr(SqlStore, "write", full)
        answers = Answers()
        commit = GroupCommit(story.world, answers)
        commit.submit("one", [story.signal("ApiDown", severity="critical")])
        commit.start()
        commit.stop()
        assert isinstance(answers.by_ticket["one"], StoreUnavailable)
    with story.store.read() as reading:
        assert reading.counts()["alerts"] == 0


def test_47_sqlite_waits_for_the_disk_at_each_commit(story: Story):
    """nats-server#7564: it synced every two minutes, and acknowledged at once."""
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        assert connection.execute(text("PRAGMA synchronous")).scalar_one() == 2  # FULL


def test_15_a_failure_while_sorting_is_never_swallowed(
    store_story: Callable[..., Story], monkeypatch: pytest.MonkeyPatch
):
    """openobserve PR #13501: an error was swallowed, and with it what it was about."""
    story = store_story(plan=PLAN)

    def fails(_labels: object) -> object:
        raise RuntimeError("boom")

    monkeypatch.setattr(story.rules.router, "route", fails)
    with pytest.raises(RuntimeError):
        take_in(story.world, [[story.signal("ApiDown")]])
    answers = Answers()
    commit = GroupCommit(story.world, answers)
    commit.submit("one", [story.signal("ApiDown")])
    commit.start()
    commit.stop()
    story.until("1m")
    assert "0:00 cleo" in story.pages  # who owns what could not be processed
