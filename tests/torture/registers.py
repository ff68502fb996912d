"""What concurrent clients of several nodes do to one incident each, recorded for `linear`."""

from __future__ import annotations

import math
import random
import threading
import time
from dataclasses import dataclass, field
from itertools import count

from tests.torture.linear import UNKNOWN, Operation, contradiction, incident
from tests.torture.load import Line, Target

CLIENTS = 5
OPERATIONS = ("read", "read", "acknowledge", "resolve", "reopen")
PAUSE_S = (0.0, 0.03)
EACH_FOR_S = 2.5
"""How long all clients stay with one incident before they go on to the next."""

_numbers = count(1)


@dataclass
class Registers:
    """Clients at work until `stop`; every incident has a history of its own."""

    target: Target
    seed: int
    histories: dict[str, list[Operation]] = field(default_factory=dict)
    unexpected: list[str] = field(default_factory=list)
    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)
    _codes: dict[int, str] = field(default_factory=dict)

    def start(self) -> None:
        """Begin."""
        self._threads = [
            threading.Thread(target=self._work, args=(random.Random(f"{self.seed} {n}"), n))
            for n in range(CLIENTS)
        ]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End when everybody has his last answer."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def contradictions(self) -> list[str]:
        """Return what can't be explained, incident by incident (E1)."""
        found = {
            code: contradiction(history, "open", incident)
            for code, history in self.histories.items()
        }
        return [f"{code} is not linearizable (E1): {why}" for code, why in found.items() if why]

    @property
    def operations(self) -> int:
        """How many there are in all histories."""
        return sum(map(len, self.histories.values()))

    def _work(self, chance: random.Random, number: int) -> None:
        line = Line(self.target.urls, self.target.api_key, chance)
        while not self._stopping.wait(chance.uniform(*PAUSE_S)):
            code = self._current(line)
            if not code:
                continue
            what = chance.choice(OPERATIONS)
            called = time.monotonic()
            answer = self._ask(line, code, what)
            answered = time.monotonic() if answer != UNKNOWN else math.inf
            if what == "read" and answer == UNKNOWN:
                continue  # it has changed nothing and told nothing
            seen = [Operation(called, answered, what, answer)]
            if what != "read" and answer not in ("no", UNKNOWN):
                # The document in the answer is read after the change: that is a reading of its own.
                seen = [
                    Operation(called, answered, what, "ok"),
                    Operation(called, answered, "read", answer),
                ]
            with self._lock:
                self.histories[code] += seen
        line.close()

    def _current(self, line: Line) -> str:
        """Return the incident that all work on now; whoever comes first declares a new one."""
        mark = int(time.monotonic() / EACH_FOR_S)
        with self._lock:
            known = self._codes.get(mark)
            if known is not None:
                return known
            status, said = line.ask(
                "POST",
                "/api/v1/incidents",
                {"title": f"Register {next(_numbers)}", "as": "ana", "severity": "P0"},
            )
            if status not in (200, 201) or not said:
                return ""
            code = str(said["code"])
            self._codes[mark] = code
            self.histories[code] = []
            return code

    def _ask(self, line: Line, code: str, what: str) -> str:
        path = f"/api/v1/incidents/{code}"
        status, said = (
            line.ask("GET", path)
            if what == "read"
            else line.ask("POST", f"{path}/{what}", {"as": "ana"})
        )
        if status == 200 and said:
            return str(said["state"])
        if status == 409:
            return "no"
        if status not in (0, 200, 503):
            with self._lock:
                self.unexpected.append(f"{what}: {status} {said}")
        return UNKNOWN
