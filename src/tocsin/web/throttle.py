"""How often somebody may fail: remembered in memory, for a bounded number of addresses."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

FAILURES_AT_MOST = 10
WINDOW = timedelta(minutes=5)
REMEMBERED = 10_000
"""Addresses; beyond it the one that failed longest ago is forgotten."""


class FailedTries:
    """Counts failures by address; who fails too often is told to wait before the next guess."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._failed: OrderedDict[str, deque[datetime]] = OrderedDict()

    def wait(self, address: str, now: datetime) -> int:
        """Return for how many seconds `address` has failed too often, 0 if it has not."""
        with self._lock:
            failures = self._failed.get(address)
            if failures is None:
                return 0
            while failures and now - failures[0] >= WINDOW:
                failures.popleft()
            if len(failures) < FAILURES_AT_MOST:
                return 0
            return max(1, int((failures[0] + WINDOW - now).total_seconds()))

    def failed(self, address: str, now: datetime) -> None:
        """Count one failure."""
        with self._lock:
            failures = self._failed.setdefault(address, deque(maxlen=FAILURES_AT_MOST))
            failures.append(now)
            self._failed.move_to_end(address)
            while len(self._failed) > REMEMBERED:
                self._failed.popitem(last=False)
