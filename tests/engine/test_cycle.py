"""The engine's turns, one by one: what is handed out, what comes back, and what must not leave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from tests.engine.story import ORGANISATION, Story

from tocsin.core.delivery import LEASE
from tocsin.engine.bundles import Bundle
from tocsin.engine.cycle import Cycle, attempted
from tocsin.engine.put_off import AGREE


class Turns:
    """A node whose messages leave when the test says so; its clock is off by `off`."""

    def __init__(self, story: Story, off: timedelta = timedelta(0)) -> None:
        self.story = story
        self.handed: list[Bundle] = []
        world = replace(story.world, now=lambda: story.now + off)
        self.cycle = Cycle(world, self.handed.append)

    def turn(self) -> float:
        return self.cycle.turn()

    def send(self) -> None:
        """Try what was handed out, and tell the engine."""
        handed, self.handed[:] = list(self.handed), []
        for bundle in handed:
            self.cycle.back(bundle, attempted(self.story.world, bundle))


def test_a_page_is_handed_out_once_and_its_outcome_is_kept(story: Story) -> None:
    turns = Turns(story)
    story.alert("ApiDown", severity="critical")
    turns.turn()
    turns.turn()
    assert [one.person for bundle in turns.handed for one in bundle.deliveries] == ["ana"]
    turns.send()
    turns.turn()
    assert story.pages == ["0:00 ana"]
    assert "delivered" in story.kinds()
    assert not turns.cycle.is_busy


def test_a_node_that_stood_still_sends_nothing_that_was_answered_meanwhile(story: Story) -> None:
    """Invariant D3; simulator, seed 301: the page left a minute after the acknowledgement."""
    turns = Turns(story)
    story.alert("ApiDown", severity="critical")
    turns.turn()
    story.acknowledge("ana")
    story.now += timedelta(seconds=60)
    turns.send()
    turns.turn()
    assert story.pages == []
    assert not turns.cycle.is_busy


def test_a_node_that_stood_still_does_not_repeat_what_another_one_has_sent(story: Story) -> None:
    """Invariant D2; simulator, seed 104: the page went out twice, 85 s apart."""
    turns = Turns(story)
    story.alert("ApiDown", severity="critical")
    turns.turn()
    story.now += LEASE
    story.tick(story.node("node-2"))
    assert story.pages == ["0:00 ana"]
    story.now += timedelta(seconds=60)
    turns.send()
    turns.turn()
    assert story.pages == ["0:00 ana"]
    assert story.kinds().count("delivered") == 1


def test_a_message_may_come_back_while_the_engine_looks_at_others_that_have(story: Story) -> None:
    turns = Turns(story)
    story.alert("ApiDown", severity="critical")
    turns.turn()
    (handed,) = turns.handed
    late = [handed]

    class LookedAt(Bundle, frozen=True):
        @property
        def id(self) -> str:
            while late:
                turns.cycle.back(late.pop(), None)
            return handed.id

    turns.cycle.back(LookedAt(handed.deliveries), attempted(story.world, handed))
    turns.turn()
    assert turns.cycle.trouble == ""
    assert "delivered" in story.kinds()


def test_what_never_left_is_due_again(story: Story) -> None:
    turns = Turns(story)
    story.alert("ApiDown", severity="critical")
    turns.turn()
    story.now += LEASE
    turns.send()
    turns.turn()
    turns.send()
    turns.turn()
    assert story.pages == ["0:00 ana"]


def test_a_page_does_not_wait_for_a_clock_that_was_ahead(
    store_story: Callable[..., Story],
) -> None:
    """Invariants D1, G1; simulator, seed 938: it waited for the ten minutes that it was ahead."""
    story = store_story(organisation=ORGANISATION)
    began = story.now
    story.now = began + timedelta(minutes=10)
    story.alert("ApiDown", severity="critical")
    story.now = began
    turns = Turns(story)
    turns.turn()
    turns.turn()
    turns.send()
    assert [address for address, _ in story.sent] == ["ana@example.org"]


def test_what_a_node_with_a_faster_clock_is_sending_is_not_put_off(story: Story) -> None:
    """Invariant D2; both agree with the database's clock, by a little less than `AGREE`."""
    off = AGREE - timedelta(seconds=0.1)
    fast, slow = Turns(story, off), Turns(story, -off)
    story.alert("ApiDown", severity="critical")
    fast.turn()
    (bundle,) = fast.handed
    outcome = attempted(fast.cycle._world, bundle)  # its provider takes ten seconds for it
    for _ in range(20):
        story.now += timedelta(seconds=0.5)
        for node in (fast, slow, slow):
            node.turn()
    assert (fast.handed, slow.handed) == ([bundle], [])
    fast.cycle.back(bundle, outcome)
    fast.turn()
    story.now += LEASE
    slow.turn()
    assert slow.handed == []
    assert [address for address, _ in story.sent] == ["ana@example.org"]
