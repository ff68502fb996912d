"""What a scenario expects of a plan, as values; `judge.py` holds them against what happened."""

from collections.abc import Mapping
from datetime import timedelta
from functools import cache
from typing import Literal, get_args

import msgspec

from tocsin.core.incident import events as e
from tocsin.core.plan.model import FactValue
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.scenarios.calendar import CalendarCheck
from tocsin.core.scenarios.measuring import MeasuredCheck
from tocsin.core.simulation import Scenario

CALLS = ("page", "notice", "ticket", "alarm", "update")
"""What is sent to somebody; `call` means any of them."""

CLOCK_WORDS = {
    "started": "clock_started",
    "met": "clock_met",
    "missed": "clock_missed",
    "dropped": "clock_dropped",
}
"""What a scenario calls what becomes of a clock, and the kind of happening that it is."""

ClockState = Literal["running", "met", "missed", "dropped", "none"]
STANDS = ("severity", "state", "phase", "mode", "status", "code", "channel")
"""What an incident has one of at a time, each named as a scenario names it; `none` for none."""

TASK_STATES = ("open", "done", "waived", "dropped", "none")
CLOCK_STATES: tuple[ClockState, ...] = get_args(ClockState)

_OTHER_KINDS = ("exhausted", "refused", "outage", "plan_edited", "update_sent")
_NEVER_SHOWN = ("told", "alarmed", "update_published")

Place = tuple[int, int]


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is to happen; what is empty may be anything.

    `do` is a kind, as `kinds` lists them, or `reached` with a person in `to`; `why` is a part of
    the reason; `through` are all channels of an update, in any order. `key` is the key of the file
    under which it stands.
    """

    key: str
    do: str
    to: str = ""
    clock: str = ""
    by: str = ""
    why: str = ""
    line: int = 0
    through: tuple[str, ...] = ()

    def means(self, happening: Happening) -> bool:
        """Whether it is this thing, whenever and for whatever reason it happens."""
        if self.do == "reached":
            return self.to in happening.reached
        return (
            happening.do in dos(self.do)
            and self.to in ("", happening.to)
            and self.clock in ("", happening.clock)
            and self.by in ("", happening.by)
            and (not self.through or sorted(self.through) == sorted(happening.through))
        )

    def fits(self, happening: Happening) -> bool:
        """Whether it is this thing for the reason that is wanted."""
        said = self.why.casefold()
        reasoned = said in happening.why.casefold() or self.why == happening.code
        return self.means(happening) and reasoned and self.line in (0, happening.line)

    def words(self) -> str:
        """Say it as people would."""
        about = " ".join(part for part in (self.to, self.clock) if part)
        said = f"{self.do.replace('_', ' ')} {about}".rstrip()
        said += f" by {self.by}" if self.by else ""
        said += f" through {', '.join(self.through)}" if self.through else ""
        said += f" because of `{self.why}`" if self.why else ""
        return said + (f" (plan line {self.line})" if self.line else "")


class ClockStands(msgspec.Struct, frozen=True):
    """How a clock is to stand: in a state, or running with so much time left, or until then.

    `due` counts from the start of the story; `text` is as written.
    """

    text: str
    state: ClockState = "running"
    left: timedelta | None = None
    due: timedelta | None = None


class Expectation(msgspec.Struct, frozen=True, kw_only=True):
    """What one entry expects at `at` after the start.

    Happenings count from `at`: at that instant, with `within` up to and with `at + within`, with
    `until` up to but without that time. `places` maps each key to where it stands in the file;
    `only` None means that it was not asked for; `stands` maps some of STANDS to their words.
    """

    at: timedelta
    entry: int
    incident: str = ""
    within: timedelta = timedelta(0)
    until: timedelta | None = None
    places: Mapping[str, Place] = {}
    items: tuple[Item, ...] = ()
    no: tuple[str, ...] = ()
    nobody: tuple[str, ...] = ()
    only: tuple[Item, ...] | None = None
    nothing_more: tuple[str, ...] = ()
    stands: Mapping[str, str] = {}
    facts: Mapping[str, FactValue] = {}
    role: Mapping[str, str] = {}
    clocks: Mapping[str, ClockStands] = {}
    tasks: Mapping[str, str] = {}
    on_call: Mapping[str, tuple[str, ...]] = {}

    @property
    def end(self) -> timedelta:
        """The last moment that is looked at."""
        return max(self.at + self.within, self.until or self.at)

    def covers(self, happening: Happening) -> bool:
        """Whether something happens in the time that is looked at."""
        t = timedelta(seconds=happening.t)
        if self.until is not None:
            return self.at <= t < self.until
        return self.at <= t <= self.at + self.within


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """Facts, and the severity that the plan proposes for them; "" for none."""

    facts: Mapping[str, FactValue]
    severity: str
    because: tuple[str, ...]
    place: Place


class Script(msgspec.Struct, frozen=True, kw_only=True):
    """A scenario file that was read for a plan: what to play, and what is expected.

    `entries` are the places of the story's entries; `plays` is False for a file that holds
    nothing but tables and a calendar.
    """

    scenario: Scenario
    plays: bool
    expectations: tuple[Expectation, ...] = ()
    classify: tuple[Row, ...] = ()
    programme: tuple[CalendarCheck, ...] = ()
    thresholds: tuple[MeasuredCheck, ...] = ()
    shows: tuple[str, ...] = ()
    entries: tuple[Place, ...] = ()


@cache
def kinds() -> tuple[str, ...]:
    """Return every kind of happening that a scenario can name."""
    events = [str(event.__struct_config__.tag) for event in _below(e.Event)]
    shown = [kind for kind in events if kind not in _NEVER_SHOWN]
    return (*CALLS, "call", *CLOCK_WORDS, *shown, *_OTHER_KINDS)


def dos(kind: str) -> tuple[str, ...]:
    """Return the `do` of the happenings that a kind stands for."""
    return CALLS if kind == "call" else (CLOCK_WORDS.get(kind, kind),)


def _below(base: type[e.Event]) -> list[type[e.Event]]:
    return [one for child in base.__subclasses__() for one in (child, *_below(child))]
