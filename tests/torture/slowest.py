"""A search for inputs that a reader takes long for: what was slow is changed and tried again."""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from time import perf_counter, process_time

from tests.core.mangling import mangled

KEPT = 12
SIZE = 64 * 1024


@dataclass(frozen=True, order=True)
class Tried:
    """One input and the seconds of the processor that it took."""

    seconds: float
    text: str


def search(
    read: Callable[[str], object], seeds: Sequence[str], *, seconds: float, seed: int
) -> tuple[list[Tried], int]:
    """The slowest inputs first, and how many were tried; an exception of `read` goes through."""
    # What the test runner holds is no part of what is measured.
    gc.collect()
    gc.freeze()
    random = Random(seed)
    slowest = [_tried(read, text[:SIZE]) for text in seeds]
    count = len(slowest)
    ends = perf_counter() + seconds
    while perf_counter() < ends:
        fresh = random.random() < 0.3
        origin = random.choice(seeds) if fresh else random.choice(slowest).text
        tried = _tried(read, mangled(random, origin, times=5, limit=SIZE))
        count += 1
        if tried.seconds > slowest[-1].seconds or len(slowest) < KEPT:
            # Once more: what was slow by chance is not slow.
            again = _tried(read, tried.text)
            slowest = sorted([*slowest, min(tried, again)], reverse=True)[:KEPT]
    return sorted((_tried(read, one.text) for one in slowest), reverse=True), count


def _tried(read: Callable[[str], object], text: str) -> Tried:
    begun = process_time()
    read(text)
    return Tried(process_time() - begun, text)


def record(folder: Path, name: str, slowest: Sequence[Tried], count: int) -> str:
    """Write the slowest inputs into a folder; the line that tells about them."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, tried in enumerate(slowest[:3], 1):
        path = folder / f"{name}-{number}.yaml"
        path.write_text(tried.text, encoding="utf-8", errors="surrogatepass")
    worst = slowest[0]
    line = (
        f"{name}: {count:,} inputs of at most {SIZE // 1024} KiB; the slowest took "
        f"{worst.seconds * 1000:.0f} ms ({len(worst.text):,} characters, {folder / name}-1.yaml)"
    )
    (folder / f"{name}.txt").write_text(line + "\n", encoding="utf-8")
    return line
