"""The long search for texts that break the readers, or that take them long.

Nothing here fails because of a time: machines differ. The slowest inputs and their times are
written to `build/torture/` and printed; look at them before a release.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.core.mangling import originals
from tests.core.test_reader_fuzz import check_problems
from tests.torture.slowest import record, search

from tocsin.core.organisation import read_organisation
from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read

pytestmark = [pytest.mark.torture, pytest.mark.timeout(600)]

FOLDER = Path(__file__).parents[2] / "build" / "torture"
SECONDS = 60.0


def read_plan(text: str) -> None:
    _, problems = read(text, "plan.yaml")
    check_problems(problems, text)


def read_people(text: str) -> None:
    _, problems = read_organisation(text, "org.yaml")
    check_problems(problems, text)


def read_comments(text: str) -> None:
    check_problems(list(citations(text).problems), text)


@pytest.mark.parametrize(
    ("name", "reader", "seeds"),
    [
        ("slowest-plan", read_plan, "plan.yaml"),
        ("slowest-organisation", read_people, "org.yaml"),
        ("slowest-comments", read_comments, "plan.yaml"),
    ],
)
def test_no_text_breaks_the_reader(
    name: str,
    reader: Callable[[str], None],
    seeds: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    slowest, count = search(reader, originals(seeds), seconds=SECONDS, seed=5)
    with capsys.disabled():
        sys.stdout.write(f"\n{record(FOLDER, name, slowest, count)}\n")
    assert count > 100
