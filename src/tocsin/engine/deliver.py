"""Deliveries: try what was claimed, say what became of it and what is tried next."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

import structlog
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
from tocsin.engine.tried import Tried
from tocsin.engine.world import World

Page = tuple[int, int, str]
"""Which page of which incident to whom: incident, timeline entry, person."""

log = structlog.get_logger()


def attempt(world: World, bundle: Bundle) -> Outcome:
    """Try what was claimed through its channel, as one message; a channel that raises has failed.

    Of several messages one may be the cause, so they are then tried in smaller parts.
    """
    channel = world.channels.get(bundle.channel)
    if channel is None:
        return Failed("permanent", f"this node has no channel {bundle.channel!r}")
    now = world.now()
    messages = [
        replace(one.message, attempt=one.attempts, sent_at=now, due_at=one.message.due_since)
        for one in bundle.deliveries
    ]
    try:
        return channel.send(bundle.deliveries[0].contact.address, bundled(messages))
    except Exception as problem:
        log.exception("delivery.failed", message=bundle.id)
        what = f"the channel itself failed: {type(problem).__name__}"
        return Failed("refused" if len(messages) > 1 else "unknown", what)


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
    # What was taken comes first: nothing else is then ordered for the same page.
    came.sort(key=lambda one: not isinstance(one[1], Sent))
    found = tx.locked_by_id({delivery.incident_id for delivery, _, _ in came})
    now = world.now()  # not before all are locked, so that no timeline goes back in time
    tried = _tried(tx, {one.incident_id for one, outcome, _ in came if isinstance(outcome, Failed)})
    happened: dict[int, list[e.Event]] = {}
    for delivery, outcome, bundle in came:
        together = len(bundle.deliveries) > 1
        ways = tried.setdefault(_page(delivery), {})
        unused = _unused(world, delivery.person, ways)
        came_of_it = (delivery, outcome, together)
        finished, event, another = _after(came_of_it, unused, now, taken=any(ways.values()))
        if not tx.finish_delivery(finished) or delivery.incident_id not in found:
            continue
        ways[delivery.contact] = _proves(delivery.contact) and finished.state == "sent"
        happened.setdefault(delivery.incident_id, []).append(event)
        if another is not None:
            others.append(another)
            ways[another.contact] = False
    if others:
        tx.keep_deliveries(others)
    tx.keep([_changed(found[number], events) for number, events in happened.items()])


def _changed(kept: Kept, happened: Sequence[e.Event]) -> Change:
    incident = replay(happened, kept.incident)
    return Change(kept, tuple(happened), incident, kept.look_again_at)


def _after(
    came: tuple[Delivery, Outcome, bool], unused: Sequence[Contact], now: datetime, *, taken: bool
) -> tuple[Delivery, e.Event, Delivery | None]:
    """Say what follows for one delivery; `came` says too whether it left together with others.

    `taken`: another contact of the same person has taken the page.
    """
    delivery, outcome, together = came
    contact = delivery.contact
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
        next_try = "another contact has taken it" if taken else "no other contact is left"
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


def _page(one: Delivery | Tried) -> Page:
    return one.incident_id, one.page, one.person


def _tried(tx: Transaction, incident_ids: Collection[int]) -> dict[Page, dict[Contact, bool]]:
    """Return by page the contacts that it was tried through, and whether they have taken it."""
    found: dict[Page, dict[Contact, bool]] = {}
    for one in tx.tried(incident_ids) if incident_ids else ():
        found.setdefault(_page(one), {})[one.contact] = one.taken and _proves(one.contact)
    return found


def _proves(contact: Contact) -> bool:
    """Whether taking a message says anything: the inbox takes each, and rings no bell."""
    return contact.domain != "local"


def _unused(world: World, person: str, ways: Mapping[Contact, bool]) -> list[Contact]:
    """Return the person's contacts to try, besides those tried: none once the page was taken."""
    if any(ways.values()):
        return []
    contacts = contacts_of(world, person)
    return [contact for contact in contacts if contact not in ways and _proves(contact)]


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
