"""How many messages may be on their way at once: as few as will do.

A message that has left and whose outcome is not on disk yet is sent again after a crash. So each
channel sends one at a time while its provider is quick, and a crash repeats at most one. Only when
a message takes long does the next one start beside it, up to a number that a hung provider can
hold without holding up the other channels (invariants D2, D11).

Leases are short, so that the messages of a dead process wait for seconds only; a living one
renews them while a message is on its way (invariants D1, D4).

What becomes due for one person meanwhile leaves together, as one message (see `bundles`).
"""

from datetime import datetime, timedelta

from tocsin.core.delivery import Failed, Outcome
from tocsin.engine.bundles import Bundle

SLOTS = 16
"""Messages that one channel may have on their way at most."""

PATIENCE = timedelta(milliseconds=250)
"""How long the next message waits for the one before it."""

NOT_REACHED = ("temporary", "unknown")
"""Failures for which this node's way to the provider may be the cause."""

RENEW_AFTER = timedelta(seconds=1.5)
"""When a lease is renewed; it leaves room for two rounds that come late."""

YIELDS_FOR = timedelta(seconds=1)
"""How long a node that has just failed to send leaves what is due to the other nodes.

It may be the only one that is cut off from the provider, and each of its attempts would make a page
late. What nobody else takes in this time it tries itself (invariants D1, H5).
"""

FORGOTTEN_AFTER = timedelta(seconds=10)
"""How long a failure says anything: it may have been one address's, or is over by now."""


class Lane:
    """The messages of one channel that are on their way, or back with an outcome not yet kept.

    Only the engine's own thread uses it.
    """

    def __init__(self) -> None:
        self._leased_at: dict[str, tuple[Bundle, datetime]] = {}
        self._last_start: datetime | None = None
        self._failed_at: datetime | None = None

    def yields_for(self, now: datetime) -> timedelta:
        """How long something must have been due before this node takes it."""
        failed_at = self._failed_at
        has_failed = failed_at is not None and abs(now - failed_at) < FORGOTTEN_AFTER
        return YIELDS_FOR if has_failed else timedelta(0)

    @property
    def is_busy(self) -> bool:
        """Whether a message is on its way, or its outcome not kept."""
        return bool(self._leased_at)

    def room(self, now: datetime) -> int:
        """Say how many messages may start now: one or none."""
        if not self._leased_at or self._last_start is None:
            return 1
        waited = now - self._last_start >= PATIENCE
        return 1 if waited and len(self._leased_at) < SLOTS else 0

    def start(self, bundle: Bundle, now: datetime) -> None:
        """Note that a message leaves."""
        self._leased_at[bundle.claim] = (bundle, now)
        self._last_start = now

    def to_renew(self, now: datetime) -> list[Bundle]:
        """Return what is on its way and whose lease should be renewed."""
        return [b for b, at in self._leased_at.values() if now - at >= RENEW_AFTER]

    def renewed(self, bundle: Bundle, now: datetime) -> None:
        """Note that a lease was renewed."""
        self._leased_at[bundle.claim] = (bundle, now)

    def end(self, bundle: Bundle, outcome: Outcome | None, now: datetime) -> None:
        """Note that the outcome of a message is kept, or lost for good (None)."""
        self._leased_at.pop(bundle.claim, None)
        if outcome is not None:
            has_failed = isinstance(outcome, Failed) and outcome.failure in NOT_REACHED
            self._failed_at = now if has_failed else None
