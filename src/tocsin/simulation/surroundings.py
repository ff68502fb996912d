"""What all parts of a run share: its time, what is ahead, what has happened, and what is wrong."""

from collections import Counter
from collections.abc import Callable
from hashlib import blake2b
from heapq import heappush
from typing import NamedTuple

from tocsin.core.alerts import Signal
from tocsin.simulation.schedule import SECOND, Schedule
from tocsin.simulation.stage import Stage
from tocsin.simulation.store import SimStore


class Told(NamedTuple):
    """One line of a run's history: when, what kind, who, and what happened."""

    at: int
    kind: str
    who: str
    what: str


class Surroundings:
    """Time is `t`, microseconds after the start; it passes only in `night.Night.run`."""

    def __init__(self, stage: Stage, schedule: Schedule, store: SimStore) -> None:
        self.stage = stage
        self.schedule = schedule
        self.store = store
        self.t = 0
        self.history: list[Told] = []
        self.figures: Counter[str] = Counter()
        self.closed_until = 0
        """Until when no node reaches the store."""
        self.hangs_until = 0
        """Until when the store answers nobody."""
        self.full_until = 0
        """Until when nothing more fits on the disk."""
        self.answers_lost_until = 0
        self.posted: list[tuple[int, Signal]] = []
        """What machines have tried to say of alerts, and when first."""
        self.moods: dict[str, tuple[str, int]] = {}
        """What each provider does instead of delivering, and until when."""
        self.downtime = SECOND
        """For how long a process that ends now stays down."""
        self.are_faults_over = False
        self.ahead: list[tuple[int, int, Callable[..., None], tuple[object, ...]]] = []
        """A heap of what will happen: when, in which order, and what."""
        self._order = 0
        self._claims = 0
        self._trace = blake2b(digest_size=16)

    def at(self, at: int, do: Callable[..., None], *with_what: object) -> None:
        """Let something happen at an instant."""
        self._order += 1
        heappush(self.ahead, (max(at, self.t), self._order, do, with_what))

    def note(self, kind: str, who: str, what: str) -> None:
        """Write a line of history; that it happens goes into the trace, its wording does not."""
        self.history.append(Told(self.t, kind, who, what))
        self.add_to_trace(f"{self.t} {kind} {who}")

    def add_to_trace(self, line: str) -> None:
        """Let the trace hang on this too."""
        self._trace.update(f"{line}\n".encode())

    def trace(self) -> str:
        """Return what names everything that has happened."""
        return self._trace.hexdigest()

    def fresh(self) -> str:
        """Return a name for a claim that none had before."""
        self._claims += 1
        return f"claim-{self._claims}"
