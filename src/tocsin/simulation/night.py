"""One run: simulated time, and everything that happens in it, one thing after the other."""

import traceback
from collections.abc import Callable
from heapq import heapify, heappop

import msgspec

from tocsin.core.delivery import Message
from tocsin.core.incident.state import Incident
from tocsin.engine.group_commit import Result
from tocsin.engine.ports import StoreUnavailable
from tocsin.simulation.apart import Watcher
from tocsin.simulation.disk import Committed
from tocsin.simulation.invariants import Broken
from tocsin.simulation.node import MILLISECOND, Crash, Node, Outside, Post
from tocsin.simulation.people import People
from tocsin.simulation.providers import Submitted
from tocsin.simulation.schedule import HOUR, MINUTE, SECOND, Happening, Schedule, micros
from tocsin.simulation.stage import Stage
from tocsin.simulation.store import SimStore
from tocsin.simulation.surroundings import Surroundings, Told
from tocsin.simulation.trouble import Trouble

LIVENESS = 30 * SECOND
"""How long Tocsin has, once all faults are over, for everything that is due (invariant K4)."""


SOON = 500 * MILLISECOND
"""What another node does within this time, it may as well do now."""

SOONER_THAN_MEANT = 10 * MINUTE
"""By so much a person may be earlier than drawn."""

STEPS_AT_MOST = 200_000
"""A run in which more happens does not come to rest."""


class Course(msgspec.Struct, frozen=True):
    """What came of a run. `trace` names it: the same for the same seed, wherever it runs."""

    seed: int
    broken: Broken | None
    trace: str
    figures: dict[str, float]
    history: tuple[Told, ...] = ()


class Night(Surroundings):
    """The world around the nodes. Only `run` makes time pass."""

    def __init__(
        self,
        stage: Stage,
        schedule: Schedule,
        store: SimStore,
        watching: Callable[[Surroundings, Outside], Watcher],
    ) -> None:
        super().__init__(stage, schedule, store)
        self._steps = 0
        self.running: Node | None = None
        self.nodes = [Node(self, self, number) for number in range(1, schedule.nodes + 1)]
        if schedule.journals:
            for node in self.nodes:
                self._give_journal(node)
        self.checker = watching(self, self)
        self.people = People(self, self)
        self.faults = Trouble(self, self)
        store.watch = self._committed

    def run(self) -> None:
        """Let everything happen; raises Broken as soon as an invariant does not hold."""
        self.people.put_in_force()
        for node in self.nodes:
            node.start()
        for happening in self.schedule.happenings:
            self.at(happening.at, self.faults.happens, happening)
        self.at(self.schedule.ends, self._end_of_faults)
        while self.ahead:
            self._steps += 1
            if self._steps > STEPS_AT_MOST:
                raise Broken("K4", "it does not come to rest")
            at, _, do, with_what = heappop(self.ahead)
            if at > self.t:
                self.checker.until(at)
                self.t = at
            do(*with_what)

    def _give_journal(self, node: Node) -> None:
        journal = self.store.another()
        journal.watch = lambda committed: self._committed_apart(node, committed)
        node.keeps(journal)

    def _end_of_faults(self) -> None:
        """The second half: from here on a core is healthy, and everything must be discharged."""
        self.note("calm", "", "all faults end")
        self.are_faults_over = True
        self.ahead = [one for one in self.ahead if one[2] != self.faults.happens]
        heapify(self.ahead)
        self.faults.end()
        self.at(self.t + LIVENESS, self._end)

    def _end(self) -> None:
        self.checker.at_the_end()
        self.ahead.clear()

    # What nodes tell.

    def mood(self, node: Node, channel: str) -> str:
        """Say how a channel's provider treats a node now."""
        if channel == "inbox":
            return ""
        if not node.can_reach(channel):
            return "temporary"
        mood, until = self.moods.get(channel, ("", 0))
        return mood if until > self.t else ""

    def leaves(self, node: Node, message: Message, fate: Submitted, mood: str) -> None:
        """Note the first byte of a message."""
        self.figures["pages"] += len(message.parts) * (message.kind in ("page", "alarm"))
        self.figures["bundles"] += len(message.parts) > 1
        outcome = type(fate.outcome).__name__.lower()
        names = ", ".join(part.id for part in message.parts)
        what = f"sends {message.kind} {names} (attempt {message.attempt}): {outcome}"
        self.note("send", node.name, what + (f", the provider {mood}" if mood else ""))
        self.checker.left(node, message, fate)

    def arrives(self, message: Message) -> None:
        """See node.Outside."""
        self.figures["messages_delivered"] += 1
        for part in message.parts:
            self.people.got(part)

    def answered(self, node: Node, post: Post, result: Result) -> None:
        """Let the sender of alerts have its answer, unless that is lost on the way."""
        if isinstance(result, Exception):
            self.note("refused", node.name, f"answers 503 to {post.what}: {result}")
            self.figures["alerts_refused"] += 1
            self.checker.refused(result)
            return
        self.checker.accepted(node, post, result)
        self.figures["alerts_accepted"] += len(result)
        what = ", ".join(sorted({receipt.disposition for receipt in result}))
        self.note("accepted", node.name, f"answers 200 to {post.what}: {what}")
        if self.answers_lost_until <= self.t:
            post.is_done = True

    def turned(self, node: Node) -> None:
        """Note that a node has taken a turn."""
        self.figures["turns"] += 1
        self.checker.turned(node)

    def crashed(self, node: Node, crash: Crash) -> None:
        """Let a process, or the machine with everything on it, end in the middle."""
        lasts = self.downtime
        if not crash.cuts_power:
            self.figures["kills"] += 1
            self.note("kill", node.name, f"is killed {crash.where}")
            node.die(lasts)
            return
        self.power_cut(node, crash.where, lasts)

    def power_cut(self, node: Node, where: str, lasts: int) -> None:
        """Let the power fail for all nodes and for the store."""
        self.figures["power_cuts"] += 1
        self.note("power", node.name, f"the power fails {where}")
        for one in self.nodes:
            one.die(lasts)
        self.store.lose_power()
        for one in self.nodes:
            if one.journal is not None:
                one.journal.lose_power()
        self.checker.power_is_back()

    def trouble(self, node: Node, what: str) -> None:
        """Let a write fail."""
        self.figures["io_errors"] += 1
        self.note("io-error", node.name, what)
        self.unhealthy()
        raise StoreUnavailable(what)

    def emergency_turns(self, node: Node) -> None:
        """Note that a node goes on by its journal from now on, or by its store again."""
        if node.is_alone:
            self.figures["emergencies"] += 1
            self.note("emergency", node.name, "goes on without the store")
        else:
            self.note("emergency-over", node.name, "has brought everything back")
        self.checker.emergency_turns(node)
        self.unhealthy()

    def unhealthy(self) -> None:
        """Note that something has just gone wrong, or right again."""
        self.checker.fault()

    def does(self, happening: Happening) -> None:
        """Let people do something."""
        self.people.does(happening)

    def shown(self, incident: Incident) -> None:
        """Note what somebody has seen."""
        self.checker.shown(incident)

    def link_is_unknown(self, message_id: str) -> None:
        """Note that a link leads nowhere."""
        self.checker.link_is_unknown(message_id)

    def clock_jumped(self, by: int) -> None:
        """Note that a clock is somewhere else."""
        self.checker.clock_jumped(by)

    def ready_elsewhere(self) -> Callable[[], None] | None:
        """Take from what is about to happen the next thing that could happen meanwhile."""
        for one in sorted(self.ahead, key=lambda one: one[:2])[:50]:
            at, _, do, with_what = one
            others = (node.run for node in self.nodes if node is not self.running)
            is_soon = at < self.t + SOON and any(do == run for run in others)
            if is_soon or (do == self.people.tries and at < self.t + SOONER_THAN_MEANT):
                self.ahead.remove(one)
                heapify(self.ahead)
                return lambda: do(*with_what)
        return None

    def _committed(self, committed: Committed) -> None:
        self.figures["commits"] += 1
        if committed.activations or committed.overrides:
            for node in self.nodes:
                # The one that made the change as well: it may not know that it was kept.
                if node.is_up:
                    node.soon(SECOND, node.follow)
        soonest = self._next_due(self.store)
        for node in self.nodes:
            if node.minder is not None:
                node.minder.changed(here=node is self.running)
            if not node.is_alone:
                node.nudge(soonest)
        self._trace_events(committed)
        self.checker.committed(committed)

    def _committed_apart(self, node: Node, committed: Committed) -> None:
        if node.journal is None:
            return
        self.figures["commits_apart"] += 1
        node.nudge(self._next_due(node.journal))
        self._trace_events(committed)
        self.checker.committed_apart(node, committed)

    def _trace_events(self, committed: Committed) -> None:
        for incident, events in committed.events.items():
            for event in events:
                kind = str(type(event).__struct_config__.tag)
                self.add_to_trace(f"{self.t} {incident} {kind} {event.at}")

    def _next_due(self, store: SimStore) -> int | None:
        with store.read() as reading:
            soonest = reading.next_due().soonest
        return micros(soonest) if soonest is not None else None


def run(
    stage: Stage,
    schedule: Schedule,
    store: SimStore | None = None,
    watching: Callable[[Surroundings, Outside], Watcher] = Watcher,
) -> Course:
    """Run a schedule on a stage to its end, or to the first broken invariant.

    `watching` makes what looks at the invariants.
    """
    night = Night(stage, schedule, store or SimStore(), watching)
    broken: Broken | None = None
    try:
        night.run()
    except Broken as problem:
        broken = problem
    except Exception as problem:  # noqa: BLE001 - it is what the run is about
        # Nothing that happens in a run may raise: not in production either.
        where = traceback.extract_tb(problem.__traceback__)[-1]
        told = f"{type(problem).__name__}: {problem} ({where.name}, line {where.lineno})"
        broken = Broken("error", told)
    if broken is not None:
        night.note("broken", broken.invariant, broken.what)
    figures = {**night.figures, "simulated_hours": night.t / HOUR}
    return Course(schedule.seed, broken, night.trace(), figures, tuple(night.history))
