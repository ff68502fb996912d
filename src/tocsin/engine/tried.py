"""By which ways a page was tried already, and whether one of them has taken it (invariant D5)."""

from collections.abc import Collection
from typing import NamedTuple, Protocol

from tocsin.core.delivery import Contact


class Tried(NamedTuple):
    """One contact by which one page to one person goes, or went; `taken`: it was sent."""

    incident_id: int
    page: int
    person: str
    contact: Contact
    taken: bool


class TriedReading(Protocol):
    """What can be asked; part of `ports.Transaction`."""

    def tried(self, incident_ids: Collection[int]) -> list[Tried]:
        """Return all contacts of all pages of incidents, as they were ordered."""
