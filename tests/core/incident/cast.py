"""The plan and the people that the tests of incidents are about."""

from datetime import UTC, datetime, timedelta

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.decide import decide
from tocsin.core.incident.due import due
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.simulation import everybody_reachable

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

PLAN_TEXT = """\
tocsin: 1
plan: cast
title: The plan of the tests
time_zone: UTC
tolerance: 5m
facts:
  service_availability: {type: one of, values: [full, degraded, none], about: What users get}
  users_affected: {type: number, about: How many}
  security_incident: yes or no
severities:
  P0:
    name: Critical
    when: [service_availability == "none", security_incident]
    acknowledge: within 15m
    respond: < 1h
    repair: 4h
    escalation_policy: required
  P1:
    name: High
    when: [service_availability == "degraded", users_affected > 100]
    acknowledge: within 1h
    respond: within 4h
  P2:
    name: Medium
    when: [service_availability == "full"]
    respond: within 1d
clocks:
  respond: {starts_at: opened, stops_at: assessed}
  repair: {starts_at: acknowledged, stops_at: resolved}
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: on-call-engineer, P0: immediate, P1: immediate}
    - {page: team-lead, P0: 30m, P1: 2h}
    - {page: cto, P0: 1h, until: resolved}
    - {notify: affected-users, P0: 1h, until: resolved}
  if_exhausted: {page: [cto], every: 15m}
roles:
  incident-commander:
    {name: Incident commander, from: on-call-engineer, assign: within 2h, required_for: [P1]}
contacts: {on-call-engineer: x, team-lead: x, cto: x, affected-users: x}
alerts:
  group_by: [alertname]
  otherwise: P2
  resolve_incident: true
  reopen_within: 30m
ids: {incident: "INC-{YYYY}-{n:03}"}
channels: {incident: "#incident-{n:03}"}
"""


def the_plan(text: str = PLAN_TEXT) -> Plan:
    plan, problems = read(text, "plan.yaml")
    assert plan is not None, "\n".join(map(str, problems))
    return plan


PLAN = the_plan()
EVERYBODY: Organisation = everybody_reachable(PLAN)


def minutes(count: float) -> datetime:
    return START + timedelta(minutes=count)


def opened(severity: str = "P0") -> Incident:
    opening = c.Open(by="test", number=1, code="INC-2026-001", title="It burns", severity=severity)
    decision = decide(PLAN, None, opening, START)
    assert isinstance(decision, list)
    return replay(decision)


def after(incident: Incident, command: c.Command, minute: float) -> Incident:
    """The incident after a command that is expected to be accepted."""
    decision = decide(PLAN, incident, command, minutes(minute))
    assert isinstance(decision, list), decision
    return replay(decision, incident)


def looked_at(
    incident: Incident, minute: float, people: Organisation = EVERYBODY
) -> tuple[list[e.Event], Incident]:
    """What is due at a minute, and the incident after it."""
    step = due(PLAN, incident, people, minutes(minute))
    return list(step.events), step.incident


def calls(happened: list[e.Event]) -> list[str]:
    """Who is called: "page cto"."""
    return [f"{event.message} {event.to}" for event in happened if isinstance(event, e.Told)]
