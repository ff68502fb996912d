"""What is known of an incident: its facts in words, who said them, and what can be stated."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.core.incident.event import BY_PLAN
from tocsin.core.incident.state import Incident
from tocsin.core.plan.doubt import IN_DOUBT
from tocsin.core.plan.model import FactRule, FactValue, Plan
from tocsin.web.facts import choices


@dataclass(frozen=True)
class ShownFact:
    """A fact in words. `value` is "" while it is not known; `before` the value before this one.

    `answers` are the values that it can take, empty if they can't be listed; `line` is 0 for a fact
    that the plan does not define.
    """

    name: str
    kind: str
    about: str
    answers: tuple[str, ...]
    line: int
    value: str = ""
    before: str = ""
    by: str = ""
    at: datetime | None = None
    in_doubt: bool = False

    @property
    def is_counted(self) -> bool:
        """Whether nobody said it: it follows from what was said."""
        return self.by == BY_PLAN

    @property
    def is_known(self) -> bool:
        """Whether somebody has said something of it."""
        return self.at is not None

    @property
    def words(self) -> str:
        """The name as people read it."""
        return self.name.replace("_", " ").replace(".", ": ")


def facts(plan: Plan, incident: Incident) -> list[ShownFact]:
    """Return the facts, latest first, then those of the plan of which nothing is known."""
    known = [_known(plan, incident, name) for name in {**incident.facts, **incident.doubts}]
    rest = [
        _shown(rule)
        for rule in plan.facts.values()
        if rule.name not in incident.facts and rule.name not in incident.doubts
    ]
    return sorted(known, key=lambda one: one.at or incident.opened_at, reverse=True) + rest


def in_words(value: FactValue | None) -> str:
    """Return a value as people read it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,g}".replace(",", " ") if isinstance(value, float) else str(value)


def _known(plan: Plan, incident: Incident, name: str) -> ShownFact:
    doubt = incident.doubts.get(name)
    fact = doubt or incident.facts[name]
    rule = plan.facts.get(name)
    value = fact.value if fact.value != IN_DOUBT else ""
    return ShownFact(
        name=name,
        kind=rule.kind if rule else "text",
        about=rule.about if rule else "",
        answers=choices(rule) if rule else (),
        line=rule.line if rule else 0,
        value=in_words(value),
        before=in_words(fact.before),
        by=fact.by,
        at=fact.at,
        in_doubt=doubt is not None,
    )


def _shown(rule: FactRule) -> ShownFact:
    return ShownFact(rule.name, rule.kind, rule.about, choices(rule), rule.line)
