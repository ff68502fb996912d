"""The plan on a virtual clock: decide, fold and due as in earnest, and nobody is called."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from heapq import heappop, heappush
from itertools import count

import msgspec

from tocsin.core.delivery import Contact
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.escalation import steps_ahead
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.naming import name
from tocsin.core.people import Organisation, Person, Recipient
from tocsin.core.plan.model import FactValue, Plan

LOOKS_AT_MOST = 100_000
"""A simulation that asks the plan more often than this is given up; it would never end."""


NOBODYS_INBOX = Contact("inbox", "", "local")


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that people or machines do: at this time after detection, this command."""

    at: timedelta
    command: c.AnyCommand


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What happens. Without deeds nobody reacts; with a `seed` people react as that number says.

    `lasts` None means: until nothing new would happen any more.
    """

    title: str = "Something is broken"
    starts: datetime
    severity: str = ""
    kind: str = ""
    facts: Mapping[str, FactValue] = {}
    deeds: tuple[Deed, ...] = ()
    lasts: timedelta | None = None
    seed: int | None = None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the plan, or somebody, did. `t` is in seconds since detection.

    `do` is `page`, `notice`, `ticket`, `alarm`, `clock_missed`, or the kind of another event, or
    `refused`; `to` a recipient, `people` who that is then, `clock` a clock's name, `line` the
    plan's line, 0 where no line asks for it.
    """

    t: float
    at: datetime
    do: str
    to: str = ""
    people: tuple[str, ...] = ()
    clock: str = ""
    why: str = ""
    line: int = 0
    by: str = ""


def everybody_reachable(plan: Plan) -> Organisation:
    """Return an organisation in which one invented person stands for each recipient of the plan."""
    ids = sorted(plan.recipients())
    return Organisation(
        name=plan.organisation,
        version="",
        time_zone=plan.time_zone,
        people={to: Person(id=to, name=to, contacts=(NOBODYS_INBOX,)) for to in ids},
        rosters={},
        recipients={to: Recipient(id=to, people=(to,)) for to in ids},
        integrations={},
    )


def simulate(plan: Plan, organisation: Organisation, scenario: Scenario) -> Iterator[Happening]:
    """Yield what happens, in order. The same arguments give the same story.

    What people do at an instant comes before what the plan does at it, so that an answer in the
    last second still counts.
    """
    return _Rehearsal(plan, organisation, scenario).run()


class _Rehearsal:
    def __init__(self, plan: Plan, organisation: Organisation, scenario: Scenario) -> None:
        self._plan = plan
        self._organisation = organisation
        self._scenario = scenario
        self._incident: Incident | None = None
        self._ahead: list[tuple[datetime, int, c.AnyCommand]] = []
        self._order = count()
        for deed in scenario.deeds:
            self._expect(scenario.starts + deed.at, deed.command)

    def run(self) -> Iterator[Happening]:
        starts = self._scenario.starts
        yield from self._do(self._opening(starts), starts)
        look: datetime | None = starts if self._incident is not None else None
        for _ in range(LOOKS_AT_MOST):
            deed_at = self._ahead[0][0] if self._ahead else None
            now = min((at for at in (deed_at, look) if at is not None), default=None)
            if now is None or self._over(now):
                return
            while self._ahead and self._ahead[0][0] == now:
                yield from self._do(heappop(self._ahead)[2], now)
            if self._incident is None:
                return
            step = due(self._plan, self._incident, self._organisation, now)
            self._incident = step.incident
            look = step.look_again_at
            for event in step.events:
                self._react(event)
                if not self._is_repeated_alarm(event):
                    yield from self._shown(event)

    def _opening(self, starts: datetime) -> c.AnyCommand:
        scenario, plan = self._scenario, self._plan
        severity = scenario.severity
        if not severity and not scenario.facts:
            severity = plan.severities[0].code
        return c.Open(
            by="detection",
            why="as simulated",
            number=1,
            code=name(plan.incident_id, 1, starts, plan.time_zone),
            title=scenario.title,
            severity=severity,
            facts=scenario.facts,
            incident_kind=scenario.kind,
            channel=name(plan.incident_channel, 1, starts, plan.time_zone),
        )

    def _do(self, command: c.AnyCommand, now: datetime) -> Iterator[Happening]:
        decision = decide(self._plan, self._incident, command, now)
        if isinstance(decision, Refusal):
            why = f"{decision.reason}; {decision.hint}"
            yield self._happening(now, "refused", to=command.by, why=why)
            return
        if decision:
            self._incident = replay(decision, self._incident)
        for event in decision:
            yield from self._shown(event)

    def _over(self, now: datetime) -> bool:
        lasts = self._scenario.lasts
        if lasts is not None:
            return now > self._scenario.starts + lasts
        incident = self._incident
        if incident is None or not incident.alarms or self._ahead:
            return False
        return not incident.running() and not steps_ahead(self._plan, incident)

    def _is_repeated_alarm(self, event: e.Event) -> bool:
        """Alarms go on until somebody answers; a story without an end shows the first only."""
        if self._scenario.lasts is not None or self._incident is None or self._incident.alarms < 2:
            return False
        return isinstance(event, e.Alarmed) or (
            isinstance(event, e.Told) and event.message == "alarm"
        )

    def _expect(self, at: datetime, command: c.AnyCommand) -> None:
        heappush(self._ahead, (at, next(self._order), command))

    def _react(self, event: e.Event) -> None:
        seed = self._scenario.seed
        if seed is None or not isinstance(event, e.Told) or event.message not in ("page", "alarm"):
            return
        for person in event.people:
            roll = blake2b(f"{seed}|{person}|{event.at.isoformat()}".encode(), digest_size=3)
            answers, minutes, hours = roll.digest()
            if answers % 2:
                at = event.at + timedelta(minutes=1 + minutes % 20)
                self._expect(at, c.Acknowledge(by=person, why="as the seed says"))
                at += timedelta(minutes=10 + hours % 110)
                self._expect(at, c.Resolve(by=person, why="as the seed says"))

    def _shown(self, event: e.Event) -> Sequence[Happening]:
        kind = str(type(event).__struct_config__.tag)
        if isinstance(event, e.Told):
            return [self._happening(event.at, event.message, event, to=event.to)]
        if isinstance(event, e.NobodyReached | e.EscalationAsked):
            return [self._happening(event.at, kind, event, to=event.to)]
        if isinstance(event, e.ClockStarted | e.ClockMet | e.ClockMissed | e.ClockDropped):
            return [self._happening(event.at, kind, event, clock=event.clock)]
        if isinstance(event, e.SeverityChanged | e.Opened):
            return [self._happening(event.at, kind, event, to=event.severity)]
        if isinstance(event, e.Alarmed):
            return [self._happening(event.at, "exhausted", event, to=", ".join(event.to))]
        return [self._happening(event.at, kind, event)]

    def _happening(
        self, at: datetime, do: str, event: e.Event | None = None, **said: str
    ) -> Happening:
        t = (at - self._scenario.starts).total_seconds()
        if event is not None:
            said.setdefault("why", event.why or _content(event))
        people = event.people if isinstance(event, e.Told) else ()
        return Happening(
            t=t,
            at=at,
            do=do,
            to=said.get("to", ""),
            people=people,
            clock=said.get("clock", ""),
            why=said.get("why", ""),
            line=event.line if event is not None else 0,
            by=event.by if event is not None else "",
        )


def _content(event: e.Event) -> str:
    """What an event says besides its kind, where it has no reason of its own."""
    if isinstance(event, e.Noted):
        return event.text
    if isinstance(event, e.FactRecorded):
        return f"{event.name} = {event.value}"
    if isinstance(event, e.RoleTaken):
        return f"{event.role}: {event.person}"
    return ""
