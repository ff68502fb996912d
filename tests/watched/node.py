"""A node on a virtual clock, whole but for its threads: real HTTP, real store, real engine turns.

node.minutes(3)
node.break_something()
node.minutes(3)
assert node.heard_until(...)
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI
from structlog.testing import capture_logs
from tests.engine.story import ORGANISATION, PLAN, Remembering
from tests.servers import spare_port, wait_until

from tocsin.core.alerts import Signal, fingerprint
from tocsin.core.delivery import Message
from tocsin.engine import prober
from tocsin.engine.bundles import Bundle
from tocsin.engine.checkup import Checkup, Health, Signs
from tocsin.engine.cycle import Cycle, attempted
from tocsin.engine.hearing import listen
from tocsin.engine.intake import take_in
from tocsin.engine.lag import Lag
from tocsin.engine.ports import Channel
from tocsin.engine.prober import Loopback, Means, Prober
from tocsin.engine.rules import Rules
from tocsin.engine.world import World
from tocsin.outbound.door import OwnDoor
from tocsin.sources.alertmanager.parse import AlertmanagerWebhook
from tocsin.store.sql_store import SqlStore, open_store
from tocsin.web.app import make_app
from tocsin.web.intake import Intake
from tocsin.web.site import Site

START = datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
EVERY = timedelta(seconds=60)
GRACE = timedelta(seconds=60)
"""How often the watchdog expects a heartbeat, and how late it may be."""

STEP = 4.0
"""Seconds between two turns of the engine while nothing is waited for; no lag that matters."""

TURNS = 6
"""One after the other, if they have something to do each time."""


class Watchdog:
    """Whoever listens outside: notes when, by true time, and may be deaf."""

    watchdog = "watchdog.example.net"

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self.heard: list[datetime] = []
        self.alarms: list[tuple[str, ...]] = []
        self.deaf = ""

    def heartbeat(self) -> str:
        if not self.deaf:
            self.heard.append(self._now())
        return self.deaf

    def alarm(self, reasons: Sequence[str], node: str) -> str:
        self.alarms.append(tuple(reasons))
        return ""

    def calls_at(self, since: datetime) -> datetime:
        """When it calls somebody, if nothing more is heard."""
        return max((at for at in self.heard), default=since) + EVERY + GRACE


class Node:
    """One node. `true` is the time as it is, `wall` what this machine's clock is set wrong by."""

    def __init__(self, store: SqlStore, name: str = "node-1") -> None:
        self.store = store
        self.true = START
        self.wall = timedelta(0)
        self.engine_works = True
        self.turn_takes = 0.0
        self.sent: list[tuple[str, Message]] = []
        self.loopback = Loopback(name)
        self.hangs: set[str] = set()
        channels: list[Channel] = [self.loopback]
        for channel, domain in (("inbox", "local"), ("webhook", "ip"), ("email", "mail")):
            channels.append(Remembering(channel, domain, self.sent))
        rules = Rules(store)
        files = ("plan.yaml", PLAN), ("org.yaml", ORGANISATION)
        rules.activate(*files, self.now())
        with store.read() as reading:
            secret = reading.secret()
        self.port = spare_port()
        self.world = World(
            store=store,
            rules=rules,
            channels={one.name: one for one in channels},
            sources={"alertmanager": AlertmanagerWebhook()},
            now=self.now,
            wake=lambda: None,
            base_url="https://tocsin.example.org",
            node=name,
            secret=secret,
        )
        self.lag = Lag(self.elapsed)
        self.cycle = Cycle(self.world, self._send)
        self.intake = Intake(self.world)
        self.watchdog = Watchdog(lambda: self.true)
        door = OwnDoor(lambda: f"http://127.0.0.1:{self.port}")
        means = Means(door, self.loopback, self._pause, self.elapsed)
        prober = Prober(self.world, means)
        signs = Signs(self.lag.worst, self._troubles, self.elapsed)
        self.checkup = Checkup(self.world, prober, signs, self.watchdog)
        listen(self.world, starting=True)

    def now(self) -> datetime:
        return self.true + self.wall

    def elapsed(self) -> float:
        return (self.true - START).total_seconds()

    def _troubles(self) -> Sequence[str]:
        return (self.cycle.trouble,) if self.cycle.trouble else ()

    # Time.

    def minutes(self, count: int) -> None:
        """Let so many minutes pass: a check-up at the start of each."""
        for _ in range(count):
            ends = self.true + EVERY
            self.checkup.round()
            while self.true < ends:
                self._pause(min(STEP, (ends - self.true).total_seconds()))

    def _pause(self, seconds: float) -> None:
        """Let time pass, and the engine take its turns meanwhile."""
        self.true += timedelta(seconds=seconds)
        if not self.engine_works:
            return
        self.true += timedelta(seconds=self.turn_takes)
        for _ in range(TURNS):
            if self.cycle.turn():
                break
        if not self.cycle.trouble:
            self.lag.turned()

    def _send(self, bundle: Bundle) -> None:
        if bundle.channel not in self.hangs:
            self.cycle.back(bundle, attempted(self.world, bundle))

    # What happens.

    @property
    def health(self) -> Health:
        return self.checkup.health

    def alert(self, name: str = "ApiDown", **labels: str) -> None:
        all_labels = {"alertname": name, "severity": "critical", **labels}
        signal = Signal(
            integration="prometheus",
            fingerprint=fingerprint("prometheus", all_labels),
            firing=True,
            labels=all_labels,
        )
        take_in(self.world, [[signal]])

    def sql(self, *statements: str) -> None:
        """Do to the store what nobody should."""
        with self.store._database.writing() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)


def application(node: Node) -> FastAPI:
    """What the node serves, with its intake's thread."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        node.intake.start()
        yield
        await asyncio.to_thread(node.intake.stop)

    app = make_app(node.world, Site(version="0.0-test", intake_app=node.intake))
    app.router.lifespan_context = life
    return app


@contextmanager
def serving(node: Node) -> Iterator[uvicorn.Server]:
    """Serve a node on its port."""
    config = uvicorn.Config(
        application(node),
        host="127.0.0.1",
        port=node.port,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, 10)
    try:
        yield server
    finally:
        server.should_exit = True
        thread.join(10)


@contextmanager
def patch_looks() -> Iterator[None]:
    """Let a prober look less often than in life: each look costs a turn of the engine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(prober, "LOOKS_EVERY", 1.0)
        yield


@contextmanager
def running(folder: Path, **options: Any) -> Iterator[Node]:
    """A node on a store of its own."""
    store = open_store(f"sqlite:///{folder / 'tocsin.sqlite3'}")
    try:
        node = Node(store, **options)
        # Tracebacks of what a test breaks would cost more than everything else.
        with capture_logs(), patch_looks(), serving(node):
            yield node
    finally:
        store.close()
