"""The plan file, key by key: what may stand where, and what it means to whoever writes it.

These models only know shapes. `compile.py` turns them into `model.Plan`, `check.py` says what does
not fit together. Every field is described, since editors show the descriptions.
"""

import re
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetJsonSchemaHandler,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import CoreSchema, PydanticCustomError

from tocsin.core.times import parse_duration, parse_time


def problem(code: str, what: str, hint: str) -> PydanticCustomError:
    """An error that `core.document` reports as it stands; `code` must hold a dot."""
    # The texts go in as values: braces in what a user wrote are no placeholders.
    return PydanticCustomError(code, "{what}", {"what": what, "hint": hint})


def time_words(text: str, error: ValueError) -> tuple[str, str]:
    """What is wrong with a time value, and the hint; a cure keeps what stood before the number."""
    said = str(error)
    lead = re.match(r"\s*(t\+|within|<=?)\s*", text, re.IGNORECASE)
    if lead and " has no unit; " in said:
        said = re.sub(r"`(?=\d)", lambda _: f"`{lead[0].lstrip()}", said)
    what, _, hint = said.partition("; ")
    return what, hint


def _said_by(parse: Callable[[str], object]) -> Callable[[Any], Any]:
    def check(value: Any) -> Any:
        if isinstance(value, bool) or not isinstance(value, str | int | float):
            return value
        try:
            parse(str(value))
        except ValueError as error:
            what, hint = time_words(str(value), error)
            raise problem("plan.time", what, hint[:1].upper() + hint[1:] + ".") from None
        return str(value)

    return check


def _named(pattern: str, rule: str, example: str) -> Callable[[str], str]:
    def check(name: str) -> str:
        if not re.fullmatch(pattern, name):
            raise problem("plan.name", f"`{name}` cannot be a name here", f"{rule}: `{example}`.")
        return name

    return check


Time = Annotated[
    str,
    BeforeValidator(_said_by(parse_time)),
    Field(examples=["within 15m", "< 1h", "immediate (within 5m)", "next business day", "never"]),
]
Duration = Annotated[
    str, BeforeValidator(_said_by(parse_duration)), Field(examples=["15m", "1h30m", "24h"])
]
Id = Annotated[
    str,
    AfterValidator(
        _named(r"[a-z][a-z0-9-]*", "Use small letters, digits and hyphens", "team-lead")
    ),
    Field(examples=["team-lead"]),
]
FactName = Annotated[
    str,
    AfterValidator(
        _named(r"[a-z][a-z0-9_]*", "Use small letters, digits and underscores", "error_rate")
    ),
]
Code = Annotated[
    str,
    AfterValidator(_named(r"[A-Za-z0-9][A-Za-z0-9-]*", "Use letters, digits and hyphens", "P0")),
]
Condition = Annotated[str, Field(examples=["error_rate > 0.05"])]
ManyTexts = Annotated[
    list[str],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
Until = Literal["acknowledged", "resolved"]
_TIME_SCHEMA: dict[str, Any] = {
    "type": "string",
    "examples": ["immediate", "30m", "within 1h", "next business day", "never", "unspecified"],
}


class _Part(BaseModel):
    """What all parts have in common: no unknown keys, and no type is bent into another."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class WhoFile(_Part):
    """Whoever is told: one recipient, any of several, or everyone on a roster."""

    all: Id | None = Field(None, description="Everyone on this recipient's roster at once.")
    any_of: list[Id] = Field(
        [], alias="any of", description="All of them are told; an answer by any of them counts."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"any of": [value]}
        if isinstance(value, list):
            return {"any of": value}
        if not isinstance(value, dict):
            raise problem(
                "file.wrong-type", "this must say who is told",
                "For example `page: team-lead`, `page: [cto, ceo]`, `page: {all: team-lead}`.",
            )  # fmt: skip
        return value

    @model_validator(mode="after")
    def _somebody(self) -> "WhoFile":
        if bool(self.all) == bool(self.any_of):
            raise problem(
                "file.wrong-value", "this must name somebody, either by `all` or by `any of`",
                "For example `page: [cto, ceo]` or `page: {all: on-call-engineer}`.",
            )  # fmt: skip
        return self


Who = Annotated[
    WhoFile,
    WithJsonSchema(
        {
            "oneOf": [
                {"type": "string"},
                {"type": "array", "items": {"type": "string"}, "minItems": 1},
                {"type": "object", "properties": {"all": {"type": "string"}},
                 "required": ["all"], "additionalProperties": False},
                {"type": "object", "additionalProperties": False, "required": ["any of"],
                 "properties": {"any of": {"type": "array", "items": {"type": "string"}}}},
            ],
            "description": "A recipient, a list (any of them), or {all: recipient}.",
            "examples": ["on-call-engineer"],
        }
    ),
]  # fmt: skip


class StepFile(_Part):
    """One step of an escalation; every other key is a severity with its own time."""

    model_config = ConfigDict(
        extra="allow",
        strict=True,
        populate_by_name=True,
        json_schema_extra={"additionalProperties": _TIME_SCHEMA},
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
    mandate: list[str] = Field([], description="What the recipient is called to decide or do.")
    when: Condition | None = Field(None, description="A condition that must hold as well.")
    level: int | None = Field(None, ge=1, le=99, description="The number of an escalation level.")


class MatrixFile(_Part):
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


class ExhaustedFile(_Part):
    """The last resort."""

    page: Who | None = Field(
        None, description="Whom to alarm when all steps are taken and nobody has answered."
    )
    every: Duration = Field("15m", description="How often the alarm is repeated.")


class EscalationFile(_Part):
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
        [], description="Escalation as a list or a chain, in the order of time."
    )
    matrix: MatrixFile | None = Field(None, description="Escalation as a table.")
    levels: list[StepFile] = Field(
        [], description="Numbered levels; one without a time is taken when somebody asks for it."
    )
    if_exhausted: ExhaustedFile | None = Field(
        None, description="What happens when the last step was taken in vain."
    )


class SeverityFile(_Part):
    """A level of severity. Every other key is a clock of the plan with its limit."""

    model_config = ConfigDict(
        extra="allow", strict=True, json_schema_extra={"additionalProperties": _TIME_SCHEMA}
    )
    __pydantic_extra__: dict[str, Any]

    name: str = Field("", description="What people call it.", examples=["Critical"])
    alert_kind: str = Field(
        "", description="What the plan calls alerts of this level.", examples=["Page"]
    )
    when: list[Condition] = Field(
        [],
        description="Conditions over facts; one that holds is enough.",
        examples=[['service_availability == "none"']],
    )
    not_an_incident: list[Condition] = Field(
        [], description="Conditions that make it no incident at all, if nothing else holds."
    )
    acknowledge: Time | None = Field(None, description="How soon somebody must take it over.")
    respond: Time | None = Field(None, description="How soon the response must have begun.")
    escalation_policy: Literal["required", "recommended", "optional", "not required"] | None = (
        Field(None, description="The plan's word on escalation at this level.")
    )
    escalation: list[StepFile] = Field(
        [],
        description="Own steps of this severity. A step without a time takes it from the matrix.",
    )


class ClockFile(_Part):
    """A kind of deadline."""

    starts_at: Literal["opened", "acknowledged"] = Field(
        "opened", description="The event that starts it."
    )
    stops_at: Literal["acknowledged", "assessed", "resolved"] = Field(
        description="The event that stops it.", examples=["assessed"]
    )


class FactFile(_Part):
    """A fact that people and machines may state about an incident."""

    type: Literal["yes or no", "number", "text", "one of"] = Field(
        description="What values it has.", examples=["yes or no"]
    )
    values: list[str] = Field([], description="The values of a `one of` fact.")
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


class RoleFile(_Part):
    """A function in the incident."""

    name: str = Field("", description="What people call it.", examples=["Incident commander"])
    duties: list[str] = Field([], description="What whoever holds it does.")
    from_: Id | None = Field(
        None, alias="from", description="The recipient whose people may hold it."
    )
    assign: Time | None = Field(None, description="How soon somebody must hold it.")
    required_for: ManyTexts = Field(
        [], description="The severities at which it must be held.", examples=[["P0", "P1"]]
    )


class BusinessFile(_Part):
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
        [], description="Days off.", examples=[["2026-12-25", "2026-12-26"]]
    )


class OccasionFile(_Part):
    """Something that recurs, such as a sprint planning."""

    every: str = Field(description="How often, in weeks.", examples=["2 weeks"])
    from_: str = Field(alias="from", description="The first date.", examples=["2026-01-05"])
    at: str = Field("09:00", description="The time of day.", examples=["09:00"])


class CalendarsFile(_Part):
    """Calendars; every key but `business` is an occasion with its own name."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[str, OccasionFile]

    business: BusinessFile = Field(BusinessFile(), description="Business days and hours.")


class IdsFile(_Part):
    """How things are numbered."""

    incident: str = Field(
        "INC-{YYYY}-{n:03}",
        description="The pattern of incident numbers; its date part says when counting restarts.",
        examples=["INC-{YYYY}-{n:03}"],
    )


class ChannelsFile(_Part):
    """Where people talk during an incident."""

    incident: str = Field(
        "",
        description="One fixed channel, or a pattern that gives each incident its own.",
        examples=["#incident-{YYYY}-{MM}-{DD}-{n:03}"],
    )


class AlertRuleFile(_Part):
    """What an alert with certain labels means."""

    match: dict[str, ManyTexts] = Field(
        description="Labels with the values accepted; `~` starts a regular expression.",
        examples=[{"severity": "critical"}],
    )
    facts: dict[str, Any] = Field({}, description="What the alert states about the world.")
    severity: str = Field("", description="The severity outright.", examples=["P1"])
    kind: str = Field("", description="The kind of incident.")


class AlertsFile(_Part):
    """How alerts become incidents."""

    group_by: list[str] = Field(
        ["alertname"],
        description="Alerts that agree in these labels belong to one incident.",
    )
    rules: list[AlertRuleFile] = Field([], description="The first one that matches counts.")
    otherwise: str = Field(
        "", description="The severity of alerts that no rule matches.", examples=["P2"]
    )
    resolve_incident: bool = Field(
        False, description="Whether an incident is resolved when its last alert ends."
    )
    reopen_within: Duration = Field(
        "30m", description="An alert that returns so soon reopens the incident."
    )


class PlanFile(_Part):
    """An incident response plan as Tocsin reads it."""

    # Required by the schema, but not by the model: a plan without a name can still be checked.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        title="Tocsin plan",
        json_schema_extra={"required": ["tocsin", "plan", "severities"]},
    )

    tocsin: Literal[1] = Field(1, description="The version of this language.", examples=[1])
    plan: Id = Field("plan", description="A short name.", examples=["shop-incidents"])
    title: str = Field("", description="The name of the plan as people know it.")
    organisation: str = Field("", description="Whose plan it is.")
    kinds: list[str] = Field(
        [], description="The kinds of incident it covers.", examples=[["security", "operational"]]
    )
    time_zone: str = Field(
        "UTC", description="The zone of all days and times of day.", examples=["Europe/Berlin"]
    )
    tolerance: Duration | None = Field(
        None, description="What `immediate` allows where it does not say.", examples=["5m"]
    )
    calendars: CalendarsFile = Field(CalendarsFile(), description="Business days and occasions.")
    facts: dict[FactName, FactFile] = Field({}, description="What can be stated of an incident.")
    severities: dict[Code, SeverityFile] = Field(
        {}, description="The levels, worst first.", examples=[{"P0": {"name": "Critical"}}]
    )
    clocks: dict[Id, ClockFile] = Field(
        {}, description="Deadlines beside `acknowledge` and `respond`, or other meanings of these."
    )
    roles: dict[Id, RoleFile] = Field({}, description="Functions in an incident.")
    contacts: dict[Id, str] = Field(
        {},
        description="Every recipient of the plan, with the plan's words on how to reach them; "
        "`unfilled` where the plan leaves it open.",
    )
    ids: IdsFile = Field(IdsFile(), description="How incidents are numbered.")
    channels: ChannelsFile = Field(ChannelsFile(), description="Where people talk.")
    alerts: AlertsFile = Field(AlertsFile(), description="How alerts become incidents.")
    escalation: EscalationFile = Field(EscalationFile(), description="Who is told, and when.")


def plan_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a plan file, for editors."""
    schema = PlanFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
