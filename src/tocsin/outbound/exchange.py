"""One HTTP request and its answer, under a deadline that nothing can stretch."""

import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import wait
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from threading import Lock
from typing import Any

import httpx

from tocsin.outbound.abandoned import begin

BODY_BYTES_MAX = 64 * 1024
"""How much of an answer is read; a success is not read at all, its status says everything."""

CONNECT_SHARE = 0.4
"""The part of the time that one address may take to connect, so that a second one gets a turn."""


@dataclass(frozen=True)
class Answer:
    """What the other side said; `body` may be cut off."""

    status: int
    headers: httpx.Headers
    body: bytes


@dataclass(frozen=True)
class NoAnswer:
    """There was none; `left` says that the request was on its way and may have been heard."""

    left: bool
    why: str


class TimeIsUp(Exception):
    """The attempt was given up; whoever still works on it must stop before anything leaves."""


class Attempt:
    """How far one request has come, shared by the thread that works and the one that waits."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._socket: socket.socket | None = None
        self._over = False
        self._answer: Answer | None = None
        self.left = False

    def follow(self, event: str, info: Mapping[str, Any]) -> None:
        """Take a note from httpcore's `trace` extension."""
        with self._lock:
            if self._over:
                raise TimeIsUp
            if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
                self._socket = info["return_value"].get_extra_info("socket")
            if event == "http11.send_request_headers.started":
                self.left = True

    def answered(self, answer: Answer) -> None:
        """Keep what is known of the answer by now."""
        with self._lock:
            self._answer = answer

    def end(self, seconds: float) -> Answer | NoAnswer:
        """Give up: a blocked read or write returns, and what is known by now is the result."""
        with self._lock:
            self._over = True
            if self._socket is not None:
                with suppress(OSError):
                    # The base class's: TLS would first wish to say goodbye.
                    socket.socket.shutdown(self._socket, socket.SHUT_RDWR)
            return self._answer or NoAnswer(self.left, f"did not answer within {seconds:g} s")


def retry_after(answer: Answer, now: datetime) -> float | None:
    """Read the Retry-After header, in seconds; None where it says nothing usable."""
    value = answer.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except (ValueError, OverflowError):
        return None
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max((at - now).total_seconds(), 0.0)


def post(
    make: Callable[[], Sequence[httpx.Request]],
    tls: ssl.SSLContext,
    seconds: float,
    *,
    read_at_most: int = 0,
) -> Answer | NoAnswer:
    """Send the first of the requests that finds a connection; return within `seconds`.

    Of a success `read_at_most` bytes are read, of which there are none unless somebody asks.
    `make` runs inside the deadline as well, so it may resolve names. What it raises comes out
    here, except for an OSError, which counts as no answer.
    """
    attempt = Attempt()
    working = begin(lambda: _try_each(make, tls, seconds, attempt, read_at_most), "exchange")
    done, _ = wait([working], timeout=seconds)
    return working.result() if done else attempt.end(seconds)


def _try_each(
    make: Callable[[], Sequence[httpx.Request]],
    tls: ssl.SSLContext,
    seconds: float,
    attempt: Attempt,
    read_at_most: int,
) -> Answer | NoAnswer:
    # The deadline ends a slow answer, this only a thread that the deadline could not reach.
    limits = httpx.Timeout(seconds * 2, connect=seconds * CONNECT_SHARE).as_dict()
    why = "has no address"
    try:
        for request in make():
            request.extensions = {
                **request.extensions,
                "timeout": limits,
                "trace": attempt.follow,
            }
            try:
                return _ask(request, tls, attempt, read_at_most)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                why = _reason(error)
    except (httpx.HTTPError, OSError) as error:
        return NoAnswer(attempt.left, _reason(error))
    except UnicodeError:
        # Python's own way to say that no such name can be asked for.
        return NoAnswer(False, "can't be found: its name is none")
    return NoAnswer(False, why)


def _ask(
    request: httpx.Request, tls: ssl.SSLContext, attempt: Attempt, read_at_most: int
) -> Answer:
    # The bare transport: a client would write the whole URL, secrets included, into the log,
    # and it would follow proxies named in the environment.
    with httpx.HTTPTransport(verify=tls, trust_env=False) as transport:
        response = transport.handle_request(request)
        answer = Answer(response.status_code, response.headers, b"")
        attempt.answered(answer)
        most = read_at_most if response.is_success else BODY_BYTES_MAX
        if not most:
            response.close()
            return answer
        body = b""
        with suppress(httpx.HTTPError):
            for chunk in response.iter_raw():
                body += chunk
                answer = Answer(answer.status, answer.headers, body[:most])
                attempt.answered(answer)
                if len(body) >= most:
                    break
        response.close()
        return answer


def _reason(error: BaseException) -> str:
    """Say what failed, from the type of the error and of what caused it, never from its text."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, socket.gaierror):
            return "can't be found: its name does not resolve"
        if isinstance(cause, ssl.SSLCertVerificationError):
            return f"shows a certificate that does not verify: {cause.verify_message}"
        if isinstance(cause, ssl.SSLError):
            return "can't be reached: encryption failed"
        if isinstance(cause, ConnectionRefusedError):
            return "refuses connections"
        cause = cause.__cause__ or cause.__context__
    if isinstance(error, httpx.TimeoutException):
        return "did not answer in time"
    if isinstance(error, (httpx.ConnectError, OSError)):
        return "can't be reached"
    return "closed the connection without a proper answer"
