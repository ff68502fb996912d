"""The long runs of `kill -9` under load."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.databases.postgres import postgres as postgres
from tests.databases.postgres import postgres_url as postgres_url
from tests.torture.killing import Run, torture

pytestmark = [pytest.mark.torture, pytest.mark.timeout(3600)]


def test_200_kills_on_sqlite(tmp_path: Path) -> None:
    verdict = torture(Run(tmp_path, kills=200, seed=3))
    assert list(verdict.problems) == [], verdict
    assert verdict.figures["duplicates"] <= verdict.figures["kills"], verdict


@pytest.mark.postgres
def test_60_kills_of_two_nodes_on_postgresql(
    request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    url = str(request.getfixturevalue("postgres_url"))
    verdict = torture(Run(tmp_path, kills=60, seed=4, database_url=url, nodes=2))
    assert list(verdict.problems) == [], verdict
    assert verdict.figures["duplicates"] <= verdict.figures["kills"], verdict
