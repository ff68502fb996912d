"""What may happen to one of several nodes, as harms for a Rig whose other nodes go on."""

from __future__ import annotations

from datetime import timedelta
from itertools import combinations

from tests.servers import now, wait_until
from tests.torture.places import Network
from tests.torture.rig import READY_WITHIN_S, Harm, Node, Rig

DATABASE = "db"
PROVIDER = "outside"
CUT_S = (8.0, 16.0)
CUT_SHORTLY_S = (1.0, 7.0)
"""Less than the 10 s after which a node helps itself (H4)."""
CUT_FOR_LONG_S = (15.0, 25.0)
PAUSED_S = 60.0
SHORTLY_S = (0.5, 12.0)
FLAPS_S = (1.0, 10.0)
IN_FLIGHT_S = 2.0
PAGED_WITHIN_S = 25.0
"""After 10 s without its store a node pages by its journal; the load orders pages all the time."""
FLAPS = 3
NARROW_KILOBITS = (100, 400)
"""About what a few alerts and pages in a second need: a little more, and it waits."""
LOSSES_S = (0.05, 0.3)
"""For so long nothing passes, then for about twice as long everything does."""
SKEWED_S = (6.0, 12.0)
JUMPS = (
    timedelta(seconds=4),
    timedelta(seconds=-4),
    timedelta(seconds=45),
    timedelta(seconds=-45),
    timedelta(hours=1),
    timedelta(hours=-1),
    timedelta(days=1),
    timedelta(days=-1),
    timedelta(days=3650),
)


def killed(rig: Rig) -> None:
    """kill -9, and a start."""
    node = _one(rig)
    with rig.fault("node killed", stand_in=True, store_stays=True):
        node.kill()
        node.spawn()
        node.wait_ready(READY_WITHIN_S)


def killed_for_longer(rig: Rig) -> None:
    """kill -9, and a start much later: others have done its work by then."""
    node = _one(rig)
    with rig.fault("node dead", stand_in=True, store_stays=True):
        node.kill()
        rig.wait(rig.chance.uniform(*CUT_S))
        node.spawn()
        node.wait_ready(READY_WITHIN_S)


def paused(rig: Rig, seconds: float = PAUSED_S) -> None:
    """SIGSTOP for a minute: it wakes up and believes that no time has passed (C3, G2)."""
    node = _one(rig)
    with rig.fault("node paused", stand_in=True, store_stays=True):
        node.pause()
        rig.wait(seconds)
        node.resume()


def paused_shortly(rig: Rig) -> None:
    """SIGSTOP for about as long as a lease."""
    paused(rig, rig.chance.uniform(*SHORTLY_S))


def paused_for_a_moment(rig: Rig) -> None:
    """SIGSTOP, and over before it takes itself for cut off from its store (E1)."""
    paused(rig, rig.chance.uniform(*CUT_SHORTLY_S))


def off_the_database(rig: Rig, seconds: tuple[float, float] = CUT_SHORTLY_S) -> None:
    """Nothing passes between the node and the database."""
    node = _one(rig)
    with rig.fault("cut off from the database", stand_in=True):
        _network(rig).part(node.name, DATABASE)
        rig.wait(rig.chance.uniform(*seconds))
        _network(rig).heal()


def off_the_database_for_long(rig: Rig) -> None:
    """So long that the node works by its journal while the others go on (H5)."""
    off_the_database(rig, CUT_FOR_LONG_S)


def half_off_the_database(rig: Rig) -> None:
    """Packets pass one way only."""
    node = _one(rig)
    way = rig.chance.choice([(node.name, DATABASE), (DATABASE, node.name)])
    with rig.fault("half cut off from the database", stand_in=True):
        _network(rig).cut(*way)
        rig.wait(rig.chance.uniform(*CUT_SHORTLY_S))
        _network(rig).heal()


def off_the_provider(rig: Rig) -> None:
    """The node can do everything but reach anybody."""
    node = _one(rig)
    with rig.fault("cut off from the provider", stand_in=True, store_stays=True):
        _network(rig).part(node.name, PROVIDER)
        rig.wait(rig.chance.uniform(*CUT_S))
        _network(rig).heal()


def answers_lost(rig: Rig) -> None:
    """What the node sends arrives, and no answer comes back."""
    node = _one(rig)
    with rig.fault("answers of the provider lost", stand_in=True, repeats=2, store_stays=True):
        _network(rig).cut(PROVIDER, node.name)
        rig.wait(rig.chance.uniform(*CUT_S))
        _network(rig).heal()


def provider_hangs(rig: Rig) -> None:
    """The provider takes what one node sends, and neither answers nor hangs up."""
    node = _one(rig)
    hangs = rig.receiver.hanging_for(node.place.address)
    with rig.fault("provider hangs", stand_in=True, repeats=2, store_stays=True), hangs:
        rig.wait(rig.chance.uniform(*CUT_S))


def apart(rig: Rig) -> None:
    """No node reaches another; they meet in the database alone."""
    with rig.fault("nodes cut off from each other", stand_in=True, store_stays=True):
        for one, other in combinations(rig.nodes, 2):
            _network(rig).part(one.name, other.name)
        rig.wait(rig.chance.uniform(*CUT_S))
        _network(rig).heal()


def each_in_its_own_world(rig: Rig) -> None:
    """No two see the same: one has no provider, one no database, none has another node."""
    network = _network(rig)
    with rig.fault("each node in its own world", stand_in=True):
        for one, other in combinations(rig.nodes, 2):
            network.part(one.name, other.name)
        no_provider, no_database, *_ = rig.chance.sample(list(rig.nodes), len(rig.nodes))
        network.part(no_provider.name, PROVIDER)
        network.part(no_database.name, DATABASE)
        rig.wait(rig.chance.uniform(*CUT_FOR_LONG_S))
        network.heal()


def narrow_line(rig: Rig) -> None:
    """The way to and from a node is so narrow that packets wait, and some are lost."""
    node = _one(rig)
    with rig.fault("narrow line", stand_in=True, repeats=2):
        _network(rig).narrow(node.name, rig.chance.randint(*NARROW_KILOBITS))
        rig.wait(rig.chance.uniform(*CUT_S))
        _network(rig).heal()


def lossy_line(rig: Rig) -> None:
    """Between a node and the database a third of all packets is lost, some at a time."""
    node = _one(rig)
    with rig.fault("lossy line", stand_in=True):
        until = now() + timedelta(seconds=rig.chance.uniform(*CUT_S))
        while now() < until:
            _network(rig).part(node.name, DATABASE)
            rig.wait(rig.chance.uniform(*LOSSES_S))
            _network(rig).heal()
            rig.wait(2 * rig.chance.uniform(*LOSSES_S))


def off_its_clients(rig: Rig) -> None:
    """Who asks this node gets no answer; it goes on working."""
    node = _one(rig)
    with rig.fault("cut off from its clients", stand_in=True, store_stays=True):
        _network(rig).cut(node.name, f"clients of {node.name}")
        rig.wait(rig.chance.uniform(*CUT_S))
        _network(rig).heal()


def flapping(rig: Rig) -> None:
    """The way to the database comes and goes."""
    node = _one(rig)
    with rig.fault("flapping", stand_in=True, repeats=FLAPS):
        for _ in range(FLAPS):
            _network(rig).part(node.name, DATABASE)
            rig.wait(rig.chance.uniform(*FLAPS_S))
            _network(rig).heal()
            rig.wait(rig.chance.uniform(*FLAPS_S) / 3)


def all_off_the_database(rig: Rig, seconds: tuple[float, float] = CUT_SHORTLY_S) -> None:
    """No node reaches the database."""
    with rig.fault("all cut off from the database"):
        for node in rig.nodes:
            _network(rig).part(node.name, DATABASE)
        rig.wait(rig.chance.uniform(*seconds))
        _network(rig).heal()


def all_off_the_database_for_long(rig: Rig) -> None:
    """Every node works by its own journal: never nobody who pages (H4, H5)."""
    with rig.fault("all cut off from the database for long", by_journal=True):
        for node in rig.nodes:
            _network(rig).part(node.name, DATABASE)
        rig.wait(IN_FLIGHT_S)
        seen = len(rig.receiver.pages)
        wait_until(lambda: len(rig.receiver.pages) > seen, PAGED_WITHIN_S, "somebody is paged")
        rig.wait(rig.chance.uniform(*CUT_SHORTLY_S))
        _network(rig).heal()


def clock_set(rig: Rig) -> None:
    """The wall clock of one node is set, and put right again after a while (G1)."""
    node = _one(rig)
    jump = rig.chance.choice(JUMPS)
    if node.clock is None:
        raise AssertionError("its clock can't be set")
    kind = f"clock set by {jump.total_seconds():+.0f} s"
    with rig.fault(kind, stand_in=True, store_stays=True):
        node.clock.set(jump)
        rig.wait(rig.chance.uniform(*SKEWED_S))
        node.clock.set(timedelta(0))


KILLS: tuple[Harm, ...] = (killed, killed_for_longer)
PAUSES: tuple[Harm, ...] = (paused, paused_shortly)
CUTS: tuple[Harm, ...] = (
    off_the_database,
    half_off_the_database,
    off_the_provider,
    answers_lost,
    provider_hangs,
    off_its_clients,
    apart,
    narrow_line,
    lossy_line,
    all_off_the_database,
)
FOR_LONG: tuple[Harm, ...] = (
    off_the_database_for_long,
    flapping,
    each_in_its_own_world,
    all_off_the_database_for_long,
)
"""What lasts so long that a node works by its journal."""


def _one(rig: Rig) -> Node:
    return rig.chance.choice(list(rig.nodes))


def _network(rig: Rig) -> Network:
    if rig.network is None:
        raise AssertionError("there is no network to cut")
    return rig.network
