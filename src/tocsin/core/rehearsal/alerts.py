"""Which alerts fire in a rehearsal, and which incident has each."""

from collections.abc import Mapping

from tocsin.core.incident import commands as c
from tocsin.core.plan.model import Plan
from tocsin.core.routing import Route

VIA = "alert"


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
