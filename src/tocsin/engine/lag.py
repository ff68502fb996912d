"""How far the engine is behind (invariant G3)."""

from collections.abc import Callable

from tocsin.engine.cycle import LOOK_AT_LEAST_EVERY


class Lag:
    """The time since the engine's last good turn, beyond what it may rest between two.

    A turn that fails is none: what was due by it still is. `elapsed` is in seconds.
    """

    def __init__(self, elapsed: Callable[[], float]) -> None:
        self._elapsed = elapsed
        self._turned = elapsed()
        self._worst = 0.0

    def turned(self) -> None:
        """Note a good turn."""
        self._worst = max(self._worst, self.seconds)
        self._turned = self._elapsed()

    @property
    def seconds(self) -> float:
        """How far it is behind now."""
        return max(0.0, self._elapsed() - self._turned - LOOK_AT_LEAST_EVERY)

    def worst(self) -> float:
        """Return how far it was behind at most since this was asked last."""
        worst, self._worst = max(self._worst, self.seconds), 0.0
        return worst
