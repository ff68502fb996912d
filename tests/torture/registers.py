"""What concurrent clients of several nodes do to one incident each, recorded for `linear`."""

from __future__ import annotations

import math
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from itertools import count

from tests.torture.linear import READ, UNKNOWN, Operation, contradiction, incident
from tests.torture.load import Line, Target

CLIENTS = 5
READINGS = ("read", "listed")
CHANGES = ("acknowledge", "resolve", "reopen")
OPERATIONS = (*READINGS, *READINGS, "read", "read", *CHANGES)
"""More readings than changes: an answer that is wrong is found where nothing else explains it."""

PAUSE_S = (0.0, 0.03)
EACH_FOR_S = 2.5
"""How long all clients stay with one incident before they go on to the next."""

ANSWERED_WITHIN_S = 3.0
"""Who got no answer for so long asks again, as somebody new: the old call may still happen."""

LOST_AT_MOST = 4
"""So many changes of one incident may be without an answer; then it is only read.

Each of them may still happen whenever the history needs it, so many would explain anything.
"""

LISTED = "/api/v1/incidents?state=open,acknowledged&limit=200"

_numbers = count(1)


@dataclass
class Register:
    """One incident, and what all clients have seen of it. `began` is in seconds of `monotonic`."""

    code: str
    began: float
    history: list[Operation] = field(default_factory=list)
    lost: int = 0

    @property
    def is_over(self) -> bool:
        """Whether it is time for the next one."""
        return time.monotonic() > self.began + EACH_FOR_S or self.lost >= LOST_AT_MOST


@dataclass
class Registers:
    """Clients at work until `stop`; every incident has a history of its own."""

    target: Target
    seed: int
    all: list[Register] = field(default_factory=list)
    unexpected: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)
    """How many of the operations were readings of the list, refused and unanswered."""

    _stopping: threading.Event = field(default_factory=threading.Event)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _threads: list[threading.Thread] = field(default_factory=list)
    _is_declaring: bool = False

    def start(self) -> None:
        """Begin."""
        self._threads = [
            threading.Thread(target=self._work, args=(random.Random(f"{self.seed} {n}"),))
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
        found = [(one.code, contradiction(one.history, "open", incident)) for one in self.all]
        return [f"{code} is not linearizable (E1): {why}" for code, why in found if why]

    @property
    def operations(self) -> int:
        """How many there are in all histories."""
        return sum(len(one.history) for one in self.all)

    def _work(self, chance: random.Random) -> None:
        line = Line(self.target.urls, self.target.api_key, chance, ANSWERED_WITHIN_S)
        while not self._stopping.wait(chance.uniform(*PAUSE_S)):
            register = self._current(line)
            if register is None:
                continue
            what = chance.choice(OPERATIONS)
            if what not in READINGS and register.lost >= LOST_AT_MOST:
                what = "read"
            called = time.monotonic()
            answer = self._ask(line, register.code, what)
            if answer == UNKNOWN and (what in READINGS or not line.has_left):
                continue  # it has changed nothing and told nothing
            self.keep(register, what, answer, called)
        line.close()

    def keep(self, register: Register, what: str, answer: str, called: float) -> None:
        """Add what has just been answered, as `_ask` says it, or was not."""
        answered = time.monotonic() if answer != UNKNOWN else math.inf
        if what in READINGS:
            seen = Operation(called, answered, READ, answer)
        elif answer in ("no", UNKNOWN):
            seen = Operation(called, answered, what, answer)
        else:
            # The document in the answer is read after the change, maybe after others' changes too.
            seen = Operation(called, answered, what, "ok", shown=answer)
        with self._lock:
            register.history.append(seen)
            register.lost += answer == UNKNOWN
            self.counts["listed"] += what == "listed"
            self.counts["refused"] += answer == "no"
            self.counts["unanswered"] += answer == UNKNOWN

    def _current(self, line: Line) -> Register | None:
        """Return the incident that all work on now.

        Whoever finds it over declares a new one; the others go on with the old one meanwhile.
        """
        with self._lock:
            latest = self.all[-1] if self.all else None
            if self._is_declaring or (latest is not None and not latest.is_over):
                return latest
            self._is_declaring = True
        body = {"title": f"Register {next(_numbers)}", "as": "ana", "severity": "P0"}
        status, said = line.ask("POST", "/api/v1/incidents", body)
        with self._lock:
            self._is_declaring = False
            if status in (200, 201) and said:
                latest = Register(str(said["code"]), time.monotonic())
                self.all.append(latest)
            return latest

    def _ask(self, line: Line, code: str, what: str) -> str:
        """Return the state that was shown, "no" for a refusal, or UNKNOWN."""
        path = f"/api/v1/incidents/{code}"
        if what == "listed":
            status, said = line.ask("GET", LISTED)
            if status == 200 and said:
                states = {one["code"]: str(one["state"]) for one in said["incidents"]}
                return states.get(code, "resolved")
        elif what == "read":
            status, said = line.ask("GET", path)
        else:
            status, said = line.ask("POST", f"{path}/{what}", {"as": "ana"})
        if status == 200 and said:
            return str(said["state"])
        if status == 409 and said and said["code"] == "incident.resolved":
            return "no"
        if status not in (0, 200, 503):
            with self._lock:
                self.unexpected.append(f"{what}: {status} {said}")
        return UNKNOWN
