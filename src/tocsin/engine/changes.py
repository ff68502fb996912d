"""What was rolled out lately: taken in from machines, and looked up around an incident."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from tocsin.core.deployments import LOOKED_BACK, SHOWN, Deployment, RecentChange, near
from tocsin.core.incident.state import Incident
from tocsin.engine.ports import Reading
from tocsin.engine.world import World

LABELS = ("service", "component", "app", "application", "job", "deployment")
"""Labels of alerts that name what was changed, where a change concerns it."""

ALERTS_LOOKED_AT = 200

A_MOMENT = timedelta(microseconds=1)

_said = msgspec.json.Decoder(dict[str, Any])


def take_deployments(world: World, deployments: Sequence[Deployment]) -> None:
    """Keep reports of changes; the same report again changes nothing (invariant A3)."""
    with world.store.write() as tx:
        tx.keep_deployments(deployments)
    world.wake()


def recent_changes(world: World, incident: Incident) -> tuple[RecentChange, ...]:
    """Return the changes from a day before the incident opened until it was over, or until now.

    Those before the opening come first, the nearest first; at most SHOWN of them, and of those
    after it.
    """
    opened = incident.opened_at
    with world.store.read() as reading:
        found = reading.deployments(opened - LOOKED_BACK, opened + A_MOMENT, SHOWN)
        found += [
            one
            for one in reading.deployments_after(opened, SHOWN)
            if incident.closed_at is None or one.at <= incident.closed_at
        ]
        labels = _services(reading, incident)
    return near(found, opened, [*labels, *_components(world, incident)])


def _services(reading: Reading, incident: Incident) -> set[str]:
    """Return what the alerts of an incident say they are about."""
    names: set[str] = set()
    for alert in reading.alerts(incident.id, None, ALERTS_LOOKED_AT):
        labels = _said.decode(alert.text).get("labels", {})
        names |= {labels[label] for label in LABELS if labels.get(label)}
    return names


def _components(world: World, incident: Incident) -> set[str]:
    """Return the components that are stated not to be up, by id and by name."""
    plan = world.rules.plan_of(incident.plan)
    touched = [part for part in plan.catalogue.components.values() if part.fact in incident.facts]
    return {name for part in touched for name in (part.id, part.name)}
