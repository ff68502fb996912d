"""What the API gives of an incident beside its course: files, pins, other incidents, impact."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, Field


class AttachmentDocument(BaseModel):
    """A file kept with an incident; its content is at `/attachments/ID` of the incident."""

    id: int
    name: str
    media_type: str
    size: int = Field(description="Bytes.")
    hash: str = Field(description="SHA-256 of the content, in hex.")
    by: str
    at: datetime


class AttachmentList(BaseModel):
    """The files of one incident, in the order in which they were attached."""

    incident: str
    attachments: list[AttachmentDocument]


class LinkDocument(BaseModel):
    """Another incident, and what this one is to it."""

    code: str
    relation: str = Field(
        description="`relates`, `caused_by`, `duplicates`, `caused` or `duplicated_by`."
    )


class AffectedDocument(BaseModel):
    """A component that the incident has hit, or may have hit."""

    component: str
    name: str
    state: Literal["down", "degraded", "may be affected", "up again"]
    by_way_of: list[str] = Field(description="What it leans on and is not up.")
    since: datetime | None
    by: str
    group: str
    importance: str
    line: int


class ImpactDocument(BaseModel):
    """From when until when something was wrong; `until` is null while it goes on."""

    since: datetime
    until: datetime | None
    seconds: float


class RoomPart(BaseModel):
    """What an incident's document says beside its course."""

    attachments: list[AttachmentDocument]
    pinned: list[int] = Field(description="Numbers of the entries that tell the story.")
    links: list[LinkDocument]
    merged_into: str = Field(description="The incident that this one turned out to be.")
    absorbed: list[str] = Field(description="Incidents that turned out to be this one.")
    affected: list[AffectedDocument]
    impact: ImpactDocument


class ReplyDocument(BaseModel):
    """An answer that support may give; while something is `missing` there is no text."""

    name: str
    subject: str
    text: str
    missing: list[str]


class ReplyList(BaseModel):
    """What support may answer customers now, in line with what the public was told."""

    incident: str
    replies: list[ReplyDocument]


class DeploymentDocument(BaseModel):
    """A change to what is run, as a machine reported it last."""

    id: int
    integration: str
    key: str
    at: datetime
    service: str
    environment: str
    version: str
    title: str
    by: str
    link: str
    state: str
    received_at: datetime


class DeploymentList(BaseModel):
    """Changes, newest first."""

    deployments: list[DeploymentDocument]


class DeploymentsTaken(BaseModel):
    """How many changes a report told of, and their keys."""

    deployments: list[str]
