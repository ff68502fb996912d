"""A stand-in for GitHub's REST API on loopback: it keeps issues, and fails as a test wants.

The shapes are those of the documentation of version 2022-11-28 ("List repository issues", "Create
an issue", "Create an issue comment"); nothing was recorded from github.com itself.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass
class Hub:
    """Answers as GitHub does; `fail` holds (status, headers, hang up) for the next writes."""

    issues: list[dict[str, Any]] = field(default_factory=list)
    comments: list[tuple[int, str]] = field(default_factory=list)
    seen: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    fail: list[tuple[int, dict[str, str], bool]] = field(default_factory=list)
    listing: tuple[int, bytes] | None = None

    def __enter__(self) -> Hub:
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                hub._note(self)
                if hub.listing is not None:
                    self._say(*hub.listing)
                    return
                self._say(200, json.dumps(hub.issues[::-1]).encode())

            def do_POST(self) -> None:
                hub._note(self)
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, headers, hang_up = hub.fail.pop(0) if hub.fail else (0, {}, False)
                if status and not hang_up:
                    self._say(status, b'{"message": "the token is ghp_secret"}', headers)
                    return
                made = hub._keep(self.path, body)
                if not hang_up:
                    self._say(201, json.dumps(made).encode())

            def _say(self, status: int, body: bytes, headers: dict[str, str] | None = None) -> None:
                self.send_response(status)
                for name, value in (headers or {}).items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def _note(self, handler: BaseHTTPRequestHandler) -> None:
        headers = {name.lower(): value for name, value in handler.headers.items()}
        self.seen.append((handler.command, handler.path, headers))

    def _keep(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        if path.endswith("/comments"):
            self.comments.append((int(path.split("/")[-2]), body["body"]))
            return {"id": len(self.comments)}
        made = {"number": len(self.issues) + 1, "state": "open", **body}
        self.issues.append(made)
        return made
