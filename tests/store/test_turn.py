"""Threads take turns in the order in which they came."""

from __future__ import annotations

import threading

import pytest

from tocsin.engine.ports import StoreUnavailable
from tocsin.store.turn import Turn


class Waiters:
    """Threads that take a turn, one after another, and note when they had it."""

    def __init__(self, turn):
        self.turn = turn
        self.served = []
        self.threads = []

    def arrive(self, name):
        waiting = len(self.turn._waiting)
        thread = threading.Thread(target=self._take, args=(name,))
        thread.start()
        self.threads.append(thread)
        while len(self.turn._waiting) == waiting and thread.is_alive():
            pass

    def _take(self, name):
        try:
            with self.turn:
                self.served.append(name)
        except StoreUnavailable:
            self.served.append(f"{name} gave up")

    def leave(self):
        for thread in self.threads:
            thread.join()


def test_who_waits_longest_is_served_first():
    turn = Turn(30)
    waiters = Waiters(turn)
    with turn:
        for name in range(8):
            waiters.arrive(name)
    waiters.leave()
    assert waiters.served == list(range(8))


def test_who_loses_patience_does_not_hold_up_the_others():
    turn = Turn(0.05)
    waiters = Waiters(turn)
    with turn:
        waiters.arrive("first")
        waiters.leave()
    waiters.arrive("second")
    waiters.leave()
    assert waiters.served == ["first gave up", "second"]
    with turn:
        pass


def test_a_thread_does_not_wait_for_itself():
    turn = Turn(30)
    with turn, pytest.raises(RuntimeError), turn:
        pass
    with turn:
        pass


def test_a_turn_ends_with_an_exception_too():
    turn = Turn(30)
    with pytest.raises(ValueError, match="oops"), turn:
        raise ValueError("oops")
    with turn:
        pass


def test_nobody_is_in_at_the_same_time():
    turn = Turn(30)
    inside = []
    most = []

    def work():
        for _ in range(200):
            with turn:
                inside.append(1)
                most.append(len(inside))
                inside.pop()

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(most) == 1600
    assert set(most) == {1}
