"""Invariant K1: whatever breaks inside, the party outside calls somebody within three minutes.

Nothing here tells the watchdog that something is wrong; it hears nothing, and that is enough.
Every run tries a third of all breaks, `make torture` the whole list.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from tests.watched.breaks import BREAKS, USUAL, Break
from tests.watched.node import Node, running

WITHIN = timedelta(seconds=180)


def seconds_until_called(node: Node, happens: Break, patch: pytest.MonkeyPatch) -> timedelta:
    """How long after the break the watchdog calls; more than WITHIN if it goes on to be told."""
    node.alert()
    node.minutes(1)
    assert node.health.is_well, node.health.reasons
    broken_at = node.true
    happens(node, patch)
    node.minutes(3)
    return node.watchdog.calls_at(broken_at) - broken_at


@pytest.mark.parametrize("happens", USUAL, ids=lambda happens: happens.__name__)
def test_whatever_breaks_the_watchdog_calls_somebody(
    happens: Break, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(tmp_path) as node:
        assert seconds_until_called(node, happens, monkeypatch) <= WITHIN


def test_every_usual_break_is_on_the_whole_list() -> None:
    assert set(USUAL) <= set(BREAKS)
    assert len(BREAKS) >= 20
