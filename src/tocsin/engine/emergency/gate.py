"""Keeps everybody from changing a journal while what it holds is brought back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from tocsin.engine.ports import StoreUnavailable

PATIENCE_SECONDS = 10.0
"""How long a change waits while what happened in an emergency is brought back."""


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
        """Let nobody in as long as the context lasts; waits for those that are inside."""
        with self._changed:
            self._is_closed = True
            while self._inside:
                self._changed.wait()
        try:
            yield
        finally:
            with self._changed:
                self._is_closed = False
                self._changed.notify_all()
