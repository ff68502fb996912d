"""Values out of foreign JSON, whatever stands there: short texts, links, instants."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

TEXT_AT_MOST = 200
LINK_AT_MOST = 2_000
YEARS = range(1970, 2200)
"""What lies beyond is no time of a deployment, and the store counts no further."""


def part(said: Any, *names: str) -> Any:
    """Return what stands under `names` in nested objects, None if nothing does."""
    for name in names:
        if not isinstance(said, Mapping):
            return None
        said = said.get(name)
    return said


def text(said: Any, *names: str) -> str:
    """Return a text or number under `names` on one line and not too long; "" if there is none."""
    value = part(said, *names)
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return " ".join(str(value).split())[:TEXT_AT_MOST]


def link(*candidates: str) -> str:
    """Return the first address that a browser may open; "" if none is."""
    for candidate in candidates:
        if len(candidate) > LINK_AT_MOST or not candidate.isprintable():
            continue
        try:
            parts = urlsplit(candidate)
        except ValueError:
            continue
        if parts.scheme in ("http", "https") and parts.hostname:
            return candidate
    return ""


def address(said: Any, *names: str) -> str:
    """Return the text under `names` as it is, for `link`."""
    value = part(said, *names)
    return value if isinstance(value, str) else ""


def instant(*candidates: Any) -> datetime | None:
    """Return the first of `candidates` that is an instant: ISO 8601 with offset, or Unix seconds.

    GitLab writes `2026-04-28 21:50:00 +0200`, which is read as well.
    """
    for candidate in candidates:
        found = _instant(candidate)
        if found is not None:
            return found
    return None


def _instant(value: Any) -> datetime | None:
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            at = datetime.fromtimestamp(value, UTC)
        elif isinstance(value, str) and value:
            # GitLab: a space before the offset.
            day, _, rest = value.strip().partition(" ")
            at = datetime.fromisoformat(f"{day}T{rest.replace(' ', '')}" if rest else day)
        else:
            return None
        return at.astimezone(UTC) if at.tzinfo is not None and at.year in YEARS else None
    except (ValueError, OverflowError, OSError):
        return None
