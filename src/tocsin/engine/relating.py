"""What concerns two incidents at once: link, merge, split; each in one transaction.

Locks are taken as everywhere: alerts first, then incidents, each in the order of their ids.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec.structs import replace

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident import relations
from tocsin.core.incident.authority import placed
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.routing import Route
from tocsin.engine.advance import OTHERS_AT_MOST, advance, keep, next_names
from tocsin.engine.ports import Alert, Kept, Transaction
from tocsin.engine.world import World

NAMES_SHOWN = 5
"""How many alert names one timeline entry lists."""

_said = msgspec.json.Decoder(dict[str, Any])


def link(world: World, code: str, command: c.Link) -> Incident | Refusal:
    """Link the incident `code` to another one; both timelines say so."""
    with world.store.write() as tx:
        kept, other = _pair(tx, code, command.to, None)
        if kept is None:
            return _unknown(code)
        now = world.now()
        command = _placed(world, replace(command, other=_seen(other)), now)
        decision = decide(_plan(world, kept), kept.incident, command, now)
        if isinstance(decision, Refusal):
            return decision
        changes = [advance(world, _plan(world, kept), kept, decision, now)] if decision else []
        waits = bool(decision) and not any(isinstance(ev, e.IncidentLinked) for ev in decision)
        back = [] if other is None or waits else _back(other.incident, kept.incident, command, now)
        if other is not None and back:
            changes.append(advance(world, _plan(world, other), other, back, now))
        keep(tx, changes)
    world.wake()
    return changes[0].change.incident if decision else kept.incident


def merge(world: World, code: str, command: c.Merge) -> Incident | Refusal:
    """Merge the incident `code` into another one, to which its alerts go over.

    Returns the one that was merged as it is then: closed, and saying where it goes on.
    """
    with world.store.write() as tx:
        known = tx.incident(code)
        moving = tx.alerts_to_move(known.incident.id, None) if known is not None else []
        kept, other = _pair(tx, code, command.into, known)
        if kept is None:
            return _unknown(code)
        # Not before: whoever waits for the locks must not record an earlier time than came first.
        now = world.now()
        command = replace(command, other=_seen(other), names=_names(moving))
        command = _placed(world, command, now)
        decision = decide(_plan(world, kept), kept.incident, command, now)
        if isinstance(decision, Refusal):
            return decision
        if not decision:
            return kept.incident
        changes = [advance(world, _plan(world, kept), kept, decision, now)]
        if other is not None and any(isinstance(ev, e.MergedInto) for ev in decision):
            plan = _plan(world, other)
            taken = relations.absorbed(plan, other.incident, kept.incident, command, now)
            changes.append(advance(world, plan, other, taken, now))
            tx.move_alerts(kept.incident.id, other.incident.id, None)
        keep(tx, changes)
    world.wake()
    return changes[0].change.incident


class _Refused(Exception):
    """Leaves a transaction, so that nothing of it is kept: no number is used up."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.reason)
        self.refusal = refusal


def split(world: World, code: str, command: c.Split) -> Incident | Refusal:
    """Open another incident for some alerts of `code`, by the alert rules in force.

    Returns the new one; or the old one, if the plan wants a second person first.
    """
    try:
        with world.store.write() as tx:
            incident = _split(tx, world, code, command)
    except _Refused as refused:
        return refused.refusal
    world.wake()
    return incident


def _split(tx: Transaction, world: World, code: str, command: c.Split) -> Incident:
    known = tx.incident(code)
    if known is None:
        raise _Refused(_unknown(code))
    alerts = tx.alerts_to_move(known.incident.id, command.alerts)
    kept = tx.locked_by_id([known.incident.id])[known.incident.id]
    now = world.now()
    command = replace(
        command, count=len(alerts), firing=sum(a.firing for a in alerts), names=_names(alerts)
    )
    command = _placed(world, command, now)
    # The first time without a name: none is used up by what is refused or waits for somebody.
    left = _must(decide(_plan(world, kept), kept.incident, command, now))
    if not any(isinstance(ev, e.AlertsLeft) for ev in left):
        waiting = advance(world, _plan(world, kept), kept, left, now)
        keep(tx, [waiting])
        return waiting.change.incident
    names = next_names(tx, world.rules.plan, now, 1)[0]
    command = replace(command, to=names.code)
    left = _must(decide(_plan(world, kept), kept.incident, command, now))
    routes = [world.rules.router.route(_labels(alert)) for alert in alerts]
    plan = world.rules.plan
    opening = _opening(plan, routes, command, tx.unresolved(OTHERS_AT_MOST))
    opening = replace(opening, number=names.number, code=names.code, channel=names.channel)
    begun = _must(decide(plan, None, opening, now))
    begun += relations.split_off(plan, replay(begun), kept.incident, command, now)
    changes = [
        advance(world, _plan(world, kept), kept, left, now),
        advance(world, plan, None, begun, now),
    ]
    keep(tx, changes)
    tx.move_alerts(kept.incident.id, names.number, command.alerts)
    return changes[1].change.incident


def _opening(plan: Plan, routes: Sequence[Route], command: c.Split, others: int) -> c.Open:
    """Say how the plan opens an incident for these alerts: the worst of them counts.

    Its group is its own, so that it ends with its alerts and takes no others (invariant A4).
    """
    worst = min(routes, key=lambda route: plan.severity(route.severity).rank)
    facts: Mapping[str, Any] = {n: v for route in routes for n, v in route.facts.items()}
    return c.Open(
        by=command.by, via=command.via, why=worst.why, line=worst.line, standing=(e.BY_PLAN,),
        number=0, code="", title=" ".join(command.title.split()) or worst.title,
        severity=worst.severity, facts=facts, incident_kind=worst.incident_kind,
        group=f"split off as {command.to}", others=others,
    )  # fmt: skip


def _pair(
    tx: Transaction, code: str, other: str, known: Kept | None
) -> tuple[Kept | None, Kept | None]:
    """Return two incidents, locked in the order of their ids; None where there is none."""
    first, second = known or tx.incident(code), tx.incident(other)
    found = tx.locked_by_id([one.incident.id for one in (first, second) if one is not None])
    return (
        found.get(first.incident.id) if first is not None else None,
        found.get(second.incident.id) if second is not None else None,
    )


def _seen(kept: Kept | None) -> c.Other | None:
    if kept is None:
        return None
    incident = kept.incident
    return c.Other(
        code=incident.code,
        number=incident.id,
        state=incident.state,
        readers=incident.restricted.readers if incident.restricted is not None else None,
        exercise=incident.exercise,
    )


def _back(other: Incident, incident: Incident, command: c.Link, now: datetime) -> Sequence[e.Event]:
    return relations.linked_back(other, incident.code, command, now)


def _placed(world: World, command: c.Command, now: datetime) -> Any:
    return placed(world.rules.organisation, command, now)


def _plan(world: World, kept: Kept) -> Plan:
    return world.rules.plan_of(kept.incident.plan)


def _must(decision: list[e.Event] | Refusal) -> list[e.Event]:
    if isinstance(decision, Refusal):
        raise _Refused(decision)
    return decision


def _labels(alert: Alert) -> Mapping[str, str]:
    labels: Mapping[str, str] = _said.decode(alert.text).get("labels", {})
    return labels


def _names(alerts: Sequence[Alert]) -> tuple[str, ...]:
    """Return what people call a few of the alerts, as `core.alerts.Signal.name` does."""
    names: dict[str, None] = {}
    for alert in alerts:
        names.setdefault(_labels(alert).get("alertname", "alert"))
        if len(names) == NAMES_SHOWN:
            break
    return tuple(names)


def _unknown(code: str) -> Refusal:
    return Refusal(
        "incident.unknown", f"there is no incident {code}", "list them: tocsin incidents"
    )
