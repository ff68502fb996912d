"""Claims of what leaves together: one message, one lease, one outcome (invariants C8, D2, D7)."""

from collections.abc import Collection
from datetime import datetime, timedelta

import msgspec

from tocsin.core.bundles import TOGETHER, bundle_id, most_together
from tocsin.core.delivery import LEASE
from tocsin.engine.claims import claim_name
from tocsin.engine.ports import Delivery, Transaction
from tocsin.engine.world import World


class Bundle(msgspec.Struct, frozen=True):
    """Deliveries (one or more) that leave as one message; all have the same claim and lease.

    They are for one person through one contact. Most often it is one.
    """

    deliveries: tuple[Delivery, ...]

    @property
    def id(self) -> str:
        """The id of the message that leaves."""
        return bundle_id([one.message.id for one in self.deliveries])

    @property
    def claim(self) -> str:
        """What sets this attempt apart from any other at the same messages."""
        return self.deliveries[0].claim

    @property
    def channel(self) -> str:
        """Through which channel it leaves."""
        return self.deliveries[0].contact.channel

    @property
    def due_at(self) -> datetime:
        """When its lease ends, if that is not renewed."""
        return self.deliveries[0].due_at


def claim(
    tx: Transaction, world: World, channel: str, limit: int, due_for: timedelta
) -> list[Bundle]:
    """Take up to `limit` messages of a channel that have been due for so long, or longer.

    With each goes what else is due for the same person and was tried as many times, so a storm is
    few messages and a quiet night is as if there were no bundles. Nobody else has them until the
    lease ends.
    """
    found: list[Bundle] = []
    while len(found) < limit:
        now = world.now()
        due = now - due_for
        claimed = tx.claim_deliveries(channel, 1, claim_name(world), due, now + LEASE)
        if not claimed:
            break
        others = _beside(tx, world, claimed[0], due)
        found.append(Bundle((claimed[0], *others)))
    return found


def _beside(
    tx: Transaction, world: World, claimed: Delivery, due: datetime
) -> Collection[Delivery]:
    """Take what leaves with a message; a probe never meets what is real (invariant K1)."""
    channel = world.channels.get(claimed.contact.channel)
    may = channel is not None and channel.bundles and claimed.kind in TOGETHER
    others = most_together(claimed.attempts - 1) - 1
    if not may or not others or claimed.incident_id < 0:
        return ()
    return tx.claim_beside(claimed, others, due)
