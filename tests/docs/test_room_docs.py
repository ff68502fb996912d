"""docs/room.md lists everything that can be said in the incident room."""

import re
from pathlib import Path

from tocsin.core.incident import saying
from tocsin.core.incident.sayings import ALSO, SAYINGS

ROOM = Path(__file__, "../../../docs/room.md").resolve()
TEXT = ROOM.read_text()


def test_every_line_that_can_be_said_is_documented_as_help_says_it() -> None:
    rows = re.findall(r"^\| `/(.*)` \| (.*) \| `(.*)` \|$", TEXT, re.MULTILINE)
    documented = [(line.replace("\\|", "|"), about, example) for line, about, example in rows]
    assert documented == [
        (f"{one.verb} {one.arguments}".strip(), one.about, one.example) for one in SAYINGS
    ]


def test_other_words_for_the_same_are_documented() -> None:
    for other, verb in ALSO.items():
        assert f"`/{other}` for `/{verb}`" in TEXT


def test_every_mistake_is_documented() -> None:
    used = set(re.findall(r'"(saying\.[a-z-]+)"', Path(saying.__file__).read_text()))
    assert used == set(re.findall(r"^\| `(saying\.[a-z-]+)` \|", TEXT, re.MULTILINE))
