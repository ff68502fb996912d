"""Keys and links that only this installation can make: derived from its secret, stored nowhere.

A key names what it is for and ends in a keyed hash of that name, so checking it needs no look-up.
An integration's key is changed by raising its `key_version` in the organisation file.
"""

from base64 import b32encode
from hashlib import blake2b
from hmac import compare_digest


def integration_key(secret: bytes, integration: str, version: int) -> str:
    """Return the bearer key of one integration: good for its own intake and nothing else."""
    return f"tocin-{integration}-{_seal(secret, f'integration {integration} {version}')}"


def operator_key(secret: bytes) -> str:
    """Return the key of whoever administers the machine Tocsin runs on; the CLI uses it."""
    return f"tocop-{_seal(secret, 'operator')}"


def answer_token(secret: bytes, message_id: str, person: str) -> str:
    """Return the token of the link by which `person` answers one message."""
    return f"{message_id}.{_seal(secret, f'answer {message_id} {person}')}"


def same(given: str, right: str) -> bool:
    """Compare in constant time."""
    return compare_digest(given.encode("utf-8", "replace"), right.encode())


def _seal(secret: bytes, purpose: str) -> str:
    digest = blake2b(purpose.encode(), key=secret, digest_size=20).digest()
    return b32encode(digest).decode().lower()
