"""One incident as it stands: what its events add up to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from tocsin.core.incident.lifecycle import State
from tocsin.core.plan.model import FactValue


class Clock(msgspec.Struct, frozen=True, kw_only=True):
    """A promise with a deadline; `ended_at` is when it was met, missed or dropped."""

    name: str
    started_at: datetime
    due: datetime
    strict: bool
    state: Literal["running", "met", "missed", "dropped"]
    line: int
    ended_at: datetime | None = None


class Fact(msgspec.Struct, frozen=True, omit_defaults=True):
    """The latest value of a named observation, with who said it and when; `before` it, another."""

    value: FactValue
    by: str
    at: datetime
    before: FactValue | None = None


class TaskState(msgspec.Struct, frozen=True, kw_only=True):
    """How far a task has come; `ticked` are the members done of a task with `each`."""

    state: Literal["open", "done", "waived", "dropped"]
    since: datetime
    ticked: tuple[str, ...] = ()
    choice: str = ""


class Watching(msgspec.Struct, frozen=True, kw_only=True):
    """A period in which things must stay well: since when, until when, and whether they did."""

    since: datetime
    until: datetime
    passed: bool = False
    failing: bool = False


class Wanted(msgspec.Struct, frozen=True):
    """Something that takes two people, and that one of them has asked for."""

    by: str
    at: datetime


class Restriction(msgspec.Struct, frozen=True, kw_only=True):
    """Who may read an incident, what others read as its title, and who broke the glass."""

    readers: tuple[str, ...]
    title: str
    line: int = 0
    broken_by: tuple[str, ...] = ()


class Published(msgspec.Struct, frozen=True, kw_only=True):
    """The latest update to an audience, `count` of them in all; `sent`: its readers were told.

    `promised`: it says that the next one comes at `next_at`.
    """

    update: str
    at: datetime
    by: str
    status: str
    subject: str
    text: str
    template: str = ""
    next_at: datetime | None = None
    promised: bool = False
    sent: bool = False
    count: int = 1


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """An update that waits for one of `approval`; `task` is the announcement that it is for."""

    audience: str
    at: datetime
    by: str
    status: str
    subject: str
    text: str
    template: str = ""
    next_at: datetime | None = None
    promised: bool = False
    approval: tuple[str, ...] = ()
    task: str = ""


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """A file that is kept with an incident; `hash` is the SHA-256 of its content, in hex."""

    id: int
    name: str
    media_type: str
    size: int
    hash: str
    by: str
    at: datetime


class Related(msgspec.Struct, frozen=True):
    """Another incident, and what this one is to it: see `relations.INVERSE`."""

    code: str
    relation: str


class Incident(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The fold of a timeline: everything in it follows from the events.

    `generation` rises with every change that arms or disarms something, so that work prepared
    for an older one is recognised as stale (invariant C3). `told` maps keys of escalation steps
    to the severity under which they were taken last. `called` are the people paged so far,
    `escalated` says that somebody beyond the first page was called, `unreached` that pages were due
    and none has reached anybody. `asked` are recipients whom a person has asked for and who have
    not been called yet. `others` is how many incidents were open when this one opened, `status`
    the word of the last update. `moments` holds the latest instant of everything that clauses may
    count from ("opened", "phase recovery", "done duty/users"); `tasks` those that were armed.
    `first_acknowledged_at` stays, whatever is given back or reopened later.
    `holders` maps roles to the people who hold them, `shadows` to those who look on, `vacated` to
    whoever held a role last that nobody holds now. `doubts` are facts stated as in doubt; they are
    not among `facts`. `modes_off` are modes that a person ended, which then do not start by
    themselves. `wanted_by_one` are acts that need a second person, by verb and object;
    `floors_waived` the severities' floors that do not hold here.
    `updates` holds the latest update to each audience, `proposals` those that wait for approval,
    `unwritten` the announcements that Tocsin could not write by itself, and since when.
    `pinned` are numbers of timeline entries; `merged_into` is the incident that this one turned out
    to be, `merged_number` its number, `absorbed` those that turned out to be this one.
    `phase` is where the work stands, `parallel` what was entered beside it, `changed_at` the last
    event.
    """

    id: int
    code: str
    title: str
    state: State
    severity: str
    severity_confirmed: bool
    severity_why: str
    plan: str
    opened_at: datetime
    escalating_since: datetime
    group: str = ""
    incident_kind: str = ""
    channel: str = ""
    exercise: bool = False
    generation: int = 1
    facts: Mapping[str, Fact] = {}
    clocks: tuple[Clock, ...] = ()
    told: Mapping[str, str] = {}
    last_paged_at: datetime | None = None
    asked: tuple[str, ...] = ()
    unreached: bool = False
    called: tuple[str, ...] = ()
    escalated: bool = False
    alarms: int = 0
    alarmed_at: datetime | None = None
    acknowledged_by: str = ""
    acknowledged_at: datetime | None = None
    first_acknowledged_at: datetime | None = None
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    alerts_total: int = 0
    alerts_firing: int = 0
    holders: Mapping[str, tuple[str, ...]] = {}
    shadows: Mapping[str, tuple[str, ...]] = {}
    vacated: Mapping[str, str] = {}
    doubts: Mapping[str, Fact] = {}
    modes_off: tuple[str, ...] = ()
    false_alarm: bool = False
    wanted_by_one: Mapping[str, Wanted] = {}
    floors_waived: tuple[str, ...] = ()
    restricted: Restriction | None = None
    phase: str = ""
    mode: str = ""
    status: str = ""
    others: int = 0
    parallel: tuple[str, ...] = ()
    changed_at: datetime | None = None
    watches: Mapping[str, Watching] = {}
    moments: Mapping[str, datetime] = {}
    tasks: Mapping[str, TaskState] = {}
    updates: Mapping[str, Published] = {}
    proposals: Mapping[str, Proposal] = {}
    updates_total: int = 0
    unwritten: Mapping[str, datetime] = {}
    severities_held: tuple[str, ...] = ()
    attachments: tuple[Attached, ...] = ()
    pinned: tuple[int, ...] = ()
    links: tuple[Related, ...] = ()
    merged_into: str = ""
    merged_number: int = 0
    absorbed: tuple[str, ...] = ()

    @property
    def roles(self) -> dict[str, str]:
        """Who holds which role; the first one, where several hold it."""
        return {role: people[0] for role, people in self.holders.items() if people}

    def held_by(self, person: str) -> tuple[str, ...]:
        """Return the roles that a person holds."""
        return tuple(role for role, people in self.holders.items() if person in people)

    def running(self) -> tuple[Clock, ...]:
        """Return the clocks that still run, soonest first."""
        return tuple(sorted((c for c in self.clocks if c.state == "running"), key=lambda c: c.due))

    def fact_values(self) -> dict[str, FactValue]:
        """Return the facts as conditions see them."""
        return {name: fact.value for name, fact in self.facts.items()}
