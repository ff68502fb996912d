"""What all events of a timeline have in common."""

from datetime import datetime

import msgspec

BY_PLAN = "tocsin"
"""Who acted when nobody did: the plan itself."""


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """Base of all events; `at` is an aware UTC instant."""

    at: datetime
    by: str = BY_PLAN
    via: str = ""
    why: str = ""
    line: int = 0
