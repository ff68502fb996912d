"""Every test of the store runs on both databases."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from tests.databases.postgres import postgres as postgres
from tests.databases.postgres import postgres_url as postgres_url

from tocsin.store.sql_store import SqlStore, open_store

SQLITE = "sqlite"
BOTH = [SQLITE, pytest.param("postgresql", marks=pytest.mark.postgres)]


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a new store of its own."""
    if request.param == SQLITE:
        return f"sqlite:///{tmp_path}/tocsin.db"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture(params=BOTH)
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a database without any table."""
    if request.param == SQLITE:
        return f"sqlite:///{tmp_path}/tocsin.db"
    return str(request.getfixturevalue("postgres").new_database())


@pytest.fixture
def store(url: str) -> Iterator[SqlStore]:
    """A new store."""
    with closing(open_store(url)) as opened:
        yield opened


@pytest.fixture
def other(url: str, store: SqlStore) -> Iterator[SqlStore]:
    """The same store, opened by another node."""
    with closing(open_store(url)) as opened:
        yield opened
