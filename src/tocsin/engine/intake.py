"""Alerts in: what is new, which incident it belongs to, what follows. One transaction a batch."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import msgspec

from tocsin.core.alerts import Beat, Signal, Unreadable
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.decide import decide
from tocsin.core.incident.fold import replay
from tocsin.core.incident.joining import leads_on, takes_alerts
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import FactValue, Plan
from tocsin.engine.advance import OTHERS_AT_MOST, Advanced, Names, advance, keep, next_names
from tocsin.engine.listening import heard
from tocsin.engine.maintenance import quieter_of
from tocsin.engine.ports import Alert, Disposition, Kept, Transaction
from tocsin.engine.probe import is_probes, of_request
from tocsin.engine.sorting import Batch, Episode, Group, settle, signal_of
from tocsin.engine.world import World

NAMES_SHOWN = 5
"""How many alert names one timeline entry lists."""

UNREADABLE = "unreadable"
"""The kind of incident that something incomprehensible opens (invariant A6)."""

VIA = "alert"


class Receipt(msgspec.Struct, frozen=True):
    """What became of one signal: the same for a repeat of it (invariant A3)."""

    fingerprint: str
    disposition: Disposition


Request = Sequence[Signal | Unreadable | Beat]


def take_in(world: World, requests: Sequence[Request]) -> list[list[Receipt]]:
    """Keep everything in `requests`, and whatever follows from it; return a receipt per signal.

    All of it is on disk when this returns (invariant A1) and every signal has one disposition
    (invariant A2). Raises StoreUnavailable or Conflict with nothing kept.
    """
    receipts: dict[int, list[Receipt]] = {}
    steps: list[Advanced] = []
    with world.store.write() as tx:
        for own, places in _worlds(world, requests):
            share = [requests[place] for place in places]
            beats = [b.integration for request in share for b in request if isinstance(b, Beat)]
            over = heard(tx, own, beats) if beats else []
            episodes, went = write(tx, own, [*share, over])
            steps += went
            settled = iter(episodes)
            for place, request in zip(places, share, strict=True):
                receipts[place] = [_receipt(one, settled) for one in request]
    if any(step.calls for step in steps):
        world.wake()
    return [receipts[place] for place in range(len(requests))]


def _worlds(world: World, requests: Sequence[Request]) -> list[tuple[World, list[int]]]:
    """Part requests by the world they belong to: probes have one of their own, see `probe`."""
    own = [of_request(world, request) for request in requests]
    real = [place for place, one in enumerate(own) if one is world]
    probes = [(one, [place]) for place, one in enumerate(own) if one is not world]
    return [(world, real), *probes] if real else probes


def _receipt(one: Signal | Unreadable | Beat, settled: Iterator[Episode]) -> Receipt:
    if isinstance(one, Signal):
        return Receipt(one.fingerprint.hex(), next(settled).alert.disposition)
    return Receipt("", "heard" if isinstance(one, Beat) else "dead-lettered")


def write(
    tx: Transaction, world: World, requests: Sequence[Request]
) -> tuple[list[Episode], list[Advanced]]:
    """Write all of it into `tx`; return what became of each signal and of each incident touched."""
    now = world.now()
    signals = [s for request in requests for s in request if isinstance(s, Signal)]
    unreadable = [s for request in requests for s in request if isinstance(s, Unreadable)]
    quieter = quieter_of(tx, world, signals, now)
    known = tx.known_alerts({signal.fingerprint for signal in signals})
    batch = Batch(world.rules.router, known, now, quieter)
    episodes = [batch.add(signal) for signal in signals]
    steps, places = _steps(tx, world, batch, unreadable, now)
    new = [episode.alert for episode in batch.new]
    changed = [episode.alert for episode in batch.changed.values()]
    if new or changed:
        tx.keep_alerts(new, changed)
    for window, quiet in batch.quiet.items():
        tx.keep_quiet([episode.alert for episode in quiet], window, now)
    if unreadable:
        kept = [(bad, now, places.incident_id(_unreadable_group(bad))) for bad in unreadable]
        tx.keep_unreadable(kept)
    keep(tx, steps)
    return episodes, steps


def take_up(tx: Transaction, world: World, batch: Batch) -> None:
    """Write what follows from known alerts that `batch` has taken up, as if they began now."""
    steps, _ = _steps(tx, world, batch, (), world.now())
    tx.keep_alerts([], [episode.alert for episode in batch.changed.values()])
    keep(tx, steps)


class _Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """What came for one group of alerts: enough to open an incident or to join one."""

    group: str
    title: str
    by: str
    count: int
    names: tuple[str, ...]
    severity: str
    why: str
    line: int
    facts: Mapping[str, FactValue] = {}
    kind: str = ""
    owner: str = ""
    quiet: str = ""


class _Places(msgspec.Struct, frozen=True):
    """Where arrivals go: incidents that take them, and names for those that must be opened."""

    joins: Mapping[str, Kept]
    named: Mapping[str, Names]
    open_before: int = 0

    def others(self, group: str) -> int:
        """Return how many incidents are open already when that of a group is opened."""
        return self.open_before + list(self.named).index(group)

    def code(self, group: str) -> str:
        """Return the code of the incident of a group."""
        if group in self.named:
            return self.named[group].code
        return self.joins[group].incident.code

    def incident_id(self, group: str) -> int:
        """Return the id of the incident of a group."""
        if group in self.named:
            return self.named[group].number
        return self.joins[group].incident.id


def _steps(
    tx: Transaction, world: World, batch: Batch, unreadable: Sequence[Unreadable], now: datetime
) -> tuple[list[Advanced], "_Places"]:
    """Find or open the incident of each group, and say what becomes of every incident touched.

    Several groups may belong to one incident, where others were merged into it.
    """
    touched = {*batch.ended, *batch.heard}
    found = tx.locked_by_id(touched) if touched else {}
    batch.not_over(found)
    reports = _reports(world, unreadable)
    places = _places(tx, world, [*batch.groups, *reports], found, now)
    # From here on all are locked: whoever waited for that must not record an earlier time than
    # what came first.
    now = world.now()
    arrivals = [_arrival(world.rules.plan, g, places) for g in batch.groups.values()]
    left = _left(batch, places, now)
    settle(
        batch.groups.values(),
        {name: places.incident_id(name) for name in batch.groups},
        {name.number for name in places.named.values()},
    )
    ended = _ended(batch)
    steps = []
    for incident_id, came in _by_incident((*arrivals, *reports.values()), places).items():
        steps.append(_arrive(world, came, places, ended.pop(incident_id, 0), now))
        left.pop(incident_id, None)
    # Those that alerts have left are locked by now: as touched, or by whoever took the alerts up.
    found = {**tx.locked_by_id(left.keys() - found.keys()), **found} if left else found
    for incident_id in sorted(ended.keys() | left.keys()):
        if incident_id not in found:
            continue
        kept = found[incident_id]
        plan = world.rules.plan_of(kept.incident.plan)
        happened: list[e.Event] = [left[incident_id]] if incident_id in left else []
        if count := ended.get(incident_id, 0):
            incident = replay(happened, kept.incident)
            happened += _went(plan, incident, count, now)
        steps.append(advance(world, plan, kept, happened, now))
    return steps, places


def _left(batch: Batch, places: "_Places", now: datetime) -> dict[int, e.AlertsLeft]:
    """Say which alerts go to another incident than before, by the one that they leave.

    That one is over, and its alerts fire on: if it is ever reopened, it must not wait for them.
    """
    leaving: dict[int, list[tuple[str, Alert]]] = {}
    for group in batch.groups.values():
        for episode in group.episodes:
            before = episode.alert.incident_id
            if not episode.is_new and before not in (None, places.incident_id(group.name)):
                leaving.setdefault(before or 0, []).append((group.name, episode.alert))
    left = {}
    for number, gone in leaving.items():
        alerts = [alert for _, alert in gone]
        left[number] = e.AlertsLeft(
            at=now,
            why="they fire on although it was resolved",
            count=len(alerts),
            firing=sum(alert.firing for alert in alerts),
            names=tuple(dict.fromkeys(signal_of(alert).name for alert in alerts))[:NAMES_SHOWN],
            to=places.code(gone[0][0]),
            alerts=tuple(sorted(alert.id for alert in alerts)),
        )
    return left


def _by_incident(arrivals: Sequence["_Arrival"], places: "_Places") -> dict[int, list["_Arrival"]]:
    """Put together what comes to one incident: it is written once."""
    by_incident: dict[int, list[_Arrival]] = {}
    for arrival in arrivals:
        by_incident.setdefault(places.incident_id(arrival.group), []).append(arrival)
    return by_incident


def _places(
    tx: Transaction,
    world: World,
    groups: Sequence[str],
    found: Mapping[int, Kept],
    now: datetime,
) -> _Places:
    latest = dict(tx.latest_of_groups(groups)) if groups else {}
    if merged := {leads_on(kept.incident) for kept in latest.values()} - {0}:
        # Alerts of a group that was merged away go where it went (invariant A4).
        others = tx.locked_by_id(merged)
        latest = {
            group: others.get(leads_on(kept.incident), kept) for group, kept in latest.items()
        }
    joins = {
        group: found.get(kept.incident.id, kept)
        for group, kept in latest.items()
        if takes_alerts(world.rules.plan_of(kept.incident.plan), kept.incident, now)
    }
    opening = [group for group in groups if group not in joins]
    emergency = world.emergency()
    names = next_names(tx, world.rules.plan, now, len(opening), emergency) if opening else []
    open_before = tx.unresolved(OTHERS_AT_MOST) if opening else 0
    return _Places(joins, dict(zip(opening, names, strict=True)), open_before)


def _arrival(plan: Plan, group: Group, places: _Places) -> _Arrival:
    """Sum up what a group's new alerts say: the worst severity counts, and why."""
    incident_id = places.incident_id(group.name)
    fresh = [ep for ep in group.episodes if ep.is_new or ep.alert.incident_id != incident_id]
    routes = list(group.routes.values())
    worst = min(routes, key=lambda route: plan.severity(route.severity).rank)
    return _Arrival(
        group=group.name,
        title=group.title,
        by=group.source,
        count=len(fresh),
        names=tuple(dict.fromkeys(group.names))[:NAMES_SHOWN],
        severity=worst.severity,
        why=worst.why,
        line=worst.line,
        facts={name: value for route in routes for name, value in route.facts.items()},
        kind=worst.incident_kind,
        quiet="; ".join(group.quiet),
    )


def _ended(batch: Batch) -> dict[int, int]:
    """Count the alerts that are over, by incident; some came and went within the batch."""
    ended = dict(batch.ended)
    for episode in batch.new:
        incident_id = episode.alert.incident_id
        if incident_id is not None and not episode.alert.firing:
            ended[incident_id] = ended.get(incident_id, 0) + 1
    return ended


def _arrive(
    world: World, arrivals: Sequence[_Arrival], places: _Places, went: int, now: datetime
) -> Advanced:
    """Say what becomes of one incident to which alerts come, of one group or of several."""
    kept = places.joins.get(arrivals[0].group)
    plan = world.rules.plan if kept is None else world.rules.plan_of(kept.incident.plan)
    happened: list[e.Event] = []
    incident = kept.incident if kept is not None else None
    if incident is None:
        happened += _open(plan, arrivals[0], places, now)
        incident = replay(happened)
    for arrival in arrivals:
        came = _must(decide(plan, incident, _came(plan, arrival, new=kept is None), now))
        if arrival.owner and kept is None:
            owner = arrival.owner
            why = "it owns the integration"
            came.append(e.EscalationAsked(at=now, by=arrival.by, via=VIA, to=owner, why=why))
        incident = replay(came, incident)
        happened += came
    if went:
        happened += _went(plan, incident, went, now)
    return advance(world, plan, kept, happened, now)


def _came(plan: Plan, arrival: _Arrival, *, new: bool) -> c.AlertsCame:
    known = {severity.code for severity in plan.severities}
    return c.AlertsCame(
        by=arrival.by,
        via=VIA,
        why=arrival.why,
        count=arrival.count,
        names=arrival.names,
        severity=arrival.severity if arrival.severity in known else plan.alerts.otherwise,
        line=arrival.line,
        facts={} if new else arrival.facts,
        quiet=arrival.quiet,
    )


def _open(plan: Plan, arrival: _Arrival, places: _Places, now: datetime) -> list[e.Event]:
    names = places.named[arrival.group]
    opening = c.Open(
        by=arrival.by,
        via=VIA,
        why=arrival.why,
        line=arrival.line,
        number=names.number,
        code=names.code,
        channel=names.channel,
        title=arrival.title,
        severity=arrival.severity,
        facts=arrival.facts,
        group=arrival.group,
        incident_kind=arrival.kind,
        others=places.others(arrival.group),
        exercise=is_probes(plan),
    )
    return _must(decide(plan, None, opening, now))


def _went(plan: Plan, incident: Incident, count: int, now: datetime) -> list[e.Event]:
    source = c.AlertsWent(by="alerts", via=VIA, count=count)
    return _must(decide(plan, incident, source, now))


def _must(decision: list[e.Event] | Refusal) -> list[e.Event]:
    """Machines are not refused: the plan reader has checked what alert rules say."""
    if isinstance(decision, Refusal):
        raise AssertionError(decision.reason)
    return decision


def _reports(world: World, unreadable: Sequence[Unreadable]) -> dict[str, _Arrival]:
    """Turn what could not be understood into something that calls its owner (invariant A6)."""
    integrations = world.rules.organisation.integrations
    plan = world.rules.plan
    reports = {}
    for integration in dict.fromkeys(bad.integration for bad in unreadable):
        of_it = [bad for bad in unreadable if bad.integration == integration]
        known = integrations.get(integration)
        group = _unreadable_group(of_it[0])
        reports[group] = _Arrival(
            group=group,
            title=f"Unreadable alert from {integration}",
            by=integration,
            count=len(of_it),
            names=tuple(dict.fromkeys(bad.why for bad in of_it))[:NAMES_SHOWN],
            severity=plan.alerts.otherwise,
            why="something arrived that could not be understood; it is kept as it came",
            line=plan.alerts.line,
            kind=UNREADABLE,
            owner=known.owner if known is not None else "",
        )
    return reports


def _unreadable_group(bad: Unreadable) -> str:
    return f"unreadable from {bad.integration}"
