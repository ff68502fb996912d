"""From what happened to what is kept: fold it, ask the plan what follows, write the calls."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.core.delivery import Contact, first_contacts
from tocsin.core.emergency import Emergency
from tocsin.core.incident import events as e
from tocsin.core.incident.due import due
from tocsin.core.incident.escalation import due_since
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.message import Addressee, compose, in_emergency, short_code
from tocsin.core.naming import name, scope
from tocsin.core.oncall import standing
from tocsin.core.plan.model import Plan, Until
from tocsin.core.statuspage.entries import ForPage, for_page
from tocsin.engine import probe
from tocsin.engine.keys import answer_token
from tocsin.engine.ports import Change, Delivery, Kept, Transaction
from tocsin.engine.status_records import record
from tocsin.engine.world import World

OTHERS_AT_MOST = 1_000
"""A new incident is told of so many others at most: in a storm it must not count them all."""

ENDS_CALLS: dict[type[e.Event], tuple[Until, ...]] = {
    e.Acknowledged: ("acknowledged",),
    e.Resolved: ("acknowledged", "resolved"),
    e.MergedInto: ("acknowledged", "resolved"),
}
"""Events after which calls that were wanted until then must not leave (invariant D3)."""

BESIDE = (e.Noted, e.FileAttached, e.MomentPinned, e.MomentUnpinned, e.IncidentLinked)
"""Events that no clause of a plan can speak of."""

CHANGES_NO_DEMAND = (e.AlertsJoined, *BESIDE)
"""Events after which a plan demands what it demanded before, at the time it said.

Of alerts that is so unless it `heeds_alerts`.
"""


class Names(msgspec.Struct, frozen=True):
    """What a new incident is called."""

    number: int
    code: str
    channel: str


class Advanced(msgspec.Struct, frozen=True):
    """One incident's step, ready to be written: the change and the calls that it orders.

    `page` is what the public status page learns of it, None where it is nothing.
    """

    change: Change
    calls: tuple[Delivery, ...]
    page: ForPage | None = None


def next_names(
    tx: Transaction, plan: Plan, now: datetime, count: int, emergency: Emergency | None = None
) -> list[Names]:
    """Give out the numbers and names of `count` new incidents, without gaps; probes have their own.

    In an emergency other nodes may give out the same ones: so names say whose they are.
    """
    pattern, zone = plan.incident_id, plan.time_zone
    if probe.is_probes(plan):
        numbers = tx.numbers(probe.COUNTER, count)
        return [Names(-number, name(pattern, number, now, zone), "") for number in numbers]
    numbers = tx.numbers("incident", count)
    in_scope = tx.numbers(f"id {scope(pattern, now, zone)}", count)
    named = [
        Names(number, name(pattern, k, now, zone), name(plan.incident_channel, k, now, zone))
        for number, k in zip(numbers, in_scope, strict=True)
    ]
    if emergency is None:
        return named
    return [Names(n.number, emergency.code(n.code), emergency.channel(n.channel)) for n in named]


def advance(
    world: World, plan: Plan, kept: Kept | None, happened: Sequence[e.Event], now: datetime
) -> Advanced:
    """Return what `happened` makes of an incident, and everything the plan demands right after."""
    before = kept.incident if kept is not None else None
    incident = replay(happened, before)
    calm = BESIDE if plan.heeds_alerts else CHANGES_NO_DEMAND
    quiet = bool(happened) and all(isinstance(event, calm) for event in happened)
    if kept is not None and quiet:
        return Advanced(Change(kept, tuple(happened), incident, kept.look_again_at), ())
    step = due(plan, incident, world.rules.organisation, now)
    events = (*happened, *step.events)
    entries = kept.entries if kept is not None else 0
    change = Change(kept, events, step.incident, step.look_again_at)
    shown = for_page(plan, events, step.incident)
    return Advanced(change, tuple(_calls(world, plan, change, entries)), shown)


def keep(tx: Transaction, advanced: Sequence[Advanced]) -> None:
    """Write changes and calls; calls that were overtaken by an answer are cancelled first."""
    for event, until in ENDS_CALLS.items():
        answered = [
            a.change.incident.id
            for a in advanced
            if a.change.kept is not None and any(isinstance(ev, event) for ev in a.change.events)
        ]
        if answered:
            merged = event is e.MergedInto
            why = "the incident is merged into another" if merged else "answered before it left"
            tx.cancel_deliveries(answered, until, why)
    tx.keep([a.change for a in advanced])
    calls = [call for a in advanced for call in a.calls]
    if calls:
        tx.keep_deliveries(calls)
    for each in advanced:
        if each.page is not None:
            record(tx, each.page)


def _calls(world: World, plan: Plan, change: Change, entries: int) -> list[Delivery]:
    """One message per person and step; nobody is called twice in one step (invariant C8)."""
    calls: list[Delivery] = []
    called: set[tuple[str, str]] = set()
    before = change.kept.incident if change.kept is not None else None
    for number, event in enumerate(change.events, entries + 1):
        if not isinstance(event, e.Told):
            continue
        since = due_since(plan, before, event)
        for person in event.people:
            if (person, event.message) in called:
                continue
            called.add((person, event.message))
            for contact in first_contacts(contacts_of(world, person)):
                made = call(world, plan, change.incident, event, (number, person, contact))
                message = msgspec.structs.replace(made.message, due_at=since)
                calls.append(msgspec.structs.replace(made, message=message))
    return calls


def contacts_of(world: World, person: str) -> tuple[Contact, ...]:
    """Return the contacts of a person, or of an audience that has its own, as they are now."""
    organisation = world.rules.organisation
    if person in organisation.people:
        return organisation.people[person].contacts
    recipient = organisation.recipients.get(person)
    return recipient.contacts if recipient is not None else ()


def call(
    world: World,
    plan: Plan,
    incident: Incident,
    told: e.Told,
    where: tuple[int, str, Contact],
) -> Delivery:
    """Make the delivery of one message; `where` is (timeline entry, person, contact)."""
    page, person, contact = where
    # An audience belongs to itself, as a recipient that may be among the readers.
    belongs = standing(world.rules.organisation, person, told.at) or (person,)
    to = Addressee(person, belongs)
    message_id = message_id_of(incident.code, page, person, contact)
    wants_answer = told.message in ("page", "alarm")
    link = f"{world.base_url}/a/{answer_token(world.secret, message_id, person)}"
    message = compose(plan, incident, told, message_id, link if wants_answer else "", to)
    return Delivery(
        incident_id=incident.id,
        incident=incident.code,
        page=page,
        kind=told.message,
        to=told.to,
        person=person,
        contact=contact,
        message=in_emergency(message, world.emergency()),
        due_at=told.at,
        created_at=told.at,
        until=told.until,
    )


def message_id_of(incident: str, page: int, person: str, contact: Contact) -> str:
    """Name one message: the same for every attempt, another one for every contact."""
    mark = short_code(f"{contact.channel} {contact.address}").lower()
    return f"{incident}.{page}.{person}.{contact.channel}-{mark}"
