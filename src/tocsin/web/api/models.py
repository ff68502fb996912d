"""What the API takes and gives, as its OpenAPI description says it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from tocsin.web.api.alert_models import AlertDocument
from tocsin.web.api.health_document import HealthDocument, SourceDocument
from tocsin.web.api.room_models import RoomPart
from tocsin.web.problems import FoundProblem

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
    holders: Mapping[str, tuple[str, ...]]
    mode: str
    false_alarm: bool
    restricted: bool
    in_doubt: list[str]
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


class TaskDocument(BaseModel):
    """A task of the plan that is open: `task` is what to tick."""

    task: str
    text: str
    group: str
    do: str
    by: str = Field(description="The role or recipient who does it, if the plan says so.")
    since: datetime
    due: datetime | None
    holds: list[str] = Field(description="What has to wait for it.")
    needed: bool = Field(description="False where people may say that it is not needed.")
    left: list[str] = Field(description="Members that are still to be ticked singly.")
    one_of: list[str] = Field(description="The ways of which the tick says one.")
    records: list[str] = Field(description="Facts that must be stated before it is ticked.")
    answer: str = Field(description="The fact that answers it, if it is a question.")
    audience: str = Field(description="Whom an update must reach, if that is what is to be done.")
    line: int


class WatchDocument(BaseModel):
    """A period in which all must stay well: until then `before` is refused."""

    watch: str
    since: datetime
    until: datetime
    passed: bool
    before: str
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
    kind: Literal["page", "notice", "ticket", "alarm", "update"]
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


class IncidentDocument(IncidentRow, RoomPart):
    """An incident with everything around it."""

    number: int
    plan: str
    facts: Mapping[str, FactDocument]
    clocks: list[ClockDocument]
    ahead: list[AheadDocument]
    phase: str
    parallel: list[str] = Field(description="Phases that go on beside it.")
    watches: list[WatchDocument]
    tasks: list[TaskDocument]
    status: str = Field(description="The status that was published last.")
    updates: "list[PublishedDocument]"
    proposals: "list[ProposalDocument]"
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


class Asked(BaseModel):
    """What every request for a change may say: why, and for whom."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    why: Why = ""
    as_: str = Field(
        "", alias="as", description="The person the operator key acts for; as `Tocsin-As`."
    )


class Declaration(Asked):
    """A new incident. Without a severity the plan's criteria decide over the facts."""

    title: str = Field(max_length=300)
    severity: str = ""
    facts: dict[str, Value] = {}
    kind: str = ""


class Plain(Asked):
    """A step that needs nothing more."""


class NoteRequest(Asked):
    """Something for the record."""

    text: str = Field(max_length=10_000)


class FactRequest(Asked):
    """An observation; the value `?` says that nobody knows for certain."""

    name: str
    value: Value


class AcknowledgeRequest(Asked):
    """I have it; a severity is confirmed in the same step."""

    severity: str = ""


class SeverityRequest(Asked):
    """A severity, by a person: confirmed."""

    severity: str


class EscalateRequest(Asked):
    """More people: a recipient of the plan, or `level 2`."""

    to: str


class RoleRequest(Asked):
    """Who holds a role from now on, or looks on at it."""

    role: str
    person: str


class LeaveRequest(Asked):
    """The role that whoever asks holds no longer."""

    role: str


class ModeRequest(Asked):
    """The mode in which the response works from now on; an empty one ends it."""

    mode: str = ""


class DecisionRequest(Asked):
    """A decision of the kind `about`: what was chosen among which options, and what it costs."""

    about: str
    choice: str = Field(max_length=10_000)
    options: list[str] = []
    amount: float = 0


class TickRequest(Asked):
    """A task that is done: the way it was done, or for which one of its members."""

    task: str
    choice: str = ""
    member: str = ""


class WaiveRequest(Asked):
    """A task that is not needed; `why` says for what reason."""

    task: str


class PhaseRequest(Asked):
    """The phase that is entered; `force` although something is open, because of `why`."""

    phase: str
    force: bool = False


class UpdateRequest(Asked):
    """An update to an audience: a `text`, or a `template` with `values` by field.

    Without a `template` it is the one that the plan wants; `free`: none, whatever the plan wants.
    """

    audience: str
    text: str = Field("", max_length=10_000)
    template: str = ""
    values: Mapping[str, Annotated[str, Field(max_length=10_000)]] = {}
    status: str = ""
    subject: str = Field("", max_length=300)
    next: str = Field("", description="How soon the next one comes, as `30m`.")
    free: bool = False


class ApprovalRequest(Asked):
    """A proposed update that goes out; or with `withdraw` does not, because of `why`."""

    update: str
    withdraw: bool = False


class PublishedDocument(BaseModel):
    """The latest update to an audience; `count` of them in all. `stale`: the next one is late."""

    audience: str
    update: str
    at: datetime
    by: str
    status: str
    subject: str
    text: str
    next_at: datetime | None
    count: int
    stale: bool


class ProposalDocument(BaseModel):
    """An update that waits until somebody approves it."""

    audience: str
    update: str
    at: datetime
    by: str
    status: str
    subject: str
    text: str
    approval: list[str] = Field(description="Roles and recipients of whom one has to.")


class NextShift(BaseModel):
    """Who comes after, and when."""

    model_config = ConfigDict(populate_by_name=True)

    person: str
    from_: datetime = Field(alias="from")


class OnCall(BaseModel):
    """Who is on call in one roster, which is on the clocks of `time_zone`."""

    roster: str
    time_zone: str
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
    health: HealthDocument | None = None
    integrations: list[SourceDocument] = []


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


class TestPageRequest(Asked):
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
