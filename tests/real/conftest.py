"""Real parts as fixtures. Each test has its own, and they stop with it whatever happens."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from itertools import count
from pathlib import Path

import pytest
from tests.real import parts
from tests.real.loopback import Gauge, Listener


@pytest.fixture
def gauge() -> Iterator[Gauge]:
    """A metric that the test may change."""
    with Gauge() as server:
        yield server


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Keeps what is posted to it."""
    with Listener() as server:
        yield server


@pytest.fixture
def prometheus(tmp_path: Path) -> Iterator[Callable[[str, str], parts.Part]]:
    """`prometheus(config, rules)` starts one and returns it when it is ready."""
    with ExitStack() as running:
        numbers = count(1)

        def start(config: str, rules: str) -> parts.Part:
            folder = tmp_path / f"prometheus-{next(numbers)}"
            return running.enter_context(parts.prometheus(folder, config, rules))

        yield start


@pytest.fixture
def alertmanager(tmp_path: Path) -> Iterator[Callable[[str], parts.Part]]:
    """`alertmanager(config)` starts one and returns it when it is ready."""
    with ExitStack() as running:
        numbers = count(1)

        def start(config: str) -> parts.Part:
            folder = tmp_path / f"alertmanager-{next(numbers)}"
            return running.enter_context(parts.alertmanager(folder, config))

        yield start
