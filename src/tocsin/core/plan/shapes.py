"""The shapes that all parts of a plan file are made of: times, names, conditions, who is told."""

import re
from collections.abc import Callable
from typing import Annotated, Any, ClassVar, Literal

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


def _shows_severity(pattern: str) -> str:
    rest = pattern.replace("{code}", "").replace("{name}", "")
    if rest == pattern or set("{}") & set(rest):
        hint = "Write `{code}`, `{name}`, or both: `{code} - {name}`."
        raise problem("plan.display", f"`{pattern}` does not say how a severity is shown", hint)
    return pattern


Display = Annotated[str, AfterValidator(_shows_severity)]


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
TIME_SCHEMA: dict[str, Any] = {
    "type": "string",
    "examples": ["immediate", "30m", "within 1h", "next business day", "never", "unspecified"],
}


class Part(BaseModel):
    """What all parts have in common: no unknown keys, and no type is bent into another."""

    model_config = ConfigDict(extra="forbid", strict=True, populate_by_name=True)


class OrText(Part):
    """A part that may be written as a text alone, which then stands for the key `SHORT`."""

    SHORT: ClassVar[str]

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: Any) -> Any:
        return {cls.SHORT: value} if isinstance(value, str | int | float) else value

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        full = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [full, {"type": "string"}]}


class WhoFile(Part):
    """Whoever is told: one recipient, any of several, or everyone on a roster."""

    all: Id | None = Field(None, description="Everyone on this recipient's roster at once.")
    any_of: list[Id] = Field(
        default_factory=list,
        alias="any of",
        description="All of them are told; an answer by any of them counts.",
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
