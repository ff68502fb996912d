"""How much one caller may ask for at once: changes by a second, streams that are open."""

import threading
from collections import Counter, OrderedDict
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from hashlib import blake2b
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


class Streams:
    """Counts the open streams of each session or key, in the event loop that serves them."""

    def __init__(self) -> None:
        self._open: Counter[bytes] = Counter()

    def are_enough(self, shown: str) -> bool:
        """Whether whoever shows this, a cookie or a key, has as many streams as there may be."""
        return self._open[_name(shown)] >= STREAMS_EACH

    async def counted(self, shown: str, texts: AsyncIterator[bytes]) -> AsyncGenerator[bytes, None]:
        """Pass a stream on, and count it for as long as it lasts."""
        name = _name(shown)
        self._open[name] += 1
        try:
            async for text in texts:
                yield text
        finally:
            self._open[name] -= 1
            if not self._open[name]:
                del self._open[name]


def _name(shown: str) -> bytes:
    """What is shown is a secret, and not kept."""
    return blake2b(shown.encode("utf-8", "replace"), digest_size=16).digest()
