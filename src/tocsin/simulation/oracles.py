"""Reckoned anew: what the engine should have said, found without asking what it asks.

An invariant that asks the tables and functions of production can't see that they are wrong. What
stands here shares none of them: the steps of an incident, who is on call, how early a step may be
taken, how many alerts fire. Planted bugs have shown that each of these is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import msgspec

from tocsin.core.alerts import Signal
from tocsin.core.delivery import Failed, Message, Outcome, Sent
from tocsin.core.incident import events as e
from tocsin.core.people import Organisation, Override, Recipient, Roster
from tocsin.engine.ports import Kept
from tocsin.simulation.disk import Committed
from tocsin.simulation.node import Node, Outside
from tocsin.simulation.providers import Submitted
from tocsin.simulation.schedule import SECOND
from tocsin.simulation.stage import READERS
from tocsin.simulation.store import SimStore
from tocsin.simulation.surroundings import Surroundings

STEPS: dict[str, dict[type[e.Event], str]] = {
    "open": {e.Acknowledged: "acknowledged", e.Resolved: "resolved", e.MergedInto: "closed"},
    "acknowledged": {e.Released: "open", e.Resolved: "resolved", e.MergedInto: "closed"},
    "resolved": {e.Reopened: "open", e.Closed: "closed", e.MergedInto: "closed"},
    "closed": {},
}
"""Every change of state there is, written down once more."""

EVERY_STEP = frozenset(step for steps in STEPS.values() for step in steps)

KNOWN_AFTER = timedelta(seconds=5)
"""So long a node may take to learn who is on call, once somebody has changed it."""

FIRES_ON = timedelta(minutes=6)
"""What is heard so long after its incident was resolved was not over."""

LOCAL = "local"
"""The failure domain of what leaves no node."""

OFTEN = 16
"""More tries of one message than this within OFTEN_WITHIN come from no rule of ours."""

OFTEN_WITHIN = 60 * SECOND


class Attempt(msgspec.Struct, frozen=True):
    """One attempt at a message: when, what the provider did, and how many faults there had been."""

    at: int
    fate: Submitted
    faults: int


class Checker(Protocol):
    """What is asked here of whoever watches a run."""

    night: Surroundings
    outside: Outside
    store: SimStore
    called: dict[int, set[str]]
    """Whom each incident has called by now, by its id."""
    jumps: timedelta
    """How far all jumps of clocks together may have moved anything."""
    tries: dict[str, list[int]]
    """When each message was tried lately."""
    senders: dict[str, tuple[Node, int]]
    """Which node tried each message last, and in which of its lives."""

    @property
    def is_calm(self) -> bool:
        """Whether nothing has gone wrong lately, and all clocks are right."""

    def now(self) -> datetime:
        """Say what the clock of whoever acts shows."""

    def before_alarm(self, severity: str, plan: str) -> set[str]:
        """Return whom that version of the plan calls before it counts as exhausted."""

    def homes_of_unreadable(self) -> set[int | None]:
        """Return the incidents to which something unreadable belongs, or did before a merge."""

    def last_outcome(self, message_id: str) -> Outcome | None:
        """Return what the provider said of the last attempt at a message."""

    def has_arrived(self, message_id: str) -> bool:
        """Whether somebody has it, unless the provider has lost what it took."""

    def is_undisturbed_since(self, attempt: Attempt) -> bool:
        """Whether nothing has gone wrong, or right again, since an attempt."""


def e2_every_step_is_in_the_table(_checker: Checker, committed: Committed) -> Iterator[str]:
    """E2: every change of state is one of the table; nothing is taken back by a late answer."""
    for before, kept in committed.incidents:
        state: str = before.incident.state if before is not None else "open"
        for event in committed.events.get(kept.incident.id, ()):
            if type(event) not in EVERY_STEP:
                continue
            if type(event) not in STEPS[state]:
                yield f"{kept.incident.code} is {state}, and {type(event).__name__} is recorded"
                return
            state = STEPS[state][type(event)]
        if state != kept.incident.state:
            yield f"{kept.incident.code} is kept as {kept.incident.state}, and was {state}"


def f6_whoever_is_on_call(checker: Checker, committed: Committed) -> Iterator[str]:
    """F1, F6: whom a call goes to is whoever is on call at that moment, overrides included."""
    for number, events in committed.events.items():
        for event in events:
            if not isinstance(event, e.Told | e.NobodyReached):
                continue
            if not _is_settled(checker, event.at):
                continue
            organisation = _in_force(checker)
            recipient = organisation.recipients.get(event.to)
            if recipient is None:
                continue
            wanted = _meant(checker, organisation, recipient, event.at)
            called = event.people if isinstance(event, e.Told) else ()
            if called != wanted and set(called) != _everyone(organisation, recipient):
                calls = f"calls {' and '.join(called) or 'nobody'} as {event.to}"
                yield f"incident {number} {calls}, and it is {' and '.join(wanted) or 'nobody'}"


def c9_no_step_before_its_time(checker: Checker, committed: Committed) -> Iterator[str]:
    """C9: no page of the plan leaves before its time, unless the one before it reached nobody."""
    for _, kept in committed.incidents:
        events = committed.events.get(kept.incident.id, ())
        earliest = checker.night.stage.earliest.get(kept.incident.severity, {})
        if any(isinstance(event, e.NobodyReached) for event in events):
            continue
        for event in events:
            is_step = isinstance(event, e.Told) and event.message == "page"
            if not is_step or not isinstance(event, e.Told) or event.until != "acknowledged":
                continue
            waited = event.at - kept.incident.escalating_since + checker.jumps
            least = timedelta(seconds=earliest.get(event.to, 0))
            if waited < least:
                yield f"{kept.incident.code} calls {event.to} after {waited}, not after {least}"


def c1_no_limit_passes_unseen(_checker: Checker, committed: Committed) -> Iterator[str]:
    """C1: an incident is looked at again no later than the first of its clocks runs out."""
    for _, kept in committed.incidents:
        clocks = [clock.due for clock in kept.incident.running()]
        if clocks and (kept.look_again_at is None or kept.look_again_at > min(clocks)):
            yield f"{kept.incident.code} has a clock at {min(clocks)}, and nobody looks then"


def c4_who_is_not_reached_takes_no_time(checker: Checker, committed: Committed) -> Iterator[str]:
    """C4: a page that reaches nobody goes on to the next one at once, or to an alarm."""
    for _, kept in committed.incidents:
        incident = kept.incident
        events = committed.events.get(incident.id, ())
        asked = {ev.to for ev in events if isinstance(ev, e.EscalationAsked)}
        missed = [
            ev
            for ev in events
            if isinstance(ev, e.NobodyReached) and ev.message == "page" and ev.to not in asked
        ]
        if not missed or incident.state != "open" or any(isinstance(ev, e.Told) for ev in events):
            continue
        called = checker.called.get(incident.id, set())
        ahead = checker.before_alarm(incident.severity, incident.plan) - called
        if ahead or incident.last_paged_at is None:
            yield f"{incident.code} reaches nobody as {missed[0].to}, and nobody else is called"


def c6_what_is_opened_again_calls_anew(checker: Checker, committed: Committed) -> Iterator[str]:
    """C6: opening an incident, once more as well, calls whoever the plan calls at once."""
    for _, kept in committed.incidents:
        incident = kept.incident
        events = committed.events.get(incident.id, ())
        begins = any(isinstance(ev, e.Opened | e.Reopened) for ev in events)
        earliest = checker.night.stage.earliest.get(incident.severity)
        if not begins or earliest is None or incident.state != "open":
            continue
        wanted = checker.before_alarm(incident.severity, incident.plan) - earliest.keys()
        called = {ev.to for ev in events if isinstance(ev, e.Told | e.NobodyReached)}
        if wanted - called:
            yield f"{incident.code} is opened, and {', '.join(sorted(wanted))} is not called"


def a9_no_end_for_what_fires(checker: Checker, committed: Committed) -> Iterator[str]:
    """A9: alerts resolve an incident only when none of them fires any more."""
    for _, kept in committed.incidents:
        events = committed.events.get(kept.incident.id, ())
        by_alerts = any(isinstance(ev, e.Resolved) and ev.via == "alert" for ev in events)
        if by_alerts and (firing := _firing(checker, kept)):
            yield f"{kept.incident.code} is resolved by its alerts, and {firing} of them fire"


def a2_what_fires_is_counted(checker: Checker, committed: Committed) -> Iterator[str]:
    """A2: an incident counts as many firing alerts as there are."""
    for _, kept in committed.incidents:
        events = committed.events.get(kept.incident.id, ())
        is_news = any(isinstance(ev, e.AlertsJoined | e.AlertsResolved) for ev in events)
        if not is_news or _is_unreadable(checker, kept):
            continue
        firing = _firing(checker, kept)
        if firing != kept.incident.alerts_firing:
            counted = kept.incident.alerts_firing
            yield f"{kept.incident.code} counts {counted} firing alerts, and there are {firing}"


def a2_what_joins_is_heard(_checker: Checker, committed: Committed) -> Iterator[str]:
    """A2: no alert joins an incident that is over and leaves it so."""
    for _, kept in committed.incidents:
        if kept.incident.state not in ("resolved", "closed"):
            continue
        events = committed.events.get(kept.incident.id, ())
        joined = [n for n, ev in enumerate(events) if isinstance(ev, e.AlertsJoined) and ev.count]
        over = [n for n, ev in enumerate(events) if isinstance(ev, e.Resolved | e.MergedInto)]
        if joined and not any(place > joined[-1] for place in over):
            yield f"an alert joins {kept.incident.code}, which is {kept.incident.state}"


def a3_a_repeat_is_no_news(checker: Checker, committed: Committed) -> Iterator[str]:
    """A3: an alert that fires already does not begin once more."""
    for old, new in committed.alerts:
        if old is not None or not new.firing:
            continue
        numbers = checker.store.index.fingerprints.get(new.fingerprint, ())
        known = (checker.store.alerts.rows[number] for number in numbers)
        if any(one.firing and one.id != new.id for one in known):
            yield f"alert {new.id} begins while it fires already"


def c5_only_people_lower_the_severity(_checker: Checker, committed: Committed) -> Iterator[str]:
    """C5: what nobody has lowered never becomes less urgent; severities sort by their codes."""
    for before, kept in committed.incidents:
        severity = before.incident.severity if before is not None else ""
        for event in committed.events.get(kept.incident.id, ()):
            if isinstance(event, e.SeverityChanged):
                if severity and event.severity > severity and event.by == e.BY_PLAN:
                    yield f"{kept.incident.code} falls to {event.severity}, and nobody said so"
                severity = event.severity


def c8_only_refusals_are_final(checker: Checker, committed: Committed) -> Iterator[str]:
    """C8: a message is given up only where the provider has refused it for good."""
    for old, new in committed.deliveries:
        if old is None or old.state != "due" or new.state != "failed":
            continue
        outcome = checker.last_outcome(new.message.id)
        if not isinstance(outcome, Failed) or outcome.failure not in ("permanent", "refused"):
            yield f"{new.message.id} is given up after {outcome}"


def d5_sent_is_what_was_taken(checker: Checker, committed: Committed) -> Iterator[str]:
    """D5: a message counts as sent only where the provider has said that it took it."""
    for old, new in committed.deliveries:
        if old is None or old.state == "sent" or new.state != "sent":
            continue
        outcome = checker.last_outcome(new.message.id)
        if not isinstance(outcome, Sent):
            yield f"{new.message.id} counts as sent after {outcome}"


def d7_nothing_is_lost_in_a_bundle(checker: Checker, committed: Committed) -> Iterator[str]:
    """D7: what counts as sent stood in a message that somebody got who takes each id only once."""
    for old, new in committed.deliveries:
        if old is None or old.state == "sent" or new.state != "sent" or new.contact.domain == LOCAL:
            continue
        if not checker.has_arrived(new.message.id):
            yield f"{new.message.id} counts as sent, and no message that came has named it"


def a6_what_is_unreadable_calls_its_owner(checker: Checker, committed: Committed) -> Iterator[str]:
    """A6: what can't be read belongs to an incident to which its owner is called."""
    for incident_id in committed.unreadable:
        kept = checker.store.incidents.rows.get(incident_id or 0)
        if kept is None:
            yield "something unreadable is put aside, and no incident tells of it"


ORACLES = (
    e2_every_step_is_in_the_table,
    f6_whoever_is_on_call,
    c1_no_limit_passes_unseen,
    c4_who_is_not_reached_takes_no_time,
    c6_what_is_opened_again_calls_anew,
    c9_no_step_before_its_time,
    a9_no_end_for_what_fires,
    a2_what_fires_is_counted,
    a2_what_joins_is_heard,
    a3_a_repeat_is_no_news,
    c5_only_people_lower_the_severity,
    c8_only_refusals_are_final,
    d5_sent_is_what_was_taken,
    d7_nothing_is_lost_in_a_bundle,
    a6_what_is_unreadable_calls_its_owner,
)
"""Asked at every commit, as those of `invariants`."""


def swallowed(checker: Checker, signal: Signal) -> str:
    """A2: say so if an alert that fires was accepted and is kept as one that is over."""
    numbers = checker.store.index.fingerprints.get(signal.fingerprint, [])
    episodes = [checker.store.alerts.rows[number] for number in numbers]
    if not signal.firing or signal.starts_at is None or not episodes:
        return ""
    latest = max(episodes, key=lambda alert: alert.starts_at)
    kept = checker.store.incidents.rows.get(latest.incident_id or 0)
    if latest.firing and kept is not None and kept.incident.resolved_at is not None:
        waited = checker.now() - kept.incident.resolved_at - checker.jumps
        if kept.incident.state in ("resolved", "closed") and waited > FIRES_ON:
            return f"an alert fires on, and {kept.incident.code} is {kept.incident.state}"
    is_older = latest.starts_at < signal.starts_at
    was_over = latest.ends_at is None or latest.ends_at <= signal.starts_at
    if latest.firing or not is_older or not was_over:
        return ""
    return "an alert that fires again was accepted, and is kept as over"


def repeated(checker: Checker, node: Node, message: Message, before: Attempt | None) -> str:
    """D2, D10: say so if a message leaves while it is on its way, or far too often."""
    times = checker.tries.setdefault(message.id, [])
    now = checker.night.t
    times[:] = [at for at in times if now - at < OFTEN_WITHIN]
    times.append(now)
    # Clocks that differ for long are what a real node compares them for (see engine.timekeeping).
    agree = len({node.offset for node in checker.outside.nodes}) == 1
    if len(times) > OFTEN and agree:
        return f"D10 {message.id} is tried {len(times)} times in {OFTEN_WITHIN // SECOND} s"
    sender, life = checker.senders.get(message.id, (node, 0))
    checker.senders[message.id] = (node, node.life)
    alone = len(checker.outside.nodes) == 1 and node.life == life
    if before is not None and alone and sender.paused_until <= before.at:
        is_back = now > before.at + before.fate.answers_in + SECOND
        if is_back and isinstance(before.fate.outcome, Sent):
            return f"D2 {message.id} is sent again, and whoever sent it has lived on"
    in_time = not any(node.offset for node in checker.outside.nodes)
    undisturbed = before is not None and checker.is_undisturbed_since(before) and in_time
    if undisturbed and before is not None and now < before.at + before.fate.answers_in:
        return f"D2 {message.id} is sent while it is on its way"
    return ""


def _firing(checker: Checker, kept: Kept) -> int:
    number = kept.incident.id
    return sum(a.firing and a.incident_id == number for a in checker.store.alerts.rows.values())


def _is_unreadable(checker: Checker, kept: Kept) -> bool:
    """Whether something that nobody could read counts as an alert that fires, here for ever."""
    return kept.incident.id in checker.homes_of_unreadable()


def _is_settled(checker: Checker, at: datetime) -> bool:
    """Whether every node knows by now what is in force."""
    if not checker.is_calm:
        return False
    store = checker.store
    changes = [one.at for one in store.activations.rows.values()]
    for made in store.overrides.rows.values():
        changes += [made.made_at, made.start, made.until]
    return not any(abs(at - change) < KNOWN_AFTER for change in changes)


def _in_force(checker: Checker) -> Organisation:
    rows = checker.store.activations.rows.values()
    newest = max((one for one in rows if one.what == "organisation"), key=lambda one: one.id)
    name, text = checker.store.documents.rows["organisation", newest.version]
    organisation, _ = READERS.organisation(text, name)
    if organisation is None:
        raise AssertionError("what is in force can be read")
    return organisation


def _meant(
    checker: Checker, organisation: Organisation, recipient: Recipient, at: datetime
) -> tuple[str, ...]:
    """Return whom a recipient stands for; those without contacts count for nobody."""
    duty: tuple[str, ...] = ()
    if recipient.roster:
        duty = (_on_duty(checker, organisation, organisation.rosters[recipient.roster], at),)
    people = dict.fromkeys((*duty, *recipient.people))
    reached = tuple(one for one in people if organisation.people[one].contacts)
    return reached + ((recipient.id,) if recipient.contacts else ())


def _everyone(organisation: Organisation, recipient: Recipient) -> set[str]:
    """Return whom a step calls that says `all:` of a recipient."""
    rotation = organisation.rosters[recipient.roster].rotation if recipient.roster else ()
    people = (*rotation, *recipient.people)
    return {one for one in people if organisation.people[one].contacts}


def _on_duty(checker: Checker, organisation: Organisation, roster: Roster, at: datetime) -> str:
    """Return the last override that holds, else whose week it is, by the calendar of the roster."""
    made = [
        Override(start=one.start, end=one.until, person=one.person)
        for one in checker.store.overrides.rows.values()
        if one.roster == roster.id
        and one.person in organisation.people
        and organisation.people[one.person].contacts
    ]
    holding = [one for one in (*roster.overrides, *made) if one.start <= at < one.end]
    if holding:
        return holding[-1].person
    first = date.fromisoformat(roster.first_week)
    day = first - timedelta(days=first.weekday()) + timedelta(days=roster.handover_weekday)
    clock, zone = time.fromisoformat(roster.handover_time), ZoneInfo(roster.time_zone)
    turn = (at.date() - day).days // (7 * roster.weeks) + 2
    while datetime.combine(day + timedelta(weeks=turn * roster.weeks), clock, zone) > at:
        turn -= 1
    return roster.rotation[turn % len(roster.rotation)]
