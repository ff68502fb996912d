"""What API routes share: what they are given, how they act, and how they refuse."""

from typing import Annotated, Any

from fastapi import Depends

from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import FactValue, Plan
from tocsin.web.access import (
    Caller,
    Known,
    KnownNeeds,
    Operator,
    Via,
    acting_for,
    demand_reader,
    may_read,
)
from tocsin.web.api import documents
from tocsin.web.api import models as m
from tocsin.web.facts import value_of
from tocsin.web.problems import ProblemDocument, Trouble, refused
from tocsin.web.room import Part, Room, covered_room, open_room
from tocsin.web.site import Web, given_web

TheWeb = Annotated[Web, Depends(given_web)]
Reader = Annotated[Known, Depends(KnownNeeds("read"))]
Responder = Annotated[Known, Depends(KnownNeeds("respond"))]
Commander = Annotated[Known, Depends(KnownNeeds("command"))]
Administrator = Annotated[Known, Depends(KnownNeeds("administer"))]
Auditor = Annotated[Known, Depends(KnownNeeds("audit"))]


def yes_or_no(plan: Plan, name: str, value: FactValue) -> FactValue:
    """Return a value as the plan means it where it calls a fact `yes or no`; else as it is."""
    rule = plan.facts.get(name)
    told = isinstance(value, str) and rule is not None and rule.kind == "bool"
    return value_of(plan, name, str(value)) if told else value


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the problem documents that a route may answer with, beside 401, 403 and 503."""
    what = {
        400: "The request can't be understood.",
        401: "No key, or no signed-in person.",
        403: "Not allowed with this key, or for this person.",
        404: "There is no such thing.",
        409: "Refused: it does not fit how things stand. `hint` says what does.",
        413: "The request is too large.",
        422: "A value can't be used. `errors` says which.",
        429: "So many changes in a row can't be meant. `Retry-After` says when it goes on.",
        503: "Not just now, and nothing was kept. `Retry-After` says when.",
    }
    return {
        status: {"description": what[status], "model": ProblemDocument}
        for status in sorted({401, 403, 503, *statuses})
    }


def acting(web: Web, caller: Known, as_: str, why: str) -> dict[str, Any]:
    """Return who a command is by, through what, and why."""
    via: Via = caller.via
    by = caller.by
    if isinstance(caller, Operator):
        if person := acting_for(web.world, as_):
            by = person.id
    elif as_ not in ("", caller.person.id):
        hint = "leave out `as`; only the operator key acts for others"
        raise Trouble(403, "access.not-yourself", f"{by} can't act as {as_!r}", hint)
    return {"by": by, "via": via, "why": why}


def room_of(web: Web, code: str, caller: Caller | None = None, part: Part | None = None) -> Room:
    """Return an incident with everything around it.

    Raises Trouble if there is none, or if it is not for the `caller`; without one, what is
    restricted comes without its content. `part` as for open_room.
    """
    room = open_room(web.world, code, part=part)
    if room is None:
        raise _unknown(code)
    if caller is not None:
        demand_reader(web.world, caller, room.incident)
        return room
    return covered_room(room) if room.incident.restricted is not None else room


def plan_of(web: Web, code: str) -> Plan:
    """Return the plan that rules an incident; raises Trouble if there is none of that code."""
    with web.world.store.read() as reading:
        kept = reading.incident(code)
    if kept is None:
        raise _unknown(code)
    return web.world.rules.plan_of(kept.incident.plan)


def _unknown(code: str) -> Trouble:
    hint = "GET /api/v1/incidents lists them"
    return Trouble(404, "incident.unknown", f"there is no incident {code}", hint)


def demand_person(web: Web, person_id: str) -> None:
    """Raise Trouble unless somebody in the organisation has that id."""
    people = web.world.rules.organisation.people
    if person_id not in people:
        hint = f"known: {', '.join(sorted(people))}"
        raise Trouble(422, "person.unknown", f"there is no person {person_id!r}", hint)


def shown(
    web: Web, outcome: Incident | Refusal, caller: Caller | None = None
) -> m.IncidentDocument:
    """Return the incident as it truly is after a command; raises Trouble for a refusal.

    A restricted one comes without its content where the `caller` may not read it.
    """
    if isinstance(outcome, Refusal):
        raise refused(outcome)
    reads = caller is not None and may_read(web.world, caller, outcome)
    return documents.incident(
        room_of(web, outcome.code, caller if reads else None), web.world.now()
    )
