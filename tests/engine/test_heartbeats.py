"""Heartbeats in: silence is an alert, its end is its end, and nobody is alarmed for a restart."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from tests.engine.story import MONDAY_TEN, ORGANISATION, Story

from tocsin.core.alerts import Beat
from tocsin.engine.hearing import listen, notice_silence
from tocsin.engine.intake import take_in

BACKUP = "  backup: {source: heartbeat, every: 1h, grace: 5m, labels: {severity: critical}}\n"
SITE_B = "  site-b: {source: heartbeat, every: 1m, grace: 1m}\n"
EXPECTING = ORGANISATION.replace("integrations:\n", f"integrations:\n{BACKUP}{SITE_B}")


@pytest.fixture
def story(store_story: Callable[..., Story]) -> Story:
    told = store_story(organisation=EXPECTING)
    listen(told.world, starting=True)
    return told


def beat(story: Story, *names: str) -> None:
    take_in(story.world, [[Beat(integration=name)] for name in names])


def at(story: Story, minutes: float) -> None:
    """Let it be so many minutes after ten; the engine notices what is missing by then."""
    story.now = MONDAY_TEN + timedelta(minutes=minutes)
    notice_silence(story.world)
    story.tick()


def open_titles(story: Story) -> list[str]:
    with story.store.read() as reading:
        return [one.incident.title for one in reading.incidents(("open", "acknowledged"), None, 9)]


def test_whoever_falls_silent_is_an_incident_and_whoever_comes_back_ends_it(story: Story) -> None:
    for minute in (1, 2, 3):
        at(story, minute)
        beat(story, "site-b")
    at(story, 4.9)
    assert open_titles(story) == []
    at(story, 5)
    assert open_titles(story) == ["No heartbeat from site-b"]
    assert story.incident().severity == "P1"
    at(story, 9)
    beat(story, "site-b")
    assert story.incident().state == "resolved"
    at(story, 10)
    assert open_titles(story) == []


def test_the_labels_of_the_file_say_how_bad_it_is(story: Story) -> None:
    for minute in range(65):
        at(story, minute)
        beat(story, "site-b")
    at(story, 65)
    assert open_titles(story) == ["No heartbeat from backup"]
    assert story.incident().severity == "P0"


def test_one_that_was_never_heard_is_missed_too(story: Story) -> None:
    at(story, 1.9)
    assert open_titles(story) == []
    at(story, 2)
    assert open_titles(story) == ["No heartbeat from site-b"]


def test_silence_is_one_alert_however_long_it_lasts(story: Story) -> None:
    for minute in range(2, 60):
        at(story, minute)
    assert story.incident().alerts_total == 1
    with story.store.read() as reading:
        assert len(reading.incidents((), None, 9)) == 1


def test_what_was_sent_while_nobody_listened_is_not_missed(story: Story) -> None:
    """A watcher that was down for an hour gives everybody the whole time anew."""
    beat(story, "site-b", "backup")
    story.now = MONDAY_TEN + timedelta(minutes=70)
    listen(story.world, starting=True)
    at(story, 71.9)
    assert open_titles(story) == []
    at(story, 72)
    assert open_titles(story) == ["No heartbeat from site-b"]


def test_a_watcher_that_starts_again_and_again_puts_no_alert_off_for_ever(story: Story) -> None:
    beat(story, "site-b")
    for minute in (1, 2, 2.9):
        story.now = MONDAY_TEN + timedelta(minutes=minute)
        listen(story.world, starting=True)
    at(story, 3)
    assert open_titles(story) == ["No heartbeat from site-b"]


def test_silence_that_is_known_survives_a_restart(story: Story) -> None:
    at(story, 2)
    listen(story.world, starting=True)
    at(story, 30)
    assert story.incident().alerts_total == 1
    beat(story, "site-b")
    assert story.incident().state == "resolved"


def test_whoever_leaves_the_file_is_expected_no_more(story: Story) -> None:
    at(story, 2)
    assert story.change(organisation=EXPECTING.replace(SITE_B, "")) == []
    listen(story.world)
    assert story.incident().state == "resolved"
    at(story, 30)
    assert open_titles(story) == []


def test_a_changed_time_counts_from_the_last_beat(story: Story) -> None:
    beat(story, "site-b")
    slower = EXPECTING.replace("every: 1m, grace: 1m", "every: 10m, grace: 1m")
    assert story.change(organisation=slower) == []
    listen(story.world)
    at(story, 10.9)
    assert open_titles(story) == []
    at(story, 11)
    assert open_titles(story) == ["No heartbeat from site-b"]


def test_many_beats_at_once_cost_few_statements_and_miss_nobody(
    store_story: Callable[..., Story],
) -> None:
    """The full hour: all that is scheduled comes within one second (test T-L3)."""
    names = [f"job-{number}" for number in range(500)]
    declared = "".join(f"  {name}: {{source: heartbeat, every: 1h}}\n" for name in names)
    told = store_story(
        organisation=ORGANISATION.replace("integrations:\n", f"integrations:\n{declared}")
    )
    listen(told.world, starting=True)
    told.now = MONDAY_TEN + timedelta(minutes=60)
    receipts = take_in(told.world, [[Beat(integration=name)] for name in names for _ in range(4)])
    assert len(receipts) == 2000
    at(told, 61)
    assert open_titles(told) == []
    with told.store.read() as reading:
        assert all(
            one.heard_at == MONDAY_TEN + timedelta(minutes=60) for one in reading.heartbeats()
        )
