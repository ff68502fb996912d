"""Is the record what was recorded? Chains, what they add up to, and that nothing is missing."""

from hashlib import sha256

import msgspec

from tocsin.core.incident.events import FileAttached
from tocsin.core.incident.fold import ImpossibleEvent, replay
from tocsin.core.record import Break, Entry, first_break
from tocsin.engine.ports import Kept, Reading, Store

AT_ONCE = 200


class Verified(msgspec.Struct, frozen=True):
    """What was looked at, and the first thing that is wrong, if anything is."""

    incidents: int
    entries: int
    first_broken: Break | None


def verify_incident(store: Store, code: str) -> Verified | None:
    """Verify one incident; None if there is none of that code."""
    with store.read() as reading:
        kept = reading.incident(code)
        return _verified(reading, kept) if kept is not None else None


def verify_all(store: Store) -> Verified:
    """Verify every incident, oldest first, and that none was removed."""
    incidents = entries = 0
    broken: Break | None = None
    with store.read() as reading:
        strays = reading.strays()
    if strays:
        number, what = strays[0]
        broken = Break(f"incident number {number}", 0, what)
    for code in _codes(store):
        one = verify_incident(store, code)
        if one is None:
            continue
        incidents += 1
        entries += one.entries
        broken = broken or one.first_broken
    return Verified(incidents, entries, broken)


def _verified(reading: Reading, kept: Kept) -> Verified:
    entries = _timeline(reading, kept)
    code = kept.incident.code
    broken = first_break(code, entries, kept.entries, kept.head)
    broken = broken or _unlike(kept, entries) or _other_content(reading, kept, entries)
    return Verified(1, len(entries), broken)


def _unlike(kept: Kept, entries: list[Entry]) -> Break | None:
    """Say whether the stored incident is something else than its timeline adds up to."""
    try:
        told = replay(entry.event() for entry in entries)
    except (ImpossibleEvent, msgspec.ValidationError) as problem:
        return Break(kept.incident.code, len(entries), f"the timeline can't be replayed: {problem}")
    if told == kept.incident:
        return None
    what = "the stored incident is not what its timeline adds up to"
    return Break(kept.incident.code, len(entries), what)


def _other_content(reading: Reading, kept: Kept, entries: list[Entry]) -> Break | None:
    """Say which attached file is not what was attached, if one is; one is read at a time."""
    if not kept.incident.attachments:
        return None
    for entry in entries:
        event = entry.event()
        if not isinstance(event, FileAttached):
            continue
        found = reading.attachment(kept.incident.id, event.attachment)
        if found is None:
            what = f"the attached file {event.name} is gone"
        elif sha256(found.content).hexdigest() != event.sha256:
            what = f"the attached file {event.name} is not what was attached"
        else:
            continue
        return Break(kept.incident.code, entry.number, what)
    return None


def _timeline(reading: Reading, kept: Kept) -> list[Entry]:
    entries: list[Entry] = []
    while page := reading.timeline(kept.incident.id, entries[-1].number if entries else 0):
        entries += page
    return entries


def _codes(store: Store) -> list[str]:
    """Return the codes of all incidents, oldest first."""
    codes: list[str] = []
    before: int | None = None
    while True:
        with store.read() as reading:
            page = reading.incidents((), before, AT_ONCE)
        codes += [summary.incident.code for summary in page]
        if len(page) < AT_ONCE:
            return codes[::-1]
        before = page[-1].incident.id
