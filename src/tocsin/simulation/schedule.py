"""What happens in one simulated run, drawn beforehand as data: so that it can be cut down."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

START = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
"""When every run begins: a Monday, three hours before the standard roster hands over."""

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
"""Times of a run are whole microseconds since START."""

Do = Literal[
    # What the world asks of Tocsin.
    "fires", "over", "storm", "poison", "garbage", "declares",
    "acknowledges", "releases", "resolves", "reopens", "escalates", "raises", "merges",
    "clears", "edits", "overrides",
    # What goes wrong.
    "kill", "power", "io-error", "full-disk", "store-down", "cut", "cut-provider", "pause",
    "clock", "provider", "lost-answers", "upgrade", "between", "store-hangs", "journal-full",
]  # fmt: skip
"""Everything that can happen; see docs/simulation.md."""

FAULTS: tuple[Do, ...] = (
    "kill", "power", "io-error", "full-disk", "store-down", "cut", "cut-provider", "pause",
    "clock", "provider", "lost-answers", "upgrade", "between",
)  # fmt: skip

BESIDE_JOURNALS: tuple[Do, ...] = ("store-hangs", "journal-full")
"""Faults of nights in which nodes have journals, see `outages`."""


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that happens at `at`, microseconds after the start.

    `who` is a person, a node or a channel, `what` says which kind of it, `number` how many or
    which one, `lasts` for how long, each as `do` needs it.
    """

    at: int
    do: Do
    who: str = ""
    what: str = ""
    number: int = 0
    lasts: int = 0


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """All that one seed decides beforehand.

    `journals`: each node has one. `answering` is how likely a person answers a page, `quick` how
    long that takes at most.
    Everything that is decided later hangs on `seed` and on what it is about, never on how much was
    decided before: leaving out a happening leaves the others as they were.
    """

    seed: int
    nodes: int
    journals: bool = False
    happenings: tuple[Happening, ...]
    answering: float
    quick: int
    ends: int


def instant(at: int) -> datetime:
    """Return a time of a run as an instant."""
    return START + timedelta(microseconds=at)


def micros(at: datetime) -> int:
    """Return an instant as a time of a run."""
    delta = at - START
    return (delta.days * 86_400 + delta.seconds) * SECOND + delta.microseconds
