"""The two C programs that measure: the load, and the receiver of webhooks."""

import json
import os
import select
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any

HERE = Path(__file__).parent
BUILD = HERE / ".build"
FLAGS = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-D_GNU_SOURCE"]
PAGE_TIMEOUT_SECONDS = 10.0
GIVE_UP_AFTER = 5
TOKEN = "BenchProbe"


class BenchError(Exception):
    """It cannot be measured; the text says why and what to do."""


def build() -> None:
    """Compile what is missing or older than its source."""
    BUILD.mkdir(exist_ok=True)
    for name in ("load", "receiver"):
        source, program = HERE / f"{name}.c", BUILD / name
        if program.exists() and program.stat().st_mtime > source.stat().st_mtime:
            continue
        compiler = shutil.which(os.environ.get("CC", "cc"))
        if compiler is None:
            raise BenchError(
                "no C compiler found; the load generator is a C program.\n"
                "Install one (Debian: apt-get install gcc libc6-dev), or name it in CC."
            )
        command = [compiler, *FLAGS, "-o", str(program), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{' '.join(command)} failed:\n{done.stderr[:2000]}")


def load(port: int, authorization: str | None = None, **options: float) -> dict[str, Any]:
    """Run the load generator to its end; what it printed. Options as in load.c."""
    command = [str(BUILD / "load"), "--port", str(port)]
    if authorization:
        command += ["--authorization", authorization]
    for name, value in options.items():
        command += [f"--{name}", str(value)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if not done.stdout:
        raise BenchError(f"the load generator failed: {done.stderr.strip()[:600]}")
    result: dict[str, Any] = json.loads(done.stdout)
    result["said"] = done.stderr.strip()[:600]
    return result


class Receiver:
    """A running receiver of webhooks."""

    def __init__(self, *, quiet: bool) -> None:
        """Start it; quiet ones only count."""
        command = [str(BUILD / "receiver"), "--token", TOKEN, *(["--quiet"] if quiet else [])]
        self._process = subprocess.Popen(
            command,
            bufsize=0,  # so that os.read in wait_for misses nothing
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )
        assert self._process.stdout is not None
        self._lines = self._process.stdout
        self._rest = b""
        self._closing: tuple[int, str] | None = None
        self.port = int(self._lines.readline())

    def __enter__(self) -> "Receiver":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    @property
    def url(self) -> str:
        """Where webhooks go."""
        return f"http://127.0.0.1:{self.port}/hook"

    def wait_for(self, token: str, seconds: float) -> int | None:
        """When the webhook with this token came (CLOCK_MONOTONIC, ns); None if it did not."""
        deadline = time.monotonic() + seconds
        descriptor = self._lines.fileno()
        while True:
            line, found, rest = self._rest.partition(b"\n")
            if found:
                self._rest = rest
                at, _, name = line.decode().partition(" ")
                if name == token:
                    return int(at)
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                return None
            fresh = os.read(descriptor, 65536)
            if not fresh:
                return None
            self._rest += fresh

    def collect(self, tokens: set[str], seconds: float) -> dict[str, int]:
        """When each of these webhooks came first (CLOCK_MONOTONIC, ns), as far as they came."""
        came: dict[str, int] = {}
        deadline = time.monotonic() + seconds
        descriptor = self._lines.fileno()
        while tokens - came.keys():
            line, found, rest = self._rest.partition(b"\n")
            if found:
                self._rest = rest
                at, _, name = line.decode().partition(" ")
                if name in tokens:
                    came.setdefault(name, int(at))
                continue
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([descriptor], [], [], left)[0]:
                break
            fresh = os.read(descriptor, 65536)
            if not fresh:
                break
            self._rest += fresh
        return came

    def close(self) -> tuple[int, str]:
        """Stop it; how many webhooks came, and what it complained about."""
        if self._closing is None:
            self._process.send_signal(signal.SIGTERM)
            out, err = self._process.communicate(timeout=10)
            last = out.rstrip().rpartition(b"\n")[2]
            count = json.loads(last)["requests"] if last.startswith(b"{") else 0
            self._closing = (count, err.decode(errors="replace"))
        return self._closing


def probe_latency(
    receiver: Receiver, port: int, authorization: str | None, probes: int
) -> tuple[list[float], list[float], int]:
    """Send alerts one by one to an idle server, each in a group of its own.

    The milliseconds from the first byte sent to the answer, and to the last byte of the webhook;
    and how many alerts were sent in all. The first five, which warm everything up, don't count.
    """
    answered: list[float] = []
    paged: list[float] = []
    missing = 0
    warming = 5
    with socket.create_connection(("127.0.0.1", port), timeout=PAGE_TIMEOUT_SECONDS) as line:
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(warming + probes):
            token = f"{TOKEN}{number:06d}"
            request = _probe_request(token, authorization)
            began = time.monotonic_ns()
            line.sendall(request)
            status = _read_answer(line)
            ended = time.monotonic_ns()
            if not 200 <= status < 300:
                raise BenchError(f"a single alert was answered with {status}")
            came = receiver.wait_for(token, PAGE_TIMEOUT_SECONDS)
            if came is None:
                missing += 1
                if missing >= GIVE_UP_AFTER:
                    raise BenchError(_no_webhook(missing, receiver))
            elif number >= warming:
                answered.append((ended - began) / 1e6)
                paged.append((came - began) / 1e6)
            time.sleep(0.02)
    return answered, paged, warming + probes


def _no_webhook(missing: int, receiver: Receiver) -> str:
    came, complaint = receiver.close()
    return (
        f"{missing} alerts were accepted, but no webhook with their name came within"
        f" {PAGE_TIMEOUT_SECONDS:.0f} s ({came} webhooks in all). {complaint[:800]}"
    )


def _probe_request(name: str, authorization: str | None) -> bytes:
    alert = {
        "labels": {
            "alertname": name,
            "cluster": "eu-central-1",
            "environment": "production",
            "instance": "node-1.bench.example.net:9100",
            "service": name.lower(),
            "severity": "critical",
        },
        "annotations": {
            "summary": f"{name}: error rate above 5 percent",
            "description": "More than 5 percent of the requests have failed for ten minutes. " * 4,
        },
        "startsAt": "2026-11-21T09:00:00.000Z",
        "endsAt": "2036-11-21T09:00:00.000Z",
        "generatorURL": "http://prometheus.example.net/graph",
    }
    body = json.dumps([alert]).encode()
    head = [
        "POST /api/v2/alerts HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
    ]
    if authorization:
        head.append(f"Authorization: {authorization}")
    return "\r\n".join([*head, "", ""]).encode() + body


def _read_answer(line: socket.socket) -> int:
    """Read one whole answer; its status."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _receive(line)
    head, _, body = data.partition(b"\r\n\r\n")
    length = 0
    for header in head.lower().split(b"\r\n")[1:]:
        name, _, value = header.partition(b":")
        if name == b"content-length":
            length = int(value)
        if name == b"transfer-encoding":
            while not body.endswith(b"0\r\n\r\n"):
                body += _receive(line)
    while len(body) < length:
        body += _receive(line)
    return int(head.split(b" ", 2)[1])


def _receive(line: socket.socket) -> bytes:
    data = line.recv(65536)
    if not data:
        raise BenchError("the server closed the connection instead of answering")
    return data
