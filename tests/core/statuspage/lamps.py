"""A plan with a status page, and shorthand for what the page is made of."""

from datetime import UTC, datetime, timedelta

from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.statuspage.board import Place, Records, make_board
from tocsin.core.statuspage.model import Board, Claim, PageState, Publication, Window

NOW = datetime(2026, 11, 21, 15, 0, tzinfo=UTC)
SINCE = NOW - timedelta(days=30)

PLAN = """
tocsin: 1
plan: lamps
title: What we do when the lamps go out
project: Lamp shop
facts:
  service_availability: [full, degraded, none]
  user_facing: yes or no
components:
  api: {name: api-gw-7, public_name: API}
  checkout: {name: checkout-svc, public_name: Checkout, depends_on: api}
  search: {name: search-svc, public_name: Search, depends_on: api, failover: true}
  dashboard: {name: dash, public_name: Dashboard}
  vault: {name: Internal vault}
severities:
  P0: {name: Critical, when: ['service_availability == "none"'], acknowledge: within 15m}
  P1: {name: High, when: ['service_availability == "degraded"'], acknowledge: within 1h}
escalation:
  measured_from: start
  steps:
    - {page: on-call-engineer, P0: immediate, P1: immediate}
  if_exhausted: {page: team-lead, every: 15m}
roles:
  incident-commander: {from: on-call-engineer}
contacts: {on-call-engineer: org, team-lead: org}
audiences:
  public: {name: The public, visibility: public}
  team: {name: The team}
templates:
  ready:
    audience: public
    text: "We work on {{ components.affected }}: {{ incident.status }} as of {{ now }}."
  inside:
    audience: public
    text: "It is about {{ incident.title }}."
status_page:
  url: https://status.example.org
  audience: public
  for: [P0, P1]
  when: user_facing
  components: {Shop: [api, checkout], Search: search, Dashboard: dashboard}
  history: 90d
  subscriptions: [{by: email}, {by: webhook}, {by: feed}]
  maintenance: {announce: 48h}
support:
  prepared: {outage: {template: ready}, title: {template: inside}}
  lines: {enterprise: incident-commander}
  otherwise: team-lead
alerts:
  group_by: [alertname]
  rules: [{match: {severity: critical}, severity: P0}]
  otherwise: P1
ids: {incident: "INC-{n:03}"}
"""


def plan(text: str = PLAN) -> Plan:
    """Read a plan that must be without errors."""
    found, problems = read(text, "plan.yaml")
    assert found is not None, [str(one) for one in problems if one.level == "error"]
    return found


def claim(component: str, state: PageState, hours_ago: float, source: str = "incident 1") -> Claim:
    return Claim(
        component=component, source=source, state=state, at=NOW - timedelta(hours=hours_ago)
    )


def said(number: int, status: str, text: str, hours_ago: float, **more: object) -> Publication:
    values: dict[str, object] = {
        "incident_id": 1, "incident": "abc", "title": "Orders fail", "impact": "major",
        "components": ("api",),
    }  # fmt: skip
    return Publication(
        number=number, status=status, text=text, at=NOW - timedelta(hours=hours_ago),
        **(values | more),  # type: ignore[arg-type]
    )  # fmt: skip


def window(starts_in: float, ends_in: float, **more: object) -> Window:
    values: dict[str, object] = {
        "id": 1, "title": "Database upgrade", "text": "Search may be slow.",
        "components": ("search",),
    }  # fmt: skip
    return Window(
        starts_at=NOW + timedelta(hours=starts_in), ends_at=NOW + timedelta(hours=ends_in),
        made_at=NOW - timedelta(days=3), **(values | more),  # type: ignore[arg-type]
    )  # fmt: skip


def board(text: str = PLAN, **records: object) -> Board:
    kept = Records(since=SINCE, **records)  # type: ignore[arg-type]
    place = Place(
        url="https://status.example.org", subscribe="https://tocsin.example.org/status/subscribe"
    )
    return make_board(plan(text), kept, place, NOW)
