"""Real servers on 127.0.0.1 that behave as badly as a test wants."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Seen:
    """One HTTP request as it arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class HttpServer:
    """Answers each POST with `behave`, which by default says 200."""

    behave: Callable[[BaseHTTPRequestHandler, threading.Event], None]
    tls: ssl.SSLContext | None = None
    seen: list[Seen] = field(default_factory=list)
    release: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "HttpServer":
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                outer.seen.append(Seen(self.path, headers, body))
                with suppress(OSError):
                    outer.behave(self, outer.release)

            def log_message(self, format: str, *args: object) -> None:
                pass

        class Server(ThreadingHTTPServer):
            block_on_close = True
            daemon_threads = False

            def handle_error(self, request: object, client_address: object) -> None:
                pass

        self._server = Server(("127.0.0.1", 0), Handler)
        if self.tls is not None:
            self._server.socket = self.tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.release.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}"


Behaviour = Callable[[BaseHTTPRequestHandler, threading.Event], None]


def answers(status: int, body: bytes = b"", **headers: str) -> Behaviour:
    """Answer properly."""

    def behave(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return behave


def hangs(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
    """Take the request and say nothing."""
    release.wait(30)


def hangs_up(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
    """Take the request and close the connection."""


def drips_headers(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
    """Send an answer that never gets through its headers."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while not release.wait(0.02):
        handler.wfile.write(b"x")


def drips_body(status: int) -> Behaviour:
    """Send a status at once and then a byte now and then."""

    def behave(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
        handler.send_response(status)
        handler.end_headers()
        while not release.wait(0.02):
            handler.wfile.write(b"x")

    return behave


def endless_body(status: int) -> Behaviour:
    """Send a status and then as much as the other side takes."""

    def behave(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
        handler.send_response(status)
        handler.end_headers()
        while not release.is_set():
            handler.wfile.write(b"x" * 65536)

    return behave


def talks_nonsense(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
    """Answer something that is not HTTP."""
    handler.wfile.write(b"220 mail.example.org ESMTP\r\n\r\n")


@dataclass
class LineServer:
    """A server that talks in lines: `talk` gets a file and does what it likes, once for each."""

    talk: Callable[[socket.socket, threading.Event], None]
    release: threading.Event = field(default_factory=threading.Event)

    def __enter__(self) -> "LineServer":
        self._socket = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def _serve(self) -> None:
        with suppress(OSError):
            connection, _ = self._socket.accept()
            with connection, suppress(OSError):
                self.talk(connection, self.release)

    def __exit__(self, *_: object) -> None:
        self.release.set()
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])


def closed_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
