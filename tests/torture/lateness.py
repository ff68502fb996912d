"""How late pages came, and how often, held against what was done to the system (D1, D2, D3).

A page is owed from the instant at which it is due; or, where no node could have sent it then, from
the first at which one could. From there on it has ALLOWED, unless the machine itself stood still.
"""

from __future__ import annotations

import re
import threading
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tests.servers import Page, now
from tests.torture.emergencies import IN_FLIGHT, InEmergency, was_in_emergency
from tests.torture.killing import SECOND_STEP
from tests.torture.verdict import ON_ITS_WAY, SECOND, One, arrivals_of

from tocsin.core.incident import events as e
from tocsin.engine.ports import Delivery

ALLOWED = timedelta(seconds=30)
"""After the loss of a node or a database (reliability 2.2)."""

OVERLOADED = " (machine overloaded)"
OPENED_APART = re.compile(r"-E[A-Z0-9]{5}$")
"""How the codes of incidents end that were opened in emergency mode."""
BEGINS_AFTER = timedelta(seconds=10)
"""For so long a node has had no store when it begins to work by its journal (H4)."""
AROUND = timedelta(seconds=2)
"""Between what was done and what a node feels of it."""
FELT_AFTER = timedelta(seconds=5)
"""A connection that is tried while packets are lost is given up only then (store/postgres.py)."""
WITHOUT_A_FAULT = timedelta(seconds=2)
"""How long a page may still come after the answer that ends it where nothing is wrong.

In 17 rounds with 160 faults none came later than after ON_ITS_WAY.
"""

NAP_S = 0.05
SLOW_NAP_S = 0.075
STANDSTILL_S = 1.0


@dataclass(frozen=True)
class Fault:
    """What was done to the system, as an outsider saw it.

    From `owing_from` on, a page could be sent again, or still: that is when a node died that
    others stand in for, or when the database was back. With `by_journal`, nobody had the database,
    and nodes could send what they had copied by then. A message may come `repeats` times more
    because of it. With `store_stays`, each node had its store all the time. Of some faults nodes
    may feel more when they are over: up to `felt_until`.
    """

    kind: str
    at: datetime
    over_at: datetime
    owing_from: datetime
    by_journal: bool = False
    repeats: int = 1
    store_stays: bool = False
    felt_until: datetime | None = None

    def takes_the_store(self, since: datetime) -> bool:
        """Whether it is why a node had no store from `since` on, for BEGINS_AFTER."""
        until = (self.felt_until or self.over_at) + FELT_AFTER
        return not self.store_stays and self.at - AROUND <= since <= until - BEGINS_AFTER


@dataclass(frozen=True)
class Slept:
    """How long naps of NAP_S took, and when they ended."""

    at: list[datetime] = field(default_factory=list)
    took: list[float] = field(default_factory=list)

    def badly(self, since: datetime, until: datetime) -> bool:
        """Whether naps took half as long again as they should, or one took a second and more."""
        found = self.took[bisect_left(self.at, since) : bisect_left(self.at, until) + 1]
        return bool(found) and (sum(found) / len(found) > SLOW_NAP_S or max(found) > STANDSTILL_S)

    def longest(self, since: datetime, until: datetime) -> timedelta:
        """Return how long the longest nap took then: the machine stood still for so long."""
        found = self.took[bisect_left(self.at, since) : bisect_left(self.at, until) + 1]
        return timedelta(seconds=max(found, default=0))

    @property
    def figures(self) -> dict[str, float]:
        """How long they took."""
        naps = sorted(self.took) or [0.0]
        return {
            "nap of 50 ms took s p99": round(naps[len(naps) * 99 // 100], 3),
            "nap of 50 ms took s max": round(naps[-1], 3),
        }


class Naps:
    """Sleeps in a thread of its own, to see whether the machine has time for anybody."""

    def __init__(self) -> None:
        self.slept = Slept()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._nap)

    def __enter__(self) -> Naps:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _nap(self) -> None:
        before = now()
        while not self._over.wait(NAP_S):
            woke = now()
            self.slept.at.append(woke)
            self.slept.took.append((woke - before).total_seconds())
            before = now()


@dataclass(frozen=True)
class Night:
    """All that lateness is judged by."""

    incidents: Sequence[One]
    pages: Sequence[Page]
    faults: Sequence[Fault]
    emergencies: Sequence[InEmergency]
    nodes: int
    slept: Slept
    arrivals: dict[str, list[datetime]] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "arrivals", arrivals_of(self.pages))


def too_late(night: Night) -> Iterator[str]:
    """Return what came later than allowed after it could have been sent (D1)."""
    for one, delivery, due in _pages_due(night):
        came = night.arrivals[delivery.message.id][0]
        since = _could_leave(night, one, delivery, due)
        if came - since > ALLOWED:
            why = OVERLOADED if night.slept.badly(since, came) else ""
            yield (
                f"{delivery.message.id} came {(came - since).total_seconds():.1f} s after"
                f" {since:%H:%M:%S}, when it could have left; due {due:%H:%M:%S} (D1){why}"
            )


def _could_leave(night: Night, one: One, delivery: Delivery, due: datetime) -> datetime:
    """Return the first instant from `due` on at which a node could have sent it."""
    for fault in sorted(night.faults, key=lambda fault: fault.at):
        if not fault.at <= due <= fault.over_at:
            continue
        if not fault.by_journal:
            due = max(due, fault.owing_from)
        elif not _was_copied(night, one, delivery, fault):
            due = fault.over_at
    return due


def _was_copied(night: Night, one: One, delivery: Delivery, fault: Fault) -> bool:
    """Whether a node in emergency mode could know that it was to be sent."""
    began = _began(one, delivery)
    return any(
        time.covers(fault.at, fault.over_at)
        and (began <= time.known_at or OPENED_APART.search(one.code))
        for time in night.emergencies
    )


def _pages_due(night: Night) -> Iterator[tuple[One, Delivery, datetime]]:
    """Return pages that came, and when each was due.

    The first step is due at once, the second after SECOND_STEP, whenever it was really taken.
    """
    for one in night.incidents:
        for delivery in one.deliveries:
            if delivery.kind == "page" and delivery.message.id in night.arrivals:
                due = delivery.created_at
                if delivery.person == SECOND:
                    due = min(due, _began(one, delivery) + SECOND_STEP)
                yield one, delivery, due


def _began(one: One, delivery: Delivery) -> datetime:
    """Return when the steps began to which a page belongs."""
    starts = [ev.at for ev in one.events if isinstance(ev, e.Opened | e.Reopened)]
    return max((at for at in starts if at <= delivery.created_at), default=starts[0])


def owed_pages(night: Night, since: datetime) -> list[float]:
    """Return how many seconds after `since` those pages came that were due then and not there."""
    return [
        (night.arrivals[delivery.message.id][0] - since).total_seconds()
        for _, delivery, due in _pages_due(night)
        if due <= since < night.arrivals[delivery.message.id][0]
    ]


def too_often(night: Night) -> Iterator[str]:
    """Return messages that came more often than faults in their life allow (D2, H5).

    A fault may leave unknown what became of an attempt; and in an emergency each node may send.
    """
    for name, arrivals in night.arrivals.items():
        if len(arrivals) == 1:
            continue
        first, last = arrivals[0] - ON_ITS_WAY, arrivals[-1]
        allowed = 1 + sum(
            fault.repeats
            for fault in night.faults
            if fault.at <= last and first <= fault.over_at + IN_FLIGHT
        )
        if was_in_emergency(night.emergencies, first, last, IN_FLIGHT):
            allowed += night.nodes - 1
        if len(arrivals) > allowed:
            yield f"{name} came {len(arrivals)} times, {allowed} at most (D2)"


def after_answer(night: Night) -> Iterator[tuple[str, datetime, float]]:
    """Return messages that came after the answer that ended them: when, and how many seconds."""
    for one in night.incidents:
        for delivery in one.deliveries:
            answered = _answered(one, delivery)
            found = night.arrivals.get(delivery.message.id)
            if answered is not None and found and found[-1] > answered + ON_ITS_WAY:
                yield delivery.message.id, found[-1], (found[-1] - answered).total_seconds()


def _answered(one: One, delivery: Delivery) -> datetime | None:
    """Return when a message was answered that was ordered before; numbers of two timelines say
    nothing of that.
    """
    after = 0 if one.was_apart else delivery.page
    answers = (ev.at for ev in one.events[after:] if isinstance(ev, e.Acknowledged | e.Resolved))
    return next((at for at in answers if at >= delivery.created_at or not one.was_apart), None)


def unwanted(night: Night) -> Iterator[str]:
    """Return what came after an answer and was not on its way (D3).

    What is on its way takes as long as a send may only where a fault holds it up. A node in
    emergency mode can't know what was answered elsewhere: up to its return.
    """
    for name, came, seconds in after_answer(night):
        after = timedelta(seconds=seconds)
        answered = came - after
        held_up = any(f.at <= came and answered <= f.over_at + AROUND for f in night.faults)
        quick = WITHOUT_A_FAULT + night.slept.longest(answered, came)
        if after > (IN_FLIGHT if held_up else quick) and not was_in_emergency(
            night.emergencies, came, more=IN_FLIGHT
        ):
            yield f"{name} came {seconds:.1f} s after the answer (D3)"


def without_cause(emergencies: Sequence[InEmergency], faults: Sequence[Fault]) -> Iterator[str]:
    """Return emergencies that no fault explains: each of them excuses much (H4)."""
    for one in emergencies:
        if not any(fault.takes_the_store(one.began) for fault in faults):
            yield f"{one.node} had no store from {one.began} on, and nothing took it away (H4)"


def excused(late: Sequence[str], owed: int) -> tuple[int, list[str]]:
    """Count late pages that are the machine's fault; it is no excuse for most of the owed ones."""
    count = sum(one.endswith(OVERLOADED) for one in late)
    if 2 * count > owed:
        return count, [f"{count} late pages of {owed} owed are put down to the machine (D1)"]
    return count, []
