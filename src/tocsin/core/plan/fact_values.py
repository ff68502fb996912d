"""Whether a fact of the plan can have a value."""

from tocsin.core.document import listed
from tocsin.core.plan.model import LARGEST
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path


def fits(scope: Scope, path: Path, name: str, value: object) -> bool:
    """Whether a fact can have this value; reported if not."""
    rule = scope.facts.get(name)
    if rule is None:
        scope.knows("facts", scope.document.keys(("facts",)), name, path)
        return False
    number = (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and -LARGEST <= value <= LARGEST
    )
    fine = {
        "bool": isinstance(value, bool),
        "number": number,
        "text": isinstance(value, str),
        "one of": value in rule.values,
    }[rule.kind]
    if not fine:
        wanted = {
            "bool": "`true` or `false`", "text": "a text",
            "number": f"a number, at most {LARGEST:g}",
            "one of": f"one of {listed(rule.values)}",
        }[rule.kind]  # fmt: skip
        scope.error(
            path, "plan.fact-values", f"`{name}` cannot be `{value}`", f"It must be {wanted}."
        )
    return fine
