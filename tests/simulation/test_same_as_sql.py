"""The simulated store is held against the real one: the same run, and the same decisions.

Without this a seed would prove something about a model that nobody has compared with anything.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.simulation.beside_sql import RealStore, kept_in, on

from tocsin.simulation.standard import STANDARD
from tocsin.simulation.store import SimStore
from tocsin.store.sql_store import SqlStore, open_store

SEEDS = 6


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[SqlStore]:
    with closing(open_store(f"sqlite:///{tmp_path}/run.db")) as opened:
        yield opened


@pytest.mark.parametrize("seed", range(1, SEEDS + 1))
def test_a_run_is_the_same_on_sqlite(seed: int, sqlite: SqlStore, tmp_path: Path) -> None:
    simulated = SimStore()
    expected = on(STANDARD, seed, simulated)
    with closing(RealStore(sqlite, tmp_path)) as store:
        real = on(STANDARD, seed, store)
    assert [t for t in expected.history if t.kind == "broken"] == []
    assert list(real.history) == list(expected.history)
    assert kept_in(sqlite) == kept_in(simulated)
