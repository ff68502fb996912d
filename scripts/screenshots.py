"""Take the pictures for the docs: pages with a story on them, wide and narrow, light and dark.

    .venv/bin/python scripts/screenshots.py [FOLDER]

Time stands still in them, on the server and in the browser, so that a picture only changes when
a page does. Without a folder they go to docs/screenshots.
"""

import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import uvicorn
from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from tocsin.channels.inbox.send import Inbox
from tocsin.core.alerts import Signal, fingerprint
from tocsin.core.incident import commands as c
from tocsin.engine import actions, deliver
from tocsin.engine.intake import take_in
from tocsin.engine.rules import Rules
from tocsin.engine.tick import tick
from tocsin.engine.world import World
from tocsin.store.sql_store import open_store
from tocsin.web.app import make_app
from tocsin.web.sessions import make_sign_in_link
from tocsin.web.site import Site

ROOT = Path(__file__).parent.parent
STARTER = ROOT / "plans" / "starter"
CHROMIUM = [
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
]  # fmt: skip
SIZES: dict[str, ViewportSize] = {
    "wide": {"width": 1280, "height": 860},
    "narrow": {"width": 390, "height": 844},
}
KEPT = {
    "incidents-wide-light", "incident-wide-light", "incident-wide-dark", "incident-narrow-light",
    "answer-narrow-light", "inbox-narrow-dark", "on-call-wide-light",
}  # fmt: skip
"""What the docs show; the rest is for looking at while a page is being made."""


class Stage:
    """A server with a clock that the story moves."""

    def __init__(self, folder: str, port: int) -> None:
        self.at = datetime(2026, 11, 17, 20, 4, 10, tzinfo=UTC)
        self.store = open_store(f"sqlite:///{folder}/pictures.db")
        with self.store.read() as reading:
            secret = reading.secret()
        self.world = World(
            store=self.store,
            rules=Rules(self.store),
            channels={"inbox": Inbox()},
            sources={},
            now=lambda: self.at,
            wake=lambda: None,
            base_url=f"http://127.0.0.1:{port}",
            node="pictures",
            secret=secret,
        )
        files = [(name, (STARTER / name).read_text("utf-8")) for name in ("plan.yaml", "org.yaml")]
        self.world.rules.activate(files[0], files[1], self.at)
        self.app = make_app(self.world, Site(version="0.1.0"))

    def later(self, **duration: float) -> None:
        """Let time pass and the engine work."""
        self.at += timedelta(**duration)
        room = {"inbox": 10}
        claimed = tick(self.world, (), room).claimed
        while claimed:
            outcomes = [(one, deliver.attempt(self.world, one)) for one in claimed]
            claimed = tick(self.world, outcomes, room).claimed

    def alert(self, labels: dict[str, str], summary: str) -> None:
        """Let an alert come in."""
        signal = Signal(
            integration="prometheus", fingerprint=fingerprint("prometheus", labels), firing=True,
            labels=labels, annotations={"summary": summary},
            link="https://prometheus.example.org/graph",
        )  # fmt: skip
        take_in(self.world, [[signal]])

    def act(self, code: str, command: c.Command) -> None:
        """Let somebody do something."""
        actions.act(self.world, code, command)

    def tell_the_story(self) -> None:
        """An evening with three incidents: one over, one in hand, one that nobody answers yet."""
        self.alert(
            {"alertname": "CertificateExpires", "severity": "info", "service": "status-page"},
            "The certificate of status.example.org ends in 9 days",
        )
        self.later(minutes=3)
        self.act("INC-2026-001", c.Acknowledge(by="ben", via="page"))
        self.later(minutes=31)
        self.act("INC-2026-001", c.Note(by="ben", via="page", text="Renewed by hand."))
        self.act("INC-2026-001", c.Resolve(by="ben", via="page"))
        self.later(minutes=12)
        self.alert(
            {"alertname": "SlowSearch", "severity": "warning", "service": "search"},
            "Search takes 4.1 s at the 95th percentile",
        )
        self.later(minutes=2)
        self.act("INC-2026-002", c.Acknowledge(by="ana", via="link"))
        self.later(minutes=9)
        for place in ("eu-1", "eu-2"):
            labels = {"alertname": "CheckoutDown", "severity": "critical", "service": "checkout"}
            self.alert({**labels, "region": place}, "No order has gone through for 3 minutes")
        self.later(seconds=2)
        down = c.RecordFact(by="ana", via="cli", name="payment_processing", value="down")
        self.act("INC-2026-003", down)
        self.later(minutes=3, seconds=20)
        seen = "The payment provider reports errors too:\n502 from their gateway since 20:58 UTC."
        self.act("INC-2026-003", c.Note(by="ben", via="page", text=seen))


@contextmanager
def serving(stage: Stage, port: int) -> Iterator[None]:
    """Serve the stage in a thread."""
    server = uvicorn.Server(
        uvicorn.Config(stage.app, port=port, log_level="warning", lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        thread.join(0.02)
    try:
        yield
    finally:
        server.should_exit = True
        server.force_exit = True
        thread.join()


def take(browser: Browser, stage: Stage, folder: Path, only: set[str]) -> None:
    """Take every picture that is wanted; all of them if `only` is empty."""
    answer = _answer_link(stage)
    for size, viewport in SIZES.items():
        for scheme in ("light", "dark"):
            context = browser.new_context(
                viewport=viewport, color_scheme=scheme, locale="en-GB", timezone_id="UTC",
                device_scale_factor=1,
            )  # fmt: skip
            page = context.new_page()
            page.clock.set_fixed_time(stage.at)

            def picture(name: str, page: Page = page, look: str = f"{size}-{scheme}") -> None:
                if not only or f"{name}-{look}" in only:
                    page.wait_for_timeout(300)
                    page.screenshot(path=folder / f"{name}-{look}.png", full_page=True)

            page.goto(make_sign_in_link(stage.world, "ana"))
            picture("sign-in")
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/centre")
            picture("incidents")
            for name, path in (
                ("incident", "/incidents/INC-2026-003"),
                ("incident-over", "/incidents/INC-2026-001"),
                ("inbox", "/inbox"),
                ("on-call", "/on-call"),
                ("declare", "/declare"),
                ("empty", "/incidents?show=closed"),
                ("answer", answer),
            ):
                page.goto(stage.world.base_url + path)
                picture(name)
            context.close()


def _answer_link(stage: Stage) -> str:
    with stage.store.read() as reading:
        newest = next(d for d in reading.inbox("ana", 20) if d.incident == "INC-2026-003")
    return newest.message.link.removeprefix(stage.world.base_url)


def main() -> None:
    """Take the pictures."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "docs" / "screenshots"
    folder.mkdir(parents=True, exist_ok=True)
    port = 8917
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        sys.exit("no chromium here: run `make setup-tests` first")
    with tempfile.TemporaryDirectory() as temporary:
        stage = Stage(temporary, port)
        stage.tell_the_story()
        with serving(stage, port), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM)
            take(browser, stage, folder, set() if len(sys.argv) > 1 else KEPT)
            browser.close()
        stage.store.close()
    print(f"pictures are in {folder}")


if __name__ == "__main__":
    main()
