"""What support is given: prepared answers, and who speaks to which customers."""

from datetime import datetime

from fastapi import APIRouter
from msgspec.structs import replace
from pydantic import BaseModel, Field

from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.statuspage import answers as prepared
from tocsin.core.statuspage.model import Publication
from tocsin.engine.keys import public_name
from tocsin.engine.statuspage.page import page_url
from tocsin.web.api.asking import Reader, TheWeb, problems, room_of
from tocsin.web.site import Web

router = APIRouter()


class AnswerDocument(BaseModel):
    """An answer of the plan that fits this incident."""

    id: str
    subject: str
    text: str = Field(description="Ready to be given; empty while something is missing.")
    missing: list[str] = Field(description="What nobody has said in public yet.")
    line: int


class SpeakerDocument(BaseModel):
    """Who speaks to customers of a tier; the tier is null for all others."""

    tier: str | None
    to: str
    people: list[str]


class AnswersDocument(BaseModel):
    """What support may say of an incident, and what the public page says of it."""

    incident: str
    status: str | None
    status_at: datetime | None
    public_title: str | None
    public_text: str | None
    public_url: str | None
    answers: list[AnswerDocument]
    speakers: list[SpeakerDocument]


@router.get("/api/v1/incidents/{code}/answers", tags=["incidents"], responses=problems(404))
def answers(code: str, web: TheWeb, caller: Reader) -> AnswersDocument:
    """Return the prepared answers of the plan that fit, filled with public values only."""
    room = room_of(web, code, caller)
    return document(web, room.plan, room.incident)


def document(web: Web, plan: Plan, incident: Incident) -> AnswersDocument:
    """Return what support may say of an incident."""
    latest, title = _latest(web, incident)
    told = prepared.answers(plan, incident, latest, web.world.now())
    name = public_name(web.world.secret, incident.id)
    return AnswersDocument(
        incident=incident.code,
        status=latest.status if latest is not None else None,
        status_at=latest.at if latest is not None else None,
        public_title=title or None,
        public_text=latest.text if latest is not None else None,
        public_url=f"{page_url(web.world)}/incidents/{name}.html" if latest is not None else None,
        answers=[
            AnswerDocument(
                id=one.id, subject=one.subject, text=one.text, missing=list(one.missing),
                line=one.line,
            )
            for one in told
        ],
        speakers=[
            SpeakerDocument(tier=one.tier or None, to=one.to, people=list(one.people))
            for one in prepared.lines(plan, incident)
        ],
    )  # fmt: skip


def _latest(web: Web, incident: Incident) -> tuple[Publication | None, str]:
    """Return the newest entry of the page, with the title that it has there."""
    with web.world.store.read() as reading:
        entries = reading.publications_of(incident.id)
    titles = [one.title for one in entries if one.title]
    title = titles[-1] if titles else ""
    return (replace(entries[-1], title=title), title) if entries else (None, "")
