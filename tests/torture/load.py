"""Senders and a responder who do not let go: what is refused or lost on the way is sent again."""

from __future__ import annotations

import hashlib
import http.client
import json
import random
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any
from urllib.parse import urlsplit

from tests.servers import now

RETRY_S = 0.01
TIMEOUT_S = 10.0
FINISHED_WITHIN_S = 60.0
OF_ITS_OWN = 0.12
"""Share of alerts that open an incident of their own."""
IN_BATCH = 0.25
ENDS = 0.2
SHARED_BY = 60
"""So many alerts share a group before the next one begins."""
ANSWERED = 2, 5
"""Of so many incidents, so many are acknowledged."""


@dataclass
class Accepted:
    """What was answered with 2xx, and so must be there."""

    alerts: dict[str, str] = field(default_factory=dict)
    """The alert's `instance`, which no other has, and its `alertname`."""
    ended: set[str] = field(default_factory=set)
    acknowledged: set[str] = field(default_factory=set)
    requests: int = 0
    unexpected: list[str] = field(default_factory=list)
    """Answers that are neither 2xx nor 503."""
    shown: set[str] = field(default_factory=set)
    """Codes of incidents in lists that nodes have given."""
    unknown: list[tuple[str, datetime, datetime, str]] = field(default_factory=list)
    """Codes that a node had shown and one did not know: when it was asked, when it said so, and
    which it was, by its host and port.
    """


class Line:
    """Requests to a set of nodes, over connections that are kept as long as they hold."""

    def __init__(
        self,
        urls: Sequence[str],
        key: str,
        chance: random.Random,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self.has_left = False
        """Whether any of the last request may have reached a node."""
        self.asked = ""
        """Host and port of the node that was asked last."""
        self._timeout_s = timeout_s
        self._nodes = [urlsplit(url).netloc for url in urls]
        self._open: dict[str, http.client.HTTPConnection] = {}
        self._chance = chance
        self._headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Return status and document; the status is 0 if nobody can tell what became of it."""
        self.asked = node = self._chance.choice(self._nodes)
        if node not in self._open:
            self._open[node] = http.client.HTTPConnection(node, timeout=self._timeout_s)
        connection = self._open[node]
        status = 0
        self.has_left = False
        try:
            if connection.sock is None:
                connection.connect()
            self.has_left = True
            connection.request(method, path, json.dumps(body), self._headers)
            answer = connection.getresponse()
            status = answer.status  # from here on it counts as answered, whatever breaks
            content = answer.read()
            return status, json.loads(content) if content else None
        except (OSError, http.client.HTTPException, ValueError):
            connection.close()
            del self._open[node]
            return status, None

    def close(self) -> None:
        """Give back the connections."""
        for connection in self._open.values():
            connection.close()


@dataclass(frozen=True)
class Pace:
    """How many send at once, and how long everybody pauses between two requests."""

    senders: int = 3
    pause_s: tuple[float, float] = (0.002, 0.02)


FULL_PACE = Pace()


@dataclass(frozen=True)
class Target:
    """Whom the load is for."""

    urls: Sequence[str]
    integration_key: str
    api_key: str


class Load:
    """Several senders and one responder in threads of their own, until `finish`."""

    def __init__(self, target: Target, seed: int, pace: Pace = FULL_PACE) -> None:
        self.accepted = Accepted()
        self._pace = pace
        self._target = target
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._giving_up = threading.Event()
        self._numbers = count()
        self._faults: list[BaseException] = []
        jobs: list[Callable[[random.Random], None]] = [*[self._send] * pace.senders, self._respond]
        self._threads = [
            threading.Thread(target=self._guarded, args=(job, random.Random(f"{seed} {n}")))
            for n, job in enumerate(jobs)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def finish(self) -> None:
        """Begin nothing more; what was begun is sent until it is accepted."""
        self._stopping.set()
        deadline = time.monotonic() + FINISHED_WITHIN_S
        for thread in self._threads:
            thread.join(max(deadline - time.monotonic(), 0))
        stuck = [thread for thread in self._threads if thread.is_alive()]
        self.give_up()
        if self._faults:
            raise self._faults[0]
        if stuck:
            raise AssertionError(f"nobody takes what is sent, for {FINISHED_WITHIN_S:g} s")

    def give_up(self) -> None:
        """End at once, whatever has not been accepted yet."""
        self._stopping.set()
        self._giving_up.set()
        for thread in self._threads:
            thread.join()

    def _guarded(self, job: Callable[[random.Random], None], chance: random.Random) -> None:
        try:
            job(chance)
        except Exception as fault:  # noqa: BLE001  - it is raised again where the test sees it
            self._faults.append(fault)

    # Alerts.

    def _send(self, chance: random.Random) -> None:
        line = Line(self._target.urls, self._target.integration_key, chance)
        mine: list[dict[str, Any]] = []
        while not self._stopping.wait(chance.uniform(*self._pace.pause_s)):
            if mine and chance.random() < ENDS:
                ended = mine.pop(chance.randrange(len(mine)))
                ended = {**ended, "endsAt": now().isoformat(), "status": "resolved"}
                self._until_taken(line, chance, [ended])
                with self._lock:
                    self.accepted.ended.add(ended["labels"]["instance"])
                continue
            size = chance.randint(2, 8) if chance.random() < IN_BATCH else 1
            alerts = [self._alert(chance) for _ in range(size)]
            self._until_taken(line, chance, alerts)
            with self._lock:
                for alert in alerts:
                    labels = alert["labels"]
                    self.accepted.alerts[labels["instance"]] = labels["alertname"]
            mine += alerts
        line.close()

    def _alert(self, chance: random.Random) -> dict[str, Any]:
        number = next(self._numbers)
        own = chance.random() < OF_ITS_OWN
        name = f"Own{number}" if own else f"Shared{number // SHARED_BY}"
        alert: dict[str, Any] = {
            "labels": {"alertname": name, "instance": str(number)},
            "status": "firing",
        }
        if chance.random() < 0.5:
            alert["startsAt"] = now().isoformat()
        return alert

    def _until_taken(
        self, line: Line, chance: random.Random, alerts: Sequence[dict[str, Any]]
    ) -> None:
        as_webhook = chance.random() < 0.5
        body = {"version": "4", "status": "firing", "alerts": alerts} if as_webhook else alerts
        path = "/in/alertmanager" if as_webhook else "/api/v2/alerts"
        self._persist(line, path, body)
        with self._lock:
            self.accepted.requests += 1

    def _persist(self, line: Line, path: str, body: object) -> None:
        while not self._giving_up.is_set():
            status, said = line.ask("POST", path, body)
            if 200 <= status < 300:
                return
            if status not in (0, 503):
                self.accepted.unexpected.append(f"{path}: {status} {said}")
                if status < 500:
                    return  # it will never be taken, and that is bad enough
            self._giving_up.wait(RETRY_S)

    # Answers.

    def _respond(self, chance: random.Random) -> None:
        line = Line(self._target.urls, self._target.api_key, chance)
        while not self._stopping.wait(chance.uniform(*self._pace.pause_s)):
            status, listed = line.ask("GET", "/api/v1/incidents?state=open&limit=100")
            if status != 200 or listed is None:
                continue
            codes = [one["code"] for one in listed["incidents"]]
            self.accepted.shown.update(codes)
            wanted = [code for code in codes if will_be_answered(code)]
            if not wanted:
                continue
            code = chance.choice(wanted)
            path = f"/api/v1/incidents/{code}/acknowledge"
            asked_at = now()
            status, said = line.ask("POST", path, {"as": "ana"})
            if 200 <= status < 300:
                self.accepted.acknowledged.add(code)
            elif status == 404:
                self.accepted.unknown.append((code, asked_at, now(), line.asked))
            elif status not in (0, 409, 503):  # 409: it was resolved meanwhile
                self.accepted.unexpected.append(f"{path}: {status} {said}")
        line.close()


def will_be_answered(code: str) -> bool:
    """Whether the responder acknowledges this incident: always the same for the same one."""
    some, of = ANSWERED
    return hashlib.sha256(code.encode()).digest()[0] % of < some


@dataclass(frozen=True)
class Kill:
    """One `kill -9`; `running` says whether the process was ready by then."""

    at: datetime
    node: int
    running: bool
