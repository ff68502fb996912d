"""Watches nights in which nodes go on without their store: the same invariants, in each journal.

What is done in an emergency must hold there what must hold in the main store; how it begins and
ends, and what must be back then, is said here (H4, H5).
"""

from __future__ import annotations

import msgspec

from tocsin.core.alerts import Signal
from tocsin.core.delivery import Message, Outcome, Sent
from tocsin.core.incident import events as e
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.engine.intake import Receipt
from tocsin.simulation.checker import LATELY, Checker
from tocsin.simulation.disk import Committed
from tocsin.simulation.invariants import Broken
from tocsin.simulation.node import Node, Outside, Post
from tocsin.simulation.oracles import Attempt
from tocsin.simulation.providers import Submitted
from tocsin.simulation.schedule import MINUTE, SECOND, micros
from tocsin.simulation.store import SimStore
from tocsin.simulation.surroundings import Surroundings

BEGINS_WITHIN = 16 * SECOND
"""10 s (invariant H4), the steps in which it is looked, and a few writes that fail."""

BACK_WITHIN = 20 * SECOND
"""3 s for which the store must be well, twice if writes fail, and what is done meanwhile."""

BACK_AGAIN = 9 * MINUTE
"""An alert that fires so long after its end is back, see `engine.sorting`."""

ROSTER_AT_MOST = 60 * SECOND
"""No older may be what a node goes on by (invariant H4)."""


class Said(msgspec.Struct, frozen=True):
    """What a node has said that it heard of an alert, and when."""

    at: int
    signal: Signal


class Aside(Checker):
    """The invariants of one journal, in one emergency, and what was done in it."""

    def __init__(self, main: Checker, node: Node, journal: SimStore) -> None:
        super().__init__(main.night, main.outside, journal)
        self.node = node
        with journal.read() as reading:
            emergency = reading.journal().emergency
        self.since = emergency.since if emergency is not None else None
        self.jumps = main.jumps
        self.called = {number: set(called) for number, called in main.called.items()}
        self.senders = main.senders
        self.came, self._taken = main.came, main._taken
        self._main = main
        copied_at = node.minder.copied_at if node.minder is not None else 0
        self._attempts = {id: one for id, one in main._attempts.items() if one.at <= copied_at}
        self._faults = main._faults
        self.sent: set[str] = set()
        self.acknowledged: list[tuple[str, str]] = []
        self.states: dict[str, str] = {}
        """What became of each incident that was touched, by its code."""
        self.written: dict[str, int] = {}
        """How many lines the timeline of each has got, by its code."""
        self.heard: list[Said] = []
        for delivery in journal.deliveries.rows.values():
            is_call = delivery.kind in ("page", "alarm")
            if delivery.state == "due" and is_call and not delivery.attempts:
                self._in_line[delivery.id] = len(self._ordered) + 1
                self._ordered[delivery.id] = self.night.t
        for kept in journal.incidents.rows.values():
            self._follow(kept.incident, [], self.night.t)
        self.fault()

    def homes_of_unreadable(self) -> set[int | None]:
        """See Checker."""
        return super().homes_of_unreadable() | self._main.homes_of_unreadable()

    def last_outcome(self, message_id: str) -> Outcome | None:
        """See Checker; it may have left just before."""
        return super().last_outcome(message_id) or self._main.last_outcome(message_id)

    def workers(self) -> list[Node]:
        """See Checker."""
        node, way = self.node, self.node.journal_way
        can = way is not None and way.full_until <= self.night.t and node.is_awake
        return [node] if can and node.is_alone else []

    def committed(self, committed: Committed) -> None:
        """See Checker."""
        super().committed(committed)
        for old, new in committed.deliveries:
            if new.state == "sent" and (old is None or old.state != "sent"):
                self.sent.add(new.message.id)
        for number, events in committed.events.items():
            incident = self.store.incidents.rows[number].incident
            code = incident.code
            self.states[code] = incident.state
            self.written[code] = self.written.get(code, 0) + len(events)
            for event in events:
                if isinstance(event, e.Acknowledged):
                    self.acknowledged.append((code, event.by))

    def accepted(self, node: Node, post: Post, result: list[Receipt]) -> None:
        """See Checker."""
        super().accepted(node, post, result)
        self.heard += heard(self.night.t, post, result)


def heard(at: int, post: Post, result: list[Receipt]) -> list[Said]:
    """Return which alerts were accepted."""
    pairs = zip(post.signals, result, strict=True)
    return [
        Said(at, one)
        for one, receipt in pairs
        if isinstance(one, Signal) and receipt.disposition != "dead-lettered"
    ]


class Stand(msgspec.Struct, frozen=True):
    """How a node with a journal stands, and since when."""

    awake: bool
    reaches: bool
    takes_changes: bool
    has_room: bool
    alone: bool


class Watcher(Checker):
    """The invariants of the main store, and of every emergency."""

    def __init__(self, night: Surroundings, outside: Outside) -> None:
        super().__init__(night, outside)
        self._asides: dict[str, Aside] = {}
        self._stands: dict[str, tuple[Stand, int]] = {}
        self._grown: dict[int, list[tuple[int, int]]] = {}
        """From when on the timeline of each incident had how many entries; 0 once it is over."""
        self._heard: list[Said] = []
        self._back_at = -LATELY
        """When a node had brought everything back last."""
        self._sent_by: dict[tuple[str, int, str], tuple[int, int]] = {}
        """When whom had what taken by a provider: by node, life and message; (at, sends of all)."""
        self._sends: dict[str, int] = {}

    def is_undisturbed_since(self, attempt: Attempt) -> bool:
        """See Checker. What two nodes had on their way when one came back, both may try again."""
        return super().is_undisturbed_since(attempt) and attempt.at > self._back_at + LATELY

    # What is told.

    def emergency_turns(self, node: Node) -> None:
        """A node goes on by its journal from now on, or by its store again."""
        self._keep_up(node)

    def _keep_up(self, node: Node) -> Aside | None:
        aside = self._asides.get(node.name)
        if node.is_alone and aside is None and node.journal is not None:
            self._roster_is_fresh(node)
            aside = self._asides[node.name] = Aside(self, node, node.journal)
            self._is_stale = True
        elif not node.is_alone and aside is not None:
            del self._asides[node.name]
            self._back_at = self.night.t
            self._all_is_back(aside)
            return None
        return aside

    def committed(self, committed: Committed) -> None:
        """See Checker."""
        for _, kept in committed.incidents:
            goes_on = kept.incident.state in PAGEABLE
            grown = self._grown.setdefault(kept.incident.id, [])
            grown.append((self.night.t, kept.entries if goes_on else 0))
        super().committed(committed)

    def committed_apart(self, node: Node, committed: Committed) -> None:
        """Look at what a transaction has changed in a node's journal."""
        aside = self._keep_up(node)
        if aside is not None:
            aside.committed(committed)
            self._is_stale = True

    def left(self, node: Node, message: Message, fate: Submitted) -> None:
        """See Checker."""
        for part in message.parts:
            self._once_from_a_node(node, part, fate)
        aside = self._keep_up(node)
        if aside is not None and message.parts[0].id in aside.store.index.messages:
            aside.left(node, message, fate)
            self._is_stale = True
            return
        super().left(node, message, fate)

    def _once_from_a_node(self, node: Node, message: Message, fate: Submitted) -> None:
        """H5: no node sends again what it has sent, where no other one has tried it since.

        One that stood still after sending has lost its claim: nobody knows what came of it (D2).
        """
        t, sends = self.night.t, self._sends.get(message.id, 0)
        key = (node.name, node.life, message.id)
        kept_at, sent = self._sent_by.get(key, (t, 0))
        if sent == sends and node.paused_until <= kept_at < min(t, self._copied(node)):
            raise Broken("H5", f"{node.name} sends {message.id} again, and it was taken")
        self._sends[message.id] = sends + 1
        if isinstance(fate.outcome, Sent):
            self._sent_by[key] = (t + fate.answers_in + SECOND, sends + 1)

    def _copied(self, node: Node) -> int:
        """Return until when a node knows what it did; in an emergency no later than its copy is."""
        return node.minder.copied_at if node.minder is not None and node.is_alone else self.night.t

    def accepted(self, node: Node, post: Post, result: list[Receipt]) -> None:
        """See Checker."""
        self._heard += heard(self.night.t, post, result)
        aside = self._keep_up(node)
        (aside.accepted if aside is not None else super().accepted)(node, post, result)

    def shown(self, incident: Incident) -> None:
        """See Checker."""
        node = self.outside.running
        aside = self._keep_up(node) if node is not None else None
        (aside.shown if aside is not None else super().shown)(incident)

    def link_is_unknown(self, message_id: str) -> None:
        """See Checker."""
        journals = (node.journal for node in self.outside.nodes if node.journal is not None)
        if not any(message_id in journal.index.messages for journal in journals):
            super().link_is_unknown(message_id)

    def clock_jumped(self, by: int) -> None:
        """See Checker."""
        super().clock_jumped(by)
        for aside in self._asides.values():
            aside.clock_jumped(by)

    def power_is_back(self) -> None:
        """See Checker."""
        super().power_is_back()
        for aside in self._asides.values():
            aside.power_is_back()

    def turned(self, node: Node) -> None:
        """See Checker."""
        super().turned(node)
        keeper = node.minder.keeper if node.minder is not None else None
        if keeper is not None and keeper.not_whole:
            code = next(iter(keeper.not_whole))
            raise Broken("H4", f"{code} could not be brought back as it was")

    def fault(self) -> None:
        """See Checker."""
        super().fault()
        night = self.night
        away = max(night.closed_until, night.hangs_until)
        for node in self.outside.nodes:
            way = node.journal_way
            if way is None:
                continue
            aside = self._keep_up(node)
            if aside is not None:
                aside.fault()
            stand = Stand(
                awake=node.is_awake,
                reaches=max(away, node.cut_until) <= night.t,
                takes_changes=night.full_until <= night.t,
                has_room=way.full_until <= night.t,
                alone=aside is not None,
            )
            if node.name not in self._stands or self._stands[node.name][0] != stand:
                self._stands[node.name] = (stand, night.t)

    # Time.

    def until(self, at: int) -> None:
        """See Checker."""
        super().until(at)
        for aside in list(self._asides.values()):
            aside.until(at)

    def _deadlines(self) -> list[tuple[int, str, str]]:
        found = super()._deadlines()
        for name, (stand, since) in self._stands.items():
            if not stand.awake or not stand.has_room:
                continue
            if not stand.reaches and not stand.alone and self._has_copy(name):
                found.append((since + BEGINS_WITHIN, "H4", f"{name} has no store, and waits"))
            if stand.reaches and stand.takes_changes and stand.alone:
                late = f"{name} has its store again, and goes on without"
                found.append((since + BACK_WITHIN, "H4", late))
        return found

    def _has_copy(self, name: str) -> bool:
        node = next(node for node in self.outside.nodes if node.name == name)
        if node.journal is None or node.minder is None or node.minder.keeper is None:
            return False
        with node.journal.read() as reading:
            return reading.journal().copied_at is not None

    def homes_of_unreadable(self) -> set[int | None]:
        """See Checker; what is brought back comes after the incident that it has opened."""
        homes = super().homes_of_unreadable()
        for aside in self._asides.values():
            incidents = aside.store.incidents.rows
            for home in Checker.homes_of_unreadable(aside):
                code = incidents[home].incident.code if home in incidents else ""
                homes.add(self.store.index.codes.get(code))
        return homes

    # How it begins and ends.

    def _roster_is_fresh(self, node: Node) -> None:
        """H4: what a node goes on by is no older than 60 s, if it ran well for so long before."""
        journal = node.journal
        if journal is None or node.name not in self._stands:
            return
        stand, lost = self._stands[node.name]
        well_since = node.healthy_since
        limit = lost - ROSTER_AT_MOST
        if stand.reaches or well_since > limit:
            return
        for number, grown in self._grown.items():
            before = [entries for at, entries in grown if at <= limit]
            since = [entries for at, entries in grown if limit < at <= lost]
            kept = journal.incidents.rows.get(number)
            known = kept.entries if kept is not None else 0
            if before and known < before[-1] and all(since):
                raise Broken("H4", f"{node.name} does not know what became of incident {number}")
        activations = self.store.activations.rows
        for number, one in activations.items():
            newest = max(k for k, v in activations.items() if v.what == one.what)
            is_old = number == newest and micros(one.at) <= limit
            if is_old and number not in journal.activations.rows:
                raise Broken("H4", f"{node.name} does not know what is in force")

    def _all_is_back(self, aside: Aside) -> None:
        """H4, H5, D2, A2: everything that was done in an emergency is in the main store."""
        name, store = aside.node.name, self.store
        for message_id in sorted(aside.sent):
            number = store.index.messages.get(message_id)
            state = store.deliveries.rows[number].state if number is not None else "unknown"
            if state != "sent":
                raise Broken("H5", f"{name} has sent {message_id}, which is {state} in the store")
        for said in aside.heard:
            numbers = store.index.fingerprints.get(said.signal.fingerprint, [])
            if not numbers:
                raise Broken("H4", f"{name} accepted an alert that is not in the store")
        for code, person in aside.acknowledged:
            if not self._is_acknowledged(code, person):
                raise Broken("H4", f"{person} has acknowledged {code} on {name}, and it is lost")
        for code, count in aside.written.items():
            self._is_told_once(aside, code, count)
        for code, became in aside.states.items():
            if became == "acknowledged" and self._calls_again(code):
                raise Broken("H5", f"{code} was acknowledged on {name}, and is open in the store")
        self._unreadable += aside._unreadable
        for message_id, attempt in aside._attempts.items():
            known = self._attempts.get(message_id)
            if known is None or known.at < attempt.at or isinstance(attempt.fate.outcome, Sent):
                # That the node is back is a reason by itself to try again.
                self._attempts[message_id] = msgspec.structs.replace(attempt, faults=-1)

    def _is_acknowledged(self, code: str, person: str) -> bool:
        return any(
            (isinstance(event, e.Acknowledged) and event.by == person)
            or (
                isinstance(event, e.HappenedApart)
                and (event.what, event.who) == ("acknowledged", person)
            )
            for event in self._events(code)
        )

    def _is_told_once(self, aside: Aside, code: str, count: int) -> None:
        told = [
            event.entries
            for event in self._events(code)
            if isinstance(event, e.CarriedOver)
            and event.node == aside.node.name
            and event.since == aside.since
        ]
        if sum(told) > count:
            raise Broken("H4", f"{code}: {count} lines were brought back, as {sum(told)}")

    def _calls_again(self, code: str) -> bool:
        """Whether an incident is open, and nothing has opened it again."""
        number = self.store.index.codes.get(code)
        incidents = self.store.incidents.rows
        merged = number
        while merged:
            number, merged = merged, incidents[merged].incident.merged_number
        if not number or incidents[number].incident.state != "open":
            return False
        again = (e.Released, e.Reopened, e.SeverityChanged)
        return not any(
            isinstance(ev, again) for ev in self._events(incidents[number].incident.code)
        )

    def _events(self, code: str) -> list[e.Event]:
        number = self.store.index.codes.get(code)
        if number is None:
            return []
        entries = self.store.incidents.rows[number].entries
        timeline = self.store.timeline.rows
        return [timeline[number, entry].event() for entry in range(1, entries + 1)]

    # The end.

    def at_the_end(self) -> None:
        """See Checker."""
        for aside in self._asides.values():
            raise Broken("K4", f"{aside.node.name} goes on without the store, which is there")
        super().at_the_end()
        self._ends_are_heard()

    def _ends_are_heard(self) -> None:
        """A2, A9: what fires, and what does not, is what any of the nodes has heard of it last."""
        posted = [Said(at, signal) for at, signal in self.night.posted]
        for fingerprint, numbers in self.store.index.fingerprints.items():
            said = [one for one in self._heard if one.signal.fingerprint == fingerprint]
            tried = [one for one in posted if one.signal.fingerprint == fingerprint]
            rows = (self.store.alerts.rows[number] for number in numbers)
            latest = max(rows, key=lambda alert: alert.starts_at)
            # What nobody has said that it was heard may have been heard all the same.
            starts = [one for one in (*said, *tried) if one.signal.firing]
            ends = [one for one in said if not one.signal.firing]
            if latest.firing and (over := _is_over(starts, ends, self._patience())):
                raise Broken("A9", f"alert {latest.id} fires, and its end was heard at {over.at}")
            if not latest.firing and starts and all(one.signal.firing for one in tried):
                raise Broken("A2", f"alert {latest.id} is over, and nobody has said so")

    def _patience(self) -> int:
        return BACK_AGAIN - int(self.jumps.total_seconds() * SECOND)


def _is_over(starts: list[Said], ends: list[Said], patience: int) -> Said | None:
    """Return an end after which no start was heard that could be a new one, None if there is none.

    A start that is heard only after its end may be one: the intake can't know.
    """
    for over in ends:
        began = over.signal.starts_at
        is_back = any(
            one.at >= over.at + patience
            or (began is not None and one.signal.starts_at and one.signal.starts_at > began)
            or (one.at > over.at and one.signal.starts_at == began)
            for one in starts
        )
        if not is_back:
            return over
    return None
