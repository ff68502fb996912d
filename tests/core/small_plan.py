"""A plan and its people that the tests of scenarios tell their stories about."""

PLAN_TEXT = """\
tocsin: 1
plan: starter
title: Incident response
time_zone: UTC
tolerance: 5m
calendars:
  business: {days: [monday, tuesday, wednesday, thursday, friday], hours: "09:00-17:00"}
facts:
  service_availability: {type: one of, values: [full, degraded, none], about: What users get}
  data_breach: {type: one of, values: ["no", suspected, confirmed], about: Data in wrong hands}
  payment_processing: [up, down]
  error_rate: {type: number, about: Share of failed requests as a number up to 1}
  cosmetic: yes or no
severities:
  P0:
    name: Critical
    when:
      - service_availability == "none"
      - data_breach == "confirmed"
    acknowledge: within 5m
    respond: within 15m
  P1:
    name: High
    when:
      - service_availability == "degraded"
      - payment_processing == "down"
      - data_breach == "suspected"
      - error_rate > 0.05
    acknowledge: within 15m
    respond: within 1h
  P2:
    name: Medium
    when:
      - error_rate > 0.01
    acknowledge: within 4h
    respond: next business day
  P3:
    name: Low
    when:
      - cosmetic
    acknowledge: next business day
    respond: 3 business days
clocks:
  respond: {starts_at: opened, stops_at: assessed}
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: on-call-engineer, P0: immediate, P1: immediate}
    - {notify: on-call-engineer, P2: immediate, P3: immediate}
    - {page: team-lead, P0: 10m, P1: 10m}
    - {page: engineering-manager, P0: 30m, P1: 30m}
  if_exhausted: {page: [team-lead, engineering-manager], every: 15m}
roles:
  incident-commander:
    name: Incident commander
    duties: [Coordinate the response, Decide, Keep everybody informed]
    from: on-call-engineer
    assign: within 30m
    required_for: [P0]
contacts:
  on-call-engineer: see the organisation file
  team-lead: see the organisation file
  engineering-manager: see the organisation file
alerts:
  group_by: [alertname, service]
  rules:
    - {match: {severity: critical}, severity: P0}
    - {match: {severity: warning}, severity: P1}
    - {match: {severity: info}, severity: P3}
  otherwise: P2
  resolve_incident: true
  reopen_within: 30m
ids: {incident: "INC-{YYYY}-{n:03}"}
channels: {incident: "#incident-{YYYY}-{n:03}"}
"""

ORG_TEXT = """\
tocsin: 1
organisation: Example Ltd
time_zone: Europe/Berlin
people:
  ana:
    name: Ana Prieto
    access: administrator
    contacts: [inbox, email ana@example.org]
  ben:
    name: Ben Okafor
    contacts: [inbox, email ben@example.org]
  cleo:
    name: Cleo Lindqvist
    contacts: [inbox, email cleo@example.org]
  dora:
    name: Dora Vasile
    contacts: [inbox, email dora@example.org]
  emil:
    name: Emil Haddad
    access: administrator
    contacts: [inbox, email emil@example.org]
rosters:
  primary:
    rotation: [ana, ben, cleo]
    handover: monday 09:00
    first_week: 2026-01-05
recipients:
  on-call-engineer: {roster: primary}
  team-lead: {people: [dora]}
  engineering-manager: {people: [emil]}
  cto: {people: [emil]}
  stakeholders: {people: [dora, emil]}
  affected-users: {contacts: [email customers@example.org]}
last_resort: team-lead
integrations:
  prometheus: {source: alertmanager, owner: team-lead}
"""
