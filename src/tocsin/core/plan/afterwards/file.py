"""The keys of a plan for the time after an incident, and for the time between incidents."""

from typing import ClassVar, Literal

from pydantic import Field

from tocsin.core.plan.shapes import (
    Condition,
    Duration,
    FactName,
    Id,
    ManyTexts,
    OrText,
    Part,
    Time,
)

Quarter = Literal["Q1", "Q2", "Q3", "Q4"]
Kind = Literal["drill", "chaos", "review", "audit", "report", "training"]


class DeadlineFile(OrText):
    """By when something is done, and from when that counts."""

    SHORT: ClassVar[str] = "within"

    within: Time | None = Field(None, description="The deadline.")
    from_: str = Field(
        "",
        alias="from",
        description="The moment it counts from; `resolved` if left out.",
        examples=["resolved"],
    )
    by: Id | None = Field(None, description="The role or recipient who sees to it.")


class AttendeesFile(Part):
    """Who takes part in the meeting."""

    required: ManyTexts = Field(
        default_factory=list,
        description="Recipients who must come; `responders` are all who acted.",
        examples=[["responders", "team-lead"]],
    )
    optional: ManyTexts = Field(default_factory=list, description="Recipients who may come.")


class NeedFile(OrText):
    """Something that a post-mortem must say; a text alone is what."""

    SHORT: ClassVar[str] = "say"

    say: str = Field(description="What must be stated, in words.", examples=["what fixed it"])
    sentences: int | None = Field(None, ge=1, description="In how many sentences at most.")


class PostmortemFile(Part):
    """How an incident is gone over when it is resolved."""

    required_for: ManyTexts = Field(
        default_factory=list,
        description="The severities that need one, `all`, or `unspecified`.",
        examples=[["P1", "P2"]],
    )
    when: Condition | None = Field(None, description="A condition that must hold as well.")
    peak: bool = Field(
        True, description="Whether a severity counts that the incident had at any time."
    )
    schedule: DeadlineFile | None = Field(None, description="By when the meeting has a date.")
    hold: DeadlineFile | None = Field(None, description="By when the meeting is held.")
    complete: DeadlineFile | None = Field(None, description="By when it is written down.")
    follow_up: DeadlineFile | None = Field(
        None, description="By when there is a day for looking at it again."
    )
    longest: Duration | None = Field(None, description="How long the meeting may take.")
    attendees: AttendeesFile = Field(AttendeesFile(), description="Who takes part.")
    document: Id | None = Field(None, description="The document that it becomes.")
    sections: ManyTexts = Field(
        default_factory=list, description="What must be written; each is ticked singly."
    )
    needs: dict[FactName, NeedFile] = Field(
        default_factory=dict,
        description="What must be stated, in words: `improvement: one, or none and why`.",
        examples=[{"improvement": "one, or none and why"}],
    )
    style: Literal["blameless"] | None = Field(
        None, description="`blameless`: wording that blames persons is pointed out."
    )
    author: Literal["person", "unspecified"] = Field(
        "unspecified", description="`person`: who wrote it must be said."
    )
    by: Id | None = Field(None, description="The role or recipient who writes it.")
    approve: Id | None = Field(None, description="Who must approve it.")
    holds: ManyTexts = Field(["close"], description="What waits for it.")


class DocumentFile(Part):
    """A kind of document."""

    name: str = Field("", description="What people call it.")
    path: str = Field(
        "", description="Where it is kept.", examples=["docs/incidents/{YYYY}-{MM}-{DD}-{n:03}.md"]
    )
    template: str = Field("", description="The file it begins with.")
    sections: ManyTexts = Field(
        default_factory=list, description="Its headings, all of which must be filled."
    )
    audience: Id | None = Field(None, description="Who reads it.")
    required_for: ManyTexts = Field(
        default_factory=list, description="The severities that need it, or `all`."
    )
    required_when: Condition | None = Field(None, description="The condition that asks for it.")
    within: Time | None = Field(None, description="By when it is written.")
    from_: str = Field(
        "",
        alias="from",
        description="The moment it is asked for and counts from.",
        examples=["resolved"],
    )
    by: Id | None = Field(None, description="The role or recipient who writes it.")
    approve: Id | None = Field(None, description="Who must approve it.")
    holds: ManyTexts = Field(["close"], description="What waits for it.")
    avoid: ManyTexts = Field(
        default_factory=list,
        description="Words that its readers would not understand; pointed out.",
    )


class ActionItemsFile(Part):
    """What is asked of the measures that come out of an incident."""

    owner: Literal["required", "optional"] = Field(
        "optional", description="Whether each must have somebody who sees to it."
    )
    due: Literal["required", "optional"] = Field(
        "optional", description="Whether each must have a date."
    )
    due_by_priority: dict[Id, Time] = Field(
        default_factory=dict,
        description="The date that follows from the priority.",
        examples=[{"high": "7 calendar days"}],
    )
    evidence: Literal["required", "optional"] = Field(
        "optional", description="Whether it takes evidence to call one done."
    )
    classes: dict[Id, Literal["required", "optional"]] = Field(
        default_factory=dict,
        description="Kinds of measure; a `required` one is named in every post-mortem, or why "
        "there is none.",
        examples=[{"preventive": "required"}],
    )
    reviewed: str = Field(
        "", description="How often the open ones are gone through.", examples=["week"]
    )
    remind_every: Duration | None = Field(
        None, description="How often the owner of an overdue one is reminded."
    )
    escalate_to: Id | None = Field(None, description="Who is told when reminders bring nothing.")
    check_effect: Time | None = Field(
        None, description="When it is looked at whether a finished one helped."
    )
    vague: ManyTexts = Field(
        default_factory=list,
        description="Wording that says nothing, such as `be careful`; pointed out.",
    )


class MetricFile(Part):
    """A figure by which the work is judged."""

    name: str = Field("", description="What people call it.", examples=["Mean time to resolve"])
    from_: str = Field(
        "",
        alias="from",
        description="The moment it counts from, or `stated FACT`.",
        examples=["opened"],
    )
    to: str = Field("", description="The moment it counts to.", examples=["resolved"])
    of: FactName | None = Field(None, description="A number fact instead of a span of time.")
    share: Literal["uptime"] | None = Field(
        None, description="`uptime`: the share of a period outside these spans."
    )
    target: str | float | None = Field(
        None,
        description="What it should be: a duration, a number, or `unspecified`.",
        examples=["1h"],
    )
    goal: float | None = Field(
        None, ge=0, le=1, description="The share of incidents that should meet the target."
    )
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities that count; all if empty."
    )
    exclude: ManyTexts = Field(
        default_factory=list, description="Conditions under which an incident is left out."
    )
    only_when: Condition | None = Field(
        None, description="The condition under which an incident counts, such as a component down."
    )


class ReportFile(Part):
    """A report over a period."""

    name: str = Field("", description="What people call it.")
    every: str = Field(
        description="The period: `week`, `month`, `quarter`, `year`, `2 weeks`, `unspecified`.",
        examples=["month"],
    )
    sections: ManyTexts = Field(default_factory=list, description="What it says.")
    metrics: list[Id] = Field(default_factory=list, description="The figures it holds.")
    path: str = Field("", description="Where it is kept.", examples=["docs/reports/{YYYY}-{MM}.md"])
    audience: Id | None = Field(None, description="Who reads it.")
    by: Id | None = Field(None, description="The role or recipient who writes it.")
    avoid: ManyTexts = Field(
        default_factory=list,
        description="Words that its readers would not understand; pointed out.",
    )


class ExpectedFile(Part):
    """What an experiment expects to be seen."""

    alert: str = Field("", description="The alert that must fire.", examples=["QueueStuck"])
    within: Duration | None = Field(None, description="How soon it must be noticed.")
    recovers: Duration | None = Field(None, description="How soon things must be well again.")


class RecurringFile(Part):
    """Something that is done again and again: a drill, an experiment, a review, an audit."""

    name: str = Field("", description="What people call it.")
    kind: Kind = Field("drill", description="What it is.")
    type: str = Field("", description="The type of drill.", examples=["tabletop"])
    every: str = Field(
        "",
        description="How often: `month`, `quarter`, `year`, `2 weeks`, `unspecified`.",
        examples=["month"],
    )
    quarter: Quarter | None = Field(None, description="Once a year, in this quarter.")
    from_: str = Field(
        "",
        alias="from",
        description="The first day; periods before it do not count.",
        examples=["2026-01-01"],
    )
    scenario: str = Field("", description="What is played through; or the scenario file.")
    environment: Literal["staging", "production", "none"] = Field(
        "none", description="What is touched; `none`: it is talked through, nothing is carried out."
    )
    safeguards: ManyTexts = Field(default_factory=list, description="What keeps it harmless.")
    abort_when: Condition | None = Field(None, description="The condition that ends it at once.")
    hypothesis: str = Field("", description="What should turn out to be true.")
    fault: str = Field("", description="What is made to fail.")
    expects: ExpectedFile | None = Field(None, description="What must be seen.")
    satisfies: list[Id] = Field(
        default_factory=list, description="What else counts as done with it."
    )
    document: str = Field(
        "", description="Where it is written down.", examples=["docs/drills/{YYYY}-{MM}.md"]
    )
    assessment: Id | None = Field(None, description="The form by which it is judged.")
    metrics: list[Id] = Field(default_factory=list, description="The figures it is judged by.")
    covers: ManyTexts = Field(default_factory=list, description="What it looks at or practises.")
    by: Id | None = Field(None, description="The role or recipient who sees to it.")
    approve: Id | None = Field(None, description="Who must approve it before.")


class AssessmentFile(Part):
    """The form by which drills are judged."""

    types: ManyTexts = Field(default_factory=list, description="The types of drill that it knows.")
    sections: ManyTexts = Field(default_factory=list, description="What it says.")
    metrics: list[Id] = Field(
        default_factory=list, description="The figures it compares with their targets."
    )
    ratings: ManyTexts = Field(default_factory=list, description="What is rated by people.")
