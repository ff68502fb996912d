"""As many bad nights as there is time for: `make torture SEEDS=100000`.

With TORTURE_GO_ON=1 the seeds begin where the last search has ended, and its figures are added to;
otherwise they begin at 1, and the figures anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

import pytest
from tests.fuzz.mutating import effort
from tests.simulation.beside_sql import RealStore, kept_in, on
from tests.torture import figures
from tests.torture.figures import Figure

from tocsin.simulation.quiet import quiet
from tocsin.simulation.schedule import FAULTS
from tocsin.simulation.search import Searched, search
from tocsin.simulation.standard import STANDARD
from tocsin.simulation.store import SimStore
from tocsin.store.sql_store import open_store

SEEDS = effort("SEEDS", 5_000)
GOES_ON = effort("GO_ON", 0)
COMPARED = effort("COMPARED", 50)
HOURS_OF_A_YEAR = 365.25 * 24

pytestmark = [pytest.mark.torture, pytest.mark.timeout(0)]

NAMES = {
    "simulated_hours": "simulated hours",
    "kills": "processes killed",
    "power_cuts": "power cuts",
    "pauses": "processes stopped for seconds or minutes",
    "io_errors": "errors of the disk",
    "clock_jumps": "clocks set",
    "upgrades": "upgrades",
    "edits": "edits of plan or organisation",
    "faults": "faults of all kinds",
    "transactions_at_once": "transactions in the middle of others",
    "alerts_accepted": "alerts accepted",
    "alerts_refused": "requests answered 503",
    "pages": "attempts at pages and alarms",
    "messages_delivered": "messages that arrived",
    "deeds": "things that people did",
    "commits": "commits checked",
}
"""What a search counts, and what it is called in the report."""


def test_no_invariant_breaks_in_many_nights() -> None:
    before = figures.kept("simulation") if GOES_ON else {}
    first = int(before.get("last seed", 0)) + 1
    with quiet():
        searched = search(STANDARD, range(first, first + SEEDS))
    figures.keep("simulation", _figures(searched, before, first + SEEDS - 1))
    assert searched.failed == []


def _figures(searched: Searched, before: Mapping[str, Figure], last: int) -> dict[str, Figure]:
    def added(name: str, count: float) -> float:
        return round(float(before.get(name, 0)) + count, 1)

    counted = {name: added(name, searched.figures[key]) for key, name in NAMES.items()}
    failed = [f"{one.seed}: {one.invariant}" for one in searched.failed]
    known = [one for one in str(before.get("failed seeds", "")).split(", ") if one]
    seconds = added("seconds of one core", searched.cpu_seconds)
    seeds = added("seeds", searched.seeds)
    return {
        **{name: int(count) for name, count in counted.items()},
        "seeds": int(seeds),
        "last seed": last,
        "failed": int(added("failed", len(failed))),
        "failed seeds": ", ".join([*known, *failed]),
        "simulated years": round(counted["simulated hours"] / HOURS_OF_A_YEAR, 1),
        "kinds of faults": len(FAULTS),
        "seconds of one core": seconds,
        "seeds a minute on one core": round(seeds * 60 / seconds),
    }


@pytest.mark.parametrize("seed", range(1000, 1000 + COMPARED))
def test_the_simulated_store_does_what_sqlite_does(seed: int, tmp_path: Path) -> None:
    simulated = SimStore()
    with quiet(), closing(open_store(f"sqlite:///{tmp_path}/run.db")) as sqlite:
        expected = on(STANDARD, seed, simulated)
        real = on(STANDARD, seed, RealStore(sqlite, tmp_path))
        assert list(real.history) == list(expected.history)
        assert kept_in(sqlite) == kept_in(simulated)
