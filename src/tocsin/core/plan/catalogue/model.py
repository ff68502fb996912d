"""The catalogue in its normal form: values only, each clause with its line in the plan."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Literal

import msgspec

from tocsin.core.plan.task import Task

FactValue = bool | int | float | str
Importance = Literal["core", "major", "minor"]
Aggregate = Literal["ratio", "availability", "average", "p95", "p99", "count"]

COMPONENT_STATES = ("up", "degraded", "down")


class Component(msgspec.Struct, frozen=True, kw_only=True):
    """A part of what is run (C30). `fact` names the fact that says whether it is up.

    `depends_on` holds components, `providers` those outside; `failover`: it goes on without one
    of them. `checks` are the ways in which its failure is noticed without people.
    """

    id: str
    name: str
    fact: str
    line: int
    public_name: str = ""
    group: str = ""
    importance: Importance = "major"
    depends_on: tuple[str, ...] = ()
    providers: tuple[str, ...] = ()
    failover: bool = False
    workers: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    runbook: str = ""


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody outside on whom components rely (C31); `credentials` are members of `secrets`."""

    id: str
    name: str
    fact: str
    line: int
    used_for: str = ""
    importance: Importance = "major"
    status_source: str = ""
    contact: str = ""
    contract: str = ""
    credentials: tuple[str, ...] = ()


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One thing of an inventory (C32): a secret, a class of data, a system, an account."""

    id: str
    name: str
    line: int
    where: str = ""
    systems: tuple[str, ...] = ()
    kind: str = ""
    personal: bool = False
    owner: str = ""


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A word of the plan: a condition, a figure, or `open`: people say in the incident.

    `stands_for` is CEL that takes the word's place in conditions; empty if the word is open.
    """

    name: str
    line: int
    stands_for: str = ""
    open: bool = False
    figure: bool = False
    about: str = ""


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """An alert rule (C29): `of` the samples of `metric` in the last `window` is above or below.

    One of `above` and `below` is set, both strict, unless the figure is open (`undecided`) or the
    rule is about the state of a component. With `baseline`, `above` is a factor of what was
    normal in the time before the window. Fewer samples than `min_samples` never fire.
    `target` is what the plan promises, which may be stricter than the rule.
    """

    id: str
    line: int
    metric: str = ""
    of: Aggregate = "average"
    above: float | None = None
    below: float | None = None
    window: timedelta | None = None
    min_samples: int = 1
    baseline: timedelta | None = None
    unit: str = ""
    target: float | None = None
    component: str = ""
    state: str = ""
    tier: str = ""
    states: Mapping[str, FactValue] = {}
    alert: Mapping[str, tuple[str, ...]] = {}
    undecided: bool = False


class Tier(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of alert: the severity it means, how it goes out, in the plan's words."""

    id: str
    line: int
    severity: str = ""
    goes_to: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A way in which incidents are noticed."""

    text: str
    line: int
    components: tuple[str, ...] = ()


class Reference(msgspec.Struct, frozen=True, kw_only=True):
    """A document that the plan leans on (C47): a path below the plan's root, or a URL."""

    id: str
    path: str
    line: int
    about: str = ""


class Principle(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that only people can keep (C51); shown at the moment `at`, or always."""

    text: str
    line: int
    at: str = ""


class Contradiction(msgspec.Struct, frozen=True, kw_only=True):
    """Two statements of the document that exclude each other (C50).

    `holds` is the one that counts, from 1; 0 while nobody has decided.
    """

    about: str
    between: tuple[str, ...]
    holds: int
    line: int
    because: str = ""


class Applicability(msgspec.Struct, frozen=True, kw_only=True):
    """Which incidents the plan is for; what happens to others."""

    when: str
    otherwise: Literal["refuse", "note"]
    line: int


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """Where the plan comes from and who answers for it (C01)."""

    document: str = ""
    purpose: str = ""
    project: str = ""
    signature: str = ""
    owner: str = ""
    reviewed: date | None = None
    review_every: str = ""
    applies_to: Applicability | None = None


class Analysis(msgspec.Struct, frozen=True, kw_only=True):
    """What a responder, or an analysis, may look into (C48)."""

    logs: tuple[str, ...] = ()
    code: tuple[str, ...] = ()
    manifests: tuple[str, ...] = ()
    runbooks: str = ""
    line: int = 0


class Detection(msgspec.Struct, frozen=True, kw_only=True):
    """How incidents are noticed (C28)."""

    sources: tuple[Source, ...] = ()
    tools: Mapping[str, str] = {}
    tiers: Mapping[str, Tier] = {}


class Catalogue(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the plan names that is neither a person nor a deed."""

    head: Head = Head()
    components: Mapping[str, Component] = {}
    providers: Mapping[str, Provider] = {}
    inventories: Mapping[str, tuple[Member, ...]] = {}
    terms: Mapping[str, Term] = {}
    thresholds: Mapping[str, Threshold] = {}
    detection: Detection = Detection()
    analysis: Analysis = Analysis()
    references: Mapping[str, Reference] = {}
    principles: tuple[Principle, ...] = ()
    contradictions: tuple[Contradiction, ...] = ()
    tasks: tuple[Task, ...] = ()

    def prompts(self, moment: str) -> tuple[Principle, ...]:
        """The principles to be shown at a moment, such as `phase recovery`."""
        return tuple(principle for principle in self.principles if principle.at == moment)

    def dependents(self, name: str) -> tuple[str, ...]:
        """Components that rely on a component or provider, directly or through others."""
        found: list[str] = []
        waiting = [name]
        while waiting:
            current = waiting.pop(0)
            for component in self.components.values():
                relies = current in component.depends_on or current in component.providers
                if relies and component.id not in found and component.id != name:
                    found.append(component.id)
                    waiting.append(component.id)
        return tuple(found)
