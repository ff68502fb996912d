"""Making and removing overrides of rosters while they run; every node obeys within a second."""

from msgspec.structs import replace

from tocsin.core.incident.commands import Refusal
from tocsin.core.overrides import (
    MadeOverride,
    Wish,
    not_theirs,
    not_theirs_to_remove,
    refused,
    with_overrides,
    without,
)
from tocsin.core.people import Organisation
from tocsin.engine.audit import Doer, audited
from tocsin.engine.overrides import CHANGES
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World


class _Refused(Exception):
    """Leaves a transaction, so that nothing of it is kept."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def make_override(
    world: World, wish: Wish, doer: Doer, *, for_others: bool
) -> MadeOverride | Refusal:
    """Make an override, in place of another one if the wish says so.

    `for_others`: whether `doer` may arrange other people's shifts. What would have begun already
    begins now: who was on call until now stays on the record. Raises NoRules, and
    StoreUnavailable or Conflict with nothing kept.
    """
    try:
        with world.store.write() as tx:
            tx.numbers(CHANGES, 1)
            made = _made(world, tx, wish, doer, for_others=for_others)
    except _Refused as refusal:
        return refusal.refusal
    _tell(world)
    return made


def remove_override(
    world: World, number: int, doer: Doer, *, for_others: bool
) -> MadeOverride | Refusal:
    """Remove an override; one that has begun has held until now. Raises as `make_override`."""
    try:
        with world.store.write() as tx:
            tx.numbers(CHANGES, 1)
            gone = _removed(world, tx, number, doer, for_others=for_others)
    except _Refused as refusal:
        return refusal.refusal
    _tell(world)
    return gone


def _made(
    world: World, tx: Transaction, wish: Wish, doer: Doer, *, for_others: bool
) -> MadeOverride:
    now = world.now()
    if problem := refused(world.rules.organisation, wish, now):
        raise _Refused(problem)
    if wish.replaces:
        _removed(world, tx, wish.replaces, doer, for_others=for_others)
    if not for_others:
        roster = _with_newest(world, tx).rosters[wish.roster]
        if problem := not_theirs(roster, wish, doer.by, now):
            raise _Refused(problem)
    made = tx.keep_override(
        MadeOverride(
            roster=wish.roster,
            person=wish.person,
            start=max(wish.start, now),
            end=wish.end,
            made_by=doer.by,
            made_at=now,
            why=wish.why.strip(),
        )
    )
    audited(tx, now, doer, "override.made", wish.roster, _told(made))
    return made


def _removed(
    world: World, tx: Transaction, number: int, doer: Doer, *, for_others: bool
) -> MadeOverride:
    now = world.now()
    made = tx.override(number)
    if made is None:
        hint = "GET /api/v1/overrides lists them"
        raise _Refused(Refusal("override.unknown", f"there is no override {number}", hint))
    if made.removed_at is not None:
        what = f"{made.removed_by} has removed it already"
        raise _Refused(Refusal("override.over", what, "make a new one if it is wanted after all"))
    if made.end <= now:
        hint = "who was on call stands on the record as it was"
        raise _Refused(Refusal("override.over", "it is over already", hint))
    if not for_others:
        roster = _with_newest(world, tx).rosters.get(made.roster)
        beneath = without(roster, number) if roster is not None else None
        if problem := not_theirs_to_remove(beneath, made, doer.by):
            raise _Refused(problem)
    tx.remove_override(number, doer.by, now)
    audited(tx, now, doer, "override.removed", made.roster, _told(made))
    return replace(made, removed_by=doer.by, removed_at=now)


def _with_newest(world: World, tx: Transaction) -> Organisation:
    """Return the organisation with all overrides as this transaction sees them."""
    return with_overrides(world.rules.organisation_file, tx.overrides())


def _told(made: MadeOverride) -> str:
    span = f"{made.start:%Y-%m-%d %H:%M} to {made.end:%Y-%m-%d %H:%M} UTC"
    return f"{made.person}, {span}" + (f": {made.why}" if made.why else "")


def _tell(world: World) -> None:
    """Let this node obey at once; the others see it when they follow."""
    world.rules.follow()
    world.wake()
