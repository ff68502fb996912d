"""A full disk with a real server on it: what was accepted is paged, and all heals itself."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path

import httpx
import pytest
from tests.servers import Receiver, Setup, TocsinServer, now, wait_until
from tests.torture import figures
from tests.torture.killing import ORGANISATION, PLAN

from tocsin.engine.verify import verify_all
from tocsin.store.sql_store import open_store

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

MIB = 1 << 20
DISK = 144 * MIB
ANSWERED_WITHIN_S = 1.0
HEALED_WITHIN_S = 10.0


@contextmanager
def small_disk(folder: Path) -> Iterator[Path]:
    """Mount a file system of its own, of DISK bytes."""
    if os.geteuid() != 0:
        pytest.skip("a small disk is a tmpfs, and only root may mount one")
    folder.mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={DISK}", "tmpfs", folder], check=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", folder], check=True)


def free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize


class Sender:
    """Sends alerts of some size, one request after the other, and keeps what came of them."""

    def __init__(self, server: TocsinServer) -> None:
        self._client = httpx.Client(base_url=server.url, timeout=10, trust_env=False)
        self._server = server
        self._count = 0
        self.accepted: list[str] = []
        self.refusals: list[float] = []
        self.wrong: list[str] = []

    def close(self) -> None:
        """Hang up."""
        self._client.close()

    def send(self, group: str = "Storm", size: int = 100) -> bool:
        """Send a request; return whether it was taken."""
        names = [f"{group}-{self._count + n}" for n in range(size)]
        self._count += size
        text = "x" * 8_000 if size > 1 else "short"
        body = [
            {"labels": {"alertname": group, "instance": name}, "annotations": {"text": text}}
            for name in names
        ]
        headers = {"Authorization": f"Bearer {self._server.integration_key}"}
        began = time.monotonic()
        answer = self._client.post("/api/v2/alerts", json=body, headers=headers)
        took = time.monotonic() - began
        if answer.status_code == 200:
            self.accepted += names
            return True
        self.refusals.append(took)
        if answer.status_code != 503 or "retry-after" not in answer.headers:
            self.wrong.append(f"{answer.status_code} {answer.text[:200]}")
        return False


def stored(path: Path) -> tuple[set[str], str]:
    """Return the instances that are in the store, and what is wrong with its record."""
    store = open_store(f"sqlite:///{path}")
    try:
        found = set()
        with store.read() as reading:
            after = 0
            while alerts := reading.alerts(None, None, 1_000, after):
                found |= {a.text.partition('"instance":"')[2].partition('"')[0] for a in alerts}
                after = alerts[-1].id
        return found, str(verify_all(store).first_broken or "")
    finally:
        store.close()


def code_of(server: TocsinServer, name: str) -> str:
    """Return the code of the incident of a group."""
    return next(str(one["code"]) for one in server.incidents() if name in one["title"])


def since(receiver: Receiver, code: str, at: datetime) -> bool:
    """Say whether anything about an incident has come after that."""
    return any(p.at > at and p.body["data"]["incident"] == code for p in list(receiver.pages))


def answers(server: TocsinServer) -> bool:
    """Say whether the process listens, ready or not."""
    try:
        return server.request("GET", "/healthz").status_code == 200
    except (httpx.TransportError, OSError):
        return False


def test_on_a_full_disk_what_was_accepted_is_paged_and_all_heals_itself(tmp_path: Path) -> None:
    with ExitStack() as closing:
        receiver = closing.enter_context(Receiver())
        disk = closing.enter_context(small_disk(tmp_path / "node" / "data"))
        environment = {**receiver.environment, "TOCSIN_RESERVE_MIB": "64"}
        setup = Setup(plan=PLAN, organisation=ORGANISATION, environment=environment)
        server = TocsinServer(tmp_path / "node", setup)
        closing.callback(server.close)
        server.start()
        filler = disk / "filler"
        sender = Sender(server)
        closing.callback(sender.close)
        with filler.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free(disk) - 12 * MIB)
        assert sender.send("Unanswered", 1)
        assert sender.send("Answered", 1)
        wait_until(lambda: not sender.send(), 60, "the disk is full")
        full_at = now()
        ready = server.request("GET", "/readyz")
        assert (ready.status_code, "is full" in ready.text) == (503, True), ready.text
        server.post(f"/api/v1/incidents/{code_of(server, 'Answered')}/acknowledge", {"as": "ana"})
        code = code_of(server, "Unanswered")
        wait_until(lambda: since(receiver, code, full_at), 75, "paged with a full disk")
        server.kill()
        server.spawn()
        wait_until(lambda: answers(server), 30, "it starts on a full disk")
        restarted_at = now()
        assert not sender.send(size=1)
        wait_until(lambda: since(receiver, code, restarted_at), 75, "paged after a restart")
        pages = sum(page.at > full_at for page in receiver.pages)
        began = time.monotonic()
        filler.unlink()
        wait_until(lambda: sender.send("Healed", 1), HEALED_WITHIN_S, "alerts are taken again")
        healed = time.monotonic() - began
        server.wait_ready()
        wait_until(lambda: receiver.of(code_of(server, "Healed")), 10, "and paged")
        answered = server.get(f"/api/v1/incidents/{code_of(server, 'Answered')}")
        assert answered["state"] == "acknowledged", answered
        server.stop()
        found, broken = stored(disk / "tocsin.sqlite3")
        assert (disk / "tocsin.sqlite3-reserve").stat().st_size == 64 * MIB
    assert set(sender.accepted) - found == set()
    assert broken == ""
    assert sender.wrong == []
    figures.keep(
        "disk",
        {
            "full tmpfs: alerts accepted": len(sender.accepted),
            "full tmpfs: alerts lost": len(set(sender.accepted) - found),
            "full tmpfs: requests refused": len(sender.refusals),
            "full tmpfs: slowest 503 in seconds": round(max(sender.refusals), 3),
            "full tmpfs: messages sent while full": pages,
            "full tmpfs: acknowledgements lost": 0,
            "full tmpfs: seconds from room to the next alert accepted": round(healed, 2),
        },
    )
    assert max(sender.refusals) <= ANSWERED_WITHIN_S


def test_a_start_on_a_disk_that_others_have_filled_pages_what_was_accepted(tmp_path: Path) -> None:
    with ExitStack() as closing:
        receiver = closing.enter_context(Receiver())
        disk = closing.enter_context(small_disk(tmp_path / "node" / "data"))
        environment = {**receiver.environment, "TOCSIN_RESERVE_MIB": "64"}
        setup = Setup(plan=PLAN, organisation=ORGANISATION, environment=environment)
        server = TocsinServer(tmp_path / "node", setup)
        closing.callback(server.close)
        server.start()
        sender = Sender(server)
        closing.callback(sender.close)
        assert sender.send("Unanswered", 1)
        code = code_of(server, "Unanswered")
        server.stop()
        with (disk / "filler").open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, free(disk))
        assert free(disk) == 0
        server.spawn()
        wait_until(lambda: answers(server), 40, "it starts on a full disk")
        restarted_at = now()
        assert not sender.send(size=1)
        wait_until(lambda: since(receiver, code, restarted_at), 75, "paged after the start")
