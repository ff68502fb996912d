"""The record: whatever is done to the store behind Tocsin's back, verifying finds it."""

import pytest
from sqlalchemy import text
from tests.engine.story import Story

from tocsin.engine.verify import verify_all, verify_incident

TAMPERING = {
    "an entry is changed": "UPDATE timeline SET text = replace(text, 'ana', 'eve') "
    "WHERE number = 5",
    "an entry is removed": "DELETE FROM timeline WHERE incident_id = 1 AND number = 3",
    "the end is cut off": "DELETE FROM timeline WHERE incident_id = 1 AND number > 5",
    "an entry is moved": "UPDATE timeline SET number = 99 WHERE incident_id = 1 AND number = 2",
    "the end is forged": "UPDATE incidents SET head = timeline.hash FROM timeline "
    "WHERE timeline.number = 2 AND timeline.incident_id = 1 AND incidents.id = 1",
    "the incident is another": "UPDATE incidents SET snapshot = replace(snapshot, 'P0', 'P1')",
    "an incident is gone": "DELETE FROM incidents WHERE id = 1",
    "an incident is gone with its timeline": "DELETE FROM incidents WHERE id = 1; "
    "DELETE FROM timeline WHERE incident_id = 1",
}


@pytest.fixture
def told(story: Story) -> Story:
    story.alert("ApiDown", severity="critical")
    story.until("11m")
    story.acknowledge("dora")
    story.alert("DiskFull", severity="critical")
    return story


def test_an_honest_record_holds(told: Story) -> None:
    verified = verify_all(told.store)
    assert (verified.first_broken, verified.incidents) == (None, 2)
    assert verify_incident(told.store, "INC-009") is None


@pytest.mark.parametrize("what", TAMPERING)
def test_tampering_is_found(told: Story, what: str) -> None:
    with told.store._database.writing() as connection:  # type: ignore[attr-defined]
        for statement in TAMPERING[what].split("; "):
            connection.execute(text(statement))
    told.is_tampered_with = True
    assert verify_all(told.store).first_broken is not None
