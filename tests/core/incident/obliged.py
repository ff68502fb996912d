"""A plan with duties, money and a post-mortem, and a way to live through it minute by minute."""

from datetime import UTC, datetime, timedelta

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.simulation import everybody_reachable

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

PLAN_TEXT = """\
tocsin: 1
plan: obliged
tolerance: 5m
facts:
  data_breach: {type: one of, values: ["no", suspected, confirmed]}
  eu_users: yes or no
  filing: text
  invoice: text
  lost_transactions: number
  average_value: number
  outage_minutes: number
  region_down: yes or no
  detected_from: text
severities:
  P0: {when: [financial_impact >= 200000], acknowledge: 15m, respond: 1h}
  P1: {when: [region_down], acknowledge: 1h}
  P2: {when: [eu_users], acknowledge: 4h}
contacts:
  {on-call: x, lead: x, cto: x, ceo: x, board: x, users: x, security: x, finance: x, legal: x}
alerts: {otherwise: P2}
escalation:
  measured_from: start
  steps:
    - {page: on-call, P0: immediate, P1: immediate, P2: immediate}
    - {page: lead, P0: 30m, P1: 2h}
  if_exhausted: {page: cto}
  triggers:
    - {on: raised, notify: lead, once: false, name: it got worse}
    - {on: missed acknowledge, step: next, for: P1}
duties:
  security: {notify: security, when: data_breach != "no", within: immediate}
  users:
    {tell: users, when: data_breach == "confirmed", within: 72h, from: applies, proof: filing,
     warn_before: [24h], warn: legal, need: if required}
regulations:
  gdpr: {law: gdpr-33, when: data_breach == "confirmed", applies_when: eu_users}
ladders:
  financial_impact:
    currency: USD
    basis: estimate
    cumulative: true
    clock: crossing
    rungs:
      1 kUSD: {notify: lead}
      5 kUSD: {notify: cto}
      10 kUSD: {notify: [finance, cto]}
      50 kUSD: {tell: board, within: 4h}
      100 kUSD: {notify: ceo, tell: board, within: immediate}
  outage: {since: opened, until: resolved, rungs: {4h: {notify: board}}}
finance:
  currency: USD
  gross: gross_impact
  classes:
    lost_revenue: {group: indirect, formula: lost_transactions * average_value}
    penalties: {over: outage_minutes, tiers: {60: 500, 240: 2000.5}, formula: tier * 3}
    vendor_support: {needs: invoice}
    provider_credits: {sign: credit}
    reputation: {estimated: true, group: indirect}
    prevention: {group: recovery}
disaster_recovery:
  region: {when: region_down, actions: [Promote, Change DNS], rpo: 15m, rto: 1h, watch: 24h}
  site: {when: 'data_breach == "suspected"', actions: [Move]}
postmortem:
  required_for: [P0]
  schedule: {within: 72h}
  complete: {within: 7 calendar days, from: scheduled}
  longest: 90m
  needs: {improvement: "one, or none and why"}
metrics:
  mttr: {from: opened, to: resolved, target: 1h, exclude: [eu_users]}
  mtta: {from: opened, to: acknowledged}
  mttd: {from: stated detected_from, to: opened, target: 10m, goal: 0.5}
  uptime: {from: opened, to: resolved, share: uptime, target: 0.999}
  lost: {of: outage_minutes, target: 30}
"""


def the_plan(text: str = PLAN_TEXT) -> Plan:
    plan, problems = read(text, "plan.yaml")
    assert plan is not None, "\n".join(map(str, problems))
    return plan


PLAN = the_plan()
PEOPLE = everybody_reachable(PLAN)


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


class Story:
    """One incident: what is said to it, and all that came of it."""

    def __init__(self, severity: str = "P1", plan: Plan = PLAN) -> None:
        self.plan = plan
        opening = c.Open(by="t", number=1, code="I-1", title="It burns", severity=severity)
        decision = decide(plan, None, opening, START)
        assert isinstance(decision, list)
        self.timeline: list[e.Event] = list(decision)
        self.incident: Incident = replay(decision)
        self.look(0)

    def look(self, minute: float) -> None:
        """Let the plan do what is due by a minute."""
        step = due(self.plan, self.incident, PEOPLE, at(minute))
        self.timeline += step.events
        self.incident = step.incident

    def refusal(self, minute: float, command: c.Command) -> Refusal | None:
        decision = decide(self.plan, self.incident, command, at(minute))
        if isinstance(decision, Refusal):
            return decision
        self.timeline += decision
        self.incident = replay(decision, self.incident)
        self.look(minute)
        return None

    def do(self, minute: float, command: c.Command) -> None:
        refusal = self.refusal(minute, command)
        assert refusal is None, refusal

    def say(self, minute: float, **facts: bool | float | str) -> None:
        for name, value in facts.items():
            self.do(minute, c.RecordFact(by="ana", name=name, value=value))

    def tick(self, minute: float, task: str) -> None:
        self.do(minute, c.Tick(by="ana", task=task))

    def told(self) -> list[tuple[float, str, str]]:
        """Who was told by tasks: (minute, message, recipient)."""
        return [
            ((event.at - START).total_seconds() / 60, event.message, event.to)
            for event in self.timeline
            if isinstance(event, e.Told) and event.step.startswith("task ")
        ]

    def clock(self, name: str) -> tuple[str, float]:
        """How a clock stands, and the minute at which it is due."""
        found = next(clock for clock in self.incident.clocks if clock.name == name)
        return found.state, (found.due - START).total_seconds() / 60

    def state(self, task: str) -> str:
        known = self.incident.tasks.get(task)
        return known.state if known is not None else ""

    def fact(self, name: str) -> object:
        known = self.incident.facts.get(name)
        return known.value if known is not None else None
