"""Messages on their way in a rehearsal: who is reached, and what is tried when a way fails."""

from collections.abc import Callable, Sequence
from datetime import datetime
from heapq import heappop, heappush
from itertools import count

import msgspec

from tocsin.core.delivery import (
    Contact,
    Failed,
    GiveUp,
    NextContact,
    TryAgain,
    after_attempt,
    first_contacts,
)
from tocsin.core.incident import events as e
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation
from tocsin.core.rehearsal.acts import Outage

DETAIL = "out of order"


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One message to one person through one contact, with the number of the try (from 1)."""

    incident: int
    told: e.Told
    person: str
    contact: Contact
    number: int = 1


class Tried(msgspec.Struct, frozen=True):
    """What came of attempts: events in their order, each with its incident, and who was reached.

    A failed way is told at its first failure only; the repetitions go on in silence.
    """

    events: tuple[tuple[int, e.Event], ...] = ()
    reached: tuple[str, ...] = ()


class Messages:
    """Every message of a story that has not arrived yet."""

    def __init__(self, organisation: Organisation) -> None:
        self._organisation = organisation
        self._outages: list[tuple[Outage, datetime]] = []
        self._waiting: list[tuple[datetime, int, Attempt]] = []
        self._order = count()
        self._tried: dict[tuple[int, datetime, str, str], list[Contact]] = {}

    def fail(self, outage: Outage, now: datetime) -> None:
        """From now on what the outage names takes no message."""
        self._outages.append((outage, now))

    def next_at(self) -> datetime | None:
        """Return when something is tried again, None if nothing is."""
        return self._waiting[0][0] if self._waiting else None

    def send(self, incident: int, told: e.Told) -> Tried:
        """Try a new message at once, to everybody it is for; once a person and instant."""
        now = told.at
        tried: list[Tried] = []
        for person in told.people:
            key = _key(incident, told, person)
            if key in self._tried:
                continue
            contacts = first_contacts(self._contacts(person))
            self._tried[key] = list(contacts)
            for contact in contacts:
                attempt = Attempt(incident=incident, told=told, person=person, contact=contact)
                tried.append(self._attempt(attempt, now, quiet=True))
        return _together(tried)

    def try_again(self, now: datetime, incident_of: Callable[[int], Incident]) -> Tried:
        """Try what is due; what is not wanted any more is dropped."""
        tried = []
        while self._waiting and self._waiting[0][0] <= now:
            attempt = heappop(self._waiting)[2]
            if _wanted(attempt.told, incident_of(attempt.incident)):
                tried.append(self._attempt(attempt, now))
        return _together(tried)

    def _attempt(self, attempt: Attempt, now: datetime, *, quiet: bool = False) -> Tried:
        """Make one attempt and whatever follows from it at once; `quiet`: tell failures only."""
        told, person, contact = attempt.told, attempt.person, attempt.contact
        if not self._fails(person, contact, now):
            delivered = e.Delivered(
                at=now,
                message=told.message,
                person=person,
                channel=contact.channel,
                attempt=attempt.number,
            )
            events = () if quiet else ((attempt.incident, delivered),)
            return Tried(events, (person,) if self._proves(person, contact) else ())
        tried_ways = self._tried[_key(attempt.incident, told, person)]
        unused = [
            one for one in self._contacts(person) if one not in tried_ways and one.domain != "local"
        ]
        failed = Failed("temporary", DETAIL)
        follows = after_attempt(failed, attempt.number, contact, unused, now)
        next_try = "no other contact is left"
        more: list[Tried] = []
        if isinstance(follows, TryAgain):
            next_try = f"again at {follows.at:%H:%M:%S} UTC"
            self._wait(follows.at, attempt)
        if isinstance(follows, NextContact):
            next_try = f"{follows.contact.channel} at once"
            if follows.again_at is not None:
                self._wait(follows.again_at, attempt)
            tried_ways.append(follows.contact)
            other = msgspec.structs.replace(attempt, contact=follows.contact, number=1)
            more.append(self._attempt(other, now))
        first = attempt.number == 1
        event = e.NotDelivered(
            at=now,
            message=told.message,
            person=person,
            channel=contact.channel,
            attempt=attempt.number,
            next_try=next_try,
            why=follows.why if isinstance(follows, TryAgain | NextContact | GiveUp) else DETAIL,
        )
        return _together([Tried(((attempt.incident, event),) if first else ()), *more])

    def _wait(self, at: datetime, attempt: Attempt) -> None:
        """Try again at `at`, unless it can never get through."""
        if any(
            outage.lasts is None and _hits(outage, attempt.person, attempt.contact)
            for outage, _ in self._outages
        ):
            return
        again = msgspec.structs.replace(attempt, number=attempt.number + 1)
        heappush(self._waiting, (at, next(self._order), again))

    def _fails(self, person: str, contact: Contact, now: datetime) -> bool:
        return any(
            _hits(outage, person, contact) and (outage.lasts is None or now < began + outage.lasts)
            for outage, began in self._outages
        )

    def _contacts(self, person: str) -> tuple[Contact, ...]:
        if person in self._organisation.people:
            return self._organisation.people[person].contacts
        recipient = self._organisation.recipients.get(person)
        return recipient.contacts if recipient is not None else ()

    def _proves(self, person: str, contact: Contact) -> bool:
        """The inbox takes every message; it reaches only those who have nothing else."""
        return contact.domain != "local" or all(
            one.domain == "local" for one in self._contacts(person)
        )


def _hits(outage: Outage, person: str, contact: Contact) -> bool:
    return outage.channel in ("", contact.channel) and outage.person in ("", person)


def _key(incident: int, told: e.Told, person: str) -> tuple[int, datetime, str, str]:
    return incident, told.at, told.message, person


def _wanted(told: e.Told, incident: Incident) -> bool:
    """Whether a message is still of use: not once what it waited for has come."""
    if told.message == "update":
        return True
    return incident.state == "open" or (told.until == "resolved" and incident.state in PAGEABLE)


def _together(tried: Sequence[Tried]) -> Tried:
    return Tried(
        tuple(event for one in tried for event in one.events),
        tuple(dict.fromkeys(person for one in tried for person in one.reached)),
    )
