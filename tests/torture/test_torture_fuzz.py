"""Every parser, for as long as TORTURE_FUZZ_SECONDS says, with 64 KiB of anything (T-F1).

What breaks one is written to build/torture/fuzz; what is mended goes to tests/fuzz/corpus, where
every run tries it again. Figures: trust/figures/fuzz.json.
"""

from __future__ import annotations

import gc
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fuzz.mutating import MIB_MORE, Tried, effort, kept_in, search
from tests.fuzz.targets import TARGETS
from tests.torture.figures import Figure, keep

pytestmark = [pytest.mark.torture, pytest.mark.timeout(0)]

FOLDER = Path(__file__).parents[2] / "build" / "torture" / "fuzz"
SECONDS = effort("FUZZ_SECONDS", 20)
SEED = effort("FUZZ_SEED", 1)


@pytest.fixture(scope="module")
def found() -> Iterator[list[Tried]]:
    """What was tried, written down in the end, however it ends."""
    all_of: list[Tried] = []
    # What the test runner holds is no part of what is measured.
    gc.collect()
    gc.freeze()
    yield all_of
    slowest = max(all_of, key=lambda one: one.slowest)
    each: dict[str, Figure] = {f"{one.target}: inputs": one.inputs for one in all_of}
    keep(
        "fuzz",
        each
        | {
            "parsers": len(all_of),
            "inputs": sum(one.inputs for one in all_of),
            "seconds for each parser": SECONDS,
            "crashes": sum(len(one.crashes) for one in all_of),
            "inputs slower than 100 ms per 64 KiB": sum(len(one.slow) for one in all_of),
            "slowest input, ms": round(slowest.slowest * 1000, 1),
            "slowest parser": slowest.target,
            "parsers grown by more than 64 MiB": sum(one.mib_more > MIB_MORE for one in all_of),
            "guided by": "time, and the words of each format; branches are not counted",
        },
    )


@pytest.mark.parametrize("name", TARGETS)
def test_no_input_breaks_a_parser(
    name: str, found: list[Tried], capsys: pytest.CaptureFixture[str]
) -> None:
    tried = search(TARGETS[name], SEED, seconds=SECONDS)
    found.append(tried)
    for data, _ in tried.crashes:
        kept_in(name, data, FOLDER / "crashes")
    for data in tried.slow:
        kept_in(name, data, FOLDER / "slow")
    with capsys.disabled():
        sys.stdout.write(
            f"\n{name}: {tried.inputs:,} inputs, the slowest {tried.slowest * 1000:.0f} ms"
            f" ({len(tried.slowest_input):,} bytes), {tried.mib_more:.0f} MiB more\n"
        )
    assert not tried.crashes, f"{tried.crashes[0][0][:300]!r}\n{tried.crashes[0][1]}"
    assert not tried.slow, f"{len(tried.slow)} slow inputs are in {FOLDER / 'slow' / name}"
    assert tried.mib_more <= MIB_MORE
