"""The page on which commanders plan maintenance."""

from typing import Annotated

from fastapi import APIRouter, Form, Request, Response
from fastapi.responses import RedirectResponse
from pydantic import BaseModel, Field

from tocsin.core.incident.commands import Refusal
from tocsin.core.statuspage.states import parts_of
from tocsin.engine.statuspage import planned
from tocsin.web.access import Known, doer, may
from tocsin.web.api.planned import MaintenanceRequest, TurnRequest, draft_of, turn_of
from tocsin.web.doing import again
from tocsin.web.pages.forms import Commander, Reader, TheWeb, demand_form_token
from tocsin.web.pages.rendering import render
from tocsin.web.problems import Trouble
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
        has_page=plan.communication.status_page is not None,
        may_plan=may(caller, "command"),
        problem=problem,
        typed=typed or Planning(),
    )
