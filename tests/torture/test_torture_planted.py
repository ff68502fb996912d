"""The simulator finds every planted bug, each on its own copy of the source.

TORTURE_PLANTED_SEEDS seeds are tried for each; what was found is kept in trust/figures.
"""

from pathlib import Path

import pytest
from tests.fuzz.mutating import effort
from tests.mutants.hunt import hunt, keep, line
from tests.mutants.planting import Bug, bugs

SECONDS = 600.0

pytestmark = [pytest.mark.torture, pytest.mark.timeout(SECONDS + 60)]


@pytest.mark.parametrize("bug", bugs(), ids=lambda bug: bug.id)
def test_the_simulator_finds_it(bug: Bug, tmp_path: Path):
    find = hunt(bug, tmp_path, effort("PLANTED_SEEDS", 20_000), SECONDS)
    keep([find])
    assert find.is_found, line(find)
