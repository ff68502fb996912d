"""A short night with PostgreSQL and two nodes in trouble; `make torture` has the long ones."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.databases.postgres import MISSING, find_binaries
from tests.servers import spare_port
from tests.torture import cuts, outages
from tests.torture.databases import running_pair
from tests.torture.places import HERE
from tests.torture.rig import Plan, Rig, run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgres,
    pytest.mark.timeout(400),
    pytest.mark.skipif(find_binaries() is None, reason=MISSING),
]


def paused_for_a_lease(rig: Rig) -> None:
    cuts.paused(rig, seconds=6)


def test_two_nodes_whose_database_is_killed_and_fails_over(tmp_path: Path) -> None:
    harms = [outages.postmaster_killed, cuts.killed, outages.failed_over, paused_for_a_lease]
    with running_pair([spare_port(), spare_port()]) as pair:
        plan = Plan(tmp_path, harms, seed=1)
        after = run(plan, pair, {"n1": HERE, "n2": HERE})
    assert list(after.problems) == []
    assert after.figures["lost"] == 0
    assert after.figures["alerts accepted"] > 20
