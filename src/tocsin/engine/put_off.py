"""Messages that a clock which was wrong has put off: nobody would see them for as long as it was.

A message is due when the clock of whoever ordered or claimed it said so. If that was ahead, and is
set right again or its node has died, the message waits for a time that is far away. What waits
longer than anything may wait is due now (invariants D1, G1).
"""

from datetime import datetime, timedelta
from typing import Protocol

from tocsin.core.delivery import LEASE, RETRY_AT_LEAST_EVERY

AGREE = timedelta(seconds=1)
"""Clocks that differ by no more say the same, see `timekeeping`."""

TOLERANCE = 2 * AGREE + timedelta(seconds=1)
"""So far apart the clocks of two nodes may be without anything to mend.

Each may differ by AGREE from the database's, one ahead and one behind: what one of them has claimed
is on its way, and must not look put off to the other (invariant D2).
"""

UNTRIED_WAITS = LEASE + TOLERANCE
"""No message of which no attempt has failed waits longer: it is due, or claimed."""

WAITS_AT_MOST = RETRY_AT_LEAST_EVERY + LEASE + TOLERANCE
"""No message at all waits longer for its next attempt."""

LOOKED_FOR_EVERY = timedelta(seconds=5)
"""How often a node looks for such messages."""


class PutOffReading(Protocol):
    """What can be asked; part of `ports.Reading`."""

    def put_off(self, now: datetime) -> bool:
        """Return whether a message waits longer than UNTRIED_WAITS or WAITS_AT_MOST allow."""


class PutOffWriting(Protocol):
    """What changes the store; part of `ports.Transaction`."""

    def bring_forward(self, now: datetime) -> int:
        """Make such messages due at `now`; return how many."""
