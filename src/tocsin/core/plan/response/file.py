"""The keys of a plan that say what is done during an incident."""

from typing import Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from tocsin.core.plan.shapes import (
    Condition,
    Duration,
    FactName,
    Id,
    ManyTexts,
    OrText,
    Part,
    Time,
    Who,
)
from tocsin.core.plan.task import Need


class TodoFile(OrText):
    """One thing to be done; a text alone is something that a person does and ticks."""

    SHORT: ClassVar[str] = "do"

    id: Id | None = Field(None, description="A short name, where the text gives a clumsy one.")
    do: str = Field("", description="What a person does.", examples=["Check the logs"])
    ask: str = Field("", description="A question that must be answered, by the fact in `answer`.")
    act: str = Field("", description="An action on systems that the plan orders.")
    write: str = Field("", description="A document of the plan that has to be written.")
    page: Who | None = Field(None, description="Whom Tocsin calls.")
    notify: Who | None = Field(None, description="Whom Tocsin tells.")
    ticket: Who | None = Field(None, description="Where Tocsin files a ticket.")
    publish: Id | None = Field(None, description="The audience that an update must go to.")
    template: Id | None = Field(None, description="The template of the update, or of the page.")
    one_of: list[str] = Field(
        default_factory=list, description="Alternatives; whoever ticks says which it was."
    )
    group: str = Field("", description="A heading over the steps under `steps`.")
    steps: list["TodoFile"] = Field(default_factory=list, description="The steps under a heading.")
    in_order: bool = Field(False, description="Whether the steps are done one after the other.")
    need: Need = Field(
        "always", description="`if ...`: people may answer that it is not needed, with a reason."
    )
    answer: FactName | None = Field(None, description="The fact that answers the question.")
    records: ManyTexts = Field(
        default_factory=list,
        description="Facts that must be stated before it can be ticked.",
        examples=[["affected_systems"]],
    )
    each: str = Field(
        "",
        description="An inventory of the plan: each member is ticked singly.",
        examples=["secrets"],
    )
    undo: str = Field("", description="What takes it back; owed before the incident is closed.")
    by: str = Field("", description="The role or recipient who does it.")
    why: str = Field("", description="The reason, for whoever is asked.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold.")
    at: Time | None = Field(None, description="How long after the phase begins it is asked for.")
    within: Time | None = Field(None, description="How soon it must be done.")
    from_: str = Field(
        "",
        alias="from",
        description="The moment that `within` counts from, else its arming.",
        examples=["opened"],
    )
    behind: ManyTexts = Field(default_factory=list, description="Steps that must be done before.")
    done_when: Condition | None = Field(
        None, description="A condition that shows that it is done; then nobody has to tick it."
    )
    met_by: str = Field(
        "", description="The moment with which it is done.", examples=["told on-call-engineer"]
    )
    before: ManyTexts = Field(
        default_factory=list,
        description="What has to wait for it besides: `resolve`, `close`, `phase recovery`.",
    )
    covers: ManyTexts = Field(
        default_factory=list,
        description="In a checklist: the steps of the phase that this item stands for.",
    )


class BoxFile(OrText):
    """A time box with its own beginning."""

    SHORT: ClassVar[str] = "within"

    within: Time = Field(description="How long it may take.", examples=["15m"])
    from_: str = Field(
        "",
        alias="from",
        description="The moment it counts from; `unspecified` if the plan does not say.",
        examples=["opened"],
    )


class WatchFile(OrText):
    """A period in which things must stay well."""

    SHORT: ClassVar[str] = "for"

    for_: Duration | Literal["unspecified"] = Field(
        alias="for", description="How long.", examples=["10m", "24h"]
    )
    after: str = Field(
        "",
        description="The moment it begins with; else the place in which it stands says it.",
        examples=["resolved"],
    )
    keeps: Condition | None = Field(
        None, description="What must keep holding; when it fails, the watch starts again."
    )
    restarts_on_alert: bool = Field(True, description="Whether an alert starts it again.")


class PhaseFile(Part):
    """A stretch of the work with its steps."""

    name: str = Field("", description="What people call it.", examples=["Containment"])
    purpose: str = Field("", description="What it is for, in a sentence.")
    starts: Time | None = Field(
        None, description="By when it should have begun, counted from the opening."
    )
    within: BoxFile | None = Field(None, description="Its time box; `unspecified` leaves it open.")
    parallel: bool = Field(False, description="Whether it may go on beside the others.")
    in_order: bool = Field(False, description="Whether the steps are done one after the other.")
    steps: list[TodoFile] = Field(default_factory=list, description="What is done in it.")
    checklist: list[TodoFile] = Field(
        default_factory=list, description="Items to tick, where the plan has them beside the steps."
    )
    to_leave: Literal["all steps", "nothing"] = Field(
        "all steps", description="What must be done before the next phase is entered."
    )
    needs: list[TodoFile] = Field(
        default_factory=list, description="What must hold before it is left, beside the steps."
    )
    watch: WatchFile | None = Field(None, description="How long things must stay well in it.")


class PlaybookGroupFile(Part):
    """Steps of a playbook that belong together."""

    name: str = Field("", description="The heading.")
    during: Id | None = Field(None, description="The phase in which they are asked for.")
    in_order: bool = Field(False, description="Whether the steps are done one after the other.")
    steps: list[TodoFile] = Field(default_factory=list, description="The steps.")


class PlaybookFile(Part):
    """What is done in one type of incident, beside the phases or instead of them."""

    name: str = Field("", description="What people call it.", examples=["Data breach"])
    when: Condition | None = Field(None, description="The condition under which it applies.")
    kind: str = Field("", description="The kind of incident it is for.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    instead_of: ManyTexts = Field(
        default_factory=list,
        description="Phases whose own steps are not asked for while it applies.",
    )
    during: Id | None = Field(None, description="The phase in which all of it is asked for.")
    lasting: bool = Field(
        False, description="Whether it goes on to its end when `when` holds no more."
    )
    in_order: bool = Field(False, description="Whether the steps are done one after the other.")
    steps: list[TodoFile] = Field(
        default_factory=list, description="The steps, where they need no groups."
    )
    groups: dict[Id, PlaybookGroupFile] = Field(
        default_factory=dict, description="Groups of steps."
    )


class GateFile(Part):
    """What must hold before the work may go on."""

    before: str = Field(
        description="What has to wait: `resolve`, `close`, `phase recovery`, `leave containment`, "
        "`tick STEP`.",
        examples=["close"],
    )
    when: Condition | None = Field(None, description="The condition under which it stands there.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    needs: list[TodoFile] = Field(default_factory=list, description="What must be done, or shown.")
    watch: WatchFile | None = Field(None, description="How long things must stay well.")


class MilestonesFile(Part):
    """Instants after the opening, each with what should have come about by then."""

    model_config = ConfigDict(extra="allow", strict=True, populate_by_name=True)
    __pydantic_extra__: dict[str, list[TodoFile]]

    meaning: Literal["by", "at", "from"] | None = Field(
        None,
        description="What `T+15m` says: done by then, done then, or begun then.",
        examples=["by"],
    )

    @model_validator(mode="before")
    @classmethod
    def _list(cls, value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return {
            key: [item] if isinstance(item, str) and key != "meaning" else item
            for key, item in value.items()
        }


class EvidenceFile(Part):
    """Something to be preserved."""

    collect: str = Field(description="What.", examples=["Audit logs of the affected period"])
    when: Condition | None = Field(None, description="The condition under which it is collected.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    before: ManyTexts = Field(
        default_factory=list,
        description="Steps that have to wait for it, since they would destroy it.",
    )
    within: Time | None = Field(None, description="How soon.")
    by: str = Field("", description="The role or recipient who collects it.")
    keep: Time | None = Field(None, description="How long it is kept.")
    custody: str = Field("", description="Who keeps it.")
    each: str = Field("", description="An inventory of which every member is collected.")


class QuestionFile(Part):
    """A question that the incident must answer."""

    ask: str = Field(description="The question.", examples=["Are users to be notified?"])
    answer: FactName = Field(
        description="The fact that answers it.", examples=["users_to_be_notified"]
    )
    when: Condition | None = Field(None, description="The condition under which it is asked.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    by: str = Field("", description="The role or recipient who answers it.")
    within: Time | None = Field(None, description="How soon.")
    before: ManyTexts = Field(
        ["close"], description="What has to wait for the answer: `close` if nothing is said."
    )
