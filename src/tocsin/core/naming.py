"""Names by a plan's patterns: `INC-{YYYY}-{n:03}`, `#incident-{YYYY}-{MM}-{DD}-{n:03}`.

What stands before `{n}` scopes the counter: with the year in it, counting starts anew each year.
"""

import re
from datetime import datetime
from zoneinfo import ZoneInfo

FIELD = re.compile(r"\{(YYYY|MM|DD|QX|n(?::0(\d))?)\}")


def scope(pattern: str, at: datetime, time_zone: str) -> str:
    """Return the name of the counter that numbers `pattern` at `at`, on that zone's calendar."""
    return FIELD.sub(lambda m: _field(m, at, time_zone, None), pattern)


def name(pattern: str, number: int, at: datetime, time_zone: str) -> str:
    """Fill in the pattern for the `number`-th of its scope."""
    return FIELD.sub(lambda m: _field(m, at, time_zone, number), pattern)


def _field(match: re.Match[str], at: datetime, time_zone: str, number: int | None) -> str:
    local = at.astimezone(ZoneInfo(time_zone))
    field = match.group(1)
    if field == "YYYY":
        return f"{local.year:04}"
    if field == "MM":
        return f"{local.month:02}"
    if field == "DD":
        return f"{local.day:02}"
    if field == "QX":
        return f"Q{(local.month - 1) // 3 + 1}"
    if number is None:
        return "#"
    return f"{number:0{match.group(2) or 1}}"
