"""The communication desk: who is told what, and all open incidents by whom they keep waiting."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Form, Query, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.engine.actions import Repeated
from tocsin.engine.outlook import look_ahead
from tocsin.web import doing
from tocsin.web.access import Known
from tocsin.web.pages.desk import view as desk_view
from tocsin.web.pages.desk.view import Typed
from tocsin.web.pages.forms import (
    FormNumber,
    FormToken,
    Reader,
    Responder,
    TheWeb,
    demand_form_token,
    new_form_number,
)
from tocsin.web.pages.rendering import fragment, incident_path, render
from tocsin.web.problems import Trouble, refused
from tocsin.web.said import history
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

Short = Annotated[str, Form(max_length=300)]
Name = Annotated[str, Query(max_length=100)]

FIELD = "field."
"""Starts the names of the inputs that are fields of a template."""

KEPT = "kept."
"""Starts the names of hidden inputs: what was typed and has no place in the chosen template."""

FIELDS_AT_MOST = 100
LONGEST = 10_000


async def given_values(request: Request) -> dict[str, str]:
    """Return what a form says of a template's fields, by field; raises Trouble for too much."""
    return await _starting_with(FIELD, request)


async def kept_values(request: Request) -> dict[str, str]:
    """Return what was typed under another template: by field, and under `""` what was no field."""
    kept = await _starting_with(KEPT, request)
    fields = {k.removeprefix(FIELD): value for k, value in kept.items() if k.startswith(FIELD)}
    return {**fields, "": kept["text"]} if "text" in kept else fields


async def _starting_with(prefix: str, request: Request) -> dict[str, str]:
    form = await request.form()
    values = {
        name.removeprefix(prefix): value
        for name, value in form.items()
        if name.startswith(prefix) and isinstance(value, str) and value.strip()
    }
    if len(values) > FIELDS_AT_MOST or any(len(value) > LONGEST for value in values.values()):
        raise Trouble(422, "request.wrong-values", "this is too much for one update", "say less")
    return values


@dataclass
class Written:
    """What the form of the desk says."""

    audience: Short = ""
    template: Short = ""
    text: Annotated[str, Form(max_length=LONGEST)] = ""
    subject: Short = ""
    status: Short = ""
    next: Short = ""
    why: Annotated[str, Form(max_length=1000)] = ""
    update: Short = ""
    take: Short = ""
    to_audience: Short = ""
    by_template: Short = ""


def typed(
    said: Annotated[Written, Depends()],
    values: Annotated[Mapping[str, str], Depends(given_values)],
) -> Typed:
    """Return an update as somebody has typed it so far."""
    return Typed(
        audience=said.audience, template=said.template, text=said.text, subject=said.subject,
        status=said.status, next=said.next, values=dict(values),
    )  # fmt: skip


def chosen(
    said: Annotated[Written, Depends()],
    written: Annotated[Typed, Depends(typed)],
    kept: Annotated[Mapping[str, str], Depends(kept_values)],
) -> Typed:
    """Return the same for the audience and template that were chosen now: nothing typed is lost.

    Another audience has other templates: the plan's is taken.
    """
    if not said.take:
        return written
    same = said.to_audience == said.audience
    return replace(
        written,
        audience=said.to_audience,
        template=said.by_template if same else "",
        text=written.text or kept.get("", ""),
        values={**{name: value for name, value in kept.items() if name}, **written.values},
    )


Filled = Annotated[Typed, Depends(typed)]
Chosen = Annotated[Typed, Depends(chosen)]
Said = Annotated[Written, Depends()]


@dataclass
class Asked:
    """What a link to the desk asks to see."""

    audience: Name = ""
    template: Name = ""
    said_to: Name = ""
    compare: bool = False
    rewrite: Name = ""
    done: Name = ""


@router.get("/desk")
def all_desks(web: TheWeb, caller: Reader) -> Response:
    """Show, over all open incidents, which audience waits for what, soonest promise first."""
    return render(web, "desk.html", caller, **desk_view.everywhere(web, caller))


@router.get("/incidents/{code}/updates")
def desk_page(
    code: str, web: TheWeb, caller: Reader, asked: Annotated[Asked, Depends()]
) -> Response:
    """Show the desk of one incident."""
    return _page(web, caller, code, asked)


@router.post("/incidents/{code}/updates/preview")
def preview_page(
    code: str, request: Request, web: TheWeb, caller: Responder, written: Chosen,
    form_token: FormToken = "",
) -> Response:  # fmt: skip
    """Show what somebody is writing as it would go out; the preview alone for a live page."""
    demand_form_token(web, caller, form_token)
    if request.headers.get("tocsin-script") != "yes":
        return _page(web, caller, code, Asked(), typed=written)
    outlook = _outlook(web, caller, code, written)
    around = desk_view.previewed(web, history(web, code, caller), outlook)
    return Response(fragment(web, "_desk_preview.html", caller, **around), media_type="text/html")


@router.post("/incidents/{code}/updates")
def publish(
    code: str, web: TheWeb, caller: Responder, written: Filled, form_token: FormToken = "",
    form_number: FormNumber = "",
) -> Response:  # fmt: skip
    """Send an update, or propose it where the plan wants it approved; once for each form."""
    demand_form_token(web, caller, form_token)
    number = form_number or new_form_number()
    outcome = doing.act_once(web, code, _command(caller, written), number)
    if isinstance(outcome, Refusal):
        return _page(web, caller, code, Asked(), typed=written, refusal=outcome)
    if isinstance(outcome, Repeated):
        return _gone_on(code, done="already", audience=written.audience)
    done = _became(outcome, caller, written.audience)
    return _gone_on(code, done=done, audience=written.audience)


def _became(incident: Incident, caller: Known, audience: str) -> str:
    """Say what became of an update that was not refused."""
    last, at = incident.updates.get(audience), incident.changed_at
    if last is not None and (last.at, last.by) == (at, caller.by):
        return "told"
    waits = any(
        (one.audience, one.at, one.by) == (audience, at, caller.by)
        for one in incident.proposals.values()
    )
    return "waits" if waits else "second"


@router.post("/incidents/{code}/updates/approve")
def approve(
    code: str, web: TheWeb, caller: Responder, said: Said, form_token: FormToken = ""
) -> Response:
    """Let a proposed update out."""
    demand_form_token(web, caller, form_token)
    command = c.Approve(update=said.update, by=caller.by, via="page", why=said.why.strip())
    return _settled(web, caller, code, command, done="told")


@router.post("/incidents/{code}/updates/withdraw")
def withdraw(
    code: str, web: TheWeb, caller: Responder, said: Said, form_token: FormToken = ""
) -> Response:
    """Hold a proposed update back, because of what `why` says."""
    demand_form_token(web, caller, form_token)
    command = c.Withdraw(update=said.update, by=caller.by, via="page", why=said.why.strip())
    return _settled(web, caller, code, command, done="held")


@router.post("/incidents/{code}/updates/rewrite")
def rewrite(
    code: str, web: TheWeb, caller: Responder, said: Said, form_token: FormToken = ""
) -> Response:
    """Hold a proposed update back, and offer its words to be written anew."""
    demand_form_token(web, caller, form_token)
    why = said.why.strip() or "it is written anew"
    command = c.Withdraw(update=said.update, by=caller.by, via="page", why=why)
    return _settled(web, caller, code, command, rewrite=said.update)


def _settled(web: Web, caller: Known, code: str, command: c.Command, **then: str) -> Response:
    outcome = doing.act(web, code, command)
    if isinstance(outcome, Refusal):
        return _page(web, caller, code, Asked(), refusal=outcome)
    return _gone_on(code, **then)


def _gone_on(code: str, **then: str) -> Response:
    return RedirectResponse(f"{incident_path(code)}/updates?{urlencode(then)}", 303)


def _command(caller: Known, written: Typed) -> c.Publish:
    free = written.template == desk_view.FREE
    return c.Publish(
        by=caller.by, via="page", audience=written.audience, text=written.text,
        template="" if free else written.template, free=free, values=written.values,
        status=written.status, subject=written.subject, next=written.next.strip(),
    )  # fmt: skip


def _outlook(web: Web, caller: Known, code: str, written: Typed) -> Any:
    found = look_ahead(web.world, code, _command(caller, written))
    if isinstance(found, Refusal):
        raise refused(found)
    return found


def _page(
    web: Web, caller: Known, code: str, asked: Asked, *, typed: Typed | None = None,
    refusal: Refusal | None = None,
) -> Response:  # fmt: skip
    """Show the desk; what somebody has typed stays where it was, with the refusal above it."""
    found = history(web, code, caller)
    trouble = refused(refusal) if refusal is not None else None
    now: datetime = web.world.now()
    form = typed or desk_view.begun(found, now, asked.audience, asked.template, asked.rewrite)
    context = desk_view.desk(web, caller, found, form, now)
    fitting = desk_view.fitting(form, context["kept"])
    outlook = _outlook(web, caller, code, fitting) if context["compose"] is not None else None
    return render(
        web, "desk_incident.html", caller, trouble.status if trouble is not None else 200,
        trouble=trouble, form_number=new_form_number(), done=asked.done,
        said_to=asked.said_to, compare=asked.compare, **context,
        **desk_view.told(found, asked.said_to), **desk_view.previewed(web, found, outlook),
    )  # fmt: skip
