"""Incidents: list, declare, read, export."""

from typing import Annotated

from fastapi import APIRouter, Header, Query

from tocsin.core.incident.lifecycle import TRANSITIONS
from tocsin.core.incident.replies import replies
from tocsin.engine.actions import Report
from tocsin.web import doing
from tocsin.web.api import documents
from tocsin.web.api import models as m
from tocsin.web.api import room_models as r
from tocsin.web.api.asking import (
    Reader,
    Responder,
    TheWeb,
    acting,
    problems,
    room_of,
    shown,
    yes_or_no,
)
from tocsin.web.problems import Trouble
from tocsin.web.room import rows, seen_by

router = APIRouter(prefix="/api/v1", tags=["incidents"])

NUMBER_AT_MOST = 2**62
"""Stores count no further."""

Cursor = Annotated[str, Query(description="`next` of the page before.", max_length=20)]
Limit = Annotated[int, Query(ge=1, le=200)]


@router.get("/incidents", responses=problems(422))
def list_incidents(
    web: TheWeb,
    caller: Reader,
    state: Annotated[str, Query(description="States, separated by commas; all if left out.")] = "",
    limit: Limit = 50,
    cursor: Cursor = "",
) -> m.IncidentList:
    """List incidents, newest first."""
    listed = rows(web.world, states_in(state), number_in(cursor), limit + 1)
    found = seen_by(web.world, caller, listed)
    more = found[limit - 1].incident.id if len(found) > limit else None
    return m.IncidentList(
        incidents=[documents.row(one) for one in found[:limit]],
        next=str(more) if more is not None else None,
    )


@router.post("/incidents", status_code=201, responses=problems(409, 422))
def declare_incident(
    body: m.Declaration,
    web: TheWeb,
    caller: Responder,
    idempotency_key: Annotated[str, Header(max_length=200)] = "",
) -> m.IncidentDocument:
    """Declare an incident. Its first pages are ordered before the answer leaves.

    With an `Idempotency-Key`, a repeat gives the same incident as it is by now; without one, a
    second request is a second incident.
    """
    who = acting(web, caller, body.as_, body.why)
    report = Report(
        title=body.title,
        severity=body.severity,
        facts={n: yes_or_no(web.world.rules.plan, n, v) for n, v in body.facts.items()},
        kind=body.kind,
        key=idempotency_key,
        **who,
    )
    return shown(web, doing.declare(web, report), caller)


@router.get("/incidents/{code}", responses=problems(404))
def show_incident(code: str, web: TheWeb, caller: Reader) -> m.IncidentDocument:
    """Show an incident with its clocks, its timeline, and what the plan does next."""
    return documents.incident(room_of(web, code, caller), web.world.now())


@router.get("/incidents/{code}/timeline", responses=problems(404, 422))
def show_timeline(
    code: str, web: TheWeb, caller: Reader, after: Annotated[int, Query(ge=0)] = 0
) -> m.Timeline:
    """Show the entries after number `after`."""
    entries = [entry for entry in room_of(web, code, caller).timeline if entry.number > after]
    return m.Timeline(
        incident=code, timeline=[documents.timeline_entry(entry) for entry in entries]
    )


@router.get("/incidents/{code}/bundle", responses=problems(404))
def export_bundle(code: str, web: TheWeb, caller: Reader) -> m.Bundle:
    """Export a timeline for `tocsin verify`, which needs no server."""
    room = room_of(web, code, caller)
    return m.Bundle(
        incident=room.incident.code,
        entries=[
            m.BundleEntry(number=entry.number, text=entry.text, hash=entry.hash.hex())
            for entry in room.timeline
        ],
        count=room.entries,
        head=room.head.hex(),
    )


@router.get("/incidents/{code}/replies", responses=problems(404))
def show_replies(code: str, web: TheWeb, caller: Reader) -> r.ReplyList:
    """Show what support may answer customers now, in line with what the public was told."""
    room = room_of(web, code, caller)
    return r.ReplyList(
        incident=room.incident.code,
        replies=[
            r.ReplyDocument(
                name=one.name, subject=one.subject, text=one.text, missing=list(one.missing)
            )
            for one in replies(room.plan, room.incident, web.world.now())
        ],
    )


def states_in(text: str) -> list[str]:
    """Read a list of states; raises Trouble for one that does not exist."""
    states = [state.strip() for state in text.split(",") if state.strip()]
    for state in states:
        if state not in TRANSITIONS:
            known = f"there are: {', '.join(TRANSITIONS)}"
            raise Trouble(422, "request.state", f"there is no state {state!r}", known)
    return states


def number_in(cursor: str) -> int | None:
    """Read a cursor; raises Trouble for one that no page gave out."""
    if not cursor:
        return None
    if not (cursor.isascii() and cursor.isdigit() and int(cursor) <= NUMBER_AT_MOST):
        hint = "take `next` of the page before, or leave it out"
        raise Trouble(422, "request.cursor", f"{cursor!r} is no cursor", hint)
    return int(cursor)
