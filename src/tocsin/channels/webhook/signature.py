"""Signing as the Standard Webhooks specification 1.0.0 lays it down."""

import base64
import binascii
import hashlib
import hmac
import re
from datetime import datetime

PREFIX = "whsec_"
KEY_BYTES_MIN = 24
KEY_BYTES_MAX = 64


class SigningKey:
    """The key shared with one receiver, made from its `whsec_` text; it does not show itself."""

    def __init__(self, secret: str) -> None:
        encoded = secret.removeprefix(PREFIX)
        try:
            self._key = base64.b64decode(encoded, validate=True)
        except (binascii.Error, ValueError):
            self._key = b""
        sound = KEY_BYTES_MIN <= len(self._key) <= KEY_BYTES_MAX
        if not sound or not secret.startswith(PREFIX):
            raise ValueError(
                f"A webhook secret must be {PREFIX} and then {KEY_BYTES_MIN} to {KEY_BYTES_MAX} "
                "random bytes in base64."
            )

    def sign(self, identity: str, timestamp: int, body: bytes) -> str:
        """Give the signature of one attempt."""
        content = f"{identity}.{timestamp}.".encode() + body
        return "v1," + base64.b64encode(hmac.digest(self._key, content, "sha256")).decode()

    def __repr__(self) -> str:
        return "SigningKey(hidden)"


def headers(
    message_id: str, sent_at: datetime, body: bytes, key: SigningKey | None
) -> dict[str, str]:
    """Give the headers of one attempt: who it is, when it was, and the proof if there is a key."""
    identity = webhook_id(message_id)
    timestamp = int(sent_at.timestamp())
    found = {"webhook-id": identity, "webhook-timestamp": str(timestamp)}
    if key is not None:
        found["webhook-signature"] = key.sign(identity, timestamp, body)
    return found


def webhook_id(message_id: str) -> str:
    """Give the message's id, or a digest of one that does not fit into a header.

    The specification advises against dots where somebody else chooses the id. Tocsin makes its
    ids itself, and no part of one can pass for a timestamp of these days.
    """
    if re.fullmatch(r"[A-Za-z0-9_.-]{1,128}", message_id):
        return message_id
    return hashlib.sha256(message_id.encode("utf-8", "surrogatepass")).hexdigest()
