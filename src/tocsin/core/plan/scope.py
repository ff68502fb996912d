"""What the parts of one plan may refer to, and where the problems of its reading are collected."""

from collections.abc import Callable, Collection, Mapping
from datetime import date, timedelta
from typing import Any

from tocsin.core.document import Document, listed, near
from tocsin.core.plan.conditions import facts_in, problem_with, spelled_out
from tocsin.core.plan.file import PlanFile
from tocsin.core.plan.model import ClockRule, Criterion, FactRule
from tocsin.core.plan.shapes import time_words
from tocsin.core.problem import Level
from tocsin.core.times import (
    DEFAULT_TOLERANCE,
    AnyTime,
    Choice,
    NextOccasion,
    Unspecified,
    leaves_tolerance_open,
    parse_duration,
    parse_time,
    words,
)
from tocsin.core.tree import Findings, Path

BUILT_IN_CLOCKS = {
    name: ClockRule(name, "opened", "acknowledged", 0) for name in ("acknowledge", "respond")
}

MOMENTS = (
    "opened", "acknowledged", "assessed", "raised", "resolved", "reopened", "closed", "alert",
    "status", "escalated",
)  # fmt: skip
"""What every incident may go through; clauses count from these, or from named ones."""

SITUATION = frozenset(
    {"severity", "kind", "phase", "mode", "state", "status", "other_incidents", "alerts_firing",
     "false_alarm", "in_doubt"}
)  # fmt: skip
"""What conditions see of an incident beside its facts; no fact may bear such a name."""

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
        self.figures: dict[str, FactRule] = {}
        """What follows from facts and is recorded beside them; conditions may use it."""
        self.words: dict[str, str] = {}
        """Words of the plan that stand for a condition or figure: word -> CEL."""
        self.exists: Callable[[str], bool] | None = None
        """Whether there is a file at a path beside the plan; None where that cannot be known."""
        self.text_of: Callable[[str], str | None] | None = None
        """The text of a file at a path beside the plan; None where that cannot be known."""
        self.today: date | None = None
        self.as_written = self.file.standing == "as written"
        self.named_moments: dict[str, tuple[str, ...]] = {
            "phase": document.keys(("phases",)),
            "after": (),
            "told": document.keys(("contacts",)),
            "done": (),
            "missed": (),
            "mode": document.keys(("modes",)),
            "role": document.keys(("roles",)),
            "published": document.keys(("audiences",)),
        }
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
        if isinstance(value, NextOccasion) and value.calendar not in self.occasions:
            # Documents speak of the next sprint planning, and of no dates.
            if not self.as_written:
                if not self.knows("calendars", self.occasions, value.calendar, path):
                    return None
            elif not self.lost("calendars"):
                self.warn(
                    path, "plan.unknown-calendar",
                    f"nothing says when the next `{value.calendar}` is",
                    f"Add `{value.calendar}: {{every: 2 weeks, from: 2026-01-05}}` under "
                    "`calendars:`.",
                )  # fmt: skip
        if isinstance(value, Choice):
            self.undecided(
                path, "plan.choice", f"`{path[-1]}` leaves a choice: {words(value)}",
                "Until somebody chooses one, nothing can be measured by it. Write the one time "
                "that holds, or one clause for each severity.",
            )  # fmt: skip
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

    def situation(self, path: Path, text: str) -> str:
        """Check a condition over facts and situation; "", with a problem, if it is unusable."""
        criterion = self.condition(path, text, self._situation())
        return "" if criterion is None else criterion.text

    def _situation(self) -> dict[str, FactRule]:
        """The names beside the facts that conditions of tasks and updates may use."""
        return {
            "severity": FactRule("severity", "one of", tuple(self.codes)),
            "kind": FactRule("kind", "text"),
            "phase": FactRule("phase", "text"),
            "mode": FactRule("mode", "text"),
            "state": FactRule(
                "state", "one of", ("open", "acknowledged", "resolved", "closed")
            ),
            "status": FactRule("status", "text"),
            "other_incidents": FactRule("other_incidents", "number"),
            "alerts_firing": FactRule("alerts_firing", "number"),
            "false_alarm": FactRule("false_alarm", "bool"),
            "in_doubt": FactRule("in_doubt", "text"),
        }  # fmt: skip

    def moment(self, path: Path, text: str) -> str:
        """Check the name of a moment (`opened`, `phase recovery`); "", with a problem, if wrong."""
        word, _, rest = text.partition(" ")
        if text in MOMENTS or (rest and word in self.named_moments):
            known = self.named_moments.get(word)
            if not known or rest in known or text in MOMENTS:
                return text
            hint = near(rest, known) + f"Known: {listed(known)}."
            self.error(path, "plan.moment", f"`{text}`: unknown {word} `{rest}`", hint)
            return ""
        forms = [f"{kind} ..." for kind in self.named_moments]
        self.error(
            path, "plan.moment", f"`{text}` is no moment to count from",
            f"{near(text, MOMENTS)}Use {listed(MOMENTS)}, or {listed(forms)}.",
        )  # fmt: skip
        return ""

    def undecided(self, path: Path, code: str, what: str, hint: str) -> None:
        """Report what the plan leaves open: a warning as written, an error in force."""
        self.report("warning" if self.as_written else "error", path, code, (what, hint))

    def condition(
        self, path: Path, text: str, more: Mapping[str, FactRule] | None = None
    ) -> Criterion | None:
        """Check a condition; None, with a problem reported, if it cannot be used.

        It may name the plan's facts and figures, and `more` beside them. Words of the plan are
        replaced by what they stand for.
        """
        if self.lost("facts"):
            return None
        written, text = text, spelled_out(text, self.words)
        rules = {**self.facts, **self.figures, **(more or {})}
        vague = {name for name in facts_in(text) if self._vague(name)}
        # What a vague fact may be compared with is unknown; other names can be checked still.
        fault = problem_with(text, rules | {n: FactRule(n, "text") for n in vague})
        if vague and (fault is None or not fault.unknown):
            return None
        if fault is None:
            return Criterion(text, self.line(path))
        hint = fault.hint
        if fault.unknown:
            names = tuple(rules)
            names = (*names, *self.words)
            hint = near(fault.unknown, names) + f"Add it under `facts:`, or use: {listed(names)}."
        code = "plan.unknown-fact" if fault.unknown else "plan.condition"
        short = written if len(written) <= 60 else f"{written[:57]}..."
        line, column = self.document.text_place(path)
        # What a word stands for is longer or shorter: places behind it are not those of the file.
        place = line, column + (max(fault.column - 1, 0) if text == written else 0)
        self.found.add(place, code, f"the condition `{short}` {fault.what}", hint)
        return None

    def _vague(self, fact: str) -> bool:
        return fact in self.document.keys(("facts",)) and (
            fact not in self.facts or self.document.damaged(("facts", fact))
        )
