"""Who watches this node: its probe, its check-ups and those outside, put together."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from tocsin.engine.checkup import Checkup, Checkups, Health, Signs
from tocsin.engine.loop import Loop
from tocsin.engine.prober import Loopback, Means, Prober, waiting
from tocsin.engine.world import World
from tocsin.outbound.door import OwnDoor
from tocsin.outbound.watchdog import Watchdog
from tocsin.settings import BadSettings, Settings
from tocsin.wallclock import elapsed

NOT_WATCHED = (
    "nobody outside watches this node: set TOCSIN_HEARTBEAT_URL to the address of a heartbeat"
    " service, or of a second small Tocsin elsewhere (docs/operations.md, Who watches Tocsin)"
)

_HERE = frozenset({"localhost", "127.0.0.1", "::1", "0.0.0.0"})


@dataclass(frozen=True)
class Listening:
    """Where this process answers, and whether it does yet."""

    address: Callable[[], str]
    serves: Callable[[], bool]


def warnings(settings: Settings) -> tuple[str, ...]:
    """Say what is wrong with who watches from outside, without any secret (invariant K2).

    What falls with this node can't tell that it has fallen.
    """
    url = settings.heartbeat_url.get_secret_value()
    if not url:
        return (NOT_WATCHED,)
    found = []
    watchdog = _host(url)
    base, database = _host(settings.base_url), _host(settings.database_url)
    if watchdog in _HERE:
        found.append("the watchdog is on this machine, and falls with it; it belongs elsewhere")
    elif watchdog == base:
        found.append("the watchdog is where TOCSIN_BASE_URL leads: this installation itself")
    elif watchdog == database:
        found.append("the watchdog is on the machine of the database, and falls with it")
    elif _zone(watchdog) and _zone(watchdog) == _zone(base):
        zone = _zone(watchdog)
        found.append(f"the watchdog is in the same DNS zone ({zone}): both fail with its names")
    if settings.alarm_url.get_secret_value() and _host(_alarm(settings)) in {base, *_HERE} - {""}:
        found.append("the alarm address is on this installation itself, or on its machine")
    return tuple(found)


def demand_watchdog(settings: Settings) -> None:
    """Raise BadSettings if this is production, and nobody independent watches it."""
    if not settings.production:
        return
    if not settings.heartbeat_url.get_secret_value():
        raise BadSettings(
            "TOCSIN_PRODUCTION: needs TOCSIN_HEARTBEAT_URL. A pager that is down cannot say so:"
            " somebody else must notice. Any heartbeat service will do (healthchecks.io,"
            " Dead Man's Snitch, Cronitor, Better Stack), or a second small Tocsin on another"
            " machine; docs/operations.md says how, under Who watches Tocsin"
        )
    url = settings.heartbeat_url.get_secret_value()
    if _host(url) in {*_HERE, _host(settings.base_url)} - {""}:
        raise BadSettings(
            "TOCSIN_HEARTBEAT_URL: leads to this machine or this installation, which"
            " TOCSIN_PRODUCTION does not allow: what falls with Tocsin cannot tell of it"
        )


def checkups(
    world: World,
    loop: Loop,
    settings: Settings,
    listening: Listening,
    troubles: Callable[[], Sequence[str]],
) -> tuple[Checkups, Callable[[], Health]]:
    """Return the thread that does check-ups, and what asks for the last one.

    The loopback channel of this node has to be among the world's channels.
    """
    loopback = next(one for one in world.channels.values() if isinstance(one, Loopback))
    stopping = threading.Event()
    means = Means(OwnDoor(listening.address), loopback, waiting(stopping), elapsed)
    outside = Watchdog(
        settings.heartbeat_url.get_secret_value(),
        settings.heartbeat_key.get_secret_value(),
        _alarm(settings),
    )
    signs = Signs(loop.lag.worst, troubles, elapsed, warnings(settings))
    checkup = Checkup(world, Prober(world, means), signs, outside)
    return Checkups(checkup, stopping, listening.serves), lambda: checkup.health


def _alarm(settings: Settings) -> str:
    return settings.alarm_url.get_secret_value()


def _host(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _zone(host: str) -> str:
    """Return the last two labels of a name, "" for an address or a name without a dot."""
    labels = host.split(".")
    if len(labels) < 2 or labels[-1].isdigit() or ":" in host:
        return ""
    return ".".join(labels[-2:])
