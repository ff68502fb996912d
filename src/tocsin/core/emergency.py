"""Emergency mode: what a node says of itself while it cannot reach its store."""

from base64 import b32encode
from datetime import datetime
from hashlib import blake2b

import msgspec

MARK_LETTERS = 5
"""Two emergencies that number incidents alike get the same letters once in 33 million times."""


class Emergency(msgspec.Struct, frozen=True, kw_only=True):
    """One time without a store, on one node.

    `since` is when the store was last known to answer, `roster_at` of when the people, the plan
    and the incidents are by which the node goes on. `mark` tells this emergency from all others.
    """

    node: str
    since: datetime
    roster_at: datetime
    mark: str

    def sentence(self) -> str:
        """Say it, as every message does that leaves meanwhile."""
        since, roster = _clock(self.since), _clock(self.roster_at)
        if self.since.date() != self.roster_at.date():
            roster = f"{self.roster_at:%Y-%m-%d} {roster}"
        return (
            f"Emergency mode: {self.node} cannot reach its store since {since};"
            f" roster as of {roster}."
        )

    def code(self, code: str) -> str:
        """Return what an incident is called that is opened now: no other node gives that name."""
        return f"{code}-E{self.mark}"

    def channel(self, channel: str) -> str:
        """Return its channel, likewise; "" stays ""."""
        return f"{channel}-e{self.mark.lower()}" if channel else ""


def mark_of(node: str, since: datetime) -> str:
    """Return the letters of an emergency that begins on `node`."""
    told = f"{node} {since.isoformat()}".encode()
    return b32encode(blake2b(told, digest_size=10).digest()).decode()[:MARK_LETTERS]


def _clock(at: datetime) -> str:
    return f"{at:%H:%M} UTC"
