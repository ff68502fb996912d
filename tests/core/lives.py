"""Incidents lived through at random under any plan, and the laws that hold at every instant."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Union, get_args, get_origin

import msgspec
from tests.core.plan.generated import (
    FACTS,
    KINDS,
    PHASES,
    RECIPIENTS,
    ROLES,
    SECTIONS,
    SEVERITIES,
    STATUSES,
    TEXTS,
    Data,
    all_places,
    clean_plan,
    without,
)

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import placed
from tocsin.core.incident.commands import AnyCommand, Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.escalation import alarm_at, steps_ahead
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.simulation import everybody_reachable

START = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
COMMANDS: tuple[type[c.Command], ...] = tuple(
    one for one in get_args(AnyCommand) if one is not c.Open
)
LOOKS_IN_A_GAP = 1_500
_events = msgspec.json.Decoder(tuple[e.AnyEvent, ...])
_CODE = re.compile(r"[a-z]+(\.[a-z0-9-]+)+")

PEOPLE = (*RECIPIENTS, "ana", "", "tocsin")
VALUES: tuple[Any, ...] = (
    True, False, 0, 1, 50, 200, 5_000, 60_000, 0.5, -1, 10**400, 1e308, float("nan"), float("inf"),
    "", "suspected", "confirmed", "no", "none", "degraded", "full", "the db", "up", "down",
    "x" * 300,
)  # fmt: skip
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "by": PEOPLE,
    "via": ("", "web", "alert"),
    "why": ("", "it is so", "  "),
    "severity": (*SEVERITIES, "", "P9", "critical"),
    "name": (*FACTS, *FACTS, "component_api", "provider_bank", "lost_revenue", "nonsense", ""),
    "value": VALUES,
    "count": (1, 3, 0),
    "names": ((), ("ApiDown",)),
    "line": (0,),
    "facts": ({}, {"down": True}, {"users_affected": 500}, {"nonsense": 1}),
    "to": (*RECIPIENTS, "level 1", "level 2", "nobody", ""),
    "task": ("nonsense",),
    "role": (*ROLES, *ROLES, "king"),
    "person": PEOPLE,
    "leads_elsewhere": (0, 0, 2),
    "mode": (*SECTIONS["modes"], "", "nonsense"),
    "about": ("spend", "strategy", "", "nonsense"),
    "choice": ("Fix it", "Roll back", "", "nonsense"),
    "options": ((), ("Fix it", "Roll back")),
    "amount": (0, 10.0, 1e9),
    "member": ("mail-key", "root-key", "", "nonsense"),
    "phase": (*PHASES, *PHASES, "nonsense", ""),
    "audience": (*SECTIONS["audiences"], "nobody", ""),
    "template": (*SECTIONS["templates"], "", "", "nonsense"),
    "values": ({}, {"what": "It burns", "next": "soon"}, {"nonsense": "x"}),
    "status": (*STATUSES, "", "", "nonsense"),
    "subject": ("", "About it"),
    "next": ("", "30m", "soon", "24h", "9999999w"),
    "update": (*(f"update-{number}" for number in range(1, 6)), "nonsense"),
    "text": (*TEXTS, "", " "),
    "media_type": ("image/png", "text/plain"),
    "size": (1, 70_000, 0, 2**40),
    "hash": ("ab" * 32, "cd" * 32),
    "attachment": (1, 2),
    "number": (1, 2, 5, 0, -1),
    "entries": (0, 3, 40),
    "relation": ("relates", "caused_by", "duplicates", "nonsense"),
    "other": (
        None,
        c.Other(code="INC-2", number=2, state="open"),
        c.Other(code="INC-2", number=2, state="acknowledged", readers=("king",)),
        c.Other(code="INC-3", number=3, state="resolved"),
        c.Other(code="INC-4", number=4, state="closed"),
        c.Other(code="INC-1", number=1, state="open"),
    ),
    "into": ("INC-2", "INC-1", ""),
    "alerts": ((1,), (1, 2), ()),
    "firing": (0, 1),
    "title": ("", "Another thing"),
}
"""What commands are filled with, by the name of the field: what makes sense, and what does not."""


@dataclass(frozen=True)
class Moment:
    """A command, `after` the one before; `asleep`: nobody has asked the plan meanwhile."""

    after: timedelta
    asleep: bool
    command: c.Command


@dataclass(frozen=True)
class Life:
    """A plan as data, who can be reached, and what people do in one incident."""

    data: Data
    missing: tuple[str, ...]
    opening: c.Open
    moments: tuple[Moment, ...]


class Broken(AssertionError):
    """A law does not hold; the message says in which life."""


def made_life(seed: int, plan: Plan, data: Data, length: int) -> Life:
    """The same story for the same arguments."""
    random = Random(seed)
    missing = random.sample(RECIPIENTS, random.choice((0, 0, 1, 3, 6)))
    kind = random.choice((*KINDS, "", "operational"))
    via = random.choice(("", "alert", "report"))
    stated: tuple[Mapping[str, FactValue], ...] = (
        {}, {}, {"down": True}, {"data_breach": "x", "users_affected": 1e30},
    )  # fmt: skip
    opening = c.Open(
        by=random.choice(("ana", "on-call", "tocsin")), via=via,
        number=1, code="INC-1", title="It burns", group=random.choice(("", "g")),
        severity=random.choice((*(severity.code for severity in plan.severities), "")),
        incident_kind=kind, channel="#i-1",
        facts=random.choice(stated),
        others=random.choice((0, 0, 2)),
        in_doubt=random.choice(((), (), ("slow",))) if via != "alert" else (),
        standing=("tocsin",) if random.random() < 0.7 else (),
    )  # fmt: skip
    moments = [_moment(random, plan) for _ in range(length)]
    if length and random.random() < 0.3:
        moments += _to_the_end(random, plan)
    return Life(data, tuple(missing), opening, tuple(moments))


def _to_the_end(random: Random, plan: Plan) -> list[Moment]:
    """What it takes to close an incident, as somebody does who does everything."""
    facts = [
        _sensible(random, c.RecordFact(by="lead", name=name, value=""), plan) for name in plan.facts
    ]
    ticks: list[c.Command] = []
    for task in plan.tasks:
        if task.waivable and random.random() < 0.5:
            ticks.append(c.Waive(by="lead", task=task.id, why="not needed here"))
        else:
            members = task.each or ("",)
            ways = task.one_of or ("",)
            ticks += [c.Tick(by="lead", task=task.id, member=m, choice=ways[0]) for m in members]
    updates = [
        c.Publish(by="lead", audience=name, text="All is well", next="24h")
        for name in plan.communication.audiences
    ]
    ends: list[c.Command] = [
        c.Resolve(by="lead", why="over"), *ticks, *updates, c.Close(by="lead", why="done"),
        c.Close(by="lead", why="done"), c.Reopen(by="lead", why="again"),
    ]  # fmt: skip
    pause = timedelta(minutes=random.choice((0, 1, 30)))
    return [
        Moment(pause, random.random() < 0.5, msgspec.structs.replace(one, standing=("tocsin",)))
        for one in (*facts, c.Acknowledge(by="lead"), *ticks, *ends)
    ]


_LIKELY: tuple[type[c.Command], ...] = (
    c.Tick, c.Tick, c.Tick, c.RecordFact, c.RecordFact, c.RecordFact, c.EnterPhase, c.Waive,
    c.Publish, c.Publish, c.Approve, c.Withdraw, c.TakeRole, c.SetSeverity,
)  # fmt: skip
_GAPS = (0, 0, 1, 59, 60, 300, 900, 1800, 3600, 4 * 3600, 86_400, 3 * 86_400)


def _moment(random: Random, plan: Plan) -> Moment:
    seconds = random.choice(_GAPS)
    # Alarms of whole days say little that is new.
    asleep = random.random() < (0.2 if seconds < 86_400 else 0.8)
    kind: type[c.Command] = random.choice((*COMMANDS, *_LIKELY))
    return Moment(timedelta(seconds=seconds), asleep, made_command(random, kind, plan))


def made_command(random: Random, kind: type[c.Command], plan: Plan) -> c.Command:
    """A command of a kind with arguments that make sense under the plan, mostly."""
    known = _names(plan)
    values: dict[str, Any] = {}
    for field in msgspec.structs.fields(kind):
        name = field.name
        if known.get(name) and random.random() < 0.85:
            values[name] = random.choice(known[name])
        elif field.type is bool:
            values[name] = random.random() < 0.5
        elif name in ARGUMENTS:
            values[name] = random.choice(ARGUMENTS[name])
        elif field.required or not _may_be_left_out(field.type):
            raise NotImplementedError(f"what does {kind.__name__}.{name} hold?")
    made = kind(**values)
    return _sensible(random, made, plan) if random.random() < 0.8 else made


def _names(plan: Plan) -> dict[str, tuple[str, ...]]:
    told = plan.communication
    return {
        "task": tuple(task.id for task in plan.tasks),
        "role": tuple(plan.roles),
        "phase": tuple(phase.id for phase in plan.response.phases),
        "mode": tuple(plan.people.modes),
        "audience": tuple(told.audiences),
        "template": ("", *told.templates),
        "name": tuple(plan.facts),
        "about": tuple(plan.people.authority),
    }


def _sensible(random: Random, command: c.Command, plan: Plan) -> c.Command:
    """The command with arguments that fit each other."""
    if isinstance(command, c.RecordFact) and command.name in plan.facts:
        rule = plan.facts[command.name]
        texts: tuple[Any, ...] = rule.values or ("the db", "none")
        values = {"bool": (True, False), "number": (0, 1, 200, 70_000.5)}.get(rule.kind, texts)
        return msgspec.structs.replace(command, value=random.choice(values), in_doubt=False)
    found = [task for task in plan.tasks if task.id == getattr(command, "task", "")]
    if isinstance(command, c.Tick) and found:
        return msgspec.structs.replace(
            command,
            member=random.choice(found[0].each or ("",)),
            choice=random.choice(found[0].one_of or ("",)),
        )
    waivable = [task.id for task in plan.tasks if task.waivable]
    if isinstance(command, c.Waive) and waivable:
        return msgspec.structs.replace(command, task=random.choice(waivable), why="it is so")
    if isinstance(command, c.Publish) and random.random() < 0.5:
        return msgspec.structs.replace(
            command, template="", values={}, text="We are at it", next=random.choice(("", "30m"))
        )
    if isinstance(command, c.EnterPhase | c.StandDown | c.BreakGlass | c.SetSeverity | c.Withdraw):
        return msgspec.structs.replace(command, why="it is so")
    return command


def _may_be_left_out(kind: Any) -> bool:
    return get_origin(kind) in (tuple, Union) or kind in (str, int, float)


def organisation_for(plan: Plan, missing: Sequence[str]) -> Organisation:
    """An organisation in which some recipients are nobody."""
    whole = everybody_reachable(plan)
    return msgspec.structs.replace(
        whole,
        recipients={name: one for name, one in whole.recipients.items() if name not in missing},
        people={name: one for name, one in whole.people.items() if name not in missing},
    )


def live(plan: Plan, life: Life) -> tuple[Incident | None, list[e.Event]]:
    """Live through it; raises Broken, or whatever the core raises, where a law does not hold."""
    people = organisation_for(plan, life.missing)
    now = START
    opened = decide(plan, None, placed(people, life.opening, now), now)
    _check(opened)
    if isinstance(opened, Refusal):
        _hold(life.opening.via != "alert", f"an alert is refused: {opened}")
        return None, []
    living = _Living(plan, people, replay(opened), list(opened))
    living.look(now)
    for moment in life.moments:
        until = now + moment.after
        if not moment.asleep:
            living.wait(until)
        now = until
        living.do(moment.command, now)
        living.look(now)
    living.check_record()
    return living.incident, living.timeline


class _Living:
    def __init__(
        self, plan: Plan, people: Organisation, incident: Incident, timeline: list[e.Event]
    ) -> None:
        self.plan = plan
        self.people = people
        self.incident = incident
        self.timeline = timeline
        self.look_at: datetime | None = None

    def wait(self, until: datetime) -> None:
        """Ask the plan whenever it wants to be asked."""
        looks = 0
        while self.look_at is not None and self.look_at < until:
            self.look(self.look_at)
            looks += 1
            _hold(looks < LOOKS_IN_A_GAP, f"the plan wants to be asked without end: {self.look_at}")

    def do(self, command: c.Command, now: datetime) -> None:
        """Let somebody do something."""
        before = msgspec.json.encode(self.incident)
        decision = decide(self.plan, self.incident, placed(self.people, command, now), now)
        _check(decision)
        _hold(msgspec.json.encode(self.incident) == before, f"{command} changed what was")
        if isinstance(decision, Refusal):
            machine = isinstance(command, c.AlertsCame | c.AlertsWent)
            _hold(not machine, f"an alert is refused: {decision}")
        else:
            self._take(decision, now)

    def look(self, now: datetime) -> None:
        """Let the plan do what is due."""
        step = due(self.plan, self.incident, self.people, now)
        self._take(step.events, now)
        _hold(step.incident == self.incident, f"due folds otherwise at {now}")
        again = due(self.plan, self.incident, self.people, now)
        _hold(again.events == (), f"due is not done at once at {now}: {again.events}")
        self.look_at = step.look_again_at
        _hold(again.look_again_at == self.look_at, f"looks again otherwise at {now}")
        _hold(self.look_at is None or self.look_at > now, f"looks again at once: {self.look_at}")
        self._never_silent(now)
        if self.incident.merged_into:
            owed = [name for name, task in self.incident.tasks.items() if task.state == "open"]
            _hold(not owed and not self.incident.running(), f"what was merged owes {owed} at {now}")
            _hold(not self.incident.proposals, f"what was merged has proposals at {now}")
            _hold(self.look_at is None, f"what was merged is looked at again: {self.look_at}")

    def _never_silent(self, now: datetime) -> None:
        if self.incident.state != "open":
            return
        waits = alarm_at(self.plan, self.incident), steps_ahead(self.plan, self.incident)
        _hold(self.look_at is not None, f"nobody has it, and nothing is ahead at {now}: {waits}")

    def _take(self, events: Sequence[e.Event], now: datetime) -> None:
        for event in events:
            _hold(event.at == now, f"{event} is not of {now}")
            if isinstance(event, e.Told):
                wanted = event.line > 0 or event.message == "alarm" or _asked_for(event)
                _hold(wanted, f"no clause asks for {event}")
        if events:
            self.incident = replay(events, self.incident)
            self.timeline += events

    def check_record(self) -> None:
        """What is stored and read again gives the same incident."""
        stored = msgspec.json.encode(tuple(self.timeline))
        back = _events.decode(stored)
        _hold(back == tuple(self.timeline), "a timeline is not the same when it is read again")
        _hold(replay(back) == self.incident, "a timeline does not give the incident again")
        kept = msgspec.json.decode(msgspec.json.encode(self.incident), type=Incident)
        _hold(kept == self.incident, "an incident is not the same when it is read again")


def _check(decision: Sequence[e.Event] | Refusal) -> None:
    if isinstance(decision, Refusal):
        _hold(_CODE.fullmatch(decision.code) is not None, f"{decision} has no code")
        _hold(bool(decision.reason.strip()), f"{decision} has no reason")
        _hold(bool(decision.hint.strip()), f"{decision} has no hint")


def _hold(law: bool, what: str) -> None:
    if not law:
        raise Broken(what)


def _asked_for(event: e.Told) -> bool:
    """Whether a person has brought it about, beside the plan."""
    return "was asked for" in event.why or event.step == "stand down"


def lived(life: Life) -> str:
    """What goes wrong in a life: the kind of failure, "" if nothing does."""
    plan, _, _ = clean_plan(life.data)
    if plan is None:
        return ""
    try:
        live(plan, life)
    except Exception as error:  # noqa: BLE001 - every kind is a failure here
        place = error.__traceback__
        while place is not None and place.tb_next is not None:
            place = place.tb_next
        where = place.tb_frame.f_code.co_name if place is not None else ""
        return f"{type(error).__name__} {where} {str(error)[:24]}"
    return ""


def smallest(life: Life, *, fails: Callable[[Life], str] = lived, tries: int = 600) -> Life:
    """A shorter life under a shorter plan in which the same goes wrong."""
    wanted = fails(life)
    left = [tries]

    def same(other: Life) -> bool:
        left[0] -= 1
        return left[0] > 0 and fails(other) == wanted

    moments = life.moments
    size = max(1, len(moments) // 2)
    while size:
        for start in range(len(moments) - size, -1, -size):
            shorter = replace(life, moments=moments[:start] + moments[start + size :])
            if same(shorter):
                life, moments = shorter, shorter.moments
        size //= 2
    for depth in range(1, 7):
        for place in reversed([p for p in all_places(life.data) if len(p) == depth]):
            if place[-1] in ("contacts", "severities"):
                continue
            shorter = replace(life, data=without(life.data, place))
            if same(shorter):
                life = shorter
    return life
