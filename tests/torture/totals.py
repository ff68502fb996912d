"""Sums over many runs of a Rig, and how they are published."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.torture import figures
from tests.torture.rig import Aftermath

ROUNDS = int(os.environ.get("TORTURE_ROUNDS", "1"))  # noqa: TID251 - how long is for the caller
"""How often each long test does all its harms; figures are published from 2 on."""

SUMS = (
    "requests", "alerts accepted", "lost", "incidents", "pages", "duplicates", "emergencies",
    "owed later than allowed", "of these put down to the machine",
)  # fmt: skip
MOST = ("duplicates max", "longest after an answer s")


@dataclass
class Totals:
    """Figures of one topic, under names that begin with `part`."""

    topic: str
    part: str
    counts: Counter[str] = field(default_factory=Counter)
    most: dict[str, float] = field(default_factory=dict)
    kinds: Counter[str] = field(default_factory=Counter)
    owed_s: list[float] = field(default_factory=list)
    first_s: list[float] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def add(self, after: Aftermath) -> None:
        """Add what came of one run, and publish the sums so far if this is a long session."""
        self.counts["rounds"] += 1
        self.counts["faults"] += len(after.kinds)
        for name in SUMS:
            self.counts[name] += int(after.figures[name])
        for name in MOST:
            self.most[name] = max(self.most.get(name, 0), after.figures[name])
        self.kinds.update(kind.partition(" by ")[0] for kind in after.kinds)
        self.owed_s += after.owed_s
        self.first_s += after.first_s
        self.problems += after.problems
        self.counts["problems"] += len(after.problems)
        if ROUNDS > 1:
            self.publish()

    def publish(self) -> None:
        """Write them to trust/figures."""
        found: dict[str, figures.Figure] = {**self.counts, **self.most}
        found |= {f"times: {kind}": count for kind, count in self.kinds.items()}
        found |= _spread("owed page delay s", self.owed_s)
        found |= _spread("first owed page delay s", self.first_s)
        figures.keep(self.topic, {f"{self.part}: {name}": value for name, value in found.items()})


def _spread(name: str, values: Sequence[float]) -> dict[str, figures.Figure]:
    if not values:
        return {f"{name} n": 0}
    ordered = sorted(values)

    def below(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)

    return {
        f"{name} n": len(ordered),
        f"{name} p50": below(0.5),
        f"{name} p99": below(0.99),
        f"{name} max": round(ordered[-1], 2),
    }
