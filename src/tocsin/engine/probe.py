"""The probe: a page that Tocsin sends to itself each minute, through everything real pages take.

It comes in by HTTP, opens an incident, waits for a clock, is claimed and sent by the engine, and
is answered by its link (invariant K1). What keeps it apart from real incidents is one thing only:
their numbers are negative. It works by a plan and people of its own, which no file can change, and
it can reach nobody: its one contact is the process that probes itself.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache

from tocsin.core.alerts import Beat, Signal, Unreadable
from tocsin.core.delivery import Contact
from tocsin.core.incident.state import Incident
from tocsin.core.people import Integration, Organisation, Person, Recipient
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.engine.rules import Rules
from tocsin.engine.world import World

PROBE = "tocsin.probe"
"""Integration, person and channel of probes: a name that no organisation file can give."""

SOURCE = "alertmanager"
"""The words in which probes come in."""

COUNTER = "probe"
"""The counter from which they have their numbers, which then are made negative."""

PLAN = """\
tocsin: 1
plan: tocsin-probe
title: A page that Tocsin sends to itself
severities:
  PROBE: {name: Probe, acknowledge: within 1m}
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: prober, PROBE: 1s}
  if_exhausted: {page: prober, every: 1h}
contacts: {prober: Tocsin itself}
alerts:
  group_by: [probe, run]
  rules: []
  otherwise: PROBE
  resolve_incident: true
ids: {incident: "PROBE-{n}"}
"""

_RECIPIENT = "prober"
_NODE, _RUN = "probe", "run"


@cache
def plan() -> Plan:
    """Return the plan of all probes."""
    found, problems = read(PLAN, "probe")
    if found is None:
        raise AssertionError(problems)
    return found


def channel_of(node: str) -> str:
    """Return the channel through which a node's own probes come back: no other node claims them."""
    return f"{PROBE}@{node}"


def labels_of(node: str, run: str) -> Mapping[str, str]:
    """Return what the alert of one run is labelled with: its group, and so its incident, is new."""
    return {"alertname": "Probe", _NODE: node, _RUN: run}


def of_request(world: World, request: Sequence[Signal | Unreadable | Beat]) -> World:
    """Return the world in which a request is taken in: its own for a probe's, as it is for all
    others. All signals of one request come from one integration.
    """
    first = request[0] if request else None
    if first is None or first.integration != PROBE:
        return world
    node = first.labels.get(_NODE, world.node) if isinstance(first, Signal) else world.node
    return _world(world, node)


def world_of(world: World, incident: Incident) -> World:
    """Return the world in which an incident lives: its own for a probe, as it is for all others."""
    if incident.id > 0:
        return world
    node = incident.group.removeprefix(f"{_NODE}=").rpartition(f",{_RUN}=")[0]
    return _world(world, node, incident.plan)


def is_probes(chosen: Plan) -> bool:
    """Whether a plan is that of probes."""
    return chosen.version == plan().version


def _world(world: World, node: str, version: str = "") -> World:
    rules = Rules(world.store)
    rules.hold(plan(), _organisation(node))
    if version:
        # That of a node which is a version older or newer says the same in other words.
        rules.know(plan(), version)
    return replace(world, rules=rules)


def _organisation(node: str) -> Organisation:
    itself = Person(
        id=PROBE,
        name="Tocsin itself",
        contacts=(Contact(channel_of(node), "", "local"),),
        access="viewer",
    )
    return Organisation(
        name="Tocsin",
        version=PROBE,
        time_zone="UTC",
        people={PROBE: itself},
        rosters={},
        recipients={_RECIPIENT: Recipient(id=_RECIPIENT, people=(PROBE,))},
        integrations={PROBE: Integration(id=PROBE, source=SOURCE)},
        last_resort=_RECIPIENT,
    )
