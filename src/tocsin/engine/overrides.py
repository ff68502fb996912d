"""What the store keeps of overrides of rosters; `engine.covering` makes and removes them."""

from datetime import datetime
from typing import Protocol

import msgspec

from tocsin.core.overrides import MadeOverride

CHANGES = "overrides"
"""The counter of changes: by it every node sees whether it must read the rows anew.

Whoever changes an override counts first, which keeps all others waiting.
"""


class InForce(msgspec.Struct, frozen=True):
    """By what every node must work: the versions, "" for none, and how far CHANGES has counted."""

    plan: str = ""
    organisation: str = ""
    overrides: int = 0


class OverridesReading(Protocol):
    """What can be asked about overrides."""

    def in_force(self) -> InForce:
        """Return what is in force, in one question: every node asks it all the time."""

    def overrides(self, ends_after: datetime | None = None) -> list[MadeOverride]:
        """Return all overrides by id, removed ones too; those that end after `ends_after`."""

    def override(self, number: int) -> MadeOverride | None:
        """Return one override."""


class OverridesWriting(Protocol):
    """How overrides come and go; no row is ever taken away."""

    def keep_override(self, made: MadeOverride) -> MadeOverride:
        """Add one and return it with its id."""

    def remove_override(self, number: int, by: str, at: datetime) -> None:
        """Note that an override was removed."""
