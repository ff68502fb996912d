"""What an incident has hit: components that are not up, what leans on them, and for how long."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Literal

import msgspec

from tocsin.core.incident.state import Fact, Incident
from tocsin.core.plan.catalogue.model import Catalogue, Component
from tocsin.core.plan.catalogue.standing import DOWN, UP
from tocsin.core.plan.model import Plan

How = Literal["down", "degraded", "may be affected", "up again"]

WORST_FIRST: tuple[How, ...] = ("down", "degraded", "may be affected", "up again")


class Affected(msgspec.Struct, frozen=True, kw_only=True):
    """A component that the incident has hit, or may have hit.

    `by_way_of` are the components and providers that are not up and on which it leans, for one
    that `may be affected`; of it nobody has said anything. `since` and `by` are when this was
    stated last and by whom; `line` is the component's in the plan.
    """

    component: str
    name: str
    state: How
    by_way_of: tuple[str, ...] = ()
    since: datetime | None = None
    by: str = ""
    group: str = ""
    importance: str = ""
    line: int = 0


class Impact(msgspec.Struct, frozen=True, kw_only=True):
    """From when until when something was wrong; `until` is None while it goes on."""

    since: datetime
    until: datetime | None
    length: timedelta


def affected(plan: Plan, incident: Incident) -> tuple[Affected, ...]:
    """Return what the incident has hit, worst first, then in the order of the plan.

    Of a component that is stated to be up, what it leans on says nothing any more.
    """
    catalogue = plan.catalogue
    found = [*_stated(catalogue, incident), *_leaning(catalogue, incident.facts)]
    return tuple(sorted(found, key=lambda one: WORST_FIRST.index(one.state)))


def impact_of(incident: Incident, now: datetime) -> Impact:
    """Return how long something was, or is, wrong: from the opening to the end of the trouble.

    It counts from the opening because nothing that was stated is older; reopening carries it on.
    """
    until = incident.resolved_at
    end = now if until is None else until
    return Impact(
        since=incident.opened_at, until=until, length=max(end - incident.opened_at, timedelta())
    )


def _stated(catalogue: Catalogue, incident: Incident) -> Iterator[Affected]:
    for component in catalogue.components.values():
        fact = incident.facts.get(component.fact)
        if fact is None:
            continue
        state = _state(fact)
        if state is not None:
            yield _of(component, state, since=fact.at, by=fact.by)


def _state(fact: Fact) -> How | None:
    if fact.value in DOWN:
        return "down"
    if fact.value not in UP:
        return "degraded"
    return "up again" if fact.before is not None and fact.before not in UP else None


def _leaning(catalogue: Catalogue, facts: Mapping[str, Fact]) -> Iterator[Affected]:
    """Yield what nobody has spoken of and what leans, over any number of steps, on trouble."""
    by_fact = [(part.id, part.fact) for part in catalogue.components.values()]
    by_fact += [(part.id, part.fact) for part in catalogue.providers.values()]
    troubled = {name for name, fact in by_fact if fact in facts and facts[fact].value not in UP}
    reached: dict[str, tuple[str, ...]] = {}
    spreading = troubled
    while spreading:
        found: dict[str, tuple[str, ...]] = {}
        for component in catalogue.components.values():
            if component.id in troubled or component.id in reached or component.fact in facts:
                continue
            by_way_of = tuple(
                one
                for one in (*component.depends_on, *_providers(component, facts, catalogue))
                if one in spreading
            )
            if by_way_of:
                found[component.id] = by_way_of
        reached |= found
        spreading = set(found)
    for name, by_way_of in reached.items():
        yield _of(catalogue.components[name], "may be affected", by_way_of=by_way_of)


def _providers(
    component: Component, facts: Mapping[str, Fact], catalogue: Catalogue
) -> tuple[str, ...]:
    """Return the providers whose trouble can reach a component: a failover stands in for one."""
    wrong = [
        one
        for one in component.providers
        if (fact := facts.get(catalogue.providers[one].fact)) and fact.value not in UP
    ]
    return component.providers if len(wrong) > component.failover else ()


def _of(
    component: Component, state: How, *, by_way_of: tuple[str, ...] = (),
    since: datetime | None = None, by: str = "",
) -> Affected:  # fmt: skip
    return Affected(
        component=component.id,
        name=component.name,
        state=state,
        by_way_of=by_way_of,
        since=since,
        by=by,
        group=component.group,
        importance=component.importance,
        line=component.line,
    )
