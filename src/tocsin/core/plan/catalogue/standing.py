"""How components and providers are: facts like any other, and figures that follow from them.

Each component has a fact, `component_api` unless it names another; so has each provider. What
follows from them is recorded beside them: how many are down, in all, of the core, of each group.
"""

from collections.abc import Iterable, Mapping
from typing import Protocol

from tocsin.core.plan.catalogue.model import Catalogue, FactValue

DOWN = frozenset({"down", "none"})
UP = frozenset({"up", "full"})


class _Part(Protocol):
    @property
    def fact(self) -> str | None: ...


def component_fact(name: str, file: _Part) -> str:
    """The fact that says whether a component is up."""
    return file.fact or f"component_{name.replace('-', '_')}"


def provider_fact(name: str, file: _Part) -> str:
    """The fact that says whether a provider is up."""
    return file.fact or f"provider_{name.replace('-', '_')}"


def group_figure(group: str) -> str:
    """The figure that counts how many components of a group are down."""
    return f"{group.replace('-', '_')}_down"


FIGURES = {
    "components_down": "How many components are down",
    "core_components_down": "How many core components are down",
    "components_affected": "How many components are down or degraded",
    "providers_down": "How many providers are down",
    "critical_providers_down": "How many providers of importance core are down",
    "providers_down_without_failover": "How many providers are down on which a component without "
    "failover relies",
}
"""The figures of every catalogue that has components or providers."""


def figures(catalogue: Catalogue, facts: Mapping[str, FactValue]) -> dict[str, FactValue]:
    """What follows from the stated facts on components and providers; empty if none is stated.

    A component of which nothing is stated counts as up. Values are whole numbers.
    """
    components, providers = catalogue.components.values(), catalogue.providers.values()
    known = [part.fact for part in components] + [part.fact for part in providers]
    if not any(fact in facts for fact in known):
        return {}
    down = [part for part in components if facts.get(part.fact) in DOWN]
    affected = [
        part for part in components if part.fact in facts and facts[part.fact] not in UP
    ]  # fmt: skip
    gone = [part for part in providers if facts.get(part.fact) in DOWN]
    result: dict[str, FactValue] = {
        "components_down": len(down),
        "core_components_down": sum(part.importance == "core" for part in down),
        "components_affected": len(affected),
        "providers_down": len(gone),
        "critical_providers_down": sum(part.importance == "core" for part in gone),
        "providers_down_without_failover": sum(
            any(p.id in part.providers and not part.failover for part in components) for p in gone
        ),
    }
    for group in _groups(catalogue):
        result[group_figure(group)] = sum(part.group == group for part in down)
    return result


def _groups(catalogue: Catalogue) -> Iterable[str]:
    return dict.fromkeys(part.group for part in catalogue.components.values() if part.group)


def state_of(catalogue: Catalogue, component: str, facts: Mapping[str, FactValue]) -> str:
    """Whether a component is `up`, `degraded` or `down` by what is stated; `up` if nothing is."""
    value = facts.get(catalogue.components[component].fact, "up")
    if value in DOWN:
        return "down"
    return "up" if value in UP else "degraded"


def is_state(values: Iterable[str]) -> bool:
    """Whether a fact with these values can say that something is down."""
    return bool(DOWN & set(values))
