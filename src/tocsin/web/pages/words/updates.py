"""What happened about updates, in the words of a timeline."""

from collections.abc import Callable
from typing import Any

from tocsin.core.incident import events as e
from tocsin.web.pages.words.people import Name, Told


def _proposed(event: e.UpdateProposed, _name: Name) -> Told:
    who = " or ".join(event.approval)
    return f"wrote an update for {event.audience} that {who} must approve: {event.text}", "say"


def _published(event: e.UpdatePublished, _name: Name) -> Told:
    status = f" ({event.status})" if event.status else ""
    late = f", {event.late_seconds // 60} minutes late" if event.late_seconds >= 60 else ""
    return f"told {event.audience}{status}{late}: {event.text}", "say"


def _withdrawn(event: e.UpdateWithdrawn, _name: Name) -> Told:
    return f"held back the update for {event.audience}", "bad"


def _refused(event: e.UpdateRefused, _name: Name) -> Told:
    return f"could not tell {event.audience} by itself; somebody has to", "bad"


def _forgotten(event: e.AudienceForgotten, _name: Name) -> Told:
    return f"noted that {event.audience} were never told", "bad"


TOLD: dict[type[e.Event], Callable[[Any, Name], Told]] = {
    e.UpdateProposed: _proposed,
    e.UpdatePublished: _published,
    e.UpdateWithdrawn: _withdrawn,
    e.UpdateRefused: _refused,
    e.AudienceForgotten: _forgotten,
}
