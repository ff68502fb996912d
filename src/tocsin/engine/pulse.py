"""How things stand at a glance: what is asked of the store for overviews, never whole timelines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal, NamedTuple, Protocol

import msgspec

from tocsin.core.delivery import Contact, Kind


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person through one contact, without its text; see `ports.Delivery`."""

    id: int
    incident_id: int
    incident: str
    page: int
    kind: Kind
    to: str
    person: str
    contact: Contact
    state: Literal["due", "sent", "failed", "cancelled"]
    attempts: int
    created_at: datetime
    sent_at: datetime | None
    detail: str


class Waiting(NamedTuple):
    """Messages that wait: how many, how many were tried before, and since when the oldest."""

    due: int
    tried: int
    oldest: datetime | None


class Heard(NamedTuple):
    """When each integration was heard last among the newest alerts; `is_all`: no others exist."""

    last: Mapping[str, datetime]
    is_all: bool


class PulseReading(Protocol):
    """What overviews ask."""

    def time(self) -> datetime | None:
        """Return the time by the store's own clock, None if it has none but this machine's."""

    def pulse(self) -> tuple[int, ...]:
        """Return figures of which one is another when an overview would look different."""

    def newest_sendings(self, limit: int) -> list[Sending]:
        """Return the newest messages of all kinds, newest first."""

    def sendings_to(self, person: str, limit: int) -> list[Sending]:
        """Return a person's newest messages of all kinds, newest first."""

    def waiting(self) -> Waiting:
        """Return how many messages wait to be sent."""

    def last_received(self, limit: int) -> Heard:
        """Return when each integration was heard last, among the newest `limit` alerts."""
