"""Getting one message to one person: what is sent, what came of it, what to try next."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Literal

import msgspec

from tocsin.core.times import words_duration

Kind = Literal["page", "notice", "ticket", "alarm", "update"]
FailureClass = Literal["temporary", "permanent", "refused", "rate-limited", "unknown"]
"""Why an attempt failed: this way is dead (`permanent`), this content is not taken (`refused`)."""

LEASE = timedelta(seconds=5)
"""After how long without a sign of life a claimed delivery is due again (invariants D1, D4)."""

SEND_TIMEOUT_SECONDS = 10.0
"""No channel may hold an attempt for longer (invariant D3); its lease is renewed meanwhile."""

RETRY_AFTER = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15))
"""Pauses before the second, third and fourth attempt at one contact."""

RETRY_AT_LEAST_EVERY = timedelta(minutes=1)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

MEET_EVERY = timedelta(seconds=5)
"""Longer pauses end at multiples of this, so that what failed one by one meets again (D7)."""

LATE = timedelta(minutes=1)
"""From here on a message says how late it leaves."""

LIMIT = "To {} by"
"""What the detail is called that says by when something is to be done."""


class Contact(msgspec.Struct, frozen=True):
    """One way to reach somebody: a channel's name and the address in that channel's own terms.

    `domain` is the failure domain ("ip", "mail", "carrier", "local"): contacts that share it
    tend to fail together, so the next contact is sought in another one (invariant D5).
    """

    channel: str
    address: str
    domain: str = "ip"

    def __str__(self) -> str:
        secret = "://" in self.address
        return f"{self.channel} {'(address not shown)' if secret else self.address}".rstrip()


class Message(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel renders and sends. All text in it may come from outside and is only data.

    An update carries its own `text`, and may carry a `headline`; it says nothing else about the
    incident, since its readers may be anybody.

    `id` is the idempotency key: every attempt of one delivery carries the same one, and
    `short_code` (4 characters) stands in the text so that a person can tell a repeat from
    another page (invariant D2). `link` leads to the page with the acknowledge button, and is
    empty for what wants no answer. `level` is the severity as the plan wants it shown; it is empty
    in messages that were ordered before plans could say so. `unsubscribe` leads to where a reader
    of the status page says that they want no more of these, and is empty for everybody else.

    `due_at` is since when it is due, None where that is `sent_at`; `rank` is the place of its
    severity in the plan, 0 the worst. A bundle `holds` all its messages whole, the most urgent
    first; besides its own `id`, `short_code` and `attempt` it is as the first of them (see
    `core.bundles`). What leaves alone holds nothing.
    """

    id: str
    kind: Kind
    short_code: str
    attempt: int
    incident: str
    title: str
    severity: str
    severity_name: str
    state: str
    why: str
    details: tuple[tuple[str, str], ...] = ()
    text: str = ""
    headline: str = ""
    link: str = ""
    sent_at: datetime
    exercise: bool = False
    level: str = ""
    unsubscribe: str = ""
    due_at: datetime | None = None
    rank: int = 0
    holds: tuple["Message", ...] = ()

    @property
    def shown_severity(self) -> str:
        """The severity as the plan wants it shown to people."""
        return self.level or f"{self.severity} {self.severity_name}"

    @property
    def due_since(self) -> datetime:
        """Since when it is due."""
        return self.due_at or self.sent_at

    @property
    def limits(self) -> tuple[tuple[str, str], ...]:
        """Of the details those that say by when something is to be done."""
        return tuple(one for one in self.details if re.fullmatch(LIMIT.format(".*"), one[0], re.S))

    @property
    def late(self) -> str:
        """How late it leaves, in words; "" where that is nothing to speak of (invariant C8)."""
        lag = self.sent_at - self.due_since
        return words_duration(lag) if lag > LATE and self.kind != "update" else ""

    @property
    def parts(self) -> tuple["Message", ...]:
        """What it says: all that a bundle holds, or itself."""
        return self.holds or (self,)

    @property
    def incidents(self) -> int:
        """How many incidents it names."""
        return len({part.incident for part in self.parts})

    @property
    def subject(self) -> str:
        """One line: `[P0 Critical] INC-2026-001 Checkout is down`, plus what kind of message.

        Of a bundle: `[P0 Critical] 7 incidents need you: INC-2026-001 Checkout is down, and 6
        more`; the severity is that of the incident it names, which is the worst.
        """
        prefix = {"page": "", "notice": "Notice: ", "ticket": "Ticket: ", "alarm": "UNANSWERED: "}
        exercise = "EXERCISE " if self.exercise else ""
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        if self.kind == "update":
            return " ".join(f"{exercise}{self.headline or self.title or 'Update'}{again}".split())
        level = f"[{self.shown_severity}]"
        named = f"{self.incident} {self.title}"
        if (count := self.incidents) > 1:
            need = " need you" if self.kind in ("page", "alarm") else ""
            named = f"{count} incidents{need}: {named}, and {count - 1} more"
        return " ".join(f"{exercise}{prefix[self.kind]}{level} {named}{again}".split())


class Shown(msgspec.Struct, frozen=True):
    """One part of a message as a channel would send it; `part` says what it is: HTML, for example.

    All of it is data: whoever shows it escapes it, or keeps HTML in a frame without rights.
    """

    part: Literal["subject", "text", "html", "json"]
    content: str


class Sent(msgspec.Struct, frozen=True, tag="sent"):
    """The provider took the message; `provider_id` is its own name for it, where it gives one."""

    provider_id: str = ""


class Failed(msgspec.Struct, frozen=True, tag="failed"):
    """The attempt failed, or nobody can tell (`unknown`: a time-out after the request left).

    `detail` is shown to people and must hold no secret. `retry_after` is what the provider asked
    for, in seconds.
    """

    failure: FailureClass
    detail: str
    retry_after: float | None = None


Outcome = Sent | Failed


class Done(msgspec.Struct, frozen=True):
    """Nothing more to do for this delivery."""


class TryAgain(msgspec.Struct, frozen=True):
    """The same contact, again, at `at`."""

    at: datetime
    why: str


class NextContact(msgspec.Struct, frozen=True):
    """Another contact of the same person now; the failed one is tried again too if `again_at`."""

    contact: Contact
    why: str
    again_at: datetime | None


class GiveUp(msgspec.Struct, frozen=True):
    """This contact cannot work and there is no other one left."""

    why: str


def after_attempt(
    outcome: Outcome,
    attempt: int,
    contact: Contact,
    unused: Sequence[Contact],
    now: datetime,
    *,
    together: bool = False,
) -> Done | TryAgain | NextContact | GiveUp:
    """Say what follows from the `attempt`-th try (from 1) at `contact` (invariants D4, D5, C8).

    `unused` are the person's contacts that have not been tried for this page, in their order.
    The first failure already moves on to the next contact of another failure domain; a
    temporary failure is repeated as well, less and less often, and never given up: lateness is
    no reason to drop a page. What was refused `together` with others may be good without them, and
    is tried again soon.
    """
    if isinstance(outcome, Sent):
        return Done()
    again_at = _again_at(outcome, attempt, now, together=together)
    other = next((c for c in unused if c.domain != contact.domain), None)
    other = other or next(iter(unused), None)
    why = f"{contact.channel}: {outcome.detail}"
    if other is not None:
        return NextContact(other, why, again_at)
    if again_at is None:
        return GiveUp(why)
    return TryAgain(again_at, why)


def _again_at(outcome: Failed, attempt: int, now: datetime, *, together: bool) -> datetime | None:
    if outcome.failure == "permanent" or (outcome.failure == "refused" and not together):
        return None
    if outcome.failure == "refused":
        return now + RETRY_AFTER[0]
    waits = pause(attempt, outcome.retry_after)
    at = now + waits
    if outcome.retry_after is None and waits > 2 * MEET_EVERY:
        at -= (at - _EPOCH) % MEET_EVERY
    return at


def pause(attempt: int, retry_after: float | None) -> timedelta:
    """How long to wait after the `attempt`-th failure; a provider's own wish is honoured."""
    planned = RETRY_AFTER[attempt - 1] if attempt <= len(RETRY_AFTER) else RETRY_AT_LEAST_EVERY
    if retry_after is None:
        return planned
    return max(planned, min(timedelta(seconds=retry_after), RETRY_AT_LEAST_EVERY))


def first_contacts(contacts: Sequence[Contact]) -> list[Contact]:
    """Return where a message goes first: the inbox, if listed, and the first way that leaves it.

    The inbox always takes a message and proves nothing, so it never stands for another contact.
    """
    local = [contact for contact in contacts if contact.domain == "local"][:1]
    outward = [contact for contact in contacts if contact.domain != "local"][:1]
    return local + outward
