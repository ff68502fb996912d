"""Calls of people, and what came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from tocsin.core.incident.state import Incident
from tocsin.engine.pulse import Sending


@dataclass(frozen=True)
class Call:
    """One call of one person, over all the ways it was sent, and what came of it.

    `answered_after` is how long its person took; `by_other` who answered instead.
    """

    incident: Incident
    sendings: tuple[Sending, ...]
    answered_after: timedelta | None
    by_other: str

    @property
    def first(self) -> Sending:
        """What all its messages have in common."""
        return self.sendings[-1]

    @property
    def arrived(self) -> bool:
        """Whether any way has handed it over."""
        return any(one.state == "sent" for one in self.sendings)

    @property
    def failed(self) -> bool:
        """Whether no way has, and nothing is on its way."""
        return all(one.state == "failed" for one in self.sendings)

    @property
    def waits(self) -> bool:
        """Whether an answer is still wanted."""
        return self.incident.state == "open"


def call_of(incident: Incident, sendings: Sequence[Sending]) -> Call:
    """Return a call with what came of it."""
    person, at = sendings[-1].person, sendings[-1].created_at
    answered = incident.acknowledged_at
    has_answer = answered is not None and answered >= at
    mine = has_answer and incident.acknowledged_by == person
    return Call(
        incident=incident,
        sendings=tuple(sendings),
        answered_after=answered - at if mine and answered is not None else None,
        by_other=incident.acknowledged_by if has_answer and not mine else "",
    )
