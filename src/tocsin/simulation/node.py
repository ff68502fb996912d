"""One simulated process: the engine of production, with what can happen to a process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from tocsin.core.alerts import Signal, Unreadable
from tocsin.core.delivery import Message, Outcome, Shown
from tocsin.engine.bundles import Bundle
from tocsin.engine.cycle import LOOK_AT_LEAST_EVERY, Cycle, attempted
from tocsin.engine.group_commit import Result, written
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.put_off import LOOKED_FOR_EVERY
from tocsin.engine.rules import Rules
from tocsin.engine.world import World, no_emergency
from tocsin.simulation.disk import SECRET, MustWait
from tocsin.simulation.minder import Minder
from tocsin.simulation.providers import Submitted, submitted
from tocsin.simulation.schedule import SECOND, instant, micros
from tocsin.simulation.stage import READERS
from tocsin.simulation.store import SimStore
from tocsin.simulation.surroundings import Surroundings
from tocsin.simulation.ways import Hangs, JournalWay, MainWay

MILLISECOND = SECOND // 1000
COMMIT_TAKES = MILLISECOND
LEAVES_AFTER = 300
"""Microseconds from the claim of a message to its first byte."""

FOLLOWS_AFTER = SECOND
"""How long a node may take to see what another one has put in force."""

PUT_OFF_LOOK = int(LOOKED_FOR_EVERY.total_seconds() * SECOND)
"""How often a node looks for messages that a wrong clock has put off."""


class Crash(BaseException):
    """The process ends here, between two effects. `cuts_power`: with it, the machine."""

    def __init__(self, where: str, *, cuts_power: bool) -> None:
        super().__init__(where)
        self.where = where
        self.cuts_power = cuts_power


class Paused(BaseException):
    """The process stands still here: what it was about to do, it does when it goes on."""


class Dead(BaseException):
    """The process has ended while one of its threads was in the middle of something."""


class Post:
    """A request of a machine that sends alerts, with how often it was sent."""

    def __init__(self, signals: Sequence[Signal | Unreadable], number: int, what: str) -> None:
        self.signals = signals
        self.number = number
        self.what = what
        self.tries = 0
        self.is_done = False


class Outside(Protocol):
    """Whom a node tells what it does, and what answers it."""

    nodes: list[Node]
    running: Node | None
    """The node that acts now."""

    def unhealthy(self) -> None:
        """Note that something has just gone wrong, or right again."""

    def crashed(self, node: Node, crash: Crash) -> None:
        """Let a process, or the machine with everything on it, end in the middle."""

    def trouble(self, node: Node, what: str) -> None:
        """Let a write fail."""

    def emergency_turns(self, node: Node) -> None:
        """Note that a node goes on by its journal from now on, or by its store again."""

    def turned(self, node: Node) -> None:
        """Note that a node has taken a turn."""

    def mood(self, node: Node, channel: str) -> str:
        """Say how a channel's provider treats a node now."""

    def leaves(self, node: Node, message: Message, fate: Submitted, mood: str) -> None:
        """Note the first byte of a message."""

    def arrives(self, message: Message) -> None:
        """Let a person have a message."""

    def answered(self, node: Node, post: Post, result: Result) -> None:
        """Let the sender of alerts have its answer, unless that is lost on the way."""


class Node:
    """A process: up or down, paused or not, with its own clock and its own way to the store."""

    def __init__(self, night: Surroundings, outside: Outside, number: int) -> None:
        self.night = night
        self.outside = outside
        self.name = f"node-{number}"
        self.number = number
        self.life = 0
        """Which process it is by now: what belongs to an earlier one never happens."""
        self.is_up = False
        self.is_stopping = False
        self.paused_until = 0
        self.offset = 0
        """How far its clock is ahead, in microseconds."""
        self.cut_until = 0
        self.cut_from: dict[str, int] = {}
        """Until when it can't reach a channel's provider; "" stands for all channels."""
        self.fuse: tuple[int, str, int] | None = None
        """After how many effects what happens, and for how long."""
        self.io_errors: list[str] = []
        self.healthy_since = 0
        self.hands = 0
        """How many things it is in the middle of."""
        self.journal: SimStore | None = None
        self.journal_way: JournalWay | None = None
        self.minder: Minder | None = None
        self._hung: list[tuple[Callable[..., None], tuple[object, ...]]] = []
        """What waits for a store that does not answer."""
        self._turn_at: int | None = None
        self._turn_name = 0
        self._inbox: list[Post] = []
        self._deferred: list[tuple[Callable[..., None], tuple[object, ...]]] = []
        """What it does when it goes on."""

    def keeps(self, journal: SimStore) -> None:
        """Let it have a journal, on a disk of its own."""
        self.journal = journal
        self.journal_way = JournalWay(self, journal)

    # Life.

    def start(self) -> None:
        """Begin a new process; where the store can't be reached, try again as a supervisor does."""
        night = self.night
        self.life += 1
        self.is_up = True
        self.is_stopping = False
        self._inbox = []
        self._deferred = []
        self._turn_at = None
        self._hung = []
        self.hands = 0
        main = MainWay(self, night.store)
        way = self.journal_way
        self.minder = minder = Minder(self, main, way) if way is not None else None
        store = minder.store if minder is not None else main
        self.rules = Rules(store, READERS)
        self.world = World(
            store=store,
            rules=self.rules,
            channels={
                name: SimChannel(self, name, domain)
                for name, domain in (("inbox", "local"), *night.stage.channels)
            },
            sources={},
            now=self.now,
            wake=self.wake,
            base_url="http://tocsin.test",
            node=self.name,
            secret=SECRET,
            fresh=night.fresh,
            emergency=minder.store.emergency if minder is not None else no_emergency,
        )
        self.cycle = Cycle(self.world, self._hand_over)
        self.run(self.life, self._begin)

    def _begin(self) -> None:
        minder = self.minder
        try:
            if minder is not None and not minder.can_work():
                self.soon(SECOND // 2, self._begin)
                return
            self.rules.follow()
        except StoreUnavailable:
            self.is_up = False
            self.night.at(self.night.t + SECOND, self.start_again, self.life)
            return
        if minder is not None:
            minder.begin(self.world)
        self.healthy_since = self.night.t
        self.outside.unhealthy()
        self.wake()

    def start_again(self, life: int) -> None:
        """Start if nothing else has started or stopped it since."""
        if not self.is_up and self.life == life:
            self.night.note("start", self.name, "starts")
            self.start()

    def die(self, lasts: int) -> None:
        """End at once; what is in its memory is gone."""
        if not self.is_up:
            return
        self.is_up = False
        self.fuse = None
        self.paused_until = 0
        self.outside.unhealthy()
        self.night.at(self.night.t + max(lasts, SECOND), self.start_again, self.life)

    def now(self) -> datetime:
        """Say what its clock shows."""
        return instant(self.night.t + self.offset)

    def run(self, life: int, do: Callable[..., None], *with_what: object) -> None:
        """Do something as this process, unless it has ended; later, if it is paused."""
        night = self.night
        if life != self.life or not self.is_up:
            return
        if self.paused_until > night.t:
            self._deferred.append((do, with_what))
            return
        outer, self.outside.running = self.outside.running, self
        self.hands += 1
        try:
            if self.hands > 1 and self.minder is not None:
                with self.minder.another_hand():
                    do(*with_what)
            else:
                do(*with_what)
        except Hangs:
            self._hung.append((do, with_what))
        except MustWait:
            night.at(night.t + 2 * MILLISECOND, self.run, life, do, *with_what)
        except Paused:
            self._deferred.append((do, with_what))
        except Crash as crash:
            self.outside.crashed(self, crash)
        except Dead:
            pass
        finally:
            self.outside.running = outer
            if life == self.life:
                self.hands -= 1

    def soon(self, after: int, do: Callable[..., None], *with_what: object) -> None:
        """Do something as this process after some microseconds."""
        self.night.at(self.night.t + after, self.run, self.life, do, *with_what)

    def effect(self, where: str, *, begins: bool = False) -> None:
        """Stand between two effects: here a process may end, or stop for a while.

        `begins`: whoever calls has done nothing yet that it could not do again.
        """
        if self.fuse is None:
            return
        left, what, lasts = self.fuse
        if left > 1:
            self.fuse = (left - 1, what, lasts)
            return
        self.fuse = None
        if what == "pause":
            self.night.note("pause", self.name, f"stops for {lasts // SECOND} s {where}")
            self.pause(lasts)
            if begins:
                raise Paused
            return
        self.night.downtime = lasts
        raise Crash(where, cuts_power=what == "power")

    def write_fails(self, what: str) -> None:
        """Let a write fail."""
        self.outside.trouble(self, what)

    def emergency_turns(self) -> None:
        """Go on by the journal from now on, or by the store again."""
        self.healthy_since = self.night.t
        self.answers_again()
        self.follow()
        self.outside.emergency_turns(self)
        self.wake()

    def answers_again(self) -> None:
        """Let everything that waited for the store ask it once more."""
        hung, self._hung = self._hung, []
        for do, with_what in hung:
            self.soon(0, do, *with_what)

    def pause(self, lasts: int) -> None:
        """Stand still; it goes on as if no time had passed."""
        self.paused_until = max(self.paused_until, self.night.t + lasts)
        self.night.figures["pauses"] += 1
        self.outside.unhealthy()
        self.night.at(self.paused_until, self.recovers)

    def recovers(self) -> None:
        """Note that something that was wrong with it may be over."""
        self.healthy_since = self.night.t
        if self.paused_until <= self.night.t:
            deferred, self._deferred = self._deferred, []
            for do, with_what in deferred:
                self.soon(0, do, *with_what)
        self.answers_again()
        if self.minder is not None and self.is_up:
            self.minder.looks_soon()
        self.outside.unhealthy()
        self.wake()

    def can_reach(self, channel: str) -> bool:
        """Whether there is a way from here to a channel's provider."""
        until = max(self.cut_from.get(channel, 0), self.cut_from.get("", 0))
        return until <= self.night.t

    @property
    def is_healthy(self) -> bool:
        """Whether it runs and reaches its store, and works on it."""
        t = self.night.t
        return self.is_awake and self.cut_until <= t and not self.is_alone

    @property
    def is_awake(self) -> bool:
        """Whether it runs."""
        return self.is_up and self.paused_until <= self.night.t

    @property
    def is_alone(self) -> bool:
        """Whether it goes on by its journal, or will when it starts again."""
        if self.journal is None:
            return False
        if self.is_up and self.minder is not None:
            return self.minder.emergency() is not None
        with self.journal.read() as reading:
            return reading.journal().emergency is not None

    @property
    def place(self) -> SimStore:
        """The store on which it works now."""
        return self.journal if self.is_alone and self.journal is not None else self.night.store

    # The engine.

    def wake(self) -> None:
        """Let the engine take its next turn at once."""
        self._turn_by(self.night.t + COMMIT_TAKES)

    def nudge(self, due: int | None) -> None:
        """Let the engine see, at its next look, what another one has made due at `due`."""
        if not self.is_up or due is None:
            return
        look = int(LOOK_AT_LEAST_EVERY * SECOND) * (self.number + 1) // 4
        if due - self.offset > self.night.t + PUT_OFF_LOOK:
            # Somebody whose clock is ahead may have put it off.
            self._turn_by(self.night.t + PUT_OFF_LOOK)
        self._turn_by(max(due - self.offset, self.night.t + look))

    def _turn_by(self, at: int) -> None:
        if self._turn_at is not None and self._turn_at <= at:
            return
        self._turn_at = at
        self._turn_name += 1
        self.night.at(at, self.run, self.life, self._turn, self._turn_name)

    def _turn(self, name: int) -> None:
        if name != self._turn_name:
            return
        self._turn_at = None
        night = self.night
        try:
            pause = self.cycle.turn()
        except BaseException:
            # Whatever ended it in the middle, a process that lives on looks again.
            self._turn_by(night.t + 5 * MILLISECOND)
            raise
        self.outside.turned(self)
        if pause == 0:
            self._turn_by(night.t + COMMIT_TAKES)
        elif pause < LOOK_AT_LEAST_EVERY or self.cycle.is_busy:
            self._turn_by(night.t + max(int(pause * SECOND), COMMIT_TAKES))
        elif self.cycle.trouble:
            # Turns that find the store closed would change nothing.
            look = night.t + int(LOOK_AT_LEAST_EVERY * SECOND)
            self._turn_by(max(look, self._away_until()))
        else:
            self._sleep()

    def _sleep(self) -> None:
        """Sleep until something is due; the looks between that find nothing are left out."""
        with self.place.read() as reading:
            soonest = reading.next_due().soonest
            is_put_off = reading.put_off(self.now())
        if is_put_off:
            self._turn_by(self.night.t + PUT_OFF_LOOK)
        if soonest is not None:
            due = micros(soonest) - self.offset
            self._turn_by(max(due, self.night.t + COMMIT_TAKES))

    def _away_until(self) -> int:
        """Until when it is known that no store can be used."""
        if self.journal_way is None:
            return max(self.cut_until, self.night.closed_until)
        return self.journal_way.full_until if self.is_alone else 0

    def _hand_over(self, bundle: Bundle) -> None:
        self.soon(LEAVES_AFTER, self._send, bundle)

    def _send(self, bundle: Bundle) -> None:
        self.effect("before it sends a message", begins=True)
        self.answers_in = 0
        outcome = attempted(self.world, bundle)
        self.effect("after it has sent a message")
        self.soon(self.answers_in, self._back, bundle, outcome)

    def _back(self, bundle: Bundle, outcome: Outcome) -> None:
        self.cycle.back(bundle, outcome)
        self.wake()

    def follow(self) -> None:
        """See what others have put in force, as the watcher does each second."""
        try:
            self.rules.follow()
        except (StoreUnavailable, Conflict):
            self.soon(FOLLOWS_AFTER, self.follow)

    # Intake.

    def receive(self, post: Post) -> None:
        """Take a request; those of one moment share a transaction."""
        self._inbox.append(post)
        if len(self._inbox) == 1:
            self.soon(COMMIT_TAKES, self._take_in)

    def _take_in(self) -> None:
        posts, self._inbox = self._inbox, []
        try:
            results = written(self.world, [post.signals for post in posts])
        except (MustWait, Paused):
            self._inbox = posts + self._inbox
            raise
        for post, result in zip(posts, results, strict=True):
            self.effect("before it answers")
            self.outside.answered(self, post, result)


class SimChannel:
    """A channel of a node; see engine.ports.Channel."""

    def __init__(self, node: Node, name: str, domain: str) -> None:
        self._node = node
        self.name = name
        self.domain = domain
        self.bundles = domain != "local"

    def problem_with(self, _address: str) -> str | None:
        """See Channel."""
        return None

    def send(self, _address: str, message: Message) -> Outcome:
        """See Channel."""
        night, outside = self._node.night, self._node.outside
        mood = outside.mood(self._node, self.name)
        fate = submitted(night.schedule.seed, mood, message, night.t)
        self._node.answers_in = fate.answers_in
        outside.leaves(self._node, message, fate, mood)
        if fate.arrives_in is not None and self.name != "inbox":
            night.at(night.t + fate.arrives_in, outside.arrives, message)
        return fate.outcome

    def preview(self, _message: Message) -> Sequence[Shown]:
        """See Channel."""
        return ()
