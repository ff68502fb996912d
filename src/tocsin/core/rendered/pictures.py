"""Drawings of a plan: the ladder of its calls, and what falls due when. Bodies of SVG, escaped."""

from collections.abc import Sequence
from datetime import timedelta
from html import escape
from math import log1p
from typing import Literal

import msgspec

from tocsin.core.rendered.outline import Picture
from tocsin.core.words.times import duration

Lane = Literal["page", "notify", "ticket", "limit", "update", "milestone", "phase"]

_WIDTH = 780
_LEFT, _RIGHT, _TOP, _ROW = 210, 120, 44, 26
_LONGEST_LABEL = 30
_TICKS = tuple(
    timedelta(minutes=minutes)
    for minutes in (0, 5, 15, 30, 60, 120, 240, 480, 1440, 2880, 4320, 10080, 20160, 43200, 129600)
)
_LANES = {
    "page": "Calls", "notify": "Calls", "ticket": "Calls", "limit": "Limits",
    "update": "Updates", "milestone": "Milestones", "phase": "Phases",
}  # fmt: skip


class Rung(msgspec.Struct, frozen=True, kw_only=True):
    """One call of a ladder: when, in short, how, and who."""

    at: str
    how: str
    who: str
    last: bool = False


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """Something on the axis of time: a point, or a stretch if it ends later than it starts.

    `again` lets a point recur, every so often, to the end of the chart.
    """

    lane: Lane
    name: str
    start: timedelta
    end: timedelta | None = None
    again: timedelta | None = None
    note: str = ""


def ladder(name: str, title: str, rungs: Sequence[Rung]) -> Picture:
    """Draw calls below one another, in the order of time, joined by a rail."""
    step = 46
    height = 20 + step * len(rungs)
    parts = [_line("rail", 144, 24, 144, 24 + step * (len(rungs) - 1))] if len(rungs) > 1 else []
    for number, rung in enumerate(rungs):
        y = 24 + step * number
        parts.append(_text("end soft", 128, y + 5, _short(rung.at, 20)))
        parts.append(_mark(rung.how, 144, y))
        style = "alarm" if rung.last else "box"
        parts.append(f'<rect class="{style}" x="164" y="{y - 16}" width="262" height="32" rx="6"/>')
        parts.append(_text("bold", 176, y + 5, _short(rung.who, 32)))
    said = "; ".join(f"{rung.at}: {rung.how} {rung.who}" for rung in rungs)
    return Picture(name, title, said, 430, height, "".join(parts))


def chart(name: str, title: str, bars: Sequence[Bar]) -> Picture:
    """Draw what happens and what is due on an axis of time, which gives early times most room."""
    ordered = _by_lane(bars)
    last = max((bar.end or bar.start for bar in bars), default=timedelta(hours=1))
    end = max(last * 1.15, timedelta(minutes=20))
    rows: list[str] = []
    parts: list[str] = []
    y, lane = _TOP, ""
    for bar in ordered:
        if _LANES[bar.lane] != lane:
            lane = _LANES[bar.lane]
            rows.append(_text("small bold soft", 0, y + 12, lane.upper()))
            y += 22
        rows.append(_bar(bar, y, end))
        y += _ROW
    for tick in _ticks(end):
        x = _place(tick, end)
        parts.append(_line("rule", x, _TOP - 14, x, y))
        parts.append(_text("small soft mid", x, _TOP - 22, _tick_words(tick)))
    said = "; ".join(
        f"{bar.name} {bar.note or _tick_words(bar.end or bar.start)}" for bar in ordered
    )
    return Picture(name, title, said, _WIDTH, y + 10, "".join(parts + rows))


def _by_lane(bars: Sequence[Bar]) -> list[Bar]:
    lanes = list(dict.fromkeys(_LANES.values()))
    return sorted(bars, key=lambda bar: (lanes.index(_LANES[bar.lane]), bar.end or bar.start))


def _bar(bar: Bar, y: int, end: timedelta) -> str:
    middle = y + _ROW // 2 - 4
    parts = [_text("end", _LEFT - 14, middle + 4, _short(bar.name, _LONGEST_LABEL))]
    start = _place(bar.start, end)
    if bar.end is not None:
        stop = _place(bar.end, end)
        parts.append(
            f'<rect class="{bar.lane} faint" x="{start:.1f}" y="{middle - 5}" '
            f'width="{max(stop - start, 2):.1f}" height="10" rx="2"/>'
        )
        parts.append(
            f'<rect class="{bar.lane}" x="{stop - 2:.1f}" y="{middle - 8}" width="3" height="16"/>'
        )
        at = stop
    else:
        at = start
        for time in _recurring(bar, end):
            at = _place(time, end)
            parts.append(_mark(bar.lane, at, middle))
    if bar.note:
        last = at if bar.again is None else _WIDTH - _RIGHT
        at = max(at, last)
        room = at + 11 + 6.2 * len(bar.note) < _WIDTH
        where = ("small soft", at + 11) if room else ("small soft end", start - 11)
        if room or bar.end is None:
            parts.append(_text(where[0], where[1], middle + 4, bar.note))
    return "".join(parts)


def _recurring(bar: Bar, end: timedelta) -> list[timedelta]:
    times = [bar.start]
    while bar.again and times[-1] + bar.again <= end and len(times) < 40:
        times.append(times[-1] + bar.again)
    # Marks that touch one another say less than fewer of them.
    kept = times[:1]
    for time in times[1:]:
        if _place(time, end) - _place(kept[-1], end) >= 9:
            kept.append(time)
    return kept


def _place(time: timedelta, end: timedelta) -> float:
    """Where an instant stands: minutes are wide at the beginning, days narrow at the end."""
    scale = timedelta(minutes=10)
    share = log1p(time / scale) / log1p(end / scale)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _ticks(end: timedelta) -> list[timedelta]:
    kept: list[timedelta] = []
    for tick in _TICKS:
        if tick <= end and (not kept or _place(tick, end) - _place(kept[-1], end) >= 54):
            kept.append(tick)
    return kept


def _tick_words(time: timedelta) -> str:
    if not time:
        return "start"
    words = duration(time)
    for long, short in ((" minutes", " min"), (" hours", " h"), (" hour", " h")):
        words = words.replace(long, short)
    return words.replace(" and ", " ")


def _mark(how: str, x: float, y: float) -> str:
    if how == "ticket":
        return f'<rect class="ticket" x="{x - 5:.1f}" y="{y - 5}" width="10" height="10"/>'
    if how == "milestone":
        return (
            f'<path class="milestone" d="M{x:.1f} {y - 6}L{x + 6:.1f} {y}L{x:.1f} {y + 6}'
            f'L{x - 6:.1f} {y}Z"/>'
        )
    kind = how if how in ("page", "notify", "update") else "page"
    radius = 4 if kind == "update" else 6
    return f'<circle class="{kind}" cx="{x:.1f}" cy="{y}" r="{radius}"/>'


def _line(style: str, x1: float, y1: float, x2: float, y2: float) -> str:
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1}" x2="{x2:.1f}" y2="{y2}"/>'


def _text(style: str, x: float, y: float, words: str) -> str:
    return f'<text class="{style}" x="{x:.1f}" y="{y}">{escape(words)}</text>'


def _short(words: str, room: int) -> str:
    return words if len(words) <= room else f"{words[: room - 1].rstrip()}…"
