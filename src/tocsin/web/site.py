"""What the pages and the API are served with, and how a request finds it."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from anyio import CapacityLimiter
from starlette.requests import HTTPConnection

from tocsin.engine.checkup import Health
from tocsin.engine.deployments import DeploymentSource
from tocsin.engine.ports import AlertView
from tocsin.engine.world import World
from tocsin.web.arrivals import Arrivals
from tocsin.web.feeds import Feeds
from tocsin.web.live import Notifier
from tocsin.web.oidc import Client, Provider
from tocsin.web.pace import Pace, Streams
from tocsin.web.passwords import Passwords
from tocsin.web.seen import Seen
from tocsin.web.statuspage.limits import Asked
from tocsin.web.statuspage.publisher import Publisher
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


class Variable(NamedTuple):
    """One variable of the environment: `value` is never a secret, only whether one is set.

    `value` is what holds, be it set or not.
    """

    name: str
    about: str
    value: str
    is_set: bool


@dataclass(frozen=True)
class Site:
    """How this process serves: beside the world, which says what it serves.

    `shutting_down` is asked by streams, which end when it says so; `notifier` is told that
    something has changed. Where people reach the site is `World.base_url`. With an `alert_view`,
    Alertmanager's own tools can ask for the alerts; with `deployments`, machines can report what
    they have rolled out; with an `identity_provider`, people can sign in
    by it. `troubles` says what else keeps this process from doing its work; while there is any, it
    is not ready. `degraded` says what is not as it should be although it is ready. The public
    status page is written to `status_folder`, if there is one.
    `arrivals` are what the intake took last; `variables` are what the environment says, and
    `data_folder` where this process keeps its files ("" if that is not told); `health` is how its
    last check-up found it, None where there are none.
    """

    version: str
    intake_app: IntakeApp | None = None
    shutting_down: Callable[[], bool] = lambda: False
    notifier: Notifier = field(default_factory=Notifier)
    alert_view: AlertView | None = None
    deployments: DeploymentSource | None = None
    troubles: Callable[[], Sequence[str]] = tuple
    degraded: Callable[[], Sequence[str]] = tuple
    identity_provider: Client | None = None
    status_folder: Path | None = None
    arrivals: Arrivals = field(default_factory=Arrivals)
    variables: Sequence[Variable] = ()
    data_folder: str = ""
    health: Callable[[], Health | None] = lambda: None


STREAM_THREADS = 8
"""How many live pages may look at the store at a time, so that requests never wait for them."""

SIMULATIONS = 1
"""How many simulations may run at a time, so that alerts and pages always find a processor."""


@dataclass(frozen=True)
class Web:
    """Everything a request handler needs; one per application."""

    world: World
    site: Site
    failed_sign_ins: FailedTries = field(default_factory=FailedTries)
    passwords: Passwords = field(default_factory=Passwords)
    seen: Seen = field(init=False)
    provider: Provider | None = field(init=False)
    publisher: Publisher = field(init=False)
    subscriptions_asked: Asked = field(default_factory=Asked)
    pace: Pace = field(default_factory=Pace)
    streams: Streams = field(default_factory=Streams)
    feeds: Feeds = field(default_factory=Feeds)
    stream_threads: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(STREAM_THREADS))
    simulations: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(SIMULATIONS))

    def __post_init__(self) -> None:
        client, world = self.site.identity_provider, self.world
        back = f"{world.base_url}/sign-in/oidc/back"
        provider = Provider(client, world.secret, back) if client is not None else None
        object.__setattr__(self, "seen", Seen(world))
        object.__setattr__(self, "provider", provider)
        object.__setattr__(self, "publisher", Publisher(world, self.site.status_folder))

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
