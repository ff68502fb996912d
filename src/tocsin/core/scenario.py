"""Scenario files: a start, and what people do then, to be played through on a virtual clock."""

from collections.abc import Mapping
from datetime import UTC, datetime
from math import isfinite
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from tocsin.core.document import Document, listed, near, salvage_document
from tocsin.core.incident import commands as c
from tocsin.core.instants import parse_instant
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.problem import Problem
from tocsin.core.simulation import Deed, Scenario
from tocsin.core.times import parse_duration
from tocsin.core.tree import Findings, Path

DEFAULT_START = "2026-01-05 10:00"
"""When a simulation starts if nobody says: a Monday morning, always the same one."""

EPOCH = datetime(2026, 1, 5, tzinfo=UTC)
"""What `friday 18:00` counts from in a simulation, so that it always means the same Friday."""

_DEEDS: dict[str, type[c.Command]] = {
    "acknowledge": c.Acknowledge,
    "release": c.Release,
    "resolve": c.Resolve,
    "reopen": c.Reopen,
    "close": c.Close,
    "note": c.Note,
    "fact": c.RecordFact,
    "severity": c.SetSeverity,
    "escalate": c.Escalate,
    "role": c.TakeRole,
}
_NAMES_WHO_ACTS = ("acknowledge", "release", "resolve", "reopen", "close")

Who = Annotated[str, Field(examples=["team-lead"])]
Value = bool | int | float | str
Span = Annotated[
    str,
    # A bare number is no slip of type but of unit, and is told as such.
    BeforeValidator(lambda value: str(value) if type(value) in (int, float) else value),
    Field(examples=["40m", "1h30m"]),
]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class DeedFile(_Part):
    """One thing that somebody does, at a time after detection."""

    at: Span = Field(description="When, counted from detection.")
    by: Who = Field("", description="Who does it, where the deed does not say.")
    why: str = Field("", description="The reason, for the timeline.")
    acknowledge: Who = Field("", description="Who says: I have it.")
    release: Who = Field("", description="Who gives it back.")
    resolve: Who = Field("", description="Who says that the trouble is over.")
    reopen: Who = Field("", description="Who says that it was not over.")
    close: Who = Field("", description="Who says that nothing is left to do.")
    note: str = Field("", description="What is put on the record.", examples=["rolled back"])
    fact: dict[str, Value] = Field(
        {}, description="What is observed.", examples=[{"users_affected": 1200}]
    )
    severity: str = Field("", description="The level that is confirmed.", examples=["P1"])
    escalate: Who = Field("", description="The recipient, or `level 2`, that is asked for.")
    role: dict[str, str] = Field(
        {}, description="Who holds which role.", examples=[{"incident-commander": "ana"}]
    )

    def chosen(self) -> list[str]:
        """Return the deeds that are written here; exactly one is right."""
        return [name for name in _DEEDS if getattr(self, name)]


class ScenarioFile(_Part):
    """A story: how it starts, and who does what when."""

    scenario: str = Field(
        description="What this is about, in a sentence.", examples=["nobody answers at night"]
    )
    plan: str = Field("", description="The plan file, as seen from this file.")
    org: str = Field("", description="The organisation file, as seen from this file.")
    starts: str = Field(
        DEFAULT_START,
        description="When the incident is detected.",
        examples=["Friday 2026-03-06 23:00 Europe/Berlin"],
    )
    severity: str = Field("", description="The level; without it the facts decide.")
    kind: str = Field("", description="The kind of incident.")
    facts: dict[str, Value] = Field(
        {}, description="What is known at once.", examples=[{"service_availability": "none"}]
    )
    lasts: Span = Field("", description="How long to look on.")
    story: list[DeedFile] = Field([], description="What people do; empty if nobody reacts.")


def named_files(text: str | bytes, file: str) -> tuple[str, str]:
    """Return the plan and the organisation that a scenario names, each "" if it names none."""
    document, _ = salvage_document(text, file, ScenarioFile)
    return (document.model.plan, document.model.org) if document is not None else ("", "")


def read_scenario(
    text: str | bytes, file: str, plan: Plan
) -> tuple[Scenario | None, list[Problem]]:
    """Read a scenario for `plan`; never raises.

    The scenario is None exactly if a problem is an error. Problems are in the order of the file.
    """
    document, problems = salvage_document(text, file, ScenarioFile)
    if document is None:
        return None, problems
    reader = _Reader(document, plan)
    scenario = reader.scenario()
    problems = sorted({*problems, *reader.found.problems})
    if any(problem.level == "error" for problem in problems):
        return None, problems
    return scenario, problems


def wrong_fact(plan: Plan, name: str, value: FactValue) -> tuple[str, str] | None:
    """Say as (what, hint) why a plan cannot take this fact, or None if it can."""
    rule = plan.facts.get(name)
    if rule is None:
        known = f"It knows: {listed(plan.facts)}." if plan.facts else "It has no facts at all."
        return f"the plan knows no fact `{name}`", near(name, plan.facts) + known
    shown = str(value).lower() if isinstance(value, bool) else value
    what = f"`{shown}` is no value of `{name}`"
    if rule.kind == "bool":
        return None if isinstance(value, bool) else (what, "Write `true` or `false`.")
    if rule.kind == "number":
        is_number = (
            isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        )
        return None if is_number else (what, "Write a number, with a point: `0.05`.")
    if not isinstance(value, str):
        return what, f'Put it in quotes if it is meant as text: `{name}: "{shown}"`.'
    if rule.kind == "one of" and value not in rule.values:
        return what, near(value, rule.values) + f"It takes: {listed(rule.values)}."
    return None


class _Reader:
    """Turns a file that has the right shape into a scenario, noting what does not fit the plan."""

    def __init__(self, document: Document[ScenarioFile], plan: Plan) -> None:
        self.found = Findings(document.file)
        self._document = document
        self._plan = plan

    def scenario(self) -> Scenario:
        file = self._document.model
        self._severity(("severity",), file.severity)
        self._facts(("facts",), file.facts)
        if file.kind and self._plan.kinds and file.kind not in self._plan.kinds:
            self._wrong(
                ("kind",), "kind", f"the plan knows no kind `{file.kind}`",
                near(file.kind, self._plan.kinds) + f"It knows: {listed(self._plan.kinds)}.",
            )  # fmt: skip
        lasts = self._duration(("lasts",), file.lasts) if file.lasts else None
        deeds = [
            deed
            for number, part in enumerate(file.story)
            if (deed := self._deed(("story", number), part)) is not None
        ]
        return Scenario(
            title=file.scenario,
            starts=self._start(file.starts),
            severity=file.severity,
            kind=file.kind,
            facts=file.facts,
            deeds=tuple(sorted(deeds, key=lambda deed: deed.at)),
            lasts=lasts,
        )

    def _wrong(self, path: Path, code: str, what: str, hint: str) -> None:
        self.found.add(self._document.place(path), f"scenario.{code}", what, hint)

    def _start(self, text: str) -> datetime:
        try:
            return parse_instant(text, EPOCH, self._plan.time_zone)
        except ValueError as error:
            self._wrong(("starts",), "time", *_parted(error))
            return EPOCH

    def _duration(self, path: Path, text: str) -> Any:
        try:
            return parse_duration(text.lower().removeprefix("t+"))
        except ValueError as error:
            self._wrong(path, "time", *_parted(error))
            return None

    def _severity(self, path: Path, code: str) -> None:
        codes = [severity.code for severity in self._plan.severities]
        if code and code not in codes:
            hint = near(code, codes) + f"It knows: {listed(codes)}."
            self._wrong(path, "severity", f"the plan knows no severity `{code}`", hint)

    def _facts(self, path: Path, facts: Mapping[str, FactValue]) -> None:
        for name, value in facts.items():
            if wrong := wrong_fact(self._plan, name, value):
                self._wrong((*path, name), "fact", *wrong)

    def _deed(self, path: Path, part: DeedFile) -> Deed | None:
        at = self._duration((*path, "at"), part.at)
        chosen = part.chosen()
        if len(chosen) != 1:
            if not self._document.damaged(path):
                what = f"{len(chosen)} deeds at once" if chosen else "nothing happens here"
                hint = f"Write one of {listed(_DEEDS)}; a second one needs an entry of its own."
                self._wrong(path, "deed", what, hint)
            return None
        command = self._command(path, part, chosen[0])
        return None if at is None or command is None else Deed(at=at, command=command)

    def _command(self, path: Path, part: DeedFile, name: str) -> Any:
        said = getattr(part, name)
        fields: dict[str, Any] = {"by": part.by or "somebody", "why": part.why}
        if name in _NAMES_WHO_ACTS:
            return _DEEDS[name](**{**fields, "by": said})
        if name == "severity":
            self._severity((*path, name), said)
        if name == "escalate":
            self._recipient((*path, name), said)
        if name in ("fact", "role"):
            if len(said) != 1:
                hint = "Write a second one as an entry of its own."
                self._wrong((*path, name), "deed", f"`{name}` holds {len(said)} at once", hint)
                return None
            key, value = next(iter(said.items()))
            if name == "fact":
                self._facts((*path, name), said)
                return c.RecordFact(**fields, name=key, value=value)
            self._role((*path, name), key)
            return c.TakeRole(**fields, role=key, person=value)
        kept_as = {"note": "text", "severity": "severity", "escalate": "to"}[name]
        return _DEEDS[name](**fields, **{kept_as: said})

    def _recipient(self, path: Path, to: str) -> None:
        known = sorted(self._plan.recipients())
        if to not in known and not to.startswith("level "):
            hint = near(to, known) + f"It knows: {listed(known)}."
            self._wrong(path, "recipient", f"the plan calls nobody `{to}`", hint)

    def _role(self, path: Path, role: str) -> None:
        if role not in self._plan.roles:
            known = f"It knows: {listed(self._plan.roles)}." if self._plan.roles else ""
            hint = near(role, self._plan.roles) + known or "It has no roles at all."
            self._wrong((*path, role), "role", f"the plan knows no role `{role}`", hint)


def _parted(error: ValueError) -> tuple[str, str]:
    """Part a message `what; hint` into both, each as a sentence's beginning wants it."""
    what, _, hint = str(error).partition("; ")
    return what, f"{hint[:1].upper()}{hint[1:]}." if hint else ""
