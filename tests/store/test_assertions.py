"""The assertions of production, on both databases: each finds what it is there for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.engine.conftest import store_story, story
from tests.engine.story import Story
from tests.store.test_effort import statements, whole_tables

from tocsin.core.incident import commands as c
from tocsin.engine.assertions import ASSERTIONS
from tocsin.store.assertions import QUESTIONS
from tocsin.store.reading import SqlReading

__all__ = ["store_story", "story"]

PLANTED: dict[str, tuple[str, ...]] = {
    "incident.unarmed": ("UPDATE incidents SET look_again_at = NULL WHERE id = 1",),
    "incident.overdue": (
        "UPDATE incidents SET look_again_at = look_again_at - 3600000000 WHERE id = 1",
    ),
    "incident.removed": (
        "DELETE FROM alerts WHERE incident_id = 1",
        "DELETE FROM incidents WHERE id = 1",
    ),
    "incident.twice": (
        "DROP INDEX incidents_unresolved_group",
        "UPDATE incidents SET group_key = (SELECT group_key FROM incidents WHERE id = 1)"
        " WHERE id = 2",
    ),
    "timeline.differs": ("DELETE FROM timeline WHERE incident_id = 1 AND number = 2",),
    "alert.homeless": ("UPDATE alerts SET incident_id = NULL WHERE incident_id = 1",),
    "page.overdue": (
        "UPDATE deliveries SET state = 'due', due_at = due_at - 3600000000 WHERE incident_id = 1",
    ),
    "delivery.stuck": (
        "UPDATE deliveries SET state = 'due', due_at = due_at + 3600000000 WHERE incident_id = 1",
    ),
    "heartbeat.unnoticed": (
        "INSERT INTO heartbeats (integration, due_at, every, grace, silent, granted)"
        " SELECT 'backup', opened_at - 3600000000, 1, 1, 0, 0 FROM incidents WHERE id = 1",
    ),
    "record.ahead": ("UPDATE alerts SET received_at = received_at + 3600000000",),
}
"""The name of an assertion -> how to do to the store what it finds."""


def two_incidents(story: Story) -> None:
    story.alert("ApiDown", severity="critical")
    story.alert("DbDown", severity="critical")
    story.tick()


def violated(story: Story) -> dict[str, tuple[str, ...]]:
    with story.store.read() as reading:
        return {one.assertion.name: one.found for one in reading.violations(story.now)}


def test_every_assertion_has_its_question() -> None:
    assert {one.name for one in ASSERTIONS} == set(QUESTIONS) == set(PLANTED)


def test_an_empty_store_violates_nothing(story: Story) -> None:
    assert violated(story) == {}


@pytest.mark.parametrize("name", list(PLANTED))
def test_an_assertion_finds_what_it_is_there_for(story: Story, name: str) -> None:
    two_incidents(story)
    assert violated(story) == {}
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        for statement in PLANTED[name]:
            connection.exec_driver_sql(statement)
    story.is_tampered_with = True
    found = violated(story)
    assert name in found
    assert len(found[name]) <= 5


def test_a_life_full_of_events_violates_nothing(store_story: Callable[..., Story]) -> None:
    told = store_story()
    two_incidents(told)
    for minutes in range(1, 90, 3):
        told.until(f"{minutes}m")
        assert violated(told) == {}, told.now
    told.acknowledge("dora")
    told.do(c.Resolve(by="dora", via="page"), "INC-002")
    told.over("ApiDown", severity="critical")
    told.now += timedelta(hours=1)
    told.tick()
    assert violated(told) == {}


def test_no_question_reads_a_whole_table(story: Story) -> None:
    """SQLite decides by indexes alone; PostgreSQL would also look how few rows there are."""
    database = story.store._database  # type: ignore[attr-defined]
    with database.reading() as connection, statements() as noted:
        if connection.dialect.name != "sqlite":
            return
        SqlReading(connection).violations(story.now)
        asked = list(noted)
        for statement, parameters in asked:
            assert whole_tables(connection, statement, parameters) == [], statement
    assert len(asked) == len(ASSERTIONS)


def test_the_database_knows_the_time_if_it_is_another_machine(story: Story) -> None:
    with story.store.read() as reading:
        there = reading.time()
    dialect = story.store._database._writer.dialect.name  # type: ignore[attr-defined]
    assert (there is None) == (dialect == "sqlite")
    if there is not None:
        assert there.utcoffset() == timedelta(0)
