"""In which ways people can be reached from here, and what of it other people may see."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from tocsin.core.delivery import Contact, first_contacts
from tocsin.core.people import Organisation, Person
from tocsin.engine.pulse import Sending
from tocsin.engine.world import World
from tocsin.web.pages.rendering import WAYS

DOMAINS = {
    "local": "this server alone",
    "mail": "mail",
    "ip": "the internet",
    "carrier": "the telephone network",
}
"""What a failure domain depends on, in words."""


@dataclass(frozen=True)
class Way:
    """One contact of a person, in the order in which they are tried.

    `problem` says why it cannot work here, "" if it can; `worked` and `failed` are the newest
    message that got through and the newest that did not.
    """

    contact: Contact
    address: str
    is_first: bool
    problem: str
    worked: Sending | None = None
    failed: Sending | None = None

    @property
    def word(self) -> str:
        """What people call the channel."""
        return WAYS.get(self.contact.channel, self.contact.channel)

    @property
    def depends_on(self) -> str:
        """What it fails with."""
        return DOMAINS.get(self.contact.domain, self.contact.domain)

    @property
    def is_failing(self) -> bool:
        """Whether the last thing that is known of it is a failure."""
        if self.failed is None:
            return False
        return self.worked is None or self.worked.id < self.failed.id


def ways(world: World, person: Person, sent: Sequence[Sending] = (), *, whole: bool) -> list[Way]:
    """Return a person's contacts with how they do; `whole`: with their whole addresses.

    `sent` are the person's newest messages, newest first.
    """
    first = first_contacts(person.contacts)
    found = []
    for contact in person.contacts:
        address = contact.address if whole else hidden(contact.address)
        problem = problem_with(world, contact)
        mine = [one for one in sent if one.contact == contact]
        found.append(
            Way(
                contact=contact,
                address=address,
                is_first=contact in first,
                problem=problem.replace(contact.address, address) if contact.address else problem,
                worked=next((one for one in mine if one.state == "sent"), None),
                failed=next((one for one in mine if _failed(one)), None),
            )
        )
    return found


def problem_with(world: World, contact: Contact) -> str:
    """Return why a contact cannot work on this server, "" if it can."""
    channel = world.channels.get(contact.channel)
    if channel is None:
        return f"this server has no channel “{contact.channel}”"
    return channel.problem_with(contact.address) or ""


def woken(world: World, organisation: Organisation) -> frozenset[str]:
    """Return the ids of the people whom a page wakes: by some way that leaves this server."""
    return frozenset(
        person.id
        for person in organisation.people.values()
        if any(c.domain != "local" and not problem_with(world, c) for c in person.contacts)
    )


def not_woken_why(organisation: Organisation, person_id: str) -> str:
    """Say in words why a page wakes nobody while it is this person's turn."""
    person = organisation.people.get(person_id)
    if person is None:
        return "it is nobody's turn"
    if not person.contacts:
        return f"{person.name} has no contacts"
    if all(contact.domain == "local" for contact in person.contacts):
        return f"{person.name} has only the inbox, which wakes nobody"
    return f"no contact of {person.name} works on this server"


def warnings(found: Sequence[Way], *, on_duty: bool) -> list[str]:
    """Say what may keep a page from arriving, for somebody who is on duty or not."""
    working = [way for way in found if not way.problem]
    domains = {way.contact.domain for way in working if way.contact.domain != "local"}
    said = []
    if not found:
        return ["There is no contact: nobody can be called."]
    if not domains:
        said.append("No way leaves this server, so a page wakes nobody.")
    elif len(domains) == 1 and on_duty:
        only = DOMAINS.get(next(iter(domains)), next(iter(domains)))
        said.append(f"All ways depend on {only}: when it fails, no page arrives.")
    for way in found:
        if way.failed is not None and way.is_failing and not way.problem:
            said.append(f"{way.word} is failing: {way.failed.detail}")
    return said


def hidden(address: str) -> str:
    """Return an address such that one knows it again and cannot use it."""
    name, at, host = address.partition("@")
    if at:
        return f"{name}@{host[:1]}…"
    return f"{address[:2]}…" if len(address) > 2 else address


def last_tried(way: Way) -> datetime | None:
    """Return when a contact was last tried."""
    times = [one.sent_at or one.created_at for one in (way.worked, way.failed) if one is not None]
    return max(times, default=None)


def _failed(one: Sending) -> bool:
    return one.state == "failed" or (one.state == "due" and one.attempts > 1 and bool(one.detail))
