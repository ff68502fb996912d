"""Probes as they are kept: like other incidents, under negative numbers, and not for long."""

from datetime import datetime
from typing import NamedTuple, Protocol


class Left(NamedTuple):
    """What was removed: probes that were old, and probes that nobody had ended."""

    old: int
    abandoned: int


class ProbeWriting(Protocol):
    """What changes the store; part of `ports.Transaction`."""

    def remove_probes(self, older_than: datetime, abandoned: datetime, limit: int) -> Left:
        """Remove up to `limit` probes whole: those opened before `older_than`, and those not over
        that were opened before `abandoned`. Touches nothing that is no probe.
        """
