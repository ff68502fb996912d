"""The roles of an incident as its page shows them: who holds them, and which are missing."""

from dataclasses import dataclass
from datetime import datetime

from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import Plan
from tocsin.core.plan.people.model import Role


@dataclass(frozen=True)
class ShownRole:
    """A role with its holders and shadows (ids). `wanted`: the plan demands it and nobody holds it;
    `due` is by when somebody must, or by when its holder is relieved; `left_by` held it last."""

    role: Role
    holders: tuple[str, ...]
    shadows: tuple[str, ...]
    wanted: bool
    due: datetime | None
    left_by: str

    @property
    def is_vacant(self) -> bool:
        """Whether nobody holds it."""
        return not self.holders


def roles(plan: Plan, incident: Incident) -> list[ShownRole]:
    """Return the roles of the plan: the leading ones, missing ones, held ones, then the others."""
    due = {clock.name: clock.due for clock in incident.running()}
    shown = []
    for role in plan.roles.values():
        holders = incident.holders.get(role.id, ())
        assign = due.get(f"assign {role.id}")
        shown.append(
            ShownRole(
                role=role,
                holders=holders,
                shadows=incident.shadows.get(role.id, ()),
                wanted=not holders and _is_wanted(incident, role, assign),
                due=due.get(f"relieve {role.id}") if holders else assign,
                left_by=incident.vacated.get(role.id, "") if not holders else "",
            )
        )
    return sorted(shown, key=lambda one: (not one.role.lead, not one.wanted, one.is_vacant))


def ties(incident: Incident, person: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the ids of the roles that a person holds, and of those at which they look on."""
    held = frozenset(role for role, people in incident.holders.items() if person in people)
    shadowed = frozenset(role for role, people in incident.shadows.items() if person in people)
    return held, shadowed


def _is_wanted(incident: Incident, role: Role, assign: datetime | None) -> bool:
    if incident.state not in PAGEABLE:
        return False
    return assign is not None or role.lead or incident.severity in role.required_for
