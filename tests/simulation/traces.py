"""What the first seeds come to, kept in traces.txt: `python -m tests.simulation.traces` writes it.

A trace names everything that is decided in a run, and when. It is to be the same on every version
of Python, and to change only when the engine or the simulator is meant to decide otherwise.
"""

from __future__ import annotations

from pathlib import Path

from tocsin.simulation.quiet import quiet
from tocsin.simulation.search import one
from tocsin.simulation.standard import STANDARD

FILE = Path(__file__).with_name("traces.txt")
SEEDS = range(1, 21)


def found() -> str:
    """Return the traces as the file holds them."""
    return "".join(f"{seed} {one(STANDARD, seed).trace}\n" for seed in SEEDS)


if __name__ == "__main__":
    with quiet():
        FILE.write_text(found(), encoding="utf-8")
