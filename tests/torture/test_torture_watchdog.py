"""Test T-W1 in full: everything that can break is broken alone, and nothing for a day.

Figures: trust/figures/watcher.json. WATCHED_MINUTES says for how long nothing happens.
"""

from __future__ import annotations

import os
import signal
import time
from itertools import pairwise
from pathlib import Path

import pytest
from tests.real.test_watchers import WATCHING, heard, open_incidents, watched_by, when
from tests.servers import Servers, servers, wait_until
from tests.torture import figures
from tests.watched.breaks import BREAKS
from tests.watched.node import running
from tests.watched.test_watchdog import WITHIN, seconds_until_called

pytestmark = [pytest.mark.torture, pytest.mark.timeout(3600)]

__all__ = ["servers"]

MINUTES = int(os.environ.get("WATCHED_MINUTES", "1440"))  # noqa: TID251


def test_every_break_is_noticed_within_three_minutes(tmp_path: Path) -> None:
    took: dict[str, float] = {}
    for happens in BREAKS:
        folder = tmp_path / happens.__name__
        folder.mkdir()
        with pytest.MonkeyPatch.context() as patch, running(folder) as node:
            took[happens.__name__] = seconds_until_called(node, happens, patch).total_seconds()
    late = {name: seconds for name, seconds in took.items() if seconds > WITHIN.total_seconds()}
    figures.keep(
        "watcher",
        {
            "broken_internals": len(took),
            "broken_internals_noticed_within_180_s": len(took) - len(late),
            "seconds_until_the_watchdog_calls_at_most": max(took.values()),
        },
    )
    assert late == {}


def test_nobody_is_called_while_nothing_happens(tmp_path: Path) -> None:
    with running(tmp_path) as node:
        node.minutes(MINUTES)
        beats = node.watchdog.heard
        gaps = [b - a for a, b in pairwise(beats)]
        false = sum(gap > WITHIN for gap in gaps) + len(node.watchdog.alarms)
        figures.keep(
            "watcher",
            {
                "quiet_minutes_watched_virtual": MINUTES,
                "quiet_heartbeats_heard": len(beats),
                "quiet_false_calls": false,
            },
        )
        with node.store.read() as reading:
            assert reading.incidents((), None, 9) == []
            assert reading.violations(node.now()) == []
    assert false == 0
    assert len(beats) == MINUTES


@pytest.mark.slow
def test_a_stopped_tocsin_is_noticed_by_another_and_a_living_one_is_not(servers: Servers) -> None:
    """Real processes in real time: three minutes of quiet, then SIGSTOP."""
    watcher = servers(organisation=WATCHING % "1m")
    watcher.start()
    first = servers(environment=watched_by(watcher))
    first.start()
    when(watcher, lambda: heard(watcher), 30, "the first heartbeat is heard")
    quiet_until = time.monotonic() + 180
    wait_until(lambda: time.monotonic() > quiet_until or open_incidents(watcher), 200)
    assert open_incidents(watcher) == []
    process = first._process
    assert process is not None
    stopped_at = time.monotonic()
    os.kill(process.pid, signal.SIGSTOP)
    try:
        when(watcher, lambda: open_incidents(watcher), 180, "the silence is an incident")
    finally:
        os.kill(process.pid, signal.SIGCONT)
    seconds = round(time.monotonic() - stopped_at, 1)
    figures.keep("watcher", {"stopped_process_noticed_by_another_tocsin_seconds": seconds})
    when(watcher, lambda: not open_incidents(watcher), 90, "it is heard again")
