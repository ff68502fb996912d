"""Files of an incident: taken in, listed, handed out. What is handed out is never run here."""

import mimetypes
import re
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from tocsin.core.incident import commands as c
from tocsin.core.incident.attaching import NAME_AT_MOST, shows_as
from tocsin.core.incident.state import Incident
from tocsin.engine.attachments import File
from tocsin.web import doing
from tocsin.web.access import Caller, demand_reader
from tocsin.web.api import models as m
from tocsin.web.api import room_models as r
from tocsin.web.api.asking import Reader, Responder, TheWeb, acting, problems, shown
from tocsin.web.api.documents import attached
from tocsin.web.problems import Trouble
from tocsin.web.site import Web

router = APIRouter(prefix="/api/v1/incidents/{code}/attachments", tags=["incidents"])

UNKNOWN_KIND = "application/octet-stream"
SAYS_NOTHING = frozenset({"", UNKNOWN_KIND, "application/x-www-form-urlencoded"})
"""What programs call a file whose kind they do not know; curl takes it for a form."""

NO_POWERS = "sandbox; default-src 'none'"
"""Content-Security-Policy of what others have uploaded, in addition to that of all answers."""

_MEDIA_TYPE = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,80}")

Name = Annotated[str, Query(description="What the file is called.", max_length=1000)]


async def given_file(request: Request, name: Name = "") -> File:
    """Return the file in a request: a form's, or the body as it is."""
    said = request.headers.get("content-type", "")
    if not said.startswith("multipart/form-data"):
        return File(name, kind_of(said, name), await request.body())
    async with request.form(max_files=1, max_fields=10) as form:
        for part in form.values():
            if isinstance(part, UploadFile):
                called = name or part.filename or ""
                return File(called, kind_of(part.content_type or "", called), await part.read())
    hint = "send it as the body with ?name=, or as the file of a form"
    raise Trouble(422, "request.no-file", "there is no file in this request", hint)


GivenFile = Annotated[File, Depends(given_file)]


@router.post("", responses=problems(404, 409, 413, 422), status_code=201)
def attach(
    code: str,
    web: TheWeb,
    caller: Responder,
    file: GivenFile,
    as_: Annotated[str, Query(alias="as", description="As in other requests.")] = "",
    why: Annotated[str, Query(max_length=1000)] = "",
) -> m.IncidentDocument:
    """Keep a file with the incident: the body, or the file of a form; at most 10 MiB."""
    who = acting(web, caller, as_, why)
    return shown(web, doing.attach(web, code, file, c.Attach(**who)), caller)


@router.get("", responses=problems(404))
def attachments(code: str, web: TheWeb, caller: Reader) -> r.AttachmentList:
    """List the files of an incident."""
    incident = _readable(web, code, caller)
    return r.AttachmentList(incident=incident.code, attachments=attached(incident))


@router.get("/{number}", responses=problems(404, 422), response_class=Response)
def attachment(
    code: str,
    number: int,
    web: TheWeb,
    caller: Reader,
    show: Annotated[bool, Query(description="A picture, to be shown in place.")] = False,
) -> Response:
    """Hand out a file, to be saved; `show` lets a browser show a picture that is one."""
    incident = _readable(web, code, caller)
    with web.world.store.read() as reading:
        found = reading.attachment(incident.id, number)
    if found is None:
        hint = f"GET /api/v1/incidents/{incident.code}/attachments lists them"
        raise Trouble(404, "attachment.unknown", f"there is no file {number} here", hint)
    in_place = show and shows_as(found.media_type, found.content)
    how = "inline" if in_place else "attachment"
    return Response(
        found.content,
        media_type=found.media_type if in_place else UNKNOWN_KIND,
        headers={
            "Content-Disposition": f"{how}; filename*=UTF-8''{quote(found.name, safe='')}",
            "Content-Security-Policy": NO_POWERS,
        },
    )


def kind_of(said: str, name: str) -> str:
    """Return a file's media type: as it is said, else as its name says, else unknown."""
    plain = said.partition(";")[0].strip().lower()
    if plain in SAYS_NOTHING or not _MEDIA_TYPE.fullmatch(plain):
        guessed = mimetypes.guess_type(name[-NAME_AT_MOST:], strict=True)[0] or ""
        return guessed if _MEDIA_TYPE.fullmatch(guessed) else UNKNOWN_KIND
    return plain


def _readable(web: Web, code: str, caller: Caller) -> Incident:
    with web.world.store.read() as reading:
        kept = reading.incident(code)
    if kept is None:
        hint = "GET /api/v1/incidents lists them"
        raise Trouble(404, "incident.unknown", f"there is no incident {code}", hint)
    demand_reader(web.world, caller, kept.incident)
    return kept.incident
