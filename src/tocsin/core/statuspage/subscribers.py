"""Readers who want to hear of changes: who hears of what."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

import msgspec

from tocsin.core.plan.communication.model import StatusPage

Way = Literal["email", "webhook"]
WAYS: tuple[Way, ...] = ("email", "webhook")
EVERYTHING = "everything"


class Subscriber(msgspec.Struct, frozen=True, kw_only=True):
    """A reader; `components` empty: of all. Nothing is sent before `confirmed_at`, or after
    `ended_at`.
    """

    id: str
    how: Way
    address: str
    components: tuple[str, ...] = ()
    token_hash: bytes = b""
    made_at: datetime
    confirmed_at: datetime | None = None
    ended_at: datetime | None = None

    def __repr__(self) -> str:
        # The address stays out of logs.
        return f"Subscriber({self.id})"

    @property
    def active(self) -> bool:
        """Whether messages are wanted."""
        return self.confirmed_at is not None and self.ended_at is None


def hears(subscriber: Subscriber, page: StatusPage, touched: Collection[str]) -> bool:
    """Whether a subscriber hears of something that touches these components.

    What touches none by name may concern everybody, so everybody hears of it.
    """
    if not subscriber.active:
        return False
    rules = [one for one in page.subscriptions if one.by == subscriber.how]
    if not rules:
        return False
    if not subscriber.components or not touched or any(one.of == EVERYTHING for one in rules):
        return True
    return not {*subscriber.components}.isdisjoint(touched)


def offered(page: StatusPage) -> tuple[Way, ...]:
    """Return the ways in which readers can subscribe by a form."""
    planned = {one.by for one in page.subscriptions}
    return tuple(way for way in WAYS if way in planned)


def wants_confirmation(page: StatusPage, how: Way) -> bool:
    """Whether a subscription of this kind counts only once its owner has confirmed it."""
    return all(one.confirmed for one in page.subscriptions if one.by == how)
