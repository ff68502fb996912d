"""What can be done beside an incident's course: pins, links, merging, splitting."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import Field

from tocsin.core.incident import commands as c
from tocsin.web import doing
from tocsin.web.access import Caller, demand_reader
from tocsin.web.api import models as m
from tocsin.web.api.asking import Responder, TheWeb, acting, problems, shown
from tocsin.web.site import Web

router = APIRouter(
    prefix="/api/v1/incidents/{code}", tags=["incidents"], responses=problems(404, 409, 422)
)

NUMBER_AT_MOST = 2**62
ALERTS_AT_MOST = 1000
"""Alerts that one request splits off."""


class PinRequest(m.Asked):
    """An entry of the timeline, by its number."""

    number: int = Field(ge=1, le=NUMBER_AT_MOST)


class LinkRequest(m.Asked):
    """Another incident, and what this one is to it."""

    to: str
    relation: Literal["relates", "caused_by", "duplicates"] = "relates"


class MergeRequest(m.Asked):
    """The incident that this one turns out to be."""

    into: str


class SplitRequest(m.Asked):
    """Alerts, by their ids, that are another incident's matter; what that is called."""

    alerts: list[Annotated[int, Field(ge=1, le=NUMBER_AT_MOST)]] = Field(
        min_length=1, max_length=ALERTS_AT_MOST
    )
    title: str = Field("", max_length=300)


@router.post("/pin")
def pin(code: str, web: TheWeb, caller: Responder, body: PinRequest) -> m.IncidentDocument:
    """Say that an entry of the timeline tells the story."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Pin(number=body.number, **who)), caller)


@router.post("/unpin")
def unpin(code: str, web: TheWeb, caller: Responder, body: PinRequest) -> m.IncidentDocument:
    """Say that it does not."""
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Unpin(number=body.number, **who)), caller)


@router.post("/link")
def link(code: str, web: TheWeb, caller: Responder, body: LinkRequest) -> m.IncidentDocument:
    """Say that two incidents belong together; both timelines say so."""
    demand_reads(web, caller, body.to)
    who = acting(web, caller, body.as_, body.why)
    command = c.Link(to=body.to, relation=body.relation, **who)
    return shown(web, doing.act(web, code, command), caller)


@router.post("/merge")
def merge(code: str, web: TheWeb, caller: Responder, body: MergeRequest) -> m.IncidentDocument:
    """Say that this incident is the same as another one, which its alerts join; it is closed."""
    demand_reads(web, caller, body.into)
    who = acting(web, caller, body.as_, body.why)
    return shown(web, doing.act(web, code, c.Merge(into=body.into, **who)), caller)


@router.post("/split")
def split(code: str, web: TheWeb, caller: Responder, body: SplitRequest) -> m.IncidentDocument:
    """Open another incident for some of the alerts; the answer is the new one."""
    who = acting(web, caller, body.as_, body.why)
    command = c.Split(alerts=tuple(body.alerts), title=body.title, **who)
    return shown(web, doing.split(web, code, command), caller)


def demand_reads(web: Web, caller: Caller, code: str) -> None:
    """Raise Trouble if there is an incident of that code and it is not for the caller."""
    with web.world.store.read() as reading:
        kept = reading.incident(code)
    if kept is not None:
        demand_reader(web.world, caller, kept.incident)
