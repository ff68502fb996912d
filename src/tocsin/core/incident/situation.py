"""What the conditions of a plan see of an incident: its facts, and where it stands."""

from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import FactValue


def situation(incident: Incident) -> dict[str, FactValue]:
    """Return the facts together with the names that `Scope.situation` allows in conditions."""
    return {
        **incident.fact_values(),
        "severity": incident.severity,
        "kind": incident.incident_kind,
        "phase": incident.phase,
        "mode": incident.mode,
        "state": incident.state,
        "status": incident.status,
        "other_incidents": incident.others,
        "alerts_firing": incident.alerts_firing,
        "false_alarm": incident.false_alarm,
        "in_doubt": f" {' '.join(incident.doubts)} ",
    }
