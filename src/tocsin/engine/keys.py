"""Keys and links that only this installation can make: derived from its secret, stored nowhere.

A key names what it is for and ends in a keyed hash of that name, so checking it needs no look-up.
An integration's key is changed by raising its `key_version` in the organisation file.
"""

from base64 import b32encode, b64encode
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


def public_name(secret: bytes, incident_id: int) -> str:
    """Return what the public calls an incident: it tells nothing of how many there are."""
    return _seal(secret, f"public incident {incident_id}")[:12]


def subscriber_name(secret: bytes, how: str, address: str) -> str:
    """Return the id of whoever subscribes with an address: one address, one subscription."""
    return _seal(secret, f"subscriber {how} {address}")[:20]


def subscriber_token(secret: bytes, subscriber: str) -> str:
    """Return the token of the links by which a subscriber confirms, changes and ends."""
    return f"{subscriber}.{_seal(secret, f'subscription {subscriber}')}"


def webhook_secret(secret: bytes, subscriber: str) -> str:
    """Return the Standard Webhooks secret by which messages to a subscriber are signed."""
    purpose = f"webhook of subscriber {subscriber}".encode()
    return "whsec_" + b64encode(blake2b(purpose, key=secret, digest_size=32).digest()).decode()


def status_link_token(secret: bytes, version: int) -> str:
    """Return the token of the link to a private status page; another version is another link."""
    return f"{version}.{_seal(secret, f'status link {version}')}"


def same(given: str, right: str) -> bool:
    """Compare in constant time."""
    return compare_digest(given.encode("utf-8", "replace"), right.encode())


def _seal(secret: bytes, purpose: str) -> str:
    digest = blake2b(purpose.encode(), key=secret, digest_size=20).digest()
    return b32encode(digest).decode().lower()
