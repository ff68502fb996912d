"""Deliveries: try what was claimed, say what became of it and what is tried next."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tocsin.core.bundles import bundled
from tocsin.core.delivery import (
    Contact,
    Done,
    Failed,
    GiveUp,
    NextContact,
    Outcome,
    Sent,
    TryAgain,
    after_attempt,
)
from tocsin.core.incident import events as e
from tocsin.core.incident.fold import replay
from tocsin.core.message import short_code
from tocsin.engine.advance import contacts_of, message_id_of
from tocsin.engine.bundles import Bundle
from tocsin.engine.claims import as_here
from tocsin.engine.ports import Change, Delivery, Kept, Transaction
from tocsin.engine.world import World


def attempt(world: World, bundle: Bundle) -> Outcome:
    """Try what was claimed through its channel, as one message."""
    channel = world.channels.get(bundle.channel)
    if channel is None:
        return Failed("permanent", f"this node has no channel {bundle.channel!r}")
    now = world.now()
    messages = [
        replace(one.message, attempt=one.attempts, sent_at=now, due_at=one.message.due_since)
        for one in bundle.deliveries
    ]
    return channel.send(bundle.deliveries[0].contact.address, bundled(messages))


def settle(tx: Transaction, world: World, attempts: Sequence[tuple[Bundle, Outcome]]) -> None:
    """Keep what came of attempts, on the deliveries and on the timelines, and what follows.

    The outcome of a bundle is that of each delivery in it. An outcome that comes after its claim
    was lost, or after an answer, changes nothing.
    """
    if not attempts:
        return
    others: list[Delivery] = []
    came = [
        (as_here(tx, world, one), outcome, bundle)
        for bundle, outcome in attempts
        for one in bundle.deliveries
    ]
    found = tx.locked_by_id({delivery.incident_id for delivery, _, _ in came})
    now = world.now()  # not before all are locked, so that no timeline goes back in time
    happened: dict[int, list[e.Event]] = {}
    for delivery, outcome, bundle in came:
        together = len(bundle.deliveries) > 1
        finished, event, another = _after(tx, world, (delivery, outcome, together), now)
        if not tx.finish_delivery(finished) or delivery.incident_id not in found:
            continue
        happened.setdefault(delivery.incident_id, []).append(event)
        if another is not None:
            others.append(another)
    if others:
        tx.keep_deliveries(others)
    tx.keep([_changed(found[number], events) for number, events in happened.items()])


def _changed(kept: Kept, happened: Sequence[e.Event]) -> Change:
    incident = replay(happened, kept.incident)
    return Change(kept, tuple(happened), incident, kept.look_again_at)


def _after(
    tx: Transaction, world: World, came: tuple[Delivery, Outcome, bool], now: datetime
) -> tuple[Delivery, e.Event, Delivery | None]:
    """Say what follows for one delivery; `came` says too whether it left together with others."""
    delivery, outcome, together = came
    contact = delivery.contact
    unused = [] if isinstance(outcome, Sent) else _unused(tx, world, delivery)
    follows = after_attempt(outcome, delivery.attempts, contact, unused, now, together=together)
    if isinstance(follows, Done):
        finished = replace(delivery, state="sent", sent_at=now, detail="")
        delivered = e.Delivered(
            at=now,
            message=delivery.kind,
            person=delivery.person,
            channel=contact.channel,
            attempt=delivery.attempts,
        )
        return finished, delivered, None
    detail = outcome.detail if isinstance(outcome, Failed) else ""
    is_refused = isinstance(outcome, Failed) and outcome.failure == "permanent"
    finished = replace(delivery, detail=detail, alone=delivery.alone or (together and is_refused))
    another = None
    if isinstance(follows, TryAgain):
        finished = replace(finished, due_at=follows.at)
        next_try = f"again at {follows.at:%H:%M:%S} UTC"
    elif isinstance(follows, NextContact):
        another = _through(delivery, follows.contact, now)
        next_try = f"{follows.contact.channel} at once"
        if follows.again_at is None:
            finished = replace(finished, state="failed")
        else:
            finished = replace(finished, due_at=follows.again_at)
            next_try += f", and again at {follows.again_at:%H:%M:%S} UTC"
    else:
        finished = replace(finished, state="failed")
        next_try = "no other contact is left"
    failed = e.NotDelivered(
        at=now,
        message=delivery.kind,
        person=delivery.person,
        channel=contact.channel,
        attempt=delivery.attempts,
        next_try=next_try,
        why=_reason(follows, detail),
    )
    return finished, failed, another


def _reason(follows: TryAgain | NextContact | GiveUp, detail: str) -> str:
    return follows.why or detail


def _unused(tx: Transaction, world: World, delivery: Delivery) -> list[Contact]:
    """Return the person's contacts through which this page has not been tried."""
    contacts = contacts_of(world, delivery.person)
    if not contacts:
        return []
    tried = {
        other.contact
        for other in tx.deliveries(delivery.incident_id)
        if other.page == delivery.page and other.person == delivery.person
    }
    return [contact for contact in contacts if contact not in tried and contact.domain != "local"]


def _through(delivery: Delivery, contact: Contact, now: datetime) -> Delivery:
    """The same page through another contact; the answering link stays the same."""
    message_id = message_id_of(delivery.incident, delivery.page, delivery.person, contact)
    message = replace(delivery.message, id=message_id, short_code=short_code(message_id))
    return replace(
        delivery,
        id=0,
        contact=contact,
        message=message,
        state="due",
        due_at=now,
        created_at=now,
        attempts=0,
        claim="",
        detail="",
        alone=False,
    )
