"""Who did what outside of incidents: the audit, which is written and never changed.

Timelines say themselves who did what in an incident. Everything else that somebody may have to
answer for is noted here, in the transaction that does it: either both are kept or neither is.
No secret ever stands in it: no password, no code, no key, no token.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import msgspec

ACTS: Mapping[str, str] = {
    "sign-in.good": "signed in",
    "sign-in.break-glass": "broke the glass to sign in",
    "sign-in.failed": "failed to sign in",
    "sign-in.throttled": "failed too often to sign in",
    "sign-in.link": "made a sign-in link",
    "sign-out": "signed out",
    "session.ended": "ended a session",
    "password.set": "set a password",
    "password.removed": "removed a password",
    "totp.set": "set up one-time codes",
    "totp.removed": "removed one-time codes",
    "recovery.set": "made recovery codes",
    "recovery.used": "used up a recovery code",
    "passkey.added": "added a passkey",
    "passkey.removed": "removed a passkey",
    "key.made": "made a key",
    "key.revoked": "revoked a key",
    "rules.applied": "put rules in force",
    "person.left": "took somebody out of the organisation file",
    "person.forgotten": "brought an id back, for which nobody's old ways in count",
    "override.made": "made an override",
    "override.removed": "removed an override",
    "maintenance.planned": "planned a maintenance window",
    "maintenance.changed": "changed a maintenance window",
    "status-page.link": "made a new link to the private status page",
    "audit.exported": "exported the audit",
    "incident.exported": "exported an incident",
    "incident.break-glass": "broke the glass to read an incident",
    "test.sent": "sent a test message",
    "integration.key-shown": "had the key of an integration shown",
    "integration.sent": "sent an alert by hand",
}
"""Act -> what the audit page says of it, after the name of whoever did it.

Whoever audits something new adds a line here.
"""


class Doer(msgspec.Struct, frozen=True):
    """Who does something: a person's id, `operator`, `tocsin`, or "" for somebody unknown.

    `via` is `page`, `api`, `cli`, `key ID` or `file`; `address` is where from, "" if it is not
    known. `tocsin.web.access.doer` makes one of a request.
    """

    by: str
    via: str = ""
    address: str = ""


class Act(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the audit. `id` is 0 for one that is not stored yet, and rises.

    `about` is what it was done to (a person's id, a key's id, an incident's code, a roster's id),
    "" if to nothing in particular; `detail` says more, for people.
    """

    id: int = 0
    at: datetime
    by: str
    via: str
    act: str
    about: str = ""
    detail: str = ""
    address: str = ""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """Which acts are wanted; "" and None want all.

    `act` may also be the part before the dot (`sign-in` wants all of these). They happened at
    `since` or later, and before `until`.
    """

    by: str = ""
    act: str = ""
    about: str = ""
    since: datetime | None = None
    until: datetime | None = None


class AuditReading(Protocol):
    """What can be asked of the audit."""

    def acts(self, wanted: Wanted, before: int | None, limit: int) -> list[Act]:
        """Return acts, newest first, with id < `before`."""


class AuditWriting(Protocol):
    """How the audit grows."""

    def keep_act(self, act: Act) -> None:
        """Add one."""


def audited(
    tx: AuditWriting, at: datetime, doer: Doer, act: str, about: str = "", detail: str = ""
) -> None:
    """Note in this transaction that `doer` did `act`, one of ACTS.

    Raises KeyError for an act that ACTS does not know.
    """
    if act not in ACTS:
        raise KeyError(act)
    tx.keep_act(
        Act(
            at=at,
            by=doer.by,
            via=doer.via,
            act=act,
            about=about,
            detail=detail,
            address=doer.address,
        )
    )
