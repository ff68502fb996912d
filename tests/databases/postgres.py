"""A PostgreSQL server of the tests' own: made in a temporary folder, gone when they end.

Import the fixtures `postgres` and `postgres_url` into a conftest.py to use them. Tests that need
them carry the mark `postgres`. The server listens on a socket in its folder and nowhere else, so
any number of test runs can go on at once.
"""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tocsin.store.sql_store import open_store

SERVER_USER = "postgres"
MISSING = "PostgreSQL is not installed: no initdb in /usr/lib/postgresql/*/bin or PATH"
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "max_connections": "200",
    "log_min_messages": "fatal",
}


class PostgresServer:
    """A cluster in its own folder."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._numbers = count(1)
        self._template = ""

    def start(self) -> None:
        """Make the cluster and start it."""
        data = self._folder / "data"
        self._run("initdb", "-D", data, "-U", SERVER_USER, "-A", "trust", "-E", "UTF8", "-N")
        options = f"-k {self._folder} " + " ".join(f"-c {k}='{v}'" for k, v in SETTINGS.items())
        log = self._folder / "log"
        self._run("pg_ctl", "-D", data, "-o", options, "-l", log, "-w", "-t", "60", "start")

    def stop(self) -> None:
        """Stop at once; the folder is thrown away anyway."""
        self._run("pg_ctl", "-D", self._folder / "data", "-m", "immediate", "-w", "stop")

    def url(self, database: str) -> str:
        """Return the address of a database for `open_store`."""
        return f"postgresql://{SERVER_USER}@/{database}?host={self._folder}"

    def new_database(self, template: str = "template0") -> str:
        """Make a database and return its address."""
        name = f"test_{next(self._numbers)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return self.url(name)

    def new_store_database(self) -> str:
        """Make a database that has the tables already, and return its address."""
        if not self._template:
            self.execute("CREATE DATABASE tables TEMPLATE template0")
            open_store(self.url("tables")).close()
            self._template = "tables"
        return self.new_database(self._template)

    def execute(self, statement: str) -> None:
        """Run an administrator's statement."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement.encode())

    def _run(self, program: str, *arguments: str | Path) -> None:
        command = [self._binaries / program, *arguments]
        as_user: dict[str, Any] = {}
        if os.geteuid() == 0:
            account = pwd.getpwnam(SERVER_USER)
            as_user = {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": ()}
        done = subprocess.run(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE if program == "initdb" else subprocess.DEVNULL,
            cwd=self._folder,
            env={"LC_ALL": "C", "PATH": "/usr/bin:/bin"},
            check=False,
            **as_user,
        )
        if done.returncode != 0:
            log = self._folder / "log"
            said = done.stderr or (log.read_bytes() if log.exists() else b"")
            raise RuntimeError(f"{program} failed: {said.decode(errors='replace')[-2000:]}")


def find_binaries() -> Path | None:
    """Return the folder of the newest PostgreSQL programs on this machine, if there are any."""

    def version(folder: Path) -> float:
        return float(folder.parent.name)

    for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=version, reverse=True):
        if (folder / "initdb").exists():
            return folder
    found = shutil.which("initdb")
    return Path(found).resolve().parent if found else None


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A running server; stopped and removed even if tests fail."""
    binaries = find_binaries()
    if binaries is None:
        pytest.skip(MISSING)
    folder = Path(tempfile.mkdtemp(prefix="tocsin-pg-", dir="/tmp"))
    server = PostgresServer(binaries, folder)
    try:
        if os.geteuid() == 0:
            shutil.chown(folder, SERVER_USER, SERVER_USER)
        server.start()
        try:
            yield server
        finally:
            server.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def postgres_url(postgres: PostgresServer) -> str:
    """The address of a fresh database with all tables."""
    return postgres.new_store_database()
