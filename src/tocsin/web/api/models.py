"""What the API takes and gives, as its OpenAPI description says it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

State = Literal["open", "acknowledged", "resolved", "closed"]
Value = (
    bool
    | Annotated[int, Field(ge=-(2**62), le=2**62)]
    | Annotated[float, Field(allow_inf_nan=False)]
    | Annotated[str, Field(max_length=1000)]
)
Why = Annotated[str, Field(max_length=1000, description="Why, for the record.")]


class IncidentRow(BaseModel):
    """An incident in a list."""

    code: str
    title: str
    state: State
    severity: str
    severity_name: str
    severity_confirmed: bool
    severity_why: str
    kind: str
    opened_at: datetime
    acknowledged_by: str | None
    acknowledged_at: datetime | None
    resolved_at: datetime | None
    closed_at: datetime | None
    alerts_firing: int
    alerts_total: int
    roles: Mapping[str, str]
    next_at: datetime | None = Field(description="When the plan has something to do next.")
    channel: str
    exercise: bool


class IncidentList(BaseModel):
    """A page of incidents, newest first."""

    incidents: list[IncidentRow]
    next: str | None = Field(description="The `cursor` of the next page; null on the last one.")


class ClockDocument(BaseModel):
    """A deadline of the incident."""

    name: str
    due: datetime
    state: Literal["running", "met", "missed", "dropped"]
    started_at: datetime
    ended_at: datetime | None
    line: int = Field(description="The line of the plan that sets it.")


class FactDocument(BaseModel):
    """The latest value of an observation."""

    value: bool | int | float | str
    by: str
    at: datetime


class AheadDocument(BaseModel):
    """A step that the plan takes if nothing happens before."""

    at: datetime
    to: list[str]
    do: Literal["page", "notify", "ticket", "alarm"]
    why: str
    line: int


class TimelineEntry(BaseModel):
    """One thing that happened; the fields of its own kind stand beside these."""

    model_config = ConfigDict(extra="allow")

    number: int
    kind: str
    at: datetime
    by: str
    via: str
    why: str
    line: int
    hash: str


class Timeline(BaseModel):
    """Entries of a timeline, in order."""

    incident: str
    timeline: list[TimelineEntry]


class DeliveryDocument(BaseModel):
    """One message to one person through one channel, and what became of it."""

    id: int
    incident: str
    kind: Literal["page", "notice", "ticket", "alarm"]
    person: str
    to: str
    channel: str
    state: Literal["due", "sent", "failed", "cancelled"]
    attempts: int
    due_at: datetime
    sent_at: datetime | None
    detail: str
    subject: str
    short_code: str
    why: str


class AlertDocument(BaseModel):
    """One episode of an alert. `incident_number` is the number of the incident it belongs to."""

    id: int
    integration: str
    fingerprint: str
    firing: bool
    starts_at: datetime
    ends_at: datetime | None
    disposition: str
    incident_number: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    link: str
    received_at: datetime


class AlertList(BaseModel):
    """A page of alerts, oldest first."""

    alerts: list[AlertDocument]
    next: str | None


class IncidentDocument(IncidentRow):
    """An incident with everything around it."""

    number: int
    plan: str
    facts: Mapping[str, FactDocument]
    clocks: list[ClockDocument]
    ahead: list[AheadDocument]
    timeline: list[TimelineEntry]
    deliveries: list[DeliveryDocument]
    alerts: list[AlertDocument]


class BundleEntry(BaseModel):
    """One entry exactly as it is kept."""

    number: int
    text: str
    hash: str


class Bundle(BaseModel):
    """A timeline that can be verified without this server."""

    format: Literal["tocsin-record-1"] = "tocsin-record-1"
    incident: str
    entries: list[BundleEntry]
    count: int
    head: str


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    why: Why = ""
    as_: str = Field(
        "", alias="as", description="The person the operator key acts for; as `Tocsin-As`."
    )


class Declaration(_Asked):
    """A new incident. Without a severity the plan's criteria decide over the facts."""

    title: str = Field(max_length=300)
    severity: str = ""
    facts: dict[str, Value] = {}
    kind: str = ""


class Plain(_Asked):
    """A step that needs nothing more."""


class NoteRequest(_Asked):
    """Something for the record."""

    text: str = Field(max_length=10_000)


class FactRequest(_Asked):
    """An observation."""

    name: str
    value: Value


class SeverityRequest(_Asked):
    """A severity, by a person: confirmed."""

    severity: str


class EscalateRequest(_Asked):
    """More people: a recipient of the plan, or `level 2`."""

    to: str


class RoleRequest(_Asked):
    """Who holds a role from now on."""

    role: str
    person: str


class NextShift(BaseModel):
    """Who comes after, and when."""

    model_config = ConfigDict(populate_by_name=True)

    person: str
    from_: datetime = Field(alias="from")


class OnCall(BaseModel):
    """Who is on call in one roster."""

    roster: str
    person: str
    name: str
    since: datetime
    until: datetime
    why: Literal["rotation", "override"]
    next: NextShift


class OnCallList(BaseModel):
    """Who is on call, at one instant, in each roster that was asked for."""

    at: datetime
    rosters: list[OnCall]


class InboxDocument(BaseModel):
    """A person's newest messages over all channels, newest first."""

    person: str
    messages: list[DeliveryDocument]


class UnreadableDocument(BaseModel):
    """Something that arrived and could not be understood; `payload` is its beginning as text."""

    id: int
    received_at: datetime
    integration: str
    why: str
    size: int
    payload: str


class UnreadableList(BaseModel):
    """What could not be understood, newest first."""

    unreadable: list[UnreadableDocument]


class PlanDocument(BaseModel):
    """The plan in force."""

    name: str
    version: str
    title: str


class FoundProblem(BaseModel):
    """One problem of a file that was offered and refused."""

    file: str
    line: int
    column: int
    code: str
    level: Literal["error", "warning", "note"]
    what: str
    hint: str


class Status(BaseModel):
    """What this process is, and what it works by; `refused` are the problems of a file that was
    offered last and is not in force."""

    version: str
    node: str
    plan: PlanDocument | None
    organisation: str | None
    counts: Mapping[str, int]
    channels: list[str]
    refused: list[FoundProblem]


class BreakDocument(BaseModel):
    """The first entry of a timeline that is not what was recorded."""

    incident: str
    number: int
    what: str


class Verification(BaseModel):
    """Whether the chains of hashes hold."""

    holds: bool
    first_broken: BreakDocument | None
    incidents: int
    entries: int


class TestPageRequest(_Asked):
    """Who is called for trial."""

    person: str


class SignInLinkRequest(BaseModel):
    """For whom, and for how long."""

    model_config = ConfigDict(extra="forbid")

    person: str
    minutes: int = Field(15, ge=1, le=24 * 60)


class SignInLink(BaseModel):
    """A link by which `person` can sign in once."""

    url: str
    person: str
    expires_at: datetime
