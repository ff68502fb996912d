"""Tiny servers on 127.0.0.1 for the real parts to talk to."""

import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self


@dataclass
class Request:
    """One POST as it arrived, and when."""

    at: datetime
    path: str
    headers: dict[str, str]
    body: bytes


def _now() -> datetime:
    """Read the clock: the real parts that talk to us live by it too."""
    return datetime.now(UTC)  # noqa: TID251


class Server:
    """Answers in threads, from `with` to its end; what it answers is for subclasses to say."""

    def __init__(self) -> None:
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                status, kind, body = outer.on_get(self.path, self._headers())
                self._answer(status, kind, body)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
                status = outer.on_post(Request(_now(), self.path, self._headers(), body))
                self._answer(status, "application/json", b"{}")

            def _headers(self) -> dict[str, str]:
                return {name.lower(): value for name, value in self.headers.items()}

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self.address = f"127.0.0.1:{self._server.server_port}"
        self.url = f"http://{self.address}"

    def on_get(self, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Return status, content type and body."""
        return 404, "text/plain", b""

    def on_post(self, request: Request) -> int:
        """Return the status."""
        return 404

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


class Gauge(Server):
    """An exporter of gauges; a test sets `values` and Prometheus reads them from /metrics.

    A key is the metric with its labels as in the text format: `up{shop="berlin"}`.
    """

    def __init__(self, **values: float) -> None:
        super().__init__()
        self.values: dict[str, float] = dict(values)

    def on_get(self, path: str, headers: dict[str, str]) -> tuple[int, str, bytes]:
        """Answer in Prometheus's text format."""
        lines = [f"{metric} {value}\n" for metric, value in self.values.items()]
        return 200, "text/plain; version=0.0.4", "".join(lines).encode()


class Listener(Server):
    """Keeps every POST in `requests`, in order, and answers 200."""

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Request] = []

    def on_post(self, request: Request) -> int:
        """Keep it."""
        self.requests.append(request)
        return 200

    def posted(self, path: str) -> list[Request]:
        """Return what was posted to `path`, oldest first."""
        return [request for request in self.requests if request.path == path]
