"""The way in for alerts: plain ASGI, because this path is walked more often than all others.

A 2xx is sent only after the commit (invariant A1); what can't be taken is answered with 503 and
Retry-After, never dropped (invariant A5).
"""

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from functools import partial
from typing import Any

import msgspec
import structlog

from tocsin.core.alerts import Beat, Unreadable
from tocsin.engine.group_commit import GroupCommit, Overloaded, Result
from tocsin.engine.heartbeats import SOURCE
from tocsin.engine.ports import Conflict, StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.engine.seldom import Seldom
from tocsin.engine.world import World
from tocsin.web.access import integration_of, named_integration
from tocsin.web.arrivals import Arrivals
from tocsin.web.held import Held, NoRoom

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

BODY_AT_MOST = 16 * 1024 * 1024
"""Bytes of one request; more is not read, but what came of it is kept and calls its owner."""

KEPT_AT_MOST = 64 * 1024
"""Bytes that are kept of a request that is too large."""

WAY_IN = {
    "/in/alertmanager": ("alertmanager", True),
    "/api/v2/alerts": ("alertmanager-api", False),
}
"""Path -> the source that understands its bodies, and whether the answer lists receipts."""

HEARTBEATS = "/in/heartbeat/"
"""Where integrations that have promised it give their signs of life; their name follows."""

log = structlog.get_logger()

_encode = msgspec.json.Encoder().encode


class TooLarge(Exception):
    """The request is larger than anything sensible; holds how it begins."""

    def __init__(self, beginning: bytes) -> None:
        super().__init__("the request is too large")
        self.beginning = beginning


class Gone(Exception):
    """The sender has hung up in the middle of its request; it will come again."""


class Intake:
    """An ASGI application for `POST` on the paths of WAY_IN.

    `refuses` says why no alert may be taken just now, "" if it may (invariant H3).
    """

    def __init__(
        self, world: World, arrivals: Arrivals | None = None, refuses: Callable[[], str] = str
    ) -> None:
        self._world = world
        self._refuses = refuses
        self._arrivals = arrivals if arrivals is not None else Arrivals()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._held = Held()
        self._seldom = Seldom()
        self._commit = GroupCommit(world, self._done)

    def start(self) -> None:
        """Begin to write; call it from within the running event loop."""
        self._loop = asyncio.get_running_loop()
        self._commit.start()

    def stop(self) -> None:
        """Write what was accepted, then end. Blocks."""
        self._commit.stop()

    def takes(self, scope: Scope) -> bool:
        """Say whether a request is this application's."""
        if scope["type"] != "http" or scope["method"] != "POST":
            return False
        return bool(scope["path"] in WAY_IN or scope["path"].startswith(HEARTBEATS))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        headers = dict(scope["headers"])
        integration = integration_of(self._world, headers)
        if integration is None:
            self._arrivals.refused(self._world.now(), scope["path"], named_integration(headers))
            await _problem(send, 401, "intake.key", "an integration's key is needed", _KEY_HINT)
            return
        # Heartbeats are let through: silence is watched all the while, and each would be an alert.
        is_beat = scope["path"].startswith(HEARTBEATS)
        if not is_beat and (why := self._refuses()):
            await self._turn_away(scope["path"], integration, StoreUnavailable(why), send)
            return
        try:
            with self._held.of(integration) as more:
                await self._take(scope, integration, partial(_body, receive, more), send)
        except NoRoom as full:
            # Nothing of it is kept. No 4xx: senders drop what gets one (invariant A5).
            await self._turn_away(scope["path"], integration, full, send)

    async def _turn_away(self, path: str, integration: str, why: Exception, send: Send) -> None:
        """Let a request come again that was not read; its sender and the log are told."""
        now = self._world.now()
        self._arrivals.came(integration, now, path, b"", why)
        if times := self._seldom.happened(integration, now):
            log.warning("intake.turned-away", integration=integration, why=str(why), times=times)
        await _unavailable(send, why)

    async def _take(
        self, scope: Scope, integration: str, read: Callable[[], Awaitable[bytes]], send: Send
    ) -> None:
        """Answer a request of an integration; raises NoRoom before anything is answered."""
        try:
            body = await read()
        except Gone:
            return
        except TooLarge as large:
            why = f"a request of more than {BODY_AT_MOST >> 20} MiB"
            kept = Unreadable(integration=integration, why=why, payload=large.beginning)
            result = await self._submitted([kept])
            now = self._world.now()
            self._arrivals.came(integration, now, scope["path"], large.beginning, result)
            if isinstance(result, Exception):
                await _unavailable(send, result)
                return
            hint = "send fewer alerts in one request; this one was kept as unreadable"
            await _problem(send, 413, "intake.too-large", why, hint)
            return
        if scope["path"].startswith(HEARTBEATS):
            await self._beat(scope["path"], integration, send)
            return
        source_name, with_receipts = WAY_IN[scope["path"]]
        source = self._world.sources[source_name]
        now = self._world.now()
        request = list(source.parse(integration, body, now))
        if not request:
            self._arrivals.came(integration, now, scope["path"], body, [])
            await _answer(send, 200, _encode({"alerts": []}) if with_receipts else b"")
            return
        result = await self._submitted(request)
        self._arrivals.came(integration, now, scope["path"], body, result)
        if isinstance(result, Exception):
            await _unavailable(send, result)
            return
        await _answer(send, 200, _encode({"alerts": result}) if with_receipts else b"")

    async def _beat(self, path: str, integration: str, send: Send) -> None:
        """Take a sign of life; it is on disk before it is answered, as alerts are."""
        name = path.removeprefix(HEARTBEATS)
        known = self._world.rules.organisation.integrations.get(integration)
        if name != integration or known is None or known.source != SOURCE:
            what = f"this key does not belong to a heartbeat called {name[:64]!r}"
            await _problem(send, 403, "intake.heartbeat", what, _HEARTBEAT_HINT)
            return
        result = await self._submitted([Beat(integration=integration)])
        self._arrivals.came(integration, self._world.now(), path, b"", result)
        if isinstance(result, Exception):
            await _unavailable(send, result)
            return
        await _answer(send, 200, _encode({"heartbeat": integration}))

    async def _submitted(self, request: list[Any]) -> Result:
        if self._loop is None:
            raise AssertionError("the intake was not started")
        written: asyncio.Future[Result] = self._loop.create_future()
        try:
            self._commit.submit(written, request)
        except Overloaded as overloaded:
            return overloaded
        return await written

    def _done(self, results: list[tuple[object, Result]]) -> None:
        if self._loop is not None:
            self._loop.call_soon_threadsafe(_hand_back, results)


def _hand_back(results: list[tuple[Any, Result]]) -> None:
    for written, result in results:
        if not written.done():
            written.set_result(result)


_KEY_HINT = (
    "send it as `Authorization: Bearer KEY`; the page of the integration shows its key to an"
    " administrator, and so does `tocsin keys`"
)


_HEARTBEAT_HINT = (
    "declare it in the organisation file, `NAME: {source: heartbeat, every: 1m}`, and send its own"
    " key to /in/heartbeat/NAME"
)


async def _body(receive: Receive, more: Callable[[int], None]) -> bytes:
    """Read the whole body; raises TooLarge, Gone, or what `more` raises, told of each piece."""
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Gone
        chunk = message.get("body", b"")
        more(len(chunk))
        size += len(chunk)
        chunks.append(chunk)
        if size > BODY_AT_MOST:
            raise TooLarge(b"".join(chunks)[:KEPT_AT_MOST])
        if not message.get("more_body"):
            return b"".join(chunks)


async def _unavailable(send: Send, problem: Exception) -> None:
    known = isinstance(problem, StoreUnavailable | Conflict | NoRules | Overloaded | NoRoom)
    what = str(problem) if known else "the alerts could not be stored"
    hint = "send them again after the time in Retry-After; nothing was kept of this request"
    await _problem(send, 503, "intake.unavailable", what, hint)


async def _problem(send: Send, status: int, code: str, detail: str, hint: str) -> None:
    body = _encode(
        {
            "type": f"https://tocsin.invalid/problems/{code}",
            "title": code.partition(".")[2].replace("-", " "),
            "status": status,
            "detail": detail,
            "code": code,
            "hint": hint,
        }
    )
    extra = {401: [(b"www-authenticate", b"Bearer")], 503: [(b"retry-after", b"5")]}
    await _answer(send, status, body, b"application/problem+json", extra.get(status, []))


async def _answer(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = b"application/json",
    extra: list[tuple[bytes, bytes]] | None = None,
) -> None:
    headers = [(b"content-length", str(len(body)).encode())]
    if body:
        headers.append((b"content-type", kind))
    start = {"type": "http.response.start", "status": status, "headers": headers + (extra or [])}
    await send(start)
    await send({"type": "http.response.body", "body": body})
