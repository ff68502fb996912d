"""Several nodes on one PostgreSQL under load, faults one after the other, and what must hold then.

Everything is real: `tocsin serve` processes, PostgreSQL servers, a webhook that notes what it gets,
senders and a responder that repeat what was not answered with 2xx. Afterwards the whole recorded
history is judged (see verdict.py), and three things more: nothing leaves after an answer but what
was on its way (D3), nothing owed waits longer than promised (D1), and all hashes fit (I1).

What was found is kept as `evidence.pickle` beside the nodes' folders; to judge it once more:
`python -m tests.torture.rig <that file>`.
"""

from __future__ import annotations

import pickle
import random
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from tests.servers import Receiver, Setup, TocsinServer, now, wait_until
from tests.torture.clocks import Clock, can_set_clocks
from tests.torture.databases import Pair
from tests.torture.emergencies import IN_FLIGHT, InEmergency, emergencies_in, is_in_emergency
from tests.torture.killing import ORGANISATION, PLAN, SECOND_STEP, unwelcome, wait_until_discharged
from tests.torture.lateness import (
    OVERLOADED,
    Fault,
    Naps,
    Night,
    Slept,
    after_answer,
    excused,
    owed_pages,
    too_late,
    too_often,
    unwanted,
    without_cause,
)
from tests.torture.load import Accepted, Kill, Load, Pace, Target
from tests.torture.places import HERE, Network, Place
from tests.torture.registers import Registers
from tests.torture.verdict import Evidence, Stored, judge_stored, stored_at

import tocsin
from tocsin.store.sql_store import open_store

GENTLE = Pace(senders=2, pause_s=(0.02, 0.12))
"""The load of long runs: many faults, and few enough incidents to judge them all afterwards."""

CALM_S = (2.0, 4.0)
"""Between two faults, so that steps are owed when the next one comes."""
READY_WITHIN_S = 120.0
PROBLEMS_SHOWN = 20
EVERY = timedelta(seconds=0.5)

EVIDENCE = "evidence.pickle"
BACK_WITHIN_S = 60.0
"""How long nodes take at most to bring back what they did by their journals."""


class Node(TocsinServer):
    """One of several servers, in its own place."""

    def __init__(self, folder: Path, setup: Setup, place: Place = HERE, name: str = "") -> None:
        self.place = place
        self.name = name
        self.clock: Clock | None = None
        super().__init__(folder, setup)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{self.place.address}:{self.port}"

    @property
    def command(self) -> list[str]:
        """What is run, and where."""
        return [*self.place.prefix, *super().command, "--host", self.place.address]

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of the process."""
        own = self.clock.environment if self.clock is not None else {}
        return {**super().environment, **own}

    def pause(self) -> None:
        """Stop the process in the middle of whatever it does."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let it go on as if nothing had been."""
        self._send(signal.SIGCONT)

    def _send(self, what: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(what)


@dataclass
class Rig:
    """What a fault may touch."""

    nodes: Sequence[Node]
    pair: Pair
    receiver: Receiver
    network: Network | None
    target: Target
    chance: random.Random
    faults: list[Fault] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        """Let time pass; a node that ends by itself meanwhile is a failure at once."""
        until = now() + timedelta(seconds=seconds)
        wait_until(lambda: now() >= until, seconds + 5)

    def wait_whole(self) -> None:
        """Wait until every node is ready."""
        for node in self.nodes:
            node.wait_ready(READY_WITHIN_S)

    def wait_back(self) -> None:
        """Wait until no node works by its journal any more."""
        wait_until(lambda: not any(is_in_emergency(node.log) for node in self.nodes), BACK_WITHIN_S)

    @contextmanager
    def fault(
        self,
        kind: str,
        *,
        stand_in: bool = False,
        by_journal: bool = False,
        repeats: int = 1,
        store_stays: bool = False,
    ) -> Iterator[None]:
        """Note a fault from here to the end of the block, by when things are whole again.

        `stand_in` says that pages can be sent all the time, by another node, and `by_journal` that
        they can where a node has a copy. A page may come `repeats` times more because of it. With
        `store_stays` it is no reason for a node to work by its journal.
        """
        began = now()
        yield
        ended = now()
        owing_from = began if stand_in or by_journal else ended
        fault = Fault(kind, began, ended, owing_from, by_journal, repeats, store_stays)
        self.faults.append(fault)

    def feel_it_still(self) -> None:
        """Note that nodes may have felt the last fault up to now."""
        self.faults[-1] = replace(self.faults[-1], felt_until=now())

    def emergencies(self, ended_at: datetime) -> list[InEmergency]:
        """Return when nodes worked by their journals, as their logs tell."""
        return [one for node in self.nodes for one in emergencies_in(node.name, node.log, ended_at)]


Harm = Callable[[Rig], None]


@dataclass(frozen=True)
class Plan:
    """What is to be run: `harms` one after the other, in an order by the dice of `seed`."""

    folder: Path
    harms: Sequence[Harm]
    seed: int
    pace: Pace = GENTLE
    environment: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Aftermath:
    """What came of it. `owed_s` are the delays of owed pages, `first_s` the first after each."""

    problems: Sequence[str]
    figures: dict[str, float]
    kinds: Sequence[str]
    owed_s: Sequence[float]
    first_s: Sequence[float]
    late: Sequence[str]


def run(
    plan: Plan, pair: Pair, places: Mapping[str, Place], network: Network | None = None
) -> Aftermath:
    """Start a node at each place, do all harms under load, and judge what is left."""
    with ExitStack() as running:
        rig = _started(running, plan, pair, places, network)
        naps = running.enter_context(Naps())
        load = Load(rig.target, plan.seed, plan.pace)
        load.start()
        try:
            _harmed(rig, plan)
            rig.wait(SECOND_STEP.total_seconds())
            rig.wait_back()
            load.finish()
        finally:
            load.give_up()
        quiet_at = wait_until_discharged(pair.primary.url())
        problems = _ended(rig)
        after = _judged(rig, load.accepted, quiet_at, naps.slept)
    problems = [*after.problems, *problems]
    after = replace(after, problems=problems)
    sys.stderr.write(f"seed {plan.seed}, {len(places)} node(s): {after.figures}\n")
    for line in (*after.late, *problems[:PROBLEMS_SHOWN]):
        sys.stderr.write(f"  {line}\n")
    return after


def run_registers(
    plan: Plan, pair: Pair, places: Mapping[str, Place], network: Network | None = None
) -> Registers:
    """Do the same while clients change a few incidents at once through all nodes (E1)."""
    with ExitStack() as running:
        rig = _started(running, plan, pair, places, network)
        registers = Registers(rig.target, plan.seed)
        registers.start()
        try:
            _harmed(rig, plan)
        finally:
            registers.stop()
        registers.unexpected += _ended(rig)
        emergencies = rig.emergencies(now())
        registers.counts["emergencies"] = len(emergencies)
        registers.unexpected += without_cause(emergencies, rig.faults)
    return registers


def _started(
    running: ExitStack,
    plan: Plan,
    pair: Pair,
    places: Mapping[str, Place],
    network: Network | None,
) -> Rig:
    outside = network.outside.address if network is not None else HERE.address
    receiver = running.enter_context(Receiver(outside))
    environment = {
        **receiver.environment,
        "PYTHONPATH": str(Path(tocsin.__file__).parents[1]),
        **plan.environment,
    }
    setup = Setup(PLAN, ORGANISATION, pair.url, environment)
    nodes = [Node(plan.folder / name, setup, place, name) for name, place in places.items()]
    for node in nodes:
        if can_set_clocks():
            node.clock = Clock(plan.folder / f"clock-{node.name}")
        running.callback(node.close)
        node.spawn()
    for node in nodes:
        node.wait_ready(READY_WITHIN_S)
    target = Target([n.url for n in nodes], nodes[0].integration_key, nodes[0].api_key)
    return Rig(nodes, pair, receiver, network, target, random.Random(plan.seed))


def _harmed(rig: Rig, plan: Plan) -> None:
    for harm in plan.harms:
        rig.wait(rig.chance.uniform(*CALM_S))
        harm(rig)
        rig.wait_whole()


def _ended(rig: Rig) -> list[str]:
    """Stop all nodes; return what is wrong with how they end, and with their logs."""
    codes = [node.stop() for node in rig.nodes]
    problems = [f"a node ended with {code} on SIGTERM" for code in codes if code != 0]
    return [*unwelcome("\n".join(node.log for node in rig.nodes)), *problems]


def _judged(rig: Rig, accepted: Accepted, quiet_at: datetime, slept: Slept) -> Aftermath:
    url, pages = rig.pair.primary.url(), rig.receiver.pages
    ended_at, nodes = now(), len(rig.nodes)
    kills = [Kill(at, 0, True) for fault in rig.faults for at in _instants(fault)]
    emergencies = rig.emergencies(ended_at)
    names = {urlsplit(node.url).netloc: node.name for node in rig.nodes}
    unknown = [(code, at, until, names[node]) for code, at, until, node in accepted.unknown]
    accepted = replace(accepted, unknown=unknown)
    stored = stored_at(url)
    evidence = Evidence(accepted, kills, pages, quiet_at, ended_at, emergencies, nodes)
    night = Night(stored.incidents, pages, rig.faults, emergencies, nodes, slept)
    kept = rig.nodes[0].folder.parent / EVIDENCE
    kept.write_bytes(pickle.dumps((stored, evidence, night)))
    after = judged(stored, evidence, night)
    return replace(after, problems=[*after.problems, *_strays(url)])


def judged(stored: Stored, evidence: Evidence, night: Night) -> Aftermath:
    """Judge what was read and received; asks nobody."""
    verdict = judge_stored(stored, evidence)
    late = list(too_late(night))
    owed = {fault.at: owed_pages(night, fault.owing_from) for fault in night.faults}
    after = [seconds for _, _, seconds in after_answer(night)]
    put_down, too_many = excused(late, sum(map(len, owed.values())))
    figures = {name: value for name, value in verdict.figures.items() if name != "kills"}
    figures |= {
        "faults": len(night.faults),
        "emergencies": len(night.emergencies),
        "duplicates max": max((len(came) for came in night.arrivals.values()), default=1) - 1,
        "after an answer": len(after),
        "longest after an answer s": round(max(after, default=0), 2),
        "owed later than allowed": len(late),
        "of these put down to the machine": put_down,
        **night.slept.figures,
    }
    return Aftermath(
        problems=[
            *verdict.problems,
            *unwanted(night),
            *too_often(night),
            *without_cause(night.emergencies, night.faults),
            *too_many,
            *(one for one in late if not one.endswith(OVERLOADED)),
        ],
        figures=figures,
        kinds=[fault.kind for fault in night.faults],
        owed_s=[seconds for delays in owed.values() for seconds in delays],
        first_s=[min(delays) for delays in owed.values() if delays],
        late=[*(_said(fault, owed[fault.at]) for fault in night.faults), *late],
    )


def _said(fault: Fault, delays: Sequence[float]) -> str:
    return (
        f"{fault.kind}: {(fault.over_at - fault.at).total_seconds():.1f} s, owed {len(delays)}"
        f" pages, first after {min(delays, default=0):.2f} s, last {max(delays, default=0):.2f}"
    )


def _strays(url: str) -> list[str]:
    store = open_store(url)
    try:
        with store.read() as reading:
            return [f"incident {number}: {what}" for number, what in reading.strays()]
    finally:
        store.close()


def _instants(fault: Fault) -> Iterator[datetime]:
    """Return instants close enough that any repeat because of the fault has one beside it."""
    at = fault.at
    while at < fault.over_at + IN_FLIGHT:
        yield at
        at += EVERY


if __name__ == "__main__":
    _again = judged(*pickle.loads(Path(sys.argv[1]).read_bytes()))
    for _line in (str(_again.figures), *_again.late, *_again.problems):
        sys.stdout.write(f"{_line}\n")
