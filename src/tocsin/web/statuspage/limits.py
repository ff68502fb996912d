"""How often readers may ask for a subscription: by their address, and all together."""

import threading
from collections import OrderedDict, deque
from datetime import datetime, timedelta

EACH = 10
ALL = 300
WINDOW = timedelta(minutes=10)
REMEMBERED = 10_000


class Asked:
    """Counts requests of the last minutes, for a bounded number of addresses."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._each: OrderedDict[str, deque[datetime]] = OrderedDict()
        self._all: deque[datetime] = deque(maxlen=ALL)

    def too_often(self, address: str, now: datetime) -> bool:
        """Count one request; whether it is one too many, and not to be answered."""
        with self._lock:
            mine = self._each.setdefault(address, deque(maxlen=EACH))
            self._each.move_to_end(address)
            while len(self._each) > REMEMBERED:
                self._each.popitem(last=False)
            for counted in (mine, self._all):
                while counted and now - counted[0] >= WINDOW:
                    counted.popleft()
            if len(mine) == EACH or len(self._all) == ALL:
                return True
            mine.append(now)
            self._all.append(now)
            return False
