"""Two and three nodes on one PostgreSQL: killed, paused, cut off, with clocks that are set."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.torture import cuts, outages
from tests.torture.clocks import MISSING as NO_COMPILER
from tests.torture.clocks import can_set_clocks
from tests.torture.databases import Pair, running_pair
from tests.torture.places import MISSING, Network, Place, can_make_networks
from tests.torture.rig import Harm, Plan, run, run_registers
from tests.torture.totals import ROUNDS, Totals

pytestmark = [
    pytest.mark.torture,
    pytest.mark.postgres,
    pytest.mark.timeout(6 * 3600),
    pytest.mark.skipif(not can_make_networks(), reason=MISSING),
]

PORT = 5432
SHORT_HARMS: Sequence[Harm] = [
    cuts.killed,
    cuts.paused_for_a_moment,
    cuts.off_the_database,
    cuts.half_off_the_database,
    outages.backends_ended,
    outages.everything_killed,
]
"""What lasts less than the 10 s after which a node works by its journal (H4)."""


@contextmanager
def connected(count: int) -> Iterator[tuple[Network, dict[str, Place], Pair]]:
    """Make a network with so many nodes and a database."""
    names = [f"n{number}" for number in range(1, count + 1)]
    network = Network([*names, cuts.DATABASE])
    with network.open(), running_pair([PORT], [network.places[cuts.DATABASE]]) as pair:
        yield network, {name: network.places[name] for name in names}, pair


def rounds(part: str, folder: Path, harms: Sequence[Harm], nodes: int) -> Totals:
    """Do all harms so often, each time in another order and on a fresh database."""
    totals = Totals("nodes", part)
    for number in range(ROUNDS):
        order = random.Random(number).sample(harms, len(harms))
        with connected(nodes) as (network, places, pair):
            plan = Plan(folder / f"round-{number}", order, seed=number)
            totals.add(run(plan, pair, places, network))
    assert totals.problems == []
    assert totals.counts["lost"] == 0
    return totals


def test_two_nodes_of_which_one_is_killed_or_paused(tmp_path: Path) -> None:
    totals = rounds("killed and paused", tmp_path, [*cuts.KILLS, *cuts.PAUSES], 2)
    assert totals.most["duplicates max"] <= 1


def test_three_nodes_that_are_cut_off(tmp_path: Path) -> None:
    rounds("cut off", tmp_path, cuts.CUTS, 3)


def test_nodes_that_are_cut_off_for_long(tmp_path: Path) -> None:
    """H5: never nobody who pages, and all is brought together afterwards."""
    totals = rounds("cut off for long", tmp_path, cuts.FOR_LONG, 3)
    assert totals.counts["emergencies"] > 0


@pytest.mark.skipif(not can_set_clocks(), reason=NO_COMPILER)
def test_a_node_whose_clock_is_set(tmp_path: Path) -> None:
    totals = rounds("clock set", tmp_path, [cuts.clock_set] * 8, 2)
    assert totals.most["duplicates max"] <= 1


def test_what_people_do_is_linearizable(tmp_path: Path) -> None:
    """E1, over three nodes that are killed, paused, or lose their database for a moment.

    None of it lasts so long that a node works by its journal: then two nodes may each do what the
    other has not heard of, and what holds is that no acknowledgement is lost (H5). A round in which
    that was so all the same, with a cause, is counted apart; without one it is a failure.
    """
    totals = Totals("nodes", "linearizable")
    totals.counts.update({"rounds": 0, "rounds left out": 0, "contradictions left out": 0})
    contradictions: list[str] = []
    unexpected: list[str] = []
    for number in range(ROUNDS):
        with connected(3) as (network, places, pair):
            order = random.Random(number).sample(SHORT_HARMS, len(SHORT_HARMS))
            plan = Plan(tmp_path / f"round-{number}", order, seed=number)
            registers = run_registers(plan, pair, places, network)
        unexpected += registers.unexpected
        found = registers.contradictions()
        sys.stderr.write(f"seed {number}: {registers.operations} operations, {found}\n")
        if registers.counts["emergencies"] == 0:
            contradictions += found
            totals.counts.update(
                rounds=1,
                faults=len(SHORT_HARMS),
                incidents=len(registers.all),
                operations=registers.operations,
                contradictions=len(found),
            )
        else:
            totals.counts.update({"rounds left out": 1, "contradictions left out": len(found)})
        totals.counts.update(registers.counts)
        if ROUNDS > 1:
            totals.publish()
    assert unexpected == []
    assert contradictions == []
    assert totals.counts["rounds left out"] <= totals.counts["rounds"]
    assert totals.counts["operations"] > 200
