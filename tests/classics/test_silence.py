"""Classics about silence: meant to end and does not, lost, or meant and not kept.

The number in a test's name is the row of the table in README.md.
"""

from collections.abc import Callable

import pytest
from sqlalchemy import text
from tests.engine.story import MONDAY_TEN, PLAN, Story, parse

from tocsin.engine.audit import Doer
from tocsin.engine.rules import Rules
from tocsin.engine.statuspage.planned import Draft, Planned, Turn, change_window, plan_window

OPS = Doer("ben", "page")
WITH_WORK = PLAN.replace(
    "  rules:\n", "  rules:\n    - {match: {service: api}, facts: {component_api: down}}\n"
) + (
    "components:\n"
    "  api: {name: API}\n"
    "audiences:\n"
    "  public: {name: The public, visibility: public}\n"
    "status_page:\n"
    "  audience: public\n"
    "  components: {Shop: [api]}\n"
    "  maintenance: {suppresses_alerts: true}\n"
)


@pytest.fixture
def story(store_story: Callable[..., Story]) -> Story:
    """A story in which planned work on the API keeps its alerts quiet from 10:00 to 11:00."""
    told = store_story(plan=WITH_WORK)
    draft = Draft(
        title="New disks",
        components=("api",),
        starts_at=MONDAY_TEN,
        ends_at=MONDAY_TEN + parse("1h"),
    )
    assert isinstance(plan_window(told.world, draft, OPS), Planned)
    return told


def api_down(story: Story, instance: str) -> str:
    return str(story.alert("ApiDown", service="api", instance=instance).disposition)


def test_35_a_silence_is_not_lost_in_a_restart(story: Story):
    """prometheus/alertmanager#2683, #1673: silences were lost, and people woken."""
    story.rules = Rules(story.store)
    story.rules.follow()
    story.world = story.node("node-1")
    assert api_down(story, "a") == "in maintenance 1"
    story.until("30m")
    assert story.pages == []


def test_35_a_silence_that_was_ended_never_comes_back(story: Story):
    """prometheus/alertmanager#3457; grafana PR #84705: what was deleted was there again."""
    assert isinstance(change_window(story.world, 1, Turn(do="cancel"), OPS), Planned)
    assert api_down(story, "a") == "opened"
    story.rules = Rules(story.store)
    story.rules.follow()
    story.world = story.node("node-2")
    assert api_down(story, "b") == "joined"
    story.until("1m")
    assert len(story.pages) == 1


def test_35_what_fires_on_is_heard_when_the_silence_ends(story: Story):
    """prometheus/alertmanager#2683: nobody was told afterwards of what had been silenced."""
    api_down(story, "a")
    story.until("59m")
    assert story.pages == []
    story.until("1h1m")
    assert len(story.pages) == 1


def test_45_what_is_paused_pages_nobody(story: Story):
    """traceroot PR #1900: a rule that was paused paged all the same."""
    for instance in ("a", "b", "c"):
        assert api_down(story, instance) == "in maintenance 1"
    story.until("59m")
    assert story.pages == []
    with story.store.read() as reading:
        assert reading.counts()["incidents_open"] == 0


def test_46_an_incident_that_nobody_looks_after_is_noticed(story: Story):
    """oncall#724: the auditor was off and meta-monitoring broken, so nobody saw stuck alerts."""
    story.alert("DiskFull", severity="critical")
    with story.store.read() as reading:
        assert reading.violations(story.now) == []
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        connection.execute(text("UPDATE incidents SET look_again_at = NULL"))
    with story.store.read() as reading:
        names = [one.assertion.name for one in reading.violations(story.now)]
        assert names == ["incident.unarmed"]
    with story.store._database.writing() as connection:  # type: ignore[attr-defined]
        connection.execute(text("UPDATE incidents SET look_again_at = 1"))
