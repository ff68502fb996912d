"""Who is on call now, the calendars of the rosters, and exceptions made there."""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.core.oncall import first_instant, last_instant, on_call
from tocsin.core.overrides import MadeOverride, Wish, void
from tocsin.core.people import Organisation, Roster
from tocsin.web.access import Known, doer, may
from tocsin.web.api.lookups import duty
from tocsin.web.api.overrides import put, take_away
from tocsin.web.pages.forms import (
    FormToken,
    Reader,
    Responder,
    TheWeb,
    demand_form_token,
    local_path,
)
from tocsin.web.pages.on_call.calendar import View, calendar, local, monday_of, today_of, tones
from tocsin.web.pages.on_call.feed import feed
from tocsin.web.pages.people.reach import woken
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

SPANS = {2: "2 weeks", 5: "5 weeks"}
FARTHEST_YEARS = range(2000, 2101)
REMOVED_SHOWN = timedelta(days=7)
"""How long an override that is over or was removed still stands in the list."""

Text = Annotated[str, Form(max_length=1000)]


@dataclass
class Filled:
    """What the form for an override holds."""

    roster: Text = ""
    person: Text = ""
    start: Text = ""
    end: Text = ""
    why: Text = ""
    replaces: Text = ""
    back: Text = ""


@dataclass(frozen=True)
class Asked:
    """What of the calendar somebody wants to see."""

    start: Annotated[str, Query(alias="from", max_length=10)] = ""
    weeks: Annotated[str, Query(max_length=2)] = ""
    change: Annotated[str, Query(max_length=12)] = ""


@dataclass(frozen=True)
class Listed:
    """An override in the list, with what may be done about it."""

    made: MadeOverride
    void: str
    time_zone: str
    is_over: bool
    holds: bool


@router.get("/on-call")
def on_call_page(web: TheWeb, caller: Reader, asked: Annotated[Asked, Depends()]) -> Response:
    """Show who is on call, and the calendar of every roster."""
    return _page(web, caller, asked, None)


@router.post("/on-call/overrides")
def make(
    request: Request,
    web: TheWeb,
    caller: Responder,
    filled: Annotated[Filled, Depends()],
    form_token: FormToken = "",
) -> Response:
    """Make an override from the form; a refusal is shown above it, filled in as it was."""
    demand_form_token(web, caller, form_token)
    try:
        put(web, caller, doer(request, caller), _wish(web, filled))
    except Trouble as trouble:
        return _page(web, caller, Asked(), trouble, filled)
    return RedirectResponse(local_path(filled.back, "/on-call"), 303)


@router.post("/on-call/overrides/{number}/remove")
def remove(
    number: int,
    request: Request,
    web: TheWeb,
    caller: Responder,
    filled: Annotated[Filled, Depends()],
    form_token: FormToken = "",
) -> Response:
    """Take an override back."""
    demand_form_token(web, caller, form_token)
    try:
        take_away(web, caller, doer(request, caller), number)
    except Trouble as trouble:
        return _page(web, caller, Asked(), trouble)
    return RedirectResponse(local_path(filled.back, "/on-call"), 303)


@router.get("/on-call/{roster}.ics")
def calendar_file(roster: str, web: TheWeb, _caller: Reader) -> Response:
    """Give a roster as a calendar that other programs read."""
    organisation = web.world.rules.organisation
    found = organisation.rosters.get(roster)
    if found is None:
        known = ", ".join(sorted(organisation.rosters)) or "none"
        raise Trouble(404, "roster.unknown", f"there is no roster {roster!r}", f"known: {known}")
    text = feed(organisation, found, web.world.now(), web.world.base_url)
    return Response(text, media_type="text/calendar; charset=utf-8")


def _page(
    web: Web, caller: Known, asked: Asked, trouble: Trouble | None, filled: Filled | None = None
) -> Response:
    organisation = web.world.rules.organisation
    beneath = web.world.rules.organisation_file
    now = web.world.now()
    first, weeks = _first(asked.start, now, organisation.time_zone), _weeks(asked.weeks)
    view = View(organisation, woken(web.world, organisation), now, first, weeks)
    rosters = list(organisation.rosters.values())
    listed = _listed(web, organisation, now)
    offered = filled or _filled(caller, organisation, now, asked, listed)
    standing = [one for one in organisation.recipients.values() if one.roster]
    return render(
        web,
        "on_call.html",
        caller,
        trouble.status if trouble is not None else 200,
        duties={one.id: duty(web, one, now) for one in rosters if one.rotation},
        stands_for={
            roster: [r.id for r in standing if r.roster == roster]
            for roster in organisation.rosters
        },
        calendars=[calendar(view, one, beneath.rosters[one.id]) for one in rosters],
        tones=tones(organisation),
        people=organisation.people,
        listed=listed,
        filled=offered,
        reopen=filled is not None or bool(offered.replaces),
        trouble=trouble,
        may_override=may(caller, "respond"),
        may_all=may(caller, "command"),
        spans=SPANS,
        around=_around(first, weeks, monday_of(today_of(now, organisation.time_zone))),
        names=Names(organisation),
    )


def _first(text: str, now: datetime, time_zone: str) -> date:
    """Return the Monday to begin with: of the week that is asked for, else of this one."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = today_of(now, time_zone)
    if day.year not in FARTHEST_YEARS:
        day = today_of(now, time_zone)
    return monday_of(day)


def _weeks(text: str) -> int:
    return int(text) if text in {str(one) for one in SPANS} else 2


def _around(first: date, weeks: int, this_week: date) -> dict[str, Any]:
    """Return where the links around the calendar lead."""

    def at(day: date, span: int) -> str:
        return f"/on-call?from={day}&weeks={span}"

    step = timedelta(weeks=weeks)
    return {
        "previous": at(first - step, weeks),
        "next": at(first + step, weeks),
        "today": at(this_week, weeks),
        "is_today": first == this_week,
        "here": at(first, weeks),
        "spans": {span: at(first, span) for span in SPANS},
        "weeks": weeks,
        "first": first,
        "last": first + step - timedelta(days=1),
    }


def _listed(web: Web, organisation: Organisation, now: datetime) -> list[Listed]:
    """Return the overrides that hold or will, and those that ended lately, soonest first."""
    with web.world.store.read() as reading:
        found = reading.overrides(now - REMOVED_SHOWN)
    shown = []
    for made in sorted(found, key=lambda one: (one.start, one.id)):
        if made.removed_at is not None and made.removed_at < now - REMOVED_SHOWN:
            continue
        roster = organisation.rosters.get(made.roster)
        why = void(organisation, made)
        is_over = made.until <= now or made.removed_at is not None
        shown.append(
            Listed(
                made=made,
                void=why,
                time_zone=roster.time_zone if roster is not None else organisation.time_zone,
                is_over=is_over,
                holds=not is_over and not why and made.start <= now,
            )
        )
    return shown


def _filled(
    caller: Known, organisation: Organisation, now: datetime, asked: Asked, listed: list[Listed]
) -> Filled:
    """Return the form as it is offered: an override to change, or one's own turn from now on."""
    for one in listed:
        if str(one.made.id) == asked.change and not one.is_over:
            made = one.made
            return Filled(
                roster=made.roster,
                person=made.person,
                start=local(made.start, one.time_zone),
                end=local(made.end, one.time_zone),
                why=made.why,
                replaces=str(made.id),
            )
    roster = next((r for r in organisation.rosters.values() if r.rotation), None)
    if roster is None:
        return Filled()
    hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    return replace(
        Filled(),
        roster=roster.id,
        person=caller.by,
        start=local(hour, roster.time_zone),
        end=local(on_call(roster, hour).end, roster.time_zone),
    )


def _wish(web: Web, filled: Filled) -> Wish:
    """Read the form; raises Trouble for times that are none."""
    roster = web.world.rules.organisation.rosters.get(filled.roster)
    start = _local_time(filled.start, "from")
    end = _local_time(filled.end, "to")
    zone = _zone(web, roster)
    return Wish(
        roster=filled.roster,
        person=filled.person,
        start=first_instant(start, zone),
        end=last_instant(end, zone),
        why=filled.why,
        replaces=int(filled.replaces) if filled.replaces.isdecimal() else 0,
    )


def _zone(web: Web, roster: Roster | None) -> str:
    return roster.time_zone if roster is not None else web.world.rules.organisation.time_zone


def _local_time(text: str, what: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is not None or at.year not in FARTHEST_YEARS:
        hint = "write it as 2026-03-06T18:00, on the roster's clocks"
        raise Trouble(422, "request.at", f"`{what}` is no time that can be used", hint)
    return at
