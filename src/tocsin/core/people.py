"""Who is there to be reached: the organisation file, as a value."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tocsin.core.delivery import Contact

Access = Literal["viewer", "responder", "commander", "administrator", "auditor"]


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with contacts, in the order in which they are to be tried.

    `qualifications` are what plans may ask for in whoever holds a role. `oidc` is what the identity
    provider calls this person (the subject), "" if they are found by their e-mail address.
    """

    id: str
    name: str
    contacts: tuple[Contact, ...]
    access: Access = "responder"
    qualifications: tuple[str, ...] = ()
    oidc: str = ""
    line: int = 0


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """For [start, end), two instants in UTC, the shift is somebody else's.

    `line` says where the organisation file writes it; `made` is the id of one that somebody made
    while the roster ran (`core.overrides`), 0 for one of the file.
    """

    start: datetime
    end: datetime
    person: str
    line: int = 0
    made: int = 0


class Roster(msgspec.Struct, frozen=True, kw_only=True):
    """A rotation: everyone in turn for `weeks` weeks, without beginning or end.

    The first person's turn begins at the handover in the week, Monday to Sunday, that holds the
    date `first_week` ("YYYY-MM-DD"). `handover_weekday` counts Monday as 0; `handover_time` is
    "HH:MM" on the clocks of `time_zone`. Overrides are looked at last to first: the later one in
    the file wins. `core.oncall` says who is on call.
    """

    id: str
    time_zone: str
    rotation: tuple[str, ...]
    handover_weekday: int
    handover_time: str
    first_week: str
    weeks: int = 1
    overrides: tuple[Override, ...] = ()
    line: int = 0


class Recipient(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever a page or notice may be addressed to: a roster, people, or an audience's contacts."""

    id: str
    roster: str = ""
    people: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    line: int = 0


class Integration(msgspec.Struct, frozen=True, kw_only=True):
    """One machine that may send signals; `owner` is the recipient told when it sends nonsense.

    One that gives heartbeats gives one `every` so often, at most `grace` late; its silence is an
    alert with these `labels`.
    """

    id: str
    source: str
    owner: str = ""
    key_version: int = 1
    every: timedelta = timedelta(0)
    grace: timedelta = timedelta(0)
    labels: Mapping[str, str] = {}
    line: int = 0


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation file that was read without errors. `version` is the hash of its text.

    `webhooks` maps a name used in contacts to (url, secret); both may be `env:NAME`.
    `github` maps one to (owner/repository, `env:NAME` of the token, labels, address of the API).
    """

    name: str
    version: str
    time_zone: str
    people: Mapping[str, Person]
    rosters: Mapping[str, Roster]
    recipients: Mapping[str, Recipient]
    integrations: Mapping[str, Integration]
    last_resort: str = ""
    webhooks: Mapping[str, tuple[str, str]] = {}
    slack: Mapping[str, str] = {}
    github: Mapping[str, tuple[str, str, tuple[str, ...], str]] = {}
