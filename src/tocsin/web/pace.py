"""How much one caller may ask for at once: changes by a second, streams that are open."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic

BURST = 300
"""Changes that one caller may ask for at once."""

A_SECOND = 50.0
"""Changes a second that one caller may ask for in the long run: no person and no sane program
asks for more, and a store takes several times as many."""

REMEMBERED = 10_000
"""Callers; beyond it the one that came longest ago is forgotten."""

STREAMS_EACH = 20
"""Pages that one session or key may keep up to date at a time."""


class Pace:
    """Lets each caller make BURST changes at once, and A_SECOND a second after that.

    `clock` tells seconds; it is no clock on the wall.
    """

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self.burst = BURST
        self.clock = clock
        self._lock = threading.Lock()
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, who: str) -> float:
        """Count one change; return how many seconds too early it comes, 0 if it may be made."""
        now = self.clock()
        with self._lock:
            left, at = self._left.pop(who, (float(self.burst), now))
            left = min(float(self.burst), left + (now - at) * A_SECOND)
            may = left >= 1
            self._left[who] = (left - may, now)
            while len(self._left) > REMEMBERED:
                self._left.popitem(last=False)
            return 0.0 if may else (1 - left) / A_SECOND


class TooMany(Exception):
    """A session or key has as many streams as there may be."""


class Streams:
    """Counts the open streams of each session or key, in the event loop that serves them."""

    def __init__(self) -> None:
        self._open: Counter[str] = Counter()

    @contextmanager
    def one_more(self, whose: str) -> Iterator[None]:
        """Count one more stream of a session or key; raises TooMany if there are enough."""
        if self._open[whose] >= STREAMS_EACH:
            raise TooMany(whose)
        self._open[whose] += 1
        try:
            yield
        finally:
            self._open[whose] -= 1
            if not self._open[whose]:
                del self._open[whose]
