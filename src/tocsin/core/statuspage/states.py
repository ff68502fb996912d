"""How components are by what an incident knows, and how a group is by its components."""

from collections.abc import Mapping, Sequence

from tocsin.core.incident.state import Incident
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.statuspage.model import ORDER, Impact, PageState, Part, worst

BY_FACT: Mapping[FactValue, PageState] = {
    "up": "operational",
    "full": "operational",
    "degraded": "degraded",
    "down": "major",
    "none": "major",
}

BY_IMPACT: Mapping[Impact, PageState] = {
    "none": "operational",
    "minor": "degraded",
    "major": "partial",
    "critical": "major",
}
"""How things are as a whole by an incident that names no component."""

IMPACTS: tuple[Impact, ...] = ("critical", "major", "minor")
"""What the plan's severities mean to the public, from the gravest on; further ones are minor."""


def parts_of(plan: Plan) -> tuple[Part, ...]:
    """Return what the page shows, in its order.

    That is what the plan lists under `status_page`: nothing gets onto the page that was not meant
    for it (threat 11).
    """
    page = plan.communication.status_page
    if page is None:
        return ()
    known = plan.catalogue.components
    listed = [(group, name) for group, names in page.components.items() for name in names]
    members = [group for group, _name in listed]
    shown: dict[str, Part] = {}
    for group, name in listed:
        if name in known and name not in shown:
            one = known[name]
            public = one.public_name or one.name
            # A group of one component that has its name is no group.
            alone = members.count(group) == 1 and group.casefold() in (public.casefold(), name)
            shown[name] = Part(id=name, name=public, group="" if alone else group)
    return tuple(shown.values())


def states_of(plan: Plan, incident: Incident) -> dict[str, PageState]:
    """Return the state of each shown component that the incident says something about.

    What somebody has stated of a component counts. Else it suffers from what it depends on: it is
    degraded where it can do without (`failover`), in partial outage where it cannot.
    """
    known: dict[str, PageState | None] = {}
    for part in parts_of(plan):
        _settle(plan, incident, part.id, known)
    shown = {part.id for part in parts_of(plan)}
    return {name: state for name, state in known.items() if name in shown and state is not None}


def causes_of(plan: Plan, states: Mapping[str, PageState]) -> dict[str, tuple[str, ...]]:
    """Return for each impaired component those shown ones it depends on that are no better."""
    found: dict[str, tuple[str, ...]] = {}
    for name, state in states.items():
        if state not in ("degraded", "partial") or name not in plan.catalogue.components:
            continue
        below = plan.catalogue.components[name].depends_on
        bad = tuple(
            one
            for one in below
            if ORDER.index(states.get(one, "operational")) >= ORDER.index("degraded")
        )
        if bad:
            found[name] = bad
    return found


def impact_of(plan: Plan, incident: Incident) -> Impact:
    """Return what an incident's severity means to the public."""
    codes = [severity.code for severity in plan.severities]
    return IMPACTS[min(codes.index(incident.severity), len(IMPACTS) - 1)]


def rolled_up(states: Sequence[PageState]) -> PageState:
    """Return how a group is as a whole: out only where all of it is; monotone in each part."""
    if states and all(state == "major" for state in states):
        return "major"
    if any(state in ("partial", "major") for state in states):
        return "partial"
    return worst(*states)


def _settle(
    plan: Plan, incident: Incident, name: str, known: dict[str, PageState | None]
) -> PageState | None:
    """Work out one component or provider; a circle of dependencies ends where it began."""
    if name in known:
        return known[name]
    known[name] = None
    component = plan.catalogue.components.get(name)
    about = component or plan.catalogue.providers.get(name)
    if about is None:
        return None
    fact = incident.facts.get(about.fact)
    stated = BY_FACT.get(fact.value) if fact is not None else None
    if stated is not None or component is None:
        known[name] = stated
        return stated
    felt = [
        _felt(state, failover=component.failover)
        for below in (*component.depends_on, *component.providers)
        if (state := _settle(plan, incident, below, known)) is not None
    ]
    known[name] = worst(*felt) if felt else None
    return known[name]


def _felt(state: PageState, *, failover: bool) -> PageState:
    """What the state of something means to what depends on it."""
    if state not in ("partial", "major"):
        return state
    return "degraded" if failover else "partial"
