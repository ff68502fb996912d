"""Who never ends a request, or begins with too much, loses the connection; others do not wait."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from tests.servers import spare_port, wait_until
from tests.web.stage import Stage

from tocsin.web.app import make_app
from tocsin.web.connections import HEAD_AT_MOST, HEADERS_AT_MOST, LimitedConnection

HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n"
BODY = b"POST /api/v1/incidents HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
HUNG_UP = b""


class Hasty(LimitedConnection):
    """As in production, but in more of a hurry."""

    head_seconds = 0.3
    body_seconds = 0.3


@contextmanager
def served(stage: Stage, http: type[LimitedConnection]) -> Iterator[int]:
    port = spare_port()
    app = make_app(stage.world, stage.site)
    server = uvicorn.Server(
        uvicorn.Config(app, port=port, http=http, ws="none", log_config=None, lifespan="off")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    wait_until(lambda: server.started, 10, "the server has started")
    try:
        yield port
    finally:
        server.should_exit = True
        thread.join()


@pytest.fixture
def hasty(stage: Stage) -> Iterator[int]:
    with served(stage, Hasty) as port:
        yield port


@pytest.fixture
def patient(stage: Stage) -> Iterator[int]:
    """As in production: what these tests wait for must not come from a clock."""
    with served(stage, LimitedConnection) as port:
        yield port


@contextmanager
def connected(port: int) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as found:
        yield found


def answered(port: int, sent: bytes) -> bytes:
    """Send and read until the other side hangs up."""
    with connected(port) as there:
        there.sendall(sent)
        return everything(there)


def everything(there: socket.socket) -> bytes:
    whole = b""
    try:
        while piece := there.recv(65536):
            whole += piece
    except ConnectionResetError:
        pass
    return whole


@pytest.mark.parametrize("begun", [b"", b"GET", b"GET /healthz HTTP/1.1\r\nHost", HEAD])
def test_a_head_that_does_not_end_in_time_is_given_up(hasty: int, begun: bytes) -> None:
    assert answered(hasty, begun) == HUNG_UP, "a sender of alerts drops what gets a 4xx"


def test_a_body_that_does_not_end_in_time_is_given_up(hasty: int) -> None:
    assert answered(hasty, BODY + b"{") == HUNG_UP


def test_a_second_request_that_does_not_end_is_given_up_too(hasty: int) -> None:
    said = answered(hasty, HEAD + b"\r\n" + b"GET /heal")
    assert said.count(b"HTTP/1.1 200 OK") == 1


def test_a_head_that_trickles_in_gains_no_time(hasty: int) -> None:
    with connected(hasty) as there:
        there.sendall(HEAD)
        ended = threading.Event()

        def trickle() -> None:
            # Ends by the other side's hanging up, and at the latest with the test.
            try:
                while not ended.wait(0.05):
                    there.sendall(b"X-More: 1\r\n")
            except OSError:
                pass

        thread = threading.Thread(target=trickle)
        thread.start()
        everything(there)
        ended.set()
        thread.join()


@pytest.mark.parametrize(
    "sent",
    [
        HEAD + b"X: 1\r\n" * (HEADERS_AT_MOST + 1) + b"\r\n",
        HEAD + b"X: " + b"x" * (HEAD_AT_MOST + 1) + b"\r\n\r\n",
        HEAD + b"X" * (2 * HEAD_AT_MOST),
        b"GET /" + b"x" * (HEAD_AT_MOST + 1) + b" HTTP/1.1\r\nHost: x\r\n\r\n",
    ],
    ids=["many headers", "one long value", "one that does not end", "a long address"],
)  # fmt: skip
def test_a_head_that_is_too_large_is_refused(patient: int, sent: bytes) -> None:
    assert answered(patient, sent).startswith(b"HTTP/1.1 431 ")


def test_a_head_within_the_limits_is_taken(patient: int) -> None:
    many = b"X: 1\r\n" * (HEADERS_AT_MOST - 2) + b"Connection: close\r\n"
    assert answered(patient, HEAD + many + b"\r\n").startswith(b"HTTP/1.1 200 OK")


def test_what_is_no_http_is_refused_once(patient: int) -> None:
    assert answered(patient, b"\x16\x03\x01 nonsense\r\n\r\n").count(b"HTTP/1.1 400") == 1


def test_no_web_sockets_are_opened(patient: int) -> None:
    upgrade = (
        b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
    )
    with connected(patient) as there:
        there.sendall(HEAD + upgrade)
        assert b" 101 " not in there.recv(65536).split(b"\r\n")[0]


def test_connections_that_wait_keep_nobody_out(patient: int) -> None:
    waiting = [socket.create_connection(("127.0.0.1", patient)) for _ in range(200)]
    try:
        for one in waiting:
            one.sendall(HEAD)
        said = answered(patient, HEAD + b"Connection: close\r\n\r\n")
        assert said.startswith(b"HTTP/1.1 200 OK")
    finally:
        for one in waiting:
            one.close()
