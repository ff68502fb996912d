"""What a machine told us, in one shape for every source."""

from collections.abc import Mapping
from datetime import datetime
from hashlib import blake2b

import msgspec

FINGERPRINT_BYTES = 16

_encode = msgspec.json.Encoder(order="sorted").encode


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """One alert as it arrived, already understood.

    `starts_at` and `ends_at` are what the sender said, None where it said nothing;
    `fingerprint` is the identity of the labels within the integration (16 bytes).
    """

    integration: str
    fingerprint: bytes
    firing: bool
    labels: Mapping[str, str]
    annotations: Mapping[str, str] = {}
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    link: str = ""

    @property
    def name(self) -> str:
        """What people call it: the `alertname` label, which nearly every machine sends."""
        return self.labels.get("alertname", "alert")


class Unreadable(msgspec.Struct, frozen=True, kw_only=True):
    """Something that arrived and could not be understood; kept as it was (invariants A6, A8)."""

    integration: str
    why: str
    payload: bytes


class Beat(msgspec.Struct, frozen=True, kw_only=True):
    """A sign of life of an integration that is expected to give one from time to time."""

    integration: str


def fingerprint(integration: str, labels: Mapping[str, str]) -> bytes:
    """Identify a label set: equal labels of one integration give equal bytes, in any order."""
    return blake2b(_encode((integration, labels)), digest_size=FINGERPRINT_BYTES).digest()
