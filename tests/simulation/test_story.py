"""A simulator that finds nothing may be blind: here the store is broken on purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tocsin.simulation import story
from tocsin.simulation.__main__ import main
from tocsin.simulation.draw import draw
from tocsin.simulation.night import run
from tocsin.simulation.people import People
from tocsin.simulation.search import one
from tocsin.simulation.shrink import shrink
from tocsin.simulation.standard import STANDARD
from tocsin.simulation.store import SimStore

DEAF = replace(STANDARD, longest={"P0": 60, "P1": 60, "P2": 60})
"""A stage that demands more than the plan promises, so that some seeds fail."""


def test_accepting_before_the_disk_has_it_is_found() -> None:
    """Invariant A1, as in NATS 2.12.1: the answer goes out before the sync."""
    for seed in range(1, 20):
        course = run(STANDARD, draw(STANDARD, seed), SimStore(forgetful=True))
        if course.broken is not None:
            break
    assert course.broken is not None
    assert course.broken.invariant == "A1"


def failing_seed() -> int:
    return next(seed for seed in range(1, 50) if one(DEAF, seed).broken is not None)


def test_a_failing_seed_shrinks_to_what_is_needed() -> None:
    seed = failing_seed()
    drawn = draw(DEAF, seed)
    course = run(DEAF, drawn)
    shrunk = shrink(DEAF, drawn, course)
    assert shrunk.course.broken is not None
    assert shrunk.course.broken.invariant == course.broken.invariant  # type: ignore[union-attr]
    assert len(shrunk.schedule.happenings) <= 3 < len(drawn.happenings)
    again = run(DEAF, shrunk.schedule)
    assert again.trace == shrunk.course.trace


def test_its_story_reads_as_a_timeline() -> None:
    seed = failing_seed()
    told = story.tell(DEAF, seed)
    assert told.is_failure
    lines = told.text.splitlines()
    assert lines[0].startswith(f"Seed {seed} breaks ")
    assert lines[3].startswith("0:00:00.000  ")
    assert any("***" in line for line in lines)
    assert lines[-1] == f"Run it again: python -m tocsin.simulation --seed {seed} --story"


def test_what_a_seed_that_holds_has_to_tell(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "1", "--story"]) == 0
    assert "breaks no invariant" in capsys.readouterr().out


def test_figures_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    assert main(["--seeds", "1-3", "--json", str(file)]) == 0
    assert '"seeds": 3' in file.read_text(encoding="utf-8")
    assert "3 seeds, " in capsys.readouterr().out


def test_whatever_raises_breaks_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    def raises(*_: object) -> None:
        raise ValueError("nobody expects this")

    monkeypatch.setattr(People, "got", raises)
    broken = [one(STANDARD, seed).broken for seed in range(1, 6)]
    assert any(b is not None and b.invariant == "error" for b in broken)
