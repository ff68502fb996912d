"""Taking turns: a lock that hands itself to whoever has waited longest."""

import threading
from collections import deque
from types import TracebackType

from tocsin.engine.ports import StoreUnavailable


class Turn:
    """First come, first served, among the threads of one process.

    A plain lock may be taken again and again by the thread that has just released it, while
    others wait; here a waiting thread sleeps until the lock is handed to it.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self._guard = threading.Lock()
        self._waiting: deque[threading.Lock] = deque()
        self._holder: int | None = None

    def __enter__(self) -> None:
        me = threading.get_ident()
        with self._guard:
            if self._holder is None:
                self._holder = me
                return
            if self._holder == me:
                raise RuntimeError("write() was called inside write() by the same thread")
            ticket = threading.Lock()
            ticket.acquire()
            self._waiting.append(ticket)
        try:
            served = ticket.acquire(timeout=self._patience)
        except BaseException:
            self._give_up(ticket)
            raise
        if not served and not self._leave_queue(ticket):
            ticket.acquire()  # handed over at the last moment
        elif not served:
            raise StoreUnavailable("other changes have kept the store busy for too long")
        self._holder = me

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._hand_on()

    def _hand_on(self) -> None:
        with self._guard:
            if self._waiting:
                self._holder = 0
                self._waiting.popleft().release()
            else:
                self._holder = None

    def _leave_queue(self, ticket: threading.Lock) -> bool:
        with self._guard:
            if ticket not in self._waiting:
                return False
            self._waiting.remove(ticket)
            return True

    def _give_up(self, ticket: threading.Lock) -> None:
        if not self._leave_queue(ticket):
            self._hand_on()
