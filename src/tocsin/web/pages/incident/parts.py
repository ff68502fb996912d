"""What the incident room's script asks for: more of the timeline, and how a line can go on."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import HTMLResponse, JSONResponse

from tocsin.core.incident import saying
from tocsin.core.incident.sayings import SAYINGS
from tocsin.web.access import may
from tocsin.web.api.asking import room_of
from tocsin.web.pages.forms import Reader, TheWeb
from tocsin.web.pages.incident import timeline
from tocsin.web.pages.incident.forms import PartQuery
from tocsin.web.pages.incident.room import here, names_in
from tocsin.web.pages.rendering import fragment
from tocsin.web.pages.words.markdown import markdown
from tocsin.web.room import newest

router = APIRouter(prefix="/live/incidents", include_in_schema=False)


@router.get("/{code}/timeline")
def timeline_part(
    code: str, web: TheWeb, caller: Reader, query: Annotated[PartQuery, Depends()]
) -> Response:
    """Return entries of a timeline, and how to get at older ones."""
    asked = query.wanted()
    names = names_in(web, code)
    room = room_of(web, code, caller, timeline.part(asked, names))
    told = timeline.told(asked, room.timeline, names)
    return HTMLResponse(
        fragment(
            web, "_lines.html", caller, code=room.incident.code, told=told,
            may_act=may(caller, "respond"), markdown=markdown,
        )
    )  # fmt: skip


@router.get("/{code}/completions")
def completions(
    code: str, web: TheWeb, caller: Reader, text: Annotated[str, Query(max_length=200)] = ""
) -> Response:
    """Return how a line could go on: whole lines, with what they mean."""
    room = room_of(web, code, caller, newest(0))
    about = {f"/{one.verb} ": (one.arguments, one.about) for one in SAYINGS}
    found = []
    for line in saying.completions(text, here(web, caller, room)):
        arguments, meaning = about.get(line, ("", ""))
        found.append({"line": line, "arguments": arguments, "about": meaning})
    return JSONResponse(found)
