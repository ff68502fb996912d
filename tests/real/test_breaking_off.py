"""A little of what `make torture` does at length: kills at calls, power cuts, disks that refuse."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

import pytest
from tests.torture.tracing import CAN_TRACE

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]


def done() -> dict[str, list[Any]]:
    """Run it in a process of its own: it forks and traces."""
    command = [sys.executable, "-m", "tests.torture.short"]
    run = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    found = defaultdict(list)
    for line in run.stdout.splitlines():
        one = json.loads(line)
        found[one["what"]].append(one)
    return found


@pytest.mark.skipif(not CAN_TRACE, reason="ptrace of Linux on x86-64 is needed")
def test_wherever_it_is_broken_off_nothing_that_was_promised_is_lost() -> None:
    found = done()
    for what in ("kill", "cut", "cut after a failed sync", "disk"):
        assert [one["problems"] for one in found[what]] == [[] for _ in found[what]], what
    assert all(one["duplicates_after_one_kill"] <= 1 for one in found["kill"])
    assert sum(one["points"] for one in found["kill"]) >= 8
    assert sum(one["points"] for one in found["disk"]) >= 3
    (planted,) = found["cut, planted"]
    assert planted["problems"], "commits that don't wait for the disk must be found"
