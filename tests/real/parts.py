"""Real Prometheus, Alertmanager and amtool as parts of a test: started, waited for, stopped.

A part lives in its own folder with its own configuration, data and log, on a spare port of
127.0.0.1. It talks to nothing but what its configuration names.
"""

import shutil
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

import pytest
from tests.servers import DidNotHappen, spare_port, wait_until

READY_WITHIN_S = 20.0
STOPPED_WITHIN_S = 10.0
STARTS = 3
LOG_LINES = 40


def program(*names: str) -> str:
    """Return the path of the first program that is installed; skip the test if none is."""
    for name in names:
        found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
        if found:
            return found
    pytest.skip(f"{names[0]} is not installed (Debian: prometheus, prometheus-alertmanager)")


class Part:
    """A server process from `with` to its end; its log goes to standard error when it stops.

    pytest captures that and shows it for failed tests only.
    """

    def __init__(self, name: str, folder: Path, command: Callable[[int], Sequence[str]]) -> None:
        self.name = name
        self.folder = folder
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        self.address = ""

    @property
    def url(self) -> str:
        """Where it answers, without a slash at the end."""
        return f"http://{self.address}"

    @property
    def log(self) -> str:
        """Everything that it has logged so far."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def __enter__(self) -> Self:
        # Somebody may take the spare port first, so one failed start proves nothing.
        for start in range(1, STARTS + 1):
            self._start()
            try:
                wait_until(self._is_ready_or_dead, READY_WITHIN_S, f"{self.name} is ready")
            except DidNotHappen:
                self._stop()
                raise
            if self._is_alive():
                return self
            if start == STARTS or "address already in use" not in self.log:
                break
        self._stop()
        raise RuntimeError(f"{self.name} does not start:\n{self.log}")

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stop()

    def _start(self) -> None:
        port = spare_port()
        self.address = f"127.0.0.1:{port}"
        with (self.folder / "log").open("wb") as log:
            self._process = subprocess.Popen(
                self._command(port), cwd=self.folder, stdout=log, stderr=subprocess.STDOUT
            )

    def _is_alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def _is_ready_or_dead(self) -> bool:
        if not self._is_alive():
            return True
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=1) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False

    def _stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOPPED_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        last = "\n".join(self.log.splitlines()[-LOG_LINES:])
        sys.stderr.write(f"--- {self.name} on {self.address}, the end of its log:\n{last}\n")


class TocsinServer(Protocol):
    """What the fixture `tocsin_server` of tests/conftest.py gives: a running server."""

    url: str
    integration_key: str
    api_key: str

    def get(self, path: str) -> Any:
        """Return the JSON that a GET of `path` gives with the API key."""


def prometheus(folder: Path, config: str, rules: str) -> Part:
    """Prepare a Prometheus that reads `config`; that may name `rules.yml`, which holds `rules`."""
    binary = program("prometheus")
    folder.mkdir()
    (folder / "prometheus.yml").write_text(config, encoding="utf-8")
    (folder / "rules.yml").write_text(rules, encoding="utf-8")

    def command(port: int) -> list[str]:
        return [
            binary,
            "--config.file=prometheus.yml",
            "--storage.tsdb.path=data",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.external-url=http://127.0.0.1:{port}",
            # The least time between two messages about one alert: a test need not wait a minute.
            "--rules.alert.resend-delay=500ms",
        ]

    return Part("prometheus", folder, command)


def alertmanager(folder: Path, config: str) -> Part:
    """Prepare an Alertmanager that reads `config` and belongs to no cluster."""
    binary = program("prometheus-alertmanager", "alertmanager")
    folder.mkdir()
    (folder / "alertmanager.yml").write_text(config, encoding="utf-8")

    def command(port: int) -> list[str]:
        return [
            binary,
            "--config.file=alertmanager.yml",
            "--storage.path=data",
            f"--web.listen-address=127.0.0.1:{port}",
            f"--web.external-url=http://127.0.0.1:{port}",
            "--cluster.listen-address=",
        ]

    return Part("alertmanager", folder, command)


def amtool(folder: Path, url: str, key: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run amtool against `url` with `key` as bearer token ("" for none); its exit isn't checked."""
    command = [program("amtool"), f"--alertmanager.url={url}", "--timeout=10s"]
    if key:
        settings = folder / "amtool-http.yml"
        settings.write_text(
            f"authorization: {{type: Bearer, credentials: {key}}}\n", encoding="utf-8"
        )
        command.append(f"--http.config.file={settings}")
    return subprocess.run(
        [*command, *arguments], capture_output=True, text=True, timeout=30, check=False, cwd=folder
    )
