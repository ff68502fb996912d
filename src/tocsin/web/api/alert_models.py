"""What the API says of alerts."""

from collections.abc import Mapping
from datetime import datetime

from pydantic import BaseModel


class QuietSpell(BaseModel):
    """That planned maintenance kept an alert quiet; `until` null: it still does, or did to its end.

    `maintenance` is its number in `GET /api/v1/maintenances`, which says who planned it.
    """

    maintenance: int
    since: datetime
    until: datetime | None


class AlertDocument(BaseModel):
    """One episode of an alert. `incident_number` is the number of the incident it belongs to.

    `disposition` is what became of it when it came: `opened` or `joined` an incident,
    `over-before-seen`, `in maintenance 3`.
    """

    id: int
    integration: str
    fingerprint: str
    firing: bool
    starts_at: datetime
    ends_at: datetime | None
    disposition: str
    incident_number: int | None
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    link: str
    received_at: datetime
    quiet: QuietSpell | None = None


class AlertList(BaseModel):
    """A page of alerts, oldest first."""

    alerts: list[AlertDocument]
    next: str | None
