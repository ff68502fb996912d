"""One incident with everything around it, read in one view: what its page and its document show."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from tocsin.core.incident.confidential import covered
from tocsin.core.incident.escalation import Ahead, alarm_at, steps_ahead
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.record import Entry
from tocsin.engine.ports import Alert, Delivery, Kept, Reading, Summary
from tocsin.engine.quiet import Spell
from tocsin.engine.world import World
from tocsin.web.access import Caller, IntegrationCaller, Operator, may_read

ALERTS_SHOWN = 100
ENTRIES_AT_ONCE = 10_000

ENDS = ("task_done", "task_waived")
"""Kinds of events that say who has ended a task, and why."""

CALLS = ("told", "nobody_reached", "acknowledged", "released", "reopened", "alarmed")
"""Kinds of events of which a ladder is made."""


@dataclass(frozen=True)
class Row:
    """An incident in a list, with the plan that rules it."""

    incident: Incident
    plan: Plan
    entries: int
    look_again_at: datetime | None

    @property
    def severity_name(self) -> str:
        """What the plan calls the incident's severity."""
        return self.plan.severity(self.incident.severity).name


@dataclass(frozen=True)
class Room(Row):
    """An incident with its timeline, its messages, its alerts and the plan's next steps.

    `timeline` is the part that was asked for; `calls` are those entries of the whole that tell who
    was called, `ends` those that tell how tasks ended, and `moments` the pinned ones. `quiet`
    tells, by the alert's id, of those that planned maintenance has kept quiet.
    """

    head: bytes
    timeline: tuple[Entry, ...]
    calls: tuple[Entry, ...]
    ends: tuple[Entry, ...]
    moments: tuple[Entry, ...]
    deliveries: tuple[Delivery, ...]
    alerts: tuple[Alert, ...]
    ahead: tuple[Ahead, ...]
    alarm_at: datetime | None
    quiet: Mapping[int, Spell] = field(default_factory=dict)


Part = Callable[[Reading, Kept], list[Entry]]
"""Reads the wanted part of a timeline, in order."""


def open_room(world: World, code: str, part: Part | None = None) -> Room | None:
    """Return the incident with that code and everything around it, None if there is none.

    Of the timeline the room has the `part` that is wanted; the whole one if that is None.
    """
    with world.store.read() as reading:
        kept = reading.incident(code)
        if kept is None:
            return None
        timeline = (part or whole_timeline)(reading, kept)
        calls = reading.timeline_of(kept.incident.id, CALLS)
        ends = reading.timeline_of(kept.incident.id, ENDS)
        moments = reading.timeline_entries(kept.incident.id, kept.incident.pinned)
        deliveries = reading.deliveries(kept.incident.id)
        alerts = reading.alerts(kept.incident.id, None, ALERTS_SHOWN)
        quiet = reading.spells([one.id for one in alerts])
    plan = world.rules.plan_of(kept.incident.plan)
    return Room(
        incident=kept.incident,
        plan=plan,
        entries=kept.entries,
        look_again_at=kept.look_again_at,
        head=kept.head,
        timeline=tuple(timeline),
        calls=tuple(calls),
        ends=tuple(ends),
        moments=tuple(moments),
        deliveries=tuple(deliveries),
        alerts=tuple(alerts),
        ahead=tuple(steps_ahead(plan, kept.incident)),
        alarm_at=alarm_at(plan, kept.incident),
        quiet=quiet,
    )


def whole_timeline(reading: Reading, kept: Kept) -> list[Entry]:
    """Return all entries, however many there are."""
    entries: list[Entry] = []
    while more := reading.timeline(kept.incident.id, len(entries), ENTRIES_AT_ONCE):
        entries += more
        if len(more) < ENTRIES_AT_ONCE:
            break
    return entries


def newest(count: int) -> Part:
    """Read the last entries of a timeline only."""
    return lambda reading, kept: reading.timeline_before(kept.incident.id, kept.entries + 1, count)[
        ::-1
    ]


def since(number: int) -> Part:
    """Read what came after entry `number`, 10,000 of them at most."""
    return lambda reading, kept: reading.timeline(kept.incident.id, number, ENTRIES_AT_ONCE)


def rows(world: World, states: Collection[str], before: int | None, limit: int) -> list[Row]:
    """Return incidents in those states (all if empty), newest first."""
    with world.store.read() as reading:
        found = reading.incidents(states, before, limit)
    return [row_of(world, summary) for summary in found]


def row_of(world: World, summary: Summary) -> Row:
    """Put an incident together with the plan that rules it."""
    plan = world.rules.plan_of(summary.incident.plan)
    return Row(summary.incident, plan, summary.entries, summary.look_again_at)


def covered_room(room: Room) -> Room:
    """Return a restricted incident as it is shown to whoever may not read it."""
    return replace(
        room,
        incident=covered(room.incident),
        timeline=(),
        calls=(),
        ends=(),
        moments=(),
        deliveries=(),
        alerts=(),
        ahead=(),
        alarm_at=None,
    )


def shows_alert(world: World, reading: Reading, caller: Caller) -> Callable[[Alert], bool]:
    """Return what tells whether a caller may see an alert: not all may see a restricted incident's.

    Machines may: an integration is shown its own alerts only.
    """
    known: dict[int, bool] = {}

    def shows(alert: Alert) -> bool:
        number = alert.incident_id
        if number is None or isinstance(caller, Operator | IntegrationCaller):
            return True
        if number not in known:
            found = reading.incidents((), number + 1, 1)
            known[number] = all(may_read(world, caller, one.incident) for one in found)
        return known[number]

    return shows


def seen_by(world: World, caller: Caller, found: Sequence[Row]) -> list[Row]:
    """Return rows of a list as the caller may see them: restricted ones without their content."""
    return [
        row
        if may_read(world, caller, row.incident)
        else replace(row, incident=covered(row.incident))
        for row in found
    ]
