"""Letting people in: each way proves who somebody is, is counted when it fails, and is audited.

Whoever guesses learns nothing: an unknown name, a person without a password and a wrong password
get the same answer after the same work.
"""

from dataclasses import dataclass
from datetime import timedelta

import msgspec
from msgspec.structs import replace

from tocsin.core.access import PASSWORD_AT_MOST, person_named, person_vouched_for
from tocsin.engine.accounts import Credential, Session
from tocsin.engine.audit import Doer, audited
from tocsin.engine.ports import Transaction
from tocsin.web.access import token_hash
from tocsin.web.doing import again
from tocsin.web.oidc import FLOW_LASTS, Subject
from tocsin.web.sealed import sealed, unsealed
from tocsin.web.sessions import Visit, begin_session, open_session
from tocsin.web.signing_in import passkeys
from tocsin.web.signing_in.second_factor import totp_of, use_code
from tocsin.web.site import Web

SECOND_WITHIN = timedelta(minutes=5)
"""How long after the password the one-time code may come."""

WRONG = "Name or password is wrong."


@dataclass(frozen=True)
class Arrived:
    """Somebody is in: the token for their cookie, and the session."""

    token: str
    session: Session


@dataclass(frozen=True)
class SecondWanted:
    """The password was right; a one-time code is needed too. `proof` says so, for a while."""

    proof: str


@dataclass(frozen=True)
class TurnedAway:
    """Nobody got in: what to say, and after how many seconds it makes sense to try again."""

    said: str
    wait: int = 0

    @property
    def status(self) -> int:
        """The HTTP status that says so."""
        return 429 if self.wait else 403


class PasswordFile(msgspec.Struct):
    """What is kept of a password: the `data` of its credential."""

    hash: str


def by_link(web: Web, code: str, visit: Visit) -> Arrived | TurnedAway:
    """Let somebody in by a one-time code. A good one always works, whoever else guesses."""
    opened = again(lambda: open_session(web.world, code, visit))
    if opened is not None:
        return Arrived(*opened)
    keys = [f"address {visit.address}"]
    if wait := _waiting(web, keys):
        return TurnedAway(
            f"Too many codes were wrong. Try again in {wait} seconds; a good code works at once.",
            wait,
        )
    _failed(web, keys, visit, "", "by link")
    return TurnedAway(
        "This code is not known, or was used already, or is too old. Ask for a new one."
    )


def by_password(
    web: Web, name: str, password: str, browser: str, visit: Visit
) -> Arrived | SecondWanted | TurnedAway:
    """Let somebody in by a password, or ask for the second factor; raises TooBusy.

    `name` is a person's id or e-mail address; `browser` is what the sign-in form is bound to.
    """
    person = person_named(web.world.rules.organisation, name)
    whose = person.id if person is not None else name.strip().casefold()
    keys = [f"address {visit.address}", f"person {whose}"]
    if wait := _waiting(web, keys):
        return TurnedAway(
            f"Too many tries were wrong. Try again in {wait} seconds, or use another way.", wait
        )
    with web.world.store.read() as reading:
        kept = reading.credentials(person.id) if person is not None else []
    credential = next((one for one in kept if one.kind == "password"), None)
    file = msgspec.json.decode(credential.data, type=PasswordFile) if credential else None
    right = web.passwords.matches(password[: PASSWORD_AT_MOST + 1], file.hash if file else "")
    if not right or person is None or credential is None or file is None:
        _failed(web, keys, visit, person.id if person is not None else "", "by password")
        return TurnedAway(WRONG)
    if totp_of(kept) is not None:
        purpose = _second_purpose(browser)
        return SecondWanted(
            sealed(web.world.secret, purpose, web.world.now(), person.id, credential.id)
        )
    renewed = (
        PasswordFile(web.passwords.hashed(password)) if web.passwords.is_dated(file.hash) else file
    )
    person_id = person.id

    def enter() -> Arrived | TurnedAway:
        with web.world.store.write() as tx:
            if tx.credential(credential.id) is None:
                # It was changed while this one was checked, which ends what it had opened.
                return TurnedAway(WRONG)
            _used(web, tx, credential, msgspec.json.encode(renewed).decode())
            return Arrived(*begin_session(web.world, tx, person_id, "password", visit))

    return again(enter)


def by_second_factor(
    web: Web, proof: str, code: str, browser: str, visit: Visit
) -> Arrived | TurnedAway:
    """Let somebody in whose password was right, by a code of their app or a recovery code."""
    now = web.world.now()
    parts = unsealed(web.world.secret, _second_purpose(browser), proof, now, SECOND_WITHIN)
    if parts is None:
        return TurnedAway("That took too long. Begin again.")
    person, password_id = parts
    keys = [f"address {visit.address}", f"second {person}"]
    if wait := _waiting(web, keys):
        return TurnedAway(f"Too many codes were wrong. Try again in {wait} seconds.", wait)

    def enter() -> Arrived | None:
        doer = Doer(person, "page", visit.address)
        with web.world.store.write() as tx:
            password = tx.credential(password_id)
            if password is None or person not in web.world.rules.organisation.people:
                return None
            what = use_code(web.world, tx, person, code, doer)
            if not what:
                return None
            _used(web, tx, password, password.data)
            detail = f"by password and {what}"
            return Arrived(*begin_session(web.world, tx, person, "password", visit, detail))

    arrived = again(enter)
    if arrived is None:
        _failed(web, keys, visit, person, "by one-time code, after the right password")
        return TurnedAway("This code is wrong, or was used already. Wait for the next one.")
    return arrived


def by_passkey(web: Web, sent: str, browser: str, visit: Visit) -> Arrived | TurnedAway:
    """Let somebody in by a passkey. A good one always works, whoever else guesses."""

    def enter() -> Arrived:
        with web.world.store.write() as tx:
            passkey = passkeys.person_of(web.world, tx, browser, sent)
            if passkey.person not in web.world.rules.organisation.people:
                raise passkeys.BadPasskey("its person is no longer in the organisation file")
            detail = f"by passkey {passkey.name}"
            return Arrived(*begin_session(web.world, tx, passkey.person, "passkey", visit, detail))

    try:
        return again(enter)
    except passkeys.BadPasskey as bad:
        keys = [f"address {visit.address}"]
        if wait := _waiting(web, keys):
            return TurnedAway(f"Too many tries were wrong. Try again in {wait} seconds.", wait)
        _failed(web, keys, visit, "", f"by passkey: {bad}")
        return TurnedAway("This passkey does not open anything here. Try again, or another way.")


def by_provider(web: Web, subject: Subject, flow: str, visit: Visit) -> Arrived | TurnedAway:
    """Let somebody in whom the identity provider vouches for."""
    organisation = web.world.rules.organisation
    person = person_vouched_for(organisation, subject.subject, subject.email)
    if person is None:
        _failed(web, [f"address {visit.address}"], visit, "", f"by oidc: {subject.subject}")
        said = subject.email or "an address that it has not verified"
        return TurnedAway(
            f"The identity provider knows you ({said}), but the organisation file does not."
            " An administrator can add your e-mail address or `oidc` there."
        )

    def enter() -> Arrived | None:
        now = web.world.now()
        with web.world.store.write() as tx:
            if not tx.spend(token_hash(f"oidc {flow}"), now + FLOW_LASTS, now):
                return None
            return Arrived(*begin_session(web.world, tx, person.id, "oidc", visit))

    return again(enter) or TurnedAway("This answer was used already. Sign in again.")


def _used(web: Web, tx: Transaction, credential: Credential, data: str) -> None:
    """Note when a credential served last."""
    tx.change_credential(credential, replace(credential, data=data, used_at=web.world.now()))


def _second_purpose(browser: str) -> str:
    return f"second factor {browser}"


def _waiting(web: Web, keys: list[str]) -> int:
    now = web.world.now()
    return max(web.failed_sign_ins.wait(key, now) for key in keys)


def _failed(web: Web, keys: list[str], visit: Visit, person: str, detail: str) -> None:
    """Count a failure and audit it; those that follow a last one too many are not even tried."""
    now = web.world.now()
    for key in keys:
        web.failed_sign_ins.failed(key, now)
    act = "sign-in.throttled" if _waiting(web, keys) else "sign-in.failed"

    def note() -> None:
        with web.world.store.write() as tx:
            audited(tx, now, Doer("", "page", visit.address), act, person, detail)

    again(note)
