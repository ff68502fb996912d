"""Probes: real incidents in every way but one, and seen by nobody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from tests.engine.story import MONDAY_TEN, PLAN, Story

from tocsin.core.incident import commands as c
from tocsin.engine.actions import act
from tocsin.engine.cycle import Cycle, attempted
from tocsin.engine.group_commit import written
from tocsin.engine.keys import integration_key
from tocsin.engine.probe import PROBE
from tocsin.engine.prober import Loopback, Means, ProbeFailed, Prober
from tocsin.engine.verify import verify_all, verify_incident
from tocsin.engine.world import World
from tocsin.sources.alertmanager.parse import AlertmanagerWebhook


class Door:
    """A way in without the network between."""

    def __init__(self, world: World) -> None:
        self._world = world

    def alert(self, key: str, body: bytes) -> None:
        assert key == integration_key(self._world.secret, PROBE, 1)
        request = list(AlertmanagerWebhook().parse(PROBE, body, self._world.now()))
        (result,) = written(self._world, [request])
        if isinstance(result, Exception):
            raise ProbeFailed(str(result))

    def answer(self, path: str) -> None:
        assert path.startswith("/a/"), "what a proxy puts before it is none of our paths"
        message_id = path.removeprefix("/a/").rpartition(".")[0]
        with self._world.store.read() as reading:
            delivery = reading.delivery(message_id)
        assert delivery is not None
        act(self._world, delivery.incident, c.Acknowledge(by=delivery.person, via="link"))


class ProbingNode:
    """A node of a story that probes itself. While it waits, all nodes take their turns."""

    def __init__(self, story: Story, name: str, others: list[ProbingNode]) -> None:
        self.story, self.others = story, others
        loopback = Loopback(name)
        plain = story.node(name)
        self.world = replace(plain, channels={**plain.channels, loopback.name: loopback})
        self.cycle = Cycle(self.world, lambda one: self.cycle.back(one, attempted(self.world, one)))
        self.works = True
        means = Means(Door(self.world), loopback, self._pause, lambda: story.now.timestamp())
        self.prober = Prober(self.world, means)
        others.append(self)

    def _pause(self, seconds: float) -> None:
        self.story.now += timedelta(seconds=seconds * 5)
        for node in self.others:
            for _ in range(10):
                if not node.works or node.cycle.turn():
                    break


@pytest.fixture
def nodes(story: Story) -> tuple[ProbingNode, ProbingNode]:
    """Two nodes over one store."""
    together: list[ProbingNode] = []
    return ProbingNode(story, "left-1", together), ProbingNode(story, "right-2", together)


def test_a_probe_goes_the_whole_way(story: Story, nodes: tuple[ProbingNode, ProbingNode]) -> None:
    probed = nodes[0].prober.run()
    assert probed.failed == ""
    told = story.incident("PROBE-1")
    assert told.exercise
    assert told.state == "resolved"
    assert told.acknowledged_by == PROBE
    assert {"opened", "alerts_joined", "told", "delivered", "acknowledged", "resolved"} <= set(
        story.kinds("PROBE-1")
    )
    verified = verify_incident(story.store, "PROBE-1")
    assert verified is not None
    assert verified.first_broken is None


def test_a_proxy_s_base_path_is_not_asked_of_the_node_itself(
    nodes: tuple[ProbingNode, ProbingNode],
) -> None:
    node = nodes[0]
    for base in ("https://example.net/on/call", "http://[::1]:8080"):
        node.world = replace(node.world, base_url=base)
        node.cycle = Cycle(node.world, lambda one: node.cycle.back(one, attempted(node.world, one)))
        assert Prober(node.world, node.prober._means).run().failed == ""


def test_nobody_sees_a_probe(story: Story, nodes: tuple[ProbingNode, ProbingNode]) -> None:
    story.alert("ApiDown", severity="critical")
    with story.store.read() as reading:
        before = (reading.counts(), reading.pulse(), reading.running(), reading.waiting())
    assert nodes[0].prober.run().failed == ""
    with story.store.read() as reading:
        assert [one.incident.code for one in reading.incidents((), None, 9)] == ["INC-001"]
        assert [one.incident.code for one in reading.incidents(("resolved",), None, 9)] == []
        assert [one.incident_id for one in reading.alerts(None, None, 9)] == [1]
        assert {one.incident for one in reading.newest_sendings(99)} == {"INC-001"}
        assert set(reading.last_received(99).last) == {"prometheus"}
        after = (reading.counts(), reading.pulse(), reading.running(), reading.waiting())
    # The engine has sent what was due besides.
    assert after[0] == {**before[0], "deliveries_due": after[0]["deliveries_due"]}
    assert after[2] == before[2]
    assert [person for person, _ in story.sent] == ["ana@example.org"]


def test_a_probe_leaves_no_gap_in_the_numbers(
    story: Story, nodes: tuple[ProbingNode, ProbingNode]
) -> None:
    story.alert("ApiDown")
    nodes[0].prober.run()
    story.alert("DbDown")
    assert story.incident("INC-002").id == 2
    assert verify_all(story.store).first_broken is None


def test_old_probes_are_removed_whole_and_the_record_stays_right(
    story: Story, nodes: tuple[ProbingNode, ProbingNode]
) -> None:
    story.alert("ApiDown")
    for hours in (0, 12, 25):
        story.now = MONDAY_TEN + timedelta(hours=hours)
        assert nodes[0].prober.run().failed == ""
    with story.store.read() as reading:
        assert [reading.incident(f"PROBE-{n}") is not None for n in (1, 2, 3)] == [
            False, True, True,
        ]  # fmt: skip
        assert reading.timeline(-1) == []
        assert reading.deliveries(-1) == []
        assert reading.alerts(-1, None, 9) == []
        assert reading.strays() == []
        assert reading.violations(story.now) == []
    assert verify_all(story.store).first_broken is None


def test_each_node_proves_its_own_engine(nodes: tuple[ProbingNode, ProbingNode]) -> None:
    """The other one looks at the incident perhaps, but nobody else sends what is one's own."""
    left, right = nodes
    left.works = False
    assert "the engine has not sent it" in left.prober.run().failed
    assert right.prober.run().failed == ""


def test_what_a_dead_node_has_begun_is_removed_by_another(
    story: Story, nodes: tuple[ProbingNode, ProbingNode]
) -> None:
    left, right = nodes
    left.works = False
    left.prober.run()
    story.now += timedelta(minutes=3)
    assert right.prober.run().failed == ""
    with story.store.read() as reading:
        assert reading.incident("PROBE-1") is None
        assert reading.next_due().soonest is None


def test_no_edit_of_plan_or_organisation_reaches_a_probe(
    store_story: Callable[..., Story],
) -> None:
    told = store_story(plan=PLAN.replace("plan: story", "plan: tocsin-probe"))
    node = ProbingNode(told, "left-1", [])
    told.alert("ApiDown")
    assert told.incident("INC-001").id == 1
    assert node.prober.run().failed == ""
    assert told.incident("PROBE-1").plan != told.rules.plan.version


def test_removing_probes_can_touch_nothing_else(
    story: Story, nodes: tuple[ProbingNode, ProbingNode]
) -> None:
    story.alert("ApiDown")
    nodes[0].prober.run()
    for_ever = story.now + timedelta(days=10_000)
    with story.store.write() as tx:
        assert tx.remove_probes(for_ever, for_ever, 1000) == (1, 0)
        assert tx.remove_probes(for_ever, for_ever, 1000) == (0, 0)
    assert story.incident("INC-001").alerts_total == 1
    assert verify_all(story.store).first_broken is None
