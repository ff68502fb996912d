"""Keeps everybody from changing a journal while what it holds is brought back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.engine.ports import StoreUnavailable

PATIENCE_SECONDS = 10.0
"""How long a change waits while what happened in an emergency is brought back."""

INSIDE_SECONDS = 3.0
"""How long those that are inside are waited for: one that its disk keeps must not keep the others.

Less than PATIENCE_SECONDS, so that those who want to go in meanwhile get in after all.
"""


class Gate:
    """Whoever changes the journal goes in and out; whoever brings it back closes the gate."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._is_closed = False
        self._inside = 0

    def enter(self) -> None:
        """Wait until the journal may be changed; raises StoreUnavailable if that takes too long."""
        with self._changed:
            if not self._changed.wait_for(lambda: not self._is_closed, PATIENCE_SECONDS):
                raise StoreUnavailable("what happened in the emergency is being brought back")
            self._inside += 1

    def leave(self) -> None:
        """Say that the change is over, however it ended."""
        with self._changed:
            self._inside -= 1
            self._changed.notify_all()

    @contextmanager
    def closed(self) -> Iterator[None]:
        """Let nobody in as long as the context lasts; waits for those that are inside.

        Raises StoreUnavailable, and opens again, if one of them does not come out.
        """
        try:
            with self._changed:
                self._is_closed = True
                if not self._changed.wait_for(lambda: not self._inside, INSIDE_SECONDS):
                    raise StoreUnavailable("a change of the journal does not end")
            yield
        finally:
            with self._changed:
                self._is_closed = False
                self._changed.notify_all()
