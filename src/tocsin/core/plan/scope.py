"""What the parts of one plan may refer to, and where the problems of its reading are collected."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

from tocsin.core.document import Document, listed, near
from tocsin.core.plan.conditions import facts_in, problem_with
from tocsin.core.plan.file import PlanFile, time_words
from tocsin.core.plan.model import ClockRule, Criterion, FactRule
from tocsin.core.problem import Level
from tocsin.core.times import (
    DEFAULT_TOLERANCE,
    AnyTime,
    NextOccasion,
    Unspecified,
    leaves_tolerance_open,
    parse_duration,
    parse_time,
)
from tocsin.core.tree import Findings, Path

BUILT_IN_CLOCKS = {
    name: ClockRule(name, "opened", "acknowledged", 0) for name in ("acknowledge", "respond")
}

_REFERENCES = {
    "severities": ("severity", "plan.unknown-severity"),
    "contacts": ("recipient", "plan.unknown-recipient"),
    "facts": ("fact", "plan.unknown-fact"),
    "calendars": ("occasion", "plan.unknown-calendar"),
}
"""Sections that other parts of a plan refer to: what an entry is called, and the problem's code."""


class Scope:
    """A plan file under examination: its names, and what was found wrong so far.

    Names count as known as soon as they are written, even where their definition is wrong: one
    slip is one problem. `lost` sections (not readable at all) vouch for every name.
    """

    def __init__(self, document: Document[PlanFile]) -> None:
        self.document = document
        self.file = document.model
        self.found = Findings(document.file)
        self.codes = document.keys(("severities",))
        self.clocks = (*BUILT_IN_CLOCKS, *document.keys(("clocks",)))
        self.recipients = document.keys(("contacts",))
        self.occasions = tuple(
            name.lower() for name in document.keys(("calendars",)) if name != "business"
        )
        self.facts: dict[str, FactRule] = {}
        self.steps_are_whole = True
        given = self.file.tolerance
        self.tolerance = parse_duration(given) if given else DEFAULT_TOLERANCE
        self._tolerance_missed = given is not None or self.lost("tolerance")

    def lost(self, *path: str | int) -> bool:
        """Whether what stood at `path` could not be read."""
        return bool(path) and self.document.damaged(path[:-1]) and path[-1] in self._holes(path)

    def _holes(self, path: Path) -> Collection[str | int]:
        node = self.document.tree
        for part in path[:-1]:
            child = node.child(part)
            if child is None:
                return ()
            node = child
        return node.holes

    def errors(self) -> int:
        """How many errors were found so far."""
        return sum(problem.level == "error" for problem in self.found.problems)

    def line(self, path: Path) -> int:
        """The line at which a clause starts."""
        return self.document.key_place(path)[0]

    def error(self, path: Path, code: str, what: str, hint: str) -> None:
        """Report an error at the value of `path`."""
        self.report("error", path, code, (what, hint))

    def warn(self, path: Path, code: str, what: str, hint: str) -> None:
        """Report a warning at the value of `path`."""
        self.report("warning", path, code, (what, hint))

    def report(self, level: Level, path: Path, code: str, words: tuple[str, str]) -> None:
        """Report a problem, in words (what, hint), at the value of `path`."""
        self.found.add(self.document.place(path), code, *words, level)

    def unknown_key(self, path: Path, name: str, known: Collection[str]) -> None:
        """Report a key that means nothing here."""
        place = self.document.key_place((*path, name))
        where = path[-1] if isinstance(path[-1], str) else path[-2]
        hint = near(name, known) + f"Known here: {listed(dict.fromkeys(known), 20)}."
        self.found.add(place, "file.unknown-key", f"unknown key `{name}` in `{where}`", hint)

    def knows(self, section: str, names: Collection[str], name: str, path: Path) -> bool:
        """Whether `name` is one of `names`; if not, report it with the section to add it to."""
        if name in names or self.lost(section):
            return True
        noun, code = _REFERENCES[section]
        known = f"Known: {listed(names)}. Or add" if names else "Add"
        hint = f"{near(name, names)}{known} `{name}` under `{section}:`."
        self.error(path, code, f"unknown {noun} `{name}`", hint)
        return False

    def time(self, path: Path, text: Any) -> AnyTime | None:
        """Read a time value and report what is doubtful; None if it cannot be read."""
        if isinstance(text, bool) or not isinstance(text, str | int | float):
            self.error(
                path, "plan.time", f"`{path[-1]}` must be a time value",
                "For example `30m`, `within 1h`, `next business day`, `never` or `unspecified`.",
            )  # fmt: skip
            return None
        try:
            value = parse_time(str(text), self.tolerance)
        except ValueError as error:
            what, hint = time_words(str(text), error)
            self.error(path, "plan.time", what, hint[:1].upper() + hint[1:] + ".")
            return None
        if isinstance(value, NextOccasion) and not self.knows(
            "calendars", self.occasions, value.calendar, path
        ):
            return None
        if isinstance(value, Unspecified):
            self.warn(
                path, "plan.unspecified", f"`{path[-1]}` is left open",
                "Tocsin can neither act on it nor measure it. Decide on a time when you can.",
            )  # fmt: skip
        if leaves_tolerance_open(str(text)) and not self._tolerance_missed:
            self._tolerance_missed = True
            self.warn(
                path, "plan.tolerance", "`immediate` does not say how much time it allows",
                "5 minutes are assumed. Write `immediate (within 2m)` here, or `tolerance: 2m` "
                "once at the top of the plan.",
            )  # fmt: skip
        return value

    def duration(self, text: str) -> timedelta:
        """A duration that the shape of the file has already checked."""
        return parse_duration(text)

    def condition(self, path: Path, text: str) -> Criterion | None:
        """Check a condition; None, with a problem reported, if it cannot be used."""
        if self.lost("facts"):
            return None
        vague = {name for name in facts_in(text) if self._vague(name)}
        # What a vague fact may be compared with is unknown; other names can be checked still.
        fault = problem_with(text, self.facts | {n: FactRule(n, "text") for n in vague})
        if vague and (fault is None or not fault.unknown):
            return None
        if fault is None:
            return Criterion(text, self.line(path))
        hint = fault.hint
        if fault.unknown:
            names = tuple(self.facts)
            hint = near(fault.unknown, names) + f"Add it under `facts:`, or use: {listed(names)}."
        code = "plan.unknown-fact" if fault.unknown else "plan.condition"
        short = text if len(text) <= 60 else f"{text[:57]}..."
        line, column = self.document.text_place(path)
        place = line, column + max(fault.column - 1, 0)
        self.found.add(place, code, f"the condition `{short}` {fault.what}", hint)
        return None

    def _vague(self, fact: str) -> bool:
        return fact in self.document.keys(("facts",)) and (
            fact not in self.facts or self.document.damaged(("facts", fact))
        )
