"""What must be true after any number of kills, read from the store and from what was received."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

import msgspec
from tests.servers import Page
from tests.torture.emergencies import InEmergency, was_in_emergency
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
_told_apart = msgspec.json.Decoder(e.AnyEvent).decode
ENDS = e.Acknowledged | e.Resolved | e.MergedInto
"""After these nobody is owed a page; a merged incident goes on as another one."""


@dataclass(frozen=True)
class Evidence:
    """Everything that is known from outside."""

    accepted: Accepted
    kills: Sequence[Kill]
    pages: Sequence[Page]
    quiet_at: datetime
    """All was discharged, and the servers were told to end."""
    ended_at: datetime
    emergencies: Sequence[InEmergency] = ()
    """When nodes worked by their journals."""
    nodes: int = 1


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

    @property
    def was_apart(self) -> bool:
        """Whether its timeline is put together from two: numbers of entries mean less then."""
        return any(isinstance(ev, e.HappenedApart) or _is_put_together(ev) for ev in self.events)


@dataclass(frozen=True)
class Stored:
    """What a store holds in the end."""

    alerts: Sequence[Alert]
    incidents: Sequence[One]
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Verdict:
    """What was found."""

    problems: Sequence[str]
    figures: dict[str, float]

    def __str__(self) -> str:
        return ", ".join(f"{name} {value:g}" for name, value in self.figures.items())


def judge(url: str, evidence: Evidence) -> Verdict:
    """Compare the store at `url` with what was promised to those outside."""
    return judge_stored(stored_at(url), evidence)


def judge_stored(stored: Stored, evidence: Evidence) -> Verdict:
    """Compare what was read from a store with what was promised."""
    alerts, incidents, counts = stored.alerts, stored.incidents, stored.counts
    received = Counter(page.id for page in evidence.pages)
    problems = [f"answered with {answer}" for answer in evidence.accepted.unexpected]
    lost = [i for i in evidence.accepted.alerts if i not in _instances(alerts)]
    problems += [f"alert {instance} was accepted and is lost" for instance in lost]
    problems += _of_alerts(alerts, incidents, evidence.accepted)
    problems += _of_what_was_shown(incidents, evidence)
    for one in incidents:
        problems += [f"{one.code}: {problem}" for problem in _of_incident(one, evidence, received)]
    if counts["unarmed"]:
        problems.append(f"{counts['unarmed']} open incidents have no next look (C1)")
    if counts["unreadable"]:
        problems.append(f"{counts['unreadable']} alerts were not understood")
    known = {delivery.message.id for one in incidents for delivery in one.deliveries}
    problems += [f"{ghost} was sent and is not in the store" for ghost in received.keys() - known]
    problems += _of_repeats(evidence)
    problems += _of_pagers(incidents, evidence, received)
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
    yield from _of_opening(alerts, incidents)
    unresolved = Counter(
        one.kept.incident.group
        for one in incidents
        if one.kept.incident.state in ("open", "acknowledged")
    )
    yield from (f"{group} has {n} open incidents (A4)" for group, n in unresolved.items() if n > 1)


def _of_opening(alerts: Sequence[Alert], incidents: Sequence[One]) -> Iterator[str]:
    """An alert opens each incident. One that was merged has given its alerts to the other (A2)."""
    opened = Counter(alert.incident_id for alert in alerts if alert.disposition == "opened")
    known = {one.kept.incident.id: one.kept.incident for one in incidents}
    for one in incidents:
        incident = one.kept.incident
        if not incident.merged_into:
            if opened[incident.id] != 1:
                yield f"{one.code} was opened by {opened[incident.id]} alerts (A2)"
            continue
        other = known.get(incident.merged_number)
        if other is None or other.group != incident.group or one.code not in other.absorbed:
            yield f"{one.code} was merged into {incident.merged_into}, which does not know it (A2)"
        elif any(alert.incident_id == incident.id for alert in alerts):
            yield f"{one.code} was merged into {incident.merged_into} and has alerts (A2)"


def _of_what_was_shown(incidents: Sequence[One], evidence: Evidence) -> Iterator[str]:
    """What a node has shown is there. Another may not know it in an emergency of its own."""
    codes = {one.code for one in incidents}
    for code in sorted(evidence.accepted.shown - codes):
        yield f"{code} was shown and is not in the store (H1)"
    for code, asked_at, answered_at, node in evidence.accepted.unknown:
        its_own = [one for one in evidence.emergencies if one.node == node]
        if not was_in_emergency(its_own, asked_at, answered_at):
            yield f"{code} was shown, and {node} did not know it at {answered_at}"


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
    if any(isinstance(event, ENDS) for event in one.events):
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
    sent = Counter((d.person, d.contact.channel) for d in one.deliveries if d.state == "sent")
    if one.was_apart:
        yield from _of_orders_apart(one, sent)
        return
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
    if noted != sent:
        yield f"its timeline notes {noted} as delivered, of {sent}"


def _of_orders_apart(one: One, sent: Counter[Who]) -> Iterator[str]:
    """The same where two histories became one.

    A message is numbered by the timeline in which it was ordered. What both have ordered under one
    number is one message; what was ordered under two is two, of which each is told here.
    """
    histories = _histories(one.events)
    ordered = [
        Counter(
            (person, way)
            for event in events
            if isinstance(event, e.Told)
            for person in event.people
            for way in WAYS
        )
        for events in histories
    ]
    there = Counter((d.person, d.contact.channel) for d in one.deliveries)
    for who, fewest, most in _bounds(ordered, there):
        if not fewest <= there[who] <= most:
            told = f"{fewest} to {most}"
            yield f"ordered {told} messages to {who}, and {there[who]} are written (H5)"
    noted = [
        Counter((event.person, event.channel) for event in events if isinstance(event, e.Delivered))
        for events in histories
    ]
    for who, fewest, most in _bounds(noted, sent):
        if not fewest <= sent[who] <= most:
            told = f"{fewest} to {most}"
            yield f"its timeline notes {told} messages to {who} of {sent[who]} (H5)"


Who = tuple[str, str]
"""A person, and how the person is told."""


def _histories(events: Sequence[e.Event]) -> list[list[e.Event]]:
    """Return what happened in each place: where the timeline is, and at each node apart."""
    found: dict[str, list[e.Event]] = defaultdict(list)
    for event in events:
        if isinstance(event, e.HappenedApart):
            found[event.node].append(_told_apart(event.text))
        else:
            found[""].append(event)
    return list(found.values())


def _bounds(
    histories: Sequence[Counter[Who]], there: Counter[Who]
) -> Iterator[tuple[Who, int, int]]:
    """Return how many messages there may be: all of one history, at most those of all."""
    for who in {who for counts in (*histories, there) for who in counts}:
        of_each = [counts[who] for counts in histories]
        yield who, max(of_each), sum(of_each)


def _with_those_apart(events: Sequence[e.Event]) -> Iterator[e.Event]:
    """Return all events, those told as having happened apart as what they were there."""
    for event in events:
        yield _told_apart(event.text) if isinstance(event, e.HappenedApart) else event


def _is_put_together(event: e.Event) -> bool:
    return isinstance(event, e.CarriedOver) and event.apart


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
    if delivery.state == "cancelled" and not _is_ended(one, delivery, evidence):
        yield f"{name} was cancelled though nobody had answered"


def _is_ended(one: One, delivery: Delivery, evidence: Evidence) -> bool:
    """Whether a message was wanted no more: in an emergency it may be ordered too late."""
    ends = [event.at for event in one.events if isinstance(event, ENDS)]
    too_late = was_in_emergency(evidence.emergencies, delivery.created_at)
    return any(at >= delivery.created_at for at in ends) or bool(ends and too_late)


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


def _of_pagers(
    incidents: Sequence[One], evidence: Evidence, received: Counter[str]
) -> Iterator[str]:
    """Each node in emergency mode may page for a step once, and nobody more than once (H5)."""
    families: dict[int, list[One]] = defaultdict(list)
    for one in incidents:
        incident = one.kept.incident
        families[incident.merged_number or incident.id].append(one)
    for found in families.values():
        openings = sum(
            isinstance(event, e.Opened | e.Reopened)
            for one in found
            for event in _with_those_apart(one.events)
        )
        pages = Counter(
            (d.person, d.kind)
            for one in found
            for d in one.deliveries
            if d.kind == "page" and d.message.id in received
        )
        pagers = openings + (evidence.nodes - 1 if evidence.emergencies else 0)
        for (person, _), count in pages.items():
            if count > pagers:
                yield f"{found[0].code}: {person} was paged {count} times, {pagers} at most (H5)"


def _repeats(evidence: Evidence) -> dict[str, float]:
    """Count duplicates, each for the first kill after the arrival that it repeats."""
    by_kill: Counter[datetime] = Counter()
    arrivals = arrivals_of(evidence.pages).values()
    # What left together and comes again together is one message that comes again.
    repeats = {again: before for found in arrivals for before, again in pairwise(found)}
    for before in repeats.values():
        later = [kill.at for kill in evidence.kills if kill.at >= before - ON_ITS_WAY]
        if later:
            by_kill[min(later)] += 1
    return {"duplicates": len(repeats), "most after one kill": max(by_kill.values(), default=0)}


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


def stored_at(url: str) -> Stored:
    """Read all that is judged."""
    store = open_store(url)
    try:
        with store.read() as reading:
            return Stored(list(_alerts(reading)), list(incidents_in(reading)), reading.counts())
    finally:
        store.close()


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
