"""Bad nights: in none of them does an invariant break. `make torture SEEDS=N` runs more of them."""

from __future__ import annotations

import pytest

from tocsin.simulation.search import search
from tocsin.simulation.standard import STANDARD

SEEDS = 300
AT_ONCE = 100

MUST_HAPPEN = (
    "kills", "power_cuts", "pauses", "io_errors", "clock_jumps", "edits", "upgrades",
    "transactions_at_once", "alerts_refused", "deeds", "emergencies", "commits_apart",
)  # fmt: skip
"""A search in which one of these never happens proves little."""


@pytest.mark.parametrize("first", range(1, SEEDS, AT_ONCE))
def test_no_invariant_breaks(first: int) -> None:
    searched = search(STANDARD, range(first, first + AT_ONCE))
    assert searched.failed == []
    assert [what for what in MUST_HAPPEN if not searched.figures[what]] == []
    assert searched.figures["pages"] > 5 * AT_ONCE
    assert searched.figures["alerts_accepted"] > 5 * AT_ONCE
