"""What a node keeps beside its store, so that it can page without it; and what is brought back.

The journal is a second store of the same making, on this machine. While the main store answers, the
journal is given a copy of what paging needs; in emergency mode it is the store.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

import msgspec

from tocsin.core.emergency import Emergency

UNREADABLE = "unreadable"
"""Stands for an incident's code where it is counted how much of the unreadable was brought back."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What a journal holds already, so that a copy is made of the rest only.

    `heads` are (last hash, next look) of incidents by id, `entries` how many entries of their
    timelines are known; `documents` are (what, version); `overrides` is how far their changes were
    counted, None if they were never copied.
    """

    heads: Mapping[int, tuple[bytes, int | None]] = {}
    entries: Mapping[int, int] = {}
    documents: frozenset[tuple[str, str]] = frozenset()
    overrides: int | None = None


class Copy(msgspec.Struct, frozen=True, kw_only=True):
    """What paging needs, as it was `at` then: rows by table, which only the store understands.

    `unresolved` are the ids of all incidents that go on, `changed` those whose rows are here.
    """

    at: datetime
    unresolved: frozenset[int]
    changed: tuple[int, ...]
    with_overrides: bool
    rows: Mapping[str, Sequence[Sequence[Any]]]


class JournalState(msgspec.Struct, frozen=True, kw_only=True):
    """Of when a journal's copy is, and the emergency that it serves, if there is one.

    `last_alert` is the highest number of an alert that is a copy: later ones came in emergency.
    """

    copied_at: datetime | None = None
    emergency: Emergency | None = None
    last_alert: int = 0


class JournalReading(Protocol):
    """What is asked of stores for the sake of emergencies."""

    def copy(self, known: Known, now: datetime) -> Copy:
        """Return what paging needs and `known` does not have, as it is in this view."""

    def known(self) -> Known:
        """Return what a journal holds."""

    def journal(self) -> JournalState:
        """Return how a journal stands; of the main store, that it is none."""

    def written_apart(self) -> list[tuple[int, str, int]]:
        """Return a journal's incidents to which something was added, by id.

        Each as (id, code, how many of its entries are copies).
        """

    def alerts_apart(self, state: JournalState) -> list[Any]:
        """Return the `ports.Alert`s of a journal that came or changed in its emergency, by id."""

    def unreadable_apart(self, after: int) -> list[tuple[int, datetime, Any, str]]:
        """Return what a journal holds that could not be understood, with id > `after`.

        Each as (id, received at, `core.alerts.Unreadable`, code of its incident or "").
        """

    def carried(self, mark: str, code: str) -> int:
        """Return how many entries of an incident, written in an emergency, were brought back."""


class JournalWriting(Protocol):
    """What is changed for the sake of emergencies."""

    def take(self, copy: Copy) -> None:
        """Put a copy in the place of what a journal held."""

    def begin(self, emergency: Emergency) -> None:
        """Let a journal serve an emergency from now on."""

    def finish(self, copy: Copy) -> None:
        """Forget an emergency, of which all was brought back, and put a whole copy in its place."""

    def keep_carried(self, mark: str, code: str, entries: int) -> None:
        """Remember how many entries were brought back."""

    def forget_carried(self, mark: str) -> None:
        """Forget it: all of that emergency is here, and its journal has nothing of it any more."""

    def sent_apart(self, sent: Collection[tuple[str, datetime]]) -> None:
        """Mark deliveries, by message id, as sent at that time, whatever they were."""

    def claimed_apart(self, claimed: Sequence[Any], now: datetime) -> None:
        """Let `ports.Delivery`s that are due by now, by message id, be claimed as these are.

        Those that somebody else has claimed, or that wait for their next try, stay as they are.
        """

    def give_up_apart(self, messages: Collection[str], why: str) -> None:
        """Cancel deliveries that are due, by message id: they were ended elsewhere."""

    def prove(self, now: datetime) -> None:
        """Write something, so that it shows whether the store takes it."""
