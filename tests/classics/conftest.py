"""Stories for the classics: on SQLite only, since each is told elsewhere on both databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.engine.story import Story
from tests.web.stage import Stage, open_stage

from tocsin.store.sql_store import SqlStore, open_store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SqlStore]:
    """An empty store."""
    opened = open_store(f"sqlite:///{tmp_path / 'classic.sqlite3'}")
    yield opened
    opened.close()


@pytest.fixture
def store_story(store: SqlStore) -> Iterator[Callable[..., Story]]:
    """Make a story with another plan or organisation; at its end the record is sound."""
    told: list[Story] = []

    def tell(**files: str) -> Story:
        told.append(Story(store, **files))
        return told[-1]

    yield tell
    for story in told:
        story.assert_sound()


@pytest.fixture
def story(store_story: Callable[..., Story]) -> Story:
    """The usual story: Ana is on call, Dora leads the team, Cleo is the CTO."""
    return store_story()


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """The usual server, as people see it."""
    with open_stage(tmp_path) as opened:
        opened.put_in_force()
        yield opened
