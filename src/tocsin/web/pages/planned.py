"""The page on which commanders plan maintenance."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from tocsin.core.incident.commands import Refusal
from tocsin.core.quiet import wants_quiet
from tocsin.core.statuspage.states import parts_of
from tocsin.engine.ports import Reading
from tocsin.engine.statuspage import planned
from tocsin.web.access import Known, doer, may
from tocsin.web.api.alert_models import AlertDocument
from tocsin.web.api.documents import alert
from tocsin.web.api.planned import MaintenanceRequest, TurnRequest, draft_of, turn_of
from tocsin.web.doing import again
from tocsin.web.pages.forms import Commander, Reader, TheWeb, demand_form_token
from tocsin.web.pages.rendering import render
from tocsin.web.pages.words.sentences import Names
from tocsin.web.problems import Trouble
from tocsin.web.room import shows_alert
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)


class Planning(BaseModel):
    """The form by which work is planned."""

    title: Annotated[str, Field(max_length=200)] = ""
    text: Annotated[str, Field(max_length=5000)] = ""
    starts: Annotated[str, Field(max_length=100)] = ""
    lasts: Annotated[str, Field(max_length=50)] = ""
    components: list[str] = []
    form_token: Annotated[str, Field(max_length=100)] = ""


class Turning(BaseModel):
    """The form by which something is said of it or done about it."""

    do: Annotated[str, Field(max_length=20)] = ""
    text: Annotated[str, Field(max_length=5000)] = ""
    form_token: Annotated[str, Field(max_length=100)] = ""


@dataclass(frozen=True)
class KeptQuiet:
    """How many alerts a window has kept quiet, how many still fire so, and the first of them.

    Each of `alerts` comes with the code of the incident that it belongs to now, "" for none; `more`
    are not shown.
    """

    in_all: int
    now: int
    alerts: tuple[tuple[AlertDocument, str], ...]
    more: int


ALERTS_SHOWN = 20

VERBS = ("update", "start", "complete", "cancel")


@router.get("/maintenance")
def maintenance_page(web: TheWeb, caller: Reader) -> Response:
    """Show planned work."""
    return _page(web, caller)


@router.post("/maintenance")
def plan_maintenance(
    request: Request, web: TheWeb, caller: Commander, form: Annotated[Planning, Form()]
) -> Response:
    """Plan work."""
    demand_form_token(web, caller, form.form_token)
    try:
        draft = draft_of(
            web,
            MaintenanceRequest(
                title=form.title, text=form.text, starts=form.starts, lasts=form.lasts,
                components=form.components,
            ),
        )  # fmt: skip
    except Trouble as trouble:
        return _page(web, caller, f"{trouble.detail}; {trouble.hint}", form, 422)
    done = again(lambda: planned.plan_window(web.world, draft, doer(request, caller)))
    if isinstance(done, Refusal):
        return _page(web, caller, f"{done.reason}; {done.hint}", form, 422)
    return RedirectResponse("/maintenance", 303)


@router.post("/maintenance/{number}")
def change_maintenance(
    request: Request, number: int, web: TheWeb, caller: Commander, form: Annotated[Turning, Form()]
) -> Response:
    """Say how it goes, start, complete or call off."""
    demand_form_token(web, caller, form.form_token)
    if form.do not in VERBS:
        raise Trouble(422, "maintenance.verb", f"nothing is called {form.do!r}", ", ".join(VERBS))
    turn = turn_of(web, form.do, TurnRequest(text=form.text))
    done = again(lambda: planned.change_window(web.world, number, turn, doer(request, caller)))
    if isinstance(done, Refusal):
        return _page(web, caller, f"{done.reason}; {done.hint}", None, 409)
    return RedirectResponse("/maintenance", 303)


def _page(
    web: Web, caller: Known, problem: str = "", typed: Planning | None = None,
    status: int = 200,
) -> Response:  # fmt: skip
    plan, now = web.world.rules.plan, web.world.now()
    listed = again(lambda: planned.windows(web.world))
    rows = [(one, one.state_at(now)) for one in sorted(listed, key=lambda w: w.starts_at)]
    parts = parts_of(plan)
    page = plan.communication.status_page
    return render(
        web,
        "maintenance.html",
        caller,
        status,
        here="maintenance",
        current=[row for row in rows if row[1] in ("in_progress", "scheduled")],
        past=[row for row in reversed(rows) if row[1] in ("completed", "cancelled")],
        parts=parts,
        names={part.id: part.name for part in parts},
        zone=plan.time_zone,
        has_page=page is not None,
        page_line=page.line if page is not None else 0,
        keeps_quiet=wants_quiet(plan),
        quiet=_quiet(web, caller, [one.id for one in listed]),
        people=Names(web.world.rules.organisation),
        may_plan=may(caller, "command"),
        problem=problem,
        typed=typed or Planning(),
    )


def _quiet(web: Web, caller: Known, windows: Sequence[int]) -> dict[int, KeptQuiet]:
    """Return what each window has kept quiet, as far as the caller may see it."""
    with web.world.store.read() as reading:
        shows = shows_alert(web.world, reading, caller)
        found = {}
        for number, count in reading.quiet_counts(windows).items():
            shown = tuple(
                (alert(one, spell), _code(reading, one.incident_id))
                for one, spell in reading.quieted(number, ALERTS_SHOWN)
                if shows(one)
            )
            more = count.in_all - len(shown)
            found[number] = KeptQuiet(count.in_all, count.now, shown, more)
    return found


def _code(reading: Reading, number: int | None) -> str:
    if number is None:
        return ""
    return next((one.incident.code for one in reading.incidents((), number + 1, 1)), "")
