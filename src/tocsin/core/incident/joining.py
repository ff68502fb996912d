"""Which incident an alert belongs to, once its group has had one."""

from datetime import datetime, timedelta

from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan

STILL_FIRING_AFTER = timedelta(minutes=5)
"""An alert heard again so long after its incident was resolved says that it was not over."""


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


def leads_on(incident: Incident) -> int:
    """Return the id of the incident that takes the alerts of this one's group instead, 0 if none.

    Where alerts of a group were merged away, later ones follow them; one step leads there, since
    no incident is merged that has absorbed others.
    """
    return incident.merged_number
