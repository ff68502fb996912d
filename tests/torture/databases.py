"""PostgreSQL servers that listen on TCP and may die: a primary and a synchronous standby."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
from tests.databases.postgres import MISSING, SERVER_USER, find_binaries
from tests.servers import wait_until
from tests.torture.places import HERE, Place

STANDBY = "standby"
MOST_CONNECTIONS = 90
STARTED_WITHIN_S = 60.0
SETTINGS = {
    "max_connections": str(MOST_CONNECTIONS),
    "shared_buffers": "32MB",
    "wal_keep_size": "256MB",
    "max_wal_size": "256MB",
    "wal_receiver_status_interval": "1s",
    "wal_receiver_timeout": "5s",
    "wal_sender_timeout": "5s",
    "wal_retrieve_retry_interval": "500ms",
    "log_min_messages": "fatal",
}
UNSYNCED = {"fsync": "off"}
"""A machine that dies takes along what was not synced. Ours goes on, so tests may save the time."""


class Postgres:
    """One server with a data directory of its own; killed or stopped, it can start again."""

    def __init__(
        self,
        folder: Path,
        port: int,
        place: Place = HERE,
        settings: Mapping[str, str] = UNSYNCED,
    ) -> None:
        binaries = find_binaries()
        if binaries is None:
            raise RuntimeError(MISSING)
        self._binaries = binaries
        self.data = folder
        self.port = port
        self.place = place
        self._settings = {**SETTINGS, **settings}
        self._process: subprocess.Popen[bytes] | None = None

    # How to reach it.

    @property
    def host_and_port(self) -> str:
        """For an address with several hosts."""
        return f"{self.place.address}:{self.port}"

    def url(self, database: str = "tocsin", user: str = "tocsin") -> str:
        """For one database on this server alone."""
        return f"postgresql://{user}@{self.host_and_port}/{database}?connect_timeout=2"

    def connect(self, database: str = "postgres") -> psycopg.Connection[tuple[object, ...]]:
        """As an administrator."""
        return psycopg.connect(self.url(database, SERVER_USER), autocommit=True)

    def execute(self, statement: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run an administrator's statement; return its rows."""
        with self.connect(database) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    @property
    def takes_changes(self) -> bool:
        """Whether a client could change something now."""
        try:
            return self.execute("SELECT pg_is_in_recovery()") == [(False,)]
        except psycopg.Error:
            return False

    # Its life.

    def create(self) -> None:
        """Make an empty cluster with the database and the role of Tocsin."""
        self._run(
            "initdb", "-D", str(self.data), "-U", SERVER_USER, "-A", "trust", "-N", "-E", "UTF8"
        )
        self._let_in()
        self.start()
        self.execute("CREATE ROLE tocsin LOGIN")
        self.execute("CREATE DATABASE tocsin OWNER tocsin")

    def copy_of(self, primary: Postgres) -> None:
        """Make this the standby of another server, and have that wait for it at each commit."""
        shutil.rmtree(self.data, ignore_errors=True)
        source = f"host={primary.place.address} port={primary.port} user={SERVER_USER}"
        self._run("pg_basebackup", "-D", str(self.data), "-R", "-c", "fast", "-d", source)
        with (self.data / "postgresql.auto.conf").open("a") as settings:
            settings.write("synchronous_standby_names = ''\n")
        self.start()
        primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{STANDBY}'")
        primary.execute("SELECT pg_reload_conf()")
        wait_until(lambda: primary.has_standby, STARTED_WITHIN_S, "the standby follows")

    @property
    def has_standby(self) -> bool:
        """Whether a synchronous standby has all that is committed."""
        states = self.execute("SELECT sync_state FROM pg_stat_replication WHERE state='streaming'")
        return ("sync",) in states

    def spawn(self) -> None:
        """Start the process and wait for nothing."""
        options = {**self._settings, "port": str(self.port), "cluster_name": STANDBY}
        options["listen_addresses"] = self.place.address
        options["unix_socket_directories"] = ""
        command = [str(self._binaries / "postgres"), "-D", str(self.data)]
        command += [part for k, v in options.items() for part in ("-c", f"{k}={v}")]
        with (self.data.parent / f"{self.data.name}.log").open("ab") as log:
            self._process = subprocess.Popen(
                [*self._as_its_user(), *command],
                cwd=self.data.parent,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={"LC_ALL": "C", "PATH": os.defpath},
            )

    def start(self) -> None:
        """Start and wait until it answers; what a killed one has left behind may delay that."""

        def answers() -> bool:
            if self._process is None or self._process.poll() is not None:
                self.spawn()
            try:
                return bool(self.execute("SELECT 1"))
            except psycopg.Error:
                return False

        wait_until(answers, STARTED_WITHIN_S, f"{self.data.name} answers", every_s=0.1)

    def kill(self) -> None:
        """Send SIGKILL to the postmaster alone: its backends notice by themselves."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def die(self) -> None:
        """Kill all its processes at once, as when the machine is gone."""
        if self._process is None:
            return
        for pid in (self._process.pid, *self.backends()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.wait()

    def freeze(self) -> None:
        """Stop all its processes: connections stay, and nothing answers."""
        self._signal_all(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let them go on."""
        self._signal_all(signal.SIGCONT)

    def stop(self, mode: str = "immediate") -> None:
        """Stop by pg_ctl."""
        self._run("pg_ctl", "-D", str(self.data), "-m", mode, "-w", "stop")
        if self._process is not None:
            self._process.wait()

    def promote(self) -> None:
        """Make this standby the primary."""
        self._run("pg_ctl", "-D", str(self.data), "-w", "-t", "60", "promote")

    def close(self) -> None:
        """End it whatever it does."""
        with suppress(ProcessLookupError):
            self.thaw()
        self.die()

    def backends(self, application: str = "") -> list[int]:
        """Return its child processes, or those that serve an application."""
        if application:
            question = f"SELECT pid FROM pg_stat_activity WHERE application_name='{application}'"
            return [int(str(pid)) for (pid,) in self.execute(question)]
        if self._process is None or self._process.poll() is not None:
            return []
        pid = self._process.pid
        try:
            return [int(p) for p in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
        except FileNotFoundError:
            return []

    def _signal_all(self, what: signal.Signals) -> None:
        if self._process is None or self._process.poll() is not None:
            return
        for pid in (self._process.pid, *self.backends()):
            with suppress(ProcessLookupError):
                os.kill(pid, what)

    def _let_in(self) -> None:
        with (self.data / "pg_hba.conf").open("a") as rules:
            rules.write("host all all 10.77.0.0/16 trust\n")
            rules.write("host replication all 10.77.0.0/16 trust\n")

    def _as_its_user(self) -> list[str]:
        demoted = ["setpriv", f"--reuid={SERVER_USER}", f"--regid={SERVER_USER}", "--clear-groups"]
        return [*self.place.prefix, *(demoted if os.geteuid() == 0 else [])]

    def _run(self, program: str, *arguments: str) -> None:
        command = [*self._as_its_user(), str(self._binaries / program), *arguments]
        environment = {"LC_ALL": "C", "PATH": os.defpath}
        log = self.data.parent / f"{program}.log"
        with log.open("wb") as said:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=said,
                cwd=self.data.parent,
                env=environment,
                check=False,
            )
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {log.read_text(errors='replace')[-2000:]}")


class Pair:
    """A primary and, if wanted, a synchronous standby; they change places when one dies."""

    def __init__(self, servers: Sequence[Postgres]) -> None:
        self.primary = servers[0]
        self.standby = servers[1] if len(servers) > 1 else None
        self._servers = servers

    @property
    def url(self) -> str:
        """For nodes: it names all servers, and means whichever takes changes."""
        if self.standby is None:
            return f"postgresql://tocsin@{self.primary.host_and_port}/tocsin"
        hosts = ",".join(server.host_and_port for server in self._servers)
        return f"postgresql://tocsin@{hosts}/tocsin?target_session_attrs=read-write"

    def fail_over(self) -> None:
        """Promote the standby; the old primary must be dead or cut off by now."""
        if self.standby is None:
            raise AssertionError("there is no standby")
        self.standby.promote()
        self.primary, self.standby = self.standby, self.primary

    def repair(self) -> None:
        """Make the other server the standby of the one that is primary now."""
        if self.standby is not None:
            self.standby.thaw()
            self.standby.die()
            self.standby.copy_of(self.primary)


@contextmanager
def running_pair(
    ports: Sequence[int],
    places: Sequence[Place] = (),
    settings: Mapping[str, str] = UNSYNCED,
) -> Iterator[Pair]:
    """Make one server for each port, the first as the primary; all is gone at the end."""
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pair-", dir="/tmp"))
    where = places or [HERE] * len(ports)
    servers = [
        Postgres(folder / f"server-{n}", port, place, settings)
        for n, (port, place) in enumerate(zip(ports, where, strict=True))
    ]
    try:
        if os.geteuid() == 0:
            account = pwd.getpwnam(SERVER_USER)
            os.chown(folder, account.pw_uid, account.pw_gid)
        servers[0].create()
        for standby in servers[1:]:
            standby.copy_of(servers[0])
        yield Pair(servers)
    finally:
        for server in servers:
            server.close()
        shutil.rmtree(folder, ignore_errors=True)
