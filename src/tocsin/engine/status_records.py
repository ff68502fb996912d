"""What the status page keeps in the store, and how it is asked for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from tocsin.core.statuspage.board import Records, source_of
from tocsin.core.statuspage.entries import ForPage, OnPage, step
from tocsin.core.statuspage.model import Claim, Publication, Window
from tocsin.core.statuspage.subscribers import Subscriber

STATUS_LINK = "status link"
"""The counter that says which of the page's secret links is good; counting on revokes it."""


class StatusReading(Protocol):
    """What can be asked about the status page."""

    def publications(self, since: datetime) -> list[Publication]:
        """Return all entries of incidents that are not over, or said something since then."""

    def publications_of(self, incident_id: int) -> list[Publication]:
        """Return the entries of one incident in their order."""

    def untold(self, limit: int) -> list[Publication]:
        """Return entries of which subscribers have not all been told, oldest first."""

    def claims(self, since: datetime) -> list[Claim]:
        """Return claims since then, and older ones that still hold, in the order of writing."""

    def on_page(self, incident_id: int, source: str) -> OnPage:
        """Return what the page says of an incident, and claims in its name."""

    def windows(self, since: datetime) -> list[Window]:
        """Return planned work that ends then or later, by its start."""

    def window(self, window_id: int) -> Window | None:
        """Return one."""

    def told_of(self, window_id: int) -> tuple[str, ...]:
        """Return what subscribers have heard of planned work."""

    def record_begins(self) -> datetime | None:
        """Return when the first plan was put in force, None before."""

    def status_stamp(self) -> tuple[int, ...]:
        """Return numbers that change whenever something that the page shows is written."""

    def subscriber(self, subscriber_id: str) -> Subscriber | None:
        """Return one."""

    def subscribers(self, how: str, after: str, limit: int) -> list[Subscriber]:
        """Return confirmed ones with id > `after` by id."""

    def count_subscribers(self) -> dict[str, int]:
        """Return how many confirmed ones there are by their way."""

    def status_link(self) -> int:
        """Return the version of the secret link that is good."""


class StatusWriting(Protocol):
    """How it changes."""

    def keep_publications(self, new: Sequence[Publication]) -> None:
        """Add entries."""

    def keep_claims(self, new: Sequence[Claim]) -> None:
        """Add claims."""

    def drop_claims(self, source: str) -> None:
        """Take back what was claimed in the name of `source`."""

    def drop_publications(self, incident_id: int) -> None:
        """Take an incident off the page."""

    def told(self, publication_id: int, at: datetime) -> None:
        """Note that the messages to all subscribers are ordered."""

    def locked_window(self, window_id: int) -> Window | None:
        """Return planned work, locked for this change."""

    def keep_window(self, window: Window) -> int:
        """Keep planned work, new if its id is 0; return its id."""

    def told_window(self, window_id: int, told: Sequence[str]) -> None:
        """Note what subscribers have heard of planned work."""

    def keep_subscriber(self, subscriber: Subscriber) -> None:
        """Keep a subscriber in the place of any with the same id."""

    def forget_subscriber(self, subscriber_id: str) -> None:
        """Remove a subscriber with the address."""

    def forget_unconfirmed(self, before: datetime) -> int:
        """Remove those who asked by then and have never confirmed it; return how many."""


class _Both(StatusReading, StatusWriting, Protocol):
    pass


def record(tx: _Both, news: ForPage) -> None:
    """Write what an incident's events mean for the page, in their own transaction."""
    source = source_of(news.incident_id)
    if news.hidden:
        tx.drop_claims(source)
        tx.drop_publications(news.incident_id)
        return
    written = step(news, tx.on_page(news.incident_id, source))
    tx.keep_publications(written.publications)
    tx.keep_claims(written.claims)
    if news.never_was:
        tx.drop_claims(source)


def records_of(reading: StatusReading, since: datetime, now: datetime) -> Records:
    """Return what the page is made of, as far back as `since`."""
    return Records(
        since=min(reading.record_begins() or now, now),
        publications=reading.publications(since),
        claims=reading.claims(since),
        windows=reading.windows(since),
    )
