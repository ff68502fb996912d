"""The long search for plans and lives in which a law of the core does not hold.

The same seed makes the same plan and life. What is found is made short, written to
`build/torture/` and printed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from time import perf_counter
from typing import get_args

import pytest
from tests.core.lives import live, made_life, smallest
from tests.core.plan.generated import ROOMS, Data, clean_plan, made_plan, slipped
from tests.core.plan.test_generated_plans import check_reading
from tests.core.test_generated_stories import check_rehearsal

from tocsin.core.incident import events as e

SECONDS = 120.0
FIRST_SEED = 1_000_000
FOLDER = Path(__file__).parents[2] / "build" / "torture"
LENGTH = 60
RARE = 4
"""How many kinds of events may be missing: some take two people who agree, or a lucky order."""
OF_DELIVERY: set[type[e.Event]] = {e.Delivered, e.NotDelivered}

pytestmark = [pytest.mark.torture, pytest.mark.timeout(1_200)]


def seeds() -> Iterator[int]:
    """New seeds until the time is over."""
    ends = perf_counter() + SECONDS
    seed = FIRST_SEED
    while perf_counter() < ends:
        yield seed
        seed += 1


def some_plan(seed: int, slips: int) -> Data:
    """A plan of that seed, with slips."""
    random = Random(seed)
    rooms = frozenset(random.sample(ROOMS, random.randint(len(ROOMS) // 3, len(ROOMS))))
    data = made_plan(seed, rooms, random.choice((0.15, 0.3, 0.5)))
    for _ in range(random.randint(0, slips)):
        slip = slipped(random, data)
        data = slip if isinstance(slip, dict) and slip else data
    return data


def say(capsys: pytest.CaptureFixture[str], text: str) -> None:
    with capsys.disabled():
        sys.stdout.write(f"\n{text}\n")


def test_no_plan_breaks_the_reader(capsys: pytest.CaptureFixture[str]) -> None:
    count = 0
    for seed in seeds():
        try:
            check_reading(some_plan(seed, 8))
        except BaseException:
            say(capsys, f"the plan of seed {seed} breaks the reader")
            raise
        count += 1
    say(capsys, f"{count:,} plans with slips were read")
    assert count > 100


def test_no_life_breaks_a_law(capsys: pytest.CaptureFixture[str]) -> None:
    count = 0
    seen: set[type[e.Event]] = set()
    for seed in seeds():
        plan, data, _ = clean_plan(some_plan(seed, 3))
        if plan is None:
            continue
        life = made_life(seed, plan, data, LENGTH)
        try:
            _, timeline = live(plan, life)
        except Exception as error:  # noqa: BLE001 - every kind is a failure here
            short = smallest(life)
            FOLDER.mkdir(parents=True, exist_ok=True)
            (FOLDER / f"life-{seed}.json").write_text(json.dumps(short.data, indent=1))
            pytest.fail(f"seed {seed}: {error!r}\n{short}")
        seen |= {type(event) for event in timeline}
        count += 1
    never = sorted(kind.__name__ for kind in set(get_args(e.AnyEvent)) - seen - OF_DELIVERY)
    say(
        capsys,
        f"{count:,} lives of {LENGTH} commands and more were lived through; never came: "
        f"{', '.join(never) or 'nothing'}",
    )
    assert count > 100
    assert len(never) <= RARE, "a search that never comes across these proves nothing about them"


def test_no_rehearsal_goes_on_without_end(capsys: pytest.CaptureFixture[str]) -> None:
    count = 0
    for seed in seeds():
        try:
            check_rehearsal(some_plan(seed, 2), seed, LENGTH)
        except BaseException:
            say(capsys, f"the rehearsal of seed {seed} fails")
            raise
        count += 1
    say(capsys, f"{count:,} rehearsals of {LENGTH} deeds each were told twice")
    assert count > 20
