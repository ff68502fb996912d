"""What must hold, whatever happens: one small function for each invariant that a run can show.

The names and ids are those of the reliability plan, see docs/simulation.md. Those about a commit
look at what it has changed; those about time look at what nobody has done although it was due.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Protocol

from tocsin.core.delivery import LEASE, RETRY_AT_LEAST_EVERY, Contact
from tocsin.core.incident import events as e
from tocsin.core.incident.lifecycle import PAGEABLE, TRANSITIONS
from tocsin.core.oncall import on_call
from tocsin.core.people import Organisation
from tocsin.engine.ports import Delivery
from tocsin.simulation.disk import Committed
from tocsin.simulation.store import SimStore

NEVER_LONGER = timedelta(hours=72)
"""No step of a plan that the simulator plays waits longer than this."""

FAR = RETRY_AT_LEAST_EVERY + LEASE
"""No message waits longer than this for its next attempt."""

ANSWERED = {
    "acknowledged": ("acknowledged", "resolved", "closed"),
    "resolved": ("resolved", "closed"),
}


class Broken(BaseException):
    """An invariant does not hold."""

    def __init__(self, invariant: str, what: str) -> None:
        super().__init__(f"{invariant}: {what}")
        self.invariant = invariant
        self.what = what


class Asked(Protocol):
    """What an invariant asks of whoever watches a run."""

    store: SimStore
    jumps: timedelta
    """How far all jumps of clocks together may have moved anything."""
    called: dict[int, set[str]]
    """Whom each incident has called by now, by its id."""

    def now(self) -> datetime:
        """Say what the clock of whoever acts shows."""

    def longest(self, severity: str) -> timedelta:
        """Return how long a step of the plan may wait."""

    def before_alarm(self, severity: str, plan: str) -> set[str]:
        """Return whom that version of the plan calls before it counts as exhausted."""

    def contacts(self, person: str) -> tuple[Contact, ...]:
        """Return the contacts of a person as the acting node knows them."""

    def organisation(self) -> Organisation | None:
        """Return the organisation as the acting node knows it; None where none acts."""

    def state_of(self, delivery: Delivery) -> str:
        """Return the state of a delivery's incident."""

    def state_before(self, delivery: Delivery) -> str:
        """Return the state that a delivery's incident had before this commit."""

    def tried(self, delivery: Delivery) -> dict[Contact, bool]:
        """Return the contacts through which a page was tried or is to be, and which took it."""


# At every commit.


def a4_one_incident_of_a_group(checker: Asked, committed: Committed) -> Iterator[str]:
    """A4: at most one unresolved incident has the alerts of a group."""
    store = checker.store
    for before, kept in committed.incidents:
        group = kept.incident.group
        if before is not None or not group:
            continue
        current = [store.incidents.rows[number] for number in store.index.groups.get(group, ())]
        unresolved = [k.incident.code for k in current if k.incident.state in PAGEABLE]
        if len(unresolved) > 1:
            yield f"{' and '.join(unresolved)} are both unresolved and collect {group}"


def c1_armed_or_alarmed(checker: Asked, committed: Committed) -> Iterator[str]:
    """C1: what is open has a next look, no later than the longest step of its severity."""
    for _, kept in committed.incidents:
        incident = kept.incident
        if incident.state != "open":
            continue
        if kept.look_again_at is None:
            yield f"{incident.code} is open and nothing is armed"
            continue
        waits = kept.look_again_at - checker.now()
        if waits > checker.longest(incident.severity) + checker.jumps:
            yield f"{incident.code} is open and is looked at again only after {waits}"


def c2_atomic_step(checker: Asked, committed: Committed) -> Iterator[str]:
    """C2: the call on the timeline and the messages that it orders are in one transaction."""
    ordered = {
        (new.incident_id, new.page, new.person) for old, new in committed.deliveries if old is None
    }
    for number, events in committed.events.items():
        for entry, event in enumerate(events, committed.first_entry[number]):
            if not isinstance(event, e.Told):
                continue
            for person in event.people:
                if (number, entry, person) in ordered or not checker.contacts(person):
                    continue
                if not _called_at_once_before(
                    events, entry - committed.first_entry[number], person
                ):
                    yield f"incident {number} calls {person}, and no message is ordered"


def _called_at_once_before(events: list[e.Event], place: int, person: str) -> bool:
    """Whether the same transaction has called the person in the same way already."""
    event = events[place]
    return isinstance(event, e.Told) and any(
        isinstance(other, e.Told) and other.message == event.message and person in other.people
        for other in events[:place]
    )


def c5_edits_never_disarm(checker: Asked, committed: Committed) -> Iterator[str]:
    """C5: what is put in force makes no call later than it was due; what is open stays armed."""
    if not committed.activations and not committed.overrides:
        return
    for before, kept in committed.incidents:
        due = before.look_again_at if before is not None else None
        now_due = kept.look_again_at
        if due is not None and (now_due is None or now_due > due):
            yield f"{kept.incident.code} was due at {due}, and an edit puts it off to {now_due}"
    for number, kept in checker.store.incidents.rows.items():
        if kept.incident.state == "open" and number not in checker.store.index.armed:
            yield f"{kept.incident.code} is open, and after an edit nothing is armed"


def c7_every_step_is_taken(checker: Asked, committed: Committed) -> Iterator[str]:
    """C7: the alarm comes when everybody whom the plan calls before it was called."""
    for before, kept in committed.incidents:
        events = committed.events.get(kept.incident.id, ())
        called = checker.called.setdefault(kept.incident.id, set())
        for event in events:
            if isinstance(event, e.Told | e.NobodyReached):
                called.add(event.to)
            is_alarm = isinstance(event, e.Alarmed)
            severity = kept.incident.severity
            if is_alarm and before is not None and before.incident.severity == severity:
                missing = checker.before_alarm(severity, kept.incident.plan) - called
                if missing:
                    whom = ", ".join(sorted(missing))
                    yield f"{kept.incident.code} counts as exhausted without {whom}"


def c8_lateness_is_no_reason_to_drop(checker: Asked, committed: Committed) -> Iterator[str]:
    """C8: a message is cancelled only because it was answered, and never put off for long."""
    for old, new in committed.deliveries:
        if new.state == "cancelled" and (old is None or old.state != "cancelled"):
            state = checker.state_of(new)
            if state not in ANSWERED[new.until] or not new.detail:
                yield f"{new.message.id} is cancelled while its incident is {state}"
        if new.state == "failed" and not _said_so(committed, new):
            yield f"{new.message.id} is given up, and its timeline does not say why"
        if new.state == "due" and new.due_at - checker.now() > FAR + checker.jumps:
            yield f"{new.message.id} is put off to {new.due_at}"


def _said_so(committed: Committed, delivery: Delivery) -> bool:
    return any(
        isinstance(event, e.NotDelivered) and event.person == delivery.person
        for event in committed.events.get(delivery.incident_id, ())
    )


def d3_silence_after_the_answer(checker: Asked, committed: Committed) -> Iterator[str]:
    """D3: no message is claimed after the commit of the answer that makes it unwanted."""
    for old, new in committed.deliveries:
        is_claimed = old is not None and new.claim != old.claim
        unwanted = (
            new.kind in ("page", "alarm") and checker.state_before(new) in ANSWERED[new.until]
        )
        if is_claimed and unwanted:
            yield f"{new.message.id} is claimed although it was answered"


def d4_leases_end(checker: Asked, committed: Committed) -> Iterator[str]:
    """D4: a claim ends by itself, soon; there is no state from which nothing leads on."""
    for old, new in committed.deliveries:
        is_claimed = old is not None and new.claim != old.claim
        if is_claimed and (new.state != "due" or new.due_at - checker.now() > LEASE):
            yield f"{new.message.id} is claimed until {new.due_at}, as {new.state}"


def d5_another_failure_domain_at_once(checker: Asked, committed: Committed) -> Iterator[str]:
    """D5: what fails is tried through another contact at once, in another domain if there is."""
    added = {
        (new.incident_id, new.page, new.person): new.contact
        for old, new in committed.deliveries
        if old is None
    }
    for old, new in committed.deliveries:
        failed = old is not None and old.claim == new.claim and new.detail and old.state == "due"
        if not failed or new.state not in ("due", "failed") or not _said_so(committed, new):
            continue
        other = added.get((new.incident_id, new.page, new.person))
        ways = checker.tried(new)
        if other is None and any(took for c, took in ways.items() if c.domain != "local"):
            continue
        tried = set(ways) - {other}
        unused = [c for c in checker.contacts(new.person) if c not in tried and c.domain != "local"]
        if other is None and unused:
            yield f"{new.message.id} has failed, and {unused[0].channel} is not tried"
        elsewhere = [c for c in unused if c.domain != new.contact.domain]
        if other is not None and other.domain == new.contact.domain and elsewhere:
            yield f"{new.message.id} has failed, and the next try is in the same domain"


def e2_only_allowed_steps(checker: Asked, committed: Committed) -> Iterator[str]:
    """E2: every change of state is one of the table; an acknowledgement never reopens."""
    for before, kept in committed.incidents:
        state = before.incident.state if before is not None else "open"
        for event in committed.events.get(kept.incident.id, ()):
            leads_to = TRANSITIONS[state].get(type(event))
            is_step = any(type(event) in steps for steps in TRANSITIONS.values())
            if is_step and leads_to is None:
                yield f"{kept.incident.code} is {state}, and {type(event).__name__} is recorded"
            state = leads_to or state
        if state != kept.incident.state:
            yield f"{kept.incident.code} is kept as {kept.incident.state}, and was {state}"


def f1_somebody_is_on_call(checker: Asked, committed: Committed) -> Iterator[str]:
    """F1: who is on call is known at every time, whatever is put in force."""
    organisation = checker.organisation()
    if not committed.activations or organisation is None:
        return
    for roster in organisation.rosters.values():
        for days in range(0, 28, 3):
            at = checker.now() + timedelta(days=days, hours=days)
            if on_call(roster, at).person not in organisation.people:
                yield f"nobody is on call in {roster.id} at {at}"


def h1_nothing_is_taken_back(checker: Asked, committed: Committed) -> Iterator[str]:
    """H1, I1: timelines only grow, and no message or alert ever vanishes."""
    for before, kept in committed.incidents:
        if before is not None and kept.entries < before.entries:
            yield f"{kept.incident.code} had {before.entries} entries, and has {kept.entries}"


ON_COMMIT = (
    a4_one_incident_of_a_group,
    c1_armed_or_alarmed,
    c2_atomic_step,
    c5_edits_never_disarm,
    c7_every_step_is_taken,
    c8_lateness_is_no_reason_to_drop,
    d3_silence_after_the_answer,
    d4_leases_end,
    d5_another_failure_domain_at_once,
    e2_only_allowed_steps,
    f1_somebody_is_on_call,
    h1_nothing_is_taken_back,
)


MEANING = {
    "A1": "an alert is on the disk before its sender is told that it was accepted",
    "A2": "every accepted alert belongs to an incident, or says why not",
    "A3": "the same alert gets the same answer",
    "A4": "at most one unresolved incident collects the alerts of a group",
    "A5": "an alert is refused only where it can't be kept just now",
    "A6": "what can't be understood is kept, and holds up nothing",
    "A7": "an incident is what its timeline adds up to",
    "A9": "alerts end an incident only when none of them fires any more",
    "C1": "what is open is armed, or alarmed again and again, until somebody answers",
    "C2": "a call on the timeline and its messages are one transaction",
    "C4": "a page that reaches nobody goes on at once",
    "C5": "no edit makes a call later than it was due, or disarms it",
    "C6": "what is opened again calls people anew",
    "C7": "no step of the plan is left out",
    "C8": "lateness is no reason to drop a call",
    "C9": "no step of the plan is taken before its time",
    "D1": "what is due is attempted as soon as a node, the store and a provider work",
    "D2": "nothing is sent again without a reason",
    "D3": "nobody is called after the answer",
    "D4": "a claim ends by itself",
    "D5": "what fails goes out another way at once",
    "D10": "no message is tried far too often",
    "E1": "what was shown is kept",
    "E2": "an incident takes only the steps that there are",
    "F1": "who is on call is known at every time",
    "F6": "whoever is on call is called, overrides included",
    "H1": "nothing that was accepted, answered or written is ever lost",
    "H4": "a node without its store goes on by its journal, and all of that is back afterwards",
    "H5": "nodes that work apart repeat nothing but what they can't know of each other",
    "I1": "timelines only grow",
    "I2": "nothing leaves that was not recorded before",
    "error": "nothing raises what nobody expects",
    "K4": "once faults are over, everything due is done within 30 seconds",
}
"""What each invariant says; docs/simulation.md says more."""
