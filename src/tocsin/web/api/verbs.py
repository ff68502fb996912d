"""What can be done to an incident: one route a verb; each answers with the incident afterwards.

Saying again what is so already changes nothing and is answered like the first time, except for
notes and facts: each of them is an observation of its own.
"""

from typing import Annotated

from fastapi import APIRouter, Body

from tocsin.core.incident import commands as c
from tocsin.web import doing
from tocsin.web.api import models as m
from tocsin.web.api.asking import (
    Responder,
    TheWeb,
    acting,
    demand_person,
    problems,
    room_of,
    shown,
    yes_or_no,
)

router = APIRouter(
    prefix="/api/v1/incidents/{code}", tags=["incidents"], responses=problems(404, 409, 422)
)

Nothing = m.Plain()
PlainBody = Annotated[m.Plain, Body()]
Acknowledged = m.AcknowledgeRequest()
AcknowledgeBody = Annotated[m.AcknowledgeRequest, Body()]


@router.post("/acknowledge")
def acknowledge(
    code: str, web: TheWeb, caller: Responder, body: AcknowledgeBody = Acknowledged
) -> m.IncidentDocument:
    """Say that you have it: escalation rests. A severity is confirmed in the same step."""
    who = acting(web, caller, body.as_, body.why)
    command = c.Acknowledge(severity=body.severity, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/release")
def release(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that you don't have it any more: escalation goes on."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Release(**who)), caller)


@router.post("/resolve")
def resolve(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that the trouble is over."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Resolve(**who)), caller)


@router.post("/reopen")
def reopen(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that it was not over: escalation begins anew."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Reopen(**who)), caller)


@router.post("/close")
def close(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that nothing is left to do."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Close(**who)), caller)


@router.post("/note")
def note(code: str, web: TheWeb, caller: Responder, body: m.NoteRequest) -> m.IncidentDocument:
    """Put a note on the record."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Note(text=body.text, **who)), caller)


@router.post("/fact")
def fact(code: str, web: TheWeb, caller: Responder, body: m.FactRequest) -> m.IncidentDocument:
    """State a fact; the plan may raise the severity because of it.

    What the plan calls `yes or no` may be stated in these words.
    """
    who = acting(web, caller, body.as_, body.why)
    value = yes_or_no(room_of(web, code).plan, body.name, body.value)
    command = c.RecordFact(name=body.name, value=value, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/severity")
def severity(
    code: str, web: TheWeb, caller: Responder, body: m.SeverityRequest
) -> m.IncidentDocument:
    """Confirm or change the severity."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.SetSeverity(severity=body.severity, **who)), caller)


@router.post("/escalate")
def escalate(
    code: str, web: TheWeb, caller: Responder, body: m.EscalateRequest
) -> m.IncidentDocument:
    """Call more people now."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Escalate(to=body.to, **who)), caller)


@router.post("/role")
def role(code: str, web: TheWeb, caller: Responder, body: m.RoleRequest) -> m.IncidentDocument:
    """Give a role to a person of the organisation."""
    demand_person(web, body.person)
    who = acting(web, caller, body.as_, body.why)
    command = c.TakeRole(role=body.role, person=body.person, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/tick")
def tick(code: str, web: TheWeb, caller: Responder, body: m.TickRequest) -> m.IncidentDocument:
    """Say that a task of the plan is done."""
    who = acting(web, caller, body.as_, body.why)
    command = c.Tick(task=body.task, choice=body.choice, member=body.member, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/waive")
def waive(code: str, web: TheWeb, caller: Responder, body: m.WaiveRequest) -> m.IncidentDocument:
    """Say that a task of the plan is not needed, and why."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Waive(task=body.task, **who)), caller)


@router.post("/phase")
def phase(code: str, web: TheWeb, caller: Responder, body: m.PhaseRequest) -> m.IncidentDocument:
    """Go on to a phase of the plan."""
    who = acting(web, caller, body.as_, body.why)
    command = c.EnterPhase(phase=body.phase, force=body.force, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/update")
def update(code: str, web: TheWeb, caller: Responder, body: m.UpdateRequest) -> m.IncidentDocument:
    """Tell an audience how things stand; the plan may want it approved first."""
    who = acting(web, caller, body.as_, body.why)
    command = c.Publish(
        audience=body.audience, text=body.text, template=body.template, values=body.values,
        status=body.status, subject=body.subject, next=body.next, free=body.free, **who,
    )  # fmt: skip
    return shown(web, doing.act(web, code, command), caller)


@router.post("/approve")
def approve(
    code: str, web: TheWeb, caller: Responder, body: m.ApprovalRequest
) -> m.IncidentDocument:
    """Let a proposed update out, or say that it does not go out."""
    who = acting(web, caller, body.as_, body.why)
    command: c.Command = c.Approve(update=body.update, **who)
    if body.withdraw:
        command = c.Withdraw(update=body.update, **who)
    return shown(web, doing.act(web, code, command), caller)
