"""The timeline as its readers see it: in sentences, filtered, searched, some of it at a time."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from tocsin.core.record import Entry
from tocsin.engine.ports import Kept, Reading
from tocsin.web.pages.words.sentences import Line, Names, line
from tocsin.web.room import Part

SHOWN = 200
"""So many entries a page has at a time."""

FIRST = 15
"""So many it has at first: a slow phone shows them sooner, and more come when they are wanted."""

READ_AT_ONCE = 1000

FILTERS = {
    "all": "All",
    "said": "People",
    "plan": "Plan",
    "pages": "Pages",
    "clocks": "Clocks",
}
"""What can be shown of a timeline, and how it is called."""


@dataclass(frozen=True)
class Wanted:
    """Which part of a timeline somebody wants: a filter, words to be found, and entries with
    numbers < `before` (0: up to the newest)."""

    show: str = "all"
    find: str = ""
    before: int = 0

    @property
    def is_all(self) -> bool:
        """Whether nothing is left out but by number."""
        return self.show == "all" and not self.find.strip()

    @property
    def at_most(self) -> int:
        """How many are shown."""
        return FIRST if self == ALL else SHOWN

    @property
    def is_live(self) -> bool:
        """Whether what happens next belongs on top of it."""
        return not self.before


@dataclass(frozen=True)
class Told:
    """A part of a timeline, newest first; `older` is the next `before`, 0 if there is no more."""

    wanted: Wanted
    lines: list[Line]
    older: int


ALL = Wanted()
"""The newest entries, whatever they say."""


def part(asked: Wanted, names: Names) -> Part:
    """Read the entries that are wanted, with one more if there are older ones."""

    def read(reading: Reading, kept: Kept) -> list[Entry]:
        found: list[Entry] = []
        for entry in _newest_first(reading, kept, asked.before or kept.entries + 1):
            if asked.is_all or _fits(asked, line(entry, names)):
                found.append(entry)
            if len(found) > asked.at_most:
                break
        return found[::-1]

    return read


def told(asked: Wanted, entries: Iterable[Entry], names: Names) -> Told:
    """Tell entries that `part` has read."""
    lines = [line(entry, names) for entry in entries][::-1]
    most = asked.at_most
    older = lines[most - 1].number if len(lines) > most else 0
    return Told(asked, dated(lines[:most]), older)


def dated(newest_first: list[Line]) -> list[Line]:
    """Name the day at the first line of each; by UTC, which the reader's browser may correct."""
    days = ["", *(one.at.strftime("%A, %-d %B %Y") for one in newest_first)]
    return [
        replace(one, day=day if day != above else "")
        for one, above, day in zip(newest_first, days, days[1:], strict=False)
    ]


def _newest_first(reading: Reading, kept: Kept, before: int) -> Iterator[Entry]:
    count = SHOWN + 1
    while more := reading.timeline_before(kept.incident.id, before, count):
        yield from more
        before = more[-1].number
        count = READ_AT_ONCE


def _fits(asked: Wanted, one: Line) -> bool:
    if asked.show != "all" and asked.show not in one.groups.split():
        return False
    text = f"{one.who} {one.what} {one.said} {one.why}".casefold()
    return all(word in text for word in asked.find.casefold().split())
