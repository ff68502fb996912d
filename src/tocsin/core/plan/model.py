"""The plan as the engine obeys it: every notation reduced to one form, every clause with its line.

Values only. `read.py` makes them from a file; `docs/plan/` explains the file.
"""

from collections.abc import Mapping
from typing import Literal

import msgspec

from tocsin.core.calendars import Calendars
from tocsin.core.plan.afterwards.model import Afterwards
from tocsin.core.plan.catalogue.model import Catalogue
from tocsin.core.plan.communication.model import Communication
from tocsin.core.plan.consequences.model import Consequences
from tocsin.core.plan.people.model import People, Role
from tocsin.core.plan.response.model import Response
from tocsin.core.plan.task import Task
from tocsin.core.times import AnyTime

Do = Literal["page", "notify", "ticket"]
Until = Literal["acknowledged", "resolved"]
StartsAt = str
StopsAt = str
"""Moments of an incident: "opened", "phase recovery"; see `Scope.moment`."""

FactValue = bool | int | float | str


class Criterion(msgspec.Struct, frozen=True):
    """One condition over facts; `text` is the CEL expression as the plan has it."""

    text: str
    line: int


class Target(msgspec.Struct, frozen=True):
    """How soon one of the plan's clocks must be stopped at one severity."""

    clock: str
    within: AnyTime
    line: int


class Example(msgspec.Struct, frozen=True):
    """A case in words, with the facts that are stated in it."""

    text: str
    facts: Mapping[str, FactValue]
    line: int


class Severity(msgspec.Struct, frozen=True, kw_only=True):
    """One level; `rank` 0 is the worst. `policy` is the plan's word on escalation, if it has one.

    `required`: an incident of this level is not closed before somebody was escalated to.
    `recommended`: a task reminds of it, and closing without it is noted. `not required`: whoever
    escalates all the same says why.
    `aliases` are other names of it, `criticality` how it compares with levels of other plans;
    `definition` and `examples` are for whoever has to choose.
    """

    code: str
    name: str
    rank: int
    line: int
    criteria: tuple[Criterion, ...] = ()
    not_an_incident: tuple[Criterion, ...] = ()
    targets: tuple[Target, ...] = ()
    alert_kind: str = ""
    policy: Literal["required", "recommended", "optional", "not required", ""] = ""
    aliases: tuple[str, ...] = ()
    criticality: Literal["critical", "high", "medium", "low", ""] = ""
    definition: str = ""
    examples: tuple[Example, ...] = ()


class ClockRule(msgspec.Struct, frozen=True):
    """When a kind of clock starts and what stops it."""

    name: str
    starts_at: StartsAt
    stops_at: StopsAt
    line: int


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One rung of the normal form of escalation, for one severity.

    `to` holds recipient ids; with several, an answer by any of them counts. `everyone` asks for
    all people of a recipient's roster instead of the one on call. `at` counts from the start of
    the escalation. `until` ends the step's relevance: it is skipped once the incident has got
    there. A `manual` step is taken only when somebody asks for it, by its `level` or recipient.
    `when` is a CEL condition that must hold as well; empty if there is none.
    `why` is the clause in words, for the timeline.
    """

    do: Do
    to: tuple[str, ...]
    at: AnyTime
    until: Until
    line: int
    why: str
    everyone: bool = False
    level: int = 0
    manual: bool = False
    mandate: tuple[str, ...] = ()
    when: str = ""
    again: int = 0

    @property
    def key(self) -> str:
        """Identify the step across severities: who is told, how, and for which time (`again`)."""
        everyone = "all:" if self.everyone else ""
        again = f"#{self.again}" if self.again else ""
        return f"{self.do}:{everyone}{'|'.join(self.to)}{again}"


class Exhausted(msgspec.Struct, frozen=True, kw_only=True):
    """What happens when all steps were taken and nobody has answered: an alarm, repeated.

    An empty `page` means: whoever the last step told, or the plan's first recipient.
    """

    page: tuple[str, ...] = ()
    every_seconds: int = 900
    line: int = 0


class AlertRule(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert with certain labels means: facts about the world, or a severity outright.

    `match` maps label names to the accepted values; a value that starts with `~` is a regular
    expression. First matching rule wins. `component` is what its threshold watches.
    """

    match: Mapping[str, tuple[str, ...]]
    facts: Mapping[str, FactValue] = {}
    severity: str = ""
    kind: str = ""
    component: str = ""
    line: int


class Alerts(msgspec.Struct, frozen=True, kw_only=True):
    """How alerts become incidents."""

    group_by: tuple[str, ...]
    rules: tuple[AlertRule, ...]
    otherwise: str
    resolve_incident: bool
    reopen_within_seconds: int
    line: int


LARGEST = 1e18
"""Beyond this a number fact is a slip or an attack, and sums over it would not be exact."""


class FactRule(msgspec.Struct, frozen=True):
    """A fact the plan knows: its type (`bool`, `number`, `one of`) and what it means.

    A number above `most` is refused, and so is a text that is one of `not_enough` words alone or
    has more `sentences`.
    """

    name: str
    kind: Literal["bool", "number", "text", "one of"]
    values: tuple[str, ...] = ()
    about: str = ""
    line: int = 0
    most: float | None = None
    not_enough: tuple[str, ...] = ()
    sentences: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that was read without errors. `version` is the hash of its text.

    `steps` holds the normal form: severity code -> steps in the order of their time.
    `contacts` maps recipient ids to the plan's own words for how to reach them ("unfilled"
    placeholders included); the organisation file says who they are. `heeds_alerts`: an alert that
    changes nothing else may make it demand something all the same.
    """

    name: str
    version: str
    title: str
    time_zone: str
    calendars: Calendars
    severities: tuple[Severity, ...]
    clocks: Mapping[str, ClockRule]
    steps: Mapping[str, tuple[Step, ...]]
    exhausted: Exhausted
    alerts: Alerts
    roles: Mapping[str, Role]
    facts: Mapping[str, FactRule]
    contacts: Mapping[str, str]
    incident_id: str
    incident_channel: str
    organisation: str = ""
    kinds: tuple[str, ...] = ()
    standing: Literal["in force", "as written"] = "in force"
    tasks: tuple[Task, ...] = ()
    consequences: Consequences = Consequences()
    afterwards: Afterwards = Afterwards()
    catalogue: Catalogue = Catalogue()
    response: Response = Response()
    people: People = People()
    communication: Communication = Communication()
    display: str = "{code} {name}"
    heeds_alerts: bool = False

    def severity(self, code: str) -> Severity:
        """Return the level with that code; raises KeyError for one the plan does not have."""
        for severity in self.severities:
            if severity.code == code:
                return severity
        raise KeyError(code)

    def named(self, word: str) -> str:
        """Return the code of the level that people call `word`; `word` itself if none is."""
        if any(severity.code == word for severity in self.severities):
            return word
        plain = word.strip().casefold()
        for severity in self.severities:
            if plain in {name.casefold() for name in (severity.code, *severity.aliases)}:
                return severity.code
        by_name = [one.code for one in self.severities if one.name.casefold() == plain]
        return by_name[0] if len(by_name) == 1 else word

    def shown(self, code: str) -> str:
        """Return a level as the plan wants it shown: `P1 High`, `P1 - High`, `High`."""
        name = self.severity(code).name
        if name == code:
            return code
        return self.display.replace("{code}", code).replace("{name}", name)

    def recipients(self) -> frozenset[str]:
        """Every recipient id that a step, a task, a role or the last resort names."""
        stepped = {to for steps in self.steps.values() for step in steps for to in step.to}
        roles = {to for role in self.roles.values() for to in role.recipients()}
        roles |= self.people.recipients(self.roles)
        roles |= self.communication.recipients() - self.roles.keys()
        tasked = {to for task in self.tasks for to in task.to}
        return frozenset(stepped | roles | tasked | set(self.exhausted.page))
