"""What comes after and between incidents, in its normal form."""

from datetime import date, timedelta
from typing import Literal

import msgspec

from tocsin.core.times import AnyTime

Kind = Literal["drill", "chaos", "review", "audit", "report", "training"]
EXERCISES = frozenset({"drill", "chaos"})
"""The kinds that are practice, and what a plan's number of drills a year counts."""


class Postmortem(msgspec.Struct, frozen=True, kw_only=True):
    """How incidents are gone over; `tasks` are its steps. `longest_minutes` 0: no limit.

    `blameless`: wording that blames is pointed out. `unsettled`: the plan does not say which
    incidents need one, so all do.
    """

    line: int
    severities: tuple[str, ...] = ()
    peak: bool = True
    unsettled: bool = False
    longest_minutes: float = 0
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    document: str = ""
    sections: tuple[str, ...] = ()
    must_say: tuple[tuple[str, str], ...] = ()
    blameless: bool = False
    tasks: tuple[str, ...] = ()


class DocumentRule(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of document, where it is kept and what stands in it."""

    id: str
    name: str
    line: int
    path: str = ""
    template: str = ""
    sections: tuple[str, ...] = ()
    audience: str = ""
    avoid: tuple[str, ...] = ()
    tasks: tuple[str, ...] = ()


class ItemPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of action items; `due_by_priority` gives the date of one that has none."""

    line: int
    owner_required: bool = False
    due_required: bool = False
    evidence_required: bool = False
    due_by_priority: tuple[tuple[str, AnyTime], ...] = ()
    classes: tuple[tuple[str, bool], ...] = ()
    remind_every: timedelta | None = None
    escalate_to: str = ""
    check_effect: AnyTime | None = None
    vague: tuple[str, ...] = ()


class Metric(msgspec.Struct, frozen=True, kw_only=True):
    """A figure: the time from a moment to another, a number fact, or a share of a period.

    A span of time should be at most `limit`, a number at most (a share at least) `target`; without
    one no verdict is given.
    `stated` names the fact that holds the starting time instead of a moment.
    """

    id: str
    name: str
    line: int
    starts: str = ""
    stated: str = ""
    ends: str = ""
    fact: str = ""
    uptime: bool = False
    limit: timedelta | None = None
    target: float | None = None
    goal: float | None = None
    severities: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    only_when: str = ""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """What an experiment expects: an alert, how soon, and how soon things are well again."""

    alert: str = ""
    within: timedelta | None = None
    recovers: timedelta | None = None


class Recurring(msgspec.Struct, frozen=True, kw_only=True):
    """Something done once in every period of `months` or `weeks`; both 0: the plan does not say.

    `quarter` 1-4: once a year, in that quarter. With weeks, periods count from `first`; periods
    that begin before `first` do not count.
    """

    id: str
    name: str
    kind: Kind
    line: int
    months: int = 0
    weeks: int = 0
    quarter: int = 0
    first: date | None = None
    type: str = ""
    scenario: str = ""
    environment: Literal["staging", "production", "none"] = "none"
    safeguards: tuple[str, ...] = ()
    abort_when: str = ""
    hypothesis: str = ""
    fault: str = ""
    expects: Expected | None = None
    satisfies: tuple[str, ...] = ()
    document: str = ""
    assessment: str = ""
    metrics: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    audience: str = ""
    avoid: tuple[str, ...] = ()
    covers: tuple[str, ...] = ()
    by: str = ""
    approve: str = ""


class Assessment(msgspec.Struct, frozen=True, kw_only=True):
    """The form by which drills are judged."""

    id: str
    line: int
    types: tuple[str, ...] = ()
    sections: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    ratings: tuple[str, ...] = ()


class Afterwards(msgspec.Struct, frozen=True, kw_only=True):
    """All of it; `programme` holds what recurs, reports and reviews of items included."""

    postmortem: Postmortem | None = None
    documents: tuple[DocumentRule, ...] = ()
    action_items: ItemPolicy | None = None
    metrics: tuple[Metric, ...] = ()
    programme: tuple[Recurring, ...] = ()
    assessments: tuple[Assessment, ...] = ()
