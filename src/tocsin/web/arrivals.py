"""What came in last, by integration: kept in memory, in this process, and little of it."""

from collections import deque
from datetime import datetime
from typing import NamedTuple

from tocsin.engine.group_commit import Result

KEPT = 20
"""Requests that are remembered of each integration."""

BYTES_KEPT = 16 * 1024
"""Bytes that are remembered of each request."""

REFUSED_KEPT = 50
NAME_AT_MOST = 64


class Arrival(NamedTuple):
    """One request: how it begins, how large it was, and what became of it.

    `result` is what the intake says: a receipt for each alert, or why it was not taken.
    """

    at: datetime
    path: str
    beginning: bytes
    size: int
    result: Result


class Stranger(NamedTuple):
    """A request whose key was not good; `named` is the integration that the key named, or ""."""

    at: datetime
    path: str
    named: str


class Arrivals:
    """The last requests. Written on the way that alerts take: nothing here may take long.

    A deque is changed in one step, so that other threads may read it meanwhile.
    """

    def __init__(self) -> None:
        self._by_integration: dict[str, deque[Arrival]] = {}
        self._refused: deque[Stranger] = deque(maxlen=REFUSED_KEPT)

    def came(self, integration: str, at: datetime, path: str, body: bytes, result: Result) -> None:
        """Remember a request of an integration."""
        kept = self._by_integration.get(integration)
        if kept is None:
            kept = self._by_integration.setdefault(integration, deque(maxlen=KEPT))
        # A slice of all of it is the same object, and no copy.
        kept.append(Arrival(at, path, body[:BYTES_KEPT], len(body), result))

    def refused(self, at: datetime, path: str, named: str) -> None:
        """Remember that somebody came with a wrong key, or with none."""
        self._refused.append(Stranger(at, path, named[:NAME_AT_MOST]))

    def of(self, integration: str) -> list[Arrival]:
        """Return the last requests of an integration, the newest first."""
        return list(self._by_integration.get(integration, ()))[::-1]

    def strangers(self) -> list[Stranger]:
        """Return the last requests without a good key, the newest first."""
        return list(self._refused)[::-1]
