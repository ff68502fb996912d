"""What a scenario expects of the plan's thresholds: shapes, reading and judging.

No incident is played for it: of samples, the plan says whether one of its alert rules fires.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema

from tocsin.core.document import listed, near
from tocsin.core.plan.catalogue.firing import Sample, fires, measured
from tocsin.core.plan.model import Plan
from tocsin.core.plan.shapes import Part, problem
from tocsin.core.times import parse_duration

Place = tuple[int, int]

_SAMPLE = re.compile(r"(\d+(?:\.\d+)?)(?: (of|x) (\d+))?")
_NOW = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def _texts(value: Any) -> Any:
    many = value if isinstance(value, list) else [value]
    return [f"{one:g}" if type(one) in (int, float) else one for one in many]


def _sample(text: str) -> str:
    if not _SAMPLE.fullmatch(text):
        raise problem(
            "scenario.sample", f"`{text}` is no sample",
            "Write a number, `2 of 100` for a share, or `900 x 95` for 95 times the same.",
        )  # fmt: skip
    return text


def _ago(text: str) -> str:
    try:
        parse_duration(text)
    except ValueError as error:
        what, _, hint = str(error).partition("; ")
        raise problem("scenario.time", what, f"{hint[:1].upper()}{hint[1:]}.") from None
    return text


Samples = Annotated[
    list[Annotated[str, AfterValidator(_sample)]],
    BeforeValidator(_texts),
    WithJsonSchema(
        {"type": ["number", "string", "array"], "items": {"type": ["number", "string"]}}
    ),
]


class MeasuredFile(Part):
    """Samples, and whether an alert rule of the plan fires on them."""

    rule: str = Field(description="The threshold of the plan.", examples=["api-errors"])
    measured: dict[Annotated[str, AfterValidator(_ago)], Samples] = Field(
        description="How long ago, with what was measured then: a number, `2 of 100` for a share, "
        "`900 x 95` for the same 95 times, or a list of these.",
        examples=[{"1m": "2 of 100"}],
    )
    fires: bool = Field(description="Whether it fires.")


class MeasuredCheck(msgspec.Struct, frozen=True, kw_only=True):
    """Samples of a rule, and whether it is expected to fire on them at `now`."""

    rule: str
    samples: tuple[Sample, ...]
    now: datetime
    fires: bool
    place: Place


class Surprise(msgspec.Struct, frozen=True):
    """What was expected of a rule, at a place in the file, and what the plan says."""

    place: Place
    wanted: str
    instead: str


def unknown_rule(plan: Plan, name: str) -> str:
    """Return the cure for a rule that the plan does not have, "" if it has it."""
    known = plan.catalogue.thresholds
    if name in known:
        return ""
    return near(name, known) + (f"It has: {listed(known)}." if known else "It has none.")


def measured_check(file: MeasuredFile, place: Place) -> MeasuredCheck:
    """Make what is written ready to be judged."""
    return MeasuredCheck(
        rule=file.rule, samples=tuple(_samples(file.measured)), now=_NOW, fires=file.fires,
        place=place,
    )  # fmt: skip


def _samples(written: Mapping[str, list[str]]) -> Iterator[Sample]:
    for ago, texts in written.items():
        at = _NOW - parse_duration(ago)
        for text in texts:
            found = _SAMPLE.fullmatch(text)
            assert found is not None  # the shape has looked
            value, word, number = float(found[1]), found[2], found[3]
            if word == "of":
                yield Sample(at, value, float(number))
            else:
                yield from (Sample(at, value) for _ in range(int(number or 1)))


def surprises(plan: Plan, check: MeasuredCheck) -> Iterator[Surprise]:
    """Yield that the rule does not do what is expected, if so."""
    threshold = plan.catalogue.thresholds[check.rule]
    if fires(threshold, check.samples, check.now) == check.fires:
        return
    figure = measured(threshold, check.samples, check.now)
    said = "nothing that counts was measured" if figure is None else f"the figure is {figure:g}"
    verb = "fires" if check.fires else "does not fire"
    yield Surprise(check.place, f"{check.rule} {verb}", f"{said} (line {threshold.line})")
