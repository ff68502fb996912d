"""A stage for every test: store, plan, organisation and clock."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.web.stage import Stage, open_stage


@pytest.fixture
def bare_stage(tmp_path: Path) -> Iterator[Stage]:
    """A store in which nothing is in force yet."""
    with open_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def stage(bare_stage: Stage) -> Stage:
    bare_stage.put_in_force()
    return bare_stage
