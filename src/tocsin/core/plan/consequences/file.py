"""The keys of a plan that say what an incident obliges to: duties, law, money, disasters."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema, model_validator

from tocsin.core.plan.shapes import (
    Condition,
    Duration,
    FactName,
    Id,
    ManyTexts,
    Part,
    Time,
    Who,
    problem,
)
from tocsin.core.plan.task import Need

ManyDurations = Annotated[
    list[Duration],
    BeforeValidator(lambda value: [value] if isinstance(value, str) else value),
    WithJsonSchema({"type": ["string", "array"], "items": {"type": "string"}}),
]
Texts = Annotated[
    str,
    BeforeValidator(
        lambda value: (
            str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
        )
    ),
    WithJsonSchema({"type": ["string", "number"]}),
]
"""A text that may be written as a number: an amount, an answer."""


def only_one(part: Part, keys: tuple[str, ...], example: str) -> None:
    """Refuse a part that says none, or more than one, of these keys."""
    said = [key for key in keys if getattr(part, key)]
    if len(said) != 1:
        what = f"says {' and '.join(said)}" if said else f"says none of {', '.join(keys)}"
        raise problem("file.wrong-value", f"this {what}", f"Exactly one, as in `{example}`.")


class DutyFile(Part):
    """Somebody must be told, by a deadline, and it must be shown that they were."""

    tell: ManyTexts = Field(
        default_factory=list,
        description="Whom people tell; Tocsin asks for it and waits for the tick.",
        examples=[["affected-users"]],
    )
    page: Who | None = Field(None, description="Whom Tocsin calls by itself.")
    notify: Who | None = Field(None, description="Whom Tocsin tells by itself.")
    do: str = Field("", description="What is owed where nobody is told: a consultation, an offer.")
    text: str = Field("", description="What they are told, in the plan's words.")
    contains: ManyTexts = Field(default_factory=list, description="What the message must say.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="When the duty exists.")
    within: Time | None = Field(
        None, description="The deadline; `unspecified` asks for it in the incident."
    )
    from_: str = Field(
        "",
        alias="from",
        description="The moment that the deadline counts from; `applies` is when `when` holds.",
        examples=["applies"],
    )
    need: Need = Field("always", description="`if required`: people may answer that it is not.")
    ask: str = Field("", description="The question on which it depends whether the duty exists.")
    answer: FactName | None = Field(
        None, description="The yes-or-no fact that answers `ask`; closing waits for it."
    )
    proof: ManyTexts = Field(
        default_factory=list,
        description="Facts that show it was done; they are stated before it is ticked.",
        examples=[["filing_reference"]],
    )
    regulation: Id | None = Field(None, description="The regulation it follows from.")
    warn_before: ManyDurations = Field(
        default_factory=list,
        description="How long before the deadline Tocsin warns.",
        examples=[["24h", "4h"]],
    )
    warn: Id | None = Field(None, description="Who is warned; else whoever does it.")
    by: Id | None = Field(None, description="The role or recipient who does it.")
    approve: Id | None = Field(None, description="Who must approve it before.")
    behind: ManyTexts = Field(default_factory=list, description="Duties or tasks that come first.")
    holds: ManyTexts = Field(
        ["close"],
        description="What waits for it: `close`, `resolve`, `phase ID`, `publish AUDIENCE`.",
    )

    @model_validator(mode="after")
    def _one_thing(self) -> "DutyFile":
        only_one(self, ("tell", "page", "notify", "do"), "tell: affected-users")
        return self


class RegulationFile(Part):
    """A law that may oblige to tell an authority."""

    name: str = Field("", description="What people call it.", examples=["GDPR"])
    law: str = Field(
        "",
        description="The rule of Tocsin's table that gives deadline and citation, or a "
        "citation of your own.",
        examples=["gdpr-33"],
    )
    authority: str = Field("", description="Whom it obliges to tell.")
    when: Condition | None = Field(None, description="What brings it up, such as a breach.")
    applies_when: Condition | None = Field(
        None, description="Whether it applies; its facts are asked for once `when` holds."
    )
    within: Time | None = Field(
        None, description="The deadline; without one, closing waits until somebody has found out."
    )
    from_: str = Field(
        "", alias="from", description="The moment the deadline counts from; else its applying."
    )
    contains: ManyTexts = Field(default_factory=list, description="What the notification must say.")
    proof: ManyTexts = Field(default_factory=list, description="Facts that show that it was filed.")
    by: Id | None = Field(None, description="The role or recipient who files it.")
    warn_before: ManyDurations = Field(
        default_factory=list, description="How long before the deadline Tocsin warns."
    )
    warn: Id | None = Field(None, description="Who is warned; else whoever files it.")
    note: str = Field("", description="What people should know of it.")


class RungFile(Part):
    """What follows once the figure has reached a rung."""

    tell: ManyTexts = Field(
        default_factory=list, description="Whom people tell; a duty.", examples=[["board"]]
    )
    page: Who | None = Field(None, description="Whom Tocsin calls.")
    notify: Who | None = Field(None, description="Whom Tocsin tells.")
    ticket: Who | None = Field(None, description="Where Tocsin files a ticket.")
    document: bool | Id = Field(
        False, description="Whether it must be documented, or the document that must be written."
    )
    within: Time | None = Field(None, description="How soon `tell` and `document` must be done.")
    proof: ManyTexts = Field(default_factory=list, description="Facts that show that it was done.")
    by: Id | None = Field(None, description="The role or recipient who does it.")

    @model_validator(mode="after")
    def _something(self) -> "RungFile":
        if not (self.tell or self.page or self.notify or self.ticket or self.document):
            raise problem(
                "file.wrong-value",
                "nothing follows from this rung",
                "For example `{notify: team-lead}` or `{tell: board, within: 4h}`.",
            )
        return self


class LadderFile(Part):
    """Rungs over a figure or over time; each is taken once."""

    over: FactName | None = Field(
        None, description="The number fact that climbs; the ladder's own name if left out."
    )
    since: str = Field(
        "",
        description="A ladder over time: the moment it counts from; rungs are durations.",
        examples=["opened"],
    )
    until: str = Field("", description="The moment that ends a ladder over time.")
    currency: str = Field("", description="The currency of the rungs.", examples=["USD"])
    basis: Literal["estimate", "actual"] | None = Field(
        None, description="Whether estimates climb it, or only what is known."
    )
    cumulative: bool | None = Field(
        None, description="Whether a jump takes the lower rungs as well."
    )
    clock: Literal["crossing", "opened"] | None = Field(
        None, description="What `within` counts from: the crossing of the rung, or the opening."
    )
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold as well.")
    holds: ManyTexts = Field(["close"], description="What waits for the duties of the rungs.")
    rungs: dict[str, RungFile] = Field(
        description="Amount (`1000`, `50 kUSD`) or duration (`4h`), and what follows.",
        examples=[{"1000": {"notify": "team-lead"}}],
    )


class TriggerFile(Part):
    """Something that happens makes the plan tell more people."""

    name: str = Field("", description="What the plan calls it.")
    on: str = Field(
        "", description="The moment: `raised`, `missed respond`, `alert`.", examples=["raised"]
    )
    when: Condition | None = Field(None, description="The condition, alone or beside `on`.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    page: Who | None = Field(None, description="Whom Tocsin calls.")
    notify: Who | None = Field(None, description="Whom Tocsin tells.")
    ticket: Who | None = Field(None, description="Where Tocsin files a ticket.")
    step: Literal["next"] | None = Field(
        None, description="`next` takes the next step of the escalation at once."
    )
    once: bool = Field(True, description="Whether it happens only the first time.")
    until: str = Field("resolved", description="The moment after which it does not happen.")


class CostFile(Part):
    """One kind of cost or credit; its key is the fact that holds the amount."""

    name: str = Field("", description="What people call it.")
    group: Literal["direct", "indirect", "recovery"] = Field(
        "direct", description="Where it stands in the breakdown; `recovery` is an investment."
    )
    formula: str = Field(
        "",
        description="How it follows from number facts; else people state it.",
        examples=["lost_transactions * average_value"],
    )
    tiers: dict[str, float] = Field(
        default_factory=dict,
        description="Amounts by the figure in `over`; the highest reached is `tier` in `formula`.",
        examples=[{"60": 500}],
    )
    over: FactName | None = Field(None, description="The figure that `tiers` are counted by.")
    estimated: bool = Field(
        False, description="An estimate: carries low and high, and climbs no ladder of actuals."
    )
    sign: Literal["cost", "credit"] = Field("cost", description="`credit` lowers the total.")
    needs: ManyTexts = Field(
        default_factory=list, description="Facts that must be stated with it, such as an invoice."
    )

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {} if value is None else value


class FinanceFile(Part):
    """What an incident costs."""

    currency: str = Field("", description="The currency of all amounts.", examples=["USD"])
    total: FactName = Field("financial_impact", description="The fact that holds the net total.")
    gross: FactName | None = Field(None, description="The fact that holds it without credits.")
    actual: FactName | None = Field(None, description="The fact that holds it without estimates.")
    classes: dict[FactName, CostFile] = Field(
        description="Kinds of cost and credit.", examples=[{"vendor_support": {"group": "direct"}}]
    )


class RecoveryFile(Part):
    """What is done in a disaster, in order, and how soon and how whole things are back."""

    name: str = Field("", description="What people call it.")
    when: Condition | None = Field(None, description="What makes it a disaster.")
    mode: Id | None = Field(None, description="The mode that the incident is in then.")
    actions: list[str] = Field(
        default_factory=list,
        description="What is done, one after the other.",
        examples=[["Promote the replica"]],
    )
    by: Id | None = Field(None, description="The role or recipient who does it.")
    rpo: Duration | None = Field(None, description="How much data, in time, may be lost at most.")
    rto: Time | None = Field(None, description="How soon the service must be back.")
    from_: str = Field(
        "", alias="from", description="The moment `rto` counts from; else the disaster's beginning."
    )
    watch: Duration | None = Field(
        None, description="How long things must stay well after it before closing."
    )
    book: str = Field("", description="The runbook.", examples=["docs/runbooks/recovery.md"])
