"""Room on the disk that is kept for pages: a file of no content, given up when the disk is full.

A pager that can't write anything down can't page: it would not know whom it has called. So the
last of the disk belongs to what was accepted already, and nothing new is accepted meanwhile
(invariant H3).
"""

import errno
import os
import threading
from contextlib import suppress
from pathlib import Path

import structlog

SLACK = 16 * 1024 * 1024
"""Bytes that must be free besides before the reserve is taken back, so that it stays."""

PROBE = 64 * 1024
"""Bytes that are written to find out whether an error of the disk means that it is full."""

BLOCK = 512
"""Bytes; what `st_blocks` counts, whatever the file system works with."""

FULL = (errno.ENOSPC, errno.EDQUOT)

log = structlog.get_logger()


class Reserve:
    """The file `path`, which takes `size` bytes once it is wanted. Any thread may ask."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._size = 0
        self._is_held = False
        self._is_impossible = False
        self._lock = threading.Lock()

    @property
    def lacks(self) -> str:
        """Why nothing new should be accepted, "" as long as all is well."""
        if not self._size or self._is_held or self._is_impossible:
            return ""
        needed = (self._size + SLACK) >> 20
        return (
            f"the disk of {self._path.parent} is full: alerts are taken again when {needed} MiB"
            " are free; calls go on"
        )

    def want(self, size: int) -> None:
        """Hold `size` bytes from now on (0 for none), as soon as there is room."""
        with self._lock:
            self._size = size
            if not size:
                self._path.unlink(missing_ok=True)
                return
            self._is_held = _size_of(self._path) >= size or self._take()
        if self.lacks:
            log.error("store.full", hint=self.lacks)

    def give_up(self) -> None:
        """Make room for pages."""
        with self._lock:
            given = _size_of(self._path)
            self._path.unlink(missing_ok=True)
            was_held, self._is_held = self._is_held, False
            self._is_impossible = False  # whatever hinders the reserve, the disk is full as well
        if was_held or given:
            log.error("store.full", given_up_mib=given >> 20, hint=self.lacks or "make room")

    def take_back(self) -> None:
        """Hold it again if there is room by now; to be called every half second."""
        if not self._size or self._is_held or _free(self._path.parent) < self._size + SLACK:
            return
        with self._lock:
            self._is_held = self._take()
        if self._is_held:
            log.info("store.has-room")

    def disk_is_full(self) -> bool:
        """Find out whether it is, from which quotas are told apart by no one else."""
        probe = self._path.with_name(f"{self._path.name}.probe")
        try:
            handle = os.open(probe, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                os.write(handle, bytes(PROBE))
                os.fsync(handle)
            finally:
                os.close(handle)
                probe.unlink(missing_ok=True)
        except OSError as problem:
            return problem.errno in FULL
        return False

    def _take(self) -> bool:
        unfinished = self._path.with_name(f"{self._path.name}.unfinished")
        try:
            handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                # With room to spare, which statvfs can't promise where there are quotas.
                os.posix_fallocate(handle, 0, self._size + SLACK)
                os.ftruncate(handle, self._size)
            finally:
                os.close(handle)
            unfinished.replace(self._path)
        except OSError as problem:
            with suppress(OSError):
                unfinished.unlink(missing_ok=True)
            self._note(problem)
            return False
        self._is_impossible = False
        return True

    def _note(self, problem: OSError) -> None:
        """Tell a full disk from one on which nothing can be reserved: that refuses nobody."""
        was_impossible = self._is_impossible
        self._is_impossible = problem.errno not in FULL
        if self._is_impossible and not was_impossible:
            hint = "alerts are taken, but nothing is kept free for calls"
            log.warning("store.no-reserve", reason=problem.strerror, hint=hint)


def beside(database: Path) -> Path:
    """Return where the reserve of a database file is."""
    return database.with_name(f"{database.name}-reserve")


def give_up_for_start(database: Path) -> bool:
    """Make room for a start on a disk that others have filled; say whether there was any."""
    if not _size_of(beside(database)):
        return False
    Reserve(beside(database)).give_up()
    return True


def _size_of(path: Path) -> int:
    """Return what a file takes of the disk: a copy may have become hollow."""
    try:
        return path.stat().st_blocks * BLOCK
    except OSError:
        return 0


def _free(folder: Path) -> int:
    try:
        found = os.statvfs(folder)
    except OSError:
        return 0
    return found.f_bavail * found.f_frsize
