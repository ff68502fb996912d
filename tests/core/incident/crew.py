"""A crew of named people under a small plan: who they are decides what they may do."""

from datetime import UTC, datetime, timedelta

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.organisation.read import read_organisation
from tocsin.core.people import Organisation
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.plan.read import read

START = datetime(2026, 3, 3, 10, 0, tzinfo=UTC)

PLAN = """
tocsin: 1
plan: crew
kinds: [security, operational]
time_zone: UTC
tolerance: 5m
facts:
  service_availability: [full, degraded, none]
  data_breach: ["no", suspected, confirmed]
  error_rate: number
  region_lost: yes or no
  region_back: yes or no
  affected_systems: text
severities:
  P0: {name: Critical, when: ['service_availability == "none"', 'data_breach == "confirmed"']}
  P1: {name: High, when: ['service_availability == "degraded"', 'error_rate > 0.05']}
  P2: {name: Low, when: ['service_availability == "full"']}
escalation:
  measured_from: start
  until: acknowledged
  steps: [{page: on-call, at: immediate}, {page: team-lead, at: 30m}]
  if_exhausted: {every: 15m}
contacts: {on-call: o, team-lead: o, manager: o, security-team: o, cto: o, trainees: o}
alerts: {otherwise: P1}
"""

ORGANISATION = """
tocsin: 1
organisation: Crew Ltd
people:
  ana: {name: Ana, contacts: [inbox], qualifications: [senior]}
  ben: {name: Ben, contacts: [inbox]}
  dora: {name: Dora, contacts: [inbox], qualifications: [senior]}
  emil: {name: Emil, contacts: [inbox]}
  finn: {name: Finn, contacts: [inbox]}
  gwen: {name: Gwen, contacts: [inbox]}
  hugo: {name: Hugo, contacts: [inbox]}
rosters:
  primary: {rotation: [ana, ben], handover: monday 09:00, first_week: 2026-03-02}
recipients:
  on-call: {roster: primary}
  team-lead: {people: [dora]}
  manager: {people: [emil]}
  security-team: {people: [finn]}
  cto: {people: [gwen]}
  trainees: {people: [hugo]}
last_resort: team-lead
"""

PEOPLE = ("ana", "ben", "dora", "emil", "finn", "gwen", "hugo")


def crew_plan(clauses: str) -> Plan:
    """Read the plan with more clauses; an error fails the test."""
    plan, problems = read(PLAN + clauses, "crew.yaml")
    assert plan is not None, [str(p) for p in problems if p.level == "error"]
    return plan


def crew_organisation() -> Organisation:
    """Ana is on call in this week, Ben in the next one."""
    organisation, problems = read_organisation(ORGANISATION, "org.yaml")
    assert organisation is not None, problems
    return organisation


class Crew:
    """One incident, minute by minute; commands know what their people belong to."""

    def __init__(
        self, clauses: str, *, severity: str = "P1", kind: str = "", others: int = 0,
        facts: dict[str, FactValue] | None = None, in_doubt: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.plan = crew_plan(clauses)
        self.organisation = crew_organisation()
        self.now = START
        self.events: list[e.Event] = []
        opening = c.Open(
            by="detection", standing=(e.BY_PLAN,), number=1, code="INC-1", title="Down",
            severity="" if facts or in_doubt else severity, facts=facts or {}, in_doubt=in_doubt,
            incident_kind=kind, others=others,
        )  # fmt: skip
        decision = decide(self.plan, None, opening, START)
        assert isinstance(decision, list), decision
        self.incident: Incident = replay(decision)
        self.events += decision
        self.look_again_at: datetime | None = START
        self._look(START)

    def at(self, minutes: float) -> "Crew":
        """Let time pass until so many minutes after detection."""
        until = START + timedelta(minutes=minutes)
        while self.look_again_at is not None and self.look_again_at <= until:
            self._look(max(self.look_again_at, self.now))
        self.now = until
        return self

    def asks(self, command: c.Command, elsewhere: int = 0) -> list[e.Event] | Refusal:
        """Return what would come of a command, without doing it."""
        there = placed(self.organisation, command, self.now, elsewhere)
        return decide(self.plan, self.incident, there, self.now)

    def does(self, command: c.Command) -> "Crew":
        """Let somebody do something that must not be refused."""
        decision = self.asks(command)
        assert isinstance(decision, list), decision
        if decision:
            self.incident = replay(decision, self.incident)
        self.events += decision
        self._look(self.now)
        return self

    def refuses(self, command: c.Command, elsewhere: int = 0) -> Refusal:
        """Return the refusal of something that must be refused."""
        decision = self.asks(command, elsewhere)
        assert isinstance(decision, Refusal), decision
        return decision

    def clock(self, name: str) -> str:
        """Return the state of a clock, "" if it never ran."""
        return next((clock.state for clock in self.incident.clocks if clock.name == name), "")

    def told(self) -> list[str]:
        """Whom the plan has called so far, and how: "page on-call"."""
        return [f"{event.message} {event.to}" for event in self.events if isinstance(event, e.Told)]

    def task(self, name: str) -> str:
        """Return the state of a task, "" if it was never armed."""
        known = self.incident.tasks.get(name)
        return known.state if known else ""

    def _look(self, now: datetime) -> None:
        step = due(self.plan, self.incident, self.organisation, now)
        again = due(self.plan, step.incident, self.organisation, now)
        assert again.events == (), "asking twice at an instant gives something new"
        self.incident, self.look_again_at = step.incident, step.look_again_at
        self.events += step.events
