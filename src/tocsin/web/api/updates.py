"""Updates beside publishing them: what one would look like, and what was said to whom."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, Field

from tocsin.core.incident import commands as c
from tocsin.core.incident.commands import Refusal
from tocsin.engine.outlook import Outlook, look_ahead
from tocsin.web.api import models as m
from tocsin.web.api.asking import Reader, Responder, TheWeb, acting, problems
from tocsin.web.problems import refused
from tocsin.web.said import Told, history

router = APIRouter(prefix="/api/v1/incidents/{code}/updates", tags=["incidents"])


class ProblemInTheWay(BaseModel):
    """Why an update would be refused."""

    code: str
    what: str
    hint: str


class PartDocument(BaseModel):
    """One part of a message: its `subject`, `text`, `html` or `json`."""

    part: str
    content: str


class WayDocument(BaseModel):
    """A channel with what it would show; `readers` are those whom it would be sent to first."""

    channel: str
    readers: int
    parts: list[PartDocument]


class PreviewDocument(BaseModel):
    """An update as it would go out now; `problems` are what is in its way, the first one counts.

    With `approval` it waits for one of them. `gaps` are fields that nobody has filled in.
    """

    audience: str
    outside: bool = Field(description="Whether people outside the organisation read it.")
    subject: str
    text: str
    status: str
    template: str
    next_at: datetime | None
    late_seconds: int
    approval: list[str]
    second: bool = Field(description="Whether a second person has to ask for the same.")
    gaps: list[str]
    problems: list[ProblemInTheWay]
    remarks: list[str]
    channels: list[str] = Field(description="The plan's channels by which it goes.")
    unreached: list[str] = Field(description="Why recipients cannot be reached now.")
    ways: list[WayDocument]
    sms_parts: int = Field(description="In how many SMS it would go.")


class MessageDocument(BaseModel):
    """One message of an update, and what became of it."""

    person: str
    channel: str
    state: str
    detail: str


class SaidDocument(BaseModel):
    """One update that went out; `by` let it out, `writer` wrote it. `entry` is in the timeline."""

    entry: int
    update: str
    audience: str
    at: datetime
    by: str
    writer: str
    status: str
    subject: str
    text: str
    template: str
    next_at: datetime | None
    late_seconds: int
    channels: list[str]
    subscriptions: list[str]
    remarks: list[str]
    readers: int
    unreached: list[str]
    messages: list[MessageDocument]


class WithheldDocument(BaseModel):
    """One update that was held back: nobody has read it."""

    entry: int
    update: str
    audience: str
    at: datetime
    by: str
    writer: str
    text: str
    why: str


class HistoryDocument(BaseModel):
    """Everything that was said of an incident, newest first."""

    incident: str
    updates: list[SaidDocument]
    withheld: list[WithheldDocument]


@router.get("", responses=problems(404))
def show_updates(code: str, web: TheWeb, caller: Reader, audience: str = "") -> HistoryDocument:
    """Show what was said to whom, with what became of the messages; to one `audience` or to all."""
    found = history(web, code, caller)
    return HistoryDocument(
        incident=found.incident.code,
        updates=[_said(one) for one in found.told if audience in ("", one.said.update.audience)],
        withheld=[
            WithheldDocument(
                entry=one.number, update=one.proposal.update, audience=one.proposal.audience,
                at=one.withdrawal.at, by=one.withdrawal.by, writer=one.proposal.by,
                text=one.proposal.text, why=one.withdrawal.why,
            )
            for one in found.withheld
            if audience in ("", one.proposal.audience)
        ],
    )  # fmt: skip


@router.post("/preview", responses=problems(404, 422))
def preview_update(
    code: str, web: TheWeb, caller: Responder, body: m.UpdateRequest
) -> PreviewDocument:
    """Show an update as it would go out now, with everything that is in its way. Changes nothing.

    The body is that of `POST .../update`.
    """
    who = acting(web, caller, body.as_, body.why)
    command = c.Publish(
        audience=body.audience, text=body.text, template=body.template, values=body.values,
        status=body.status, subject=body.subject, next=body.next, free=body.free, **who,
    )  # fmt: skip
    found = look_ahead(web.world, code, command)
    if isinstance(found, Refusal):
        raise refused(found)
    return _preview(found)


def _preview(found: Outlook) -> PreviewDocument:
    seen = found.preview
    return PreviewDocument(
        audience=seen.audience,
        outside=seen.outside,
        subject=seen.subject,
        text=seen.text,
        status=seen.status,
        template=seen.template,
        next_at=seen.next_at,
        late_seconds=seen.late_seconds,
        approval=list(seen.approval),
        second=seen.second,
        gaps=list(seen.gaps),
        problems=[
            ProblemInTheWay(code=one.code, what=one.reason, hint=one.hint) for one in seen.problems
        ],
        remarks=list(seen.remarks),
        channels=list(seen.channels),
        unreached=list(found.gaps),
        ways=[
            WayDocument(
                channel=way.channel,
                readers=way.readers,
                parts=[PartDocument(part=one.part, content=one.content) for one in way.parts],
            )
            for way in found.ways
        ],
        sms_parts=found.sms.parts,
    )


def _said(told: Told) -> SaidDocument:
    update = told.said.update
    return SaidDocument(
        entry=told.said.number,
        update=update.update,
        audience=update.audience,
        at=update.at,
        by=update.by,
        writer=told.said.writer,
        status=update.status,
        subject=update.subject,
        text=update.text,
        template=update.template,
        next_at=update.next_at,
        late_seconds=update.late_seconds,
        channels=list(update.channels),
        subscriptions=list(update.subscriptions),
        remarks=list(update.remarks),
        readers=told.readers,
        unreached=[one.why for one in told.said.unreached],
        messages=[
            MessageDocument(
                person=one.person,
                channel=one.contact.channel,
                state=one.state,
                detail=one.detail,
            )
            for one in told.deliveries
        ],
    )
