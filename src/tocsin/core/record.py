"""The record: every timeline is a chain of hashes, so that a change to any entry shows.

Each entry's hash covers the hash before it, the incident's code, the entry's number and its text
exactly as stored. Changing, removing, inserting or swapping entries breaks the chain at the first
one touched; cutting off the end shows because the incident's own row holds the last hash.
"""

from collections.abc import Iterable, Iterator, Sequence
from hashlib import sha256

import msgspec

from tocsin.core.incident.events import AnyEvent, Event

START = bytes(32)
"""The hash before the first entry."""

_encoder = msgspec.json.Encoder(order="deterministic")
_decoder = msgspec.json.Decoder(AnyEvent)


class Entry(msgspec.Struct, frozen=True):
    """One line of a timeline as it is kept: `number` counts from 1, `text` is the event's JSON."""

    number: int
    text: str
    hash: bytes

    def event(self) -> Event:
        """Return the event; raises msgspec.ValidationError if the text is no event."""
        event: Event = _decoder.decode(self.text)
        return event


class Break(msgspec.Struct, frozen=True):
    """Where a chain does not hold: the first entry that is wrong, and how."""

    incident: str
    number: int
    what: str


def text_of(event: Event) -> str:
    """Return the text that is kept for an event; equal events give equal texts."""
    return _encoder.encode(event).decode()


def link(before: bytes, incident: str, number: int, text: str) -> bytes:
    """Return the hash of entry `number` of `incident`, given the hash of the entry before it."""
    return sha256(before + f"{incident}\n{number}\n{text}".encode()).digest()


def chain(incident: str, events: Iterable[Event], count: int, head: bytes) -> Iterator[Entry]:
    """Append `events` to a chain that has `count` entries and ends in `head`."""
    for number, event in enumerate(events, count + 1):
        text = text_of(event)
        head = link(head, incident, number, text)
        yield Entry(number, text, head)


def first_break(incident: str, entries: Sequence[Entry], count: int, head: bytes) -> Break | None:
    """Return the first place where `entries` are not the chain of `count` entries up to `head`."""
    before = START
    for expected, entry in enumerate(entries, 1):
        if entry.number != expected:
            return Break(incident, expected, f"entry {expected} is missing")
        before = link(before, incident, entry.number, entry.text)
        if before != entry.hash:
            return Break(incident, expected, f"entry {expected} is not what was recorded")
    if len(entries) != count:
        return Break(incident, len(entries) + 1, f"{count} entries were recorded")
    if before != head:
        return Break(incident, len(entries), "the last hash is not the one on the incident")
    return None
