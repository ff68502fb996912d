"""What the pages and the API are served with, and how a request finds it."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from tocsin.engine.ports import AlertView
from tocsin.engine.world import World
from tocsin.web.live import Notifier
from tocsin.web.throttle import FailedTries

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Scope, Receive, Send], Awaitable[None]]


class IntakeApp(Protocol):
    """The way in for alerts: it is asked first, and answers what it takes."""

    def takes(self, scope: Scope) -> bool:
        """Say whether this request is its own."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""


@dataclass(frozen=True)
class Site:
    """How this process serves: beside the world, which says what it serves.

    `shutting_down` is asked by streams, which end when it says so; `notifier` is told that
    something has changed. Where people reach the site is `World.base_url`. With an `alert_view`,
    Alertmanager's own tools can ask for the alerts. `troubles` says what else keeps this process
    from doing its work; while there is any, it is not ready.
    """

    version: str
    intake_app: IntakeApp | None = None
    shutting_down: Callable[[], bool] = lambda: False
    notifier: Notifier = field(default_factory=Notifier)
    alert_view: AlertView | None = None
    troubles: Callable[[], Sequence[str]] = tuple


STREAM_THREADS = 8
"""How many live pages may look at the store at a time, so that requests never wait for them."""


@dataclass(frozen=True)
class Web:
    """Everything a request handler needs; one per application."""

    world: World
    site: Site
    failed_sign_ins: FailedTries = field(default_factory=FailedTries)
    stream_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(STREAM_THREADS))

    @property
    def secure(self) -> bool:
        """Whether people come by https, so that cookies are sent over nothing else."""
        return self.world.base_url.startswith("https://")


def web_of(connection: HTTPConnection) -> Web:
    """Return what the application was made with."""
    web = connection.app.state.web
    if not isinstance(web, Web):
        raise TypeError("the application was not made by make_app")
    return web


async def given_web(connection: HTTPConnection) -> Web:
    """Give a route its Web; async, so that it takes no thread."""
    return web_of(connection)
