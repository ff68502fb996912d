"""Who leaves the organisation file: what they signed in with must open nothing for who comes next.

A file that lacks somebody by mistake is put right within hours, and must cost nobody their passkey
in the middle of an incident. An id that is given out again later belongs to somebody else.
"""

from datetime import datetime, timedelta

from tocsin.core.people import Organisation
from tocsin.engine.audit import Doer, Wanted, audited
from tocsin.engine.ports import Transaction

KEPT_FOR = timedelta(days=1)
"""Whoever is back by then finds everything as it was."""


def people_changed(
    tx: Transaction, before: Organisation | None, after: Organisation, now: datetime, by: Doer
) -> None:
    """Note who leaves, and forget what those who come once had, if that was long ago.

    To be called in the transaction that puts `after` in force instead of `before`.
    """
    if before is None:
        # The first one; or one that this version cannot read, which must cost nobody anything.
        return
    were = frozenset(before.people)
    for person in sorted(were - frozenset(after.people)):
        audited(tx, now, by, "person.left", person)
    for person in sorted(frozenset(after.people) - were):
        left = tx.acts(Wanted(act="person.left", about=person), None, 1)
        if not left or now - left[0].at >= KEPT_FOR:
            _forget(tx, person, now, by)


def _forget(tx: Transaction, person: str, now: datetime, by: Doer) -> None:
    """Forget credentials, sessions and links, and revoke keys; noted where there were any."""
    kept = tx.credentials(person)
    for credential in kept:
        tx.remove_credential(credential.id)
    keys = [key for key in tx.api_keys(person) if tx.revoke_api_key(key.id, now)]
    ended = tx.end_sessions(person)
    if kept or keys or ended:
        detail = f"{len(kept)} credentials, {len(keys)} keys, {ended} sessions of an earlier time"
        audited(tx, now, by, "person.forgotten", person, detail)
