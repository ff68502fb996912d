"""What a scenario expects of the calendar of drills and reviews: shapes, reading and judging.

No incident is played for it: on a day, with what was held, the plan says what is overdue and next.
"""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import msgspec
from pydantic import BeforeValidator, Field, model_validator

from tocsin.core.document import listed, near
from tocsin.core.naming import name as name_of
from tocsin.core.plan.afterwards.model import Recurring
from tocsin.core.plan.model import Plan
from tocsin.core.plan.shapes import ManyTexts, Part, problem
from tocsin.core.programme import Held, exercises, next_due, overdue
from tocsin.core.tree import Path

Place = tuple[int, int]


def _is_day(value: Any) -> Any:
    text = value.isoformat() if isinstance(value, date) else value
    try:
        return date.fromisoformat(text).isoformat()
    except (TypeError, ValueError):
        raise problem(
            "scenario.time", f"`{value}` is no date", "Write year, month and day: `2026-04-02`."
        ) from None


Day = Annotated[str, BeforeValidator(_is_day), Field(examples=["2026-04-02"])]


class HeldFile(Part):
    """Something of the programme that was held."""

    what: str = Field(description="The entry of the programme.", examples=["tabletop"])
    on: Day = Field(description="The day on which it was held.")


class CalendarExpectFile(Part):
    """What the plan says of its programme on that day."""

    overdue: ManyTexts | None = Field(
        None, description="What is overdue, and nothing else.", examples=[["tabletop"]]
    )
    next: dict[str, Day] = Field(
        default_factory=dict,
        description="The day by which entries are to be held next; each is compared.",
        examples=[{"tabletop": "2026-04-30"}],
    )
    documents: dict[str, str] = Field(
        default_factory=dict,
        description="Where the document on an entry is kept that is held on that day.",
        examples=[{"tabletop": "docs/drills/tabletop-2026-04.md"}],
    )
    count: int | None = Field(
        None, description="How many exercises the plan wants in the year of that day."
    )


class CalendarFile(Part):
    """A day, what was held before it, and what is expected then."""

    at: Day = Field(description="The day on which the programme is looked at.")
    held: list[HeldFile] = Field(default_factory=list, description="What was held.")
    expect: CalendarExpectFile = Field(description="What is expected.", examples=[{"count": 28}])

    @model_validator(mode="after")
    def _something(self) -> "CalendarFile":
        if not self.expect.model_fields_set:
            raise problem(
                "file.wrong-value", "nothing is expected of the programme here",
                "For example `expect: {overdue: [tabletop], count: 28}`.",
            )  # fmt: skip
        return self


class CalendarCheck(msgspec.Struct, frozen=True, kw_only=True):
    """An expectation of the programme; None or empty: nothing is expected of that.

    `places` are (line, column) of the keys "overdue", "count", "next NAME" and "documents NAME".
    """

    at: date
    held: tuple[Held, ...]
    overdue: tuple[str, ...] | None
    next: tuple[tuple[str, date], ...]
    documents: tuple[tuple[str, str], ...]
    count: int | None
    places: dict[str, Place]


class Slip(msgspec.Struct, frozen=True):
    """A name in a calendar that the plan's programme does not have: where, what, and the cure."""

    path: Path
    what: str
    hint: str


def calendar_check(file: CalendarFile, places: dict[str, Place]) -> CalendarCheck:
    """Make what is written ready to be judged; `places` as in `CalendarCheck`."""
    expected = file.expect
    return CalendarCheck(
        at=date.fromisoformat(file.at),
        held=tuple(Held(one.what, date.fromisoformat(one.on)) for one in file.held),
        overdue=None if expected.overdue is None else tuple(expected.overdue),
        next=tuple((name, date.fromisoformat(day)) for name, day in expected.next.items()),
        documents=tuple(expected.documents.items()),
        count=expected.count,
        places=places,
    )


def slips(plan: Plan, path: Path, file: CalendarFile) -> list[Slip]:
    """Return the names in a calendar that the plan's programme does not have."""
    known = [entry.id for entry in plan.afterwards.programme]
    named: list[tuple[Path, str]] = [
        ((*path, "held", number, "what"), one.what) for number, one in enumerate(file.held)
    ]
    overdue_path: Path = (*path, "expect", "overdue")
    named += [((*overdue_path, n), name) for n, name in enumerate(file.expect.overdue or ())]
    for key, names in (("next", file.expect.next), ("documents", file.expect.documents)):
        named += [((*path, "expect", key, name), name) for name in names]
    return [
        Slip(place, f"the programme of the plan has no `{name}`",
             near(name, known) + (f"It has: {listed(known)}." if known else "It is empty."))
        for place, name in named
        if name not in known
    ]  # fmt: skip


class Difference(msgspec.Struct, frozen=True):
    """What was expected of the programme, at a place in the file, and what the plan says."""

    place: Place
    wanted: str
    instead: str


def differences(plan: Plan, check: CalendarCheck) -> list[Difference]:
    """Return everything in which the programme is not as expected."""
    programme, found = plan.afterwards.programme, []
    if check.overdue is not None:
        late = overdue(programme, check.held, check.at)
        if {one.what for one in late} != set(check.overdue):
            said = [f"{one.what} (since {one.due}, line {one.line})" for one in late]
            wanted = f"overdue on {check.at}: {', '.join(check.overdue) or 'nothing'}"
            instead = ", ".join(said) or "nothing is overdue"
            found.append(Difference(check.places["overdue"], wanted, instead))
    entries = {entry.id: entry for entry in programme}
    for name, day in check.next:
        due = next_due(entries[name], programme, check.held, check.at)
        if due != day:
            wanted = f"{name} is due by {day}"
            instead = f"by {due} (line {entries[name].line})" if due else "it is never due"
            found.append(Difference(check.places[f"next {name}"], wanted, instead))
    for name, path in check.documents:
        kept = _kept(entries[name], check.at, plan.time_zone)
        if kept != path:
            wanted = f"the document on {name} is {path}"
            instead = f"{kept or 'there is none'} (line {entries[name].line})"
            found.append(Difference(check.places[f"documents {name}"], wanted, instead))
    count = exercises(programme, check.at.year)
    if check.count is not None and check.count != count:
        wanted = f"{check.count} exercises in {check.at.year}"
        found.append(Difference(check.places["count"], wanted, f"{count} of them"))
    return found


def _kept(entry: Recurring, day: date, zone: str) -> str:
    """Where the document on an entry is kept that is held on a day; "" if the plan wants none."""
    noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(zone)).astimezone(UTC)
    return name_of(entry.document, 1, noon, zone)
