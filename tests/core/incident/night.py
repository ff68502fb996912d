"""One incident under a small plan, minute by minute: what people do, and what the plan does."""

from datetime import UTC, datetime, timedelta
from typing import TypeVar

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.plan.read import read
from tocsin.core.simulation import everybody_reachable

START = datetime(2026, 3, 6, 23, 0, tzinfo=UTC)
E = TypeVar("E", bound=e.Event)

FRAME = """
tocsin: 1
plan: night
kinds: [security, operational]
time_zone: UTC
tolerance: 5m
facts:
  service_availability: [full, degraded, none]
  data_breach: ["no", suspected, confirmed]
  affected_systems: text
  user_facing: yes or no
  error_rate: number
severities:
  P0: {name: Critical, when: ['service_availability == "none"'], acknowledge: within 15m}
  P1: {name: High, when: ['service_availability == "degraded"'], acknowledge: within 1h}
escalation:
  measured_from: start
  until: resolved
  steps:
    - {page: on-call-engineer, at: immediate, for: [P0, P1]}
    - {page: team-lead, at: 30m}
    - {page: cto, at: 2h}
  if_exhausted: {every: 15m}
contacts: {on-call-engineer: org, team-lead: org, cto: org, security-team: org, board: org}
alerts: {otherwise: P1, resolve_incident: true}
"""


def plan_with(clauses: str, limit: str = "") -> Plan:
    """Read the frame with more clauses; every problem of level error fails the test.

    `limit` is one more limit of P0: `contain: within 1h`.
    """
    frame = FRAME.replace("within 15m}", f"within 15m, {limit}}}") if limit else FRAME
    plan, problems = read(frame + clauses, "night.yaml")
    errors = [f"{p.line}: {p.code}: {p.what}" for p in problems if p.level == "error"]
    assert plan is not None, errors
    return plan


class Night:
    """The story of one incident; `at` moves the clock, and the plan acts whenever it is due."""

    def __init__(
        self, clauses: str, severity: str = "P0", kind: str = "", limit: str = "", group: str = ""
    ) -> None:
        self.plan = plan_with(clauses, limit)
        self.organisation = everybody_reachable(self.plan)
        self.events: list[e.Event] = []
        self.now = START
        opening = c.Open(
            by="detection", number=1, code="INC-1", title="Down", severity=severity,
            incident_kind=kind, group=group,
        )  # fmt: skip
        decision = decide(self.plan, None, opening, START)
        assert isinstance(decision, list), decision
        self.incident: Incident = replay(decision)
        self.events += decision
        self.look_again_at: datetime | None = START
        self._look(START)

    def at(self, minutes: float) -> "Night":
        """Let time pass until so many minutes after detection."""
        until = START + timedelta(minutes=minutes)
        while self.look_again_at is not None and self.look_again_at <= until:
            self._look(max(self.look_again_at, self.now))
        self.now = until
        return self

    def does(self, command: c.AnyCommand) -> "Night":
        """Let somebody do something that must not be refused."""
        decision = decide(self.plan, self.incident, command, self.now)
        assert isinstance(decision, list), decision
        if decision:
            self.incident = replay(decision, self.incident)
        self.events += decision
        self._look(self.now)
        return self

    def refuses(self, command: c.AnyCommand) -> Refusal:
        """Return the refusal of something that must be refused."""
        decision = decide(self.plan, self.incident, command, self.now)
        assert isinstance(decision, Refusal), decision
        return decision

    def states(self, fact: str, value: FactValue) -> "Night":
        """Let Ana state a fact."""
        return self.does(c.RecordFact(by="ana", name=fact, value=value))

    def open_tasks(self) -> list[str]:
        """Return the ids of the tasks that are open, as they were armed."""
        return [task for task, state in self.incident.tasks.items() if state.state == "open"]

    def task(self, name: str) -> str:
        """Return the state of a task, "" if it was never armed."""
        known = self.incident.tasks.get(name)
        return known.state if known else ""

    def clock(self, name: str) -> str:
        """Return the state of a clock, "" if it never ran."""
        return next((clock.state for clock in self.incident.clocks if clock.name == name), "")

    def told(self, to: str) -> list[float]:
        """Return when somebody was paged or told, in minutes after detection."""
        return [self._minutes(event) for event in self.all(e.Told) if event.to == to]

    def all(self, kind: type[E]) -> list[E]:
        """Return all events of a kind."""
        return [event for event in self.events if isinstance(event, kind)]

    def _minutes(self, event: e.Event) -> float:
        return (event.at - START).total_seconds() / 60

    def _look(self, now: datetime) -> None:
        step = due(self.plan, self.incident, self.organisation, now)
        self.incident, self.look_again_at = step.incident, step.look_again_at
        self.events += step.events
        again = due(self.plan, self.incident, self.organisation, now)
        assert again.events == (), f"due is not done at once: {again.events}"
        assert self.look_again_at is None or self.look_again_at > now, self.look_again_at
