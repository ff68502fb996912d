"""Classics about the store: away when it is needed, or growing until it is.

The number in a test's name is the row of the table in README.md.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from tests.engine.apart import Town
from tests.engine.story import Story

from tocsin.engine.accounts import Session
from tocsin.engine.bundles import Bundle
from tocsin.engine.cycle import Cycle
from tocsin.engine.ports import Reading, StoreUnavailable, Transaction
from tocsin.store.sql_store import SqlStore


@contextmanager
def away(_store: SqlStore) -> Iterator[Transaction]:
    raise StoreUnavailable("the database can't be reached")
    yield


def test_39_the_engine_outlives_its_database_and_goes_on_where_it_was(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    """louislam/uptime-kuma#6498 (open); healthchecks#1267: a time-out crashed the sender."""
    story.alert("ApiDown", severity="critical")
    leaves: list[Bundle] = []
    cycle = Cycle(story.world, leaves.append)
    with monkeypatch.context() as gone:
        gone.setattr(SqlStore, "write", away)
        for _ in range(10):
            assert cycle.turn() <= 0.5  # It asks again, soon and for ever.
        assert "can't be reached" in cycle.trouble
    cycle.turn()
    assert cycle.trouble == ""
    assert [one.person for bundle in leaves for one in bundle.deliveries] == ["ana"]


def test_39_no_alert_is_accepted_while_there_is_nowhere_to_keep_it(
    story: Story, monkeypatch: pytest.MonkeyPatch
):
    """louislam/uptime-kuma#6498 (open): what came meanwhile was gone."""
    with monkeypatch.context() as gone:
        gone.setattr(SqlStore, "write", away)
        with pytest.raises(StoreUnavailable):
            story.alert("ApiDown", severity="critical")
    assert story.alert("ApiDown", severity="critical").disposition == "opened"


def plans_of(reading: Reading, question: str) -> str:
    connection = reading._connection  # type: ignore[attr-defined]
    return " ".join(row[3] for row in connection.execute(text(f"EXPLAIN QUERY PLAN {question}")))


def test_41_what_is_due_is_found_without_reading_what_is_not(story: Story):
    """louislam/uptime-kuma#4041, #4684, #5187, #6013 (6 to 10 GB): ever slower with its tables."""
    story.alert("ApiDown", severity="critical")
    with story.store.read() as reading:
        looks = plans_of(
            reading,
            "SELECT id FROM incidents WHERE look_again_at <= 1 ORDER BY look_again_at LIMIT 200",
        )
        due = plans_of(
            reading,
            "SELECT id FROM deliveries WHERE state = 'due' AND channel = 'email' AND priority = 0"
            " AND due_at <= 1 ORDER BY due_at, id LIMIT 16",
        )
    for plan in (looks, due):
        assert "USING" in plan
        assert "INDEX" in plan
        assert "SCAN" not in plan
        assert "TEMP B-TREE" not in plan


def test_41_what_has_expired_is_not_kept_for_ever(story: Story):
    """louislam/uptime-kuma#2889: slots without end."""
    for day in range(20):
        now = story.now + timedelta(days=day)
        session = Session(
            person="ana", created_at=now, expires_at=now + timedelta(days=1), seen_at=now,
            how="link",
        )  # fmt: skip
        with story.store.write() as tx:
            tx.keep_session(bytes([day]) * 32, session)
    with story.store._database.reading() as connection:  # type: ignore[attr-defined]
        assert connection.execute(text("SELECT count(*) FROM sessions")).scalar_one() == 1


def test_39_pages_leave_while_the_database_is_away(tmp_path: Path, store: SqlStore):
    """louislam/uptime-kuma#6498 (open): the database is down, and so nobody hears of anything."""
    town = Town(store, tmp_path)
    town.pass_time("5s")
    town.one.cut_off()
    town.pass_time("12s")
    assert town.one.alert("ApiDown", severity="critical").disposition == "opened"
    town.pass_time("2s")
    assert [line.split()[-1] for line in town.one.pages] == ["ana"]
