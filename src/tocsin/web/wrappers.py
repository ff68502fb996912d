"""What stands around the routes: alerts first, then safe headers, limits on bodies, and a watch."""

from time import perf_counter

from starlette.exceptions import HTTPException

from tocsin.core.incident.attaching import AT_MOST
from tocsin.engine.rules import NoRules
from tocsin.web.figures import Figures
from tocsin.web.problems import unavailable
from tocsin.web.site import Asgi, IntakeApp, Message, Receive, Scope, Send

BODY_AT_MOST = 256 * 1024
"""Bytes of one request, other than alerts."""

RULES = ("/api/v1/rules", "/plan/edit")
RULES_AT_MOST = 5 * 1024 * 1024
"""Bytes of a request with a plan and an organisation: each may have a MiB, and more as JSON."""

FILES = ("/attachments", "/attach")
"""Where the API and the page take files."""
FILE_AT_MOST = AT_MOST + 64 * 1024
"""Bytes of a request with a file: what stands around it in a form is small."""

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "font-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)

HEADERS = (
    (b"content-security-policy", CONTENT_SECURITY_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=(), payment=()"),
)

STATIC = "/static/"
LIVE = "/live/"


class IntakeFirst:
    """Hands alerts to their own application, before anything else looks at the request."""

    def __init__(self, app: Asgi, intake: IntakeApp) -> None:
        self._app = app
        self._intake = intake

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http" or not self._intake.takes(scope):
            await self._app(scope, receive, send)
            return
        try:
            await self._intake(scope, receive, send)
        except NoRules as missing:
            # A 4xx would make the sender drop the alert; 503 makes it come again (invariant A5).
            answer = unavailable(str(missing), "rules.missing").response()
            await answer(scope, receive, send)


class Guarded:
    """Adds the headers that keep pages safe, and answers HEAD like GET without a body."""

    def __init__(self, app: Asgi, secure: bool) -> None:
        self._app = app
        self._headers = list(HEADERS)
        if secure:
            self._headers.append((b"strict-transport-security", b"max-age=31536000"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        path = scope["path"]
        at_most = _at_most(path)
        is_head = scope["method"] == "HEAD" and not path.startswith(LIVE)
        cache = b"public, max-age=31536000, immutable" if _is_fixed(scope) else b"no-store"

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                good = message["status"] < 400
                own = [(b"cache-control", cache if good else b"no-store")]
                said = [h for h in message.get("headers", ()) if good or h[0] != b"cache-control"]
                names = {name for name, _ in said}
                rest = [h for h in (*self._headers, *own) if h[0] not in names]
                message["headers"] = [*said, *rest]
            elif is_head:
                message = {**message, "body": b""}
            await send(message)

        received = 0

        async def receive_guarded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > at_most:
                raise HTTPException(413)
            return message

        inner = {**scope, "method": "GET"} if is_head else scope
        await self._app(inner, receive_guarded, send_guarded)


def _at_most(path: str) -> int:
    """Return how many bytes a request to `path` may have."""
    if path.endswith(FILES):
        return FILE_AT_MOST
    return RULES_AT_MOST if path.startswith(RULES) else BODY_AT_MOST


def _is_fixed(scope: Scope) -> bool:
    """Whether a static file was asked for by its hash, so that it never changes."""
    return bool(scope["path"].startswith(STATIC) and scope["query_string"].startswith(b"v="))


class Watched:
    """Measures how long answers take, by route."""

    def __init__(self, app: Asgi, figures: Figures) -> None:
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = perf_counter()
        status = 500

        async def send_watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_watched)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._figures.answered(_method(scope), route, status, perf_counter() - began)


def _method(scope: Scope) -> str:
    """Return the method, of a few known ones: what is made up makes no figure of its own."""
    known = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
    return scope["method"] if scope["method"] in known else "other"
