"""A run logs nothing; what the logs of other tests are like must not matter."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tocsin.simulation.quiet import quiet


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    """Silence logs during a test."""
    with quiet():
        yield
