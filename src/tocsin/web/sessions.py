"""Sessions, and the one-time links that open them without anybody's help. Only hashes are kept."""

from dataclasses import dataclass
from datetime import timedelta
from secrets import choice, token_urlsafe

import structlog

from tocsin.engine.accounts import Session
from tocsin.engine.audit import Doer, audited
from tocsin.engine.ports import Transaction
from tocsin.engine.world import World
from tocsin.web.access import token_hash

SESSION_LASTS = timedelta(hours=12)
LINK_MINUTES = 15

ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"
"""Letters and digits that nobody takes for one another when they type a code by hand."""

GROUPS = 4
GROUP_LENGTH = 4

AGENT_AT_MOST = 300
"""Characters kept of what a browser says of itself."""

BREAK_GLASS = "break-glass"

log = structlog.get_logger()


class UnknownPerson(LookupError):
    """A sign-in link was wanted for somebody who is not in the organisation file."""


@dataclass(frozen=True)
class Visit:
    """A browser in which somebody signs in.

    `agent` is what it says of itself; `before` is the token of the session that it had until now,
    which ends: a session never changes hands, and nobody can have planted the new one's token.
    """

    address: str = ""
    agent: str = ""
    before: str = ""


def random_code(groups: int = GROUPS) -> str:
    """Return a code that can be typed by hand, with 20 bits of chance in each group."""
    return "-".join("".join(choice(ALPHABET) for _ in range(GROUP_LENGTH)) for _ in range(groups))


def make_sign_in_link(
    world: World,
    person: str,
    minutes: int = LINK_MINUTES,
    how: str = "link",
    doer: Doer | None = None,
) -> str:
    """Return a link by which `person` can sign in once, within `minutes`.

    `how` is `link`, or BREAK_GLASS where the machine's own key asks for it: then it is logged
    loudly. Raises UnknownPerson, NoRules, and StoreUnavailable or Conflict with nothing kept.
    """
    if person not in world.rules.organisation.people:
        raise UnknownPerson(f"there is no person {person!r} in the organisation file")
    code = random_code()
    expires_at = world.now() + timedelta(minutes=minutes)
    with world.store.write() as tx:
        tx.keep_sign_in(code_hash(code), person, how, expires_at)
        detail = f"{how}, good for {minutes} minutes"
        audited(tx, world.now(), doer or Doer("tocsin"), "sign-in.link", person, detail)
    if how == BREAK_GLASS:
        log.warning("sign-in.break-glass-link", person=person, by=doer.by if doer else "tocsin")
    return f"{world.base_url}/sign-in?code={code}"


def open_session(world: World, code: str, visit: Visit) -> tuple[str, Session] | None:
    """Use up a one-time code; return a new session with its token, None if the code is no good."""
    with world.store.write() as tx:
        found = tx.use_sign_in(code_hash(code), world.now())
        if found is None or found[0] not in world.rules.organisation.people:
            return None
        person, how = found
        return begin_session(world, tx, person, how, visit)


def begin_session(
    world: World, tx: Transaction, person: str, how: str, visit: Visit, detail: str = ""
) -> tuple[str, Session]:
    """Open a session for somebody who has proved who they are; return its token and it."""
    now = world.now()
    token = token_urlsafe(32)
    session = Session(
        person=person,
        created_at=now,
        expires_at=now + SESSION_LASTS,
        seen_at=now,
        how=how,
        agent=visit.agent[:AGENT_AT_MOST],
        address=visit.address,
    )
    if visit.before:
        tx.end_session(token_hash(visit.before))
    tx.keep_session(token_hash(token), session)
    broke = how == BREAK_GLASS
    act = "sign-in.break-glass" if broke else "sign-in.good"
    audited(tx, now, Doer(person, "page", visit.address), act, person, detail or f"by {how}")
    if broke:
        log.warning("sign-in.break-glass", person=person, address=visit.address)
    return token, session


def end_session(world: World, hashed: bytes, doer: Doer) -> None:
    """Close a session for good, as its own person wants it."""
    with world.store.write() as tx:
        tx.end_session(hashed)
        audited(tx, world.now(), doer, "sign-out", doer.by)


def session_id(token_hash: bytes) -> str:
    """Return what a session is called in lists: enough to end it, of no use to open it."""
    return token_hash.hex()[:24]


def code_hash(code: str) -> bytes:
    """Return what is kept of a code; how it was typed makes no difference."""
    plain = "".join(letter for letter in code.lower() if letter in ALPHABET)
    return token_hash(plain)
