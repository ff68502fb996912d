"""Many seeds one after the other: which of them break an invariant, and what all of them did."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from time import perf_counter, process_time
from typing import Any

import msgspec

from tocsin.simulation.draw import draw
from tocsin.simulation.night import Course, run
from tocsin.simulation.stage import Stage

AT_ONCE = 50
"""Seeds that a worker process is given at a time."""


class Failed(msgspec.Struct, frozen=True):
    """A seed that broke an invariant: its id, as in docs/simulation.md, and what was seen."""

    seed: int
    invariant: str
    what: str


class Searched(msgspec.Struct, kw_only=True):
    """What a search has found, and how much was tried. `figures` count what happened by name.

    `cpu_seconds` is what one core has worked for it; with several jobs it is not known, and 0.
    """

    seeds: int = 0
    failed: list[Failed] = []
    figures: Counter[str] = msgspec.field(default_factory=Counter)
    seconds: float = 0.0
    cpu_seconds: float = 0.0

    def add(self, outcome: Course) -> None:
        """Count one seed."""
        self.seeds += 1
        self.figures.update(outcome.figures)
        if outcome.broken is not None:
            broken = outcome.broken
            self.failed.append(Failed(outcome.seed, broken.invariant, broken.what))

    def as_data(self) -> dict[str, Any]:
        """Return it for a JSON file, flat: what was counted stands beside `seeds`."""
        counted = {name: round(n, 1) for name, n in sorted(self.figures.items())}
        failed = [msgspec.to_builtins(one) for one in self.failed]
        took = {"seconds": round(self.seconds, 1), "cpu_seconds": round(self.cpu_seconds, 1)}
        return {"seeds": self.seeds, "failed": failed, **counted, **took}


Progress = Callable[[Searched], None]


def search(
    stage: Stage,
    seeds: Iterable[int],
    *,
    jobs: int = 1,
    stop_at_first: bool = False,
    progress: Progress = lambda _searched: None,
) -> Searched:
    """Run each seed on `stage`; `progress` is told after each."""
    searched = Searched()
    started, worked = perf_counter(), process_time()
    for outcome in _outcomes(stage, seeds, jobs):
        searched.add(outcome)
        searched.seconds = perf_counter() - started
        searched.cpu_seconds = process_time() - worked if jobs == 1 else 0
        progress(searched)
        if stop_at_first and searched.failed:
            break
    return searched


def one(stage: Stage, seed: int) -> Course:
    """Draw a seed and run it."""
    return run(stage, draw(stage, seed))


def _outcomes(stage: Stage, seeds: Iterable[int], jobs: int) -> Iterator[Course]:
    if jobs == 1:
        for seed in seeds:
            yield one(stage, seed)
        return
    numbers = list(seeds)
    parts = [numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE)]
    with ProcessPoolExecutor(jobs) as workers:
        for outcomes in workers.map(_several, [stage] * len(parts), parts):
            yield from outcomes


def _several(stage: Stage, seeds: list[int]) -> list[Course]:
    return [one(stage, seed) for seed in seeds]
