"""The report in trust/ is what its generator makes of the figures that are kept."""

from pathlib import Path

import pytest
from scripts import trust

PAGES = {"REPORT.md": trust.report, "planted.md": trust.planted}


@pytest.mark.parametrize("page", PAGES)
def test_it_is_what_the_figures_say(page: str) -> None:
    written = (Path(trust.TRUST) / page).read_text(encoding="utf-8")
    assert written == PAGES[page](), "run `python scripts/trust.py`"


def test_every_kept_figure_is_in_the_report() -> None:
    known = {topic.name for topic in trust.TOPICS}
    kept = {path.stem for path in (trust.TRUST / "figures").glob("*.json")}
    assert kept <= known


def test_each_run_says_when_and_where() -> None:
    for topic in trust.TOPICS:
        found = trust.figures(topic.name)
        assert not found or {"date", "machine"} <= set(found), topic.name
