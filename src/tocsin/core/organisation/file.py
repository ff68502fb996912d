"""The organisation file, key by key: what may stand where, and what it means to its writer.

These models know shapes only. `check.py` says what does not fit together, `read.py` turns a file
without errors into `core.people.Organisation`. `docs/organisation.md` explains every key.
"""

import re
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from tocsin.core.document import time_zones, zone_hint
from tocsin.core.people import Access
from tocsin.core.times import parse_duration

SHORTEST, LONGEST = timedelta(seconds=10), timedelta(days=31)
"""What may lie between two heartbeats, and how late one may be."""

WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")

_CLOCK = r"(?:[01][0-9]|2[0-3]):[0-5][0-9]"
_HANDOVER = re.compile(rf"({'|'.join(WEEKDAYS)}) ({_CLOCK})", re.IGNORECASE)
_MOMENT = re.compile(rf"([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})[ T]({_CLOCK})")
_TURN = re.compile(r"([1-9][0-9]?) weeks?")
_FROM_ENVIRONMENT = re.compile(r"env:[A-Za-z_][A-Za-z0-9_]*")
_URL = re.compile(r"https?://[^\s/?#]+\S*")


def _problem(code: str, what: str, hint: str) -> PydanticCustomError:
    """Build an error that `core.document` reports in these words."""
    # The texts go in as values: braces in what a user wrote are no placeholders.
    return PydanticCustomError(code, "{what}", {"what": what, "hint": hint})


def parse_handover(text: str) -> tuple[int, str]:
    """Read `monday 09:00` into (weekday with Monday as 0, "HH:MM"); else raises ValueError."""
    found = _HANDOVER.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a weekday with a time of day")
    return WEEKDAYS.index(found.group(1).lower()), found.group(2)


def parse_moment(text: str) -> datetime:
    """Read `2026-03-06 18:00` into a naive local time; else raises ValueError."""
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a date with a time of day")
    day = _day(found.group(1))
    if day is None:
        raise ValueError(f"`{text}` is a day that no calendar has")
    return datetime.combine(day, time.fromisoformat(found.group(2)))


def parse_turn(text: str) -> int:
    """Read `1 week`, `2 weeks` ... `99 weeks` into a number of weeks; else raises ValueError."""
    found = _TURN.fullmatch(text)
    if found is None:
        raise ValueError(f"`{text}` is not a number of weeks")
    return int(found.group(1))


def parse_span(text: str) -> timedelta:
    """Read `90s`, `5m`, `24h` or `7d`, from 10 seconds to 31 days; else raises ValueError."""
    span = parse_duration(text)
    if not SHORTEST <= span <= LONGEST:
        raise ValueError(f"`{text}` is no time between two heartbeats")
    return span


def _id(name: str) -> str:
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        hint = "Use small letters, digits and hyphens, a letter first: `team-lead`."
        raise _problem("organisation.name", f"`{name}` cannot be a name here", hint)
    return name


def _zone(name: str) -> str:
    if name not in time_zones():
        what = f"there is no time zone `{name}`"
        raise _problem("organisation.time-zone", what, zone_hint(name))
    return name


def _handover(text: str) -> str:
    try:
        parse_handover(text)
    except ValueError as error:
        raise _problem(
            "organisation.handover",
            str(error),
            "Write the weekday in English and the time with two digits each: `monday 09:00`.",
        ) from None
    return text


def _day(text: str) -> date | None:
    """Return a plain date of this age, or None: no roster may lead out of the calendar."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 2200 and day.isoformat() == text else None


def _date(text: str) -> str:
    if _day(text) is None:
        hint = "Write year, month and day: `2026-01-05`."
        raise _problem("organisation.date", f"`{text}` is not a date", hint)
    return text


def _moment(text: str) -> str:
    try:
        parse_moment(text)
    except ValueError as error:
        raise _problem(
            "organisation.moment",
            str(error),
            "Write it as the roster's own clocks show it, without zone: `2026-03-06 18:00`.",
        ) from None
    return text


def _turn(text: str) -> str:
    try:
        parse_turn(text)
    except ValueError as error:
        hint = "A turn lasts whole weeks, at most 99: `1 week`, `2 weeks`."
        raise _problem("organisation.turn", str(error), hint) from None
    return text


def _span(text: str) -> str:
    try:
        parse_span(text)
    except ValueError as error:
        hint = "Write seconds, minutes or hours, from 10s to 31 days: `90s`, `5m`, `24h`, `7d`."
        raise _problem("organisation.span", str(error), hint) from None
    return text


def _contact(value: Any) -> Any:
    """Bring `{slack: ops}` into the form `slack ops`; single spaces between both parts."""
    if isinstance(value, dict):
        if len(value) != 1 or not all(isinstance(part, str) for part in value.values()):
            what = "a contact in braces holds one channel with its address"
            raise _problem("organisation.contact", what, "For example: `{slack: ops}`.")
        value = " ".join(next(iter(value.items())))
    return " ".join(value.split()) if isinstance(value, str) else value


def _secret(text: str) -> str:
    # What stands here may be secret, so no message repeats it.
    if text.startswith("env:") and not _FROM_ENVIRONMENT.fullmatch(text):
        what = "what follows `env:` cannot be the name of an environment variable"
        raise _problem("organisation.reference", what, "For example: `env:CUSTOMER_HOOK_SECRET`.")
    return text


def _address(text: str) -> str:
    if _secret(text) == text and not text.startswith("env:") and not _URL.fullmatch(text):
        hint = "Write `env:NAME`, or an address that begins with `https://`."
        raise _problem("organisation.reference", "this is neither `env:NAME` nor a URL", hint)
    return text


Span = Annotated[str, AfterValidator(_span), Field(examples=["1m", "90s", "24h"])]
Id = Annotated[str, AfterValidator(_id), Field(examples=["team-lead"])]
Zone = Annotated[str, AfterValidator(_zone), Field(examples=["Europe/Berlin"])]
Moment = Annotated[str, AfterValidator(_moment), Field(examples=["2026-03-06 18:00"])]
Secret = Annotated[str, AfterValidator(_secret), Field(examples=["env:CUSTOMER_HOOK_SECRET"])]
Url = Annotated[str, AfterValidator(_address), Field(examples=["env:CUSTOMER_HOOK_URL"])]
ContactText = Annotated[
    str,
    BeforeValidator(_contact),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                    "minProperties": 1,
                    "maxProperties": 1,
                },
            ],
            "examples": ["inbox", "email ana@example.org", {"slack": "ops"}],
        }
    ),
]


Qualification = Annotated[str, AfterValidator(_id), Field(examples=["senior"])]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class PersonFile(_Part):
    """Somebody who can be reached or may sign in."""

    name: str = Field(
        min_length=1, description="The name as colleagues know it.", examples=["Ana Prieto"]
    )
    access: Access = Field(
        "responder",
        description="What the person may do: look (`viewer`), work on incidents (`responder`), "
        "also command beyond them (`commander`), change everything (`administrator`), or look and "
        "read the audit (`auditor`).",
    )
    oidc: str = Field(
        "",
        description="What the identity provider calls the person (the subject, `sub`); without "
        "it they are found by an e-mail contact that the provider has verified.",
        examples=["248289761001"],
    )
    qualifications: list[Qualification] = Field(
        default_factory=list,
        description="What the person can do; plans ask for it in `needs` of a role.",
        examples=[["senior", "database"]],
    )
    contacts: list[ContactText] = Field(
        default_factory=list,
        description="Ways to reach the person, tried in this order: `inbox`, "
        "`email ana@example.org`, `slack ops`, `webhook customers`.",
        examples=[["inbox", "email ana@example.org"]],
    )


class OverrideFile(_Part):
    """A span of time in which somebody else is on call."""

    start: Moment = Field(alias="from", description="When it begins, on the roster's clocks.")
    end: Moment = Field(
        alias="to",
        description="When it is over, on the roster's clocks.",
        examples=["2026-03-07 09:00"],
    )
    person: str = Field(description="Who is on call instead.", examples=["ben"])


class RosterFile(_Part):
    """People who are on call in turn."""

    rotation: list[str] = Field(
        description="The people, in the order of their turns.", examples=[["ana", "ben", "cleo"]]
    )
    each: Annotated[str, AfterValidator(_turn)] = Field(
        "1 week", description="How long a turn lasts.", examples=["1 week", "2 weeks"]
    )
    handover: Annotated[str, AfterValidator(_handover)] = Field(
        description="When the next person takes over.", examples=["monday 09:00"]
    )
    first_week: Annotated[str, AfterValidator(_date)] = Field(
        description="A day of the week (Monday to Sunday) in which the first person's turn begins.",
        examples=["2026-01-05"],
    )
    time_zone: Zone | None = Field(
        None, description="The zone of this roster's clocks; the organisation's if left out."
    )
    overrides: list[OverrideFile] = Field(
        default_factory=list,
        description="Exceptions; where two overlap, the later one in the file counts.",
    )


class RecipientFile(_Part):
    """Whoever a plan may address; at least one of the keys."""

    roster: str = Field(
        "", description="The roster whose person on call is meant.", examples=["primary"]
    )
    people: list[str] = Field(
        default_factory=list, description="These people, each of them.", examples=[["dora"]]
    )
    contacts: list[ContactText] = Field(
        default_factory=list,
        description="Contacts that belong to nobody in particular: a list, a channel, a webhook.",
        examples=[["webhook customers"]],
    )


class IntegrationFile(_Part):
    """A machine that may send signals."""

    source: str = Field(description="What kind of machine it is.", examples=["alertmanager"])
    owner: str = Field(
        "",
        description="The recipient who is told when it sends what cannot be understood.",
        examples=["team-lead"],
    )
    key_version: int = Field(
        1, ge=1, description="Raise it to make the integration's present key invalid."
    )
    every: Span | None = Field(
        None,
        description="How often a `heartbeat` comes; from then and the grace on, silence is an "
        "alert.",
        examples=["1m", "24h"],
    )
    grace: Span | None = Field(
        None,
        description="How late a `heartbeat` may be; as long as `every`, at most 5m, if left out.",
        examples=["1m"],
    )
    labels: dict[str, str] = Field(
        default_factory=dict,
        description="What the alert about a missing `heartbeat` is labelled with, beside "
        "`alertname: HeartbeatMissing` and `heartbeat: NAME`.",
        examples=[{"severity": "critical"}],
    )


class WebhookFile(_Part):
    """An address to which signed messages are posted."""

    url: Url = Field(description="The address, or the environment variable that holds it.")
    secret: Secret = Field(
        "",
        description="What messages are signed with, so that the receiver can check their origin.",
    )


class GitHubFile(_Part):
    """A repository in which issues are opened."""

    repository: str = Field(
        pattern=r"^[A-Za-z0-9-]+/[A-Za-z0-9._-]+$",
        description="Its owner and name.",
        examples=["example/support"],
    )
    token: str = Field(
        pattern=r"^env:[A-Za-z_][A-Za-z0-9_]*$",
        description="The environment variable that holds a token which may write issues there.",
        examples=["env:GITHUB_SUPPORT_TOKEN"],
    )
    labels: list[str] = Field(
        default_factory=list, description="What each issue is labelled with.", examples=[["outage"]]
    )
    api: str = Field(
        "https://api.github.com",
        pattern=r"^https?://\S+$",
        description="The address of the API, for a GitHub of one's own.",
    )


class OrganisationFile(_Part):
    """An organisation as Tocsin reads it: people, rosters, recipients."""

    # Required by the schema, but not by the model: a file without them can still be checked.
    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        title="Tocsin organisation",
        json_schema_extra={"required": ["tocsin", "organisation", "people", "recipients"]},
    )

    tocsin: Literal[1] = Field(1, description="The version of this language.", examples=[1])
    organisation: str = Field(
        "", min_length=1, description="The organisation's name.", examples=["Example Ltd"]
    )
    time_zone: Zone = Field("UTC", description="The zone of every local time in this file.")
    people: dict[Id, PersonFile] = Field(
        default_factory=dict,
        description="Everyone who can be reached or may sign in, each with a short name.",
        examples=[{"ana": {"name": "Ana Prieto", "contacts": ["inbox"]}}],
    )
    rosters: dict[Id, RosterFile] = Field(default_factory=dict, description="Who is on call when.")
    recipients: dict[Id, RecipientFile] = Field(
        default_factory=dict,
        description="The names that plans use, and who is meant by each. "
        "A person is a recipient without being listed here.",
        examples=[{"team-lead": {"people": ["ana"]}}],
    )
    last_resort: str = Field(
        "",
        description="The recipient who is alarmed when nobody else can be reached.",
        examples=["team-lead"],
    )
    integrations: dict[Id, IntegrationFile] = Field(
        default_factory=dict, description="Machines that may send signals."
    )
    webhooks: dict[Id, WebhookFile] = Field(
        default_factory=dict, description="The addresses that contacts `webhook NAME` mean."
    )
    slack: dict[Id, Url] = Field(
        default_factory=dict,
        description="The Slack incoming webhooks that contacts `slack NAME` mean.",
        examples=[{"ops": "env:SLACK_OPS_URL"}],
    )
    github: dict[Id, GitHubFile] = Field(
        default_factory=dict,
        description="The repositories that contacts `github NAME` mean.",
    )


def organisation_schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of an organisation file, for editors."""
    schema = OrganisationFile.model_json_schema()
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
