"""A node to which nothing happens, and one that works hard: nobody is alarmed for nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from tests.watched.node import Node, running

from tocsin.core.incident import commands as c
from tocsin.engine.actions import act


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with running(tmp_path) as one:
        yield one


def test_a_node_that_is_well_gives_its_heartbeat_each_minute(node: Node) -> None:
    node.minutes(5)
    assert node.health.reasons == ()
    assert node.health.is_well
    gaps = [b - a for a, b in pairwise(node.watchdog.heard)]
    assert len(node.watchdog.heard) == 5
    assert all(gap <= timedelta(seconds=62) for gap in gaps)
    assert node.watchdog.alarms == []


def test_a_night_full_of_incidents_is_no_reason_to_be_alarmed(node: Node) -> None:
    """Pages, escalations, failures, answers: what a pager is there for."""
    node.minutes(1)
    for number in range(5):
        node.alert(f"Alert{number}")
    node.minutes(12)
    act(node.world, "INC-001", c.Acknowledge(by="ben", via="page"))
    act(node.world, "INC-002", c.Resolve(by="ben", via="page"))
    node.minutes(2)
    assert node.health.reasons == ()
    assert len(node.watchdog.heard) == 15


def test_a_heartbeat_that_was_not_heard_is_given_again(node: Node) -> None:
    node.watchdog.deaf = "can't be reached"
    node.checkup.round()
    assert node.health.unheard == "can't be reached"
    assert node.checkup.tell(), "to be tried again soon"
    node.watchdog.deaf = ""
    assert not node.checkup.tell()
    assert node.health.unheard == ""
    assert node.health.heard_at == node.true
    node.true += timedelta(seconds=61)
    node.watchdog.deaf = "can't be reached"
    assert not node.checkup.tell(), "a probe of more than a minute ago proves nothing"


def test_what_the_store_shows_is_alarmed_at_once_and_its_end_too(node: Node) -> None:
    node.alert()
    node.minutes(1)
    node.sql("UPDATE incidents SET look_again_at = NULL WHERE id > 0")
    node.minutes(1)
    ((alarm,),) = node.watchdog.alarms
    assert "will never be looked at again (incident.unarmed: 1 found)" in alarm
    node.minutes(3)
    assert len(node.watchdog.alarms) == 1, "not again each minute"
    node.sql("UPDATE incidents SET look_again_at = opened_at WHERE id > 0")
    node.minutes(1)
    assert node.watchdog.alarms[1:] == [()]
    assert node.health.is_well


def test_one_probe_that_fails_is_no_alarm_yet_two_are(node: Node) -> None:
    node.minutes(1)
    node.engine_works = False
    node.minutes(1)
    assert not node.health.is_well
    assert node.watchdog.alarms == []
    node.minutes(1)
    ((probe, lag),) = node.watchdog.alarms
    assert "the engine has not sent it" in probe
    assert "behind" in lag
    node.engine_works = True
    node.minutes(2)
    assert node.watchdog.alarms[1:] == [()], "its worst of the last minute is past"
