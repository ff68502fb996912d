"""What can be done about roles, modes, decisions and the end of a response: one route a verb."""

from fastapi import APIRouter

from tocsin.core.incident import commands as c
from tocsin.web import doing
from tocsin.web.api import models as m
from tocsin.web.api.asking import (
    Administrator,
    Responder,
    TheWeb,
    acting,
    demand_person,
    problems,
    shown,
)
from tocsin.web.api.verbs import Nothing, PlainBody

router = APIRouter(
    prefix="/api/v1/incidents/{code}", tags=["incidents"], responses=problems(404, 409, 422)
)


@router.post("/hand-over")
def hand_over(code: str, web: TheWeb, caller: Responder, body: m.RoleRequest) -> m.IncidentDocument:
    """Hand a role over to a person; `why` says how things stand."""
    demand_person(web, body.person)
    who = acting(web, caller, body.as_, body.why)
    command = c.HandOver(role=body.role, person=body.person, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/leave-role")
def leave_role(
    code: str, web: TheWeb, caller: Responder, body: m.LeaveRequest
) -> m.IncidentDocument:
    """Say that you hold a role no longer; the plan may name who comes then."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.LeaveRole(role=body.role, **who)), caller)


@router.post("/shadow")
def shadow(code: str, web: TheWeb, caller: Responder, body: m.RoleRequest) -> m.IncidentDocument:
    """Let a person look on at a role."""
    demand_person(web, body.person)
    who = acting(web, caller, body.as_, body.why)
    command = c.Shadow(role=body.role, person=body.person, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/stand-down")
def stand_down(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """End the response to something that was real; `why` is needed."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.StandDown(**who)), caller)


@router.post("/false-alarm")
def false_alarm(
    code: str, web: TheWeb, caller: Responder, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Say that there never was any trouble; `why` is needed. No measure counts the incident."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.StandDown(false_alarm=True, **who)), caller)


@router.post("/mode")
def mode(code: str, web: TheWeb, caller: Responder, body: m.ModeRequest) -> m.IncidentDocument:
    """Start a mode of the plan; an empty one ends the present mode."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.SetMode(mode=body.mode, **who)), caller)


@router.post("/decide")
def decide(
    code: str, web: TheWeb, caller: Responder, body: m.DecisionRequest
) -> m.IncidentDocument:
    """Put a decision on the record; the plan may say who takes decisions of this kind."""
    who = acting(web, caller, body.as_, body.why)
    command = c.TakeDecision(
        about=body.about, choice=body.choice, options=tuple(body.options), amount=body.amount, **who
    )
    return shown(web, doing.act(web, code, command), caller)


@router.post("/break-glass")
def break_glass(
    code: str, web: TheWeb, caller: Administrator, body: PlainBody = Nothing
) -> m.IncidentDocument:
    """Read a restricted incident without being its reader; `why` stands on the record."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.BreakGlass(**who)), caller)
