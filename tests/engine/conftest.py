"""Stories, each told on both databases."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.databases.postgres import PostgresServer, postgres
from tests.engine.story import Story

from tocsin.store.sql_store import SqlStore, open_store

__all__ = ["postgres"]


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    """An empty store."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'story.sqlite3'}"
    else:
        server: PostgresServer = request.getfixturevalue("postgres")
        url = server.new_store_database()
    opened = open_store(url)
    yield opened
    opened.close()


@pytest.fixture
def store_story(store: SqlStore) -> Iterator[Callable[..., Story]]:
    """Make a story with another plan or organisation."""
    told: list[Story] = []

    def tell(**files: str) -> Story:
        told.append(Story(store, **files))
        return told[-1]

    yield tell
    for story in told:
        story.assert_sound()


@pytest.fixture
def story(store_story: Callable[..., Story]) -> Story:
    """The usual story."""
    return store_story()
