"""Changes to what is run, as a machine reports them: what was rolled out where, when, by whom."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta

import msgspec

LOOKED_BACK = timedelta(hours=24)
"""Changes so long before an incident opened may have to do with it."""

SHOWN = 50
"""So many changes before the opening, and so many after it, are shown of one incident."""


class Deployment(msgspec.Struct, frozen=True, kw_only=True):
    """One change; `key` tells it apart within its integration, so that news of it is no second.

    `at` is when it came to be in its `state` (a word of its source: `success`, `failure`);
    `link` begins with http:// or https://, or is "". `id` is 0 before it is stored.
    """

    id: int = 0
    integration: str
    key: str
    at: datetime
    service: str
    environment: str = ""
    version: str = ""
    title: str = ""
    by: str = ""
    link: str = ""
    state: str = ""
    received_at: datetime


class NotUnderstood(msgspec.Struct, frozen=True):
    """Why a report of changes could not be read, and what would be."""

    what: str
    hint: str


class RecentChange(msgspec.Struct, frozen=True, kw_only=True):
    """A change near an incident: `distance` from its opening, `before` or after it.

    `concerns`: it changed something that the incident is known to be about.
    """

    deployment: Deployment
    concerns: bool
    before: bool
    distance: timedelta


def near(
    deployments: Iterable[Deployment], opened_at: datetime, about: Collection[str]
) -> tuple[RecentChange, ...]:
    """Return changes as a responder looks for them: before the opening nearest first, then after.

    `about` are names of what the incident is about, in any case; see `named`.
    """
    names = {named(name) for name in about} - {""}
    found = [
        RecentChange(
            deployment=one,
            concerns=named(one.service) in names,
            before=one.at <= opened_at,
            distance=abs(opened_at - one.at),
        )
        for one in deployments
    ]
    return tuple(sorted(found, key=lambda one: (not one.before, one.distance, one.deployment.id)))


def named(name: str) -> str:
    """Return a name such that `Checkout API`, `checkout-api` and `org/checkout_api` are one."""
    last = name.casefold().rpartition("/")[2]
    return "".join(ch for ch in last if ch.isalnum())
