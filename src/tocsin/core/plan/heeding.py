"""Whether a plan takes notice of single alerts, or only of what they mean."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

ALERT = "alert"
"""The moment at which the last alert came."""

FIRING = "alerts_firing"
"""What conditions call the number of alerts that fire."""


def heeds_alerts(plan: msgspec.Struct) -> bool:
    """Whether one more alert, which changes nothing else, may make the plan demand something.

    Says yes rather once too often: a plan with a recipient called `alert` only costs time.
    """
    return any(
        value == ALERT or FIRING in value if isinstance(value, str) else value.restarts_on_alert
        for value in _told(plan)
    )


def _told(value: Any) -> Iterator[Any]:
    """Yield all texts in a value, and the watches."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from _told(one)
    elif isinstance(value, Mapping):
        for one in value.values():
            yield from _told(one)
    elif isinstance(value, msgspec.Struct):
        if hasattr(value, "restarts_on_alert"):
            yield value
        for name in value.__struct_fields__:
            yield from _told(getattr(value, name))
