"""The one place that reads the clock on the wall; everybody else is told the time."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)
