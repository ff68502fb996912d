"""A world with a virtual clock, a real store and channels that only remember.

story.alert("ApiDown", severity="critical")
story.until("12m")
assert story.pages == ["0:00 ana", "0:10 dora"]
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from tocsin.core.alerts import Signal, Unreadable, fingerprint
from tocsin.core.delivery import Message, Outcome, Sent, Shown
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.events import Event
from tocsin.core.incident.state import Incident
from tocsin.core.record import first_break
from tocsin.engine import deliver
from tocsin.engine.actions import Report, act, declare
from tocsin.engine.bundles import Bundle
from tocsin.engine.intake import Receipt, take_in
from tocsin.engine.ports import Store
from tocsin.engine.rules import Rules
from tocsin.engine.tick import tick
from tocsin.engine.world import World

ROOT = Path(__file__).parents[2]
MONDAY_TEN = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)

PLAN = """\
tocsin: 1
plan: story
title: The plan of the story
time_zone: UTC
tolerance: 5m
facts:
  service_availability: {type: one of, values: [full, degraded, none], about: What users get}
severities:
  P0:
    name: Critical
    when: [service_availability == "none"]
    acknowledge: within 5m
  P1:
    name: High
    when: [service_availability == "degraded"]
    acknowledge: within 15m
escalation:
  measured_from: start
  until: acknowledged
  steps:
    - {page: on-call-engineer, P0: immediate, P1: immediate}
    - {page: team-lead, P0: 10m, P1: 1h}
    - {page: cto, P0: 30m}
  if_exhausted: {page: [team-lead], every: 15m}
contacts: {on-call-engineer: org, team-lead: org, cto: org}
alerts:
  group_by: [alertname]
  rules:
    - {match: {severity: critical}, severity: P0}
  otherwise: P1
  resolve_incident: true
  reopen_within: 30m
ids: {incident: "INC-{n:03}"}
channels: {incident: "#inc-{n:03}"}
"""

ORGANISATION = """\
tocsin: 1
organisation: Story Ltd
time_zone: UTC
people:
  ana: {name: Ana, access: administrator, contacts: [email ana@example.org, webhook ana]}
  ben: {name: Ben, contacts: [email ben@example.org]}
  dora: {name: Dora, contacts: [inbox, email dora@example.org]}
  cleo: {name: Cleo, contacts: [email cleo@example.org]}
rosters:
  primary: {rotation: [ana, ben], handover: monday 09:00, first_week: 2026-11-23}
recipients:
  on-call-engineer: {roster: primary}
  team-lead: {people: [dora]}
  cto: {people: [cleo]}
last_resort: team-lead
integrations:
  prometheus: {source: alertmanager, owner: cto}
webhooks:
  ana: {url: "env:ANA_URL", secret: "env:ANA_SECRET"}
"""

Answer = Callable[[str, Message], Outcome]


class Remembering:
    """A channel that remembers what it was given, and answers as the test says.

    `sent` has each message by itself, bundled or not; `left` has what left together as one.
    """

    def __init__(self, name: str, domain: str, sent: list[tuple[str, Message]]) -> None:
        self.name = name
        self.domain = domain
        self.bundles = domain != "local"
        self.left: list[tuple[str, Message]] = []
        self.answer: Answer = lambda _address, _message: Sent()
        self._sent = sent

    def problem_with(self, address: str) -> str | None:
        return None

    def send(self, address: str, message: Message) -> Outcome:
        outcome = self.answer(address, message)
        if isinstance(outcome, Sent):
            self.left.append((address, message))
        if isinstance(outcome, Sent) and self.name != "inbox":
            self._sent += [(address, part) for part in message.parts]
        return outcome

    def preview(self, message: Message) -> tuple[Shown, ...]:
        return (Shown("text", message.text),)


class Story:
    """What happens, and what the engine does about it."""

    def __init__(self, store: Store, plan: str = PLAN, organisation: str = ORGANISATION) -> None:
        self.now = MONDAY_TEN
        self.is_tampered_with = False
        self.store = store
        self.sent: list[tuple[str, Message]] = []
        self.channels = {
            name: Remembering(name, domain, self.sent)
            for name, domain in (
                ("inbox", "local"),
                ("email", "mail"),
                ("webhook", "ip"),
                ("slack", "ip"),
            )
        }
        self.rules = Rules(store)
        assert self.change(plan, organisation) == []
        self.world = self.node("node-1")

    def node(self, name: str) -> World:
        """Another node over the same store, with the same clock."""
        return World(
            store=self.store,
            rules=self.rules,
            channels=self.channels,
            sources={},
            now=lambda: self.now,
            wake=lambda: None,
            base_url="http://tocsin.test",
            node=name,
            secret=b"s" * 32,
        )

    def change(self, plan: str = PLAN, organisation: str = ORGANISATION) -> list[str]:
        """Put other files in force; returns the codes of what is wrong with them."""
        files = ("plan.yaml", plan), ("org.yaml", organisation)
        return [p.code for p in self.rules.activate(*files, self.now) if p.level == "error"]

    # What happens.

    def signal(self, name: str, *, firing: bool = True, **labels: str) -> Signal:
        starts = labels.pop("starts", None)
        all_labels = {"alertname": name, **labels}
        return Signal(
            integration="prometheus",
            fingerprint=fingerprint("prometheus", all_labels),
            firing=firing,
            labels=all_labels,
            starts_at=MONDAY_TEN + parse(starts) if starts is not None else None,
            ends_at=None if firing else self.now,
        )

    def alert(self, name: str, **labels: str) -> Receipt:
        return self.take_in([self.signal(name, firing=True, **labels)])[0]

    def over(self, name: str, **labels: str) -> Receipt:
        return self.take_in([self.signal(name, firing=False, **labels)])[0]

    def take_in(self, request: Sequence[Signal | Unreadable]) -> list[Receipt]:
        return take_in(self.world, [request])[0]

    def declare(self, title: str, **said: object) -> Incident | Refusal:
        by = str(said.pop("by", "ben"))
        return declare(self.world, Report(title=title, by=by, via="cli", **said))  # type: ignore[arg-type]

    def do(self, command: c.Command, code: str = "INC-001") -> Incident | Refusal:
        return act(self.world, code, command)

    def acknowledge(self, person: str, code: str = "INC-001") -> Incident | Refusal:
        return self.do(c.Acknowledge(by=person, via="page"), code)

    def until(self, moment: str) -> None:
        """Let time pass: at each instant at which something is due, do it and send it."""
        end = MONDAY_TEN + parse(moment)
        for _ in range(10_000):
            with self.store.read() as reading:
                due = reading.next_due().soonest
            if due is None or due > end:
                break
            self.now = max(self.now, due)
            self.tick()
        else:
            raise AssertionError("the engine does not come to rest")
        self.now = end

    def tick(self, world: World | None = None) -> None:
        """One cycle of one node's engine."""
        world = world or self.world
        claimed = tick(world, (), dict.fromkeys(self.channels, 16)).claimed
        while claimed:
            attempts = [(bundle, deliver.attempt(world, bundle)) for bundle in claimed]
            claimed = tick(world, attempts, dict.fromkeys(self.channels, 16)).claimed

    def claim_one(self, channel: str) -> Bundle:
        """Claim one message that is due, as an engine that is about to send it."""
        room = {channel: 1}
        (claimed,) = tick(self.world, (), room).claimed
        return claimed

    # What came of it.

    @property
    def pages(self) -> list[str]:
        """What reached people: "0:10 dora", with the kind if it is no page."""
        return [self._line(address, message) for address, message in self.sent]

    def _line(self, address: str, message: Message) -> str:
        minutes = int((message.sent_at - MONDAY_TEN).total_seconds() // 60)
        kind = "" if message.kind == "page" else f" {message.kind}"
        return f"{minutes // 60}:{minutes % 60:02} {re.split('@', address)[0]}{kind}"

    def incident(self, code: str = "INC-001") -> Incident:
        with self.store.read() as reading:
            kept = reading.incident(code)
        assert kept is not None, f"there is no {code}"
        return kept.incident

    def timeline(self, code: str = "INC-001") -> list[Event]:
        with self.store.read() as reading:
            return [e.event() for e in reading.timeline(self.incident(code).id)]

    def kinds(self, code: str = "INC-001") -> list[str]:
        return [str(type(e).__struct_config__.tag) for e in self.timeline(code)]

    def assert_sound(self) -> None:
        """Invariants that hold at every moment, whatever has happened."""
        if self.is_tampered_with:
            return
        with self.store.read() as reading:
            assert reading.counts()["unarmed"] == 0, "an open incident has no next look (C1)"
            for summary in reading.incidents((), None, 1000):
                kept = reading.incident(summary.incident.code)
                assert kept is not None
                entries = reading.timeline(kept.incident.id)
                broken = first_break(kept.incident.code, entries, kept.entries, kept.head)
                assert broken is None


def parse(text: str) -> timedelta:
    """Read "90m", "2h", "30s", "1h30m"."""
    units = {"h": 3600, "m": 60, "s": 1}
    return timedelta(seconds=sum(int(n) * units[u] for n, u in re.findall(r"(\d+)([hms])", text)))
