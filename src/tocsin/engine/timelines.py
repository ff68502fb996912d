"""Parts of a timeline, for whoever need not read all of it."""

from collections.abc import Collection
from typing import Protocol

from tocsin.core.record import Entry


class TimelinesReading(Protocol):
    """What can be asked of timelines beside the whole; part of `ports.Reading`."""

    def timeline_before(self, incident_id: int, before: int, limit: int) -> list[Entry]:
        """Return the `limit` entries with the highest numbers < `before`, newest first."""

    def timeline_of(self, incident_id: int, kinds: Collection[str]) -> list[Entry]:
        """Return the entries of some kinds (tags of events), in order."""

    def timeline_entries(self, incident_id: int, numbers: Collection[int]) -> list[Entry]:
        """Return the entries with these numbers, in order; those that do not exist are left out."""
