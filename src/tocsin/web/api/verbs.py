"""What can be done to an incident: one route a verb; each answers with the incident afterwards.

Saying again what is so already changes nothing and is answered like the first time, except for
notes and facts: each of them is an observation of its own.
"""

from typing import Annotated

from fastapi import APIRouter, Body

from tocsin.core.incident import commands as c
from tocsin.web import doing
from tocsin.web.api import models as m
from tocsin.web.api.asking import Responder, TheWeb, acting, demand_person, problems, shown

router = APIRouter(
    prefix="/api/v1/incidents/{code}", tags=["incidents"], responses=problems(404, 409, 422)
)

Nothing = m.Plain()
PlainBody = Annotated[m.Plain, Body()]


@router.post("/acknowledge")
def acknowledge(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that you have it: escalation rests."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Acknowledge(**who)))


@router.post("/release")
def release(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that you don't have it any more: escalation goes on."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Release(**who)))


@router.post("/resolve")
def resolve(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that the trouble is over."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Resolve(**who)))


@router.post("/reopen")
def reopen(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that it was not over: escalation begins anew."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Reopen(**who)))


@router.post("/close")
def close(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that nothing is left to do."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Close(**who)))


@router.post("/note")
def note(code: str, web: TheWeb, caller: Responder, body: m.NoteRequest) -> m.IncidentDocument:
    """Put a note on the record."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Note(text=body.text, **who)))


@router.post("/fact")
def fact(code: str, web: TheWeb, caller: Responder, body: m.FactRequest) -> m.IncidentDocument:
    """State a fact; the plan may raise the severity because of it."""
    who = acting(web, caller, body.as_, body.why)
    command = c.RecordFact(name=body.name, value=body.value, **who)
    return shown(web, doing.act(web, code, command))


@router.post("/severity")
def severity(
    code: str, web: TheWeb, caller: Responder, body: m.SeverityRequest
) -> m.IncidentDocument:
    """Confirm or change the severity."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.SetSeverity(severity=body.severity, **who)))


@router.post("/escalate")
def escalate(
    code: str, web: TheWeb, caller: Responder, body: m.EscalateRequest
) -> m.IncidentDocument:
    """Call more people now."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Escalate(to=body.to, **who)))


@router.post("/role")
def role(code: str, web: TheWeb, caller: Responder, body: m.RoleRequest) -> m.IncidentDocument:
    """Give a role to a person of the organisation."""
    demand_person(web, body.person)
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.TakeRole(role=body.role, person=body.person, **who)))
