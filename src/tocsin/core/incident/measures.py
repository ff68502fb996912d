"""Figures of incidents: how long things took, against what the plan promises.

A figure without a target has no verdict, and one whose moments never came is unknown, not zero.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from math import isfinite
from statistics import median
from typing import Literal

import msgspec

from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Fact, Incident
from tocsin.core.plan.afterwards.compile import PLANNED, TOOK
from tocsin.core.plan.afterwards.model import Metric
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan

Verdict = Literal["met", "missed", "n/a"]


class Measure(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of one incident: seconds for a span of time, else the number.

    `value` is None where it is not known, with the reason in `why`.
    """

    metric: str
    name: str
    value: float | None
    target: float | None
    verdict: Verdict
    why: str
    line: int


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """One figure over many incidents: `count` were measured, `unknown` could not be.

    `attained` is the share of the measured ones that met the target; None without a target.
    """

    metric: str
    name: str
    count: int
    unknown: int
    mean: float | None
    median: float | None
    target: float | None
    attained: float | None
    verdict: Verdict
    line: int


def measure(plan: Plan, incident: Incident) -> tuple[Measure, ...]:
    """Return the figures of one incident that the plan asks for, in its order.

    Those of disasters (data lost, time to recover) and of the post-mortem's length come after.
    """
    own = [
        _measured(metric, incident)
        for metric in plan.afterwards.metrics
        if not metric.uptime and counts(metric, incident)
    ]
    return tuple(own + _recoveries(plan, incident) + _meeting(plan, incident))


def summary(plan: Plan, metric: Metric, incidents: Iterable[Incident]) -> Summary:
    """Return one figure over many incidents; exercises are left out, the unknown are counted."""
    measured = [
        _measured(metric, incident)
        for incident in incidents
        if not incident.exercise and counts(metric, incident)
    ]
    known = [one.value for one in measured if one.value is not None]
    judged = [one for one in measured if one.verdict != "n/a"]
    met = sum(one.verdict == "met" for one in judged)
    attained = met / len(judged) if judged else None
    mean = sum(known) / len(known) if known else None
    verdict: Verdict = "n/a"
    if metric.goal is not None and attained is not None:
        verdict = "met" if attained >= metric.goal else "missed"
    elif metric.goal is None and mean is not None:
        verdict = _verdict(metric, mean)
    return Summary(
        metric=metric.id, name=metric.name, count=len(known), unknown=len(measured) - len(known),
        mean=mean, median=median(known) if known else None, target=_target(metric),
        attained=attained, verdict=verdict, line=metric.line,
    )  # fmt: skip


def uptime(
    metric: Metric, incidents: Iterable[Incident], start: datetime, end: datetime
) -> tuple[float, timedelta, Verdict]:
    """The share of a period outside the metric's spans, the downtime, and the verdict.

    Overlapping spans count once; one that has not ended goes on to `end`.
    """
    spans = []
    for incident in incidents:
        since = None if incident.exercise else _begun(metric, incident)
        if since is None or not counts(metric, incident):
            continue
        until = incident.moments.get(metric.ends, end)
        if since < end and until > start:
            spans.append((max(since, start), min(until, end)))
    down = _union(sorted(spans))
    share = 1 - down / (end - start) if end > start else 1.0
    if metric.target is None:
        return share, down, "n/a"
    return share, down, "met" if share >= metric.target else "missed"


def error_budget(metric: Metric, down: timedelta, start: datetime, end: datetime) -> timedelta:
    """What is left of the downtime that the target of a share allows; negative if overdrawn."""
    return (end - start) * (1 - (metric.target if metric.target is not None else 1.0)) - down


def counts(metric: Metric, incident: Incident) -> bool:
    """Whether the plan counts this incident in this figure; a merged one counts as the other."""
    if incident.merged_into:
        return False
    if metric.severities and incident.severity not in metric.severities:
        return False
    seen = situation(incident)
    if metric.only_when and not holds(metric.only_when, seen):
        return False
    return not any(holds(condition, seen) for condition in metric.exclude if condition)


def _measured(metric: Metric, incident: Incident) -> Measure:
    value, why = _value(metric, incident)
    return Measure(
        metric=metric.id, name=metric.name, value=value, target=_target(metric),
        verdict="n/a" if value is None else _verdict(metric, value), why=why, line=metric.line,
    )  # fmt: skip


def _value(metric: Metric, incident: Incident) -> tuple[float | None, str]:
    if metric.fact:
        fact = incident.facts.get(metric.fact)
        number = None if fact is None or isinstance(fact.value, bool) else _number(fact)
        if fact is None or number is None:
            return None, f"{metric.fact} is not known"
        return number, f"{metric.fact}, said {fact.by}"
    begun, ended = _begun(metric, incident), incident.moments.get(metric.ends)
    start = metric.starts or f"the stated {metric.stated}"
    if begun is None or ended is None:
        return None, f"{start if begun is None else metric.ends} has not come"
    if ended < begun:
        return None, f"{metric.ends} came before {start}"
    return (ended - begun).total_seconds(), f"from {start} to {metric.ends}"


def _number(fact: Fact | None) -> float | None:
    """The number that a fact holds; None if it holds none, or one beyond all measure."""
    if fact is None or isinstance(fact.value, str):
        return None
    try:
        number = float(fact.value)
    except OverflowError:
        return None
    return number if isfinite(number) else None


def _begun(metric: Metric, incident: Incident) -> datetime | None:
    """The start: a moment, or the instant that people have stated."""
    if not metric.stated:
        return incident.moments.get(metric.starts)
    return stated_instant(incident, metric.stated)


def stated_instant(incident: Incident, name: str) -> datetime | None:
    """Return the instant that a fact holds, in RFC 3339 with an offset; None if it is another."""
    fact = incident.facts.get(name)
    try:
        at = datetime.fromisoformat(str(fact.value)) if fact is not None else None
    except ValueError:
        return None
    return at if at is not None and at.tzinfo is not None else None


def _verdict(metric: Metric, value: float) -> Verdict:
    target = _target(metric)
    if target is None:
        return "n/a"
    return "met" if value <= target else "missed"


def _target(metric: Metric) -> float | None:
    return metric.target if metric.limit is None else metric.limit.total_seconds()


def _union(spans: Sequence[tuple[datetime, datetime]]) -> timedelta:
    total, reached = timedelta(), None
    for since, until in spans:
        begin = since if reached is None else max(since, reached)
        if until > begin:
            total += until - begin
            reached = until
    return total


def _recoveries(plan: Plan, incident: Incident) -> list[Measure]:
    """Data lost and time to recover, of the disasters that this incident was."""
    found = []
    for recovery in plan.consequences.recoveries:
        restored = f"recovery/{recovery.id}/restored"
        if restored not in incident.tasks:
            continue
        allowed = recovery.rpo.total_seconds() / 60 if recovery.rpo is not None else None
        fact = incident.facts.get(recovery.lost_data) if recovery.lost_data else None
        lost = _number(fact)
        found.append(
            _against(f"{recovery.id} rpo", "minutes of data lost", lost, allowed, recovery.line)
        )  # fmt: skip
        clock = next((clock for clock in incident.clocks if clock.name == restored), None)
        begun = clock.started_at if clock is not None else incident.moments.get(f"armed {restored}")
        ended = incident.moments.get(f"done {restored}")
        took = (ended - begun).total_seconds() if begun is not None and ended is not None else None
        limit = (clock.due - clock.started_at).total_seconds() if clock is not None else None
        found.append(
            _against(f"{recovery.id} rto", "seconds to recover", took, limit, recovery.line)
        )
    return found


def _meeting(plan: Plan, incident: Incident) -> list[Measure]:
    rule = plan.afterwards.postmortem
    fact = incident.facts.get(TOOK) or incident.facts.get(PLANNED)
    if rule is None or not rule.longest_minutes or (minutes := _number(fact)) is None:
        return []
    name = "minutes of the post-mortem"
    return [_against("postmortem", name, minutes, rule.longest_minutes, rule.line)]


def _against(
    metric: str, name: str, value: float | None, target: float | None, line: int
) -> Measure:
    verdict: Verdict = "n/a"
    if value is not None and target is not None:
        verdict = "met" if value <= target else "missed"
    why = "as stated" if value is not None else "not known"
    return Measure(
        metric=metric, name=name, value=value, target=target, verdict=verdict, why=why, line=line
    )
