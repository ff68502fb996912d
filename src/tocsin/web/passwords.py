"""Passwords: Argon2id, few at a time, and the same work for somebody who has none."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError, VerifyMismatchError

MEMORY_KIB = 19 * 1024
ROUNDS = 2
LANES = 1
"""OWASP's Password Storage Cheat Sheet: Argon2id with 19 MiB, 2 iterations, 1 lane."""

AT_ONCE = 2
"""Hashes computed at a time: so that guessing takes neither all memory nor all processors."""

WAITING_AT_MOST = 6
"""Requests that may be here, waiting ones included; further ones are sent away at once."""


NOBODYS = (
    "$argon2id$v=19$m=19456,t=2,p=1$7eSpL7kZXYQ6xGzVhZCivA$"
    "ryfQi//dbGdiUgHDmiCOaIPXdarPv21C8dXvQnJ2scs"
)
"""The hash of a password that nobody knows, made as the others are (a test compares)."""


class TooBusy(Exception):
    """More passwords are being checked than this server takes at a time."""


class Passwords:
    """Makes hashes and checks them."""

    def __init__(self) -> None:
        self._hasher = PasswordHasher(ROUNDS, MEMORY_KIB, LANES, type=Type.ID)
        self._here = threading.BoundedSemaphore(WAITING_AT_MOST)
        self._working = threading.BoundedSemaphore(AT_ONCE)

    def hashed(self, password: str) -> str:
        """Return what is kept of a password; raises TooBusy."""
        with self._turn():
            return self._hasher.hash(password)

    def matches(self, password: str, hashed: str) -> bool:
        """Whether this is the password; "" is the hash of nobody's, and takes as long.

        Raises TooBusy.
        """
        with self._turn():
            try:
                self._hasher.verify(hashed or NOBODYS, password)
            except (VerifyMismatchError, VerificationError, InvalidHashError):
                return False
            return hashed != ""

    def is_dated(self, hashed: str) -> bool:
        """Whether a hash was made with other parameters than are used today."""
        return self._hasher.check_needs_rehash(hashed)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._here.acquire(blocking=False):
            raise TooBusy
        try:
            with self._working:
                yield
        finally:
            self._here.release()
