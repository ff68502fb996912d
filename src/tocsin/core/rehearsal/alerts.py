"""Which alerts fire in a rehearsal, and which incident has each."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from tocsin.core.incident import commands as c
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.routing import Route

VIA = "alert"

STILL_FIRING_AFTER = timedelta(minutes=5)
"""An alert heard again so long after its incident was resolved says that it was not over."""


class Firing:
    """The alerts that fire, by their labels; each belongs to one incident, by its number."""

    def __init__(self) -> None:
        self._incidents: dict[frozenset[tuple[str, str]], int] = {}

    def incident_of(self, labels: Mapping[str, str]) -> int | None:
        """Return the incident that has this very alert, None if it does not fire."""
        return self._incidents.get(frozenset(labels.items()))

    def began(self, labels: Mapping[str, str], number: int) -> None:
        """Note that an alert fires, and whose it is."""
        self._incidents[frozenset(labels.items())] = number

    def ended(self, labels: Mapping[str, str]) -> dict[int, int]:
        """Forget all alerts that have these labels; return how many, by incident."""
        over = [alert for alert in self._incidents if alert >= set(labels.items())]
        counts: dict[int, int] = {}
        for alert in over:
            number = self._incidents.pop(alert)
            counts[number] = counts.get(number, 0) + 1
        return counts


def takes_alerts(plan: Plan, incident: Incident, now: datetime) -> bool:
    """Whether a new alert of its group joins this incident instead of opening another."""
    if incident.state in PAGEABLE:
        return True
    if incident.state != "resolved" or incident.resolved_at is None:
        return False
    return now - incident.resolved_at <= timedelta(seconds=plan.alerts.reopen_within_seconds)


def is_news(incident: Incident, now: datetime) -> bool:
    """Whether it means something that an alert of this incident is heard again while it fires."""
    resolved_at = incident.resolved_at
    if incident.state in PAGEABLE or resolved_at is None:
        return False
    return now - resolved_at >= STILL_FIRING_AFTER


def came(
    plan: Plan, route: Route, labels: Mapping[str, str], by: str, *, joins: bool
) -> c.AlertsCame:
    """Return what one alert says to its incident; one that it has opened knows the facts."""
    known = {severity.code for severity in plan.severities}
    return c.AlertsCame(
        by=by,
        via=VIA,
        why=route.why,
        count=1,
        names=(labels.get("alertname", "alert"),),
        severity=route.severity if route.severity in known else plan.alerts.otherwise,
        line=route.line,
        facts=route.facts if joins else {},
    )
