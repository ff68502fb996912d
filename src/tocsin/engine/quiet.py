"""What the store keeps of alerts that planned maintenance keeps quiet."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import NamedTuple, Protocol

import msgspec

from tocsin.core.statuspage.model import Window


class Spell(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when an alert was kept quiet by planned work; `until` None: it still is."""

    maintenance: int
    since: datetime
    until: datetime | None


class QuietCount(NamedTuple):
    """How many alerts planned work has kept quiet in all, and how many fire and are quiet now."""

    in_all: int
    now: int


class QuietReading(Protocol):
    """What can be asked about alerts that are kept quiet."""

    def quiet_counts(self, windows: Collection[int]) -> Mapping[int, QuietCount]:
        """Return figures of planned work by its id; those that kept nothing quiet are left out."""

    def spells(self, alerts: Collection[int]) -> Mapping[int, Spell]:
        """Return the latest spell of each of these alerts that was ever kept quiet."""


class QuietWriting(Protocol):
    """How it changes."""

    def acting_windows(self, now: datetime) -> list[Window]:
        """Return planned work that runs and may keep alerts quiet; it can't end before we do."""

    def due_windows(self, now: datetime, limit: int) -> list[Window]:
        """Return planned work to be looked at, the longest due first, locked; skips locked ones."""

    def look_at_window(self, window: int, at: datetime | None) -> None:
        """Set when planned work is looked at next; None: never again, it keeps nothing quiet."""

    def end_quiet(self, alerts: Collection[int], until: datetime) -> None:
        """Note that alerts are not kept quiet any more."""
