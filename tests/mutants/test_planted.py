"""Every known bug can still be planted: its patch applies, compiles, and changes something.

Whether the simulator finds all of them is asked in tests/torture/test_torture_planted.py, of three
of them here.
"""

from collections import Counter
from pathlib import Path

import pytest
from tests.mutants.hunt import hunt, line
from tests.mutants.planting import SOURCE, Bug, bugs, edited, named, says_the_same

AT_LEAST = 48


def test_there_are_enough_known_bugs_and_each_has_a_name_of_its_own():
    names = Counter(bug.id for bug in bugs())
    assert len(names) >= AT_LEAST
    assert set(names.values()) == {1}


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.id)
def test_it_can_be_planted(bug: Bug):
    assert bug.expects, "it breaks no invariant"
    for name, text in edited(bug).items():
        before = (SOURCE / name).read_text(encoding="utf-8")
        assert not says_the_same(before, text), f"{name} says what it said before"


QUICKLY_FOUND = (
    "processed-before-sending",  # as in Healthchecks
    "sending-is-final",  # as in GoAlert
    "step-then-clock",  # as in Grafana OnCall
)


@pytest.mark.parametrize("bug", named(QUICKLY_FOUND), ids=lambda bug: bug.id)
def test_the_simulator_finds_what_others_had(bug: Bug, tmp_path: Path):
    """The negative control: a simulator that is quiet about these is worth nothing (T-W2)."""
    find = hunt(bug, tmp_path, seeds=50, seconds=60)
    assert find.is_found, line(find)
