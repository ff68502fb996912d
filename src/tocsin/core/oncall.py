"""Who is on call, and who a recipient stands for, at an instant.

Everything that asks who is on call (the engine, previews, calendar exports, proofs) asks here,
so that they cannot disagree. Local times of a roster are turned into instants by one rule:

* a time that occurs twice, because clocks are set back, means its first occurrence where
  something begins and its last occurrence where an override ends: never a gap;
* a time that does not occur, because clocks are set forward, moves forward by what was skipped.

Time-zone data comes through `whenever`, from the system or from the `tzdata` package.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Literal

import msgspec
from whenever import Date, Instant, PlainDateTime, Time

from tocsin.core.delivery import Contact
from tocsin.core.people import Organisation, Person, Recipient, Roster

ON_CALL = "on call: "
"""What stands in front of a recipient in the standing of whoever is on call for it."""


class Shift(msgspec.Struct, frozen=True, kw_only=True):
    """`person` (an id) is on call in [start, end), both UTC.

    `line` says where that is written, `made` which override it is if somebody made it meanwhile.
    """

    person: str
    start: datetime
    end: datetime
    why: Literal["rotation", "override"]
    line: int = 0
    made: int = 0


class Gap(msgspec.Struct, frozen=True, kw_only=True):
    """Nobody of a roster would be woken in [start, end), both UTC; `person` is whose turn it is.

    `person` is "" where it is nobody's turn at all.
    """

    start: datetime
    end: datetime
    person: str = ""


class Reach(msgspec.Struct, frozen=True, kw_only=True):
    """Who and what a recipient stands for at an instant.

    Each of `people` has at least one contact; `contacts` are the recipient's own ones.
    `left_out` are the ids of people who were meant too and cannot be reached. `gap` is empty if
    somebody can be reached, and otherwise says in a sentence why nobody can: the caller then
    goes on to the next step at once (invariant C4).
    """

    people: tuple[Person, ...] = ()
    contacts: tuple[Contact, ...] = ()
    left_out: tuple[str, ...] = ()
    gap: str = ""


def on_call(roster: Roster, now: datetime) -> Shift:
    """Return the shift that holds `now`, an aware time; the rotation reaches back and on for ever.

    A turn of the rotation that an override interrupts is two shifts, before and after it; two
    turns of the same person that follow each other are two shifts as well. Raises ValueError
    for a naive time, an unknown time zone, and a roster without rotation: reading a file lets
    none of these through.
    """
    start, end, person, line = _turn(roster, now)
    why: Literal["rotation", "override"] = "rotation"
    winner, made = -1, 0
    for place, override in enumerate(roster.overrides):
        if override.start <= now < override.end:
            start, end, person, line = override.start, override.end, override.person, override.line
            why, winner, made = "override", place, override.made
    # Whatever outranks the winner does not hold now, so it can only cut pieces off.
    for override in roster.overrides[winner + 1 :]:
        if override.start >= override.end:
            continue
        if override.end <= now:
            start = max(start, override.end)
        else:
            end = min(end, override.start)
    return Shift(person=person, start=start, end=end, why=why, line=line, made=made)


def next_shift(roster: Roster, now: datetime) -> Shift:
    """Return the shift after the one that holds `now`; raises ValueError as `on_call` does."""
    return on_call(roster, on_call(roster, now).end)


def shifts(roster: Roster, start: datetime, end: datetime) -> list[Shift]:
    """Part [start, end) into shifts without gap or overlap, the first and the last one clipped.

    Empty if `end` is not after `start`; raises ValueError as `on_call` does.
    """
    found: list[Shift] = []
    at = start
    while at < end:
        shift = on_call(roster, at)
        until = min(shift.end, end)
        found.append(msgspec.structs.replace(shift, start=at, end=until))
        at = until
    return found


def gaps(roster: Roster, start: datetime, end: datetime, woken: Collection[str]) -> list[Gap]:
    """Return when in [start, end) nobody would be woken, in order, without overlap.

    `woken` are the ids of those whom a page would wake. Raises ValueError for a naive time.
    """
    if not roster.rotation:
        return [Gap(start=start, end=end)] if start < end else []
    found: list[Gap] = []
    for shift in shifts(roster, start, end):
        if shift.person in woken:
            continue
        if found and found[-1].end == shift.start and found[-1].person == shift.person:
            found[-1] = msgspec.structs.replace(found[-1], end=shift.end)
        else:
            found.append(Gap(start=shift.start, end=shift.end, person=shift.person))
    return found


def reach(
    organisation: Organisation, recipient_id: str, now: datetime, *, everyone: bool = False
) -> Reach:
    """Resolve a recipient to people and contacts at `now`; never fails for a checked organisation.

    A roster stands for the person on call, with `everyone` for all of its rotation, whoever is
    on call first. A person's id is a recipient too and stands for that person. People without
    contacts do not count.
    """
    recipient = organisation.recipients.get(recipient_id)
    if recipient is None and recipient_id in organisation.people:
        recipient = Recipient(id=recipient_id, people=(recipient_id,))
    if recipient is None:
        return Reach(gap=f'the organisation has no recipient "{recipient_id}"')
    roster = organisation.rosters.get(recipient.roster)
    if recipient.roster and roster is None:
        missing = f'recipient "{recipient_id}" names the roster "{recipient.roster}"'
        return _reach(organisation, recipient, recipient.people, f"{missing}, which does not exist")
    if roster is None:
        return _reach(organisation, recipient, recipient.people, "")
    if not roster.rotation:
        nobody = f'nobody is in the rotation of roster "{roster.id}"'
        return _reach(organisation, recipient, recipient.people, nobody)
    shift = on_call(roster, now)
    ids = _everyone(roster, shift.person) if everyone else (shift.person,)
    by = f", by {shift.why} on line {shift.line}" if shift.line else ""
    by = f", by override {shift.made}" if shift.made else by
    duty = f'"{shift.person}" is on call in roster "{roster.id}"{by}'
    return _reach(organisation, recipient, (*ids, *recipient.people), duty)


def standing(organisation: Organisation, person: str, now: datetime) -> tuple[str, ...]:
    """Return what a person belongs to at `now`, as plans name it in order; empty for a stranger.

    That is: the recipients that they are among, whoever of a roster is on call; `on call:
    RECIPIENT` for those of whose roster it is their turn; their own id; their qualifications.
    """
    known = organisation.people.get(person)
    if known is None:
        return ()
    belongs = [person, *known.qualifications]
    for recipient in organisation.recipients.values():
        roster = organisation.rosters.get(recipient.roster)
        duty = on_call(roster, now).person if roster is not None and roster.rotation else ""
        rotation = roster.rotation if roster is not None else ()
        if person in (*recipient.people, *rotation, duty):
            belongs.append(recipient.id)
        if person in (*recipient.people, duty):
            belongs.append(f"{ON_CALL}{recipient.id}")
    return tuple(dict.fromkeys(belongs))


def first_instant(local: datetime, time_zone: str) -> datetime:
    """Return in UTC when a naive `local` time begins on the clocks of `time_zone`.

    The first occurrence of a time that occurs twice; one that does not occur moves forward.
    Raises ValueError for a time zone that is not in the time-zone data.
    """
    plain = PlainDateTime(local)
    return plain.assume_tz(time_zone, disambiguation="compatible").to_instant().to_stdlib()


def last_instant(local: datetime, time_zone: str) -> datetime:
    """Return in UTC when a naive `local` time is over on the clocks of `time_zone`.

    As `first_instant`, but the last occurrence of a time that occurs twice.
    """
    plain = PlainDateTime(local)
    return plain.assume_tz(time_zone, disambiguation="later").to_instant().to_stdlib()


def _turn(roster: Roster, now: datetime) -> tuple[datetime, datetime, str, int]:
    """Return start, end, person and line of the rotation's turn that holds `now`."""
    if not roster.rotation:
        raise ValueError(f'nobody is in the rotation of roster "{roster.id}"')
    first = _first_handover(roster)
    local = Instant(now).to_tz(roster.time_zone).to_plain()
    # Counting on local clocks is off by one close to a handover on the day of a clock change;
    # comparing instants settles it.
    number = (local.to_stdlib() - first.to_stdlib()).days // (7 * roster.weeks)
    if now < _handover(roster, first, number):
        number -= 1
    elif now >= _handover(roster, first, number + 1):
        number += 1
    person = roster.rotation[number % len(roster.rotation)]
    start, end = _handover(roster, first, number), _handover(roster, first, number + 1)
    return start, end, person, roster.line


def _first_handover(roster: Roster) -> PlainDateTime:
    """Return the handover, on local clocks, in the week (from Monday) that holds `first_week`."""
    date = Date.parse_iso(roster.first_week)
    monday = date.subtract(days=date.day_of_week().value - 1)
    return monday.add(days=roster.handover_weekday).at(Time.parse_iso(roster.handover_time))


def _handover(roster: Roster, first: PlainDateTime, number: int) -> datetime:
    """Return in UTC when the turn with that number begins; 0 begins at `first`."""
    local = first.add(days=number * 7 * roster.weeks)
    return first_instant(local.to_stdlib(), roster.time_zone)


def _everyone(roster: Roster, first: str) -> tuple[str, ...]:
    """Return all of the rotation, in its order, from whoever is on call now."""
    rotation = roster.rotation
    at = rotation.index(first) if first in rotation else 0
    return (first, *rotation[at:], *rotation[:at])


def _reach(
    organisation: Organisation, recipient: Recipient, ids: Iterable[str], duty: str
) -> Reach:
    """Look the people up and say why nobody is left, if so; `duty` is how the roster got there."""
    wanted = tuple(dict.fromkeys(ids))
    known = (organisation.people.get(one) for one in wanted)
    people = tuple(person for person in known if person is not None and person.contacts)
    left_out = tuple(one for one in wanted if one not in {person.id for person in people})
    gap = ""
    if not people and not recipient.contacts:
        reasons = [duty] if duty else []
        reasons += [_absence(organisation, one) for one in left_out]
        gap = "; ".join(reasons) or f'recipient "{recipient.id}" has no roster, people or contacts'
    return Reach(people=people, contacts=recipient.contacts, left_out=left_out, gap=gap)


def _absence(organisation: Organisation, person_id: str) -> str:
    person = organisation.people.get(person_id)
    if person is None:
        return f'the organisation has no person "{person_id}"'
    return f"{person.name} ({person_id}) has no contacts"
