"""Nodes that share a store which can be taken from them, one by one; the clock is virtual.

town = Town(store, tmp_path)
town.one.cut_off()
town.pass_time("12s")          # the node helps itself
town.one.alert("ApiDown", severity="critical")
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

from tests.engine.story import MONDAY_TEN, ORGANISATION, PLAN, Remembering, Story, parse

from tocsin.core.candidate import examine
from tocsin.core.delivery import Message
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.events import Event
from tocsin.core.incident.state import Incident
from tocsin.core.organisation.read import read_organisation
from tocsin.core.plan.read import read
from tocsin.engine import deliver
from tocsin.engine.actions import act
from tocsin.engine.emergency.keeper import Keeper
from tocsin.engine.emergency.store import StoreWithJournal
from tocsin.engine.intake import Receipt, take_in
from tocsin.engine.ports import Conflict, Reading, Store, StoreUnavailable, Transaction
from tocsin.engine.rules import Readers, Rules
from tocsin.engine.tick import tick
from tocsin.engine.verify import verify_all
from tocsin.engine.world import World
from tocsin.store.sql_store import SqlStore, open_store

READ_ONCE = Readers(plan=cache(read), organisation=cache(read_organisation), both=cache(examine))
"""All nodes of all tests work by the same few texts."""


class Line:
    """One node's way to the main store: it can be cut, or go silent, or die within a change."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self.state = "whole"
        self.changes_left: int | None = None
        self.is_silent_then = False
        self.waited_for = threading.Event()
        self._released = threading.Event()

    @contextmanager
    def read(self) -> Iterator[Reading]:
        self._pass()
        with self._store.read() as reading:
            yield reading

    @contextmanager
    def write(self) -> Iterator[Transaction]:
        self._pass()
        if self.state == "full":
            raise StoreUnavailable("the disk is full")
        if self.changes_left == 0 and self.is_silent_then:
            self.state = "silent"
            self._pass()
        if self.changes_left == 0:
            raise StoreUnavailable("the line is cut in the middle")
        with self._store.write() as tx:
            yield tx
        if self.changes_left is not None:
            self.changes_left -= 1

    def leads_to(self, store: Store) -> None:
        """Let another store be at its end, as after a backup was put in place."""
        self._store = store

    def is_ready(self) -> str:
        return "" if self.state == "whole" else "the store can't be reached"

    def tidy(self) -> None:
        self._pass()

    def abandon(self) -> None:
        self._released.set()

    def close(self) -> None:
        pass

    def lacks_room(self) -> str:
        return ""

    def _pass(self) -> None:
        if self.state == "silent":
            self._released.clear()
            self.waited_for.set()
            assert self._released.wait(10), "nobody has broken it off"
            raise StoreUnavailable("the connection was broken off")
        if self.state == "cut":
            raise StoreUnavailable("the store can't be reached")


class Node:
    """One node with its journal."""

    def __init__(self, town: Town, name: str, line: str = "whole") -> None:
        self.town = town
        self.name = name
        self.line = Line(town.main)
        self.line.state = line
        self.sent: list[tuple[datetime, str, Message]] = []
        self.journal = open_store(f"sqlite:///{town.folder / name}.sqlite3")
        self.start()

    def start(self) -> None:
        """Begin anew, as after a kill: only the journal is still there."""
        town = self.town
        self.store = StoreWithJournal(
            self._open, self.journal, self.name, (lambda: town.now, lambda: town.elapsed)
        )
        told: list[tuple[str, Message]] = []
        self.channels = {
            name: Remembering(name, domain, told)
            for name, domain in (("inbox", "local"), ("email", "mail"), ("webhook", "ip"))
        }
        self._told = told
        self.rules = Rules(self.store, READ_ONCE)
        self.world = World(
            store=self.store,
            rules=self.rules,
            channels=self.channels,
            sources={},
            now=lambda: town.now,
            wake=lambda: None,
            base_url="http://tocsin.test",
            node=self.name,
            secret=b"s" * 32,
            emergency=self.store.emergency,
        )
        self.keeper = Keeper(self.world, self.store, lambda: town.elapsed)
        self.keeper.round()
        if self.store.emergency() is not None or self.line.state == "whole":
            self.rules.follow()

    def _open(self) -> Line:
        if self.line.state == "cut":
            raise StoreUnavailable("the store can't be reached")
        return self.line

    # What happens to it.

    def cut_off(self) -> None:
        self.line.state = "cut"

    def heal(self) -> None:
        self.line.state = "whole"
        self.line.abandon()

    @property
    def is_alone(self) -> bool:
        return self.store.emergency() is not None

    def turn(self) -> None:
        """What its threads do in a moment."""
        self.store.look()
        if self.line.state != "silent":
            self.keeper.round()
        try:
            claimed = tick(self.world, (), dict.fromkeys(self.channels, 16)).claimed
            while claimed:
                attempts = [(one, deliver.attempt(self.world, one)) for one in claimed]
                claimed = tick(self.world, attempts, dict.fromkeys(self.channels, 16)).claimed
        except (StoreUnavailable, Conflict):
            pass
        for address, message in self._told:
            self.sent.append((self.town.now, address, message))
        self._told.clear()

    # What is done at it.

    def signal(self, name: str, *, firing: bool = True, **labels: str) -> Receipt:
        told = Story.signal(self.town, name, firing=firing, **labels)  # type: ignore[arg-type]
        return take_in(self.world, [[told]])[0][0]

    def alert(self, name: str, **labels: str) -> Receipt:
        return self.signal(name, firing=True, **labels)

    def over(self, name: str, **labels: str) -> Receipt:
        return self.signal(name, firing=False, **labels)

    def do(self, command: c.Command, code: str = "INC-001") -> Incident | Refusal:
        return act(self.world, code, command)

    def acknowledge(self, person: str, code: str = "INC-001") -> Incident | Refusal:
        return self.do(c.Acknowledge(by=person, via="link"), code)

    def incidents(self) -> list[Incident]:
        with self.store.read() as reading:
            return [one.incident for one in reading.incidents((), None, 100)][::-1]

    @property
    def pages(self) -> list[str]:
        """Who was paged from here, and when: `0:10 dora`, minutes and seconds."""
        return [
            f"{self.town.clock(at)} {address.partition('@')[0]}"
            for at, address, message in self.sent
            if message.kind in ("page", "alarm")
        ]


class Town:
    """A main store and the nodes that work on it."""

    def __init__(self, main: SqlStore, folder: Path, *names: str) -> None:
        self.main = main
        self.folder = folder
        self.now = MONDAY_TEN
        rules = Rules(main, READ_ONCE)
        problems = rules.activate(("plan.yaml", PLAN), ("org.yaml", ORGANISATION), self.now)
        assert not [p for p in problems if p.level == "error"]
        self.nodes = [Node(self, name) for name in names or ("web1",)]

    @property
    def one(self) -> Node:
        return self.nodes[0]

    @property
    def two(self) -> Node:
        return self.nodes[1]

    @property
    def second(self) -> timedelta:
        return timedelta(seconds=1)

    @property
    def elapsed(self) -> float:
        return (self.now - MONDAY_TEN).total_seconds()

    def clock(self, at: datetime) -> str:
        seconds = int((at - MONDAY_TEN).total_seconds())
        return f"{seconds // 60}:{seconds % 60:02}"

    def pass_time(self, span: str, step: str = "2s", nodes: Sequence[Node] | None = None) -> None:
        """Let time pass, two seconds at a time, at all nodes or at some."""
        end = self.now + parse(span)
        while self.now < end:
            self.now += parse(step)
            for node in self.nodes if nodes is None else nodes:
                node.turn()

    def lose_store(self, *nodes: Node) -> None:
        """Cut nodes off, all if none is named, until they help themselves."""
        for node in nodes or self.nodes:
            node.cut_off()
        self.pass_time("12s")
        assert all(node.is_alone for node in nodes or self.nodes)

    def heal(self) -> None:
        """Give every node its way to the store back, and wait until all is brought back."""
        for node in self.nodes:
            node.heal()
        self.pass_time("8s")
        assert not any(node.is_alone for node in self.nodes)

    # What the main store says.

    def incident(self, code: str = "INC-001") -> Incident:
        with self.main.read() as reading:
            kept = reading.incident(code)
        assert kept is not None, f"the main store has no {code}: {self.codes}"
        return kept.incident

    def kinds(self, code: str = "INC-001") -> list[str]:
        return [str(type(event).__struct_config__.tag) for event in self.events(code)]

    def events(self, code: str = "INC-001") -> list[Event]:
        with self.main.read() as reading:
            return [entry.event() for entry in reading.timeline(self.incident(code).id)]

    @property
    def codes(self) -> list[str]:
        with self.main.read() as reading:
            return [one.incident.code for one in reading.incidents((), None, 100)][::-1]

    def assert_sound(self) -> None:
        """Invariants of the main store once all is brought back."""
        verified = verify_all(self.main)
        assert verified.first_broken is None, verified.first_broken
        with self.main.read() as reading:
            assert reading.counts()["unarmed"] == 0
            found = [one.incident for one in reading.incidents((), None, 1000)]
            unresolved = [i.group for i in found if i.state in ("open", "acknowledged")]
            assert len(unresolved) == len(set(unresolved)), "A4: one group has two incidents"
            ids = {one.id for one in found}
            for alert in reading.alerts(None, None, 10_000):
                assert alert.disposition
                if alert.disposition in ("opened", "joined"):
                    assert alert.incident_id in ids, "A2: an alert has no home"
