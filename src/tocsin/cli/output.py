"""Printing: documents for programs, tables and sentences for people."""

import json
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from shutil import get_terminal_size
from typing import Any, TextIO

from rich.cells import cell_len
from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text
from whenever import Instant

from tocsin.core.times import words_duration

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|(?:\x1b[\]PX^_]|[\x9d\x90\x98\x9e\x9f]).*?(?:\x07|\x1b\\|\x9c|$)"  # titles, links
    r"|\x1b[ -/]*[0-~]?",
    re.DOTALL,
)
_CONTROLS = re.compile(
    r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)

WIDE_ENOUGH = 100
"""Columns where there is no terminal that says how many it has."""

SEVERITY_STYLES = ("bold red", "red", "yellow", "cyan")
STATE_STYLES = {"open": "bold red", "acknowledged": "yellow", "resolved": "green", "closed": "dim"}


def clean(text: object) -> str:
    """Return text from outside as one line without control characters or terminal escapes."""
    return " ".join(clean_lines(text).split("\n")).strip()


def clean_lines(text: object) -> str:
    """As `clean`, but line breaks stay."""
    whole = _ESCAPES.sub("", str(text).replace("\r\n", "\n").replace("\t", "    "))
    return _CONTROLS.sub("", whole)


def print_json(document: Any, out: TextIO | None = None) -> None:
    """Print one document, in ASCII, so that no text in it can do anything to a terminal."""
    print(json.dumps(document, indent=2, ensure_ascii=True), file=out)


def print_json_line(document: Any) -> None:
    """Print one document on one line, at once."""
    print(json.dumps(document, ensure_ascii=True), flush=True)


def console(*, errors: bool = False) -> Console:
    """Return where to print; escapes only on a terminal, and none at all with NO_COLOR."""
    columns = get_terminal_size((WIDE_ENOUGH, 24)).columns
    make = partial(
        Console, stderr=errors, width=columns, highlight=False, markup=False, emoji=False
    )
    shown = make()
    # Without colours Rich itself would go on with bold and dim letters.
    return make(color_system=None) if shown.no_color else shown


def say(*parts: str | Text | tuple[str, str]) -> None:
    """Print one line of (text, style) parts; a terminal gets it wrapped at words."""
    shown = console()
    shown.print(Text.assemble(*parts), soft_wrap=not shown.is_terminal)


def tell(line: str) -> None:
    """Print one line of progress where it does not disturb a program that reads the answer."""
    print(clean(line), file=sys.stderr, flush=True)


def table(
    headings: Sequence[str],
    rows: Iterable[Sequence[str | Text]],
    wide: Mapping[int, int],
    *,
    headed: bool = True,
) -> None:
    """Print rows, below headings if `headed`.

    `wide` maps numbers of columns to their share of the room that is left; these may wrap.
    """
    made = Table(
        box=None,
        pad_edge=False,
        padding=(0, 2, 0, 0),
        header_style="dim",
        collapse_padding=True,
        show_header=headed,
    )
    for number, heading in enumerate(headings):
        share = wide.get(number)
        made.add_column(heading, no_wrap=share is None, overflow="fold", ratio=share)
    for row in rows:
        made.add_row(*(Text(cell) if isinstance(cell, str) else cell for cell in row))
    put(made)


def indented(text: str, by: int, style: str = "", *, errors: bool = False) -> None:
    """Print text from outside, moved to the right, wrapped at words."""
    put(Padding(Text(clean(text), style), (0, 0, 0, by)), errors=errors)


def put(made: RenderableType, *, errors: bool = False) -> None:
    """Print without the blanks that Rich fills lines up with: they are in the way of copying."""
    shown = console(errors=errors)
    with shown.capture() as captured:
        shown.print(made)
    for line in captured.get().split("\n")[:-1]:
        shown.file.write(line.rstrip() + "\n")


def severity(code: str, rank: int | None = None) -> Text:
    """Return a severity's code; the worst ones stand out."""
    if rank is None:
        digits = re.sub(r"\D", "", code)
        rank = int(digits) if digits else len(SEVERITY_STYLES)
    return Text(code, SEVERITY_STYLES[rank] if rank < len(SEVERITY_STYLES) else "")


def state(word: str) -> Text:
    """Return an incident's state in its colour."""
    return Text(word, STATE_STYLES.get(word, ""))


def wall_clock(at: datetime, time_zone: str) -> str:
    """Return `Fri 2026-03-06 23:15`, as the clocks of that zone show it."""
    return f"{_local(at, time_zone):%a %Y-%m-%d %H:%M}"


def time_of_day(at: datetime, time_zone: str) -> str:
    """Return `Fri 23:15`, as the clocks of that zone show it."""
    return f"{_local(at, time_zone):%a %H:%M}"


def _local(at: datetime, time_zone: str) -> datetime:
    return Instant(at).to_tz(time_zone).to_plain().to_stdlib()


def elapsed(span: timedelta) -> str:
    """Return `T+0:15`, `T+0:15:30`, or `T+3d 2:00` from two days on."""
    seconds = int(span.total_seconds())
    days, rest = divmod(seconds, 86400) if seconds >= 2 * 86400 else (0, seconds)
    clock = f"{rest // 3600}:{rest % 3600 // 60:02}"
    clock += f":{rest % 60:02}" if rest % 60 else ""
    return f"T+{days}d {clock}" if days else f"T+{clock}"


def ago(at: datetime, now: datetime) -> str:
    """Return `12m ago` of something that has happened, whatever the two clocks say."""
    return countdown(at, max(at, now))


def countdown(at: datetime, now: datetime) -> str:
    """Return `in 12m` or `12m ago`, to the minute from an hour on."""
    span = at - now
    size = timedelta(seconds=round(abs(span).total_seconds()))
    if size >= timedelta(hours=1):
        size -= timedelta(seconds=size.total_seconds() % 60)
    if not size:
        return "now"
    return f"in {words_duration(size)}" if span > timedelta(0) else f"{words_duration(size)} ago"


def counted(number: int, noun: str) -> str:
    """Return `1 problem`, `2 problems`, `2 severities`."""
    if number == 1:
        return f"1 {noun}"
    return f"{number} {noun[:-1]}ies" if noun.endswith("y") else f"{number} {noun}s"


def listed(names: Sequence[str], word: str = "and") -> str:
    """Return `a`, `a and b`, `a, b and c`."""
    if len(names) < 2:
        return "".join(names)
    return f"{', '.join(names[:-1])} {word} {names[-1]}"


def width_of(text: str) -> int:
    """Return how many columns a terminal needs for a text."""
    return cell_len(text)


def without_empty(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a request has to say."""
    return {name: value for name, value in document.items() if value not in ("", None, {}, [])}
