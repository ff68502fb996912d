"""When a plan must be looked at again."""

import re
from datetime import date

from whenever import Date

from tocsin.core.plan.catalogue.model import Head

_INTERVAL = re.compile(r"(?:(\d{1,3}) )?(week|month|quarter|year)s?")
_MONTHS = {"month": 1, "quarter": 3, "year": 12}


def parse_interval(text: str) -> tuple[int, int] | None:
    """Read `1 year`, `6 months`, `quarter`, `2 weeks` as (months, weeks); None if it is neither."""
    match = _INTERVAL.fullmatch(" ".join(text.lower().split()))
    if match is None or match[1] == "0":
        return None
    count = int(match[1] or 1)
    return (0, count) if match[2] == "week" else (count * _MONTHS[match[2]], 0)


def review_due(head: Head) -> date | None:
    """The day by which the plan must be reviewed again; None if it does not say."""
    interval = parse_interval(head.review_every)
    if head.reviewed is None or interval is None:
        return None
    months, weeks = interval
    return Date(head.reviewed).add(months=months, weeks=weeks).to_stdlib()
