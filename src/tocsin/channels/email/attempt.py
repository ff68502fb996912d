"""One try under a deadline that nothing can stretch: not DNS, not a server that drips bytes."""

import socket
from collections.abc import Callable
from concurrent.futures import wait
from contextlib import suppress
from threading import Lock
from typing import TypeVar

from tocsin.outbound.abandoned import begin

T = TypeVar("T")


class TimeIsUp(Exception):
    """The attempt was given up; whoever still works on it must stop before anything leaves."""


class Attempt:
    """How far one try has come, shared by the thread that works and the one that waits."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._over = False
        self.left = False

    def connected(self, connection: socket.socket) -> None:
        """Remember the connection, so that it can be ended when time is up."""
        with self._lock:
            self._check()
            self._socket = connection

    def leave(self) -> None:
        """Say that from here on the other side may have the message."""
        with self._lock:
            self._check()
            self.left = True

    def end(self) -> None:
        """Give up: `left` is final after this, and a blocked read or write returns."""
        with self._lock:
            self._over = True
            if self._socket is not None:
                with suppress(OSError):
                    # The base class's: TLS would first wish to say goodbye.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)

    def _check(self) -> None:
        if self._over:
            raise TimeIsUp


def run(work: Callable[[Attempt], T], seconds: float) -> tuple[T | None, bool]:
    """Run `work` for at most `seconds`: its result, or None, and whether the message left."""
    attempt = Attempt()
    working = begin(lambda: work(attempt), "email")
    done, _ = wait([working], timeout=seconds)
    if done:
        return working.result(), attempt.left
    attempt.end()
    return None, attempt.left
