"""The JSON of Alertmanager as it should be: webhook version 4 and the body of POST /api/v2/alerts.

Field names are Alertmanager's own (notify/webhook and api/v2/openapi.yaml of version 0.25).
"""

from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

Instant = Annotated[datetime, msgspec.Meta(tz=True)]


class PostedAlert(msgspec.Struct, kw_only=True, gc=False, forbid_unknown_fields=True):
    """One element of the array that Prometheus and amtool post to /api/v2/alerts.

    An unknown field is looked at twice: Go reads `EndsAt` as `endsAt`, and scripts rely on it.
    """

    labels: dict[str, str]
    annotations: dict[str, str] | None = None
    starts_at: Instant | None = msgspec.field(default=None, name="startsAt")
    ends_at: Instant | None = msgspec.field(default=None, name="endsAt")
    generator_url: str | None = msgspec.field(default=None, name="generatorURL")

    def is_over(self, ends_at: datetime | None, now: datetime) -> bool:
        """Say whether the alert has ended: the API has no status, only an end that may be past."""
        return ends_at is not None and ends_at <= now


class WebhookAlert(PostedAlert, kw_only=True, gc=False, forbid_unknown_fields=False):
    """One element of `alerts` in a webhook; a firing one carries Go's zero time as its end."""

    status: Literal["firing", "resolved"]

    def is_over(self, ends_at: datetime | None, now: datetime) -> bool:
        """Say whether the alert has ended; the webhook says so itself."""
        return self.status == "resolved"


AnyAlert = PostedAlert | WebhookAlert


class Webhook(msgspec.Struct, gc=False):
    """The body of a webhook; `truncated_alerts` were left out by the sender (its `max_alerts`)."""

    alerts: list[WebhookAlert]
    truncated_alerts: int = msgspec.field(default=0, name="truncatedAlerts")


class LooseWebhook(msgspec.Struct):
    """A webhook's body when something in it is not as it should be: only the array must stand."""

    alerts: list[msgspec.Raw]
    status: msgspec.Raw = msgspec.Raw(b"null")
    truncated_alerts: msgspec.Raw = msgspec.field(
        default=msgspec.Raw(b"null"), name="truncatedAlerts"
    )


def said(value: datetime | None) -> datetime | None:
    """Return the instant in UTC, or None where the sender said nothing.

    Go writes a time that was never set as 0001-01-01T00:00:00Z, in whatever zone it is in.
    """
    if value is None or value.year == 1:
        return None
    if value.tzinfo is UTC:
        return value
    try:
        return value.astimezone(UTC)
    except OverflowError:
        return None
