"""What must be so at every moment, asked of the store in production once a minute.

Each assertion is a question that must have no answer. An answer is a fault of Tocsin itself, or
somebody has changed the store by hand: the heartbeat stops and an alarm goes out by another path
than pages do (invariants K1 and K5).
"""

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

SHOWN = 5
"""So many of what an assertion finds are named."""

OVERDUE = timedelta(seconds=30)
"""So late nothing may be that only waits for this program."""

AHEAD = timedelta(minutes=1)
"""So far the record may be ahead of the clock: clocks of several nodes differ a little."""

BEYOND_LEASES = timedelta(minutes=5)
"""No lease and no pause between two attempts is as long as that."""


class Assertion(NamedTuple):
    """A question about the store: its name, the invariant behind it, and what an answer means."""

    name: str
    invariant: str
    means: str


ASSERTIONS = (
    Assertion("incident.unarmed", "C1", "an open incident will never be looked at again"),
    Assertion("incident.overdue", "C1", "an open incident should have been looked at long ago"),
    Assertion("incident.removed", "I1", "an incident that was recorded is not there any more"),
    Assertion("incident.twice", "A4", "one group of alerts has two incidents that are not over"),
    Assertion("timeline.differs", "I1", "a timeline does not end as its incident says"),
    Assertion("alert.homeless", "A2", "an alert that opened or joined an incident has none"),
    Assertion("page.overdue", "D1", "a page should have been sent long ago and nobody takes it"),
    Assertion("delivery.stuck", "D4", "a message is put off for longer than anybody may put it"),
    Assertion("heartbeat.unnoticed", "D1", "a heartbeat is missing and nobody has noticed"),
    Assertion("record.ahead", "G1", "the record is ahead of this machine's clock"),
)
"""All of them; `store.assertions` holds the question of each."""


class Violation(NamedTuple):
    """An assertion that does not hold, and the first of what it found: codes or numbers.

    As text it says how many they are and names none: what is found may be secret, and the text
    goes to logs, to the alarm and to `/readyz`, which is public.
    """

    assertion: Assertion
    found: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.assertion.means} ({self.assertion.name}: {self.how_many})"

    @property
    def how_many(self) -> str:
        """How many were found, in words: no more than SHOWN are looked for."""
        more = " or more" if len(self.found) >= SHOWN else ""
        return f"{len(self.found)}{more} found"


class AssertionsReading(Protocol):
    """What can be asked; part of `ports.Reading`."""

    def violations(self, now: datetime) -> list[Violation]:
        """Return the assertions that do not hold; what they read grows with what is due or open,
        never with the record.
        """
