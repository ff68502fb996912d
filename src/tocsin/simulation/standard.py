"""The standard scenario: a compact plan and a small organisation in which everything can happen."""

from tocsin.simulation.stage import Edit, Stage

PLAN = """\
tocsin: 1
plan: simulated
title: The plan of the simulator
time_zone: UTC
tolerance: 5m
facts:
  service_availability: {type: one of, values: [full, degraded, none], about: What users get}
severities:
  P0:
    name: Critical
    when: [service_availability == "none"]
    acknowledge: within 5m
  P1:
    name: High
    when: [service_availability == "degraded"]
    acknowledge: within 15m
  P2:
    name: Low
    when: [service_availability == "full"]
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: on-call-engineer, P0: immediate, P1: immediate, P2: 10m}
    - {page: team-lead, P0: 10m, P1: 30m}
    - {page: cto, P0: 30m}
  if_exhausted: {page: [team-lead], every: 15m}
contacts: {on-call-engineer: org, team-lead: org, cto: org}
alerts:
  group_by: [alertname]
  rules:
    - {match: {severity: critical}, severity: P0}
    - {match: {severity: warning}, severity: P2}
  otherwise: P1
  resolve_incident: true
  reopen_within: 30m
ids: {incident: "INC-{n:03}"}
channels: {incident: "#inc-{n:03}"}
"""

ORGANISATION = """\
tocsin: 1
organisation: Simulated Ltd
time_zone: Europe/Berlin
people:
  ana: {name: Ana, access: administrator, contacts: [email ana@example.org, webhook ana]}
  ben: {name: Ben, contacts: [webhook ben, email ben@example.org]}
  dora: {name: Dora, contacts: [inbox, email dora@example.org, webhook dora]}
  cleo: {name: Cleo, contacts: [webhook cleo, email cleo@example.org]}
  emil: {name: Emil, contacts: [email emil@example.org, email emil@home.example, webhook emil]}
  fabian: {name: Fabian, contacts: []}
rosters:
  primary: {rotation: [ana, ben, emil], handover: monday 10:00, first_week: 2026-11-23}
recipients:
  on-call-engineer: {roster: primary}
  team-lead: {people: [dora]}
  cto: {people: [cleo, fabian]}
last_resort: team-lead
integrations:
  prometheus: {source: alertmanager, owner: cto}
webhooks:
  ana: {url: "env:ANA_URL", secret: "env:ANA_SECRET"}
  ben: {url: "env:BEN_URL", secret: "env:BEN_SECRET"}
  dora: {url: "env:DORA_URL", secret: "env:DORA_SECRET"}
  cleo: {url: "env:CLEO_URL", secret: "env:CLEO_SECRET"}
  emil: {url: "env:EMIL_URL", secret: "env:EMIL_SECRET"}
"""

LABELS = (
    {"alertname": "ApiDown", "severity": "critical"},
    {"alertname": "ApiSlow", "severity": "high"},
    {"alertname": "DiskFills", "severity": "warning"},
    {"alertname": "ApiDown", "severity": "warning", "instance": "b"},
    {"alertname": "QueueLong", "severity": "high"},
)

_LEAVES = (
    ("  ben: {name: Ben, contacts: [webhook ben, email ben@example.org]}\n", ""),
    ('  ben: {url: "env:BEN_URL", secret: "env:BEN_SECRET"}\n', ""),
    ("rotation: [ana, ben, emil]", "rotation: [ana, emil]"),
)


def _organisation(what: str, *changes: tuple[str, str]) -> Edit:
    return Edit(what, organisation=_changed(ORGANISATION, changes))


def _plan(what: str, *changes: tuple[str, str]) -> Edit:
    return Edit(what, plan=_changed(PLAN, changes))


def _changed(text: str, changes: tuple[tuple[str, str], ...]) -> str:
    for old, new in changes:
        if old not in text:
            raise AssertionError(f"the standard scenario has no {old!r}")
        text = text.replace(old, new)
    return text


def _renamed(text: str) -> str:
    """Call all recipients otherwise: what runs by the old plan can reach none of them."""
    for old, new in (("on-call-engineer", "engineer"), ("team-lead", "lead"), ("cto", "chief")):
        text = text.replace(old, new)
    return text


EDITS = (
    _organisation("everything as at the beginning"),
    _organisation("Ben leaves the company", *_LEAVES),
    _organisation("the rotation turns the other way", ("[ana, ben, emil]", "[emil, ben, ana]")),
    _organisation("hand-over is two hours earlier", ("monday 10:00", "monday 08:00")),
    _organisation(
        "Cleo is team lead", ("team-lead: {people: [dora]}", "team-lead: {people: [cleo]}")
    ),
    _organisation("Emil alone is on call", ("{roster: primary}", "{people: [emil]}")),
    _organisation(
        "Ana has another address",
        ("[email ana@example.org, webhook ana]", "[webhook ana, email ana@home.example]"),
    ),
    _organisation(
        "Cleo has no contacts any more", ("[webhook cleo, email cleo@example.org]", "[]")
    ),
    _organisation("a file with an error", ("{roster: primary}", "{roster: none}")),
    _plan("the plan as at the beginning"),
    _plan("the team lead is called after 5 minutes", ("P0: 10m, P1: 30m", "P0: 5m, P1: 15m")),
    _plan("the chief is not called", ("    - {page: cto, P0: 30m}\n", "")),
    _plan(
        "critical alerts are P1",
        ("severity: critical}, severity: P0", "severity: critical}, severity: P1"),
    ),
    _plan("alarms come every 10 minutes", ("every: 15m", "every: 10m")),
    _plan(
        "alerts of each instance apart",
        ("group_by: [alertname]", "group_by: [alertname, instance]"),
    ),
    Edit(
        "everybody is called by another name",
        plan=_renamed(PLAN),
        organisation=_renamed(ORGANISATION),
    ),
    _plan("a plan with an error", ("page: cto", "page: nobody-knows")),
)
"""Whatever people may put in force in the middle of the night."""

STANDARD = Stage(
    name="standard",
    plan=PLAN,
    organisation=ORGANISATION,
    labels=LABELS,
    edits=EDITS,
    longest={"P0": 30 * 60, "P1": 30 * 60, "P2": 15 * 60},
    earliest={
        "P0": {"team-lead": 5 * 60, "cto": 30 * 60},
        "P1": {"team-lead": 15 * 60},
        "P2": {"on-call-engineer": 10 * 60},
    },
    before_alarm={
        "P0": ("on-call-engineer", "team-lead", "cto"),
        "P1": ("on-call-engineer", "team-lead"),
        "P2": ("on-call-engineer",),
    },
)
