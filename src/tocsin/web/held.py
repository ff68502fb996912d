"""Bytes of alerts that are being taken in: no more than fit, and no sender takes all the room."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

ALL_AT_MOST = 64 * 1024 * 1024
"""Bytes of all requests that are read and not answered yet; read, they take several times as much
memory. 1,000 alerts a second are 15 KiB at a time."""

EACH_AT_MOST = 32 * 1024 * 1024
"""Of them, those of one integration: two of the largest requests."""


class NoRoom(Exception):
    """A request has to come again: too much is being taken in. The text says whose it is."""


class Held:
    """Counts, in the event loop of the intake."""

    def __init__(self) -> None:
        self._all = 0
        self._each: Counter[str] = Counter()

    @contextmanager
    def of(self, integration: str) -> Iterator[Callable[[int], None]]:
        """Give what is to be told of each piece of a request; it raises NoRoom."""
        took = 0

        def more(size: int) -> None:
            nonlocal took
            if self._each[integration] + size > EACH_AT_MOST:
                raise NoRoom(f"too much from {integration} is being taken in at a time")
            if self._all + size > ALL_AT_MOST:
                raise NoRoom("too much is being taken in at a time")
            took += size
            self._all += size
            self._each[integration] += size

        try:
            yield more
        finally:
            self._all -= took
            self._each[integration] -= took
            if not self._each[integration]:
                del self._each[integration]
