"""The loop with real threads: messages leave, slow providers hold up nobody, leases are renewed."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.engine.story import ORGANISATION, Story
from tests.servers import wait_until

from tocsin.core.delivery import Failed, Message, Outcome, Sent
from tocsin.core.incident import commands as c
from tocsin.engine.lanes import FORGOTTEN_AFTER, PATIENCE, RENEW_AFTER, SLOTS, YIELDS_FOR, Lane
from tocsin.engine.loop import Loop
from tocsin.engine.ports import Store
from tocsin.engine.tick import tick
from tocsin.engine.world import World


def real_time(story: Story) -> World:
    """The story's world on the clock of the wall."""
    return replace(story.world, now=lambda: datetime.now(UTC))  # noqa: TID251


@contextmanager
def running(world: World) -> Iterator[Loop]:
    loop = Loop(world, threading.Event())
    loop.start()
    try:
        yield loop
    finally:
        loop.stop()


NOW_ON_CALL = ORGANISATION.replace(
    "on-call-engineer: {roster: primary}", "on-call-engineer: {people: [ben]}"
).replace("contacts: [email cleo@example.org]", "contacts: [webhook ana]")
"""Ben is on call whatever the date is, and has e-mail only; Cleo has a webhook only."""


@pytest.fixture
def live(store_story: Callable[..., Story]) -> Story:
    """A story that happens now."""
    story = store_story(organisation=NOW_ON_CALL)
    story.now = datetime.now(UTC)  # noqa: TID251
    return story


def test_pages_leave_and_their_outcome_is_on_the_record(live: Story) -> None:
    live.alert("ApiDown", severity="critical")
    with running(real_time(live)):
        wait_until(lambda: "delivered" in live.kinds(), 10)
    assert [address for address, _ in live.sent] == ["ben@example.org"]


def test_a_hung_provider_holds_up_no_other_channel(live: Story) -> None:
    """Invariant D11."""
    released = threading.Event()
    hanging: list[str] = []

    def hangs(address: str, _message: Message) -> Outcome:
        hanging.append(address)
        released.wait(30)
        return Sent()

    live.channels["email"].answer = hangs
    live.channels["email"].bundles = False
    for number in range(3 * SLOTS):
        live.alert(f"Alert{number}", severity="critical")
    with running(real_time(live)):
        try:
            wait_until(lambda: len(hanging) == SLOTS, 20)
            live.do(c.Escalate(by="ben", to="cto"))
            wait_until(lambda: "ana" in [address for address, _ in live.sent], 5)
            assert len(hanging) == SLOTS
        finally:
            released.set()
        wait_until(lambda: len(hanging) == 3 * SLOTS, 20)


def test_a_lane_lets_one_message_start_while_its_provider_is_quick(story: Story) -> None:
    story.alert("A", severity="critical")
    story.alert("B", severity="critical")
    story.channels["email"].bundles = False
    first, second = (story.claim_one("email") for _ in range(2))
    lane = Lane()
    now = story.now
    assert lane.room(now) == 1
    lane.start(first, now)
    assert lane.room(now) == 0
    assert lane.room(now + PATIENCE) == 1
    lane.start(second, now + PATIENCE)
    assert lane.room(now + PATIENCE) == 0
    lane.end(first, Sent(), now)
    lane.end(second, Sent(), now)
    assert lane.room(now + PATIENCE) == 1


def test_a_message_that_is_on_its_way_twice_is_on_its_way_until_both_are_back(
    story: Story,
) -> None:
    """A clock that was set lets a claim end too soon; found by seed 4737."""
    story.alert("A", severity="critical")
    lane = Lane()
    first = story.claim_one("email")
    lane.start(first, story.now)
    story.now += timedelta(minutes=10)
    second = story.claim_one("email")
    lane.start(second, story.now)
    lane.end(first, None, story.now)
    assert lane.to_renew(story.now + timedelta(seconds=2)) == [second]


def test_a_lane_never_lets_more_leave_than_it_has_slots(story: Story) -> None:
    lane = Lane()
    now = story.now
    for number in range(SLOTS):
        story.alert(f"Alert{number}", severity="critical")
        now += PATIENCE
        assert lane.room(now) == 1
        lane.start(story.claim_one("email"), now)
    assert lane.room(now + timedelta(minutes=1)) == 0


def test_a_node_that_has_just_failed_leaves_what_is_due_to_others_for_a_second(
    story: Story,
) -> None:
    lane = Lane()
    story.channels["email"].bundles = False
    for name in ("A", "B", "C"):
        story.alert(name, severity="critical")
    first = story.claim_one("email")
    lane.start(first, story.now)
    assert lane.yields_for(story.now) == timedelta(0)
    lane.end(first, Failed("temporary", "no connection"), story.now)
    mine = {"email": lane.yields_for(story.now)}
    assert tick(story.world, (), {"email": 9}, (), mine).claimed == []
    assert len(tick(story.node("node-2"), (), {"email": 1}).claimed) == 1
    story.now += YIELDS_FOR
    assert len(tick(story.world, (), {"email": 9}, (), mine).claimed) == 1
    lane.end(first, Failed("permanent", "no such address"), story.now)
    assert lane.yields_for(story.now) == timedelta(0)
    lane.end(first, Failed("unknown", "no answer"), story.now)
    lane.end(first, None, story.now)
    assert lane.yields_for(story.now) == YIELDS_FOR
    lane.end(first, Sent(), story.now)
    assert lane.yields_for(story.now) == timedelta(0)


def test_a_failure_of_long_ago_makes_no_page_late(story: Story) -> None:
    lane = Lane()
    story.alert("A", severity="critical")
    lane.end(story.claim_one("email"), Failed("unknown", "no answer"), story.now)
    assert lane.yields_for(story.now + FORGOTTEN_AFTER / 2) == YIELDS_FOR
    assert lane.yields_for(story.now + FORGOTTEN_AFTER) == timedelta(0)


class Failing:
    """A store whose housekeeping fails, in a way that nobody has thought of."""

    def __init__(self, inner: Store) -> None:
        self.inner = inner
        self.rounds = 0

    def __getattr__(self, name: str) -> object:
        return getattr(self.inner, name)

    def tidy(self) -> None:
        self.rounds += 1
        raise ValueError("not thought of")


def test_housekeeping_goes_on_whatever_a_round_of_it_has_raised(
    live: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tocsin.engine.loop.TIDY_EVERY", 0.01)
    store: Any = Failing(live.store)
    with running(replace(real_time(live), store=store)):
        wait_until(lambda: store.rounds >= 2, 10)


def test_leases_of_messages_on_their_way_are_renewed(story: Story) -> None:
    story.alert("A", severity="critical")
    lane = Lane()
    claimed = story.claim_one("email")
    lane.start(claimed, story.now)
    assert lane.to_renew(story.now) == []
    assert lane.to_renew(story.now + RENEW_AFTER) == [claimed]
    lane.renewed(claimed, story.now + RENEW_AFTER)
    assert lane.to_renew(story.now + RENEW_AFTER) == []


def test_a_slow_message_is_sent_once_while_its_node_lives(
    live: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A send that takes longer than the lease is not repeated beside itself."""
    monkeypatch.setattr("tocsin.engine.bundles.LEASE", timedelta(seconds=1))
    monkeypatch.setattr("tocsin.engine.tick.LEASE", timedelta(seconds=1))
    monkeypatch.setattr("tocsin.engine.lanes.RENEW_AFTER", timedelta(seconds=0.2))
    started: list[float] = []
    released = threading.Event()

    def slow(_address: str, message: Message) -> Outcome:
        started.append(message.attempt)
        released.wait(2.5)
        return Sent()

    live.channels["email"].answer = slow
    live.alert("ApiDown", severity="critical")
    with running(real_time(live)):
        wait_until(lambda: "delivered" in live.kinds(), 10)
    assert started == [1]
