"""Names that clauses about communication refer to."""

from collections.abc import Sequence

from tocsin.core.document import listed, near
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path

UNKNOWN = {
    "audience": "plan.unknown-audience",
    "channel": "plan.unknown-channel",
    "template": "plan.unknown-template",
    "part": "plan.unknown-part",
}
"""What a problem is called in which a name of that sort means nothing."""


def situation(scope: Scope, path: Path, condition: str | None) -> str:
    """A condition over the situation at `path`; "" if none is written or it cannot be used."""
    return scope.situation(path, condition) if condition else ""


def audiences(scope: Scope, path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Ids of audiences; those that the plan does not have are reported."""
    return known(scope, path, names, "audience", "audiences")


def template(scope: Scope, path: Path, name: str | None) -> str:
    """The id of a template, "" if none is named; an unknown one is reported."""
    return next(iter(known(scope, path, [name], "template", "templates")), "") if name else ""


def known(
    scope: Scope, path: Path, names: Sequence[str], noun: str, section: str
) -> tuple[str, ...]:
    there = scope.document.keys((section,))
    for number, name in enumerate(names):
        if name not in there and not scope.lost(section):
            place = (*path, number) if len(names) > 1 else path
            cure = f"Known: {listed(there)}." if there else f"Add it under `{section}:`."
            scope.error(
                place, UNKNOWN[noun], f"unknown {noun} `{name}`",
                near(name, there) + cure,
            )  # fmt: skip
    return tuple(names)
