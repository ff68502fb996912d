"""The page as the Statuspage API v2 tells it, so that tools made for that can read it.

Source: https://www.atlassian.com/software/statuspage, "Status API v2".
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from tocsin.core.statuspage.model import (
    Board,
    Component,
    Group,
    Incident,
    PageState,
    Publication,
    Window,
    WindowState,
)

STATES: Mapping[PageState, str] = {
    "operational": "operational",
    "maintenance": "under_maintenance",
    "degraded": "degraded_performance",
    "partial": "partial_outage",
    "major": "major_outage",
}
STATUSES = ("investigating", "identified", "monitoring", "resolved", "postmortem")
WINDOWS: Mapping[WindowState, str] = {
    "scheduled": "scheduled",
    "in_progress": "in_progress",
    "completed": "completed",
    "cancelled": "completed",
}
DESCRIPTIONS = {
    "none": "All Systems Operational",
    "minor": "Minor Service Outage",
    "major": "Partial System Outage",
    "critical": "Major Service Outage",
    "maintenance": "Service Under Maintenance",
}
INCIDENTS_AT_MOST = 50

Document = dict[str, Any]


def documents(board: Board) -> dict[str, Document]:
    """Return every document of the API by its path below `api/v2/`."""
    page = _page(board)
    components = _components(board)
    unresolved = [_incident(board, one) for one in board.open_incidents]
    windows = [_window(board, one) for one in board.windows if one.state != "cancelled"]
    ahead = [one for one in windows if one["status"] == "scheduled"]
    active = [one for one in windows if one["status"] == "in_progress"]
    status = {"indicator": board.indicator, "description": DESCRIPTIONS[board.indicator]}
    everything = [_incident(board, one) for one in board.incidents[:INCIDENTS_AT_MOST]]
    return {
        "summary.json": {
            "page": page,
            "components": components,
            "incidents": unresolved,
            "scheduled_maintenances": [*active, *ahead],
            "status": status,
        },
        "status.json": {"page": page, "status": status},
        "components.json": {"page": page, "components": components},
        "incidents.json": {"page": page, "incidents": everything},
        "incidents/unresolved.json": {"page": page, "incidents": unresolved},
        "scheduled-maintenances.json": {"page": page, "scheduled_maintenances": windows},
        "scheduled-maintenances/active.json": {"page": page, "scheduled_maintenances": active},
        "scheduled-maintenances/upcoming.json": {"page": page, "scheduled_maintenances": ahead},
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


def _page(board: Board) -> Document:
    return {
        "id": "tocsin",
        "name": board.name,
        "url": board.url,
        "time_zone": board.zone,
        "updated_at": _time(board.changed_at),
    }


def _components(board: Board) -> list[Document]:
    listed: list[Document] = []
    for group in board.groups:
        listed.append(_part(board, group, len(listed) + 1))
        for component in group.components:
            listed.append(_part(board, component, len(listed) + 1, group.id))
    for component in board.alone:
        listed.append(_part(board, component, len(listed) + 1))
    return listed


def _part(board: Board, part: Component | Group, position: int, group_id: str = "") -> Document:
    """A component, or a group, which is a component with others inside."""
    is_group = isinstance(part, Group)
    since = max(c.since for c in part.components) if isinstance(part, Group) else part.since
    document: Document = {
        "id": part.id,
        "name": part.name,
        "status": STATES[part.state],
        "created_at": _time(board.since),
        "updated_at": _time(since),
        "position": position,
        "description": None,
        "showcase": not is_group,
        "start_date": f"{board.since:%Y-%m-%d}" if not is_group else None,
        "group_id": group_id or None,
        "page_id": "tocsin",
        "group": is_group,
        "only_show_if_degraded": False,
    }
    if isinstance(part, Group):
        document["components"] = [one.id for one in part.components]
    return document


def _incident(board: Board, incident: Incident) -> Document:
    listed = _components(board)
    touched = [one for one in listed if one["id"] in incident.components]
    monitoring = next((e.at for e in incident.entries if _status(e) == "monitoring"), None)
    return {
        "id": incident.id,
        "name": incident.title,
        "status": _status(incident.entries[0]),
        "created_at": _time(incident.started_at),
        "updated_at": _time(incident.entries[0].at),
        "monitoring_at": _time(monitoring),
        "resolved_at": _time(incident.resolved_at),
        "impact": incident.impact,
        "shortlink": f"{board.url}/incidents/{incident.id}.html",
        "started_at": _time(incident.started_at),
        "page_id": "tocsin",
        "incident_updates": [_entry(board, incident, one) for one in incident.entries],
        "components": touched,
    }


def _entry(board: Board, incident: Incident, entry: Publication) -> Document:
    return _update(
        f"{incident.id}-{entry.number}", incident.id, _status(entry), entry.text, entry.at,
        [{"code": c, "name": board.named(c)} for c in entry.components],
    )  # fmt: skip


def _update(
    name: str, of: str, status: str, text: str, at: datetime, components: Iterable[Document]
) -> Document:
    listed = list(components)
    return {
        "id": name,
        "status": status,
        "body": text,
        "incident_id": of,
        "created_at": _time(at),
        "updated_at": _time(at),
        "display_at": _time(at),
        "affected_components": listed or None,
        "deliver_notifications": True,
        "custom_tweet": None,
        "tweet_id": None,
    }


def _status(entry: Publication) -> str:
    """Return the one of Statuspage's words that comes nearest."""
    word = entry.status.strip().casefold().replace(" ", "_")
    if word in STATUSES:
        return word
    return "resolved" if entry.over else "investigating"


def _window(board: Board, window: Window) -> Document:
    name = f"maintenance-{window.id}"
    listed = _components(board)
    named = [{"code": c, "name": board.named(c)} for c in window.components]
    said = [
        _update(f"{name}-{k}", name, one.status, one.text, one.at, named)
        for k, one in enumerate(window.updates, 1)
    ]
    first = _update(f"{name}-0", name, "scheduled", window.text, window.made_at, named)
    state = window.state_at(board.now)
    return {
        "id": name,
        "name": window.title,
        "status": WINDOWS[state],
        "created_at": _time(window.made_at),
        "updated_at": _time(window.updates[-1].at if window.updates else window.made_at),
        "monitoring_at": None,
        "resolved_at": _time(window.ends_at) if state == "completed" else None,
        "impact": "maintenance",
        "shortlink": f"{board.url}/#maintenance-{window.id}",
        "started_at": _time(window.starts_at),
        "page_id": "tocsin",
        "incident_updates": [*reversed(said), first],
        "components": [one for one in listed if one["id"] in window.components],
        "scheduled_for": _time(window.starts_at),
        "scheduled_until": _time(window.ends_at),
    }
