"""From claims and windows to what the bars show: spans, days, uptime."""

from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from tocsin.core.statuspage.model import (
    DOWNTIME,
    Claim,
    Day,
    PageState,
    Span,
    Window,
    worst,
)

_BEGIN, _END = 0, 1


def spans(
    component: str, claims: Iterable[Claim], windows: Iterable[Window], since: datetime,
    now: datetime,
) -> tuple[Span, ...]:  # fmt: skip
    """Return how a component was from `since` to `now`: without gaps, neighbours differ.

    Each source counts with the latest it said; the worst of all sources is the state. In what
    order claims of different sources were written does not matter.
    """
    turns = _turns(component, claims, windows, now)
    at = since
    said: dict[str, PageState] = {}
    found: list[Span] = []
    for turn, source, state in turns:
        if turn > at:
            _add(found, Span(at, min(turn, now), worst(*said.values())))
            at = turn
        said[source] = state
    if at < now:
        _add(found, Span(at, now, worst(*said.values())))
    return tuple(found)


def state_now(
    component: str, claims: Iterable[Claim], windows: Iterable[Window], now: datetime
) -> tuple[PageState, datetime | None]:
    """Return how a component is at `now`, and since when; None if nothing was ever said."""
    said: dict[str, PageState] = {}
    state: PageState = "operational"
    since: datetime | None = None
    for turn, source, says in _turns(component, claims, windows, now):
        said[source] = says
        if worst(*said.values()) != state:
            state, since = worst(*said.values()), turn
    return state, since


def days(
    past: Sequence[Span], since: datetime, now: datetime, count: int, zone: str,
    *, maintenance_counts: bool = False,
) -> tuple[Day, ...]:  # fmt: skip
    """Return the last `count` days up to that of `now`, oldest first, on the clocks of `zone`.

    A day has as many seconds as it has there: 23 or 25 hours where clocks are changed.
    """
    clock = ZoneInfo(zone)
    today = now.astimezone(clock).date()
    first = today - timedelta(days=count - 1)
    edges = [_midnight(first + timedelta(days=k), clock) for k in range(count + 1)]
    return tuple(
        _day(first + timedelta(days=k), past, max(start, since), min(end, now), maintenance_counts)
        for k, (start, end) in enumerate(pairwise(edges))
    )


def uptime(period: Iterable[Day]) -> float | None:
    """Return the part of the counted time without an outage, from 0 to 1."""
    listed = list(period)
    counted = sum(day.counted for day in listed)
    return None if not counted else 1 - sum(day.down for day in listed) / counted


def trend(period: Sequence[Day]) -> float | None:
    """Return by how much the uptime of the newer half differs from that of the older one."""
    middle = len(period) // 2
    older, newer = uptime(period[:middle]), uptime(period[middle:])
    return None if older is None or newer is None else newer - older


def _turns(
    component: str, claims: Iterable[Claim], windows: Iterable[Window], now: datetime
) -> list[tuple[datetime, str, PageState]]:
    turns = [
        (claim.at, claim.source, claim.state)
        for claim in claims
        if claim.component == component and claim.at <= now
    ]
    for window in windows:
        if component not in window.components or window.state == "cancelled":
            continue
        if window.starts_at <= now and window.starts_at < window.ends_at:
            turns.append((window.starts_at, f"maintenance {window.id}", "maintenance"))
            if window.ends_at <= now:
                turns.append((window.ends_at, f"maintenance {window.id}", "operational"))
    return sorted(turns, key=lambda turn: turn[0])


def _add(found: list[Span], span: Span) -> None:
    if found and found[-1].state == span.state:
        found[-1] = Span(found[-1].start, span.end, span.state)
    elif span.end > span.start:
        found.append(span)


def _midnight(day: date, clock: ZoneInfo) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=clock).astimezone(UTC)


def _day(
    day: date, past: Sequence[Span], start: datetime, end: datetime, maintenance_counts: bool
) -> Day:
    if end <= start:
        return Day(day=day, worst=None)
    seconds: dict[PageState, float] = {}
    for span in past:
        inside = (min(span.end, end) - max(span.start, start)).total_seconds()
        if inside > 0:
            seconds[span.state] = seconds.get(span.state, 0) + inside
    down = sum(length for state, length in seconds.items() if state in DOWNTIME)
    planned = seconds.get("maintenance", 0)
    counted = sum(seconds.values()) - (0 if maintenance_counts else planned)
    return Day(
        day=day,
        worst=worst(*seconds) if seconds else None,
        down=round(down + (planned if maintenance_counts else 0)),
        degraded=round(seconds.get("degraded", 0)),
        maintenance=round(planned),
        counted=round(counted),
    )
