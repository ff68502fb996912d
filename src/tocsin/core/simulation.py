"""The plan on a virtual clock: decide, fold and due as in earnest, and nobody is called."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from heapq import heappop, heappush
from itertools import count

import msgspec

from tocsin.core.delivery import Contact
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident import joining
from tocsin.core.incident.authority import led_by, placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.escalation import steps_ahead
from tocsin.core.incident.fold import replay
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.naming import name, scope
from tocsin.core.people import Organisation, Person, Recipient
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.rehearsal import acts, alerts
from tocsin.core.rehearsal.happenings import Happening, shown
from tocsin.core.rehearsal.messages import Messages
from tocsin.core.routing import Route, Router
from tocsin.core.times import words_duration

LOOKS_AT_MOST = 100_000
"""A simulation that asks the plan more often than this is given up; it would never end."""


NOBODYS_INBOX = Contact("inbox", "", "local")


class Deed(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that people, machines or the world do, at this time after the start.

    `incident` is the scenario's own name for the incident that is meant, or that an alert or a
    report opens; "" is the first one. `entry` says which entry of the story it comes from.
    """

    at: timedelta
    command: c.Command | acts.Act
    incident: str = ""
    entry: int = -1


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """What happens. Without deeds nobody reacts; with a `seed` people react as that number says.

    An incident is `detected` at the start, unless the deeds are to open the first one. `lasts`
    None means: until nothing new would happen any more, and at least for `watched`, in which
    repetitions are told too. After `looks` at the plan the story is given up, and says so.
    """

    title: str = "Something is broken"
    starts: datetime
    detected: bool = True
    severity: str = ""
    kind: str = ""
    facts: Mapping[str, FactValue] = {}
    exercise: bool = False
    deeds: tuple[Deed, ...] = ()
    lasts: timedelta | None = None
    watched: timedelta = timedelta(0)
    seed: int | None = None
    looks: int = LOOKS_AT_MOST


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """A whole story: what happened, and the events of each incident by its code.

    `named` are the incidents by the scenario's names for them; `touched` maps entries of the
    story to the incident that their alert or report has opened or joined.
    """

    happenings: tuple[Happening, ...]
    timelines: Mapping[str, tuple[e.Event, ...]]
    named: Mapping[str, str]
    touched: Mapping[int, str]


def everybody_reachable(plan: Plan) -> Organisation:
    """Return an organisation in which one invented person stands for each recipient of the plan."""
    ids = sorted(plan.recipients())
    able = tuple(dict.fromkeys(need for role in plan.roles.values() for need in role.needs))
    return Organisation(
        name=plan.organisation,
        version="",
        time_zone=plan.time_zone,
        people={
            to: Person(id=to, name=to, contacts=(NOBODYS_INBOX,), qualifications=able) for to in ids
        },
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


def play(plan: Plan, organisation: Organisation, scenario: Scenario) -> Played:
    """Return the same story as `simulate`, as a whole and with the events behind it."""
    return _Rehearsal(plan, organisation, scenario).played()


class _Running:
    """One incident of the story, with the plan that opened it."""

    def __init__(self, plan: Plan, incident: Incident, timeline: Sequence[e.Event]) -> None:
        self.plan = plan
        self.incident = incident
        self.timeline = list(timeline)
        self.look: datetime | None = incident.opened_at

    def record(self, events: Sequence[e.Event], now: datetime) -> None:
        """Take in what was decided; the plan is asked at once what follows."""
        self.incident = replay(events, self.incident)
        self.timeline += events
        self.look = now

    def advance(self, organisation: Organisation, now: datetime) -> Sequence[e.Event]:
        """Return what the plan does at `now`, and note when to ask it again."""
        step = due(self.plan, self.incident, organisation, now)
        self.incident = step.incident
        self.timeline += step.events
        self.look = step.look_again_at
        return step.events

    @property
    def settled(self) -> bool:
        """Whether nothing new would happen if nobody did anything."""
        incident = self.incident
        if self.look is None:
            return True
        if not incident.alarms or incident.running():
            return False
        return not steps_ahead(self.plan, incident)


class _Rehearsal:
    def __init__(self, plan: Plan, organisation: Organisation, scenario: Scenario) -> None:
        self._plan = plan
        self._router = Router(plan)
        self._organisation = organisation
        self._scenario = scenario
        self._now = scenario.starts
        self._incidents: dict[int, _Running] = {}
        self._named: dict[str, int] = {}
        self._touched: dict[int, int] = {}
        self._counters: dict[str, int] = {}
        self._firing = alerts.Firing()
        self._messages = Messages(organisation)
        self._ahead: list[tuple[datetime, int, Deed, int]] = []
        self._order = count()
        for deed in scenario.deeds:
            self._expect(scenario.starts + deed.at, deed)

    def run(self) -> Iterator[Happening]:
        if self._scenario.detected:
            yield from self._open(self._detected(), self._now)
            if not self._incidents:
                return
        for _ in range(self._scenario.looks):
            now = self._next()
            if now is None or self._over(now):
                return
            self._now = now
            while self._ahead and self._ahead[0][0] == now:
                _, _, deed, number = heappop(self._ahead)
                yield from self._do(deed, number, now)
            tried = self._messages.try_again(now, lambda number: self._incidents[number].incident)
            for number, event in tried.events:
                self._incidents[number].timeline.append(event)
                yield from self._tell(number, event, tried.reached)
            for number, running in self._incidents.items():
                if running.look is None or running.look > now:
                    continue
                for event in running.advance(self._organisation, now):
                    yield from self._followed(number, event)
        why = "so much happens that this story is not told to its end"
        yield self._aside(self._now, "given_up", "", why)

    def played(self) -> Played:
        happenings = tuple(self.run())
        codes = {number: running.incident.code for number, running in self._incidents.items()}
        return Played(
            happenings=happenings,
            timelines={one.incident.code: tuple(one.timeline) for one in self._incidents.values()},
            named={name: codes[number] for name, number in self._named.items()},
            touched={entry: codes[number] for entry, number in self._touched.items()},
        )

    def _next(self) -> datetime | None:
        """Return when something happens next, never before what has happened."""
        moments = [running.look for running in self._incidents.values()]
        moments += [self._messages.next_at(), self._ahead[0][0] if self._ahead else None]
        known = [at for at in moments if at is not None]
        return max(min(known), self._now) if known else None

    def _detected(self) -> c.Open:
        scenario = self._scenario
        severity = scenario.severity
        if not severity and not scenario.facts:
            severity = self._plan.severities[0].code
        known, in_doubt = acts.told_apart(scenario.facts)
        return c.Open(
            by="detection",
            why="as simulated",
            number=0,
            code="",
            title=scenario.title,
            severity=severity,
            facts=known,
            in_doubt=in_doubt,
            incident_kind=scenario.kind,
            standing=(e.BY_PLAN,),
        )

    def _open(
        self, opening: c.Open, now: datetime, deed: Deed | None = None
    ) -> Iterator[Happening]:
        """Open an incident under the plan in force, with the names that it gives."""
        plan, number = self._plan, len(self._incidents) + 1
        in_scope = scope(plan.incident_id, now, plan.time_zone)
        counted = self._counters.get(in_scope, 0) + 1
        named = msgspec.structs.replace(
            opening,
            number=number,
            code=name(plan.incident_id, counted, now, plan.time_zone),
            channel=name(plan.incident_channel, counted, now, plan.time_zone),
            others=sum(one.incident.state in PAGEABLE for one in self._incidents.values()),
            exercise=self._scenario.exercise,
        )
        decision = decide(plan, None, placed(self._organisation, self._acting(named), now), now)
        if isinstance(decision, Refusal):
            yield self._refused(now, opening.by, decision, deed)
            return
        self._counters[in_scope] = counted
        self._incidents[number] = _Running(plan, replay(decision), decision)
        self._touch(number, deed)
        for event in decision:
            yield from self._tell(number, event)

    def _touch(self, number: int, deed: Deed | None) -> None:
        if deed is None:
            return
        self._touched[deed.entry] = number
        if deed.incident:
            self._named[deed.incident] = number

    def _do(self, deed: Deed, number: int, now: datetime) -> Iterator[Happening]:
        act = deed.command
        if isinstance(act, c.Command):
            yield from self._ask(deed, act, number, now)
        elif isinstance(act, acts.AlertFires):
            yield from self._alert_fires(act, deed, now)
        elif isinstance(act, acts.AlertEnds):
            yield from self._alert_ends(act, deed, now)
        elif isinstance(act, acts.Reported):
            known, in_doubt = acts.told_apart(act.facts)
            report = c.Open(
                by=act.by, via="report", why=act.why, number=0, code="", title=act.title,
                severity=act.severity, facts=known, in_doubt=in_doubt, incident_kind=act.kind,
            )  # fmt: skip
            yield from self._open(report, now, deed)
        elif isinstance(act, acts.Outage):
            self._messages.fail(act, now)
            whom = " to ".join(part for part in (act.channel, act.person) if part)
            lasts = f"for {words_duration(act.lasts)}" if act.lasts is not None else "to the end"
            yield self._aside(now, "outage", whom, lasts)
        else:
            self._plan = act.plan
            self._router = Router(act.plan)
            yield self._aside(now, "plan_edited", act.file, "for new incidents")

    def _ask(
        self, deed: Deed, command: c.Command, number: int, now: datetime
    ) -> Iterator[Happening]:
        running = self._incidents.get(number or self._meant(deed.incident))
        if running is None:
            which = f"incident `{deed.incident}`" if deed.incident else "incident"
            hint = "let an alert or a report open it before"
            missing = Refusal("scenario.no-incident", f"there is no {which} yet", hint)
            yield self._refused(now, command.by, missing, deed)
            return
        yield from self._decided(running, command, deed, now)

    def _meant(self, incident: str) -> int:
        return self._named.get(incident, 0) if incident else 1

    def _decided(
        self, running: _Running, command: c.Command, deed: Deed, now: datetime
    ) -> Iterator[Happening]:
        everywhere = (one.incident for one in self._incidents.values())
        person = command.person if isinstance(command, c.TakeRole | c.HandOver) else ""
        leads = led_by(running.plan, person, everywhere, running.incident)
        command = placed(self._organisation, self._acting(command), now, leads)
        decision = decide(running.plan, running.incident, command, now)
        if isinstance(decision, Refusal):
            refused = self._refused(now, command.by, decision, deed)
            yield msgspec.structs.replace(refused, incident=running.incident.code)
            return
        if decision:
            running.record(decision, now)
        for event in decision:
            yield from self._tell(running.incident.id, event)

    def _acting(self, command: c.Command) -> c.Command:
        """Let a recipient act, as stories like to say it, as one of its people."""
        organisation = self._organisation
        if command.by in organisation.people or command.by not in organisation.recipients:
            return command
        return msgspec.structs.replace(command, standing=(command.by,))

    def _alert_fires(self, act: acts.AlertFires, deed: Deed, now: datetime) -> Iterator[Happening]:
        again = self._firing.incident_of(act.labels)
        if again is not None and not joining.is_news(self._incidents[again].incident, now):
            self._touch(again, deed)
            return
        route = self._router.route(act.labels)
        number = self._joined(route, now)
        joins = number is not None
        if number is None:
            opening = c.Open(
                by=act.by, via=alerts.VIA, why=route.why, line=route.line, number=0, code="",
                title=route.title, severity=route.severity, facts=route.facts, group=route.group,
                incident_kind=route.incident_kind,
            )  # fmt: skip
            yield from self._open(opening, now, deed)
            number = len(self._incidents)
        self._touch(number, deed)
        self._firing.began(act.labels, number)
        running = self._incidents[number]
        came = alerts.came(running.plan, route, act.labels, act.by, joins=joins)
        yield from self._decided(running, came, deed, now)

    def _joined(self, route: Route, now: datetime) -> int | None:
        """Return the incident that takes an alert of that group now, None if there is none."""
        of_group = [n for n, one in self._incidents.items() if one.incident.group == route.group]
        if not of_group:
            return None
        latest = self._incidents[of_group[-1]]
        takes = joining.takes_alerts(latest.plan, latest.incident, now)
        return of_group[-1] if takes else None

    def _alert_ends(self, act: acts.AlertEnds, deed: Deed, now: datetime) -> Iterator[Happening]:
        counts = self._firing.ended(act.labels)
        if not counts:
            labels = ", ".join(f"{label} {value}" for label, value in act.labels.items())
            hint = "name labels of an alert that fires then"
            silent = Refusal("scenario.not-firing", f"no alert with {labels} fires", hint)
            yield self._refused(now, act.by, silent, deed)
        for number, gone in counts.items():
            self._touch(number, deed)
            went = c.AlertsWent(by=act.by, via=alerts.VIA, count=gone)
            yield from self._decided(self._incidents[number], went, deed, now)

    def _followed(self, number: int, event: e.Event) -> Iterator[Happening]:
        """Tell what the plan did, and what comes of it: answers by the seed, messages that fail."""
        self._react(number, event)
        if not isinstance(event, e.Told):
            if not self._is_repeated_alarm(number, event):
                yield from self._tell(number, event)
            return
        tried = self._messages.send(number, event)
        if not self._is_repeated_alarm(number, event):
            yield from self._tell(number, event, tried.reached)
        for _, other in tried.events:
            self._incidents[number].timeline.append(other)
            yield from self._tell(number, other, tried.reached)

    def _over(self, now: datetime) -> bool:
        lasts = self._scenario.lasts
        if lasts is not None:
            return now > self._scenario.starts + lasts
        if self._ahead or now <= self._scenario.starts + self._scenario.watched:
            return False
        settled = all(running.settled for running in self._incidents.values())
        return settled and self._messages.next_at() is None

    def _is_repeated_alarm(self, number: int, event: e.Event) -> bool:
        """Alarms go on until somebody answers; a story without an end shows the first only."""
        scenario, alarms = self._scenario, self._incidents[number].incident.alarms
        if (
            scenario.lasts is not None
            or alarms < 2
            or event.at <= scenario.starts + scenario.watched
        ):
            return False
        return isinstance(event, e.Alarmed) or (
            isinstance(event, e.Told) and event.message == "alarm"
        )

    def _expect(self, at: datetime, deed: Deed, number: int = 0) -> None:
        heappush(self._ahead, (at, next(self._order), deed, number))

    def _react(self, number: int, event: e.Event) -> None:
        seed = self._scenario.seed
        if seed is None or not isinstance(event, e.Told) or event.message not in ("page", "alarm"):
            return
        for person in event.people:
            roll = blake2b(f"{seed}|{person}|{event.at.isoformat()}".encode(), digest_size=3)
            answers, minutes, hours = roll.digest()
            if answers % 2:
                at = event.at + timedelta(minutes=1 + minutes % 20)
                self._expect(at, _deed(c.Acknowledge(by=person, why="as the seed says")), number)
                at += timedelta(minutes=10 + hours % 110)
                self._expect(at, _deed(c.Resolve(by=person, why="as the seed says")), number)

    def _tell(
        self, number: int, event: e.Event, reached: Iterable[str] = ()
    ) -> Iterator[Happening]:
        """Tell an event of an incident; `reached` are those whom a message reached with it."""
        code = self._incidents[number].incident.code
        for happening in shown(event, self._scenario.starts):
            told = happening.people if isinstance(event, e.Told | e.Delivered) else ()
            whom = tuple(person for person in reached if person in told)
            yield msgspec.structs.replace(happening, incident=code, reached=whom)

    def _aside(self, now: datetime, do: str, to: str, why: str) -> Happening:
        """What belongs to no incident."""
        t = (now - self._scenario.starts).total_seconds()
        return Happening(t=t, at=now, do=do, to=to, why=why)

    def _refused(self, now: datetime, by: str, refusal: Refusal, deed: Deed | None) -> Happening:
        why = f"{refusal.reason}; {refusal.hint}"
        refused = self._aside(now, "refused", by, why)
        entry = deed.entry if deed is not None else -1
        return msgspec.structs.replace(refused, code=refusal.code, entry=entry)


def _deed(command: c.Command) -> Deed:
    """What somebody does because the seed says so; its time is known to whoever calls."""
    return Deed(at=timedelta(0), command=command)
