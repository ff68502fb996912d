"""Several nodes on one PostgreSQL under load, faults one after the other, and what must hold then.

Everything is real: `tocsin serve` processes, PostgreSQL servers, a webhook that notes what it gets,
senders and a responder that repeat what was not answered with 2xx. Afterwards the whole recorded
history is judged (see verdict.py), and three things more: nothing leaves after an answer but what
was on its way (D3), nothing owed waits longer than promised (D1), and all hashes fit (I1).
"""

from __future__ import annotations

import random
import re
import signal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

from tests.servers import Page, Receiver, Setup, TocsinServer, now, wait_until
from tests.torture.clocks import Clock, can_set_clocks
from tests.torture.databases import Pair
from tests.torture.killing import ORGANISATION, PLAN, SECOND_STEP, unwelcome, wait_until_discharged
from tests.torture.load import Accepted, Kill, Load, Pace, Target
from tests.torture.places import HERE, Network, Place
from tests.torture.registers import Registers
from tests.torture.verdict import (
    ON_ITS_WAY,
    SECOND,
    Evidence,
    One,
    arrivals_of,
    incidents_in,
    judge,
)

import tocsin
from tocsin.core.delivery import SEND_TIMEOUT_SECONDS
from tocsin.core.incident import events as e
from tocsin.store.sql_store import open_store

GENTLE = Pace(senders=2, pause_s=(0.02, 0.12))
"""The load of long runs: many faults, and few enough incidents to judge them all afterwards."""

CALM_S = (2.0, 4.0)
"""Between two faults, so that steps are owed when the next one comes."""
READY_WITHIN_S = 120.0
IN_FLIGHT = timedelta(seconds=SEND_TIMEOUT_SECONDS)
"""How long after an answer something may come that was on its way (D3)."""
PROBLEMS_SHOWN = 20
EVERY = timedelta(seconds=0.5)

EMERGENCY = "emergency.begun"
EXCUSED = re.compile(
    r"/acknowledge: 404"  # it is known to the other node alone
    # Two nodes opened an incident for one episode: it belongs to one of them.
    r"|was opened by 0 alerts"
    # Its end was brought back before its start: then its row is that of the end; it belongs to no
    # incident where the one that its start had opened was merged into another.
    r"|disposition over-before-seen|belongs to no incident"
    r"|never ordered|never written|its timeline notes"
    r"|nobody answered, and its next look|came .* after the answer|has . open incidents"
)
"""What is no fault once a node has worked by its journal: two nodes may then do the same (H5).

Whatever the run, nothing that was accepted may be lost, no acknowledgement be forgotten, nobody
stay without a page, and no hash break.
"""


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


@dataclass(frozen=True)
class Fault:
    """What was done to the system, as an outsider saw it.

    From `owing_from` on, a page could be sent again, or still: that is when a node died that
    others stand in for, or when the database was back.
    """

    kind: str
    at: datetime
    over_at: datetime
    owing_from: datetime


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

    @contextmanager
    def fault(self, kind: str, *, stand_in: bool = False) -> Iterator[None]:
        """Note a fault from here to the end of the block, by when things are whole again.

        `stand_in` says that pages can be sent all the time, by another node.
        """
        began = now()
        yield
        ended = now()
        self.faults.append(Fault(kind, began, ended, began if stand_in else ended))


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
        load = Load(rig.target, plan.seed, plan.pace)
        load.start()
        try:
            _harmed(rig, plan)
            rig.wait(SECOND_STEP.total_seconds())
            load.finish()
        finally:
            load.give_up()
        quiet_at = wait_until_discharged(pair.primary.url())
        problems = _ended(rig)
        after = _judged(rig, load.accepted, quiet_at)
    problems = [*after.problems, *problems]
    if after.figures["emergencies"]:
        problems = [one for one in problems if not EXCUSED.search(one)]
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


def _judged(rig: Rig, accepted: Accepted, quiet_at: datetime) -> Aftermath:
    url = rig.pair.primary.url()
    pages = rig.receiver.pages
    kills = [Kill(at, 0, True) for fault in rig.faults for at in _instants(fault)]
    verdict = judge(url, Evidence(accepted, kills, pages, quiet_at, now()))
    store = open_store(url)
    try:
        with store.read() as reading:
            incidents = list(incidents_in(reading))
            strays = [f"incident {n}: {what}" for n, what in reading.strays()]
    finally:
        store.close()
    after_answer = list(sent_after_answer(incidents, pages))
    too_late = [f"{name} came {s:.1f} s after the answer (D3)" for name, s in after_answer
                if s > IN_FLIGHT.total_seconds()]  # fmt: skip
    owed: list[float] = []
    first: list[float] = []
    late: list[str] = []
    for fault in rig.faults:
        delays = owed_pages(incidents, pages, fault.owing_from)
        owed += delays
        if delays:
            first.append(min(delays))
        late.append(
            f"{fault.kind}: {(fault.over_at - fault.at).total_seconds():.1f} s, owed {len(delays)}"
            f" pages, first after {min(delays, default=0):.2f} s, last {max(delays, default=0):.2f}"
        )
    arrivals = [len(found) for found in arrivals_of(pages).values()]
    figures = {name: value for name, value in verdict.figures.items() if name != "kills"}
    figures |= {
        "faults": len(rig.faults),
        "emergencies": sum(node.log.count(EMERGENCY) for node in rig.nodes),
        "duplicates max": max(arrivals, default=1) - 1,
        "after an answer": len(after_answer),
        "longest after an answer s": round(max((s for _, s in after_answer), default=0), 2),
    }
    kinds = [fault.kind for fault in rig.faults]
    return Aftermath([*verdict.problems, *strays, *too_late], figures, kinds, owed, first, late)


def _instants(fault: Fault) -> Iterator[datetime]:
    """Return instants close enough that any repeat because of the fault has one beside it."""
    at = fault.at
    while at < fault.over_at + IN_FLIGHT:
        yield at
        at += EVERY


def sent_after_answer(
    incidents: Sequence[One], pages: Sequence[Page]
) -> Iterator[tuple[str, float]]:
    """Return messages that came after the answer that ended them, and how many seconds after."""
    arrivals = arrivals_of(pages)
    for one in incidents:
        for delivery in one.deliveries:
            answers = (
                event.at
                for event in one.events[delivery.page :]
                if isinstance(event, e.Acknowledged | e.Resolved)
            )
            answered = next(answers, None)
            found = arrivals.get(delivery.message.id)
            if answered is not None and found and found[-1] > answered + ON_ITS_WAY:
                yield delivery.message.id, (found[-1] - answered).total_seconds()


def owed_pages(incidents: Sequence[One], pages: Sequence[Page], since: datetime) -> list[float]:
    """Return how many seconds after `since` those pages came that were due by then, and not there.

    The first step is due at once, the second after SECOND_STEP, whenever it was really taken.
    """
    arrivals = arrivals_of(pages)
    delays = []
    for one in incidents:
        for delivery in one.deliveries:
            found = arrivals.get(delivery.message.id)
            if delivery.kind != "page" or not found or found[0] <= since:
                continue
            due = delivery.created_at
            if delivery.person == SECOND:
                starts = [
                    event.at + SECOND_STEP
                    for event in one.events[: delivery.page]
                    if isinstance(event, e.Opened | e.Reopened)
                ]
                due = min(due, starts[-1])
            if due <= since:
                delays.append((found[0] - since).total_seconds())
    return delays
