"""The two servers that are measured: how each is started, asked and counted."""

import contextlib
import http.client
import json
import os
import shutil
import signal
import socket
import sqlite3
import subprocess
import time
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from instruments import BenchError

try:
    import psycopg
    from psycopg import sql
except ImportError:  # only --database needs it
    psycopg = None  # type: ignore[assignment]

ROOT = Path(__file__).parent.parent
ORG = ROOT / "bench" / "org.yaml"
PLAN = ROOT / "plans" / "starter" / "plan.yaml"
TOCSIN = ROOT / ".venv" / "bin" / "tocsin"
READY_TIMEOUT_SECONDS = 60.0
HOOK_SECRET = "whsec_dG9jc2luLWJlbmNoLXdlYmhvb2stc2VjcmV0LTAwMDE="
"""Signs webhooks that never leave loopback, to a receiver that does not look."""

ALERTMANAGER_CONFIG = """\
route: {{receiver: bench, group_by: [alertname, service], group_wait: 0s, group_interval: 5m}}
receivers:
  - name: bench
    webhook_configs: [{{url: "{url}", send_resolved: false}}]
"""


def free_port() -> int:
    """A loopback port that nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port


class Server:
    """A server with a data directory of its own. Start it as often as you like; close it once."""

    name = ""
    ready_path = ""
    own_disk = True
    """Whether its own processes write what it stores, so that /proc tells how much."""
    durable = False
    """Whether its 2xx promises that `kill -9` loses nothing."""

    def __init__(self, folder: Path, hook_url: str) -> None:
        """Nothing runs yet; `folder` becomes its home."""
        self.folder = folder
        self.hook_url = hook_url
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        folder.mkdir(parents=True)

    @property
    def pid(self) -> int:
        """The process at the head of its tree."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start it; the seconds until it says that it is ready."""
        command, environment = self._command(), os.environ | self._environment()
        began = time.perf_counter()
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(
                command,
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        while not self._is_ready():
            if self._process.poll() is not None:
                raise BenchError(f"{self.name} ended before it was ready:\n{self.log_end()}")
            if time.perf_counter() - began > READY_TIMEOUT_SECONDS:
                raise BenchError(f"{self.name} did not become ready:\n{self.log_end()}")
            time.sleep(0.002)
        return time.perf_counter() - began

    def kill(self) -> None:
        """End it and its children at once, as `kill -9` does."""
        if self._process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self._process = None

    def close(self) -> None:
        """End it and remove all it has left."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def log_end(self) -> str:
        """The last lines of its log."""
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return "\n".join(line[:300] for line in lines[-12:])

    def alive(self) -> bool:
        """Whether it still runs."""
        return self._process is not None and self._process.poll() is None

    def authorization(self) -> str | None:
        """The header that lets alerts in."""
        return None

    def count_and_kill(self) -> int:
        """How many alerts it holds, counted where its 2xx promises them to be; then it is gone."""
        raise NotImplementedError

    def _command(self) -> list[str]:
        raise NotImplementedError

    def _environment(self) -> dict[str, str]:
        return {}

    def _is_ready(self) -> bool:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", self.ready_path)
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()


class Alertmanager(Server):
    """Debian's Alertmanager, alone, without clustering."""

    name = "alertmanager"
    ready_path = "/-/ready"
    program = shutil.which("prometheus-alertmanager")

    def _command(self) -> list[str]:
        config = self.folder / "alertmanager.yml"
        config.write_text(ALERTMANAGER_CONFIG.format(url=self.hook_url))
        return [
            str(self.program),
            f"--config.file={config}",
            f"--storage.path={self.folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--cluster.listen-address=",
            "--log.level=warn",
        ]

    def count_and_kill(self) -> int:
        """Read all alerts and count fingerprints; its 2xx promises memory, so it must be alive."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=300)
        line.request("GET", "/api/v2/alerts")
        answer = line.getresponse()
        mark, count, rest = b'"fingerprint":', 0, b""
        while block := answer.read(1 << 20):
            block = rest + block
            count += block.count(mark)
            rest = block[-(len(mark) - 1) :]
        line.close()
        self.kill()
        return count

    @classmethod
    def version(cls) -> str:
        """What it says of itself."""
        done = subprocess.run(
            [str(cls.program), "--version"], capture_output=True, text=True, check=False
        )
        words = (done.stdout + done.stderr).split()
        return words[2] if len(words) > 2 else "unknown"


class Tocsin(Server):
    """Tocsin from this clone, on SQLite."""

    name = "tocsin"
    ready_path = "/readyz"
    durable = True

    def _command(self) -> list[str]:
        command = f"serve --data {self.folder / 'data'} --plan {PLAN} --org {ORG}"
        return [str(TOCSIN), *command.split(), "--host", "127.0.0.1", "--port", str(self.port)]

    def _environment(self) -> dict[str, str]:
        return {"BENCH_HOOK_URL": self.hook_url, "BENCH_HOOK_SECRET": HOOK_SECRET}

    def authorization(self) -> str | None:
        """The key of the integration `prometheus`."""
        command = [str(TOCSIN), "keys", "--data", str(self.folder / "data"), "--json"]
        done = subprocess.run(
            command,
            cwd=ROOT,
            env=os.environ | self._environment(),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BenchError(f"{' '.join(command)} failed:\n{done.stderr[:600]}")
        return f"Bearer {json.loads(done.stdout)['integrations']['prometheus']}"

    def count_and_kill(self) -> int:
        """Its 2xx promises the disk: kill it first, then count in what is left."""
        self.kill()
        for path in sorted((self.folder / "data").rglob("*")):
            if path.is_file() and path.open("rb").read(15) == b"SQLite format 3":
                with contextlib.closing(sqlite3.connect(path)) as database:
                    if database.execute(
                        "SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'alerts'"
                    ).fetchone():
                        count: int = database.execute("SELECT count(*) FROM alerts").fetchone()[0]
                        return count
        raise BenchError(f"no SQLite file with a table `alerts` under {self.folder / 'data'}")


class TocsinOnPostgres(Tocsin):
    """Tocsin from this clone, on a database of its own in a given PostgreSQL server."""

    own_disk = False
    server_url = ""
    """Its user may create databases; set before the first use."""

    def __init__(self, folder: Path, hook_url: str) -> None:
        """Create the database."""
        super().__init__(folder, hook_url)
        parts = urlsplit(self.server_url)
        self._database = f"tocsin_bench_{os.getpid()}_{self.port}"
        self._url = urlunsplit(parts._replace(path=f"/{self._database}"))
        self._administer("CREATE DATABASE {}")

    def _administer(self, statement: str) -> None:
        if psycopg is None:
            raise BenchError("--database needs psycopg: use .venv/bin/python, or `make setup`")
        query = sql.SQL(statement).format(sql.Identifier(self._database))
        try:
            with psycopg.connect(self.server_url, autocommit=True) as connection:
                connection.execute(query)
        except psycopg.Error as error:
            raise BenchError(f"the server given by --database: {error}") from error

    def _environment(self) -> dict[str, str]:
        return super()._environment() | {"TOCSIN_DATABASE_URL": self._url}

    def count_and_kill(self) -> int:
        """Kill it first, then ask the database."""
        self.kill()
        with psycopg.connect(self._url) as connection:
            row = connection.execute("SELECT count(*) FROM alerts").fetchone()
            assert row is not None
            return int(row[0])

    def close(self) -> None:
        """Remove the database too."""
        super().close()
        self._administer("DROP DATABASE IF EXISTS {} WITH (FORCE)")
