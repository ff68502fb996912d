"""How a simulated process reaches its stores: over ways that can be cut, on disks that fail."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from tocsin.engine.ports import Reading, StoreUnavailable, Transaction
from tocsin.simulation.store import SimStore
from tocsin.simulation.surroundings import Surroundings


class Hangs(BaseException):
    """The store does not answer: whoever has asked waits. It is asked again when that is over."""


class Process(Protocol):
    """What is asked of the process on this side of the way."""

    night: Surroundings
    cut_until: int
    io_errors: list[str]

    def effect(self, where: str, *, begins: bool = False) -> None:
        """Stand between two effects."""

    def write_fails(self, what: str) -> None:
        """Let a write fail; raises StoreUnavailable."""


class _Way:
    """See engine.ports.Store."""

    _what = "a commit"

    def __init__(self, process: Process, inner: SimStore) -> None:
        self._process = process
        self._inner = inner

    @contextmanager
    def read(self) -> Iterator[Reading]:
        """See Store."""
        self._reach()
        with self._inner.read() as reading:
            yield reading

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        """See Store."""
        self._reach()
        process = self._process
        if self._full_until() > process.night.t:
            raise StoreUnavailable("the disk is full")
        with self._inner.write() as tx:
            yield tx
            process.effect(f"before {self._what}", begins=True)
            trouble = process.io_errors.pop() if process.io_errors else ""
            if trouble == "lost":
                process.write_fails("the disk reports an error, and the commit is not kept")
        if trouble == "kept":
            process.write_fails("the disk reports an error, and yet the commit is kept")
        process.effect(f"after {self._what}")

    def is_ready(self) -> str:
        """See Store."""
        return ""

    def tidy(self) -> None:
        """See Store."""

    def _reach(self) -> None:
        """Raise what stands in the way."""

    def _full_until(self) -> int:
        """Until when nothing more fits on the disk at the other end."""
        return 0


class MainWay(_Way):
    """The way to the store that all share. See also engine.emergency.store.Main."""

    is_broken_off = False
    """Whether the question that waits is to fail, since nobody waits for it any more."""

    def abandon(self) -> None:
        """See Main."""
        self.is_broken_off = True

    def lacks_room(self) -> str:
        """See Main."""
        return ""

    def close(self) -> None:
        """See Main."""

    def open(self) -> MainWay:
        """Return this if the store can be opened now; raises StoreUnavailable."""
        night = self._process.night
        if max(self._process.cut_until, night.closed_until, night.hangs_until) > night.t:
            raise StoreUnavailable("the store can't be reached")
        return self

    def _reach(self) -> None:
        night = self._process.night
        if max(self._process.cut_until, night.closed_until) > night.t:
            raise StoreUnavailable("the store can't be reached")
        if night.hangs_until > night.t:
            if self.is_broken_off:
                raise StoreUnavailable("the connection was broken off")
            raise Hangs

    def _full_until(self) -> int:
        return self._process.night.full_until


class JournalWay(_Way):
    """The way to the node's own journal, on its own disk."""

    _what = "a commit of its journal"
    full_until = 0
    """Until when nothing more fits on that disk."""

    def _full_until(self) -> int:
        return self.full_until
