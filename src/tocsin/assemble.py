"""The composition root: the only file that knows every shell. Straight-line construction."""

import asyncio
import fcntl
import gc
import os
import resource
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Protocol

import msgspec
import structlog
import uvicorn
from fastapi import FastAPI

from tocsin import __version__
from tocsin.engine.emergency.keeper import Keeper, KeeperThreads
from tocsin.engine.emergency.store import NotInEmergency, StoreWithJournal
from tocsin.engine.hearing import listen
from tocsin.engine.keys import integration_key, operator_key
from tocsin.engine.loop import Loop
from tocsin.engine.ports import Channel, Now, Store, StoreUnavailable
from tocsin.engine.probe import plan as probe_plan
from tocsin.engine.prober import Loopback
from tocsin.engine.rules import NoRules, Rules
from tocsin.engine.statuspage.page import board_of, is_public
from tocsin.engine.summing import SummingThread
from tocsin.engine.timekeeping import Comparing, Timekeeper
from tocsin.engine.world import World
from tocsin.logs import set_up_logs
from tocsin.rule_files import (
    BadRules as BadRules,
)
from tocsin.rule_files import (
    Files,
    Watcher,
    find_files,
    rules_of,
)
from tocsin.rule_files import (
    ServeOptions as ServeOptions,
)
from tocsin.settings import (
    BadSettings,
    Settings,
    data_directory,
    described,
    read_settings,
)
from tocsin.sources.alertmanager.parse import AlertmanagerApi, AlertmanagerWebhook
from tocsin.sources.alertmanager.view import AlertmanagerView
from tocsin.sources.deployments.parse import Deployments
from tocsin.store.beside import open_beside
from tocsin.store.reserve import give_up_for_start
from tocsin.store.sql_store import SqlStore, open_store
from tocsin.wallclock import elapsed, now
from tocsin.watched import Listening, demand_watchdog
from tocsin.watched import checkups as watched
from tocsin.ways_out import channels_for_subscribers, channels_of
from tocsin.web.app import make_app
from tocsin.web.arrivals import Arrivals
from tocsin.web.connections import LimitedConnection
from tocsin.web.intake import Intake
from tocsin.web.live import Notifier
from tocsin.web.oidc import Client
from tocsin.web.sessions import make_sign_in_link
from tocsin.web.site import Site, Variable
from tocsin.web.statuspage.folder import write
from tocsin.web.statuspage.making import files_of

STORE = "tocsin.sqlite3"
"""The store in the data directory, unless an address says otherwise."""

LAST_BACKUP = "last-backup"
"""The file of the data directory that says when the store was copied last."""

SWITCH_SECONDS = 0.001
"""How long one thread may hold the interpreter: short, so that an alert never waits for a page."""

log = structlog.get_logger()


def serve(options: ServeOptions) -> None:
    """Run the server until it is told to stop.

    Raises BadSettings, BadRules, StoreUnavailable or OSError before it listens; later problems
    are logged.
    """
    settings = read_settings()
    demand_watchdog(settings)
    set_up_logs(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_many_connections()
    data = data_directory(options.data, settings)
    locks = [_only_here(data, "--data")]
    if settings.emergency is not None:
        # Where there can be no folder for a journal, the node starts without one.
        with suppress(OSError):
            locks.append(_only_here(settings.emergency, "TOCSIN_EMERGENCY", "journal.lock"))
    clock = Timekeeper(now, elapsed)
    store = _open_with_journal(settings, data, clock.now)
    try:
        _serve_on(store, clock, options, settings, data)
    finally:
        store.close()
        for lock in locks:
            os.close(lock)


def _serve_on(
    store: StoreWithJournal,
    clock: Timekeeper,
    options: ServeOptions,
    settings: Settings,
    data: Path,
) -> None:
    """Put everything together around the store, and serve."""
    comparing = Comparing(clock, store, elapsed)
    comparing.look()
    files = find_files(options, data, store)
    rules = rules_of(store, files, store.emergency())
    channels = channels_of(rules.organisation, settings)
    rules.before_change = lambda people: channels.update(channels_of(people, settings))
    woken, notifier = threading.Event(), Notifier()
    wake = _waking(woken, notifier)
    base_url = settings.base_url or f"http://{_reachable(options.host)}:{options.port}"
    world = _world(store, rules, channels, wake, base_url)
    world = replace(world, emergency=store.emergency, now=clock.now)
    store.told = _turning(rules, wake)
    keeper = Keeper(world, store, elapsed)
    keeping = KeeperThreads(keeper, store)
    _add_own_channels(channels, world)
    loop, summing = Loop(world, woken, elapsed), SummingThread(world, elapsed, store.lacks_room)
    if store.emergency() is None:
        listen(world, starting=True)
    expecting = lambda starting: listen(world, starting=starting)  # noqa: E731
    watcher, arrivals = Watcher(rules, files, expecting, store.emergency), Arrivals()
    intake = Intake(world, arrivals, store.lacks_room)
    site = Site(
        version=__version__,
        intake_app=intake,
        shutting_down=lambda: server.should_exit,
        notifier=notifier,
        alert_view=AlertmanagerView(),
        deployments=Deployments(),
        troubles=lambda: tuple(filter(None, (loop.trouble, store.lacks_room()))),
        degraded=keeper.degraded,
        identity_provider=_identity_provider(settings),
        status_folder=data / "status",
        arrivals=arrivals,
        variables=tuple(Variable(*one) for one in described(settings)),
        data_folder=str(data.absolute()),
        health=lambda: health(),
    )
    app = make_app(world, site)
    server = _server(app, options, settings.proxies)
    at = Listening(lambda: _own_address(server, options), lambda: server.started)
    # A clock that is set is an alarm, and no reason to send alerts elsewhere.
    all_troubles = lambda: (*site.troubles(), *filter(None, [clock.trouble]))  # noqa: E731
    checkups, health = watched(world, loop, settings, at, all_troubles)
    parts = (intake, checkups, summing, watcher, app.state.web.publisher, loop, keeping, comparing)
    app.router.lifespan_context = _life(parts)
    # What is here by now stays: the collector need not look through it again, which would hold up
    # a page for 60 ms.
    gc.freeze()
    _remember(data, base_url, operator_key(world.secret))
    _greet(world, files, data, health().warnings)
    _end_by_signals(server)
    server.run()


def _turning(rules: Rules, wake: Callable[[], None]) -> Callable[[], None]:
    """Return what is done when an emergency begins or ends."""

    def turn() -> None:
        # At once, so that nothing is opened by a plan that the other store does not have.
        with suppress(StoreUnavailable, NoRules):
            rules.follow()
        wake()

    return turn


def _waking(woken: threading.Event, notifier: Notifier) -> Callable[[], None]:
    """Return what wakes the engine and everybody who looks on."""

    def wake() -> None:
        woken.set()
        notifier.changed()

    return wake


def _add_own_channels(channels: dict[str, Channel], world: World) -> None:
    """Add the ways to readers of the status page, and the one by which the node probes itself."""
    channels.update(channels_for_subscribers(channels["email"], world.secret))
    loopback = Loopback(world.node)
    channels[loopback.name] = loopback
    world.rules.know(probe_plan())


def _end_by_signals(server: uvicorn.Server) -> None:
    for ending in (signal.SIGTERM, signal.SIGINT):
        # uvicorn raises it again when all is done; here it has no more to say, so we exit with 0.
        signal.signal(ending, server.handle_exit)


def _server(app: FastAPI, options: ServeOptions, proxies: str) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            host=options.host,
            port=options.port,
            http=LimitedConnection,
            # Nothing here speaks it.
            ws="none",
            log_config=None,
            access_log=False,
            server_header=False,
            # Whom nobody has named could claim to come from anywhere, and guess without end.
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=10,
        )
    )


def _only_here(folder: Path, setting: str, name: str = "lock") -> int:
    """Make sure that no other server works here; the lock ends with the process."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BadSettings(
            f"a server is working in {folder} already; stop it, or choose another {setting}"
        ) from None
    return lock


def _allow_many_connections() -> None:
    """Take as many open files as there are to be had: idle connections must not keep alerts out."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _world(
    store: Store,
    rules: Rules,
    channels: dict[str, Channel],
    wake: Callable[[], None],
    base_url: str,
) -> World:
    with store.read() as reading:
        secret = reading.secret()
    return World(
        store=store,
        rules=rules,
        channels=channels,
        sources={"alertmanager": AlertmanagerWebhook(), "alertmanager-api": AlertmanagerApi()},
        now=now,
        wake=wake,
        base_url=base_url,
        node=_node(),
        secret=secret,
    )


def _own_address(server: uvicorn.Server, options: ServeOptions) -> str:
    """Return where this process listens: whatever stands before it for others is not its own."""
    sockets = [one for each in server.servers for one in each.sockets]
    port = sockets[0].getsockname()[1] if sockets else options.port
    return f"http://{_reachable(options.host)}:{port}"


class _Part(Protocol):
    """What runs beside the requests."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """End; blocks."""


def _life(parts: Sequence[_Part]) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs as long as the server does; at the end, what was accepted is written and sent.

    Parts start in the opposite order of that in which they stop, but for the first, the intake.
    """

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        for part in (parts[0], *reversed(parts[1:])):
            part.start()
        yield
        for part in parts:
            await asyncio.to_thread(part.stop)

    return life


def keys(data: Path | None = None) -> dict[str, object]:
    """Return the installation's keys: one for each integration, and the operator's."""
    settings = read_settings()
    store = _open(settings, data_directory(data, settings))
    try:
        rules = Rules(store)
        rules.follow()
        with store.read() as reading:
            secret = reading.secret()
        of = rules.organisation.integrations.values()
        integrations = {i.id: integration_key(secret, i.id, i.key_version) for i in of}
        return {"integrations": integrations, "operator": operator_key(secret)}
    finally:
        store.close()


def write_status_page(data: Path | None, folder: Path) -> int:
    """Write the public status page to `folder` from the store; return how many files changed.

    Raises BadSettings if the plan in force has none, and OSError.
    """
    settings = read_settings()
    store = _open(settings, data_directory(data, settings))
    try:
        rules = Rules(store)
        rules.follow()
        world = _world(store, rules, {}, lambda: None, settings.base_url)
        board = board_of(world)
        if board is None:
            raise BadSettings("the plan in force has no status page; add `status_page:` to it")
        return write(folder, files_of(board, private=not is_public(world)))
    finally:
        store.close()


def backup(data: Path | None, file: Path) -> None:
    """Write a copy of the whole store to `file` while the server may go on working.

    Raises BadSettings for PostgreSQL, which has its own tools, and OSError.
    """
    settings = read_settings()
    if settings.database_url.startswith("postgresql"):
        raise BadSettings("the store is PostgreSQL; back it up with pg_dump or pg_basebackup")
    store = _open(settings, data_directory(data, settings))
    try:
        store.copy_to(file)
        (data_directory(data, settings) / LAST_BACKUP).write_text(f"{now():%Y-%m-%dT%H:%M:%SZ}\n")
    except StoreUnavailable as problem:
        raise OSError(str(problem)) from None
    finally:
        store.close()


def _open(settings: Settings, data: Path) -> SqlStore:
    if settings.database_url:
        try:
            return open_store(settings.database_url)
        except ValueError as problem:
            raise BadSettings(f"TOCSIN_DATABASE_URL: {problem}") from None
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return open_store(f"sqlite:///{data / STORE}")


def _open_with_journal(settings: Settings, data: Path, clock: Now) -> StoreWithJournal:
    """Open the store such that the node can page without it (invariant H4)."""

    def open_main() -> SqlStore:
        main = _open(settings, data)
        main.hold_reserve(settings.reserve_mib << 20)
        return main

    beside = settings.emergency or data / "emergency"
    try:
        return open_beside(open_main, beside, _node(), (clock, elapsed))
    except StoreUnavailable:
        # On a full disk not even the journal opens: then the reserve is for that (invariant H3).
        if not give_up_for_start(data / STORE):
            raise
        return open_beside(open_main, beside, _node(), (clock, elapsed))


def _node() -> str:
    return f"{os.uname().nodename}-{os.getpid()}"


def _identity_provider(settings: Settings) -> Client | None:
    secret = settings.oidc_client_secret.get_secret_value()
    named = (settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_name)
    return Client(*named) if settings.oidc_issuer else None


def _reachable(host: str) -> str:
    """Return how a URL on this machine says an address that is listened on."""
    here = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"[{here}]" if ":" in here else here


def _remember(data: Path, url: str, key: str) -> None:
    """Leave the address and the key where the commands of this machine find them."""
    unfinished = data / f"server.json.{os.getpid()}"
    text = msgspec.json.encode({"url": url, "key": key})
    unfinished.unlink(missing_ok=True)
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as out:
            out.write(text)
    except OSError as problem:
        # Calls must go on with a full disk; only the commands of this machine miss the file.
        log.error("server.not-remembered", problem=problem.strerror)
        unfinished.unlink(missing_ok=True)
        return
    unfinished.replace(data / "server.json")


def _greet(world: World, files: Files, data: Path, warnings: Sequence[str]) -> None:
    """Tell whoever started the server where it is, how to sign in, and how to try it."""
    organisation = world.rules.organisation
    administrators = [p for p in organisation.people.values() if p.access == "administrator"]
    lines = [
        f"Tocsin {__version__} at {world.base_url}",
        f"  plan          {files.plan} ({world.rules.plan.title})",
        f"  organisation  {files.organisation}",
        f"  data          {data}",
    ]
    if administrators:
        person = administrators[0]
        with suppress(NotInEmergency):
            link = make_sign_in_link(world, person.id)
            lines += [f"Sign in as {person.name} (once, within 15 minutes):", f"  {link}"]
    if organisation.integrations:
        lines += ["Fire an alert:", f"  {_curl(world, organisation.integrations)}"]
    lines += [f"Warning: {warning}" for warning in warnings]
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


def _curl(world: World, integrations: Mapping[str, object]) -> str:
    name = next(iter(integrations))
    version = world.rules.organisation.integrations[name].key_version
    key = integration_key(world.secret, name, version)
    alert = '[{"labels":{"alertname":"ApiDown","service":"checkout","severity":"critical"}}]'
    return (
        f"curl {world.base_url}/api/v2/alerts -H 'Authorization: Bearer {key}'"
        f" -H 'Content-Type: application/json' -d '{alert}'"
    )
