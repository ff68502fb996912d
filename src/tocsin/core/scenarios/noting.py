"""What a scenario is read against, and where the problems of its reading are collected."""

from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from tocsin.core.document import Document, listed, near
from tocsin.core.instants import parse_instant
from tocsin.core.people import Organisation
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.rehearsal.acts import IN_DOUBT
from tocsin.core.scenarios.facts import wrong_fact
from tocsin.core.scenarios.file import ScenarioFile
from tocsin.core.times import parse_duration
from tocsin.core.tree import Findings, Path

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""What `friday 18:00` counts from in a simulation, so that it always means the same Friday."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """What a scenario is read against; `edits` are the plans of `Draft.edits` by their names.

    `organisation` None means that everybody is reachable.
    """

    plan: Plan
    organisation: Organisation | None = None
    edits: Mapping[str, Plan] = {}

    def plans(self) -> tuple[Plan, ...]:
        """Return every plan that may be in force in the story."""
        return (self.plan, *self.edits.values())

    def callable_names(self) -> set[str]:
        """Return the names under which somebody may be called."""
        names = {to for plan in self.plans() for to in (*plan.recipients(), *plan.contacts)}
        if self.organisation is not None:
            names |= self.organisation.recipients.keys() | self.organisation.people.keys()
        return names


class Notes:
    """A scenario file under examination: what its words mean in its world, and what is wrong."""

    def __init__(self, document: Document[ScenarioFile], world: World) -> None:
        self.found = Findings(document.file)
        self.world = world
        self.document = document
        self.starts = self._start(document.model.starts)

    def place(self, *path: str | int) -> tuple[int, int]:
        """Return (line, column) of the value at a path, or of its key if it is a list or map."""
        return self.document.place(path)

    def wrong(self, path: Path, code: str, what: str, hint: str) -> None:
        """Note an error at the value of `path`."""
        self.found.add(self.document.place(path), code, what, hint)

    def duration(self, path: Path, text: str) -> timedelta | None:
        """Read a duration; None, with the problem noted, if it is none."""
        try:
            return parse_duration(text.lower().removeprefix("t+"))
        except ValueError as error:
            self.wrong(path, "scenario.time", *parted(error))
            return None

    def time(self, path: Path, text: str) -> timedelta | None:
        """Read a time of the story, counted from the start or as a point in time."""
        if ":" not in text:
            return self.duration(path, text)
        try:
            at = parse_instant(text, self.starts, self.world.plan.time_zone)
        except ValueError as error:
            self.wrong(path, "scenario.time", *parted(error))
            return None
        if at < self.starts:
            said = f"`{text}` is before the start"
            self.wrong(
                path,
                "scenario.time",
                said,
                f"The story starts at {self.starts:%Y-%m-%d %H:%M} UTC.",
            )
            return None
        return at - self.starts

    def severity(self, path: Path, code: str) -> None:
        """Note a severity that no plan of the story has."""
        codes = _union([one.code for one in plan.severities] for plan in self.world.plans())
        if any(plan.named(code) in codes for plan in self.world.plans()):
            return
        self.known(path, "scenario.severity", code, codes, f"the plan knows no severity `{code}`")

    def facts(self, path: Path, facts: Mapping[str, FactValue]) -> None:
        """Note facts that no plan of the story can take."""
        for name, value in facts.items():
            slips = [
                None if value == IN_DOUBT and name in plan.facts else wrong_fact(plan, name, value)
                for plan in self.world.plans()
            ]
            if slips[0] is not None and None not in slips:
                self.wrong((*path, name), "scenario.fact", *slips[0])

    def roles(self, path: Path, roles: Collection[str]) -> None:
        """Note roles that no plan of the story has."""
        known = _union(plan.roles for plan in self.world.plans())
        for role in roles:
            self.known(
                (*path, role), "scenario.role", role, known, f"the plan knows no role `{role}`"
            )

    def recipients(self, path: Path, names: Collection[str], *, one: bool = False) -> None:
        """Note names under which nobody is ever called."""
        known = sorted(self.world.callable_names())
        for number, name in enumerate(names):
            at = path if one else (*path, number)
            self.known(at, "scenario.recipient", name, known, f"nobody is called `{name}`")

    def known(self, path: Path, code: str, name: str, names: Collection[str], what: str) -> None:
        """Note a name that is not one of those that are known; "" is never wrong."""
        if name and name not in names:
            hint = near(name, names) + (f"Known: {listed(names)}." if names else "There are none.")
            self.wrong(path, code, what, hint)

    def _start(self, text: str) -> datetime:
        try:
            return parse_instant(text, EPOCH, self.world.plan.time_zone)
        except ValueError as error:
            self.wrong(("starts",), "scenario.time", *parted(error))
            return EPOCH

    def kind(self, path: Path, kind: str) -> None:
        """Note a kind of incident that no plan of the story has."""
        if all(plan.kinds for plan in self.world.plans()):
            kinds = _union(plan.kinds for plan in self.world.plans())
            self.known(path, "scenario.kind", kind, kinds, f"the plan knows no kind `{kind}`")


def _union(many: Iterable[Iterable[str]]) -> list[str]:
    return list(dict.fromkeys(name for names in many for name in names))


def parted(error: ValueError) -> tuple[str, str]:
    """Part a message `what; hint` into both, each as a sentence's beginning wants it."""
    what, _, hint = str(error).partition("; ")
    return what, f"{hint[:1].upper()}{hint[1:]}." if hint and not hint.endswith(".") else hint
