"""What must be true after any number of kills, read from the store and from what was received."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from tests.servers import Page
from tests.torture.load import Accepted, Kill

from tocsin.core.incident import events as e
from tocsin.core.incident.fold import replay
from tocsin.core.record import first_break
from tocsin.engine.ports import Alert, Delivery, Kept, Reading
from tocsin.store.sql_store import open_store

AT_ONCE = 500
ON_ITS_WAY = timedelta(seconds=1)
"""Between the last byte of a message and the receiver's note of it."""
STILL_GOOD = timedelta(seconds=3)
"""What became due so shortly before the end may be left over."""

FIRST, SECOND = "ana", "ben"
"""Whom the plan calls first, and who is called if nobody acknowledges."""
WAYS = ("inbox", "webhook")
"""How each of them is told."""
LONGEST_STEP = timedelta(seconds=60)


@dataclass(frozen=True)
class Evidence:
    """Everything that is known from outside."""

    accepted: Accepted
    kills: Sequence[Kill]
    pages: Sequence[Page]
    quiet_at: datetime
    """All was discharged, and the servers were told to end."""
    ended_at: datetime


@dataclass(frozen=True)
class One:
    """An incident with all that belongs to it."""

    kept: Kept
    events: Sequence[e.Event]
    deliveries: Sequence[Delivery]
    broken: str

    @property
    def code(self) -> str:
        """Its name."""
        return self.kept.incident.code


@dataclass(frozen=True)
class Verdict:
    """What was found."""

    problems: Sequence[str]
    figures: dict[str, float]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in self.figures.items())


def judge(url: str, evidence: Evidence) -> Verdict:
    """Compare the store at `url` with what was promised to those outside."""
    store = open_store(url)
    try:
        with store.read() as reading:
            alerts = list(_alerts(reading))
            incidents = list(incidents_in(reading))
            counts = reading.counts()
    finally:
        store.close()
    received = Counter(page.id for page in evidence.pages)
    problems = [f"answered with {answer}" for answer in evidence.accepted.unexpected]
    lost = [i for i in evidence.accepted.alerts if i not in _instances(alerts)]
    problems += [f"alert {instance} was accepted and is lost" for instance in lost]
    problems += _of_alerts(alerts, incidents, evidence.accepted)
    for one in incidents:
        problems += [f"{one.code}: {problem}" for problem in _of_incident(one, evidence, received)]
    if counts["unarmed"]:
        problems.append(f"{counts['unarmed']} open incidents have no next look (C1)")
    if counts["unreadable"]:
        problems.append(f"{counts['unreadable']} alerts were not understood")
    known = {delivery.message.id for one in incidents for delivery in one.deliveries}
    problems += [f"{ghost} was sent and is not in the store" for ghost in received.keys() - known]
    problems += _of_repeats(evidence)
    figures = {
        "requests": evidence.accepted.requests,
        "alerts accepted": len(evidence.accepted.alerts),
        "lost": len(lost),
        "incidents": len(incidents),
        "kills": len(evidence.kills),
        "pages": len(received),
        **_repeats(evidence),
        **_lateness(incidents, evidence),
    }
    return Verdict(problems, figures)


# Alerts.


def _of_alerts(
    alerts: Sequence[Alert], incidents: Sequence[One], accepted: Accepted
) -> Iterator[str]:
    instances = _instances(alerts)
    ids = {one.kept.incident.id for one in incidents}
    for instance, found in instances.items():
        if len(found) != 1:
            yield f"alert {instance} is stored {len(found)} times (A2)"
        if instance not in accepted.alerts:
            yield f"alert {instance} is stored and was never accepted"
        for alert in found:
            if alert.disposition not in ("opened", "joined"):
                yield f"alert {instance} has the disposition {alert.disposition} (A2)"
            if alert.incident_id not in ids:
                yield f"alert {instance} belongs to no incident (A2)"
            if instance in accepted.ended and alert.firing:
                yield f"alert {instance} was reported over and is firing"
    opened = Counter(alert.incident_id for alert in alerts if alert.disposition == "opened")
    for one in incidents:
        if opened[one.kept.incident.id] != 1:
            yield f"{one.code} was opened by {opened[one.kept.incident.id]} alerts (A2)"
    unresolved = Counter(
        one.kept.incident.group
        for one in incidents
        if one.kept.incident.state in ("open", "acknowledged")
    )
    yield from (f"{group} has {n} open incidents (A4)" for group, n in unresolved.items() if n > 1)


def _instances(alerts: Sequence[Alert]) -> dict[str, list[Alert]]:
    found = defaultdict(list)
    for alert in alerts:
        found[_label(alert.text, "instance")].append(alert)
    return found


def _label(text: str, name: str) -> str:
    _, _, after = text.partition(f'"{name}":"')
    return after.partition('"')[0]


# Incidents.


def _of_incident(one: One, evidence: Evidence, received: Counter[str]) -> Iterator[str]:
    if one.broken:
        yield one.broken
    if replay(one.events) != one.kept.incident:
        yield "its timeline does not add up to what is stored (A7)"
    acknowledged = any(isinstance(event, e.Acknowledged) for event in one.events)
    if one.code in evidence.accepted.acknowledged and not acknowledged:
        yield "it was acknowledged with 2xx and does not know it (H1)"
    if any(later.at < earlier.at for earlier, later in pairwise(one.events)):
        yield "its timeline goes back in time"
    yield from _of_steps(one)
    yield from _of_orders(one)
    for delivery in one.deliveries:
        yield from _of_delivery(one, delivery, evidence, received)
    answered = any(isinstance(event, e.Acknowledged | e.Resolved) for event in one.events)
    if answered:
        return
    for person in (FIRST, SECOND):
        pages = [d for d in one.deliveries if d.person == person and d.kind == "page"]
        if not any(page.message.id in received for page in pages):
            yield f"nobody answered, and {person} has received no page (C2, D1)"
    at = one.kept.look_again_at
    soonest, latest = evidence.quiet_at - STILL_GOOD, evidence.ended_at + LONGEST_STEP
    if at is None or not soonest <= at <= latest:
        yield f"nobody answered, and its next look is at {at} (C1)"


def _of_steps(one: One) -> Iterator[str]:
    """Each step is taken once until the incident is opened again (C2)."""
    taken: set[str] = set()
    for event in one.events:
        if isinstance(event, e.Reopened):
            taken.clear()
        if isinstance(event, e.Told) and event.message == "page":
            if event.step in taken:
                yield f"step {event.step} was taken twice (C2)"
            taken.add(event.step)


def _of_orders(one: One) -> Iterator[str]:
    """What the timeline orders is delivered, and nothing else is; each once (C2)."""
    ordered = Counter(
        (number, person, way)
        for number, event in _told(one.events)
        for person in event.people
        for way in WAYS
    )
    there = Counter((d.page, d.person, d.contact.channel) for d in one.deliveries)
    if ordered != there:
        yield f"ordered {ordered - there}, never written; written {there - ordered}, never ordered"
    noted = Counter(
        (event.person, event.channel) for event in one.events if isinstance(event, e.Delivered)
    )
    sent = Counter((d.person, d.contact.channel) for d in one.deliveries if d.state == "sent")
    if noted != sent:
        yield f"its timeline notes {noted} as delivered, of {sent}"


def _of_delivery(
    one: One, delivery: Delivery, evidence: Evidence, received: Counter[str]
) -> Iterator[str]:
    name = delivery.message.id
    leaves = delivery.contact.channel == "webhook"
    if delivery.state == "sent" and leaves and name not in received:
        yield f"{name} counts as sent and was never received (D1)"
    if delivery.state == "failed":
        yield f"{name} was given up: {delivery.detail}"
    if delivery.state == "due" and delivery.created_at < evidence.quiet_at - STILL_GOOD:
        yield f"{name} is stuck since {delivery.created_at}, attempt {delivery.attempts} (D4)"
    if delivery.state == "cancelled" and not any(
        isinstance(event, e.Acknowledged | e.Resolved) and event.at >= delivery.created_at
        for event in one.events
    ):
        yield f"{name} was cancelled though nobody had answered"


def _told(events: Sequence[e.Event]) -> Iterator[tuple[int, e.Told]]:
    return ((n, event) for n, event in enumerate(events, 1) if isinstance(event, e.Told))


# Repeats.


def arrivals_of(pages: Sequence[Page]) -> dict[str, list[datetime]]:
    """Return when each message came, by its id, earliest first."""
    arrivals = defaultdict(list)
    for page in sorted(pages, key=lambda page: page.at):
        arrivals[page.id].append(page.at)
    return arrivals


def _of_repeats(evidence: Evidence) -> Iterator[str]:
    """A message may come again only because of a kill between its two arrivals (D2).

    The kill falls into the attempt that came first: after the message had left, before its
    outcome was written. So every further arrival has a kill of its own between it and the one
    before, and a message comes at most once more than there are kills in its life.

    The sum over all messages is another matter: of several that are on their way when a server
    is killed, each comes again. The engine therefore sends one at a time while receivers are
    quick, and the tests hold the sum, `duplicates`, against the number of kills.
    """
    for name, arrivals in arrivals_of(evidence.pages).items():
        for before, again in pairwise(arrivals):
            if not any(before - ON_ITS_WAY <= kill.at <= again for kill in evidence.kills):
                yield f"{name} came at {before} and again at {again} with no kill between (D2)"


def _repeats(evidence: Evidence) -> dict[str, float]:
    """Count duplicates, each for the first kill after the arrival that it repeats."""
    by_kill: Counter[datetime] = Counter()
    duplicates = 0
    for arrivals in arrivals_of(evidence.pages).values():
        for before in arrivals[:-1]:
            duplicates += 1
            later = [kill.at for kill in evidence.kills if kill.at >= before - ON_ITS_WAY]
            if later:
                by_kill[min(later)] += 1
    return {"duplicates": duplicates, "most after one kill": max(by_kill.values(), default=0)}


def _lateness(incidents: Sequence[One], evidence: Evidence) -> dict[str, float]:
    """Say how long after its order each page first came, times without a server included."""
    first = {name: arrivals[0] for name, arrivals in arrivals_of(evidence.pages).items()}
    late = sorted(
        (first[d.message.id] - d.created_at).total_seconds()
        for one in incidents
        for d in one.deliveries
        if d.message.id in first and d.kind == "page"
    )
    if not late:
        return {}
    return {
        "median s": round(late[len(late) // 2], 2),
        "p99 s": round(late[len(late) * 99 // 100], 2),
        "latest s": round(late[-1], 2),
        "over 5 s": sum(seconds > 5 for seconds in late),
    }


# Reading.


def _alerts(reading: Reading) -> Iterator[Alert]:
    after = 0
    while found := reading.alerts(None, None, AT_ONCE, after):
        yield from found
        after = found[-1].id


def incidents_in(reading: Reading) -> Iterator[One]:
    """Read all incidents with their timelines, newest first."""
    before: int | None = None
    while found := reading.incidents((), before, AT_ONCE):
        before = found[-1].incident.id
        for summary in found:
            code = summary.incident.code
            kept = reading.incident(code)
            assert kept is not None
            entries = reading.timeline(kept.incident.id)
            broken = first_break(code, entries, kept.entries, kept.head)
            yield One(
                kept=kept,
                events=[entry.event() for entry in entries],
                deliveries=reading.deliveries(kept.incident.id),
                broken=f"the chain breaks: {broken.what}" if broken is not None else "",
            )
