"""The keys of a plan about communication: what may stand where, and what it means."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, ConfigDict, Field

from tocsin.core.plan.shapes import (
    Condition,
    Display,
    Duration,
    FactName,
    Id,
    ManyTexts,
    OrText,
    Part,
    Time,
)
from tocsin.core.plan.task import Need

Visibility = Literal["public", "customers", "partners", "internal", "private"]
ChannelKind = Literal[
    "per-incident", "fixed", "thread", "call", "status-page", "email", "sms", "social", "in-app",
    "webhook", "advisory",
]  # fmt: skip
Every = Annotated[Time, BeforeValidator(lambda value: "never" if value == "none" else value)]


class AudienceFile(Part):
    """A group of readers."""

    name: str = Field("", description="What people call it.", examples=["Customers"])
    visibility: Visibility = Field(
        "internal", description="Who reads along; what is meant for insiders never goes to others."
    )
    to: ManyTexts = Field(
        default_factory=list,
        description="The recipients who get each update; none for readers of a web page.",
        examples=[["affected-users"]],
    )
    channels: ManyTexts = Field(
        default_factory=list, description="The channels by which it is told."
    )
    topics: ManyTexts = Field(
        default_factory=list,
        description="Components, facts or kinds: it is concerned when the incident touches one.",
    )
    tiers: ManyTexts = Field(
        default_factory=list,
        description="Which customers it holds; channels may be for some only.",
        examples=[["enterprise"]],
    )
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities that concern it."
    )
    when: Condition | None = Field(None, description="When an incident concerns it.")
    silent_close: Literal["refused", "flagged", "allowed"] = Field(
        "flagged",
        description="What becomes of closing an incident that concerns it and of which "
        "it was never told.",
    )


class ChannelFile(OrText):
    """A way in which people talk or are told; a text alone is its name."""

    SHORT: ClassVar[str] = "name"

    name: str = Field(
        "",
        description="Its name; a pattern where each incident has its own.",
        examples=["#incident-{YYYY}-{MM}-{DD}-{n:03}"],
    )
    kind: ChannelKind = Field("fixed", description="What it is.")
    address: str = Field("", description="An address or link.", examples=["ops@example.org"])
    depends_on: ManyTexts = Field(
        default_factory=list,
        description="Components or providers that it needs.",
        examples=[["slack"]],
    )
    else_: ManyTexts = Field(
        default_factory=list,
        alias="else",
        description="Channels that take its place when it is down, in order.",
    )
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities at which it is used."
    )
    when: Condition | None = Field(None, description="When it is used.", examples=["complex"])
    tiers: ManyTexts = Field(
        default_factory=list, description="Only for audiences with customers of these tiers."
    )


class ChannelsFile(Part):
    """Where people talk during an incident, and how others are told; every key is a channel."""

    model_config = ConfigDict(extra="allow", strict=True)
    __pydantic_extra__: dict[Id, ChannelFile]

    incident: ChannelFile = Field(
        ChannelFile(),
        description="Where responders talk: one fixed channel, or a pattern that gives each "
        "incident its own.",
        examples=["#incident-{YYYY}-{MM}-{DD}-{n:03}"],
    )


class UpdateRuleFile(Part):
    """How often an audience hears how things stand."""

    id: Id | None = Field(None, description="A short name, for `before`.")
    audience: ManyTexts = Field(description="Who is told.", examples=["stakeholders"])
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold.")
    during: ManyTexts = Field(
        default_factory=list, description="Phases or modes; it counts only in these."
    )
    while_status: ManyTexts = Field(
        default_factory=list, description="It counts only while the status is one."
    )
    after: Duration | None = Field(None, description="It counts only once so long has passed.")
    every: Every = Field(
        "unspecified", description="How often; `none`: no updates are promised.", examples=["30m"]
    )
    first: Time | None = Field(None, description="How soon after the opening the first one is due.")
    next_: Literal["promised"] | None = Field(
        None,
        alias="next",
        description="`promised`: each update has to say when the next comes.",
        examples=["promised"],
    )
    until: str = Field("resolved", description="The moment from which none is due any more.")
    template: Id | None = Field(None, description="How such an update is written.")
    before: ManyTexts = Field(
        default_factory=list,
        description="The rules over which it prevails, by `id`; `all` for every other one.",
        examples=["all"],
    )
    remind: str = Field("", description="The role or recipient who is told when one is late.")


class TemplateFieldFile(OrText):
    """Something that stands in a message; a text alone says where it comes from."""

    SHORT: ClassVar[str] = "from"

    from_: str = Field(
        "",
        alias="from",
        description="Where it comes from.",
        examples=["incident.severity", "role.incident-commander", "fact.affected_systems"],
    )
    ask: str = Field("", description="What whoever publishes is asked.", examples=["What is next?"])
    one_of: ManyTexts = Field(default_factory=list, description="The only answers.")
    fallback: str | None = Field(
        None, description="What stands there while nobody knows.", examples=["to be assigned"]
    )
    optional: bool = Field(False, description="While nobody knows, its line is left out.")
    max_length: int | None = Field(None, ge=1, description="How many characters it may have.")


class TemplateExampleFile(Part):
    """Values, and the message they must give: a test of the template."""

    values: dict[str, str] = Field(default_factory=dict, description="What is filled in, by name.")
    reads: str = Field(description="The whole text, as it goes out.")


class TemplateFile(Part):
    """How a message is written: text with `{{ name }}` where something is filled in."""

    audience: ManyTexts = Field(
        default_factory=list, description="The audiences that it is for; all if empty."
    )
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities that it is for."
    )
    when: Condition | None = Field(None, description="When it may be used.")
    subject: str = Field("", description="Its first line, on channels that have one.")
    text: str = Field("", description="The message.", examples=["{{ incident.title }}"])
    file: str = Field(
        "",
        description="A file with the message, in place of `text`; `check` reads it, and "
        "whoever publishes hands its words in, to be filled in as any other template.",
    )
    fields: dict[FactName, TemplateFieldFile] = Field(
        default_factory=dict, description="What is filled in."
    )
    literal: ManyTexts = Field(
        default_factory=list,
        description="Texts in brackets that are meant as they stand.",
        examples=[["[Service Status]"]],
    )
    display: Display | None = Field(
        None, description="How it shows severities, if not as the plan does.", examples=["{name}"]
    )
    status: str = Field("", description="The status that it announces.", examples=["Resolved"])
    max_length: int | None = Field(None, ge=1, description="How many characters it may have.")
    must_say: ManyTexts = Field(default_factory=list, description="Texts that it has to contain.")
    example: TemplateExampleFile | None = Field(None, description="A case that must come out so.")


class AnnouncementFile(Part):
    """Something that an audience is told at a certain moment."""

    at: str = Field(description="The moment.", examples=["opened", "resolved"])
    audience: ManyTexts = Field(description="Who is told.", examples=["stakeholders"])
    template: Id | None = Field(None, description="How it is written.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold.")
    within: Time | None = Field(None, description="How soon after the moment.")
    automatic: bool = Field(
        False, description="Whether Tocsin publishes it by itself, with what is known."
    )
    holds: ManyTexts = Field(
        default_factory=list,
        description="What has to wait for it.",
        examples=["close", "leave assessment"],
    )
    need: Need = Field("always", description="`if ...`: people may say that it is not needed.")
    by: str = Field("", description="The role or recipient who writes it.")


class PublishingFile(Part):
    """Who may tell an audience something, and within which limits."""

    audience: ManyTexts = Field(
        default_factory=list, description="The audiences concerned; all if empty."
    )
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold.")
    component: ManyTexts = Field(
        default_factory=list, description="Only while one of these components is not up."
    )
    may: ManyTexts = Field(
        default_factory=list, description="Roles and recipients who may write; all if empty."
    )
    approved_by: ManyTexts = Field(
        default_factory=list, description="Roles and recipients of whom one has to approve it."
    )
    two_people: bool = Field(
        False, description="Whether nobody may approve what they wrote themselves."
    )
    automatic: bool | None = Field(
        None, description="Whether Tocsin may publish by itself, without approval."
    )
    only_when: Condition | None = Field(None, description="Otherwise nothing is published.")
    never: ManyTexts = Field(default_factory=list, description="Words that must not occur.")
    avoid: ManyTexts = Field(
        default_factory=list, description="Words that are pointed out: they say nothing."
    )
    max_length: int | None = Field(None, ge=1, description="How many characters it may have.")


class SubscriptionFile(Part):
    """A way in which readers of the status page are told of changes."""

    by: Literal["email", "sms", "webhook", "feed"] = Field(description="How.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="Severities at which it is used."
    )
    tiers: ManyTexts = Field(default_factory=list, description="Only for customers of these tiers.")
    confirmed: bool = Field(True, description="Whether a subscription has to be confirmed.")
    of: Literal["affected components", "everything"] = Field(
        "affected components", description="What subscribers hear of."
    )


class MaintenanceFile(Part):
    """What is different in a planned maintenance."""

    announce: Duration | None = Field(None, description="How long before it is announced.")
    counts_as_downtime: bool = Field(False, description="Whether uptime suffers from it.")
    suppresses_alerts: bool = Field(
        True, description="Whether alerts of its components call nobody."
    )


class StatusPageFile(Part):
    """The page on which everybody sees how things are."""

    url: str = Field("", description="Its address.", examples=["https://status.example.org"])
    audience: Id | None = Field(None, description="The audience that reads it.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="Severities that are shown."
    )
    when: Condition | None = Field(None, description="Incidents that are shown; all if left out.")
    autopublish: bool = Field(False, description="Whether Tocsin writes entries by itself.")
    template: Id | None = Field(None, description="How an entry is written.")
    within: Time | None = Field(None, description="How soon the first entry stands there.")
    holds: ManyTexts = Field(
        default_factory=list,
        description="What has to wait for the first entry.",
        examples=["leave assessment"],
    )
    components: dict[str, ManyTexts] = Field(
        default_factory=dict, description="What is shown: groups with their components."
    )
    history: Duration | None = Field(None, description="How long incidents stay on it.")
    subscriptions: list[SubscriptionFile] = Field(
        default_factory=list, description="Who is told of changes."
    )
    maintenance: MaintenanceFile | None = Field(None, description="Planned work.")


class TicketsFile(Part):
    """When support gets a ticket by itself."""

    to: Id = Field(description="The recipient.", examples=["support"])
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold.")


class CareFile(Part):
    """Something done for customers."""

    do: str = Field(description="What.", examples=["Call the customers hit hardest"])
    at: str = Field("resolved", description="The moment from which it is asked for.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold.")
    by: str = Field("", description="The role or recipient who does it.")
    within: Time | None = Field(None, description="How soon.")
    need: Need = Field("always", description="`if ...`: people may say that it is not needed.")
    holds: ManyTexts = Field(default_factory=list, description="What has to wait for it.")


class PreparedFile(OrText):
    """An answer that support may give; a text alone is its template."""

    SHORT: ClassVar[str] = "template"

    template: Id = Field(description="How it is written.", examples=["outage-acknowledgement"])
    when: Condition | None = Field(None, description="The incidents that it is for.")


class SupportFile(Part):
    """What customers get from support."""

    audience: Id | None = Field(None, description="The audience that is the support staff.")
    tickets: TicketsFile | None = Field(None, description="The ticket for all customers.")
    prepared: dict[Id, PreparedFile] = Field(
        default_factory=dict, description="Answers that are ready to be given."
    )
    lines: dict[str, str] = Field(
        default_factory=dict,
        description="Who is spoken to by which customers: tier and role or recipient.",
        examples=[{"enterprise": "incident-commander"}],
    )
    otherwise: str = Field("", description="The role or recipient for all other customers.")
    care: list[CareFile] = Field(
        default_factory=list, description="What is done for customers besides."
    )
