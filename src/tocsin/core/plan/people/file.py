"""The keys of a plan about people: what may stand where, and what it means to whoever writes it."""

import re
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from tocsin.core.plan.shapes import (
    Code,
    Condition,
    Duration,
    Id,
    ManyTexts,
    Part,
    Time,
    problem,
)

_AMOUNT = re.compile(r"(\d+(?:\.\d+)?)\s*([kM]?)([A-Z]{3})")
_THOUSANDS = {"": 1.0, "k": 1_000.0, "M": 1_000_000.0}


def parse_amount(text: str) -> tuple[float, str]:
    """Read `5000 USD` or `5 kUSD` as (5000.0, "USD"); raises ValueError for anything else."""
    found = _AMOUNT.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"`{text}` is no amount of money")
    return float(found[1]) * _THOUSANDS[found[2]], found[3]


def _is_amount(value: Any) -> Any:
    if isinstance(value, str):
        try:
            parse_amount(value)
        except ValueError as error:
            hint = "Write a number and a currency: `5000 USD` or `5 kUSD`."
            raise problem("plan.amount", str(error), hint) from None
    return value


Amount = Annotated[str, BeforeValidator(_is_amount), Field(examples=["5000 USD", "5 kUSD"])]


class HandOverFile(Part):
    """What handing a role over takes."""

    records: ManyTexts = Field(
        default_factory=list,
        description="Facts that must be stated before.",
        examples=[["affected_systems"]],
    )
    note: Literal["required", "optional"] = Field(
        "optional", description="Whether whoever hands over must say how things stand."
    )


class RoleFile(Part):
    """A function in the incident."""

    name: str = Field("", description="What people call it.", examples=["Incident commander"])
    duties: list[str] = Field(default_factory=list, description="What whoever holds it does.")
    mandate: ManyTexts = Field(
        default_factory=list,
        description="The kinds of decision that are its holder's to take.",
        examples=[["strategy", "resources"]],
    )
    from_: Id | None = Field(
        None,
        alias="from",
        description="The recipient whose people may hold it; anybody else only with a reason.",
    )
    on_call: bool = Field(
        False, description="Whether only whoever is on call then, of these people, may hold it."
    )
    needs: ManyTexts = Field(
        default_factory=list,
        description="Qualifications that its holder has, by the organisation file.",
        examples=[["senior"]],
    )
    not_with: ManyTexts = Field(
        default_factory=list,
        description="Roles that its holder cannot have besides.",
        examples=[["communication-lead"]],
    )
    one: bool = Field(True, description="Whether one person holds it at a time, or several do.")
    lead: bool = Field(False, description="Whether its holder leads the response; one role does.")
    assign: Time | None = Field(None, description="How soon somebody must hold it.")
    required_for: ManyTexts = Field(
        default_factory=list,
        description="The severities at which it must be held.",
        examples=[["P0", "P1"]],
    )
    default: Id | None = Field(
        None, description="The recipient whose person on call holds it from the beginning."
    )
    by_acknowledging: bool = Field(
        False, description="Whether whoever acknowledges the incident takes it, if nobody has it."
    )
    then: ManyTexts = Field(
        default_factory=list,
        description="Who takes it when its holder leaves, and who is called when nobody has "
        "taken it in time: recipients, in this order.",
        examples=[["team-lead"]],
    )
    hand_over: HandOverFile | None = Field(None, description="What handing it over takes.")
    relieve_after: Duration | None = Field(
        None, description="How long one person may hold it without a relief.", examples=["8h"]
    )
    relieved_by: Id | None = Field(
        None, description="The recipient who is told when a relief is overdue."
    )
    shadowed_by: Id | None = Field(
        None, description="The recipient whose people look on and learn, one at a time."
    )
    experts: dict[Id, Id] = Field(
        default_factory=dict,
        description="Whom to ask about which component: those recipients are invited into the "
        "role when the component is not up.",
        examples=[{"database": "database-team"}],
    )


class TeamFile(Part):
    """A part of the response with a lead of its own."""

    name: str = Field("", description="What people call it.", examples=["Network team"])
    lead: Id = Field(description="The role that leads it.", examples=["network-lead"])
    roles: ManyTexts = Field(default_factory=list, description="The other roles in it.")
    when: Condition | None = Field(
        None,
        description="When it is set up; if left out, in every incident.",
        examples=['kind == "security"'],
    )


class RuleFile(Part):
    """Who may do one thing, and what has to be said with it."""

    may: ManyTexts = Field(
        ["anybody"],
        description="Roles, recipients, qualifications; `anybody`, `nobody`, or `assigned`: whom "
        "the task is for.",
        examples=[["incident-commander"]],
    )
    or_with: Literal["reason"] | None = Field(
        None,
        description="Others may as well if they give a reason; the record shows it.",
        examples=["reason"],
    )
    with_: ManyTexts = Field(
        default_factory=list,
        alias="with",
        description="What has to be said along: `reason`, `severity`, or facts.",
        examples=[["severity"]],
    )
    needs_two: bool = Field(False, description="Whether two people have to ask for it.")
    up_to: Amount | None = Field(None, description="The largest amount of such a decision.")
    for_: ManyTexts = Field(
        default_factory=list, alias="for", description="The severities concerned; all if empty."
    )
    when: Condition | None = Field(None, description="A condition that must hold.")


def _rules(value: Any) -> Any:
    """Bring `lead`, `[lead, cto]`, `{may: lead}` into the one form: a list of rules."""
    if isinstance(value, str):
        return [{"may": [value]}]
    if isinstance(value, dict):
        return [value]
    if isinstance(value, list) and value and all(isinstance(one, str) for one in value):
        return [{"may": value}]
    return value


class _ShortForms:
    """Describes in the JSON Schema what `_rules` accepts."""

    def __get_pydantic_json_schema__(
        self, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        rules = handler(core_schema)
        texts = {"type": "array", "items": {"type": "string"}, "minItems": 1}
        return {"anyOf": [{"type": "string"}, texts, rules["items"], rules]}


Rules = Annotated[
    list[RuleFile],
    BeforeValidator(_rules),
    _ShortForms(),
]


class AuthorityFile(Part):
    """Who may do what. What is not said, everybody may; other keys are kinds of decision."""

    model_config = ConfigDict(extra="allow", strict=True, populate_by_name=True)
    __pydantic_extra__: dict[str, Rules]

    declare: Rules | None = Field(None, description="Who may declare an incident.")
    acknowledge: Rules | None = Field(None, description="Who may take an incident over.")
    release: Rules | None = Field(None, description="Who may give it back.")
    resolve: Rules | None = Field(None, description="Who may say that the trouble is over.")
    stand_down: Rules | None = Field(
        None,
        description="Who may end the response to something that was real; without it, "
        "whoever may resolve.",
    )
    call_false_alarm: Rules | None = Field(
        None,
        description="Who may say that there never was any trouble; without it, whoever may "
        "resolve.",
    )
    reopen: Rules | None = Field(None, description="Who may say that it is not over.")
    close: Rules | None = Field(None, description="Who may close an incident.")
    note: Rules | None = Field(
        None, description="Who may write notes, attach files and pin moments."
    )
    link: Rules | None = Field(None, description="Who may say that two incidents are related.")
    merge: Rules | None = Field(
        None, description="Who may say that an incident is the same as another one."
    )
    split: Rules | None = Field(
        None, description="Who may open another incident for some of the alerts of one."
    )
    state_fact: Rules | None = Field(None, description="Who may state facts.")
    raise_severity: Rules | None = Field(None, description="Who may make the severity worse.")
    lower_severity: Rules | None = Field(None, description="Who may lower the severity.")
    confirm_severity: Rules | None = Field(None, description="Who may confirm it as it is.")
    page: Rules | None = Field(None, description="Who may call more people.")
    give_role: Rules | None = Field(
        None,
        description="Who may give a role to somebody else; taking one oneself is up to the role.",
    )
    tick: Rules | None = Field(None, description="Who may say that a task is done.")
    waive: Rules | None = Field(None, description="Who may say that a task is not needed.")
    enter_phase: Rules | None = Field(None, description="Who may go on to another phase.")
    force_phase: Rules | None = Field(
        None,
        description="Who may go on although something is open; without it, whoever may "
        "enter a phase.",
    )
    publish: Rules | None = Field(None, description="Who may publish updates.")
    approve: Rules | None = Field(None, description="Who may approve what others want to publish.")
    start_mode: Rules | None = Field(
        None, description="Who may start and end a mode, where the mode does not say."
    )


class ModeFile(Part):
    """A way of working beside the severity, such as disaster recovery."""

    name: str = Field("", description="What people call it.", examples=["Disaster recovery"])
    about: str = Field("", description="What is different then.")
    when: Condition | None = Field(
        None, description="When it starts by itself.", examples=["region_lost"]
    )
    ends_when: Condition | None = Field(None, description="When it ends by itself.")
    started_by: ManyTexts = Field(
        default_factory=list,
        description="Roles and recipients who may start and end it.",
        examples=[["cto"]],
    )
    notify: ManyTexts = Field(
        default_factory=list, description="Recipients who are told when it starts."
    )


class ConfidentialFile(Part):
    """Incidents that not everybody may read."""

    when: Condition = Field(description="The incidents concerned.", examples=['kind == "security"'])
    readers: ManyTexts = Field(
        description="Roles, recipients and qualifications that may read them.",
        examples=[["security-team"]],
    )
    title: str = Field("Restricted incident", description="What others read in place of the title.")


class FloorFile(Part):
    """A severity below which certain incidents cannot be set."""

    when: Condition = Field(description="The incidents concerned.", examples=['kind == "security"'])
    at_least: Code = Field(description="The least severity.", examples=["P0"])
    unless: ManyTexts = Field(
        default_factory=list,
        description="Roles and recipients who may go below, with a reason.",
        examples=[["security-team"]],
    )


class SeveralFile(Part):
    """What is different while several incidents are open at once."""

    when_open: int = Field(
        ge=2, description="From so many open incidents on, the new one included.", examples=[3]
    )
    page: ManyTexts = Field(
        default_factory=list, description="Who is called then.", examples=["engineering-manager"]
    )
    leads_at_most: int | None = Field(
        None,
        ge=1,
        description="How many open incidents one person may lead at once; whatever "
        "`when_open` says.",
        examples=[1],
    )
