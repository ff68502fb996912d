"""What the clauses of duties and of what comes afterwards refer to, checked against the plan."""

from collections.abc import Sequence
from datetime import timedelta

from tocsin.core.document import listed, near
from tocsin.core.plan.model import FactRule
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.shapes import WhoFile
from tocsin.core.times import After, AnyTime, Immediate, Range, Within
from tocsin.core.tree import Path

GATES = ("resolve", "close", "phase", "leave", "publish")


def told(scope: Scope, path: Path, who: WhoFile) -> tuple[tuple[str, ...], bool]:
    """The recipients that a clause names, and whether everybody behind them is meant."""
    if who.all:
        return recipients(scope, (*path, "all"), [who.all]), True
    return recipients(scope, path, who.any_of), False


def recipients(scope: Scope, path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Names of recipients; those that the plan does not know are reported."""
    for number, name in enumerate(names):
        scope.knows("contacts", scope.recipients, name, (*path, number))
    return tuple(names)


def doer(scope: Scope, path: Path, name: str | None) -> str:
    """A role or recipient; "" if none is named."""
    if not name:
        return ""
    roles = scope.document.keys(("roles",))
    if name not in roles and not scope.lost("roles"):
        scope.knows("contacts", (*scope.recipients, *roles), name, path)
    return name


def severities(scope: Scope, path: Path, codes: Sequence[str]) -> tuple[str, ...]:
    """Codes of severities; those that the plan does not have are reported."""
    for number, code in enumerate(codes):
        scope.knows("severities", scope.codes, code, (*path, number))
    return tuple(codes)


def facts(scope: Scope, path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """Names of facts, those included that the plan itself brings along."""
    known = (*scope.document.keys(("facts",)), *scope.facts)
    for number, name in enumerate(names):
        scope.knows("facts", known, name, (*path, number))
    return tuple(names)


def number_fact(scope: Scope, path: Path, name: str) -> bool:
    """Whether `name` is a fact that holds a number; reported if not."""
    facts(scope, path[:-1] if isinstance(path[-1], int) else path, [name])
    rule = scope.facts.get(name)
    if rule is None:
        return False
    if rule.kind != "number":
        scope.error(
            path, "plan.fact-values", f"`{name}` holds no number, so it cannot be counted",
            f"Write `{name}: number` under `facts:`, or name another fact.",
        )  # fmt: skip
    return rule.kind == "number"


def gates(scope: Scope, path: Path, names: Sequence[str]) -> tuple[str, ...]:
    """What waits for a task; reported where nothing can wait for it."""
    known = []
    phases, audiences = scope.document.keys(("phases",)), scope.document.keys(("audiences",))
    for number, text in enumerate(names):
        word, _, name = text.partition(" ")
        fits = (
            text in ("resolve", "close")
            or (word in ("phase", "leave") and name in phases)
            or (word == "publish" and (name in audiences or scope.lost("audiences")))
        )
        if fits:
            known.append(text)
            continue
        scope.error(
            (*path, number), "plan.gate", f"nothing can wait before `{text}`",
            near(word, GATES) + "Write `resolve`, `close`, `phase recovery`, `leave containment` "
            "or `publish AUDIENCE`"
            + (f"; the phases are {listed(phases)}." if word in ("phase", "leave") else "."),
        )  # fmt: skip
    return tuple(known)


def imply(scope: Scope, rule: FactRule) -> None:
    """Add a fact that a clause brings along, unless the plan defines it itself."""
    if rule.name not in scope.document.keys(("facts",)):
        scope.facts.setdefault(rule.name, rule)


def lasts(value: AnyTime | None) -> timedelta | None:
    """How long a deadline leaves, where that does not depend on the day; None otherwise."""
    match value:
        case Within(duration) | After(duration) | Immediate(duration):
            return duration
        case Range(_, latest):
            return latest
        case _:
            return None


def both(*conditions: str) -> str:
    """A condition that holds if all of these do; "" if none is given."""
    said = list(dict.fromkeys(c for c in conditions if c))
    return said[0] if len(said) == 1 else " && ".join(f"({c})" for c in said)


def underscored(identifier: str) -> str:
    """An id as part of a fact's name."""
    return identifier.replace("-", "_")
