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


class Fact(msgspec.Struct, frozen=True):
    """The latest value of a named observation, with who said it and when."""

    value: FactValue
    by: str
    at: datetime


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """The fold of a timeline: everything in it follows from the events.

    `generation` rises with every change that arms or disarms something, so that work prepared
    for an older one is recognised as stale (invariant C3). `told` maps keys of escalation steps
    to the severity under which they were taken last. `called` are the people paged so far,
    `escalated` says that somebody beyond the first page was called, `unreached` that pages were due
    and none has reached anybody. `asked` are recipients whom a person has asked for and who have
    not been called yet.
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
    resolved_at: datetime | None = None
    closed_at: datetime | None = None
    alerts_total: int = 0
    alerts_firing: int = 0
    roles: Mapping[str, str] = {}

    def running(self) -> tuple[Clock, ...]:
        """Return the clocks that still run, soonest first."""
        return tuple(sorted((c for c in self.clocks if c.state == "running"), key=lambda c: c.due))

    def fact_values(self) -> dict[str, FactValue]:
        """Return the facts as conditions see them."""
        return {name: fact.value for name, fact in self.facts.items()}
