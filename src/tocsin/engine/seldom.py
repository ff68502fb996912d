"""What happens again and again is told once a while, with how often it has happened."""

from collections import Counter
from datetime import datetime, timedelta


class Seldom:
    """Counts what happens, by name. `every`: how long nothing more is told of one name.

    Any thread may ask it; two that ask at the same time may both tell. It keeps each name for
    ever, so there must be few.
    """

    def __init__(self, every: timedelta = timedelta(minutes=1)) -> None:
        self._every = every
        self._untold: Counter[str] = Counter()
        self._told_at: dict[str, datetime] = {}

    def happened(self, name: str, now: datetime) -> int:
        """Note it once more; return how often it has happened since it was told, 0 for silence."""
        self._untold[name] += 1
        told_at = self._told_at.get(name)
        if told_at is not None and abs(now - told_at) < self._every:
            return 0
        self._told_at[name] = now
        return self._untold.pop(name, 1)
