"""Real servers: `tocsin serve` as a process of its own, and a receiver for what it sends.

Fixtures: `tocsin_server` is a running server with the starter's plan and organisation; `servers`
makes any number of others. What a server printed and logged is shown when its test fails.
"""

from __future__ import annotations

import json
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx
import pytest

T = TypeVar("T")

PROGRAMS = Path(sys.executable).parent
READY_WITHIN_S = 30.0
STOPPED_WITHIN_S = 15.0
POLL_S = 0.02
LOG_LINES = 60
FIRST_PORT, LAST_PORT = 20_000, 32_000  # below those that connections out of this machine take


class DidNotHappen(AssertionError):
    """What a test waited for did not come in time."""


def wait_until(
    condition: Callable[[], T | None], within_s: float, what: str = "", every_s: float = POLL_S
) -> T:
    """Ask `condition` until it returns something true, and return that."""
    pause = threading.Event()
    deadline = time.monotonic() + within_s
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise DidNotHappen(f"not within {within_s:g} s: {what or condition}")
        pause.wait(every_s)


def now() -> datetime:
    """Read the clock: servers in processes of their own live by it too."""
    return datetime.now(UTC)  # noqa: TID251


def spare_port() -> int:
    """Return a port of 127.0.0.1 that is free, and that stays so while a server restarts."""
    while True:
        port = random.SystemRandom().randrange(FIRST_PORT, LAST_PORT)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


@dataclass(frozen=True)
class Setup:
    """What a server works by; a text that is left out is the starter's."""

    plan: str | None = None
    organisation: str | None = None
    database_url: str = ""
    environment: Mapping[str, str] = field(default_factory=dict)
    options: Sequence[str] = ()
    """Further options of `tocsin serve`."""


class TocsinServer:
    """`tocsin serve` in a folder of its own; killed or stopped, it can start again on its data."""

    def __init__(self, folder: Path, setup: Setup | None = None) -> None:
        self.folder = folder
        self.setup = setup or Setup()
        self.data_dir = folder / "data"
        self.log_path = folder / "log"
        self.printed_path = folder / "printed"
        self.port = spare_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self.url, trust_env=False, timeout=10)
        folder.mkdir(parents=True, exist_ok=True)
        for path, text in (
            (self.plan_path, self.setup.plan),
            (self.organisation_path, self.setup.organisation),
        ):
            if text is not None:
                path.write_text(text, encoding="utf-8")

    # Where things are.

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def plan_path(self) -> Path:
        """The plan file that it reads."""
        return (self.data_dir if self.setup.plan is None else self.folder) / "plan.yaml"

    @property
    def organisation_path(self) -> Path:
        """The organisation file that it reads."""
        return (self.data_dir if self.setup.organisation is None else self.folder) / "org.yaml"

    @property
    def printed(self) -> str:
        """What the latest start has printed for whoever started it."""
        return self.printed_path.read_text(encoding="utf-8", errors="replace")

    @property
    def log(self) -> str:
        """Everything that it has logged since it exists, over all its starts."""
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def api_key(self) -> str:
        """The operator's key, where the commands of this machine find it."""
        return str(json.loads((self.data_dir / "server.json").read_bytes())["key"])

    @property
    def integration_key(self) -> str:
        """The key of the first integration of the organisation file, as printed."""
        return self._printed(r"Authorization: Bearer ([^'\"\s]+)")

    @property
    def sign_in_url(self) -> str:
        """The printed link: good for one sign-in."""
        return self._printed(r"(http\S+/sign-in\S*)")

    def _printed(self, pattern: str) -> str:
        found = re.search(pattern, self.printed)
        if found is None:
            raise AssertionError(f"the server has not printed {pattern}:\n{self.printed}")
        return found[1]

    # Running.

    @property
    def command(self) -> list[str]:
        """What is run."""
        command = [str(PROGRAMS / "tocsin"), "serve", "--data", str(self.data_dir)]
        command += ["--port", str(self.port), *self.setup.options]
        if self.setup.plan is not None:
            command += ["--plan", str(self.plan_path)]
        if self.setup.organisation is not None:
            command += ["--org", str(self.organisation_path)]
        return command

    @property
    def environment(self) -> dict[str, str]:
        """The whole environment of the process: nothing of the tests' own gets in."""
        environment = {
            "PATH": f"{PROGRAMS}:/usr/local/bin:/usr/bin:/bin",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "TOCSIN_RESERVE_MIB": "1",
        }
        if self.setup.database_url:
            environment["TOCSIN_DATABASE_URL"] = self.setup.database_url
        return {**environment, **self.setup.environment}

    @property
    def is_running(self) -> bool:
        """Whether the process lives."""
        return self._process is not None and self._process.poll() is None

    def spawn(self) -> None:
        """Start the process and wait for nothing."""
        if self.is_running:
            raise AssertionError("the server is running already")
        with self.log_path.open("ab") as log, self.printed_path.open("wb") as printed:
            self._process = subprocess.Popen(
                self.command,
                cwd=self.folder,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=printed,
                stderr=log,
            )

    def start(self) -> None:
        """Start and wait until it is ready."""
        self.spawn()
        self.wait_ready()

    def wait_ready(self, within_s: float = READY_WITHIN_S) -> None:
        """Wait until /readyz says yes; raises AssertionError at once if the process has ended."""
        wait_until(self._is_ready, within_s, "the server is ready")

    def wait_ended(self, within_s: float = STOPPED_WITHIN_S) -> int:
        """Wait for the process to end by itself, and return its exit code."""
        if self._process is None:
            raise AssertionError("the server was never started")
        return self._process.wait(within_s)

    def stop(self, within_s: float = STOPPED_WITHIN_S) -> int:
        """Send SIGTERM and return the exit code; raises TimeoutExpired if it goes on."""
        if self._process is None:
            raise AssertionError("the server was never started")
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(within_s)

    def kill(self) -> None:
        """Send SIGKILL and wait until the process is gone."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def close(self) -> None:
        """End the process whatever it does, and show what it said if the test has failed."""
        try:
            if self.is_running:
                self.stop()
        except subprocess.TimeoutExpired:
            self.kill()
            sys.stderr.write("the server did not end on SIGTERM\n")
        finally:
            self._client.close()
            for path in (self.printed_path, self.log_path):
                if path.exists():
                    text = path.read_text(encoding="utf-8", errors="replace")
                    last = "\n".join(text.splitlines()[-LOG_LINES:])
                    sys.stderr.write(f"--- {self.folder.name}: {path.name} ends with\n{last}\n")

    def _is_ready(self) -> bool:
        if not self.is_running:
            code = self._process.returncode if self._process is not None else None
            last = "\n".join(self.log.splitlines()[-LOG_LINES:])
            raise AssertionError(f"the server has ended with {code}:\n{self.printed}\n{last}")
        try:
            return self._client.get("/readyz").status_code == 200
        except httpx.TransportError:
            return False

    # Talking to it.

    def request(self, method: str, path: str, body: object = None) -> httpx.Response:
        """Ask with the operator's key; returns whatever is answered."""
        headers = {"Authorization": f"Bearer {self.api_key}"}
        return self._client.request(method, path, json=body, headers=headers)

    def get(self, path: str) -> Any:
        """Return the JSON that a GET of `path` gives with the operator's key."""
        return self.request("GET", path).raise_for_status().json()

    def post(self, path: str, json: object = None) -> Any:
        """Return the JSON that a POST to `path` gives with the operator's key."""
        return self.request("POST", path, json).raise_for_status().json()

    def fire(self, alertname: str, **labels: str) -> None:
        """Send one firing alert with the integration's key; it is kept when this returns."""
        alert = {"labels": {"alertname": alertname, **labels}}
        headers = {"Authorization": f"Bearer {self.integration_key}"}
        self._client.post("/api/v2/alerts", json=[alert], headers=headers).raise_for_status()

    def incidents(self) -> list[Any]:
        """Return the newest incidents, newest first."""
        return list(self.get("/api/v1/incidents")["incidents"])

    def inbox(self, person: str) -> list[Any]:
        """Return a person's newest messages, newest first."""
        return list(self.get(f"/api/v1/inbox?person={person}")["messages"])

    def wait_until(self, fn: Callable[[], T | None], within_s: float = 10, what: str = "") -> T:
        """Ask `fn` until it returns something true; raises at once if the server has ended."""

        def running_and() -> T | None:
            value = fn()
            if not value and not self.is_running:
                raise AssertionError("the server has ended")
            return value

        return wait_until(running_and, within_s, what)


@dataclass(frozen=True)
class Page:
    """One message as it arrived; `id` names it and is the same for all its attempts.

    A bundle is as many as it names, at the same instant, each as it would have come alone.
    """

    at: datetime
    id: str
    body: dict[str, Any]


class Receiver:
    """A webhook on this machine that keeps what is sent to it, from `with` to its end.

    `answer` is the status that it gives. Contacts reach it as `webhook receiver`, if the
    organisation has the lines ENDPOINT and the server the environment `receiver.environment`.
    """

    ENDPOINT = """\
webhooks:
  receiver: {url: "env:RECEIVER_URL", secret: "env:RECEIVER_SECRET"}
"""

    def __init__(self, address: str = "127.0.0.1") -> None:
        self.pages: list[Page] = []
        self.answer = 200
        self._taken: dict[str, set[str]] = {}
        """What each id stood for when it first came."""
        self._hangs_for: set[str] = set()
        self._goes_on = threading.Condition()
        self._server = _Backlogged((address, 0), self._handler())
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.url = f"http://{address}:{self._server.server_port}/pages"

    @property
    def environment(self) -> dict[str, str]:
        """What a server must know to send here."""
        secret = "whsec_" + "c2VjcmV0IG9mIHRoZSB0ZXN0cycgcmVjZWl2ZXI="
        return {"RECEIVER_URL": self.url, "RECEIVER_SECRET": secret}

    def of(self, incident: str, kind: str = "page") -> list[Page]:
        """Return what came for one incident, in the order of arrival."""
        return [
            page
            for page in self.pages
            if page.body["data"]["incident"] == incident and page.body["data"]["kind"] == kind
        ]

    @contextmanager
    def hanging_for(self, address: str) -> Iterator[None]:
        """Take what comes from an address, and neither keep nor answer it while this lasts."""
        self._hangs_for.add(address)
        try:
            yield
        finally:
            with self._goes_on:
                self._hangs_for.discard(address)
                self._goes_on.notify_all()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                wanted = int(self.headers.get("Content-Length", 0))
                try:
                    body = self.rfile.read(wanted)
                    if outer.has_hung_for(self.client_address[0]):
                        self.close_connection = True
                        return
                    if len(body) == wanted:
                        outer.take(self.headers["webhook-id"], body)
                    self.send_response(outer.answer)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                except OSError:
                    self.close_connection = True  # the sender was killed meanwhile

            def log_message(self, format: str, *args: object) -> None:
                pass

        return Handler

    def has_hung_for(self, address: str) -> bool:
        """Wait while it hangs for an address; return whether it has."""
        with self._goes_on:
            hangs = address in self._hangs_for
            self._goes_on.wait_for(lambda: address not in self._hangs_for)
        return hangs

    def take(self, message_id: str, body: bytes) -> None:
        """Keep what is in one request: one message, or all that a bundle names.

        As whoever takes each id only once: what comes under a known one brings nothing new.
        """
        whole, at = json.loads(body), now()
        parts = whole["data"].get("incidents") or [{**whole["data"], "id": message_id}]
        known = self._taken.setdefault(message_id, {one["id"] for one in parts})
        self.pages += [
            Page(at, one["id"], {**whole, "data": one}) for one in parts if one["id"] in known
        ]


class _Backlogged(ThreadingHTTPServer):
    """Takes as many connections at once as a server of ours may open."""

    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed resets its connection: that is what these tests are for."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


Servers = Callable[..., TocsinServer]


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Servers]:
    """`servers(plan=..., organisation=..., ...)`, as in Setup, makes a server that is to start."""
    made: list[TocsinServer] = []

    def make(**setup: Any) -> TocsinServer:
        server = TocsinServer(tmp_path / f"server-{len(made) + 1}", Setup(**setup))
        made.append(server)
        return server

    try:
        yield make
    finally:
        for server in made:
            server.close()


@pytest.fixture
def tocsin_server(servers: Servers) -> TocsinServer:
    """A running server with the starter's plan and organisation, on SQLite."""
    server = servers()
    server.start()
    return server


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """A webhook that keeps what is sent to it."""
    with Receiver() as running:
        yield running
