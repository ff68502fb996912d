"""PostgreSQL killed, restarted, locked, refused, frozen and failed over, under load (T-K5)."""

from __future__ import annotations

import random
from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.servers import spare_port
from tests.torture import outages
from tests.torture.databases import running_pair
from tests.torture.places import HERE
from tests.torture.rig import Harm, Plan, run
from tests.torture.totals import ROUNDS, Totals

pytestmark = [pytest.mark.torture, pytest.mark.postgres, pytest.mark.timeout(6 * 3600)]

TWO = {"n1": HERE, "n2": HERE}


def rounds(part: str, folder: Path, harms: Sequence[Harm], servers: int) -> Totals:
    """Do all harms so often, each time in another order and on a fresh database."""
    totals = Totals("postgres", part)
    for number in range(ROUNDS):
        order = random.Random(number).sample(harms, len(harms))
        with running_pair([spare_port() for _ in range(servers)]) as pair:
            plan = Plan(folder / f"round-{number}", order, seed=number)
            totals.add(run(plan, pair, TWO))
    assert totals.problems == []
    assert totals.counts["lost"] == 0
    return totals


def test_one_server_in_trouble(tmp_path: Path) -> None:
    totals = rounds("one server", tmp_path, outages.ALONE, 1)
    assert totals.most["duplicates max"] <= 1


def test_failed_over_to_a_synchronous_standby(tmp_path: Path) -> None:
    """H1: what was answered with 2xx is on the standby, and so is there after the failover."""
    totals = rounds("with a standby", tmp_path, outages.WITH_A_STANDBY, 2)
    assert totals.most["duplicates max"] <= 1


def test_without_a_server_for_long(tmp_path: Path) -> None:
    """H4: nodes that work by their journals lose nothing of what they have accepted."""
    totals = rounds("for long", tmp_path, outages.FOR_LONG, 2)
    assert totals.counts["emergencies"] > 0
