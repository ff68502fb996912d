"""Overrides that people make while a roster runs: what is refused, and how they join the file's.

The organisation file says what the rule is; somebody who falls ill at three in the morning makes an
exception from it. Both are one list of overrides to `core.oncall`, the later one wins.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

import msgspec
from msgspec.structs import replace

from tocsin.core.incident.commands import Refusal
from tocsin.core.oncall import shifts
from tocsin.core.people import Organisation, Override, Roster
from tocsin.core.times import words_duration

LONGEST = timedelta(days=90)
"""Longer absences are no exceptions any more: they belong in the organisation file."""

FARTHEST = timedelta(days=366)
"""How long before its start an override may be made."""

LONGEST_WHY = 500
"""Characters of a reason."""


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants: `person` is on call in `roster` in [start, end), two aware times.

    `replaces` is the id of an override that this one stands for from now on, 0 for none.
    """

    roster: str
    person: str
    start: datetime
    end: datetime
    why: str = ""
    replaces: int = 0


class MadeOverride(msgspec.Struct, frozen=True, kw_only=True):
    """An override that somebody made. `id` is 0 for one that is not stored yet, and rises.

    One that was removed while it held has held until then.
    """

    id: int = 0
    roster: str
    person: str
    start: datetime
    end: datetime
    made_by: str
    made_at: datetime
    why: str = ""
    removed_by: str = ""
    removed_at: datetime | None = None

    @property
    def until(self) -> datetime:
        """When it ends, or ended because it was removed; not before its start."""
        if self.removed_at is None:
            return self.end
        return max(self.start, min(self.end, self.removed_at))


def void(organisation: Organisation, made: MadeOverride) -> str:
    """Return why an override can't hold under this organisation, "" if it can.

    A file may forget people and rosters. Whoever the rotation names is called then, rather than
    nobody.
    """
    if made.roster not in organisation.rosters:
        return f'there is no roster "{made.roster}" any more'
    person = organisation.people.get(made.person)
    if person is None:
        return f'"{made.person}" is not in the organisation any more'
    if not person.contacts:
        return f"{person.name} has no contacts any more"
    return ""


def with_overrides(organisation: Organisation, made: Iterable[MadeOverride]) -> Organisation:
    """Return the organisation with what was made in its rosters, behind the file's own.

    What is void or over before it began is left out.
    """
    added: dict[str, list[Override]] = {}
    for one in sorted(made, key=lambda one: one.id):
        if one.start < one.until and not void(organisation, one):
            held = Override(start=one.start, end=one.until, person=one.person, made=one.id)
            added.setdefault(one.roster, []).append(held)
    if not added:
        return organisation
    rosters = {
        name: replace(roster, overrides=(*roster.overrides, *added.get(name, ())))
        for name, roster in organisation.rosters.items()
    }
    return replace(organisation, rosters=rosters)


def refused(organisation: Organisation, wish: Wish, now: datetime) -> Refusal | None:
    """Say why nobody may have this override, or None."""
    if wish.roster not in organisation.rosters:
        known = ", ".join(sorted(organisation.rosters)) or "none"
        return Refusal("roster.unknown", f"there is no roster {wish.roster!r}", f"known: {known}")
    person = organisation.people.get(wish.person)
    if person is None:
        known = ", ".join(sorted(organisation.people))
        return Refusal("person.unknown", f"there is no person {wish.person!r}", f"known: {known}")
    if not person.contacts:
        return Refusal(
            "override.unreachable", f"{person.name} has no contacts, so nobody would be called",
            f"add contacts of {person.id} to the organisation file, or choose somebody else",
        )  # fmt: skip
    if len(wish.why) > LONGEST_WHY:
        return Refusal(
            "override.why", f"the reason has {len(wish.why)} characters",
            f"say it in {LONGEST_WHY} at most",
        )  # fmt: skip
    return _wrong_time(wish, now)


def _wrong_time(wish: Wish, now: datetime) -> Refusal | None:
    if wish.end <= wish.start:
        return Refusal(
            "override.order", "it ends before it begins", "give an end that is after the start"
        )
    if wish.end <= now:
        return Refusal(
            "override.past", "it would be over already",
            "who was on call stands on the record as it was; choose an end that is still to come",
        )  # fmt: skip
    if wish.end - max(wish.start, now) > LONGEST:
        return Refusal(
            "override.too-long", f"it would last longer than {words_duration(LONGEST)}",
            "change the rotation in the organisation file, or make several overrides",
        )  # fmt: skip
    if wish.start - now > FARTHEST:
        return Refusal(
            "override.too-early", f"it would begin more than {words_duration(FARTHEST)} from now",
            "make it when it is nearer, or write it in the organisation file",
        )  # fmt: skip
    return None


def not_theirs(roster: Roster, wish: Wish, by: str, now: datetime) -> Refusal | None:
    """Say why somebody who may only act for themselves may not have this override, or None.

    They may take over themselves, and give away what is theirs all the time.
    """
    if wish.person == by:
        return None
    theirs = shifts(roster, max(wish.start, now), wish.end)
    if all(shift.person == by for shift in theirs):
        return None
    other = next(shift.person for shift in theirs if shift.person != by)
    return Refusal(
        "override.not-yours", f"part of that time is {other}'s, and you may only give away yours",
        "take it over yourself, or ask a commander to arrange it",
    )  # fmt: skip


def not_theirs_to_remove(roster: Roster | None, made: MadeOverride, by: str) -> Refusal | None:
    """Say why somebody who may only act for themselves may not remove this override, or None.

    They may remove what they made, and take back what was theirs. `roster` is the roster without
    it, None if there is no such roster any more.
    """
    if made.made_by == by:
        return None
    if roster is not None and made.person != by:
        beneath = shifts(roster, made.start, made.end)
        if all(shift.person == by for shift in beneath):
            return None
    return Refusal(
        "override.not-yours", f"{made.made_by} made this override for {made.person}",
        "ask them or a commander to remove it",
    )  # fmt: skip


def without(roster: Roster, number: int) -> Roster:
    """Return a roster without one of the overrides that were made."""
    left = tuple(one for one in roster.overrides if one.made != number)
    return replace(roster, overrides=left)
