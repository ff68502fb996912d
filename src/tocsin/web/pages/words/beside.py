"""What happened beside the response, in the words of a timeline: files, pins, other incidents."""

from collections.abc import Callable
from typing import Any

from tocsin.core.incident import events as e
from tocsin.web.pages.words.people import Name, Told

RELATIONS = {
    "relates": "is related to",
    "caused_by": "was caused by",
    "duplicates": "is a duplicate of",
    "caused": "caused",
    "duplicated_by": "has the duplicate",
}
"""What one incident is to another, between the codes of both."""


def size(count: int) -> str:
    """Say how large a file is: `812 bytes`, `14 kB`, `2.3 MB`."""
    if count < 1000:
        return f"{count} bytes"
    if count < 1_000_000:
        return f"{count / 1000:.0f} kB"
    return f"{count / 1_000_000:.1f} MB"


def _attached(event: e.FileAttached, _name: Name) -> Told:
    return f"attached {event.name} ({size(event.size)})", "say"


def _pinned(event: e.MomentPinned, _name: Name) -> Told:
    return f"pinned entry {event.entry}", "say"


def _unpinned(event: e.MomentUnpinned, _name: Name) -> Told:
    return f"unpinned entry {event.entry}", "plain"


def _linked(event: e.IncidentLinked, _name: Name) -> Told:
    return f"noted that this {RELATIONS.get(event.relation, 'relates to')} {event.code}", "say"


def _left(event: e.AlertsLeft, _name: Name) -> Told:
    return f"moved {_alerts(event)} to {event.to}", "plain"


def _came(event: e.AlertsCameOver, _name: Name) -> Told:
    return f"moved {_alerts(event)} here from {event.of}", "plain"


def _alerts(event: e.AlertsLeft | e.AlertsCameOver) -> str:
    rest = event.count - len(event.names)
    named = ", ".join(event.names) + (f" and {rest} more" if rest > 0 else "")
    return f"{event.count} alert{'' if event.count == 1 else 's'} ({named})"


def _merged(event: e.MergedInto, _name: Name) -> Told:
    return f"merged this into {event.into}, where it goes on", "good"


def _absorbed(event: e.Absorbed, _name: Name) -> Told:
    stated = f"; stated there: {', '.join(event.facts)}" if event.facts else ""
    return f"merged {event.code} ({event.severity}: {event.title}) into this{stated}", "bad"


def _carried(event: e.CarriedOver, _name: Name) -> Told:
    lines = f"{event.entries} line{'' if event.entries == 1 else 's'}"
    meanwhile = ", while others went on here" if event.apart else ""
    since = f"{event.since:%H:%M} UTC"
    return f"brought back {lines} from {event.node}, without its store since {since}{meanwhile}", (
        "plain"
    )


TOLD: dict[type[e.Event], Callable[[Any, Any], Told]] = {
    e.FileAttached: _attached,
    e.MomentPinned: _pinned,
    e.MomentUnpinned: _unpinned,
    e.IncidentLinked: _linked,
    e.AlertsLeft: _left,
    e.AlertsCameOver: _came,
    e.MergedInto: _merged,
    e.Absorbed: _absorbed,
    e.CarriedOver: _carried,
}
