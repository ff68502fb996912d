"""Declaring an incident by hand."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import RedirectResponse

from tocsin.core.incident.commands import Refusal
from tocsin.engine.actions import Report
from tocsin.web import doing
from tocsin.web.access import Known
from tocsin.web.facts import choices, value_of
from tocsin.web.pages.forms import Responder, TheWeb, demand_form_token, new_form_number
from tocsin.web.pages.rendering import incident_path, render
from tocsin.web.problems import Trouble, refused
from tocsin.web.site import Web

router = APIRouter(include_in_schema=False)

FACT = "fact-"
TITLE_AT_MOST = 300


async def _typed(request: Request) -> dict[str, str]:
    """Read a form whose fields the plan decides."""
    form = await request.form(max_files=0, max_fields=500)
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


@router.get("/declare")
def declare_page(web: TheWeb, caller: Responder) -> Response:
    """Ask what is broken; only the title is needed."""
    return _page(web, caller, {})


@router.post("/incidents")
def declare(
    web: TheWeb, caller: Responder, typed: Annotated[dict[str, str], Depends(_typed)]
) -> Response:
    """Open the incident; its first pages leave at once."""
    demand_form_token(web, caller, typed.get("form_token", ""))
    facts = {
        name.removeprefix(FACT): value_of(web.world.rules.plan, name.removeprefix(FACT), value)
        for name, value in typed.items()
        if name.startswith(FACT) and value.strip()
    }
    report = Report(
        title=typed.get("title", "")[:TITLE_AT_MOST],
        severity=typed.get("severity", ""),
        kind=typed.get("kind", ""),
        facts=facts,
        by=caller.by,
        via="page",
        key=_key(typed),
    )
    outcome = doing.declare(web, report)
    if isinstance(outcome, Refusal):
        return _page(web, caller, typed, refused(outcome))
    return RedirectResponse(incident_path(outcome.code), 303)


def _page(
    web: Web, caller: Known, typed: dict[str, str], trouble: Trouble | None = None
) -> Response:
    plan = web.world.rules.plan
    return render(
        web,
        "declare.html",
        caller,
        trouble.status if trouble is not None else 200,
        trouble=trouble,
        plan=plan,
        facts=[(rule, FACT + rule.name, choices(rule)) for rule in plan.facts.values()],
        typed=typed,
        form_number=new_form_number(),
    )


def _key(typed: dict[str, str]) -> str:
    """Return what the same form sent twice has in common: its number, and all that it says."""
    number = typed.get("form_number", "")
    said = sorted((name, value) for name, value in typed.items() if name != "form_token")
    return sha256(repr(said).encode()).hexdigest() if number else ""
