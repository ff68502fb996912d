"""Random nights of two nodes that lose and find their store: whatever the order, nothing is lost.

`Night` is the state machine; tests say how many nights there are.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule
from tests.engine.apart import Node, Town

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.store.sql_store import open_store

NODES = st.integers(0, 1)
NAMES = st.sampled_from(["ApiDown", "DbDown"])
INSTANCES = st.sampled_from(["a", "b"])
PEOPLE = st.sampled_from(["ana", "ben", "dora"])


class Night(RuleBasedStateMachine):
    """What may happen, at two nodes; at the end all is well, and then it is looked what became."""

    figures: ClassVar[Counter[str]] = Counter()

    @initialize()
    def begin(self) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="night-")
        path = Path(self.folder.name)
        self.store = open_store(f"sqlite:///{path / 'main.sqlite3'}")
        self.town = Town(self.store, path, "web1", "web2")
        self.town.pass_time("4s")
        self.accepted: set[tuple[str, str]] = set()
        self.began: dict[tuple[str, str], str] = {}
        self.firing: set[tuple[str, str]] = set()
        self.answered: list[tuple[str, str]] = []
        self.said: list[tuple[str, str]] = []
        self.alert(0, "ApiDown", "a")
        self.town.pass_time("4s")

    def at(self, number: int) -> Node:
        return self.town.nodes[number]

    @rule(number=NODES)
    def cut(self, number: int) -> None:
        self.at(number).cut_off()
        self.town.pass_time("14s")
        self.figures["outages"] += 1

    @rule(number=NODES)
    def blink(self, number: int) -> None:
        self.at(number).cut_off()
        self.town.pass_time("6s")
        self.at(number).heal()

    @rule(number=NODES)
    def heal(self, number: int) -> None:
        self.at(number).heal()
        self.town.pass_time("2s")

    @rule(number=NODES, changes=st.integers(0, 6))
    def heal_and_cut_in_the_middle(self, number: int, changes: int) -> None:
        line = self.at(number).line
        self.at(number).heal()
        line.changes_left = changes
        self.town.pass_time("6s")
        line.changes_left = None

    @rule(name=NAMES, person=PEOPLE)
    def alone(self, name: str, person: str) -> None:
        """Nobody has a store; an alert comes, and somebody answers at one node, perhaps."""
        for number in (0, 1):
            self.at(number).cut_off()
        self.town.pass_time("14s")
        self.alert(0, name, "a")
        self.alert(1, name, "b")
        self.town.pass_time("4s")
        self.do(1, 5, person, "a")
        self.figures["outages"] += 2

    @rule(number=NODES)
    def kill(self, number: int) -> None:
        if self.at(number).line.state == "whole" or self.at(number).is_alone:
            self.at(number).start()
            self.figures["kills"] += 1

    @rule(number=NODES, name=NAMES, instance=INSTANCES)
    def alert(self, number: int, name: str, instance: str) -> None:
        """The source says that it fires, or says so again, at whichever node."""
        what = name, instance
        starts = self.began[what] if what in self.firing else f"{int(self.town.elapsed)}s"
        try:
            self.at(number).alert(name, severity="critical", instance=instance, starts=starts)
        except (StoreUnavailable, Conflict):
            return
        self.began[what] = starts
        self.firing.add(what)
        self.accepted.add(what)
        self.figures["alerts in an emergency"] += self.at(number).is_alone

    @rule(number=NODES, name=NAMES, instance=INSTANCES)
    def over(self, number: int, name: str, instance: str) -> None:
        """The source says that it is over, or says so again, at whichever node."""
        what = name, instance
        if what not in self.began:
            return
        starts = self.began[what]
        try:
            self.at(number).over(name, severity="critical", instance=instance, starts=starts)
        except (StoreUnavailable, Conflict):
            return
        self.figures["ends in an emergency"] += self.at(number).is_alone and what in self.firing
        self.firing.discard(what)
        self.town.pass_time("2s")

    @rule(name=NAMES, first=NODES)
    def begins_here_and_ends_there(self, name: str, first: int) -> None:
        """Nobody has a store; an alert fires at one node, and its end comes to the other."""
        for number in (0, 1):
            self.at(number).cut_off()
        self.town.pass_time("14s")
        self.alert(first, name, "b")
        self.town.pass_time("4s")
        self.over(1 - first, name, "b")
        self.figures["outages"] += 2

    @rule(number=NODES, which=st.integers(0, 5), person=PEOPLE, what=st.sampled_from("aaanr"))
    def do(self, number: int, which: int, person: str, what: str) -> None:
        node = self.at(number)
        try:
            incidents = node.incidents()
            if not incidents:
                return
            waiting = [one for one in incidents if one.state == "open"] or incidents
            incident = waiting[which % len(waiting)]
            commands: dict[str, c.Command] = {
                "a": c.Acknowledge(by=person, via="link"),
                "n": c.Note(by=person, via="page", text=f"note {len(self.said)}"),
                "r": c.Resolve(by=person, via="page", why="mended"),
            }
            outcome = node.do(commands[what], incident.code)
        except (StoreUnavailable, Conflict):
            return
        if isinstance(outcome, Refusal):
            return
        if what == "n":
            self.said.append((incident.code, f"note {len(self.said)}"))
        if what == "a" and incident.state == "open":
            self.answered.append((incident.code, person))
            self.figures["acknowledgements in an emergency"] += node.is_alone

    @rule(minutes=st.sampled_from([1, 6, 12]))
    def wait(self, minutes: int) -> None:
        self.town.pass_time(f"{minutes}m", step="30s")

    def teardown(self) -> None:
        if not hasattr(self, "town"):
            return
        try:
            self._heal_all()
            self._judge()
        finally:
            for node in self.town.nodes:
                node.journal.close()
            self.store.close()
            self.folder.cleanup()

    def _heal_all(self) -> None:
        for node in self.town.nodes:
            node.heal()
        self.town.pass_time("30s")
        assert not any(node.is_alone for node in self.town.nodes), "it never goes back"

    def _judge(self) -> None:
        town = self.town
        town.assert_sound()
        self.figures["nights"] += 1
        with town.main.read() as reading:
            there = {one.text for one in reading.alerts(None, None, 1000)}
        for name, instance in self.accepted:
            assert any(f'"{name}"' in t and f'"instance":"{instance}"' in t for t in there), "A2"
        self._judge_alerts()
        for code, person in self.answered:
            assert self._has(code, "acknowledged", person), f"{person}'s answer to {code} is lost"
            self.figures["acknowledgements kept"] += 1
        for code, text in self.said:
            assert any(text in str(event) for event in town.events(code)), f"{text} is lost"
        sent = Counter(message.id for node in town.nodes for _, _, message in node.sent)
        assert all(count <= 1 + len(town.nodes) for count in sent.values()), sent
        paged = {m.incident for node in town.nodes for _, _, m in node.sent if m.kind == "page"}
        paged |= {code for code, _ in self.answered}  # who has it already is not called any more
        for code in town.codes:
            assert code in paged or town.incident(code).resolved_at, f"{code} was never paged"

    def _judge_alerts(self) -> None:
        """The source says once more what fires; the store is to say the same (A9)."""
        for name, instance in sorted(self.firing):
            self.alert(0, name, instance)
        with self.town.main.read() as reading:
            firing = reading.alerts(None, True, 1000)
        assert len(firing) == len(self.firing), "A9: what fires is what the source says"
        belong = Counter(alert.incident_id for alert in firing)
        for code in self.town.codes:
            one = self.town.incident(code)
            if one.state not in ("resolved", "closed"):
                assert 0 < one.alerts_firing == belong[one.id], f"A9: {code} waits for others"

    def _has(self, code: str, what: str, person: str) -> bool:
        def is_it(event: Any) -> bool:
            if isinstance(event, e.HappenedApart):
                return event.what == what and event.who == person
            return isinstance(event, e.Acknowledged) and event.by == person

        return any(is_it(event) for event in self.town.events(code))
