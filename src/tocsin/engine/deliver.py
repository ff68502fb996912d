"""Deliveries: claim what is due, try it, say what became of it and what is tried next."""

from datetime import datetime
from secrets import token_hex

from msgspec.structs import replace

from tocsin.core.delivery import (
    LEASE,
    Contact,
    Done,
    Failed,
    GiveUp,
    NextContact,
    Outcome,
    TryAgain,
    after_attempt,
)
from tocsin.core.incident import events as e
from tocsin.core.incident.fold import fold
from tocsin.core.message import short_code
from tocsin.engine.advance import contacts_of, message_id_of
from tocsin.engine.ports import Change, Delivery, Kept, Transaction
from tocsin.engine.world import World


def claim(world: World, channel: str, limit: int) -> list[Delivery]:
    """Take up to `limit` due deliveries of a channel; nobody else has them until the lease ends."""
    now = world.now()
    with world.store.write() as tx:
        return tx.claim_deliveries(channel, limit, token_hex(8), now, now + LEASE)


def attempt(world: World, delivery: Delivery) -> Outcome:
    """Try one claimed delivery through its channel, and keep what came of it."""
    channel = world.channels.get(delivery.contact.channel)
    if channel is None:
        missing = f"this node has no channel {delivery.contact.channel!r}"
        outcome: Outcome = Failed("permanent", missing)
    else:
        message = replace(delivery.message, attempt=delivery.attempts, sent_at=world.now())
        outcome = channel.send(delivery.contact.address, message)
    settle(world, delivery, outcome)
    return outcome


def settle(world: World, delivery: Delivery, outcome: Outcome) -> None:
    """Keep the outcome of an attempt on the delivery and on the timeline, and what follows.

    An outcome that comes after the claim was lost, or after an answer, changes nothing.
    """
    now = world.now()
    with world.store.write() as tx:
        kept = tx.locked_by_id([delivery.incident_id]).get(delivery.incident_id)
        if kept is None:
            return
        finished, event, another = _after(tx, world, kept, delivery, outcome, now)
        if not tx.finish_delivery(finished):
            return
        if another is not None:
            tx.keep_deliveries([another])
        incident = fold(kept.incident, event)
        tx.keep([Change(kept, (event,), incident, kept.look_again_at)])
    if another is not None:
        world.wake()


def _after(
    tx: Transaction,
    world: World,
    kept: Kept,
    delivery: Delivery,
    outcome: Outcome,
    now: datetime,
) -> tuple[Delivery, e.Event, Delivery | None]:
    contact = delivery.contact
    follows = after_attempt(
        outcome, delivery.attempts, contact, _unused(tx, world, kept, delivery), now
    )
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
    finished = replace(delivery, detail=detail)
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
        next_try = "nothing is left to try; the plan's next step will call somebody else"
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


def _unused(tx: Transaction, world: World, kept: Kept, delivery: Delivery) -> list[Contact]:
    """Return the person's contacts through which this page has not been tried."""
    tried = {
        other.contact
        for other in tx.deliveries(kept.incident.id)
        if other.page == delivery.page and other.person == delivery.person
    }
    contacts = contacts_of(world, delivery.person)
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
    )
