"""Heartbeats that are expected, as they are kept; `listening` says what is done with them."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import msgspec

SOURCE = "heartbeat"
"""The kind of an integration that gives heartbeats."""


class Heartbeat(msgspec.Struct, frozen=True, kw_only=True):
    """What is expected of one integration: a beat until `due_at`, which comes every `every` and may
    be late by `grace`.

    `heard_at` is None before the first one. `silent` says that its silence is an alert by now;
    `granted` that it was given its whole time anew since it was heard.
    """

    integration: str
    heard_at: datetime | None
    due_at: datetime
    every: timedelta
    grace: timedelta
    silent: bool = False
    granted: bool = False

    @property
    def patience(self) -> timedelta:
        """How long after one beat the next one is missed."""
        return self.every + self.grace


class HeartbeatsReading(Protocol):
    """What can be asked; part of `ports.Reading`."""

    def heartbeats(self) -> list[Heartbeat]:
        """Return all that are expected, by integration."""


class HeartbeatsWriting(Protocol):
    """What changes the store; part of `ports.Transaction`."""

    def all_heartbeats(self) -> list[Heartbeat]:
        """Return all, locked for this change."""

    def heartbeats_of(self, integrations: Collection[str]) -> dict[str, Heartbeat]:
        """Return those of these integrations, locked for this change."""

    def silent_heartbeats(self, now: datetime, limit: int) -> list[Heartbeat]:
        """Return those that are due and not silent yet, locked; skips locked ones."""

    def keep_heartbeats(self, changed: Sequence[Heartbeat]) -> None:
        """Insert or replace."""

    def forget_heartbeats(self, integrations: Collection[str]) -> None:
        """Expect nothing of these any more."""
