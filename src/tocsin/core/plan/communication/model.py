"""Communication in its normal form: who is told what, how often, in which words, by whom."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

import msgspec

from tocsin.core.times import AnyTime, Unspecified

Visibility = Literal["public", "customers", "partners", "internal", "private"]
OUTSIDE: frozenset[str] = frozenset({"public", "customers", "partners"})
"""Visibilities with readers who are not of the organisation."""


class Audience(msgspec.Struct, frozen=True, kw_only=True):
    """A group of readers (C21); it is concerned by `severities` (empty: all) while `when` holds.

    With `topics` (components, facts, kinds) the incident must touch one of them as well.
    """

    id: str
    name: str
    line: int
    visibility: Visibility = "internal"
    to: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    when: str = ""
    silent_close: Literal["refused", "flagged", "allowed"] = "flagged"

    @property
    def outside(self) -> bool:
        """Whether people outside the organisation read along."""
        return self.visibility in OUTSIDE


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A way to talk or tell (C22); `instead` takes its place when what it needs is down.

    `name` is a pattern where `kind` is "per-incident".
    """

    id: str
    line: int
    name: str = ""
    kind: str = "fixed"
    address: str = ""
    depends_on: tuple[str, ...] = ()
    instead: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    when: str = ""
    tiers: tuple[str, ...] = ()


class Cadence(msgspec.Struct, frozen=True, kw_only=True):
    """How often one audience hears how things stand (C23), and when the rule counts.

    `every` `Never`: no updates are promised. `first` is the limit of the first one after the
    opening. `promised`: each update says when the next one comes. No clock runs once the moment
    `until` has come. `before`: ids over which it prevails; "all" for every other one.
    """

    id: str
    audience: str
    line: int
    every: AnyTime = Unspecified()
    first: AnyTime | None = None
    promised: bool = False
    severities: tuple[str, ...] = ()
    when: str = ""
    during: tuple[str, ...] = ()
    while_status: tuple[str, ...] = ()
    after: timedelta | None = None
    until: str = "resolved"
    template: str = ""
    before: tuple[str, ...] = ()
    remind: str = ""

    @property
    def specificity(self) -> int:
        """How special the case is for which the rule is made: the more special one counts."""
        if self.during:
            return 3
        if self.when or self.while_status or self.after is not None:
            return 2
        return 1 if self.severities else 0


class TemplateField(msgspec.Struct, frozen=True, kw_only=True):
    """Something filled in: from a `origin`, or asked of whoever publishes.

    `fallback` None: there is none. `optional`: while unknown, its line is left out.
    """

    name: str
    line: int
    origin: str = ""
    ask: str = ""
    one_of: tuple[str, ...] = ()
    fallback: str | None = None
    optional: bool = False
    max_length: int = 0


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """A case of a template: values by field or origin, and the whole text that they give."""

    values: Mapping[str, str]
    reads: str
    line: int


class Template(msgspec.Struct, frozen=True, kw_only=True):
    """How a message is written (C25): text with `{{ name }}`; `file` holds it where text is empty.

    It is for `audiences`, `severities` (empty: all) and incidents of which `when` holds.
    `display` is how it shows severities (`{code} {name}`), "" for as the plan does.
    """

    id: str
    line: int
    audiences: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    when: str = ""
    subject: str = ""
    text: str = ""
    file: str = ""
    fields: Mapping[str, TemplateField] = {}
    literal: tuple[str, ...] = ()
    display: str = ""
    status: str = ""
    max_length: int = 0
    must_say: tuple[str, ...] = ()
    example: Example | None = None


class PublishingRule(msgspec.Struct, frozen=True, kw_only=True):
    """Who may tell `audiences` (empty: all) something, and within which limits (C24).

    `automatic` None: the rule does not say. Without `only_when` nothing is in the way.
    """

    line: int
    audiences: tuple[str, ...] = ()
    severities: tuple[str, ...] = ()
    when: str = ""
    components: tuple[str, ...] = ()
    may: tuple[str, ...] = ()
    approved_by: tuple[str, ...] = ()
    two_people: bool = False
    automatic: bool | None = None
    only_when: str = ""
    never: tuple[str, ...] = ()
    avoid: tuple[str, ...] = ()
    max_length: int = 0


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """A task that is done by publishing; `automatic`: Tocsin does it where it may."""

    task: str
    audience: str
    line: int
    at: str
    template: str = ""
    automatic: bool = False


class Subscription(msgspec.Struct, frozen=True, kw_only=True):
    """A way in which readers of the status page hear of changes."""

    by: str
    line: int
    severities: tuple[str, ...] = ()
    tiers: tuple[str, ...] = ()
    confirmed: bool = True
    of: str = "affected components"


class Maintenance(msgspec.Struct, frozen=True, kw_only=True):
    """What is different in planned work; `announce` None: the plan does not say how early."""

    announce: timedelta | None = None
    counts_as_downtime: bool = False
    suppresses_alerts: bool = True


class StatusPage(msgspec.Struct, frozen=True, kw_only=True):
    """The page on which everybody sees how things are (C44); `audience` reads it.

    Only incidents of `severities` (empty: all) and of which `when` holds are shown on it.
    """

    line: int
    url: str = ""
    audience: str = ""
    severities: tuple[str, ...] = ()
    when: str = ""
    autopublish: bool = False
    template: str = ""
    components: Mapping[str, tuple[str, ...]] = {}
    history: timedelta | None = None
    subscriptions: tuple[Subscription, ...] = ()
    maintenance: Maintenance | None = None


class Prepared(msgspec.Struct, frozen=True, kw_only=True):
    """An answer of support: a template, and the incidents that it is for."""

    id: str
    template: str
    line: int
    when: str = ""


class Support(msgspec.Struct, frozen=True, kw_only=True):
    """What customers get from support (C45); `lines` maps tiers to whom they speak to."""

    line: int
    audience: str = ""
    prepared: tuple[Prepared, ...] = ()
    lines: Mapping[str, str] = {}
    otherwise: str = ""
    tasks: tuple[str, ...] = ()

    def spoken_to_by(self, tier: str) -> str:
        """Return the role or recipient whom customers of a tier speak to; "" if none is named."""
        return self.lines.get(tier, self.otherwise)


class Communication(msgspec.Struct, frozen=True, kw_only=True):
    """All of it. `statuses` maps each status to those that may follow; empty: any word goes."""

    audiences: Mapping[str, Audience] = {}
    channels: Mapping[str, Channel] = {}
    statuses: Mapping[str, tuple[str, ...]] = {}
    cadences: tuple[Cadence, ...] = ()
    templates: Mapping[str, Template] = {}
    publishing: tuple[PublishingRule, ...] = ()
    announcements: tuple[Announcement, ...] = ()
    status_page: StatusPage | None = None
    support: Support | None = None

    def recipients(self) -> set[str]:
        """Every recipient that an audience or a line of support names."""
        named = {to for audience in self.audiences.values() for to in audience.to}
        named |= {cadence.remind for cadence in self.cadences if cadence.remind}
        named |= {to for rule in self.publishing for to in (*rule.may, *rule.approved_by)}
        if self.support is not None:
            named |= {to for to in (*self.support.lines.values(), self.support.otherwise) if to}
        return named
