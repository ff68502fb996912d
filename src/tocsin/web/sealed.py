"""Short-lived values that a browser brings back unchanged: sealed, not stored.

What such a value proves is in its purpose; a value sealed for one purpose is nothing for another.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as Base64Error
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from hmac import compare_digest

import msgspec

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SEAL_BYTES = 20


def sealed(secret: bytes, purpose: str, at: datetime, *parts: str) -> str:
    """Return a value that holds `parts`, readable by everybody and changeable by nobody."""
    micros = (at - EPOCH) // timedelta(microseconds=1)
    content = msgspec.json.encode([micros, *parts])
    return _text(_seal(secret, purpose, content) + content)


def unsealed(
    secret: bytes, purpose: str, value: str, now: datetime, within: timedelta
) -> tuple[str, ...] | None:
    """Return the parts of a value sealed for `purpose` and not longer ago than `within`."""
    try:
        raw = urlsafe_b64decode(value.encode("ascii") + b"=" * (-len(value) % 4))
    except (Base64Error, ValueError):
        return None
    seal, content = raw[:SEAL_BYTES], raw[SEAL_BYTES:]
    if not compare_digest(seal, _seal(secret, purpose, content)):
        return None
    micros, *parts = msgspec.json.decode(content)
    at = EPOCH + timedelta(microseconds=micros)
    return tuple(parts) if at <= now < at + within else None


def derived(secret: bytes, purpose: str) -> str:
    """Return a value that only this installation can know, the same for the same purpose."""
    return _text(_seal(secret, purpose, b""))


def _seal(secret: bytes, purpose: str, content: bytes) -> bytes:
    # The purpose's length comes first: no two pairs of purpose and content are sealed alike.
    said = f"{len(purpose)} {purpose} ".encode() + content
    return blake2b(said, key=secret, digest_size=SEAL_BYTES).digest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
