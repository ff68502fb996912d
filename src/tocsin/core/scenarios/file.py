"""Scenario files as they are written; docs/scenarios.md explains every key.

The verbs of an entry stand in `verbs.py`. `read.py` makes a `Script` of a file.
"""

from functools import partial
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
    model_validator,
)

from tocsin.core.plan.shapes import ManyTexts, Part, problem
from tocsin.core.scenarios.calendar import CalendarFile
from tocsin.core.scenarios.measuring import MeasuredFile
from tocsin.core.scenarios.verbs import VERBS, shape

DEFAULT_START = "2026-01-05 10:00"
"""When a simulation starts if nobody says: a Monday morning, always the same one."""

Value = bool | int | float | str
Facts = dict[str, Value]
Span = Annotated[
    str,
    # A bare number is no slip of type but of unit, and is told as such.
    BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value),
    Field(examples=["40m"]),
]


def _requirement(text: str) -> str:
    series, _, number = text.partition(".")
    if len(series) == 2 and series[0] == "S" and (series[1] + number).isdecimal() and number:
        return text
    raise problem(
        "scenario.shows",
        f"`{text}` is no requirement id",
        "They read `S`, a digit, a point and a number: `S3.22`.",
    )


def _labels(value: Any) -> Any:
    return {"alertname": value} if isinstance(value, str) and value else value


def _title(value: Any) -> Any:
    return {"title": value} if isinstance(value, str) else value


def _many(value: Any) -> Any:
    return value if isinstance(value, list) else [value]


def _do(value: Any) -> Any:
    return {"do": value} if isinstance(value, str) else value


def _or_text(schema: dict[str, Any]) -> None:
    """Let the schema of keys with values allow a text too, as the model does."""
    whole = {key: schema.pop(key) for key in list(schema) if key not in ("title", "description")}
    schema["anyOf"] = [{"type": "string"}, whole]


def _or_one(schema: dict[str, Any]) -> None:
    """Let the schema of a list allow one of its items too, as the model does."""
    whole = {key: schema.pop(key) for key in ("type", "items")}
    schema["anyOf"] = [whole["items"], whole]


Requirement = Annotated[str, AfterValidator(_requirement)]
Labels = Annotated[
    dict[str, str],
    BeforeValidator(_labels),
    WithJsonSchema(
        {"type": ["string", "object"], "additionalProperties": {"type": "string"}}
    ),
]  # fmt: skip


class ReportFile(Part):
    """An incident that a person declares."""

    model_config = ConfigDict(json_schema_extra=_or_text)

    title: str = Field(description="What is broken.", examples=["the shop is slow"])
    severity: str = Field("", description="The level; without it the facts decide.")
    kind: str = Field("", description="The kind of incident.")
    facts: Facts = Field(default_factory=dict, description="What is known at once.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return _title(value)


class OutageFile(Part):
    """Messages that fail: through a channel, to a person, or to a person through a channel."""

    channel: str = Field("", description="The channel that fails.", examples=["email"])
    person: str = Field("", description="Who cannot be reached: a person or audience.")
    lasts: Span = Field(
        "", alias="for", description="How long; to the end if left out.", examples=["20m"]
    )

    @model_validator(mode="after")
    def _something(self) -> "OutageFile":
        if not self.channel and not self.person:
            raise problem(
                "file.wrong-value", "an outage must name a channel, a person or both",
                "For example `outage: {channel: email, for: 20m}`.",
            )  # fmt: skip
        return self


class HappensFile(Part):
    """One thing that happens, by its kind; what is written besides must fit too."""

    model_config = ConfigDict(json_schema_extra=_or_text)

    do: str = Field(
        description="The kind, as `tocsin simulate --json` names it.", examples=["role_taken"]
    )
    to: str = Field("", description="Whom or what it is about, exactly.")
    clock: str = Field("", description="The clock's name, exactly.")
    by: str = Field("", description="Who did it, exactly.")
    why: str = Field("", description="A part of the reason given.")
    line: int = Field(0, description="The plan's line that asked for it.")
    through: ManyTexts = Field(
        default_factory=list,
        description="Of an update: all channels by which it goes.",
        examples=[["email", "sms"]],
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return _do(value)


Happens = Annotated[list[HappensFile], BeforeValidator(_many), Field(json_schema_extra=_or_one)]


class ExpectFile(Part):
    """What is expected at the entry's time; everything that is written must hold."""

    page: ManyTexts = Field(
        default_factory=list, description="Recipients who are paged.", examples=["team-lead"]
    )
    notice: ManyTexts = Field(default_factory=list, description="Recipients who get a notice.")
    ticket: ManyTexts = Field(default_factory=list, description="Recipients who get a ticket.")
    alarm: ManyTexts = Field(default_factory=list, description="Recipients who are alarmed.")
    update: ManyTexts = Field(default_factory=list, description="Audiences who get an update.")
    reached: ManyTexts = Field(
        default_factory=list, description="People, or audiences, whom a message reaches."
    )
    started: ManyTexts = Field(default_factory=list, description="Clocks that start.")
    met: ManyTexts = Field(default_factory=list, description="Clocks that are met.")
    missed: ManyTexts = Field(default_factory=list, description="Clocks that are missed.")
    dropped: ManyTexts = Field(default_factory=list, description="Clocks that no longer apply.")
    refused: ManyTexts = Field(
        default_factory=list,
        description="A part of the reason, or the code, with which a deed is refused.",
        examples=["it is too early"],
    )
    happens: Happens = Field(
        default_factory=list, description="Anything else that happens, by its kind."
    )
    why: str = Field("", description="A part of the reason of all of the above.")
    line: int = Field(0, description="The plan's line that asked for all of the above.")
    within: Span = Field("", description="How much later the above may happen.", examples=["5m"])
    until: Span = Field(
        "",
        description="The time to which all this counts, itself not included.",
        examples=["4h"],
    )
    no: ManyTexts = Field(
        default_factory=list, description="Kinds of which nothing happens.", examples=["page"]
    )
    nobody: ManyTexts = Field(
        default_factory=list, description="Recipients whom nothing is sent to."
    )
    only: dict[str, ManyTexts] | None = Field(
        None,
        description="All calls there are: no other page, notice, ticket, alarm or update.",
        examples=[{"page": "team-lead"}],
    )
    nothing_more: ManyTexts = Field(
        default_factory=list,
        description="Kinds of which nothing happens from now to the end but the above.",
    )
    severity: str = Field("", description="The level it has then.")
    state: str = Field("", description="The state it is in then.", examples=["acknowledged"])
    phase: str = Field("", description="A phase it is in then; `none` if it is in none.")
    mode: str = Field("", description="The mode it is in then; `none` if it is in none.")
    status: str = Field("", description="The status that was published last; `none` if none was.")
    code: str = Field("", description="Its number.", examples=["INC-2026-001"])
    channel: str = Field(
        "",
        description="Where it is talked about; `none` without one.",
        examples=["#incident-2026-001"],
    )
    tasks: dict[str, str] = Field(
        default_factory=dict, description="How tasks stand then.", examples=[{"duty/users": "open"}]
    )
    facts: Facts = Field(default_factory=dict, description="The facts that are known then.")
    role: dict[str, str] = Field(
        default_factory=dict, description="Who holds which role then; `nobody` if none."
    )
    clocks: dict[str, str] = Field(
        default_factory=dict,
        description="How clocks stand then.",
        examples=[{"acknowledge": "12m left"}],
    )
    on_call: dict[str, ManyTexts] = Field(
        default_factory=dict, description="The people whom a roster or recipient stands for then."
    )


class StoryEntry(Part):
    """A time; what is done then, one thing or several; and what is expected of the plan."""

    at: Span = Field(
        description="When: counted from the start, or a point in time.",
        examples=["40m", "Friday 18:00 Europe/Berlin"],
    )
    incident: str = Field(
        "",
        description="The incident that is meant, or a name for the one that is opened here; "
        "the first one if left out.",
    )
    by: str = Field("", description="Who does it, where the deed does not say.")
    why: str = Field("", description="The reason, for the timeline.")
    alert: Labels = Field(
        default_factory=dict,
        description="An alert fires: its name or its labels.",
        examples=[{"alertname": "ApiDown", "severity": "critical"}],
    )
    alert_ends: Labels = Field(
        default_factory=dict, description="All alerts of that name, or with these labels, are over."
    )
    report: ReportFile | None = Field(None, description="Somebody declares an incident.")
    outage: OutageFile | None = Field(None, description="Messages fail from now on.")
    edit_plan: str = Field(
        "", description="Another plan file is put in force, as seen from this file."
    )
    expect: ExpectFile | None = Field(None, description="What is expected of the plan.")


def _verb_field(name: str) -> Any:
    verb = VERBS[name]
    said = Annotated[
        Any, BeforeValidator(partial(shape, name)), WithJsonSchema(verb.schema())
    ]  # fmt: skip
    return said, Field(None, description=verb.about, examples=[verb.example])


EntryFile: type[StoryEntry] = create_model(
    "EntryFile",
    __base__=StoryEntry,
    __doc__=StoryEntry.__doc__,
    **{name: _verb_field(name) for name in VERBS},
)
"""An entry of a story, with a field for each verb."""

WORLD = ("alert", "alert_ends", "report", "outage", "edit_plan")
"""What can happen in an entry besides the verbs."""


class ClassifyFile(Part):
    """A row of a classification table: facts, and what the plan makes of them."""

    facts: Facts = Field(description="What is known.", examples=[{"cosmetic": True}])
    severity: str = Field(
        description="The level that the plan proposes; `none` for no incident.", examples=["P3"]
    )
    because: ManyTexts = Field(default_factory=list, description="Parts of the criteria that hold.")


class ScenarioFile(Part):
    """A story: how it starts, what happens when, and what is expected of the plan."""

    scenario: str = Field(
        description="What this is about, in a sentence.", examples=["nobody answers at night"]
    )
    plan: str = Field("", description="The plan file, as seen from this file.")
    org: str = Field("", description="The organisation file, as seen from this file.")
    starts: str = Field(
        DEFAULT_START,
        description="When it starts; times of the story count from here.",
        examples=["Friday 2026-03-06 23:00 Europe/Berlin"],
    )
    severity: str = Field("", description="The level; without it the facts decide.")
    kind: str = Field("", description="The kind of incident.")
    facts: Facts = Field(
        default_factory=dict,
        description="What is known at once.",
        examples=[{"service_availability": "none"}],
    )
    exercise: bool = Field(
        False, description="All of it is an exercise; nobody outside is told anything."
    )
    lasts: Span = Field("", description="How long to look on.")
    seed: int | None = Field(None, description="Lets people answer at random, as it says.")
    shows: list[Requirement] = Field(
        default_factory=list,
        description="The requirements that this scenario demonstrates.",
        examples=[["S3.22"]],
    )
    story: list[EntryFile] = Field(
        default_factory=list, description="What happens; empty if nobody reacts."
    )
    classify: list[ClassifyFile] = Field(
        default_factory=list, description="Facts, and the severity that the plan proposes for them."
    )
    programme: list[CalendarFile] = Field(
        default_factory=list,
        description="Days, and what the plan's programme of drills and reviews is then.",
    )
    thresholds: list[MeasuredFile] = Field(
        default_factory=list,
        description="Samples, and whether the plan's alert rules fire on them.",
    )


def scenario_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a scenario file, for editors."""
    schema = ScenarioFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
