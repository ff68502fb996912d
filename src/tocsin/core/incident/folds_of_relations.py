"""What files, pins and other incidents make of an incident."""

from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from tocsin.core.incident import events as e
from tocsin.core.incident.state import Attached, Incident, Related


def moments(event: e.Event) -> tuple[str, ...]:
    """Name what happened as clauses of a plan do; empty for all other events."""
    match event:
        case e.MergedInto():
            return ("closed",)
        case e.AlertsCameOver():
            return ("alert",)
    return ()


def _file_attached(incident: Incident, event: e.FileAttached) -> Incident:
    attached = Attached(
        id=event.attachment, name=event.name, media_type=event.media_type, size=event.size,
        hash=event.sha256, by=event.by, at=event.at,
    )  # fmt: skip
    return replace(incident, attachments=(*incident.attachments, attached))


def _pinned(incident: Incident, event: e.MomentPinned) -> Incident:
    return replace(incident, pinned=tuple(dict.fromkeys((*incident.pinned, event.entry))))


def _unpinned(incident: Incident, event: e.MomentUnpinned) -> Incident:
    return replace(incident, pinned=tuple(n for n in incident.pinned if n != event.entry))


def _linked(incident: Incident, event: e.IncidentLinked) -> Incident:
    others = tuple(one for one in incident.links if one.code != event.code)
    return replace(incident, links=(*others, Related(event.code, event.relation)))


def _alerts_left(incident: Incident, event: e.AlertsLeft) -> Incident:
    return replace(
        incident,
        alerts_total=max(0, incident.alerts_total - event.count),
        alerts_firing=max(0, incident.alerts_firing - event.firing),
    )


def _alerts_came_over(incident: Incident, event: e.AlertsCameOver) -> Incident:
    return replace(
        incident,
        alerts_total=incident.alerts_total + event.count,
        alerts_firing=incident.alerts_firing + event.firing,
    )


def merged(incident: Incident, event: e.MergedInto) -> Incident:
    """Whatever it was, it is over here: it goes on in the other incident. Its state is not set."""
    return replace(
        incident,
        generation=incident.generation + 1,
        resolved_at=incident.resolved_at or event.at,
        closed_at=event.at,
        merged_into=event.into,
        merged_number=event.into_number,
        asked=(),
        watches={},
    )


def _unchanged(incident: Incident, _event: e.Event) -> Incident:
    return incident


def _absorbed(incident: Incident, event: e.Absorbed) -> Incident:
    return replace(incident, absorbed=tuple(dict.fromkeys((*incident.absorbed, event.code))))


FOLDS: dict[type[e.Event], Callable[[Incident, Any], Incident]] = {
    e.FileAttached: _file_attached,
    e.MomentPinned: _pinned,
    e.MomentUnpinned: _unpinned,
    e.IncidentLinked: _linked,
    e.AlertsLeft: _alerts_left,
    e.AlertsCameOver: _alerts_came_over,
    e.Absorbed: _absorbed,
    e.CarriedOver: _unchanged,
    e.HappenedApart: _unchanged,
}
