"""A node in one thread: the real engine on the real SQLite store, its clock moved by hand.

It does what `tocsin serve` does, in the same order: what came is answered after the commit, what
is due is claimed in one commit, sent over HTTP, and its outcome kept in the next. What it has
promised to those outside it says through a pipe; whoever killed it reads that afterwards.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeVar

from sqlalchemy import event

from tocsin.channels.inbox.send import Inbox
from tocsin.channels.webhook.endpoints import Endpoint
from tocsin.channels.webhook.send import Webhook
from tocsin.core.alerts import Signal, fingerprint
from tocsin.core.delivery import LEASE, Outcome, Sent
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.engine import deliver
from tocsin.engine.actions import Report, act, declare
from tocsin.engine.bundles import Bundle
from tocsin.engine.intake import take_in
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import Rules
from tocsin.engine.tick import tick
from tocsin.engine.world import World
from tocsin.store.sql_store import open_store

T = TypeVar("T")

NINE = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
TRIES = 4
TLS = ssl.create_default_context()
"""Made once: it takes 30 ms, and nothing here is encrypted."""
DATABASE = "tocsin.sqlite3"
PEOPLE = ("ana", "ben", "cleo", "broken")

PLAN = """\
tocsin: 1
plan: torture
title: Everything at once
time_zone: UTC
tolerance: 5m
facts: {trouble: yes or no}
severities:
  P0: {name: Critical, when: [trouble], acknowledge: within 5m}
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: first, P0: immediate}
    - {page: second, P0: 10m}
  if_exhausted: {page: third, every: 15m}
contacts: {first: org, second: org, third: org}
alerts:
  group_by: [alertname]
  otherwise: P0
  resolve_incident: true
  reopen_within: 30m
ids: {incident: "INC-{n:03}"}
channels: {incident: "#inc-{n:03}"}
"""

ORGANISATION = """\
tocsin: 1
organisation: Torture Ltd
people:
  ana: {name: Ana, access: administrator, contacts: [inbox, webhook ana]}
  ben: {name: Ben, contacts: [webhook broken, webhook ben]}
  cleo: {name: Cleo, contacts: [webhook cleo]}
recipients:
  first: {people: [ana]}
  second: {people: [ben]}
  third: {people: [cleo]}
last_resort: third
integrations:
  prometheus: {source: alertmanager, owner: third}
webhooks:
  ana: {url: "env:ANA"}
  ben: {url: "env:BEN"}
  broken: {url: "env:BROKEN"}
  cleo: {url: "env:CLEO"}
"""


class GivesUp(Exception):
    """The store takes nothing, however often it is asked."""


class Node:
    """See the module. `say` gives one line to whoever watches; `url` is where a person is.

    `planted` is a fault that must be found: "OFF" and "NORMAL" let commits not wait for the disk,
    "early" answers before the commit, "forgetful" notes a page as sent before it is.
    """

    def __init__(
        self,
        folder: Path,
        url: Callable[[str], str],
        at: datetime,
        say: Callable[[str], None],
        *,
        planted: str = "",
        patience: int = 1,
    ) -> None:
        self.folder = folder
        self.now = at
        self._say = say
        self._patience = patience
        self._finished: list[tuple[Bundle, Outcome]] = []
        self.store = open_store(f"sqlite:///{folder / DATABASE}")
        self._planted = planted
        if planted in ("OFF", "NORMAL"):
            self._plant(planted)
        self.rules = Rules(self.store)
        self.rules.follow()
        with self.store.read() as reading:
            secret = reading.secret()
        endpoints = {person: Endpoint(url(person)) for person in PEOPLE}
        self.world = World(
            store=self.store,
            rules=self.rules,
            channels={"inbox": Inbox(), "webhook": Webhook(endpoints, tls=TLS)},
            sources={},
            now=lambda: self.now,
            wake=lambda: None,
            base_url="http://tocsin.test",
            node=f"node-{os.getpid()}",
            secret=secret,
        )

    def _plant(self, synchronous: str) -> None:
        """Make commits careless: the rig must notice."""
        database = self.store._database
        for engine in (database._reader, database._writer, database._checkpointer):  # type: ignore[attr-defined]
            engine.dispose()

            @event.listens_for(engine, "connect")
            def careless(connection: object, _: object) -> None:
                connection.execute(f"PRAGMA synchronous={synchronous}")  # type: ignore[attr-defined]

    def say(self, line: str) -> None:
        """Promise something to those outside, with the time at which it was."""
        self._say(f"{self.now.isoformat()} {line}\n")

    def say_all(self, lines: Sequence[str]) -> None:
        """Promise several things."""
        for line in lines:
            self.say(line)

    def later(self, **span: float) -> None:
        """Let time pass."""
        self.now += timedelta(**span)
        self.say("later")

    # What happens.

    def put_in_force(self, plan: str = PLAN, organisation: str = ORGANISATION) -> None:
        """Take account of the two files."""
        files = ("plan.yaml", plan.encode()), ("org.yaml", organisation.encode())
        problems = self._taken(lambda: self.rules.activate(*files, self.now))
        wrong = [str(one) for one in problems if one.level == "error"]
        assert wrong == []
        self.say("in-force")

    def fire(self, *instances: str, group: str = "ApiDown", firing: bool = True) -> None:
        """Take in one request; it is answered when this returns."""
        request = [self._signal(one, group, firing) for one in instances]
        answer = [f"{'accepted' if firing else 'over'} {group}/{one}" for one in instances]
        if self._planted == "early":
            self.say_all(answer)
        self._taken(lambda: take_in(self.world, [request]))
        if self._planted != "early":
            self.say_all(answer)

    def _signal(self, instance: str, group: str, firing: bool) -> Signal:
        labels = {"alertname": group, "instance": instance}
        return Signal(
            integration="prometheus",
            fingerprint=fingerprint("prometheus", labels),
            firing=firing,
            labels=labels,
            starts_at=NINE,
            ends_at=None if firing else self.now,
        )

    def declare(self, title: str, key: str, **facts: str | bool) -> None:
        """Declare an incident by hand, with a key that makes it the same when said again."""
        report = Report(title=title, facts=facts, by="ana", via="cli", key=key)
        incident = self._taken(lambda: declare(self.world, report))
        assert isinstance(incident, Incident), incident
        self.say(f"declared {incident.code}")

    def do(self, code: str, command: c.Command, word: str) -> None:
        """Have a person do something; `word` is what they are told."""
        done = self._taken(lambda: act(self.world, code, command))
        assert not isinstance(done, Refusal), done
        self.say(f"{word} {code}")

    def acknowledge(self, code: str = "INC-001") -> None:
        """Have Ana acknowledge."""
        self.do(code, c.Acknowledge(by="ana", via="page"), "acknowledged")

    def _taken(self, work: Callable[[], T]) -> T:
        """Say "refused" and try again, as every sender does."""
        for _ in range(self._patience):
            try:
                return work()
            except (StoreUnavailable, Conflict) as problem:
                self.say(f"refused {problem}")
        raise GivesUp

    # The engine's rounds.

    def claim(self) -> list[Bundle]:
        """Keep outcomes, look again, and claim at most one message per channel."""
        room = dict.fromkeys(self.world.channels, 1)
        ticked = self._taken(lambda: tick(self.world, self._finished, room))
        self._finished = []
        return ticked.claimed

    def send(self, claimed: list[Bundle]) -> None:
        """Send; the outcomes are kept by the next round."""
        self._finished += [(one, deliver.attempt(self.world, one)) for one in claimed]

    def work(self) -> None:
        """Do what is due now, to its end."""
        while claimed := self.claim():
            if self._planted == "forgetful":
                early: list[tuple[Bundle, Outcome]] = [(one, Sent()) for one in claimed]
                tick(self.world, early, {})
            self.send(claimed)

    def work_until(self, end: datetime) -> None:
        """Let time pass: at each instant at which something is due, do it and send it."""
        for _ in range(2_000):
            with self.store.read() as reading:
                due = reading.next_due().soonest
            if due is None or due > end:
                self.now = end
                return
            self.now = max(self.now, due)
            self.work()
        raise AssertionError("the engine does not come to rest")

    def tidy(self) -> None:
        """Do the store's housekeeping now, however short its log."""
        try:
            self.store._database._checkpoint()  # type: ignore[attr-defined]
        except Exception as problem:  # noqa: BLE001 - the loop logs it and goes on
            self.say(f"untidy {type(problem).__name__}")


AFTER_A_CRASH = LEASE + timedelta(seconds=1)
"""So long after a kill, what the dead process had claimed is free again."""
