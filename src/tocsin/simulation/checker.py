"""Watches a run: remembers what the invariants need to know, and asks them at the right moments."""

from __future__ import annotations

from datetime import datetime, timedelta

from tocsin.core.alerts import Signal
from tocsin.core.delivery import SEND_TIMEOUT_SECONDS, Contact, Message, Outcome, Sent
from tocsin.core.incident import events as e
from tocsin.core.incident.fold import replay
from tocsin.core.incident.state import Incident
from tocsin.core.people import Organisation
from tocsin.core.record import first_break
from tocsin.engine.advance import contacts_of
from tocsin.engine.intake import Receipt
from tocsin.engine.ports import Delivery, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.simulation import invariants, oracles
from tocsin.simulation.disk import Committed
from tocsin.simulation.invariants import ANSWERED, NEVER_LONGER, Broken
from tocsin.simulation.node import Node, Outside, Post
from tocsin.simulation.oracles import Attempt
from tocsin.simulation.providers import Submitted
from tocsin.simulation.schedule import SECOND, instant, micros
from tocsin.simulation.store import SimStore
from tocsin.simulation.surroundings import Surroundings

STEADY = 2 * SECOND
"""How late something may be where nothing has gone wrong lately (invariant D1)."""

AFTER_A_FAULT = 15 * SECOND
"""How late where something has: a lease of 5 s must end first, or messages that hang come back."""

LATELY = 30 * SECOND

A_SEND = 400_000
"""Microseconds that each message before it in its channel may take."""

AFTER_ANSWER = int(SEND_TIMEOUT_SECONDS * SECOND)


ALL = (*invariants.ON_COMMIT, *oracles.ORACLES)
IN_ITS_TIME = (
    invariants.c2_atomic_step,
    oracles.f6_whoever_is_on_call,
    oracles.c4_who_is_not_reached_takes_no_time,
    oracles.c6_what_is_opened_again_calls_anew,
    oracles.c9_no_step_before_its_time,
    oracles.a9_no_end_for_what_fires,
    oracles.a2_what_fires_is_counted,
    oracles.a2_what_joins_is_heard,
    invariants.c8_lateness_is_no_reason_to_drop,
    oracles.c8_only_refusals_are_final,
    oracles.d5_sent_is_what_was_taken,
    oracles.d7_nothing_is_lost_in_a_bundle,
)
"""Asked of what is brought back where it was done, and not once more where it is written again."""

BROUGHT_BACK = tuple(check for check in ALL if check not in IN_ITS_TIME)


class Checker:
    """Everything that is remembered of a run for its invariants. Raises Broken."""

    def __init__(
        self, night: Surroundings, outside: Outside, store: SimStore | None = None
    ) -> None:
        self.night = night
        self.outside = outside
        self.store = store or night.store
        self.called: dict[int, set[str]] = {}
        self.jumps = timedelta(0)
        """How far all jumps of clocks together may have moved anything."""
        self._faults = 0
        self._last_fault = -LATELY
        self._ordered: dict[int, int] = {}
        """When each message was ordered that has not left yet, by the delivery's id."""
        self._in_line: dict[int, int] = {}
        """At which place in its channel each message was when it was ordered, from 1."""
        self._attempts: dict[str, Attempt] = {}
        self._answered: dict[int, tuple[str, int]] = {}
        """The state of incidents that are answered, and since when."""
        self._before: dict[int, str] = {}
        self._last_call: dict[int, int] = {}
        self._accepted: dict[tuple[bytes, int], str] = {}
        self._unreadable = 0
        self._shown: dict[int, int] = {}
        self._taken: set[str] = set()
        """The ids under which something has arrived, or is about to."""
        self.came: set[str] = set()
        """The messages, of which bundles may hold many, that somebody has or is about to have."""
        self.tries: dict[str, list[int]] = {}
        """When each message was tried lately."""
        self.senders: dict[str, tuple[Node, int]] = {}
        """Which node tried each message last, and in which of its lives."""
        self._deadline: int | None = None
        self._is_stale = True

    # What invariants ask.

    def now(self) -> datetime:
        """Say what the clock of whoever acts shows."""
        node = self.outside.running
        return instant(self.night.t + (node.offset if node is not None else 0))

    def longest(self, severity: str) -> timedelta:
        """Return how long a step of the plan may wait."""
        seconds = self.night.stage.longest.get(severity)
        return NEVER_LONGER if seconds is None else timedelta(seconds=seconds)

    def before_alarm(self, severity: str, plan: str) -> set[str]:
        """Return whom the plan calls before it counts as exhausted."""
        _, text = self.store.documents.rows["plan", plan]
        known = self.night.stage.before_alarm.get(severity, ())
        return {to for to in known if f"page: {to}," in text}

    def contacts(self, person: str) -> tuple[Contact, ...]:
        """Return the contacts of a person as the acting node knows them."""
        node = self.outside.running
        return contacts_of(node.world, person) if node is not None else ()

    def organisation(self) -> Organisation | None:
        """Return the organisation as the acting node knows it; None if none does."""
        node = self.outside.running
        return node.rules.organisation if node is not None and node.rules.complete else None

    def state_of(self, delivery: Delivery) -> str:
        """Return the state of a delivery's incident."""
        return self.store.incidents.rows[delivery.incident_id].incident.state

    def state_before(self, delivery: Delivery) -> str:
        """Return the state that a delivery's incident had before this commit."""
        return self._before.get(delivery.incident_id, "") or self.state_of(delivery)

    def tried(self, delivery: Delivery) -> dict[Contact, bool]:
        """Return the contacts through which a page was tried or is to be, and which took it."""
        of_incident = self.store.index.of_incident[delivery.incident_id]
        rows = (self.store.deliveries.rows[number] for number in of_incident)
        return {
            row.contact: row.state == "sent"
            for row in rows
            if row.page == delivery.page and row.person == delivery.person
        }

    def homes_of_unreadable(self) -> set[int | None]:
        """Return the incidents to which something unreadable belongs, or did before a merge."""
        incidents = self.store.incidents.rows
        homes = {home for _, home, _ in self.store.unreadable.rows.values()}
        for home in list(homes):
            while home in incidents and (home := incidents[home].incident.merged_number):
                homes.add(home)
        return homes

    def last_outcome(self, message_id: str) -> Outcome | None:
        """Return what the provider said of the last attempt at a message."""
        last = self._attempts.get(message_id)
        return last.fate.outcome if last is not None else None

    def has_arrived(self, message_id: str) -> bool:
        """Whether somebody has it, unless the provider has lost what it took."""
        last = self._attempts.get(message_id)
        is_lost = last is not None and last.fate.arrives_in is None
        return is_lost or message_id in self.came

    def is_undisturbed_since(self, attempt: Attempt) -> bool:
        """Whether nothing has gone wrong, or right again, since an attempt."""
        return attempt.faults == self._faults

    @property
    def is_calm(self) -> bool:
        """Whether nothing has gone wrong lately, and all clocks are right."""
        in_time = not any(node.offset for node in self.outside.nodes)
        return self.night.t - self._last_fault > LATELY and in_time

    # What is told.

    def committed(self, committed: Committed) -> None:
        """Look at what a transaction has changed."""
        self._is_stale = True
        t = self.night.t
        self._before = {
            kept.incident.id: before.incident.state if before is not None else ""
            for before, kept in committed.incidents
        }
        for _, kept in committed.incidents:
            self._follow(kept.incident, committed.events.get(kept.incident.id, []), t)
        for old, new in committed.deliveries:
            if old is None and new.kind in ("page", "alarm"):
                self._in_line[new.id] = self._waiting(new.contact.channel) + 1
                if not new.attempts:
                    # One that was tried where it comes from waits for its next try, or is back.
                    self._ordered[new.id] = t
            if new.state != "due":
                self._ordered.pop(new.id, None)
        checks = BROUGHT_BACK if committed.brings_back else ALL
        for check in checks:
            for problem in check(self, committed):
                raise Broken(_id_of(check.__name__), problem)
        self._before = {}

    def _waiting(self, channel: str) -> int:
        """Return how many messages wait for a channel that have not left yet."""
        rows = self.store.deliveries.rows
        return sum(rows[number].contact.channel == channel for number in self._ordered)

    def _follow(self, incident: Incident, events: list[e.Event], t: int) -> None:
        if incident.state != "open":
            self._last_call.pop(incident.id, None)
            known = self._answered.get(incident.id)
            if known is None or known[0] != incident.state:
                self._answered[incident.id] = (incident.state, t)
            return
        self._answered.pop(incident.id, None)
        counts = (e.Released, e.Reopened, e.SeverityChanged, e.Told)
        if incident.id not in self._last_call or any(isinstance(ev, counts) for ev in events):
            self._last_call[incident.id] = t

    def left(self, node: Node, message: Message, fate: Submitted) -> None:
        """Look at a message whose first byte leaves now, and at all that it names."""
        for part in message.parts:
            self._named(node, part, fate)
        rows, known = self.store.deliveries.rows, self.store.index.messages
        meant = {
            (rows[known[part.id]].person, rows[known[part.id]].contact) for part in message.parts
        }
        if len(meant) > 1:
            raise Broken("D7", f"{message.id} is one message, and holds what is for {meant}")
        if fate.arrives_in is not None and message.id not in self._taken:
            # Who takes each id only once has nothing new of what comes again (D2).
            self._taken.add(message.id)
            self.came.update(part.id for part in message.parts)

    def _named(self, node: Node, message: Message, fate: Submitted) -> None:
        number = self.store.index.messages.get(message.id)
        if number is None:
            raise Broken("I2", f"{message.id} is sent, and no record of it is kept")
        delivery = self.store.deliveries.rows[number]
        t = self.night.t
        self._ordered.pop(number, None)
        self._is_stale = True
        before = self._attempts.get(message.id)
        if again := oracles.repeated(self, node, message, before):
            raise Broken(*again.split(" ", 1))
        if before is not None and isinstance(before.fate.outcome, Sent):
            are_in_time = not any(node.offset for node in self.outside.nodes)
            calm = t - self._last_fault > LATELY
            quiet = before.faults == self._faults and calm
            # A node whose clock is ahead takes what another one is just sending: trust/, G1.
            if are_in_time and (delivery.state == "sent" or quiet):
                raise Broken("D2", f"{message.id} is sent again although it was sent")
        self._attempts[message.id] = Attempt(t, fate, self._faults)
        state, since = self._answered.get(delivery.incident_id, ("", t))
        is_call = message.kind in ("page", "alarm")
        if is_call and state in ANSWERED[delivery.until] and t - since > AFTER_ANSWER:
            late = (t - since) // SECOND
            raise Broken("D3", f"{message.id} leaves {node.name} {late} s after the answer")

    def accepted(self, node: Node, post: Post, result: list[Receipt]) -> None:
        """Look at an alert whose sender is told that it was accepted (A1, A2, A3)."""
        forgotten = {(undo.table, undo.key) for undo in self.store.not_on_disk}
        for signal, receipt in zip(post.signals, result, strict=True):
            if not isinstance(signal, Signal):
                self._unreadable += 1
                continue
            if receipt.disposition == "dead-lettered":
                self._unreadable += 1
                continue
            numbers = self.store.index.fingerprints.get(signal.fingerprint, [])
            if not numbers:
                raise Broken("A1", f"{node.name} accepts {post.what}, and it is not kept")
            if any(("alerts", number) in forgotten for number in numbers):
                raise Broken("A1", f"{node.name} accepts {post.what} before it is on the disk")
            latest = max(
                (self.store.alerts.rows[n] for n in numbers), key=lambda alert: alert.starts_at
            )
            if what := oracles.swallowed(self, signal):
                raise Broken("A2", what)
            key = (signal.fingerprint, latest.id)
            first = self._accepted.setdefault(key, receipt.disposition)
            if signal.firing and receipt.disposition not in (first, latest.disposition):
                raise Broken("A3", f"{post.what} was {first}, and is {receipt.disposition}")

    def refused(self, result: Exception) -> None:
        """Look at why an alert was not accepted (A5)."""
        # A conflict is tried again five times before anybody hears of it.
        if not isinstance(result, StoreUnavailable | NoRules):
            raise Broken("A5", f"an alert is refused because of {result!r}")

    def shown(self, incident: Incident) -> None:
        """Remember what somebody has seen, and that it must stay (E1, H1)."""
        kept = self.store.incidents.rows.get(incident.id)
        if kept is None or kept.incident.generation < incident.generation:
            raise Broken("E1", f"{incident.code} was shown as it is not kept")
        self._shown[incident.id] = max(self._shown.get(incident.id, 0), kept.entries)

    def link_is_unknown(self, message_id: str) -> None:
        """Somebody has a message, so a record of it was kept before it left (I2)."""
        if message_id not in self.store.index.messages:
            raise Broken("I2", f"{message_id} was sent, and is forgotten")

    def turned(self, node: Node) -> None:
        """Look at how a turn of the engine went."""
        if node.cycle.trouble.startswith("the engine fails"):
            raise Broken("K4", f"{node.name}: {node.cycle.trouble}")

    def fault(self) -> None:
        """Note that something has changed about what works."""
        self._faults += 1
        self._last_fault = self.night.t
        self._is_stale = True

    def clock_jumped(self, by: int) -> None:
        """Note that a clock is somewhere else."""
        self.jumps += timedelta(microseconds=abs(by))

    def power_is_back(self) -> None:
        """Everything that was accepted or shown is still there (H1)."""
        for fingerprint, number in self._accepted:
            if number not in self.store.alerts.rows:
                raise Broken("H1", f"the accepted alert {fingerprint.hex()} is lost")
        for number, entries in self._shown.items():
            kept = self.store.incidents.rows.get(number)
            if kept is None or kept.entries < entries:
                raise Broken("H1", f"what was shown of incident {number} is lost")

    # Time.

    def until(self, at: int) -> None:
        """Nothing happens until `at`: say so if something should have by then."""
        if self._is_stale:
            self._deadline = self._next_deadline()
            self._is_stale = False
        if self._deadline is None or at <= self._deadline:
            return
        self.night.t = self._deadline
        for late in self._late(self._deadline):
            raise Broken(*late)
        self._is_stale = True

    def _slack(self, since: int, channel: str = "") -> int | None:
        """Return from when on something due at `since` is late; None while nobody could do it."""
        nodes = [node for node in self.workers() if not channel or self._can_send(node, channel)]
        if not nodes:
            return None
        start = max(since, min(node.healthy_since for node in nodes))
        if start < self._last_fault + LATELY:
            return max(start, self._last_fault) + AFTER_A_FAULT
        return start + STEADY

    def workers(self) -> list[Node]:
        """Return the nodes that could do now what is due in this store."""
        night = self.night
        if max(night.closed_until, night.full_until, night.hangs_until) > night.t:
            return []
        return [node for node in self.outside.nodes if node.is_healthy]

    def _can_send(self, node: Node, channel: str) -> bool:
        return self.outside.mood(node, channel) in ("", "slow", "pretends", "denies")

    def _deadlines(self) -> list[tuple[int, str, str]]:
        """Return everything that must have happened by a certain time: when, id, what."""
        found = []
        store = self.store
        for number, ordered in self._ordered.items():
            delivery = store.deliveries.rows[number]
            channel = delivery.contact.channel
            by = self._slack(ordered, channel)
            if by is not None:
                late = f"{delivery.message.id} was ordered and does not leave"
                found.append((by + A_SEND * self._in_line[number], "D1", late))
        for number in store.index.armed:
            kept = store.incidents.rows[number]
            if kept.look_again_at is None:
                continue
            due = micros(kept.look_again_at) + int(self.jumps.total_seconds() * SECOND)
            by = self._slack(due)
            if by is not None:
                found.append((by, "D1", f"{kept.incident.code} is due and nobody looks"))
        for number, last in self._last_call.items():
            incident = store.incidents.rows[number].incident
            longest = self.longest(incident.severity) + self.jumps
            by = self._slack(last + int(longest.total_seconds() * SECOND))
            if by is not None:
                late = f"{incident.code} is open, and nobody was called for {longest}"
                found.append((by, "C1", late))
        return found

    def _next_deadline(self) -> int | None:
        deadlines = self._deadlines()
        if not deadlines:
            return None
        return max(min(deadlines)[0], self.night.t)

    def _late(self, at: int) -> list[tuple[str, str]]:
        return [(name, what) for by, name, what in sorted(self._deadlines()) if by <= at]

    # The end.

    def at_the_end(self) -> None:
        """After 30 s with a healthy core: nothing is left to do, and nothing was lost (K4)."""
        night, store = self.night, self.store
        late = night.t - AFTER_A_FAULT
        for number, ordered in self._ordered.items():
            if ordered <= late:
                message = store.deliveries.rows[number].message.id
                raise Broken("K4", f"{message} has not left 30 s after all faults were over")
        for number in store.index.armed:
            look = store.incidents.rows[number].look_again_at
            if look is not None and micros(look) <= late:
                code = store.incidents.rows[number].incident.code
                raise Broken("K4", f"{code} is due and not looked at after all faults were over")
        self.power_is_back()
        self._alerts_have_ends()
        self._records_are_whole()

    def _alerts_have_ends(self) -> None:
        """A2, K4: every accepted alert has an incident, and somebody was called, or need not be."""
        store = self.store
        for (_, number), disposition in self._accepted.items():
            alert = store.alerts.rows[number]
            if "over-before-seen" in (disposition, alert.disposition):
                continue
            kept = store.incidents.rows.get(alert.incident_id or 0)
            if kept is None:
                raise Broken("A2", f"alert {number} was accepted and belongs to no incident")
            waits = instant(self.night.t) - kept.incident.escalating_since
            is_late = waits > self.longest(kept.incident.severity) + self.jumps
            called = self.called.get(kept.incident.id)
            if kept.incident.state == "open" and is_late and not called:
                raise Broken("K4", f"{kept.incident.code} is open, and nobody was ever called")
        if len(store.unreadable.rows) < self._unreadable:
            raise Broken("A6", "something unreadable was accepted and is not kept")

    def _records_are_whole(self) -> None:
        """A7, I1: every incident is what its timeline adds up to, and no entry has changed."""
        for number, kept in self.store.incidents.rows.items():
            entries = [
                self.store.timeline.rows[number, entry] for entry in range(1, kept.entries + 1)
            ]
            broken = first_break(kept.incident.code, entries, kept.entries, kept.head)
            if broken is not None:
                raise Broken("I1", f"{kept.incident.code}: {broken.what}")
            if replay(entry.event() for entry in entries) != kept.incident:
                raise Broken("A7", f"{kept.incident.code} is not what its timeline adds up to")


def _id_of(name: str) -> str:
    """Return "C1" for `c1_armed_or_alarmed`."""
    return name.partition("_")[0].upper()
