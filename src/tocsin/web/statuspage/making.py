"""From the board to files: everything the page consists of, by its path."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from tocsin.core.statuspage.badge import COLOURS, badge
from tocsin.core.statuspage.feed import feed
from tocsin.core.statuspage.model import (
    WORDS,
    Board,
    Component,
    Day,
    Incident,
    PageState,
    Publication,
    Window,
)
from tocsin.core.statuspage.v2 import documents

HERE = Path(__file__).parent
INDEX = "index.html"
RECENT_DAYS = 7
NOTICED = 0.0001
"""A difference in uptime that is worth a word."""

FEW = 8
"""A group with more components is folded up while all of them are well."""

MARKS = {"none": "operational", "minor": "degraded", "major": "partial", "critical": "major"}

BAR = 8
"""Width of a bar with its gap, in the picture's own units."""

IMPACT_WORDS: Mapping[str, str] = {
    "none": "No impact",
    "minor": "Minor impact",
    "major": "Major impact",
    "critical": "Critical impact",
}

WRITTEN = {"long": "%-d %b %Y, %H:%M %Z"}


class Marked(NamedTuple):
    """A bar with something to tell."""

    kind: PageState
    path: str
    text: str


class Picture(NamedTuple):
    """The bars of one component: `runs` are (kind, path), all bars of a kind in one path."""

    width: int
    runs: Sequence[tuple[str, str]]
    marked: Sequence[Marked]
    text: str


def files_of(board: Board, *, private: bool = False) -> dict[str, bytes]:
    """Return every file by its path, `index.html` last: whoever sees it finds all the rest."""
    files: dict[str, str] = {
        "status.css": _own("status.css"),
        "status.js": _own("status.js"),
        "icon.svg": _own("icon.svg").replace("COLOUR", COLOURS[board.indicator]),
        "badge.svg": badge(board),
        "feed.atom": feed(board),
    }
    for component in board.components:
        files[f"feed-{component.id}.atom"] = feed(board, component.id)
    for path, document in documents(board).items():
        files[f"api/v2/{path}"] = json.dumps(document, ensure_ascii=False, indent=1) + "\n"
    for incident in board.incidents:
        files[f"incidents/{incident.id}.html"] = page(
            board, "incident.html", "../", private=private, incident=incident
        )
    months = _months(board)
    for k, month in enumerate(months):
        files[f"history/{month:%Y-%m}.html"] = page(
            board, "history.html", "../", private=private,
            month=month, days=_days_of(board, month),
            earlier=f"{months[k - 1]:%Y-%m}" if k else "",
            later=f"{months[k + 1]:%Y-%m}" if k + 1 < len(months) else "",
        )  # fmt: skip
    files[INDEX] = page(board, INDEX, "", private=private, **_for_index(board))
    return {path: text.encode("utf-8", "replace") for path, text in files.items()}


def page(board: Board, template: str, root: str, *, private: bool = False, **context: Any) -> str:
    """Return a page of the status page; `root` leads from it to where the index is."""
    zone = ZoneInfo(board.zone)

    def written(at: datetime, form: str) -> str:
        return at.astimezone(zone).strftime(WRITTEN[form])

    environment = _environment()
    return environment.get_template(
        template,
        globals={
            "written": written,
            "bar_picture": lambda component: bar_picture(component, board.history_days),
            "status_word": status_word,
            "board": board,
        },
    ).render(
        board=board,
        root=root,
        private=private,
        zone=board.zone,
        words=WORDS,
        impact_words=IMPACT_WORDS,
        percent=percent,
        duration=span_words,
        worst_day=worst_day,
        named=lambda names: ", ".join(n for one in names if (n := board.named(one))),
        this_month=f"{board.now.astimezone(zone):%Y-%m}",
        **context,
    )


def percent(uptime: float | None) -> str:
    """Return an uptime as people read it; never 100 % when there was an outage."""
    if uptime is None:
        return "no record yet"
    if uptime == 1:
        return "100 % uptime"
    return f"{min(int(uptime * 100_000) / 1000, 99.999):.3f}".rstrip("0").rstrip(".") + " % uptime"


def summary(component: Component, count: int) -> str:
    """Return in words what the bars show."""
    known = [day for day in component.days if day.worst is not None]
    if not known or component.uptime is None:
        return "There is no record yet."
    worse = worst_day(component)
    return f"{percent(component.uptime)} in {count} days; {worse or 'no trouble'}"


def worst_day(component: Component) -> str:
    """Return the day with most trouble, and how it goes; "" if there was none."""
    known = [day for day in component.days if day.worst is not None]
    bad = max(known, key=lambda day: (day.down, day.degraded), default=None)
    if bad is None or not (bad.down or bad.degraded):
        return ""
    words = f"worst day {day_words(bad)}"
    if component.trend is not None and abs(component.trend) >= NOTICED:
        words += "; better than before" if component.trend > 0 else "; worse than before"
    return words


def span_words(span: timedelta) -> str:
    """Return a length of time: `14 min`, `2 h 5 min`, `3 days 2 h`; never less than a minute."""
    minutes = max(1, round(span.total_seconds() / 60))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = []
    if days:
        parts.append(f"{days} day" + ("s" if days > 1 else ""))
    if hours:
        parts.append(f"{hours} h")
    if minutes and not days:
        parts.append(f"{minutes} min")
    return " ".join(parts)


def day_words(day: Day) -> str:
    """Return what happened on a day: `12 Nov: 14 min of outage`."""
    parts = []
    for seconds, what in (
        (day.down, WORDS[day.worst].lower() if day.worst in ("partial", "major") else "outage"),
        (day.degraded, "degraded performance"),
        (day.maintenance, "maintenance"),
    ):
        if seconds:
            parts.append(f"{span_words(timedelta(seconds=seconds))} {what}")
    return f"{day.day:%-d %b}: {', '.join(parts) or 'no trouble'}"


def status_word(entry: Publication) -> str:
    """Return the status of an entry as it begins a line."""
    word = entry.status or ("resolved" if entry.over else "update")
    return word[:1].upper() + word[1:].replace("_", " ")


def bar_picture(component: Component, count: int) -> Picture:
    """Return the bars: calm days in one path each kind, days with trouble one by one."""
    runs: dict[str, list[int]] = {}
    marked = []
    for k, day in enumerate(component.days):
        if day.worst is None:
            runs.setdefault("unknown", []).append(k)
        elif day.worst == "operational":
            runs.setdefault("operational", []).append(k)
        else:
            marked.append(Marked(day.worst, f"M{k * BAR + 4} 0v32", day_words(day)))
    paths = [(kind, "".join(f"M{k * BAR + 4} 0v32" for k in found)) for kind, found in runs.items()]
    return Picture(len(component.days) * BAR, paths, marked, summary(component, count))


def _for_index(board: Board) -> dict[str, Any]:
    bad = [
        f"{one.name}: {WORDS[one.state].lower()}"
        for one in board.components
        if one.state != "operational"
    ]
    return {
        "overall": MARKS.get(board.indicator, board.indicator),
        "folded": {
            group.id
            for group in board.groups
            if len(group.components) > FEW and group.state == "operational"
        },
        "impaired": bad[:8] + ([f"and {len(bad) - 8} more"] if len(bad) > 8 else []),
        "running": _in_state(board, "in_progress"),
        "ahead": _in_state(board, "scheduled"),
        "recent": _recent(board),
    }


def _in_state(board: Board, state: str) -> list[Window]:
    return [one for one in board.windows if one.state_at(board.now) == state]


def _recent(board: Board) -> list[tuple[date, list[Incident], bool]]:
    today = board.now.astimezone(ZoneInfo(board.zone)).date()
    first = board.since.astimezone(ZoneInfo(board.zone)).date()
    found = _by_day(board, (one for one in board.incidents if one.resolved_at is not None))
    listed = [today - timedelta(days=k) for k in range(RECENT_DAYS)]
    going_on = _by_day(board, board.open_incidents)
    return [
        (day, found.get(day, []), bool(going_on) and day >= min(going_on))
        for day in listed
        if day >= first
    ]


def _by_day(board: Board, incidents: Iterable[Incident]) -> dict[date, list[Incident]]:
    zone = ZoneInfo(board.zone)
    found: dict[date, list[Incident]] = {}
    for one in incidents:
        found.setdefault(one.started_at.astimezone(zone).date(), []).append(one)
    return found


def _months(board: Board) -> list[date]:
    """Every month that the history reaches into, oldest first."""
    zone = ZoneInfo(board.zone)
    today = board.now.astimezone(zone).date()
    oldest = max(board.now - timedelta(days=board.history_days), board.since)
    started = [one.started_at for one in board.incidents]
    month = min([oldest, *started]).astimezone(zone).date().replace(day=1)
    months = []
    while month <= today:
        months.append(month)
        month = (month + timedelta(days=32)).replace(day=1)
    return months


def _days_of(board: Board, month: date) -> list[tuple[date, list[Incident]]]:
    found = _by_day(board, board.incidents)
    return [
        (day, found[day])
        for day in sorted(found, reverse=True)
        if (day.year, day.month) == (month.year, month.month)
    ]


@cache
def _own(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
