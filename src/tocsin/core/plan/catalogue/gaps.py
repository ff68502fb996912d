"""Values of a metric for which an alert comes in but no severity is said, and holes between."""

from math import inf

import msgspec

from tocsin.core.plan.catalogue.intervals import (
    Interval,
    above,
    below,
    holes,
    in_words,
    intervals,
    without,
)
from tocsin.core.plan.catalogue.model import Threshold
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path


class Clause(msgspec.Struct, frozen=True):
    """A clause that is about values of a metric."""

    values: Interval
    line: int
    path: Path


def metrics_have_no_gaps(plan: Plan, scope: Scope) -> None:
    """Report values that raise an alert but no severity, and holes between severities."""
    criteria = _criteria(plan, scope)
    for threshold in plan.catalogue.thresholds.values():
        values = alerting_values(threshold)
        clauses = criteria.get(threshold.metric, [])
        if values is None or not clauses or _decides(plan, threshold):
            continue
        for gap in without([values], [clause.values for clause in clauses]):
            nearest = min(clauses, key=lambda clause: _distance(clause.values, gap))
            scope.warn(
                ("thresholds", threshold.id), "plan.metric-gap",
                f"`{threshold.metric}` {in_words(gap)} raises the alert `{threshold.id}`, but no "
                f"severity is said for it (the nearest criterion is on line {nearest.line})",
                "Add a criterion that covers it, or give the threshold a tier with a severity.",
            )  # fmt: skip
    for name, clauses in criteria.items():
        for hole in holes(clause.values for clause in clauses):
            after = next(c for c in sorted(clauses, key=_order) if c.values.low > hole.high)
            before = [c for c in clauses if c.values.high < hole.low]
            scope.warn(
                after.path, "plan.metric-gap",
                f"no severity is said for `{name}` {in_words(hole)}, between this clause and the "
                f"one on line {max(before, key=_order).line}",
                "Let the clauses meet, or add one between them.",
            )  # fmt: skip


def alerting_values(threshold: Threshold) -> Interval | None:
    """The values of its metric at which a threshold fires; None if these cannot be compared.

    Percentiles, counts and factors of a baseline measure something else than the plain metric.
    """
    if threshold.of not in ("ratio", "availability", "average") or threshold.baseline is not None:
        return None
    if threshold.above is not None:
        return above(threshold.above)
    return below(threshold.below) if threshold.below is not None else None


def _criteria(plan: Plan, scope: Scope) -> dict[str, list[Clause]]:
    found: dict[str, list[Clause]] = {}
    for severity in plan.severities:
        for criterion in (*severity.criteria, *severity.not_an_incident):
            for name, ranges in intervals(criterion.text).items():
                path = _path_of(scope, severity.code, criterion.line)
                found.setdefault(name, []).extend(
                    Clause(values, criterion.line, path) for values in ranges
                )
    return found


def _path_of(scope: Scope, code: str, line: int) -> Path:
    file = scope.file.severities[code]
    for key, texts in (("when", file.when), ("not_an_incident", file.not_an_incident)):
        for number in range(len(texts)):
            path: Path = ("severities", code, key, number)
            if scope.line(path) == line:
                return path
    return ("severities", code)


def _decides(plan: Plan, threshold: Threshold) -> bool:
    """Whether the alert itself says how bad it is, outright or by the facts that it states."""
    tier = plan.catalogue.detection.tiers.get(threshold.tier)
    criteria = [criterion for severity in plan.severities for criterion in severity.criteria]
    return bool(tier and tier.severity) or any(
        holds(criterion.text, threshold.states) for criterion in criteria
    )


def _distance(one: Interval, other: Interval) -> float:
    return max(one.low - other.high, other.low - one.high, -inf)


def _order(clause: Clause) -> tuple[float, float]:
    return clause.values.low, clause.values.high
