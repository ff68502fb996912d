"""What the plan still wants in an incident: tasks, the phase, watches, and who is told next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Literal

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.cadence import PREFIX, concerned, stale
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.drafting import wanted_template
from tocsin.core.incident.response import enter_phase
from tocsin.core.incident.state import Incident, Proposal, Published
from tocsin.core.incident.tasks import open_tasks
from tocsin.core.plan.communication.model import Template
from tocsin.core.plan.model import Plan
from tocsin.core.plan.response.model import Phase
from tocsin.core.plan.task import Task
from tocsin.core.record import Entry
from tocsin.web.facts import choices
from tocsin.web.pages.words.hints import Way, on_the_page
from tocsin.web.pages.words.sentences import Names

HELD = {"close": "closing", "resolve": "resolving"}
"""What a task holds up, in words, where it is no phase, audience or task."""


@dataclass(frozen=True)
class Open:
    """An open task: `left` are the members to be ticked singly, `missing` the facts to be stated
    before, `answers` the values of a question (empty: any), `behind` the texts of what comes first,
    `holds` what waits for it."""

    task: Task
    due: datetime | None
    holds: tuple[str, ...]
    behind: tuple[str, ...]
    left: tuple[str, ...]
    missing: tuple[str, ...]
    answers: tuple[str, ...]


@dataclass(frozen=True)
class Audience:
    """An audience that the incident concerns: the latest update, when the next one is due, and the
    template that the plan wants for it ("": none)."""

    id: str
    name: str
    last: Published | None
    due: datetime | None
    late: bool
    template: str


@dataclass(frozen=True)
class Watch:
    """A period in which all must stay well: until when, and what waits for its end."""

    id: str
    until: datetime
    passed: bool
    before: str
    line: int


@dataclass(frozen=True)
class Stage:
    """A phase on the way: `place` is where it stands; `since` when it was entered last.

    `due` is when its time is over, or by when it is to begin. `held` says what keeps everybody from
    going on to it, `way` what to do about that.
    """

    phase: Phase
    place: Literal["past", "here", "beside", "next", "later"]
    since: datetime | None
    due: datetime | None
    held: str = ""
    way: Way | None = None


@dataclass(frozen=True)
class Ended:
    """A task that is not open any more: how, when and by whom it ended; `choice` is the way."""

    task: Task
    state: Literal["done", "waived", "dropped"]
    at: datetime
    choice: str
    by: str = ""
    why: str = ""


@dataclass(frozen=True)
class ToDo:
    """All of it; `stages` are the phases in the plan's order, `phases` those that can be gone on
    to, the next one first."""

    groups: tuple[tuple[str, tuple[Open, ...]], ...]
    ended: tuple[Ended, ...]
    phase: str
    beside: tuple[str, ...]
    stages: tuple[Stage, ...]
    phases: tuple[Phase, ...]
    watches: tuple[Watch, ...]
    audiences: tuple[Audience, ...]
    proposals: tuple[tuple[str, Proposal], ...]
    templates: tuple[Template, ...]

    @property
    def wanted(self) -> tuple[str, ...]:
        """The templates that the plan wants for the next updates."""
        return tuple(one.template for one in self.audiences if one.template)

    @property
    def count(self) -> int:
        """How many tasks are open."""
        return sum(len(tasks) for _, tasks in self.groups)


def to_do(
    plan: Plan, incident: Incident, names: Names, now: datetime, ends: Sequence[Entry] = ()
) -> ToDo:
    """Return what is still to be done in an incident; `ends` tell of the tasks that ended."""
    due = {clock.name: clock.due for clock in incident.running()}
    still_open = open_tasks(plan, incident)
    known = [
        _open(plan, incident, task, still_open, names, due.get(task.id)) for task in still_open
    ]
    return ToDo(
        groups=tuple(
            (group, tuple(tasks)) for group, tasks in groupby(known, lambda one: one.task.group)
        ),
        ended=tuple(_ended(plan, incident, ends)),
        stages=tuple(_stages(plan, incident, due, now)),
        phase=names.phase(incident.phase) if incident.phase else "",
        beside=tuple(names.phase(one) for one in incident.parallel),
        phases=_phases(plan, incident),
        watches=tuple(
            Watch(watch.id, running.until, running.passed, _held(watch.before, names), watch.line)
            for watch in plan.response.watches
            if (running := incident.watches.get(watch.id)) is not None
        ),
        audiences=_audiences(plan, incident, due, now),
        proposals=tuple(incident.proposals.items()),
        templates=tuple(plan.communication.templates.values()),
    )


def _open(
    plan: Plan, incident: Incident, task: Task, still_open: list[Task], names: Names,
    due: datetime | None,
) -> Open:  # fmt: skip
    rule = plan.facts.get(task.answer) if task.do == "ask" else None
    ticked = incident.tasks[task.id].ticked
    return Open(
        task=task,
        due=due,
        holds=tuple(_held(what, names) for what in task.holds),
        behind=tuple(other.text for other in still_open if other.id in task.behind),
        left=tuple(member for member in task.each if member not in ticked),
        missing=tuple(name for name in task.records if name not in incident.facts),
        answers=choices(rule) if rule is not None else (),
    )


def _held(what: str, names: Names) -> str:
    verb, _, about = what.partition(" ")
    if verb == "phase":
        return f"going on to {names.phase(about)}"
    if verb == "leave":
        return f"leaving {names.phase(about)}"
    if verb == "publish":
        return f"telling {about}"
    if verb == "tick":
        return names.task(about)
    return HELD.get(what, what)


def _ended(plan: Plan, incident: Incident, ends: Sequence[Entry]) -> Iterator[Ended]:
    """Yield the tasks that have ended, the latest one first."""
    by = {}
    for entry in ends:
        event = entry.event()
        if isinstance(event, e.TaskDone | e.TaskWaived):
            by[event.task] = (event.by, event.why)
    ended = [
        Ended(task, known.state, known.since, known.choice, *by.get(task.id, ("", "")))
        for task in plan.tasks
        if (known := incident.tasks.get(task.id)) is not None and known.state != "open"
    ]
    yield from sorted(ended, key=lambda one: one.at, reverse=True)


def _stages(
    plan: Plan, incident: Incident, due: dict[str, datetime], now: datetime
) -> Iterator[Stage]:
    """Yield the phases; what holds up each that can be entered is asked of the core itself."""
    ids = [phase.id for phase in plan.response.phases if not phase.parallel]
    here = ids.index(incident.phase) if incident.phase in ids else -1
    for phase in plan.response.phases:
        since = incident.moments.get(f"phase {phase.id}")
        box = due.get(f"phase {phase.id}") or due.get(f"enter {phase.id}")
        if phase.id == incident.phase or phase.id in incident.parallel:
            yield Stage(phase, "here" if phase.id == incident.phase else "beside", since, box)
            continue
        place: Literal["past", "next", "later"] = "later"
        if not phase.parallel:
            at = ids.index(phase.id)
            place = "past" if at < here else "next" if at == here + 1 else "later"
        if place != "next" or incident.state == "closed":
            yield Stage(phase, place, since, box)
            continue
        wanted = c.EnterPhase(by="", phase=phase.id)
        outcome = enter_phase(plan, incident, wanted, now)
        held = outcome if isinstance(outcome, Refusal) else None
        yield Stage(
            phase, place, since, box, held.reason if held else "",
            on_the_page(held.hint) if held else None,
        )  # fmt: skip


def _phases(plan: Plan, incident: Incident) -> tuple[Phase, ...]:
    phases = [p for p in plan.response.phases if p.id not in (incident.phase, *incident.parallel)]
    ids = [phase.id for phase in plan.response.phases]
    here = ids.index(incident.phase) if incident.phase in ids else -1
    return tuple(sorted(phases, key=lambda phase: (phase.parallel, ids.index(phase.id) < here)))


def _audiences(
    plan: Plan, incident: Incident, due: dict[str, datetime], now: datetime
) -> tuple[Audience, ...]:
    late = stale(incident)
    return tuple(
        Audience(
            id=one.id,
            name=one.name or one.id,
            last=incident.updates.get(one.id),
            due=due.get(PREFIX + one.id),
            late=one.id in late,
            template=wanted_template(plan, incident, one.id, now),
        )
        for one in plan.communication.audiences.values()
        if one.id in incident.updates or concerned(plan, incident, one)
    )
