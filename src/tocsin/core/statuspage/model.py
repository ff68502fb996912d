"""What the status page knows, and what it shows. Everything here may be read by anybody."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Literal

import msgspec

PageState = Literal["operational", "maintenance", "degraded", "partial", "major"]
Impact = Literal["none", "minor", "major", "critical"]
Indicator = Literal["none", "minor", "major", "critical", "maintenance"]
WindowState = Literal["scheduled", "in_progress", "completed", "cancelled"]

ORDER: tuple[PageState, ...] = ("operational", "maintenance", "degraded", "partial", "major")
"""From the best to the worst."""

WHOLE = ""
"""Stands in claims for all of it, where no component by name is impaired."""

DOWNTIME: frozenset[PageState] = frozenset({"partial", "major"})
"""States in which people cannot do what they came for."""

WORDS: Mapping[PageState, str] = {
    "operational": "Operational",
    "maintenance": "Under maintenance",
    "degraded": "Degraded performance",
    "partial": "Partial outage",
    "major": "Major outage",
}


def worst(*states: PageState) -> PageState:
    """Return the worst of several states; without any, all is well."""
    return max(states, key=ORDER.index, default="operational")


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """A component as the page shows it; `group` is "" for one that stands alone."""

    id: str
    name: str
    group: str = ""


class Claim(msgspec.Struct, frozen=True, kw_only=True):
    """From `at` on, `source` (an incident) says that a component is in `state`."""

    component: str
    source: str
    state: PageState
    at: datetime


class Publication(msgspec.Struct, frozen=True, kw_only=True):
    """Something the page says of an incident. `over`: the trouble had ended when it was said.

    `incident` is the name that the public knows the incident by; it tells nothing of its code.
    `ways` are the subscriptions by which readers hear of it. `id` is 0 until it is stored.
    """

    incident_id: int
    number: int
    at: datetime
    status: str
    title: str
    text: str
    impact: Impact
    components: tuple[str, ...] = ()
    over: bool = False
    ways: tuple[str, ...] = ()
    incident: str = ""
    id: int = 0


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """Something said about planned work."""

    at: datetime
    status: str
    text: str


class Window(msgspec.Struct, frozen=True, kw_only=True):
    """Planned work in [`starts_at`, `ends_at`): nothing else says whether it runs.

    Starting or completing it by hand moves the edge; `state` tells what was said of it last.
    """

    id: int
    title: str
    text: str
    components: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    state: WindowState = "scheduled"
    updates: tuple[Said, ...] = ()
    made_by: str = ""
    made_at: datetime

    def state_at(self, now: datetime) -> WindowState:
        """Return whether it is ahead, runs, is done, or was called off."""
        if self.state == "cancelled":
            return "cancelled"
        if now < self.starts_at:
            return "scheduled"
        return "in_progress" if now < self.ends_at else "completed"


class Span(msgspec.Struct, frozen=True):
    """A component was in `state` in [`start`, `end`)."""

    start: datetime
    end: datetime
    state: PageState


class Day(msgspec.Struct, frozen=True, kw_only=True):
    """One bar: a day of the page's zone; `worst` is None before the first record.

    Seconds: `down` of an outage, `degraded` and `maintenance` of the like, `counted` those by which
    the uptime is reckoned.
    """

    day: date
    worst: PageState | None
    down: int = 0
    degraded: int = 0
    maintenance: int = 0
    counted: int = 0

    @property
    def uptime(self) -> float | None:
        """The part of the counted time without an outage, from 0 to 1; None if nothing counts."""
        return None if not self.counted else 1 - self.down / self.counted


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A component with its present and its past; `because` names what it suffers from.

    `uptime` is that of the whole history, `trend` how much it differs from the half before.
    """

    id: str
    name: str
    group: str
    state: PageState
    since: datetime
    days: tuple[Day, ...]
    uptime: float | None
    trend: float | None
    because: tuple[str, ...] = ()


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Components that belong together, and how they are as a whole."""

    id: str
    name: str
    state: PageState
    components: tuple[Component, ...]


class Incident(msgspec.Struct, frozen=True, kw_only=True):
    """All that was published of one incident, the newest entry first."""

    id: str
    title: str
    impact: Impact
    status: str
    started_at: datetime
    resolved_at: datetime | None
    components: tuple[str, ...]
    entries: tuple[Publication, ...]


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The whole page. `url` is its public address, `subscribe` that of the form, "" for none.

    `alone` are components outside groups; `windows` are all that are not yet forgotten.
    """

    name: str
    url: str
    zone: str
    now: datetime
    since: datetime
    changed_at: datetime
    indicator: Indicator
    sentence: str
    groups: tuple[Group, ...] = ()
    alone: tuple[Component, ...] = ()
    incidents: tuple[Incident, ...] = ()
    windows: tuple[Window, ...] = ()
    history_days: int = 90
    subscribe: str = ""
    ways: tuple[str, ...] = ()

    @property
    def components(self) -> tuple[Component, ...]:
        """All components in the order of the page."""
        return (*(c for group in self.groups for c in group.components), *self.alone)

    @property
    def open_incidents(self) -> tuple[Incident, ...]:
        """What is not over, the newest first."""
        return tuple(one for one in self.incidents if one.resolved_at is None)

    def named(self, component: str) -> str:
        """Return the public name of a component, "" for one that is not shown."""
        return next((one.name for one in self.components if one.id == component), "")
