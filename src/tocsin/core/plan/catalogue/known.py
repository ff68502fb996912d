"""Names that clauses of the catalogue refer to."""

from collections.abc import Collection, Sequence

from tocsin.core.document import listed, near
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path


def only_known(
    scope: Scope, path: Path, names: Sequence[str], noun: str, known: Collection[str]
) -> tuple[str, ...]:
    """The names that the plan has; the others are reported as unknown, by their `noun`."""
    for number, name in enumerate(names):
        if name not in known:
            cure = f"Known: {listed(known)}." if known else "Add it to the plan."
            scope.error(
                (*path, number), "plan.unknown-part", f"unknown {noun} `{name}`",
                near(name, known) + cure,
            )  # fmt: skip
    return tuple(name for name in names if name in known)


def components_of(scope: Scope) -> tuple[str, ...]:
    """The ids of the components, those included that could not be read."""
    return scope.document.keys(("components",))
