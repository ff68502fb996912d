"""How often each audience hears how things stand: which rule counts now, and its clock."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from tocsin.core.calendars import due_at
from tocsin.core.incident import events as e
from tocsin.core.incident.clocks import stopped
from tocsin.core.incident.filling import is_affected
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Clock, Incident, Published
from tocsin.core.oncall import reach
from tocsin.core.people import Organisation
from tocsin.core.plan.communication.model import Audience, Cadence
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan
from tocsin.core.times import AnyTime, Never, Unspecified, Within, words, words_duration

PREFIX = "update "
"""Starts the name of the clock that waits for the next update to an audience."""

ALL = "all"
OVER = ("stood down", "closed")
"""Moments after which nothing is promised any more, whatever a rule says."""


def concerned(plan: Plan, incident: Incident, audience: Audience) -> bool:
    """Whether the incident is any business of an audience."""
    if audience.severities and incident.severity not in audience.severities:
        return False
    seen = situation(incident)
    if audience.when and not holds(audience.when, seen):
        return False
    return not audience.topics or any(touches(plan, incident, one) for one in audience.topics)


def touches(plan: Plan, incident: Incident, topic: str) -> bool:
    """Whether an incident is about a component, a fact or a kind."""
    if topic in plan.catalogue.components:
        return is_affected(plan, incident, topic)
    if topic in plan.kinds and incident.incident_kind == topic:
        return True
    fact = incident.facts.get(topic)
    return fact is not None and fact.value not in (False, 0, "", "no", "none", "up", "full")


def counting(plan: Plan, incident: Incident, audience: str, now: datetime) -> Cadence | None:
    """Return the rule by which an audience is told now; None if nothing is promised to it.

    What `before` says counts most, then the more special rule, then the more frequent one.
    """
    about = plan.communication.audiences.get(audience)
    if about is None or not concerned(plan, incident, about):
        return None
    seen = situation(incident)
    return chosen(
        [
            rule
            for rule in plan.communication.cadences
            if rule.audience == audience and _counts(rule, incident, now)
            and (not rule.when or holds(rule.when, seen))
        ],
        plan,
        now,
    )  # fmt: skip


def chosen(rules: Sequence[Cadence], plan: Plan, now: datetime) -> Cadence | None:
    """Return which of several rules that hold at once counts; None if there is none."""
    if not rules:
        return None
    left = [r for r in rules if not any(_prevails(other, r) for other in rules if other is not r)]
    left = left or list(rules)
    special = max(rule.specificity for rule in left)
    far = datetime.max.replace(tzinfo=now.tzinfo)

    def order(rule: Cadence) -> tuple[bool, datetime, int]:
        due = due_at(rule.every, now, plan.calendars)
        open_yet = due is None and not isinstance(rule.every, Never) and not rule.promised
        return open_yet, due or far, rule.line

    return min((rule for rule in left if rule.specificity == special), key=order)


def kept(
    plan: Plan, incident: Incident, organisation: Organisation, now: datetime
) -> Iterator[e.Event]:
    """Return what becomes of the clocks of updates, and who is told of one that is late."""
    for audience in _with_rules(plan):
        yield from _kept(plan, incident, organisation, audience, now)


def next_due(plan: Plan, incident: Incident, audience: str, now: datetime) -> datetime | None:
    """Return when the update after one published at `now` is due; None if none is promised."""
    rule = counting(plan, incident, audience, now)
    return None if rule is None else due_at(rule.every, now, plan.calendars)


def next_change(plan: Plan, incident: Incident, now: datetime) -> datetime | None:
    """Return when time alone makes another rule count; None if it never does."""
    if incident.state == "closed":
        return None
    ahead = [
        incident.opened_at + rule.after
        for rule in plan.communication.cadences
        if rule.after is not None and rule.until not in incident.moments
    ]
    return min((at for at in ahead if at > now), default=None)


def stale(incident: Incident) -> tuple[str, ...]:
    """Return the audiences that should have heard by now and have not."""
    return tuple(
        clock.name.removeprefix(PREFIX)
        for clock in incident.clocks
        if clock.name.startswith(PREFIX) and clock.state == "missed"
        and not _told_since(incident, clock)
    )  # fmt: skip


def _told_since(incident: Incident, clock: Clock) -> bool:
    last = incident.updates.get(clock.name.removeprefix(PREFIX))
    return last is not None and clock.ended_at is not None and last.at >= clock.ended_at


def _with_rules(plan: Plan) -> tuple[str, ...]:
    return tuple(dict.fromkeys(rule.audience for rule in plan.communication.cadences))


def _counts(rule: Cadence, incident: Incident, now: datetime) -> bool:
    if rule.severities and incident.severity not in rule.severities:
        return False
    stretches = {incident.phase, incident.mode, *incident.parallel}
    if rule.during and not stretches.intersection(rule.during):
        return False
    if rule.while_status and incident.status not in rule.while_status:
        return False
    if rule.after is not None and now < incident.opened_at + rule.after:
        return False
    return not {rule.until, *OVER} & incident.moments.keys()


def _prevails(one: Cadence, other: Cadence) -> bool:
    over = {*one.before} & {ALL, other.id}
    return bool(over) and not {*other.before} & {ALL, one.id}


def _kept(
    plan: Plan, incident: Incident, organisation: Organisation, audience: str, now: datetime
) -> Iterator[e.Event]:
    name = PREFIX + audience
    clock = next((one for one in incident.clocks if one.name == name), None)
    last = incident.updates.get(audience)
    rule = counting(plan, incident, audience, now)
    if clock is not None and clock.state == "running":
        if last is not None and last.at > clock.started_at:
            yield from stopped(incident, name, last.at)
        elif rule is None or (due := _due(plan, rule, clock.started_at, last)) is None:
            why = "nothing is promised to them any more"
            yield e.ClockDropped(at=now, clock=name, why=why, line=clock.line)
            return
        elif due != clock.due:
            yield _started(rule, name, clock.started_at, due, last, now)
            return
        elif clock.due <= now:
            yield from _missed(plan, incident, organisation, rule, clock, now)
            return
        else:
            return
    elif clock is not None and clock.state != "dropped" and not _told_since(incident, clock):
        return
    start = last.at if last is not None and (clock is None or clock.state != "dropped") else now
    if rule is not None and (due := _due(plan, rule, start, last)) is not None:
        yield _started(rule, name, start, due, last, now)


def _due(plan: Plan, rule: Cadence, start: datetime, last: Published | None) -> datetime | None:
    """Return by when an update is due that counts from `start`, the `last` one or an opening."""
    if last is None and rule.first is not None:
        return due_at(rule.first, start, plan.calendars)
    due = due_at(rule.every, start, plan.calendars)
    if last is not None and last.promised and last.at == start and last.next_at is not None:
        return last.next_at if due is None else min(due, last.next_at)
    return due


def _started(
    rule: Cadence, name: str, start: datetime, due: datetime, last: Published | None, now: datetime
) -> e.Event:
    limit = _limit(rule, due, last)
    said = f"an update {words(limit)}" if limit is not None else "an update, as promised"
    return e.ClockStarted(
        at=now, clock=name, started_at=start, due=due, why=f"{said} ({rule.id})", line=rule.line,
        strict=isinstance(limit, Within) and limit.strict,
    )  # fmt: skip


def _limit(rule: Cadence, due: datetime, last: Published | None) -> AnyTime | None:
    """Return the time of the rule by which an update is due; None if an update promised it."""
    if last is None and rule.first is not None:
        return rule.first
    promised = last is not None and last.promised and last.next_at == due
    return None if promised or isinstance(rule.every, Never | Unspecified) else rule.every


def _missed(
    plan: Plan, incident: Incident, organisation: Organisation, rule: Cadence, clock: Clock,
    now: datetime,
) -> Iterator[e.Event]:  # fmt: skip
    audience = clock.name.removeprefix(PREFIX)
    silent = words_duration(now - clock.started_at)
    why = f"{audience} have heard nothing for {silent}"
    yield e.ClockMissed(at=now, clock=clock.name, due=clock.due, why=why, line=rule.line)
    step = f"late {clock.name} {clock.due.isoformat()}"
    for to in _reminded(plan, incident, rule):
        found = reach(organisation, to, now)
        if found.gap:
            missing = f"{found.gap}; wanted because: {why}"
            yield e.NobodyReached(
                at=now, message="notice", to=to, step=step, why=missing, line=rule.line
            )
            continue
        people = tuple(person.id for person in found.people) + ((to,) if found.contacts else ())
        yield e.Told(
            at=now, message="notice", to=to, people=people, step=step, until="resolved",
            why=f"an update is late: {why}", line=rule.line,
        )  # fmt: skip


def _reminded(plan: Plan, incident: Incident, rule: Cadence) -> Iterable[str]:
    """Whom a late update is held up to: as the rule says, else the lead, else who answered."""
    lead = next((role.id for role in plan.roles.values() if role.lead), "")
    for name in (rule.remind, lead):
        if name in plan.roles and incident.holders.get(name):
            return incident.holders[name]
        if name and name not in plan.roles:
            return (name,)
    if incident.acknowledged_by in incident.called:
        return (incident.acknowledged_by,)
    return ()  # until somebody has answered, the escalation calls people for all of it
