"""Every setting has its heading, and every heading is a setting."""

import re
from pathlib import Path

from tocsin.settings import PREFIX, Settings

PAGE = Path(__file__).parents[2] / "docs" / "settings.md"


def test_every_setting_is_documented_and_nothing_else() -> None:
    headings = set(re.findall(rf"^## ({PREFIX}\w+)$", PAGE.read_text(), flags=re.MULTILINE))
    assert headings == {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
