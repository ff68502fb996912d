"""What one incident adds to the metrics: its share. All figures are sums of shares.

Definitions are those of docs/metrics.md; `MEASURES` and `REASONS` say them where figures stand.
"""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import NamedTuple

import msgspec
from whenever import Instant

from tocsin.core.incident.affected import affected
from tocsin.core.incident.measures import Measure, measure, stated_instant
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan

STARTED = "started_at"
"""The fact that holds the true start, unless a metric of the plan counts from another one."""

REPEAT_WITHIN = timedelta(days=30)
"""An incident repeats one of the same group that opened no longer than this before it."""

OF_THE_PLAN = "plan "
"""What stands before the id of a metric that the plan defines."""

OF_CLOCKS = "clock "
"""What stands before the name of one of the plan's clocks."""

LARGEST = 1e15
"""No figure is larger than this: whatever is has been mistyped, and a mean of it says nothing."""

A_MILLISECOND = timedelta(milliseconds=1)


class Defined(NamedTuple):
    """A measure: its id, what people call it, how that is abbreviated, and what it means."""

    id: str
    name: str
    short: str
    means: str


MEASURES = (
    Defined(
        "detect",
        "Time to detect",
        "MTTD",
        "from the true start that somebody stated to the opening of the incident",
    ),
    Defined(
        "acknowledge",
        "Time to acknowledge",
        "MTTA",
        "from the opening to the first acknowledgement, even if it was given back later",
    ),
    Defined(
        "resolve",
        "Time to resolve",
        "MTTR",
        "from the opening to the final resolve; an incident that was reopened ends with its last",
    ),
)
"""What is measured whatever a plan says."""

REPEATS_MEAN = (
    "incidents whose group of alerts had another one that counts within the 30 days before"
)
COUNT_MEANS = "incidents by the day on which they opened, by their last severity"

LEFT_OUT = {
    "exercise": "exercises",
    "false alarm": "false alarms",
    "merged": "merged into another incident, which counts",
}
"""Why an incident counts in no figure -> what such incidents are called."""

_ONE = {"exercises": "exercise", "false alarms": "false alarm"}

CLOCKS_MEAN = (
    "of the clocks that have ended, each as it ended last: an incident that was acknowledged, then"
    " reopened and left alone has missed, though its time to acknowledge is that of the first"
)

REASONS = {
    "not yet": "not yet",
    "never acknowledged": "over before anybody acknowledged",
    "start not stated": "true start not stated",
    "start is not a time": "true start is not a time with a zone",
    "start after opening": "true start is after the opening",
    "restricted": "restricted to its readers",
    "not known": "not known",
}
"""Why one measure has no figure of an incident -> the words for it."""


class Share(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one incident adds on its day. Of one that is `left_out`, only that.

    `took` maps measures to milliseconds (thousandths, for a number), `unknown` those that have none
    to a key of REASONS. `kept` says of clocks and of the plan's metrics whether they were met.
    """

    day: date
    severity: str
    components: tuple[str, ...] = ()
    left_out: str = ""
    repeats: bool = False
    took: Mapping[str, int] = {}
    unknown: Mapping[str, str] = {}
    kept: Mapping[str, bool] = {}


def share_of(
    plan: Plan, incident: Incident, opened_at: datetime, opened_before: datetime | None
) -> Share:
    """Return what an incident adds, by its own plan.

    `opened_before` is when the incident before it in its group opened that is not left out, None
    if there is none.
    """
    day = day_of(opened_at, plan.time_zone)
    if why := _left_out(incident):
        return Share(day=day, severity=incident.severity, left_out=why)
    took: dict[str, int] = {}
    unknown: dict[str, str] = {}
    for name, found in (
        ("detect", _detected(plan, incident)),
        ("acknowledge", _acknowledged(incident)),
        ("resolve", _resolved(incident)),
    ):
        if isinstance(found, str):
            unknown[name] = found
        else:
            took[name] = found // A_MILLISECOND
    kept: dict[str, bool] = {}
    # Of a restricted incident lists show when it opened, was acknowledged and resolved: no more.
    if incident.restricted is None:
        kept = {
            OF_CLOCKS + clock.name: clock.state == "met"
            for clock in incident.clocks
            if clock.state in ("met", "missed") and clock.name in plan.clocks
        }
        _add_planned(measure(plan, incident), plan, (took, unknown, kept))
    return Share(
        day=day,
        severity=incident.severity,
        components=_components(plan, incident),
        repeats=_repeats(opened_at, opened_before),
        took=took,
        unknown=unknown,
        kept=kept,
    )


def day_of(at: datetime, time_zone: str) -> date:
    """Return the date of an instant on the clocks of a zone."""
    return Instant(at).to_tz(time_zone).date().to_stdlib()


def counted_as(count: int, why: str) -> str:
    """Say how many incidents have no figure and why, in the words of LEFT_OUT or REASONS."""
    return f"{count:,} {_ONE.get(why, why) if count == 1 else why}"


def _repeats(opened_at: datetime, opened_before: datetime | None) -> bool:
    # What is brought back from an emergency has a later number than what opened after it.
    if opened_before is None or opened_before > opened_at:
        return False
    return opened_at - opened_before <= REPEAT_WITHIN


def _left_out(incident: Incident) -> str:
    if incident.exercise:
        return "exercise"
    if incident.merged_into:
        return "merged"
    return "false alarm" if incident.false_alarm else ""


def _detected(plan: Plan, incident: Incident) -> timedelta | str:
    if incident.restricted is not None:
        return "restricted"
    named = [one.stated for one in plan.afterwards.metrics if one.stated]
    fact = named[0] if named else STARTED
    if fact not in incident.facts:
        return "start not stated"
    began = stated_instant(incident, fact)
    if began is None:
        return "start is not a time"
    return incident.opened_at - began if began <= incident.opened_at else "start after opening"


def _acknowledged(incident: Incident) -> timedelta | str:
    # Of what a node of an older version has written last, only the latest one is known.
    at = incident.first_acknowledged_at or incident.moments.get("acknowledged")
    if at is not None:
        return max(at - incident.opened_at, timedelta(0))
    return "not yet" if incident.state == "open" else "never acknowledged"


def _resolved(incident: Incident) -> timedelta | str:
    at = incident.resolved_at
    return max(at - incident.opened_at, timedelta(0)) if at is not None else "not yet"


def _add_planned(
    found: tuple[Measure, ...],
    plan: Plan,
    into: tuple[dict[str, int], dict[str, str], dict[str, bool]],
) -> None:
    """Add what the plan itself measures; what is below zero or beyond all numbers is no figure."""
    took, unknown, kept = into
    asked = {one.id for one in plan.afterwards.metrics}
    for one in found:
        if one.metric not in asked:
            continue
        name = OF_THE_PLAN + one.metric
        if one.value is None or not 0 <= one.value <= LARGEST:
            unknown[name] = "not known"
            continue
        took[name] = round(one.value * 1000)
        if one.verdict != "n/a":
            kept[name] = one.verdict == "met"


def _components(plan: Plan, incident: Incident) -> tuple[str, ...]:
    """Return the components that somebody has said were hit, not those that may have been."""
    if incident.restricted is not None:
        return ()
    hit = (one.component for one in affected(plan, incident) if one.state != "may be affected")
    return tuple(sorted(hit))
