"""Signing in: one-time links, and the sessions that they open. Only hashes are kept."""

from datetime import timedelta
from secrets import choice, token_urlsafe

from tocsin.engine.ports import Session
from tocsin.engine.world import World
from tocsin.web.access import token_hash

SESSION_LASTS = timedelta(hours=12)
LINK_MINUTES = 15

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that nobody takes for one another when they type a code by hand."""

GROUPS = 4
GROUP_LENGTH = 4


class UnknownPerson(LookupError):
    """A sign-in link was wanted for somebody who is not in the organisation file."""


def make_sign_in_link(world: World, person: str, minutes: int = LINK_MINUTES) -> str:
    """Return a link by which `person` can sign in once, within `minutes`.

    Raises UnknownPerson, NoRules, and StoreUnavailable or Conflict with nothing kept.
    """
    if person not in world.rules.organisation.people:
        raise UnknownPerson(f"there is no person {person!r} in the organisation file")
    code = "-".join("".join(choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(GROUPS))
    expires_at = world.now() + timedelta(minutes=minutes)
    with world.store.write() as tx:
        tx.keep_sign_in(_code_hash(code), person, expires_at)
    return f"{world.base_url}/sign-in?code={code}"


def open_session(world: World, code: str) -> tuple[str, Session] | None:
    """Use up a one-time code; return a new session with its token, None if the code is no good."""
    now = world.now()
    token = token_urlsafe(32)
    with world.store.write() as tx:
        person = tx.use_sign_in(_code_hash(code), now)
        if person is None or person not in world.rules.organisation.people:
            return None
        session = Session(
            person=person, created_at=now, expires_at=now + SESSION_LASTS, seen_at=now
        )
        tx.keep_session(token_hash(token), session)
    return token, session


def end_session(world: World, hashed: bytes) -> None:
    """Close a session for good."""
    with world.store.write() as tx:
        tx.end_session(hashed)


def _code_hash(code: str) -> bytes:
    """Return what is kept of a code; how it was typed makes no difference."""
    plain = "".join(letter for letter in code.lower() if letter in ALPHABET)
    return token_hash(plain)
