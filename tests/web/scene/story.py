"""A server with a rich evening on it: what axe, the injections and the pictures look at.

Time stands still wherever the story leaves it, so that every page looks the same in every run.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import uvicorn
from fastapi import FastAPI
from tests.servers import spare_port

from tocsin.channels.inbox.send import Inbox
from tocsin.core.alerts import Signal, fingerprint
from tocsin.core.delivery import Message, Sent, Shown
from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.engine import actions, deliver
from tocsin.engine.accounts import Credential
from tocsin.engine.audit import Doer, audited
from tocsin.engine.intake import take_in
from tocsin.engine.rules import Rules
from tocsin.engine.summing import Summing
from tocsin.engine.tick import tick
from tocsin.engine.world import World
from tocsin.sources.alertmanager.parse import AlertmanagerApi, AlertmanagerWebhook
from tocsin.sources.alertmanager.view import AlertmanagerView
from tocsin.store.sql_store import SqlStore, open_store
from tocsin.web.api_keys import make_key
from tocsin.web.app import make_app
from tocsin.web.sessions import Visit, begin_session
from tocsin.web.site import Site

HERE = Path(__file__).parent
BEGINS = datetime(2026, 11, 17, 19, 4, 10, tzinfo=UTC)
"""A Tuesday evening; Ana is on call, and after midnight Ben is not yet."""


POSTED = ("email", "status-email", "status-webhook")
"""Channels of the scene that send nothing anywhere."""


@dataclass(frozen=True)
class Post:
    """A channel that always gets through and sends nothing anywhere."""

    name: str
    domain: str = "local"
    bundles: bool = False

    def problem_with(self, address: str) -> str | None:
        """Accept any address."""
        return None

    def send(self, address: str, message: Message) -> Sent:
        """Report success."""
        return Sent()

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Show the words themselves."""
        return (Shown("subject", message.subject), Shown("text", message.text))


@dataclass
class Scene:
    """The world of the story, with a clock that the story moves."""

    folder: Path
    at: datetime = BEGINS
    port: int = field(default_factory=spare_port)
    store: SqlStore = field(init=False)
    world: World = field(init=False)
    app: FastAPI = field(init=False)
    site: Site = field(init=False)

    def __post_init__(self) -> None:
        self.store = open_store(f"sqlite:///{self.folder}/scene.sqlite3")
        with self.store.read() as reading:
            secret = reading.secret()
        self.site = Site(version="0.1.0", alert_view=AlertmanagerView())
        self.world = World(
            store=self.store,
            rules=Rules(self.store),
            channels={"inbox": Inbox()} | {name: Post(name) for name in POSTED},
            sources={"alertmanager": AlertmanagerWebhook(), "alertmanager-api": AlertmanagerApi()},
            now=lambda: self.at,
            wake=self.site.notifier.changed,
            base_url=f"http://127.0.0.1:{self.port}",
            node="scene",
            secret=secret,
        )

    def put_in_force(self, plan: str = "", organisation: str = "") -> None:
        """Work by these texts from now on; "" is the scene's own."""
        texts = (
            ("plan.yaml", plan or (HERE / "plan.yaml").read_text("utf-8")),
            ("org.yaml", organisation or (HERE / "org.yaml").read_text("utf-8")),
        )
        problems = self.world.rules.activate(*texts, self.at)
        assert not [p for p in problems if p.level == "error"], problems
        self.app = make_app(self.world, self.site)

    @property
    def url(self) -> str:
        """Where it is served, without a slash at the end."""
        return self.world.base_url

    def later(self, **duration: float) -> None:
        """Let time pass and the engine work."""
        self.at += timedelta(**duration)
        room = {"inbox": 20, "email": 20}
        claimed = tick(self.world, (), room).claimed
        while claimed:
            outcomes = [(one, deliver.attempt(self.world, one)) for one in claimed]
            claimed = tick(self.world, outcomes, room).claimed

    def alert(
        self,
        name: str,
        labels: Mapping[str, str],
        annotations: Mapping[str, str],
        link: str = "https://prometheus.example.org/graph?g0.expr=up",
    ) -> None:
        """Let an alert come in."""
        every = {"alertname": name, **labels}
        signal = Signal(
            integration="prometheus", fingerprint=fingerprint("prometheus", every), firing=True,
            labels=every, annotations=dict(annotations), link=link,
        )  # fmt: skip
        take_in(self.world, [[signal]])

    def act(self, code: str, command: c.Command) -> None:
        """Let somebody do something that the plan allows."""
        done = actions.act(self.world, code, command)
        assert not isinstance(done, Refusal), done

    def declare(self, title: str, **more: Any) -> str:
        """Let somebody declare an incident; returns its code."""
        report = actions.Report(title=title, by="ben", via="page", **more)
        done = actions.declare(self.world, report)
        assert not isinstance(done, Refusal), done
        return done.code


def tell(scene: Scene) -> None:
    """Tell the evening: one incident closed, one resolved, three open, one of them restricted."""
    _certificate(scene)
    _slow_search(scene)
    _stranger(scene)
    _checkout(scene)
    _unanswered(scene)
    _accounts(scene)


def _accounts(scene: Scene) -> None:
    """Ana signs in by several ways, on several machines; two keys; somebody guesses."""
    now = scene.at
    phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) Mobile/15E148 Safari/604.1"
    laptop = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0"
    guesser = Doer("", "page", "203.0.113.77")
    owned = [("password", "password-1", ""), ("totp", "totp-1", ""),
             ("passkey", "cGhvbmU", "Phone"),
             *(("recovery", f"recovery-{number}", "") for number in range(9))]  # fmt: skip
    with scene.store.write() as tx:
        for kind, id_, name in owned:
            tx.keep_credential(
                Credential(id=id_, person="ana", kind=kind, name=name, created_at=now)  # type: ignore[arg-type]
            )
        for who, how, agent, address in [
            ("ana", "passkey", phone, "198.51.100.23"), ("ana", "password", laptop, "192.0.2.14"),
            ("dora", "oidc", laptop, "192.0.2.31"), ("emil", "break-glass", phone, "198.51.100.9"),
        ]:  # fmt: skip
            visit = Visit(address, agent)
            begin_session(scene.world, tx, who, how, visit)
        for _ in range(3):
            audited(tx, now, guesser, "sign-in.failed", "ana", "by password")
        audited(tx, now, guesser, "sign-in.throttled", "ana", "by password")
        audited(tx, now, Doer("ana", "page", "192.0.2.14"), "passkey.added", "ana", "Phone")
    organisation = scene.world.rules.organisation
    for name, scopes in [("deploy script", ["read", "respond"]), ("wall display", ["read"])]:
        make_key(scene.world, Doer("ana", "page"), organisation.people["ana"], name, scopes, 90)


def _certificate(scene: Scene) -> None:
    """INC-2026-001: small, over, closed."""
    scene.alert(
        "CertificateExpires",
        {"severity": "info", "service": "status-page"},
        {"summary": "The certificate of status.example.org ends in 9 days"},
    )
    scene.later(minutes=3)
    code = "INC-2026-001"
    scene.act(code, c.Acknowledge(by="ben", via="page"))
    scene.later(minutes=31)
    scene.act(code, c.Note(by="ben", via="page", text="Renewed by hand."))
    scene.act(code, c.RecordFact(by="ben", via="page", name="health_checks", value="passing"))
    scene.act(code, c.Resolve(by="ben", via="page"))
    scene.later(minutes=12)
    scene.act(code, c.Close(by="ben", via="page"))


def _slow_search(scene: Scene) -> None:
    """INC-2026-002: in hand, then resolved."""
    scene.alert(
        "SlowSearch",
        {"severity": "warning", "service": "search"},
        {"summary": "Search takes 4.1 s at the 95th percentile", "runbook_url": "https://wiki.example.org/search"},
    )  # fmt: skip
    scene.later(minutes=2)
    code = "INC-2026-002"
    scene.act(code, c.Acknowledge(by="ana", via="link", severity="P1"))
    scene.act(code, c.TakeRole(by="ana", via="page", role="incident-commander", person="ana"))
    scene.act(code, c.RecordFact(by="ana", via="page", name="user_facing", value=True))
    scene.later(minutes=9)
    scene.act(
        code, c.Note(by="ana", via="page", text="One shard is being rebuilt, see **shard 7**.")
    )
    scene.act(
        code, c.EnterPhase(by="ana", via="page", phase="containment", why="known", force=True)
    )
    scene.later(minutes=6)
    scene.act(code, c.RecordFact(by="ana", via="page", name="health_checks", value="passing"))
    scene.act(code, c.Resolve(by="ana", via="page"))


def _stranger(scene: Scene) -> None:
    """INC-2026-003: restricted to the team lead."""
    scene.alert(
        "LoginFromNowhere",
        {"service": "admin"},
        {"summary": "An administrator signed in from an address never seen before"},
    )
    scene.later(minutes=1)
    scene.act("INC-2026-003", c.Acknowledge(by="dora", via="link"))
    scene.later(minutes=4)


def _checkout(scene: Scene) -> None:
    """INC-2026-004: the large one, in the middle of it."""
    for place in ("eu-1", "eu-2", "us-1"):
        scene.alert(
            "CheckoutDown",
            {"severity": "critical", "service": "checkout", "region": place},
            {
                "summary": "No order has gone through for 3 minutes",
                "description": "The rate of accepted orders fell to nothing at once.",
                "runbook_url": "https://wiki.example.org/checkout",
            },
        )
    scene.later(seconds=2)
    scene.later(minutes=3, seconds=20)
    code = "INC-2026-004"
    ana: dict[str, Any] = {"by": "ana", "via": "page"}
    ben: dict[str, Any] = {"by": "ben", "via": "page"}
    down = "payment_processing"
    scene.act(code, c.RecordFact(name=down, value="down", **ana))
    scene.act(code, c.Acknowledge(severity="P0", **ana))
    scene.act(code, c.TakeRole(role="incident-commander", person="ana", **ana))
    scene.act(code, c.TakeRole(role="scribe", person="cleo", **ana))
    scene.later(minutes=1, seconds=12)
    seen = (
        "The payment provider reports errors too:\n"
        "- `502` from their gateway since 20:58 UTC\n"
        "- their status page says nothing yet"
    )
    scene.act(code, c.Note(text=seen, **ben))
    scene.act(code, c.RecordFact(name="user_facing", value=True, **ben))
    scene.act(code, c.RecordFact(name="service_availability", value="none", **ben))
    scene.act(code, c.Tick(task="assessment/state", **ben))
    scene.act(code, c.Tick(task="assessment/dashboards", **ben))
    scene.act(code, c.EnterPhase(phase="containment", **ana))
    scene.later(minutes=2, seconds=40)
    told = "Nobody can pay at present. We are working on it."
    scene.act(code, c.Publish(audience="public", text=told, status="Identified", next="30m", **ana))
    scene.act(code, c.Tick(task="containment/regions", member="eu-1", **ben))
    scene.act(code, c.Publish(audience="customers", text=told, status="Identified", **ana))
    scene.act(
        code, c.Publish(audience="internal", text="Provider is down; orders are held.", **ana)
    )
    scene.later(minutes=4, seconds=5)
    scene.act(code, c.Escalate(to="engineering-manager", why="The provider must be called", **ana))
    scene.later(minutes=7, seconds=30)


def _unanswered(scene: Scene) -> None:
    """INC-2026-005, nobody has answered; INC-2026-006, declared by hand."""
    scene.alert(
        "ImagesMissing",
        {"severity": "warning", "service": "images"},
        {"summary": "9 % of product pictures are missing"},
    )
    scene.later(minutes=11)
    scene.declare("The newsletter went out twice", facts={"error_rate": 0.02})
    scene.later(minutes=1, seconds=3)


@contextmanager
def serving(scene: Scene) -> Iterator[Scene]:
    """Serve a scene in a thread of this process, at its own port."""
    server = uvicorn.Server(
        uvicorn.Config(scene.app, port=scene.port, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield scene
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()


@contextmanager
def quick_folder() -> Iterator[Path]:
    """Give a folder for a while, in memory where there is some: a story is thousands of commits."""
    memory = Path("/dev/shm")
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        yield Path(folder)


@contextmanager
def told_and_served(folder: Path) -> Iterator[Scene]:
    """Give the whole evening, served."""
    scene = Scene(folder)
    scene.put_in_force()
    tell(scene)
    Summing(scene.world, lambda: 0.0).round()
    try:
        with serving(scene):
            yield scene
    finally:
        scene.store.close()
