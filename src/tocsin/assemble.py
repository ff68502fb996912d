"""The composition root: the only file that knows every shell. Straight-line construction."""

import asyncio
import fcntl
import gc
import os
import resource
import signal
import sys
import threading
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from typing import Literal

import msgspec
import structlog
import uvicorn
from fastapi import FastAPI

from tocsin import __version__
from tocsin.core.problem import Problem
from tocsin.engine.keys import integration_key, operator_key
from tocsin.engine.loop import Loop
from tocsin.engine.ports import Channel, Conflict, StoreUnavailable
from tocsin.engine.rules import Rules
from tocsin.engine.statuspage.page import board_of, is_public
from tocsin.engine.world import World
from tocsin.logs import set_up_logs
from tocsin.settings import (
    STARTER,
    BadSettings,
    Settings,
    data_directory,
    described,
    read_settings,
)
from tocsin.sources.alertmanager.parse import AlertmanagerApi, AlertmanagerWebhook
from tocsin.sources.alertmanager.view import AlertmanagerView
from tocsin.sources.deployments.parse import Deployments
from tocsin.store.sql_store import SqlStore, open_store
from tocsin.wallclock import now
from tocsin.ways_out import channels_for_subscribers, channels_of
from tocsin.web.app import make_app
from tocsin.web.arrivals import Arrivals
from tocsin.web.intake import Intake
from tocsin.web.live import Notifier
from tocsin.web.oidc import Client
from tocsin.web.sessions import make_sign_in_link
from tocsin.web.site import Site, Variable
from tocsin.web.statuspage.folder import write
from tocsin.web.statuspage.making import files_of
from tocsin.web.statuspage.publisher import Publisher

RULES_LOOKED_AT_EVERY = 0.5
"""Seconds between two looks at whether a file or the store says something new."""

SWITCH_SECONDS = 0.001
"""How long one thread may hold the interpreter: short, so that an alert never waits for a page."""

log = structlog.get_logger()


class BadRules(Exception):
    """The plan or organisation has errors, and nothing good was kept from before."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems if p.level == "error"))
        self.problems = problems


@dataclass(frozen=True)
class ServeOptions:
    """What `tocsin serve` was asked for; None means: find it in the data directory."""

    data: Path | None = None
    plan: Path | None = None
    organisation: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080


@dataclass(frozen=True)
class Files:
    """The plan and organisation files that a server works by."""

    plan: Path
    organisation: Path

    def texts(self) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
        """Read both, each as (name, content); raises OSError."""
        return (
            (str(self.plan), self.plan.read_bytes()),
            (str(self.organisation), self.organisation.read_bytes()),
        )

    def sources(self) -> tuple[str, str]:
        """Return where both are, such that no other machine's files are called the same."""
        machine = os.uname().nodename
        return f"{machine}:{self.plan.absolute()}", f"{machine}:{self.organisation.absolute()}"

    def stamp(self) -> tuple[int, ...]:
        """Return what changes when a file is written; raises OSError."""
        return tuple(
            part
            for path in (self.plan, self.organisation)
            for part in (path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_ino)
        )


def serve(options: ServeOptions) -> None:
    """Run the server until it is told to stop.

    Raises BadSettings, BadRules, StoreUnavailable or OSError before it listens; later problems
    are logged.
    """
    settings = read_settings()
    set_up_logs(settings.log_level, settings.log_format)
    sys.setswitchinterval(SWITCH_SECONDS)
    _allow_many_connections()
    data = data_directory(options.data, settings)
    lock = _only_here(data)
    store = _open(settings, data)
    files = _files(options, data, store)
    rules = Rules(store)
    _load(rules, files)
    channels = channels_of(rules.organisation, settings)
    rules.before_change = lambda people: channels.update(channels_of(people, settings))
    woken = threading.Event()
    notifier = Notifier()

    def wake() -> None:
        woken.set()
        notifier.changed()

    base_url = settings.base_url or f"http://{_reachable(options.host)}:{options.port}"
    world = _world(store, rules, channels, wake, base_url)
    channels.update(channels_for_subscribers(channels["email"], world.secret))
    loop = Loop(world, woken)
    watcher = _Watcher(rules, files)
    arrivals = Arrivals()
    intake = Intake(world, arrivals)
    site = Site(
        version=__version__,
        intake_app=intake,
        shutting_down=lambda: server.should_exit,
        notifier=notifier,
        alert_view=AlertmanagerView(),
        deployments=Deployments(),
        troubles=lambda: (loop.trouble,) if loop.trouble else (),
        identity_provider=_identity_provider(settings),
        status_folder=data / "status",
        arrivals=arrivals,
        variables=tuple(Variable(*one) for one in described(settings)),
        data_folder=str(data.absolute()),
    )
    app = make_app(world, site)
    app.router.lifespan_context = _life(intake, loop, watcher, app.state.web.publisher)
    server = _server(app, options, settings.proxies)
    # What is here by now stays: the collector need not look through it again, which would hold up
    # a page for 60 ms.
    gc.freeze()
    _remember(data, base_url, operator_key(world.secret))
    _greet(world, files, data)
    _end_by_signals(server)
    try:
        server.run()
    finally:
        store.close()
        os.close(lock)


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
            log_config=None,
            access_log=False,
            server_header=False,
            # Whom nobody has named could claim to come from anywhere, and guess without end.
            proxy_headers=bool(proxies),
            forwarded_allow_ips=proxies,
            timeout_graceful_shutdown=10,
        )
    )


def _only_here(data: Path) -> int:
    """Make sure that no other server works here; the lock ends with the process."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    lock = os.open(data / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise BadSettings(
            f"a server is working in {data} already; stop it, or choose another --data"
        ) from None
    return lock


def _allow_many_connections() -> None:
    """Take as many open files as there are to be had: idle connections must not keep alerts out."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def _world(
    store: SqlStore,
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
        node=f"{os.uname().nodename}-{os.getpid()}",
        secret=secret,
    )


def _life(
    intake: Intake, loop: Loop, watcher: "_Watcher", publisher: Publisher
) -> Callable[[FastAPI], AbstractAsyncContextManager[None]]:
    """What runs as long as the server does; at the end, what was accepted is written and sent."""

    @asynccontextmanager
    async def life(_app: FastAPI) -> AsyncIterator[None]:
        intake.start()
        loop.start()
        watcher.start()
        publisher.start()
        yield
        for part in (intake, watcher, publisher, loop):
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
    return open_store(f"sqlite:///{data / 'tocsin.sqlite3'}")


def _files(options: ServeOptions, data: Path, store: SqlStore) -> Files:
    """Find the files, or write them anew: what was in force last, or else the starter's."""
    found = {}
    kept: tuple[tuple[str, Literal["plan", "organisation"], Path | None], ...] = (
        ("plan.yaml", "plan", options.plan),
        ("org.yaml", "organisation", options.organisation),
    )
    for name, what, given in kept:
        path = given or data / name
        if given is None and not path.exists():
            with store.read() as reading:
                last = reading.active(what)
            if last is None:
                copyfile(STARTER / name, path)
            else:
                path.write_text(last[1], encoding="utf-8")
        found[name] = path
    return Files(found["plan.yaml"], found["org.yaml"])


def _load(rules: Rules, files: Files) -> None:
    """Take account of the files; if they are faulty, go on with what was in force before (H10)."""
    problems = rules.activate(*files.texts(), now(), files.sources())
    if rules.refused and not rules.complete:
        raise BadRules(problems)
    for problem in problems:
        if problem.level != "note":
            log.warning("rules.problem", problem=str(problem))
    if rules.refused:
        log.error("rules.refused", hint="the last good plan and organisation stay in force")
        return
    for (name, content), version in zip(files.texts(), rules.versions, strict=True):
        if sha256(content).hexdigest() != version:
            hint = "something newer is; `tocsin apply` the file, or change it, if it is meant"
            log.warning("rules.file-not-in-force", file=name, hint=hint)


def _identity_provider(settings: Settings) -> Client | None:
    secret = settings.oidc_client_secret.get_secret_value()
    named = (settings.oidc_issuer, settings.oidc_client_id, secret, settings.oidc_name)
    return Client(*named) if settings.oidc_issuer else None


class _Watcher:
    """Takes up what changes: the files, and what was put in force through another node.

    A faulty file is refused and the last good one goes on (H10).
    """

    def __init__(self, rules: Rules, files: Files) -> None:
        self._rules = rules
        self._files = files
        self._stamp = files.stamp()
        self._versions = rules.versions
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="files", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(RULES_LOOKED_AT_EVERY):
            try:
                self._look()
            except OSError as problem:
                log.error("rules.not-read", problem=str(problem))
                self._rules.cannot_read(str(problem.filename or ""), problem.strerror or "?")
            except (StoreUnavailable, Conflict) as problem:
                log.error("rules.not-kept", problem=str(problem))

    def _look(self) -> None:
        self._rules.follow()
        self._look_at_files()
        if self._rules.versions != self._versions:
            self._versions = self._rules.versions
            plan, organisation = self._versions
            log.info("rules.in-force", plan=plan[:12], organisation=organisation[:12])

    def _look_at_files(self) -> None:
        stamp = self._files.stamp()
        # What was refused may fit to what has been put in force since.
        again = self._rules.refused and self._rules.versions != self._versions
        if stamp == self._stamp and not again:
            return
        problems = self._rules.activate(*self._files.texts(), now(), self._files.sources())
        self._stamp = stamp
        if self._rules.refused:
            for problem in problems:
                log.error("rules.refused", problem=str(problem))


def _reachable(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)


def _remember(data: Path, url: str, key: str) -> None:
    """Leave the address and the key where the commands of this machine find them."""
    unfinished = data / f"server.json.{os.getpid()}"
    text = msgspec.json.encode({"url": url, "key": key})
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(text)
    unfinished.replace(data / "server.json")


def _greet(world: World, files: Files, data: Path) -> None:
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
        link = make_sign_in_link(world, person.id)
        lines += [f"Sign in as {person.name} (once, within 15 minutes):", f"  {link}"]
    if organisation.integrations:
        lines += ["Fire an alert:", f"  {_curl(world, organisation.integrations)}"]
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
