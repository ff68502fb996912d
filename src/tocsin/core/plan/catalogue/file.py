"""The catalogue's keys: what may stand where, and what it means to whoever writes it."""

from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, WithJsonSchema, model_validator
from pydantic_core import CoreSchema

from tocsin.core.plan.shapes import (
    Condition,
    Duration,
    FactName,
    Id,
    ManyTexts,
    Part,
    problem,
    time_words,
)
from tocsin.core.times import parse_duration

Importance = Literal["core", "major", "minor"]
Figure = Annotated[
    float | Literal["unspecified"],
    BeforeValidator(
        lambda value: (
            float(value) if isinstance(value, int) and not isinstance(value, bool) else value
        )
    ),
    WithJsonSchema({"anyOf": [{"type": "number"}, {"const": "unspecified"}]}),
]


def _duration_or_open(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return value
    text = str(value)
    try:
        if text != "unspecified":
            parse_duration(text)
    except ValueError as error:
        what, hint = time_words(text, error)
        raise problem("plan.time", what, hint[:1].upper() + hint[1:] + ".") from None
    return text


OpenDuration = Annotated[
    str, BeforeValidator(_duration_or_open), Field(examples=["15m", "unspecified"])
]


def _text_as(key: str) -> Any:
    """Let a part that is written as a bare text mean its most important key."""

    def spread(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return spread


class Short(Part):
    """A part that may be written as a bare text."""

    BARE: ClassVar[list[str]] = ["string"]

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        whole = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [whole, *({"type": kind} for kind in cls.BARE)]}


class AppliesToFile(Part):
    """Which incidents the plan is for."""

    when: Condition = Field(
        description="A condition over kind and facts; one that is known not to hold excludes.",
        examples=['environment == "production"'],
    )
    otherwise: Literal["refuse", "note"] = Field(
        "refuse", description="Whether other incidents are refused, or opened with a note."
    )


class ComponentFile(Part):
    """A part of what is run."""

    name: str = Field("", description="What people call it.", examples=["API"])
    public_name: str = Field("", description="What customers call it, as on a status page.")
    group: Id | None = Field(
        None, description="Components that belong together; `<group>_down` counts those down."
    )
    importance: Importance = Field(
        "major", description="`core`: without it the service is of no use."
    )
    depends_on: ManyTexts = Field(
        default_factory=list, description="Components that it cannot do without."
    )
    providers: ManyTexts = Field(default_factory=list, description="Providers that it relies on.")
    failover: bool = Field(
        False, description="Whether it goes on when one of its providers is down."
    )
    workers: ManyTexts = Field(default_factory=list, description="Its background workers.")
    checks: ManyTexts = Field(
        default_factory=list,
        description="What notices its failure without people: health checks, probes.",
    )
    runbook: str = Field("", description="The path or address of its runbook.")
    fact: FactName | None = Field(
        None,
        description="The fact that says whether it is up, if that is not `component_<id>`; one of "
        "its values must be `down` or `none`.",
    )


class ProviderFile(Part):
    """Somebody outside on whom components rely."""

    name: str = Field("", description="What people call it.", examples=["Stripe"])
    used_for: str = Field("", description="What it does for the service.")
    importance: Importance = Field("major", description="`core`: a critical third party.")
    status_source: str = Field("", description="Where it says how it is: an address.")
    contact: str = Field("", description="How its people are reached.")
    contract: str = Field("", description="What was agreed, and where that stands.")
    credentials: ManyTexts = Field(
        default_factory=list, description="Members of `inventories.secrets`."
    )
    fact: FactName | None = Field(
        None, description="The fact that says whether it is up, if that is not `provider_<id>`."
    )


class MemberFile(Short):
    """One thing of an inventory; a bare text is its name."""

    name: str = Field("", description="What people call it.")
    where: str = Field("", description="Where it is kept.", examples=["GitHub Secrets"])
    systems: ManyTexts = Field(
        default_factory=list, description="Components and providers that it belongs to."
    )
    kind: str = Field("", alias="class", description="Its class.", examples=["encryption"])
    personal: bool = Field(False, description="Whether it is data about people.")
    owner: str = Field("", description="Who answers for it.")

    _short = model_validator(mode="before")(_text_as("name"))


class TermFile(Short):
    """A word that conditions may use; a bare condition, figure or `unspecified` is its `means`."""

    BARE: ClassVar[list[str]] = ["string", "number"]

    means: str | float = Field(
        description="A condition, a figure, or `unspecified`: then people state it as a fact.",
        examples=["users_share >= 0.2"],
    )
    type: Literal["yes or no", "number"] = Field(
        "yes or no", description="What is stated while it is unspecified."
    )
    about: str = Field("", description="What it says, for whoever is asked.")

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        plain = isinstance(value, str | int | float) and not isinstance(value, bool)
        value = {"means": value} if plain else value
        if isinstance(value, dict) and isinstance(value.get("means"), int):
            # A figure is a number with or without a point.
            return value | {"means": float(value["means"])}
        return value


class ThresholdFile(Part):
    """An alert rule: what is measured, and where it becomes an alert."""

    metric: str = Field(
        "", description="What is measured; the name of a number fact ties it to criteria."
    )
    of: Literal["ratio", "availability", "average", "p95", "p99", "count"] = Field(
        "average", description="How the samples of the window become one figure."
    )
    above: Figure | None = Field(None, description="It fires strictly above this.")
    below: Figure | None = Field(None, description="It fires strictly below this.")
    window: OpenDuration | None = Field(
        None, description="How far back it looks; `default_window` if it is left out."
    )
    min_samples: int = Field(1, ge=1, description="With fewer samples it never fires.")
    baseline: Duration | None = Field(
        None, description="`above` is a factor of what was normal for so long before the window."
    )
    unit: str = Field("", description="The unit of the figure.", examples=["ms"])
    target: float | None = Field(None, description="What the plan promises of the same metric.")
    component: Id | None = Field(None, description="The component that it watches.")
    state: Literal["degraded", "down"] | None = Field(
        None, description="Instead of a metric: it fires when the component is so."
    )
    tier: str = Field("", description="One of `detection.tiers`.")
    states: dict[FactName, Any] = Field(
        default_factory=dict, description="The facts that it states when it fires."
    )
    alert: dict[str, ManyTexts] = Field(
        default_factory=dict,
        description="The labels by which its alert is known; `alertname` with its id otherwise.",
    )


class TierFile(Short):
    """A kind of alert; a bare text says where it goes."""

    goes_to: str = Field("", description="Where such alerts go.", examples=["PagerDuty"])
    severity: str = Field("", description="The severity that such an alert means.")

    _short = model_validator(mode="before")(_text_as("goes_to"))


class SourceFile(Short):
    """A way in which incidents are noticed."""

    text: str = Field(description="In the plan's words.", examples=["Health checks"])
    components: ManyTexts = Field(
        default_factory=list, description="The components whose failure it notices."
    )

    _short = model_validator(mode="before")(_text_as("text"))


class RouteFile(Part):
    """Who is told beside the escalation when certain incidents open."""

    when: Condition | None = Field(None, description="The incidents concerned.")
    component: Id | None = Field(None, description="Incidents in which this component is not up.")
    to: Id = Field(description="The recipient.", examples=["payments-team"])
    how: Literal["page", "notify", "ticket"] = Field("notify", description="How they are told.")

    @model_validator(mode="after")
    def _concerns(self) -> "RouteFile":
        if (self.when is None) == (self.component is None):
            raise problem(
                "file.wrong-value",
                "a route needs either `when` or `component`",
                "For example `{component: payments, to: payments-team}`.",
            )
        return self


class DetectionFile(Part):
    """How incidents are noticed."""

    sources: list[SourceFile] = Field(
        default_factory=list, description="The ways in which they are noticed."
    )
    tools: dict[str, str] = Field(default_factory=dict, description="What is used, and for what.")
    tiers: dict[Id, TierFile] = Field(
        default_factory=dict, description="The kinds of alert, most urgent first."
    )
    routing: list[RouteFile] = Field(default_factory=list, description="Who is told of what.")


class AnalysisFile(Part):
    """What responders and analyses may look into."""

    logs: ManyTexts = Field(default_factory=list, description="Where logs are found.")
    code: ManyTexts = Field(default_factory=list, description="Roots of source code.")
    manifests: ManyTexts = Field(default_factory=list, description="Files that name dependencies.")
    runbooks: str = Field("", description="The folder of runbooks.")


class ReferenceFile(Short):
    """A document that the plan leans on; a bare text is its path or address."""

    path: str = Field(description="A path or an address.", examples=["docs/runbooks/"])
    about: str = Field("", description="What it is for.")

    _short = model_validator(mode="before")(_text_as("path"))


class PrincipleFile(Short):
    """A rule that only people can keep; a bare text is the rule."""

    text: str = Field(description="In the plan's words.", examples=["No blame in post-mortems"])
    at: str = Field("", description="The moment at which it is shown.", examples=["resolved"])

    _short = model_validator(mode="before")(_text_as("text"))


class FreezeFile(Part):
    """Nothing is deployed or changed while an incident is open."""

    text: str = Field(
        "Halt deployments and changes", description="What is halted, in the plan's words."
    )
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities at which it is."
    )
    when: Condition | None = Field(None, description="A condition that must hold as well.")
    lifted_by: str = Field("", description="The role or recipient that lifts it.")
    lift: str = Field(
        "Allow deployments and changes again", description="What takes it back, in words."
    )


class ContradictionFile(Part):
    """Two statements that exclude each other."""

    about: str = Field(description="What they are about.", examples=["When the CTO is told"])
    between: list[str] = Field(
        description="The statements.", min_length=2, examples=[["immediately", "after 30m"]]
    )
    precedence: int | Literal["unspecified"] = Field(
        "unspecified", description="The number of the statement that counts, from 1."
    )
    because: str = Field("", description="Why that one.")


class CatalogueKeys(Part):
    """The top keys of a plan file that belong to the catalogue."""

    document: str = Field("", description="The document that it was made from: a path.")
    purpose: str = Field("", description="What it is for, in a sentence.")
    project: str = Field("", description="The product or project that it protects.")
    signature: str = Field("", description="How messages to the outside are signed.")
    owner: str = Field("", description="Who answers for the plan.")
    reviewed: str = Field("", description="The day of its last review.", examples=["2026-11-01"])
    review_every: str = Field(
        "", description="How often it is reviewed.", examples=["1 year", "6 months"]
    )
    applies_to: AppliesToFile | None = Field(
        None, description="Which incidents it is for, if not for all."
    )
    components: dict[Id, ComponentFile] = Field(
        default_factory=dict, description="The parts of what is run."
    )
    providers: dict[Id, ProviderFile] = Field(
        default_factory=dict, description="Those outside on whom components rely."
    )
    inventories: dict[Id, dict[Id, MemberFile]] = Field(
        default_factory=dict,
        description="Secrets, data, systems, accounts: what steps may have to go through.",
    )
    terms: dict[FactName, TermFile] = Field(
        default_factory=dict, description="Words that conditions may use, with what they mean."
    )
    thresholds: dict[Id, ThresholdFile] = Field(
        default_factory=dict, description="Alert rules: where something measured becomes an alert."
    )
    default_window: OpenDuration | None = Field(
        None, description="How far back thresholds look that do not say."
    )
    detection: DetectionFile = Field(DetectionFile(), description="How incidents are noticed.")
    analysis: AnalysisFile = Field(
        AnalysisFile(), description="What responders and analyses may look into."
    )
    references: dict[Id, ReferenceFile] = Field(
        default_factory=dict, description="Documents that the plan leans on."
    )
    principles: list[PrincipleFile] = Field(
        default_factory=list, description="Rules that only people can keep."
    )
    freeze: FreezeFile | None = Field(
        None, description="What must not be deployed or changed during an incident."
    )
    contradictions: list[ContradictionFile] = Field(
        default_factory=list, description="What the document says twice in different ways."
    )
