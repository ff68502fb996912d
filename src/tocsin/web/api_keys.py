"""Keys for programs that act for a person: made, shown once, revoked."""

from collections.abc import Sequence
from datetime import timedelta
from secrets import choice, token_urlsafe

from tocsin.core.access import scopes_of
from tocsin.core.people import Person
from tocsin.engine.accounts import ApiKey
from tocsin.engine.audit import Doer, audited
from tocsin.engine.world import World
from tocsin.web.access import PERSONS_KEY, token_hash
from tocsin.web.doing import again
from tocsin.web.problems import Trouble
from tocsin.web.sessions import ALPHABET

NAME_AT_MOST = 60
ID_LENGTH = 10
DAYS_AT_MOST = 366


def make_key(
    world: World, doer: Doer, owner: Person, name: str, scopes: Sequence[str], days: int
) -> tuple[str, ApiKey]:
    """Make a key of `owner`, good for `days`; return it, and what is kept of it.

    Raises Trouble for scopes that the owner does not have.
    """
    wanted = tuple(scope for scope in scopes_of(owner.access) if scope in scopes)
    beyond = sorted(set(scopes) - set(wanted))
    if beyond or not wanted:
        may = ", ".join(scopes_of(owner.access))
        what = f"{owner.name} may not {beyond[0]}" if beyond else "a key needs at least one scope"
        raise Trouble(422, "key.scopes", what, f"a key of {owner.name} can have: {may}")
    if not name.strip() or len(name) > NAME_AT_MOST:
        hint = f"say in up to {NAME_AT_MOST} characters what will use it: `deploy script`"
        raise Trouble(422, "key.name", "a key needs a name", hint)
    if not 1 <= days <= DAYS_AT_MOST:
        hint = f"between 1 and {DAYS_AT_MOST}; make a new key before the old one ends"
        raise Trouble(422, "key.days", f"a key can't last {days} days", hint)
    now = world.now()
    key_id = "".join(choice(ALPHABET) for _ in range(ID_LENGTH))
    key = f"{PERSONS_KEY}{key_id}-{token_urlsafe(24)}"
    kept = ApiKey(
        id=key_id,
        key_hash=token_hash(key),
        name=name.strip(),
        person=owner.id,
        scopes=wanted,
        created_by=doer.by,
        created_at=now,
        expires_at=now + timedelta(days=days),
    )

    def keep() -> None:
        with world.store.write() as tx:
            tx.keep_api_key(kept)
            detail = f"{kept.name}, of {owner.id}: {', '.join(wanted)}, for {days} days"
            audited(tx, now, doer, "key.made", key_id, detail)

    again(keep)
    return key, kept


def revoke_key(world: World, doer: Doer, key_id: str, owner: str = "") -> ApiKey:
    """Revoke a key, of `owner` only where that is given; raises Trouble if there is none."""

    def revoke() -> ApiKey | None:
        with world.store.write() as tx:
            kept = tx.api_key(key_id)
            if kept is None or owner not in ("", kept.person):
                return None
            if tx.revoke_api_key(key_id, world.now()):
                detail = f"{kept.name}, of {kept.person}"
                audited(tx, world.now(), doer, "key.revoked", key_id, detail)
            return tx.api_key(key_id)

    revoked = again(revoke)
    if revoked is None:
        hint = "GET /api/v1/keys lists them"
        raise Trouble(404, "key.unknown", f"there is no key {key_id}", hint)
    return revoked
