"""`kill -9` under load with real processes; `make torture` does the same at length."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.databases.postgres import postgres as postgres
from tests.databases.postgres import postgres_url as postgres_url
from tests.torture.killing import Run, torture

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]


def test_killed_on_sqlite(tmp_path: Path) -> None:
    verdict = torture(Run(tmp_path, kills=12, seed=1))
    assert list(verdict.problems) == [], verdict
    assert verdict.figures["duplicates"] <= verdict.figures["kills"], verdict
    assert verdict.figures["alerts accepted"] > 50, verdict


@pytest.mark.postgres
def test_killed_on_postgresql(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    url = str(request.getfixturevalue("postgres_url"))
    verdict = torture(Run(tmp_path, kills=6, seed=2, database_url=url))
    assert list(verdict.problems) == [], verdict
    # Each page comes at most once more per kill; that is among the problems above. How many pages
    # one kill repeats depends on how slow commits are, and so on the machine.
    assert verdict.figures["alerts accepted"] > 25, verdict
