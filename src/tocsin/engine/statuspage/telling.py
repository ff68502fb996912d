"""Telling subscribers: from entries and planned work to deliveries, each at most once.

What is said is written first, in the transaction that says it; the messages follow in small
transactions, so that many subscribers never hold up an alert. Whoever is interrupted begins again:
a message has one id for ever, and what is ordered already stays as it is.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.core.delivery import Contact, Failed, Message, Outcome, Shown
from tocsin.core.message import short_code
from tocsin.core.plan.communication.model import StatusPage
from tocsin.core.statuspage.model import Publication, Window
from tocsin.core.statuspage.subscribers import Subscriber, Way, hears, offered
from tocsin.engine.keys import public_name, subscriber_token
from tocsin.engine.ports import Channel, Delivery
from tocsin.engine.statuspage.page import PATH, page_url
from tocsin.engine.world import World

AT_ONCE = 500
"""Subscribers told in one transaction."""

ENTRIES_AT_ONCE = 20
LATELY = timedelta(days=1)
TRIES = 8
"""Attempts at one subscriber: a reader's dead address must not be tried for ever."""

CHANNELS: dict[Way, str] = {"email": "status-email", "webhook": "status-webhook"}
"""Subscribers have channels of their own, so that they never stand before a page."""

DOMAINS: dict[Way, str] = {"email": "mail", "webhook": "ip"}


class ForSubscribers:
    """A channel under another name, which gives up after a while."""

    bundles = False

    def __init__(self, name: str, channel: Channel) -> None:
        self.name = name
        self._channel = channel

    @property
    def domain(self) -> str:
        """See Channel."""
        return self._channel.domain

    def problem_with(self, address: str) -> str | None:
        """See Channel."""
        return self._channel.problem_with(address)

    def send(self, address: str, message: Message) -> Outcome:
        """See Channel; the last failure is for good."""
        outcome = self._channel.send(address, message)
        if isinstance(outcome, Failed) and message.attempt >= TRIES:
            return Failed("permanent", outcome.detail)
        return outcome

    def preview(self, message: Message) -> Sequence[Shown]:
        """See Channel."""
        return self._channel.preview(message)


class Notice(msgspec.Struct, frozen=True, kw_only=True):
    """What subscribers are told, in public words; `key` is part of every message's id."""

    key: str
    about: str
    headline: str
    text: str
    severity: str
    severity_name: str
    state: str
    touched: tuple[str, ...]
    page: int


def tell_subscribers(world: World) -> int:
    """Order the messages of everything new; return how many."""
    page = world.rules.plan.communication.status_page
    if page is None:
        return 0
    with world.store.read() as reading:
        entries = reading.untold(ENTRIES_AT_ONCE)
        windows = reading.windows(world.now() - LATELY)
        told = {window.id: reading.told_of(window.id) for window in windows}
    count = 0
    for entry in entries:
        ways = [way for way in offered(page) if way in entry.ways]
        count += _spread(world, page, ways, _of_entry(world, entry))
        with world.store.write() as tx:
            tx.told(entry.id, world.now())
    for window in windows:
        for key, notice in _of_window(world, page, window, told[window.id]):
            count += _spread(world, page, offered(page), notice)
            with world.store.write() as tx:
                tx.told_window(window.id, (*tx.told_of(window.id), key))
    if count:
        world.wake()
    return count


def _spread(world: World, page: StatusPage, ways: Sequence[Way], notice: Notice) -> int:
    count = 0
    for way in ways:
        for some in _chunks(world, way):
            calls = [
                message_to(world, one, notice) for one in some if hears(one, page, notice.touched)
            ]
            if calls:
                with world.store.write() as tx:
                    tx.keep_deliveries(calls)
            count += len(calls)
    return count


def _chunks(world: World, way: Way) -> Iterator[list[Subscriber]]:
    after = ""
    while True:
        with world.store.read() as reading:
            some = reading.subscribers(way, after, AT_ONCE)
        if some:
            yield some
        if len(some) < AT_ONCE:
            return
        after = some[-1].id


def message_to(world: World, subscriber: Subscriber, notice: Notice) -> Delivery:
    """Return the delivery of a notice to one subscriber."""
    now = world.now()
    message_id = f"{notice.key}.{subscriber.id}"
    token = subscriber_token(world.secret, subscriber.id)
    return Delivery(
        incident_id=0,
        incident=notice.about,
        page=notice.page,
        kind="update",
        to="subscribers",
        person=f"subscriber {subscriber.id}",
        contact=Contact(CHANNELS[subscriber.how], subscriber.address, DOMAINS[subscriber.how]),
        message=Message(
            id=message_id,
            kind="update",
            short_code=short_code(message_id),
            attempt=1,
            incident=notice.about,
            title=notice.headline,
            severity=notice.severity,
            severity_name=notice.severity_name,
            state=notice.state,
            why="",
            text=notice.text,
            headline=notice.headline,
            sent_at=now,
            unsubscribe=f"{world.base_url}{PATH}/subscription/{token}",
        ),
        due_at=now,
        created_at=now,
        until="resolved",
    )


def _of_entry(world: World, entry: Publication) -> Notice:
    plan = world.rules.plan
    name = public_name(world.secret, entry.incident_id)
    with world.store.read() as reading:
        whole = reading.publications_of(entry.incident_id)
    titles = [one.title for one in whole if one.title and one.number <= entry.number]
    title = entry.title or (titles[-1] if titles else "Service disruption")
    site = plan.catalogue.head.project or plan.organisation or plan.title
    status = entry.status[:1].upper() + entry.status[1:]
    link = f"{page_url(world)}/incidents/{name}.html"
    return Notice(
        key=f"status.{entry.id}",
        about=name,
        headline=f"[{site}] {status}: {title}" if status else f"[{site}] {title}",
        text="\n\n".join(part for part in (entry.text, link) if part),
        severity=entry.impact,
        severity_name=entry.impact,
        state=entry.status,
        touched=tuple(dict.fromkeys(name for one in whole for name in one.components)),
        page=entry.id,
    )


def _of_window(
    world: World, page: StatusPage, window: Window, told: Sequence[str]
) -> Iterator[tuple[str, Notice]]:
    """What is to be said of planned work by now and was not: announced, begun, done, called off."""
    plan, now = world.rules.plan, world.now()
    site = plan.catalogue.head.project or plan.organisation or plan.title
    span = f"{window.starts_at:%Y-%m-%d %H:%M} to {window.ends_at:%Y-%m-%d %H:%M} UTC"
    link = f"{page_url(world)}/#maintenance-{window.id}"
    for key, at, word, text in _turns(page, window):
        if at > now or key in told or (key != "scheduled" and "scheduled" not in told):
            continue
        yield (
            key,
            Notice(
                key=f"maintenance.{window.id}.{key}",
                about=f"maintenance-{window.id}",
                headline=f"[{site}] {word}: {window.title}",
                text="\n\n".join(part for part in (text, span, link) if part),
                severity="maintenance",
                severity_name="maintenance",
                state=window.state_at(now),
                touched=window.components,
                page=window.id,
            ),
        )


def _turns(page: StatusPage, window: Window) -> Iterator[tuple[str, datetime, str, str]]:
    early = page.maintenance.announce if page.maintenance is not None else None
    announced = window.starts_at - early if early is not None else window.made_at
    if window.state != "cancelled":
        yield "scheduled", max(announced, window.made_at), "Maintenance planned", window.text
    by_hand = {one.status for one in window.updates}
    for k, one in enumerate(window.updates, 1):
        yield f"update-{k}", one.at, _WORDS.get(one.status, "Maintenance"), one.text
    if window.state == "cancelled":
        return
    if "in_progress" not in by_hand:
        yield "in_progress", window.starts_at, _WORDS["in_progress"], ""
    if "completed" not in by_hand:
        yield "completed", window.ends_at, _WORDS["completed"], ""


_WORDS = {
    "scheduled": "Maintenance news",
    "in_progress": "Maintenance has begun",
    "completed": "Maintenance is complete",
    "cancelled": "Maintenance called off",
}
