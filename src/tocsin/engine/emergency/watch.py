"""For how long the main store has not answered, and since when it does again."""

import threading
from collections.abc import Callable

HANGS_AFTER = 2.0
"""Seconds without an answer after which a question counts as one that gets none."""

LONGEST_STEP = 2.0
"""Seconds that one look counts for at most: whoever was stopped for a minute has seen nothing."""

Elapsed = Callable[[], float]
"""Seconds on a clock that nobody sets."""


class Watch:
    """What all threads' calls of the main store have come to. Any thread may tell it.

    Readings and changes count apart: a store that is full still answers questions.
    """

    def __init__(self, elapsed: Elapsed) -> None:
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._failing = {"read": False, "write": False}
        self._hangs_at: float | None = None
        self._well_since: float | None = None
        self._looked_at = elapsed()
        self._down = 0.0

    @property
    def hangs(self) -> bool:
        """Whether a question has been waiting for too long."""
        hangs_at = self._hangs_at
        return hangs_at is not None and self._elapsed() > hangs_at

    @property
    def takes_no_changes(self) -> bool:
        """Whether a change has failed and none has worked since."""
        return self._failing["write"]

    def well_for(self) -> float:
        """Return for how many seconds every call has worked, 0 if the last one has not."""
        since = self._well_since
        return 0.0 if since is None or self.hangs else self._elapsed() - since

    def asking(self, patience: float = HANGS_AFTER) -> None:
        """Note that somebody asks the store something, and waits for up to `patience` seconds."""
        with self._lock:
            self._hangs_at = self._elapsed() + patience

    def answered(self) -> None:
        """Note that the waiting is over, however."""
        with self._lock:
            self._hangs_at = None

    def worked(self, *, writing: bool) -> None:
        """Note that a call has worked; a change shows that reading works too."""
        with self._lock:
            self._failing["read"] = False
            if writing:
                self._failing["write"] = False
            if self._well_since is None and not any(self._failing.values()):
                self._well_since = self._elapsed()

    def failed(self, *, writing: bool) -> None:
        """Note that a call has failed because of the store."""
        with self._lock:
            self._failing["write" if writing else "read"] = True
            self._well_since = None

    def down_for(self) -> float:
        """Look: return for how many seconds nothing has worked; to be called often."""
        with self._lock:
            now = self._elapsed()
            step = min(now - self._looked_at, LONGEST_STEP)
            self._looked_at = now
            hung = HANGS_AFTER if self.hangs else 0.0
            in_trouble = any(self._failing.values()) or hung
            if in_trouble:
                self._well_since = None
            self._down = max(self._down + step, hung) if in_trouble else 0.0
            return self._down
