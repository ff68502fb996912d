"""The API of planned maintenance, and of the link to a private page."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field

from tocsin.core.incident.commands import Refusal
from tocsin.core.instants import parse_instant
from tocsin.core.statuspage.model import Window
from tocsin.core.times import parse_duration
from tocsin.engine.audit import audited
from tocsin.engine.keys import status_link_token
from tocsin.engine.quiet import QuietCount
from tocsin.engine.status_records import STATUS_LINK
from tocsin.engine.statuspage import planned
from tocsin.engine.statuspage.page import PATH
from tocsin.web.access import Known, KnownNeeds, doer
from tocsin.web.api.asking import Administrator, Reader, TheWeb, problems
from tocsin.web.doing import again
from tocsin.web.problems import Trouble, refused
from tocsin.web.site import Web

router = APIRouter(prefix="/api/v1", tags=["status page"])

Commander = Annotated[Known, Depends(KnownNeeds("command"))]
Verb = Literal["update", "start", "complete", "cancel"]
Words = Annotated[str, Field(max_length=5000)]
Moment = Annotated[str, Field(max_length=100, description="As people write it, or RFC 3339.")]


class SaidDocument(BaseModel):
    """Something said about planned work."""

    at: datetime
    status: str
    text: str


class MaintenanceDocument(BaseModel):
    """Planned work; `state` is how it is now."""

    id: int
    title: str
    text: str
    components: list[str]
    starts_at: datetime
    ends_at: datetime
    state: Literal["scheduled", "in_progress", "completed", "cancelled"]
    updates: list[SaidDocument]
    made_by: str
    made_at: datetime
    remarks: list[str] = Field(description="What the plan has against it; it holds all the same.")
    alerts_kept_quiet: int = Field(0, description="Alerts of its components that called nobody.")
    alerts_still_quiet: int = Field(0, description="Those of them that fire and still call nobody.")


class MaintenanceList(BaseModel):
    """Planned work that is ahead, runs, or ended in the last 90 days."""

    maintenances: list[MaintenanceDocument]


class MaintenanceRequest(BaseModel):
    """What is planned; all words are for the public. It lasts until `ends`, or for `lasts`."""

    title: Annotated[str, Field(max_length=200)]
    text: Words = ""
    components: Annotated[list[str], Field(max_length=200)] = []
    starts: Moment
    ends: Moment = ""
    lasts: Annotated[str, Field(max_length=50, description="`2h`, `90m`.")] = ""


class TurnRequest(BaseModel):
    """What is said; with `update`, `ends` moves the end."""

    text: Words = ""
    ends: Moment = ""


class StatusLink(BaseModel):
    """The link that opens a private status page, for whoever has it."""

    url: str


@router.get("/maintenances", responses=problems())
def maintenances(web: TheWeb, _caller: Reader) -> MaintenanceList:
    """List planned work."""
    now = web.world.now()
    listed = again(lambda: planned.windows(web.world))
    with web.world.store.read() as reading:
        quiet = reading.quiet_counts([one.id for one in listed])
    return MaintenanceList(
        maintenances=[document(one, now, quiet=quiet.get(one.id)) for one in listed]
    )


@router.post("/maintenances", status_code=201, responses=problems(409, 422))
def plan_maintenance(
    request: Request, web: TheWeb, caller: Commander, body: MaintenanceRequest
) -> MaintenanceDocument:
    """Plan work: it stands on the status page at once, and subscribers hear of it in time."""
    draft = draft_of(web, body)
    return _shown(web, again(lambda: planned.plan_window(web.world, draft, doer(request, caller))))


@router.post("/maintenances/{number}/{do}", responses=problems(404, 409, 422))
def change_maintenance(
    request: Request, number: int, do: Verb, web: TheWeb, caller: Commander, body: TurnRequest
) -> MaintenanceDocument:
    """Say how it goes, start it early, complete it, or call it off."""
    turn = turn_of(web, do, body)
    return _shown(
        web, again(lambda: planned.change_window(web.world, number, turn, doer(request, caller)))
    )


@router.get("/status-page/link", responses=problems())
def link(web: TheWeb, _caller: Administrator) -> StatusLink:
    """Return the link to the page, for readers of a page that is not public."""
    return StatusLink(url=_link(web))


@router.post("/status-page/link", responses=problems())
def new_link(request: Request, web: TheWeb, caller: Administrator) -> StatusLink:
    """Make another link; whoever came by the one before has to have it."""

    def revoke() -> None:
        with web.world.store.write() as tx:
            tx.numbers(STATUS_LINK, 1)
            audited(tx, web.world.now(), doer(request, caller), "status-page.link")

    again(revoke)
    return StatusLink(url=_link(web))


def draft_of(web: Web, body: MaintenanceRequest) -> planned.Draft:
    """Return what is planned; raises Trouble for a time that can't be read."""
    starts = _instant(web, body.starts)
    if bool(body.ends) == bool(body.lasts):
        raise _wrong("say either when it ends or how long it lasts", "for example `lasts`: `2h`")
    try:
        ends = _instant(web, body.ends) if body.ends else starts + _duration(body.lasts)
    except OverflowError:
        raise _wrong("it would end beyond all calendars", "for example `lasts`: `2h`") from None
    return planned.Draft(
        title=body.title,
        text=body.text,
        components=tuple(dict.fromkeys(body.components)),
        starts_at=starts,
        ends_at=ends,
    )


def turn_of(web: Web, do: str, body: TurnRequest) -> planned.Turn:
    """Return what is done; raises Trouble for a time that can't be read."""
    return planned.Turn(
        do=do, text=body.text, ends_at=_instant(web, body.ends) if body.ends else None
    )


def document(
    window: Window,
    now: datetime,
    remarks: tuple[str, ...] = (),
    quiet: QuietCount | None = None,
) -> MaintenanceDocument:
    """Return planned work as the API shows it."""
    count = quiet or QuietCount(0, 0)
    return MaintenanceDocument(
        id=window.id,
        title=window.title,
        text=window.text,
        components=list(window.components),
        starts_at=window.starts_at,
        ends_at=window.ends_at,
        state=window.state_at(now),
        updates=[SaidDocument(at=s.at, status=s.status, text=s.text) for s in window.updates],
        made_by=window.made_by,
        made_at=window.made_at,
        remarks=list(remarks),
        alerts_kept_quiet=count.in_all,
        alerts_still_quiet=count.now,
    )


def _shown(web: Web, outcome: planned.Planned | Refusal) -> MaintenanceDocument:
    if isinstance(outcome, Refusal):
        raise refused(outcome)
    number = outcome.window.id
    with web.world.store.read() as reading:
        quiet = reading.quiet_counts([number]).get(number)
    return document(outcome.window, web.world.now(), outcome.remarks, quiet)


def _link(web: Web) -> str:
    with web.world.store.read() as reading:
        version = reading.status_link()
    return f"{web.world.base_url}{PATH}/link/{status_link_token(web.world.secret, version)}"


def _instant(web: Web, text: str) -> datetime:
    try:
        return parse_instant(text, web.world.now(), web.world.rules.plan.time_zone)
    except ValueError as error:
        what, _, hint = str(error).partition("; ")
        raise _wrong(what, hint) from None


def _duration(text: str) -> timedelta:
    try:
        return parse_duration(text)
    except (ValueError, OverflowError) as error:
        what, _, hint = str(error).partition("; ")
        raise _wrong(what, hint or "for example `2h`") from None


def _wrong(what: str, hint: str) -> Trouble:
    return Trouble(422, "maintenance.time", what, hint)
