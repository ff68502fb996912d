"""Links between documents lead somewhere, and the glossary knows the core's words."""

import re
from pathlib import Path

import pytest

from tocsin.core.incident import events, state
from tocsin.core.plan import model

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
    local = [link for link in links if "://" not in link and not link.startswith("mailto:")]
    missing = [link for link in local if not (page.parent / link).exists()]
    assert missing == []


@pytest.mark.parametrize(
    "word", ["Incident", "Clock", "Fact", "Criterion", "Target", "Severity", "Step", "Role", "Plan"]
)
def test_the_glossary_knows_the_words_of_the_core(word: str) -> None:
    assert hasattr(state, word) or hasattr(model, word)
    assert f"**{word.lower()}" in (ROOT / "GLOSSARY.md").read_text() or (
        f", {word.lower()}" in (ROOT / "GLOSSARY.md").read_text()
    )


def test_every_event_is_documented() -> None:
    kinds = [
        cls
        for cls in vars(events).values()
        if isinstance(cls, type) and cls.__module__ == events.__name__
    ]
    assert all(cls.__doc__ for cls in kinds)
