"""Setting one's own password, and doing without one."""

from secrets import token_hex

import msgspec

from tocsin.core.access import wrong_password
from tocsin.core.people import Person
from tocsin.engine.accounts import Credential
from tocsin.engine.audit import Doer, audited
from tocsin.web.access import PersonCaller
from tocsin.web.doing import again
from tocsin.web.passwords import TooBusy
from tocsin.web.problems import Trouble, unavailable
from tocsin.web.signing_in.arriving import PasswordFile
from tocsin.web.site import Web


def set_password(web: Web, caller: PersonCaller, doer: Doer, password: str, repeated: str) -> int:
    """Set a person's password and end their other sessions; return how many.

    Raises Trouble for one that will not do.
    """
    if password != repeated:
        hint = "type the same twice"
        raise Trouble(422, "password.differs", "the two passwords are not the same", hint)
    if wrong := wrong_password(password, _about(web, caller.person)):
        hint = "take a sentence, or what a password manager makes"
        raise Trouble(422, "password.weak", f"this password will not do: {wrong}", hint)
    try:
        hashed = web.passwords.hashed(password)
    except TooBusy:
        raise unavailable("very many passwords are being checked just now") from None
    person = caller.person.id
    now = web.world.now()
    new = Credential(
        id=f"password-{token_hex(10)}",
        person=person,
        kind="password",
        data=msgspec.json.encode(PasswordFile(hashed)).decode(),
        created_at=now,
    )

    def keep() -> int:
        with web.world.store.write() as tx:
            tx.remove_credentials(person, "password")
            tx.keep_credential(new)
            ended = tx.end_sessions(person, caller.token_hash)
            detail = f"{ended} other sessions ended" if ended else ""
            audited(tx, now, doer, "password.set", person, detail)
            return ended

    return again(keep)


def remove_password(web: Web, caller: PersonCaller, doer: Doer) -> None:
    """Forget a person's password."""
    person = caller.person.id

    def remove() -> None:
        with web.world.store.write() as tx:
            if tx.remove_credentials(person, "password"):
                audited(tx, web.world.now(), doer, "password.removed", person)

    again(remove)


def _about(web: Web, person: Person) -> list[str]:
    """Return what everybody knows of a person."""
    addresses = [one.address for one in person.contacts]
    return [person.id, person.name, web.world.rules.organisation.name, *addresses]
