"""The plan file, key by key: what may stand where, and what it means to whoever writes it.

These models only know shapes. `compile.py` turns them into `model.Plan`, `check.py` says what does
not fit together. Every field is described, since editors show the descriptions. `shapes.py` holds
what all parts are made of; each room of the language has its own `file.py`.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field, GetJsonSchemaHandler, model_validator
from pydantic_core import CoreSchema

from tocsin.core.plan.afterwards import file as afterwards
from tocsin.core.plan.catalogue.file import CatalogueKeys
from tocsin.core.plan.communication.file import (
    AnnouncementFile,
    AudienceFile,
    ChannelsFile,
    PublishingFile,
    StatusPageFile,
    SupportFile,
    TemplateFile,
    UpdateRuleFile,
)
from tocsin.core.plan.consequences import file as consequences
from tocsin.core.plan.people.file import (
    AuthorityFile,
    ConfidentialFile,
    FloorFile,
    ModeFile,
    RoleFile,
    SeveralFile,
    TeamFile,
)
from tocsin.core.plan.response.file import (
    EvidenceFile,
    GateFile,
    MilestonesFile,
    PhaseFile,
    PlaybookFile,
    QuestionFile,
)
from tocsin.core.plan.shapes import (
    TIME_SCHEMA,
    Code,
    Condition,
    Display,
    Duration,
    FactName,
    Id,
    ManyTexts,
    Part,
    Time,
    Until,
    Who,
)


class StepFile(Part):
    """One step of an escalation; every other key is a severity with its own time."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        populate_by_name=True,
        json_schema_extra={"additionalProperties": TIME_SCHEMA},
    )
    __pydantic_extra__: dict[str, Any]

    page: Who | None = Field(None, description="Who is called and must acknowledge.")
    notify: Who | None = Field(None, description="Who is told; no answer is expected.")
    ticket: Who | None = Field(None, description="Where a ticket is filed.")
    at: Time | None = Field(None, description="When, at every severity that has no own time here.")
    for_: ManyTexts | None = Field(
        None, alias="for", description="The severities concerned; all if it is left out."
    )
    until: Until | None = Field(
        None, description="The step is skipped once the incident has got there."
    )
    unless: Until | None = Field(None, description="The same as `until`, as some plans say it.")
    mandate: list[str] = Field(
        default_factory=list, description="What the recipient is called to decide or do."
    )
    when: Condition | None = Field(None, description="A condition that must hold as well.")
    manual: bool = Field(
        False, description="Whether it is meant that the step waits until somebody asks for it."
    )
    level: int | None = Field(None, ge=1, le=99, description="The number of an escalation level.")


class MatrixFile(Part):
    """Escalation as a table: a row per recipient, a column per severity."""

    meaning: Literal["notify by", "if unresolved after", "if unacknowledged after"] | None = Field(
        None,
        description="What a time in a cell says: that the recipient is told then in any case, or "
        "only if the incident is still unresolved or unacknowledged.",
        examples=["notify by"],
    )
    precedence: Literal["prose", "matrix"] | None = Field(
        None,
        description="Which one counts where the `escalation` of a severity tells the same "
        "recipient at another time.",
        examples=["matrix"],
    )
    rows: list[StepFile] = Field(description="One entry per recipient.", examples=[[]])


class ExhaustedFile(Part):
    """The last resort."""

    page: Who | None = Field(
        None, description="Whom to alarm when all steps are taken and nobody has answered."
    )
    every: Duration = Field("15m", description="How often the alarm is repeated.")


class EscalationFile(Part):
    """Who is told when an incident goes on; several notations may stand side by side."""

    measured_from: Literal["start", "previous step"] | None = Field(
        None,
        description="What the times of `steps` count from. Not needed where each says `T+15m`.",
        examples=["start"],
    )
    until: Until = Field(
        "acknowledged", description="What ends the escalation, where a step does not say."
    )
    steps: list[StepFile] = Field(
        default_factory=list, description="Escalation as a list or a chain, in the order of time."
    )
    matrix: MatrixFile | None = Field(None, description="Escalation as a table.")
    levels: list[StepFile] = Field(
        default_factory=list,
        description="Numbered levels; one without a time is taken when somebody asks for it.",
    )
    if_exhausted: ExhaustedFile | None = Field(
        None, description="What happens when the last step was taken in vain."
    )
    triggers: list[consequences.TriggerFile] = Field(
        default_factory=list,
        description="What happens that makes the plan tell more people, whatever the time.",
    )


class ExampleFile(Part):
    """A case that shows what a severity means, and that proves that its conditions say so."""

    is_: str = Field(alias="is", description="The case in words.", examples=["database down"])
    facts: dict[str, Any] = Field(
        default_factory=dict,
        description="What is stated then.",
        examples=[{"service_availability": "none"}],
    )


class SeverityFile(Part):
    """A level of severity. Every other key is a clock of the plan with its limit."""

    model_config = ConfigDict(
        extra="allow", strict=True, json_schema_extra={"additionalProperties": TIME_SCHEMA}
    )
    __pydantic_extra__: dict[str, Any]

    name: str = Field("", description="What people call it.", examples=["Critical"])
    aliases: ManyTexts = Field(
        default_factory=list,
        description="What else it is called; understood wherever a severity is typed.",
        examples=[["SEV1"]],
    )
    criticality: Literal["critical", "high", "medium", "low"] | None = Field(
        None, description="How it compares with the levels of other plans, in reports over several."
    )
    definition: str = Field(
        "",
        description="The level in words, for whoever has to choose one.",
        examples=["The whole service is down"],
    )
    examples: list["ExampleFile"] = Field(
        default_factory=list,
        description="Cases that are of this level; `check` tries them on the conditions.",
    )
    alert_kind: str = Field(
        "", description="What the plan calls alerts of this level.", examples=["Page"]
    )
    when: list[Condition] = Field(
        default_factory=list,
        description="Conditions over facts; one that holds is enough.",
        examples=[['service_availability == "none"']],
    )
    not_an_incident: list[Condition] = Field(
        default_factory=list,
        description="Conditions that make it no incident at all, if nothing else holds.",
    )
    acknowledge: Time | None = Field(None, description="How soon somebody must take it over.")
    respond: Time | None = Field(None, description="How soon the response must have begun.")
    escalation_policy: Literal["required", "recommended", "optional", "not required"] | None = (
        Field(None, description="The plan's word on escalation at this level.")
    )
    escalation: list[StepFile] = Field(
        default_factory=list,
        description="Own steps of this severity. A step without a time takes it from the matrix.",
    )


class ClockFile(Part):
    """A kind of deadline."""

    starts_at: str = Field(
        "opened", description="The moment that starts it.", examples=["opened", "phase recovery"]
    )
    stops_at: str = Field(
        description="The moment that stops it.", examples=["assessed", "after phase containment"]
    )


class FactFile(Part):
    """A fact that people and machines may state about an incident."""

    type: Literal["yes or no", "number", "text", "one of"] = Field(
        description="What values it has.", examples=["yes or no"]
    )
    values: list[str] = Field(default_factory=list, description="The values of a `one of` fact.")
    about: str = Field("", description="What it says, for whoever is asked.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"type": value}
        if isinstance(value, list):
            return {"type": "one of", "values": value}
        return value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        short = {"enum": ["yes or no", "number", "text"]}, {"type": "array", "minItems": 1}
        return {"anyOf": [handler.resolve_ref_schema(handler(core_schema)), *short]}


class BusinessFile(Part):
    """Business hours, for `next business day`."""

    days: list[
        Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
    ] = Field(
        ["monday", "tuesday", "wednesday", "thursday", "friday"],
        description="The working days.",
        min_length=1,
    )
    hours: str = Field(
        "09:00-17:00", description="Opening and closing time.", examples=["09:00-17:00"]
    )
    holidays: list[str] = Field(
        default_factory=list, description="Days off.", examples=[["2026-12-25", "2026-12-26"]]
    )


class OccasionFile(Part):
    """Something that recurs, such as a sprint planning."""

    every: str = Field(description="How often, in weeks.", examples=["2 weeks"])
    from_: str = Field(alias="from", description="The first date.", examples=["2026-01-05"])
    at: str = Field("09:00", description="The time of day.", examples=["09:00"])


class CalendarsFile(Part):
    """Calendars; every key but `business` is an occasion with its own name."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, OccasionFile]

    business: BusinessFile = Field(BusinessFile(), description="Business days and hours.")


class IdsFile(Part):
    """How things are numbered."""

    incident: str = Field(
        "INC-{YYYY}-{n:03}",
        description="The pattern of incident numbers; its date part says when counting restarts.",
        examples=["INC-{YYYY}-{n:03}"],
    )


class AlertRuleFile(Part):
    """What an alert with certain labels means."""

    match: dict[str, ManyTexts] = Field(
        description="Labels with the values accepted; `~` starts a regular expression.",
        examples=[{"severity": "critical"}],
    )
    facts: dict[str, Any] = Field(
        default_factory=dict, description="What the alert states about the world."
    )
    severity: str = Field("", description="The severity outright.", examples=["P1"])
    kind: str = Field("", description="The kind of incident.")


class AlertsFile(Part):
    """How alerts become incidents."""

    group_by: list[str] = Field(
        ["alertname"],
        description="Alerts that agree in these labels belong to one incident.",
    )
    rules: list[AlertRuleFile] = Field(
        default_factory=list, description="The first one that matches counts."
    )
    otherwise: str = Field(
        "", description="The severity of alerts that no rule matches.", examples=["P2"]
    )
    resolve_incident: bool = Field(
        False, description="Whether an incident is resolved when its last alert ends."
    )
    reopen_within: Duration = Field(
        "30m", description="An alert that returns so soon reopens the incident."
    )


class MainKeys(Part):
    """The top keys that most plans have; they stand first in the schema."""

    tocsin: Literal[1] = Field(1, description="The version of this language.", examples=[1])
    plan: Id = Field("plan", description="A short name.", examples=["shop-incidents"])
    standing: Literal["in force", "as written"] = Field(
        "in force",
        description="`as written` keeps a document as it is, with its gaps and contradictions: it "
        "can be checked and read, and not be put in force.",
    )
    title: str = Field("", description="The name of the plan as people know it.")
    organisation: str = Field("", description="Whose plan it is.")
    kinds: list[str] = Field(
        default_factory=list,
        description="The kinds of incident it covers.",
        examples=[["security", "operational"]],
    )
    time_zone: str = Field(
        "UTC", description="The zone of all days and times of day.", examples=["Europe/Berlin"]
    )
    tolerance: Duration | None = Field(
        None, description="What `immediate` allows where it does not say.", examples=["5m"]
    )
    calendars: CalendarsFile = Field(CalendarsFile(), description="Business days and occasions.")
    facts: dict[FactName, FactFile] = Field(
        default_factory=dict, description="What can be stated of an incident."
    )
    severities: dict[Code, SeverityFile] = Field(
        default_factory=dict,
        description="The levels, worst first.",
        examples=[{"P0": {"name": "Critical"}}],
    )
    clocks: dict[Id, ClockFile] = Field(
        default_factory=dict,
        description="Deadlines beside `acknowledge` and `respond`, or other meanings of these.",
    )
    roles: dict[Id, RoleFile] = Field(default_factory=dict, description="Functions in an incident.")
    teams: dict[Id, TeamFile] = Field(
        default_factory=dict, description="Parts of the response with own leads."
    )
    authority: AuthorityFile = Field(
        AuthorityFile(), description="Who may do what; what is not said, everybody may."
    )
    modes: dict[Id, ModeFile] = Field(
        default_factory=dict,
        description="Ways of working beside the severity, such as disaster recovery.",
    )
    confidential: list[ConfidentialFile] = Field(
        default_factory=list, description="Which incidents not everybody may read."
    )
    floors: list[FloorFile] = Field(
        default_factory=list, description="Severities below which certain incidents cannot be set."
    )
    in_doubt: Literal["higher", "lower", "ask"] | None = Field(
        None,
        description="What a fact that is stated as in doubt counts for: `higher` takes the worst "
        "that it may mean, `lower` nothing until it is known, `ask` asks for it besides.",
        examples=["higher"],
    )
    several: SeveralFile | None = Field(
        None, description="What is different while several incidents are open."
    )
    display: Display = Field(
        "{code} {name}",
        description="How people are shown severities, with `{code}` and `{name}`.",
        examples=["{code} - {name}"],
    )
    contacts: dict[Id, str] = Field(
        default_factory=dict,
        description="Every recipient of the plan, with the plan's words on how to reach them; "
        "`unfilled` where the plan leaves it open.",
    )
    ids: IdsFile = Field(IdsFile(), description="How incidents are numbered.")
    channels: ChannelsFile = Field(
        ChannelsFile(), description="Where people talk, and how others are told."
    )
    audiences: dict[Id, AudienceFile] = Field(
        default_factory=dict, description="Groups of readers."
    )
    statuses: list[str] | dict[str, ManyTexts] = Field(
        default_factory=list,
        description="The words for how things stand, in order; or each with those that may "
        "follow it.",
        examples=[["Investigating", "Identified", "Monitoring", "Resolved"]],
    )
    updates: list[UpdateRuleFile] = Field(
        default_factory=list, description="Who is told how often."
    )
    templates: dict[Id, TemplateFile] = Field(
        default_factory=dict, description="How messages are written."
    )
    announcements: list[AnnouncementFile] = Field(
        default_factory=list, description="What is told at certain moments."
    )
    publishing: list[PublishingFile] = Field(
        default_factory=list, description="Who may tell whom something, and within which limits."
    )
    status_page: StatusPageFile | None = Field(
        None, description="The page on which everybody sees how things are."
    )
    support: SupportFile | None = Field(None, description="What customers get from support.")
    alerts: AlertsFile = Field(AlertsFile(), description="How alerts become incidents.")
    escalation: EscalationFile = Field(EscalationFile(), description="Who is told, and when.")
    phases: dict[Id, PhaseFile] = Field(
        default_factory=dict, description="The stretches of the work, in order."
    )
    playbooks: dict[Id, PlaybookFile] = Field(
        default_factory=dict, description="What is done in certain types of incident."
    )
    milestones: MilestonesFile = Field(
        MilestonesFile(), description="What should have come about by when: `T+15m: [...]`."
    )
    gates: list[GateFile] = Field(
        default_factory=list, description="What must hold before the work may go on."
    )
    evidence: list[EvidenceFile] = Field(
        default_factory=list, description="What must be preserved, and when."
    )
    questions: list[QuestionFile] = Field(
        default_factory=list, description="What each incident must answer."
    )
    duties: dict[Id, consequences.DutyFile] = Field(
        default_factory=dict, description="Who must be told by when, and what shows that they were."
    )
    regulations: dict[Id, consequences.RegulationFile] = Field(
        default_factory=dict, description="Laws that oblige to tell an authority."
    )
    ladders: dict[FactName, consequences.LadderFile] = Field(
        default_factory=dict,
        description="What follows when a figure climbs: money, complaints, time.",
    )
    finance: consequences.FinanceFile | None = Field(
        None, description="What incidents cost, and how that is worked out."
    )
    disaster_recovery: dict[Id, consequences.RecoveryFile] = Field(
        default_factory=dict, description="What is done in disasters, in order."
    )
    postmortem: afterwards.PostmortemFile | None = Field(
        None, description="How an incident is gone over when it is resolved."
    )
    documents: dict[Id, afterwards.DocumentFile] = Field(
        default_factory=dict, description="Documents that incidents need."
    )
    action_items: afterwards.ActionItemsFile | None = Field(
        None, description="What is asked of the measures that come out of an incident."
    )
    metrics: dict[Id, afterwards.MetricFile] = Field(
        default_factory=dict, description="Figures by which the work is judged."
    )
    reports: dict[Id, afterwards.ReportFile] = Field(
        default_factory=dict, description="Reports over a period."
    )
    programme: dict[Id, afterwards.RecurringFile] = Field(
        default_factory=dict,
        description="What is done again and again: drills, experiments, reviews, audits.",
    )
    assessments: dict[Id, afterwards.AssessmentFile] = Field(
        default_factory=dict, description="Forms by which drills are judged."
    )


class PlanFile(CatalogueKeys, MainKeys):
    """An incident response plan as Tocsin reads it."""

    # Required by the schema, but not by the model: a plan without a name can still be checked.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        title="Tocsin plan",
        json_schema_extra={"required": ["tocsin", "plan", "severities"]},
    )


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a plan file, for editors."""
    schema = PlanFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
