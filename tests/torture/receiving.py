"""A receiver in a process of its own, so that whoever forks and traces has one thread only.

Every message is one line of the file of its trial, each in a bundle too: when it came, to whom, and
by which short code.
"""

from __future__ import annotations

import json
import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

NOTED = ("id", "incident", "kind", "short_code")

REFUSES = "broken"
"""The one who answers 500 to everything."""


@dataclass(frozen=True)
class Arrival:
    """One message as it came; `at` is monotonic, in nanoseconds.

    A bundle is as many as it names, at the same instant; `message` is what came as one.
    """

    at: int
    person: str
    id: str
    incident: str
    kind: str
    short_code: str
    message: str


@dataclass(frozen=True)
class Inbox:
    """Where to send, and what came."""

    port: int
    _folder: Path

    def url(self, trial: str, person: str) -> str:
        """The address of a person for one trial."""
        return f"http://127.0.0.1:{self.port}/{trial}/{person}"

    def of(self, trial: str) -> list[Arrival]:
        """Return what came for one trial, in the order of arrival."""
        path = self._folder / trial
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [Arrival(**json.loads(line)) for line in lines]


@contextmanager
def receiving(folder: Path) -> Iterator[Inbox]:
    """Run a receiver; its notes are in `folder`."""
    notes = folder / "arrivals"
    notes.mkdir()
    server = _Server(("127.0.0.1", 0), _handler(notes))
    process = os.fork()
    if process == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        try:
            server.serve_forever(0.05)
        finally:
            os._exit(1)
    server.socket.close()
    try:
        yield Inbox(server.server_port, notes)
    finally:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A sender that was killed hangs up: that is what these tests are for."""


def _handler(notes: Path) -> type[BaseHTTPRequestHandler]:
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            wanted = int(self.headers.get("Content-Length", 0))
            body = self.rfile.read(wanted)
            if len(body) < wanted:
                return
            _, trial, person = self.path.split("/")
            if person != REFUSES:
                data = json.loads(body)["data"]
                name, at = self.headers["webhook-id"], time.monotonic_ns()
                parts = data.get("incidents") or [{**data, "id": name}]
                with lock, (notes / trial).open("a", encoding="utf-8") as file:
                    for one in parts:
                        note = {"at": at, "person": person, "message": name}
                        note |= {key: one[key] for key in NOTED}
                        file.write(json.dumps(note) + "\n")
            self.send_response(500 if person == REFUSES else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    return Handler
