"""The whole page, from the plan, what was published, claims of incidents, and planned work."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from re import sub

import msgspec

from tocsin.core.plan.model import Plan
from tocsin.core.statuspage import history
from tocsin.core.statuspage.model import (
    WHOLE,
    Board,
    Claim,
    Component,
    Group,
    Incident,
    Indicator,
    PageState,
    Part,
    Publication,
    Window,
    worst,
)
from tocsin.core.statuspage.states import causes_of, parts_of, rolled_up

HISTORY = timedelta(days=90)
HISTORY_DAYS_AT_MOST = 366
UNTITLED = "Service disruption"
OVER = ("resolved", "completed", "closed", "postmortem")

SENTENCES: Mapping[str, str] = {
    "none": "All systems operational",
    "maintenance": "Maintenance in progress",
    "minor": "Some systems are impaired",
    "major": "Partial outage",
    "critical": "Major outage",
}

_INDICATORS: Mapping[PageState, Indicator] = {
    "operational": "none",
    "maintenance": "maintenance",
    "degraded": "minor",
    "partial": "major",
    "major": "major",
}


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """What the store holds for the page; `since` is when the record begins."""

    since: datetime
    publications: Sequence[Publication] = ()
    claims: Sequence[Claim] = ()
    windows: Sequence[Window] = ()


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where the page is: its public address, the form for subscribing, "" where there is none."""

    url: str
    subscribe: str = ""


def history_of(plan: Plan) -> int:
    """Return for how many days the plan wants the page to look back."""
    page = plan.communication.status_page
    wanted = page.history if page is not None and page.history is not None else HISTORY
    return min(max(wanted.days, 1), HISTORY_DAYS_AT_MOST)


def make_board(plan: Plan, records: Records, place: Place, now: datetime) -> Board:
    """Return the page as it is at `now`.

    Raises ValueError for a plan without a status page.
    """
    page = plan.communication.status_page
    if page is None:
        raise ValueError("this plan has no status page")
    count = history_of(plan)
    components = _components(plan, records, now, count)
    named: dict[str, list[Component]] = {}
    for component in components:
        named.setdefault(component.group, []).append(component)
    groups = tuple(
        Group(
            id=f"group-{slug(name)}",
            name=name,
            state=rolled_up([one.state for one in members]),
            components=tuple(members),
        )
        for name, members in named.items()
        if name
    )
    incidents = _incidents(records.publications, now - timedelta(days=count))
    indicator = _indicator(components, records.claims, now)
    ways = tuple(dict.fromkeys(one.by for one in page.subscriptions if one.by != "sms"))
    return Board(
        name=_name(plan),
        url=place.url.rstrip("/"),
        zone=plan.time_zone,
        now=now,
        since=records.since,
        changed_at=_changed_at(records, now),
        indicator=indicator,
        sentence=SENTENCES[indicator],
        groups=groups,
        alone=tuple(named.get("", ())),
        incidents=incidents,
        windows=_windows(records.windows, now, count),
        history_days=count,
        subscribe=place.subscribe if {"email", "webhook"} & {*ways} else "",
        ways=ways,
    )


def slug(name: str) -> str:
    """Return a name as it can stand in an address."""
    return sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "all"


def is_over(status: str, *, resolved: bool) -> bool:
    """Whether something said of an incident says that it is over."""
    return resolved or status.strip().casefold() in OVER


def _name(plan: Plan) -> str:
    return plan.catalogue.head.project or plan.organisation or plan.title


def _components(plan: Plan, records: Records, now: datetime, count: int) -> list[Component]:
    page = plan.communication.status_page
    maintenance = page.maintenance if page is not None else None
    counts = maintenance is not None and maintenance.counts_as_downtime
    parts = parts_of(plan)
    present = {
        part.id: history.state_now(part.id, records.claims, records.windows, now) for part in parts
    }
    causes = causes_of(plan, {name: state for name, (state, _since) in present.items()})
    names = {part.id: part.name for part in parts}
    return [
        _component(part, present[part.id], records, (now, count, plan.time_zone, counts),
                   tuple(names[one] for one in causes.get(part.id, ()) if one in names))
        for part in parts
    ]  # fmt: skip


def _component(
    part: Part, present: tuple[PageState, datetime | None], records: Records,
    period: tuple[datetime, int, str, bool], because: tuple[str, ...],
) -> Component:  # fmt: skip
    now, count, zone, counts = period
    past = history.spans(part.id, records.claims, records.windows, records.since, now)
    days = history.days(past, records.since, now, count, zone, maintenance_counts=counts)
    state, since = present
    return Component(
        id=part.id,
        name=part.name,
        group=part.group,
        state=state,
        since=since or records.since,
        days=days,
        uptime=history.uptime(days),
        trend=history.trend(days),
        because=because,
    )


def _incidents(publications: Sequence[Publication], oldest: datetime) -> tuple[Incident, ...]:
    told: dict[str, list[Publication]] = {}
    for one in sorted(publications, key=lambda one: (one.incident_id, one.number)):
        told.setdefault(one.incident, []).append(one)
    found = [_incident(name, entries) for name, entries in told.items()]
    kept = [one for one in found if one.resolved_at is None or one.resolved_at >= oldest]
    return tuple(sorted(kept, key=lambda one: (one.started_at, one.id), reverse=True))


def _incident(name: str, entries: Sequence[Publication]) -> Incident:
    last = entries[-1]
    resolved_at = None
    for one in entries:
        if not one.over:
            resolved_at = None
        elif resolved_at is None:
            resolved_at = one.at
    touched = dict.fromkeys(c for one in entries for c in one.components)
    titles = [one.title for one in entries if one.title]
    return Incident(
        id=name,
        title=titles[-1] if titles else UNTITLED,
        impact=last.impact,
        status=last.status,
        started_at=entries[0].at,
        resolved_at=resolved_at,
        components=tuple(touched),
        entries=tuple(reversed(entries)),
    )


def _indicator(
    components: Sequence[Component], claims: Sequence[Claim], now: datetime
) -> Indicator:
    """The gravest of what components show and of what incidents say that name none."""
    states = [one.state for one in components]
    whole, _since = history.state_now(WHOLE, claims, (), now)
    all_out = bool(states) and all(state == "major" for state in states)
    if whole == "major" or all_out:
        return "critical"
    return _INDICATORS[worst(whole, *states)]


def source_of(incident_id: int) -> str:
    """Name an incident as the source of claims."""
    return f"incident {incident_id}"


def _windows(windows: Sequence[Window], now: datetime, count: int) -> tuple[Window, ...]:
    oldest = now - timedelta(days=count)
    kept = [one for one in windows if one.ends_at >= oldest]
    return tuple(sorted(kept, key=lambda one: (one.starts_at, one.id)))


def _changed_at(records: Records, now: datetime) -> datetime:
    turns = [one.at for one in records.publications]
    turns += [one.at for one in records.claims]
    for window in records.windows:
        turns += [window.made_at, window.starts_at, window.ends_at]
        turns += [said.at for said in window.updates]
    return max((at for at in turns if at <= now), default=records.since)
