"""Readers who subscribe: asked for, confirmed by whoever owns the address, ended at will."""

from datetime import datetime, timedelta
from hashlib import sha256

from msgspec.structs import replace

from tocsin.core.statuspage.states import parts_of
from tocsin.core.statuspage.subscribers import Subscriber, Way, offered, wants_confirmation
from tocsin.engine.keys import same, subscriber_name, subscriber_token
from tocsin.engine.statuspage.page import PATH
from tocsin.engine.statuspage.telling import CHANNELS, Notice, message_to
from tocsin.engine.world import World

ADDRESS_AT_MOST = 500
ASKED_EACH = 3600
"""Seconds within which an address gets one mail that asks, however often somebody enters it."""

CONFIRM_WITHIN = timedelta(days=7)
"""So long the link of a mail that asks is good; after it the address is forgotten."""


def subscribe(world: World, how: Way, address: str, components: tuple[str, ...]) -> str:
    """Ask the owner of an address whether they want to hear of changes.

    Returns what is wrong with what was entered, "" if nothing: the answer is the same whether the
    address is known or not.
    """
    page = world.rules.plan.communication.status_page
    if page is None or how not in offered(page):
        return "This page has no such subscriptions."
    address = address.strip()
    channel = world.channels.get(CHANNELS[how])
    if not address or len(address) > ADDRESS_AT_MOST or channel is None:
        return "Enter an address."
    if problem := channel.problem_with(address):
        return problem
    shown = {part.id for part in parts_of(world.rules.plan)}
    wanted = tuple(name for name in dict.fromkeys(components) if name in shown)
    name = subscriber_name(world.secret, how, address)
    now = world.now()
    with world.store.write() as tx:
        known = tx.subscriber(name)
        if known is None or not known.active:
            confirmed = None if wants_confirmation(page, how) else now
            known = Subscriber(
                id=name, how=how, address=address, components=wanted,
                token_hash=_hash(subscriber_token(world.secret, name)), made_at=now,
                confirmed_at=confirmed,
            )  # fmt: skip
            tx.keep_subscriber(known)
        tx.keep_deliveries([message_to(world, known, _asking(world, known, now))])
    world.wake()
    return ""


def subscription(world: World, token: str) -> Subscriber | None:
    """Return whose link this is, None if it is nobody's any more."""
    name = token.partition(".")[0]
    if not same(token, subscriber_token(world.secret, name)):
        return None
    with world.store.read() as reading:
        found = reading.subscriber(name)
    if found is None or found.token_hash != _hash(token):
        return None
    too_late = found.confirmed_at is None and world.now() - found.made_at >= CONFIRM_WITHIN
    return None if too_late else found


def confirm(world: World, token: str) -> Subscriber | None:
    """Let a subscription count from now on."""
    found = subscription(world, token)
    if found is None or found.active:
        return found
    confirmed = replace(found, confirmed_at=world.now(), ended_at=None)
    with world.store.write() as tx:
        tx.keep_subscriber(confirmed)
    return confirmed


def choose(world: World, token: str, components: tuple[str, ...]) -> Subscriber | None:
    """Change what a subscriber hears of."""
    found = subscription(world, token)
    if found is None:
        return None
    shown = {part.id for part in parts_of(world.rules.plan)}
    changed = replace(found, components=tuple(c for c in components if c in shown))
    with world.store.write() as tx:
        tx.keep_subscriber(changed)
    return changed


def end(world: World, token: str) -> bool:
    """End a subscription and forget the address; whether there was one."""
    found = subscription(world, token)
    if found is None:
        return False
    with world.store.write() as tx:
        tx.forget_subscriber(found.id)
    return True


def forget_unconfirmed(world: World) -> int:
    """Forget addresses whose owner did not want, or never saw, the mail that asked."""
    with world.store.write() as tx:
        return tx.forget_unconfirmed(world.now() - CONFIRM_WITHIN)


def _asking(world: World, subscriber: Subscriber, now: datetime) -> Notice:
    """The message that asks: its id holds the hour, so that nobody is flooded with it."""
    plan = world.rules.plan
    site = plan.catalogue.head.project or plan.organisation or plan.title
    token = subscriber_token(world.secret, subscriber.id)
    link = f"{world.base_url}{PATH}/subscription/{token}"
    if subscriber.active:
        head = f"[{site}] Your subscription"
        text = f"You hear of changes of the {site} status page. To change or end this:\n\n{link}"
    else:
        head = f"[{site}] Please confirm your subscription"
        text = (
            f"Somebody, probably you, wants to hear of changes of the {site} status page at this"
            f" address.\n\nTo confirm, open this page and press the button:\n\n{link}\n\n"
            "If it was not you, do nothing: nothing more will come, and the address is forgotten"
            f" after {CONFIRM_WITHIN.days} days."
        )
    return Notice(
        key=f"subscribe.{int(now.timestamp()) // ASKED_EACH}",
        about="subscription",
        headline=head,
        text=text,
        severity="none",
        severity_name="none",
        state="subscription",
        touched=(),
        page=0,
    )


def _hash(token: str) -> bytes:
    return sha256(token.encode()).digest()
