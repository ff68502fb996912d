"""How many messages may be on their way at once: as few as will do.

A message that has left and whose outcome is not on disk yet is sent again after a crash. So each
channel sends one at a time while its provider is quick, and a crash repeats at most one. Only when
a message takes long does the next one start beside it, up to a number that a hung provider can
hold without holding up the other channels (invariants D2, D11).
"""

import threading
from datetime import datetime, timedelta

SLOTS = 16
"""Messages that one channel may have on their way at most."""

PATIENCE = timedelta(milliseconds=250)
"""How long the next message waits for the one before it."""


class Lane:
    """The messages of one channel that are on their way, or back with an outcome not yet kept."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._on_their_way = 0
        self._last_start: datetime | None = None

    def room(self, now: datetime) -> int:
        """Say how many messages may start now: one or none."""
        with self._lock:
            if self._on_their_way == 0 or self._last_start is None:
                return 1
            waited = now - self._last_start >= PATIENCE
            return 1 if waited and self._on_their_way < SLOTS else 0

    def start(self, now: datetime) -> None:
        """Note that a message leaves."""
        with self._lock:
            self._on_their_way += 1
            self._last_start = now

    def end(self) -> None:
        """Note that the outcome of a message is kept, or lost for good."""
        with self._lock:
            self._on_their_way -= 1
