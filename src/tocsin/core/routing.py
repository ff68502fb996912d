"""What an alert means under a plan: which incident it belongs to, how bad it is, and why."""

from collections.abc import Callable, Mapping

import msgspec

from tocsin.core.patterns import Pattern
from tocsin.core.plan.classify import propose
from tocsin.core.plan.model import AlertRule, FactValue, Plan
from tocsin.core.quiet import components_named

MEMORY = 10_000
"""How many different label combinations are remembered before they are forgotten."""


class Route(msgspec.Struct, frozen=True, kw_only=True):
    """Where an alert goes: `group` names the incident that collects it, `title` what it is called.

    `severity` is what the alert alone would be; `line` the plan line that says so. `components`
    are those that the alert names.
    """

    group: str
    title: str
    severity: str
    why: str
    line: int
    facts: Mapping[str, FactValue]
    incident_kind: str
    components: tuple[str, ...] = ()


class Router:
    """A plan's alert rules, made ready. Routing depends on few labels: answers are remembered."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._rules = [(_matcher(rule), *_meaning(plan, rule)) for rule in plan.alerts.rules]
        named = [*plan.alerts.group_by, *(label for r in plan.alerts.rules for label in r.match)]
        self._labels = tuple(dict.fromkeys(named))
        self._known: dict[tuple[str, ...], Route] = {}

    def route(self, labels: Mapping[str, str]) -> Route:
        """Return where an alert with these labels goes; total: every alert goes somewhere."""
        get = labels.get
        key = tuple([get(label, "") for label in self._labels])
        known = self._known.get(key)
        if known is not None:
            return known
        if len(self._known) >= MEMORY:
            self._known.clear()
        found = self._route(labels)
        self._known[key] = found
        return found

    def _route(self, labels: Mapping[str, str]) -> Route:
        group_by = self._plan.alerts.group_by
        present = [(label, labels[label]) for label in group_by if labels.get(label)]
        group = ",".join(f"{label}={value}" for label, value in present) or "all alerts"
        title = " ".join(value for _, value in present) or "Alerts"
        for matches, rule, severity, why in self._rules:
            if matches(labels):
                return Route(
                    group=group,
                    title=title,
                    severity=severity,
                    why=why,
                    line=rule.line,
                    facts=rule.facts,
                    incident_kind=rule.kind,
                    components=components_named(self._plan, rule),
                )
        return Route(
            group=group,
            title=title,
            severity=self._plan.alerts.otherwise,
            why="no alert rule of the plan matches",
            line=self._plan.alerts.line,
            facts={},
            incident_kind="",
        )


def _meaning(plan: Plan, rule: AlertRule) -> tuple[AlertRule, str, str]:
    wanted = ", ".join(f"{label} {' or '.join(values)}" for label, values in rule.match.items())
    if rule.severity:
        return rule, rule.severity, f"alert rule: {wanted}"
    proposal = propose(plan, rule.facts)
    if proposal.severity is None:
        return rule, plan.alerts.otherwise, f"alert rule: {wanted}; no criterion holds"
    reasons = " and ".join(criterion.text for criterion in proposal.because)
    return rule, proposal.severity.code, f"alert rule: {wanted}; criterion: {reasons}"


def _matcher(rule: AlertRule) -> Callable[[Mapping[str, str]], bool]:
    tests = [(label, _value_test(values)) for label, values in rule.match.items()]

    def matches(labels: Mapping[str, str]) -> bool:
        return all(test(labels.get(label, "")) for label, test in tests)

    return matches


def _value_test(values: tuple[str, ...]) -> Callable[[str], bool]:
    exact = frozenset(value for value in values if not value.startswith("~"))
    patterns = [Pattern(value[1:]) for value in values if value.startswith("~")]

    def fits(value: str) -> bool:
        return value in exact or any(pattern.matches(value) for pattern in patterns)

    return fits
