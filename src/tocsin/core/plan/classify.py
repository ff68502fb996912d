"""Which severity the plan proposes for what is known of an incident."""

from collections.abc import Mapping

import msgspec

from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Criterion, FactValue, Plan, Severity


class Proposal(msgspec.Struct, frozen=True):
    """The worst severity of which a criterion holds, with all its criteria that hold.

    `severity` is None if none holds. `excluded`: the plan says that this is no incident; then
    `because` names the clauses that say so, and `severity` the level under which they stand.
    """

    severity: Severity | None
    because: tuple[Criterion, ...] = ()
    excluded: bool = False


def propose(plan: Plan, facts: Mapping[str, FactValue]) -> Proposal:
    """Classify by the plan's own criteria; facts that nobody has stated support nothing.

    `not_an_incident` excludes only where no other criterion holds: a feature request that comes
    with an outage is an outage.
    """
    for severity in plan.severities:
        because = _holding(severity.criteria, facts)
        if because:
            return Proposal(severity, because)
    for severity in plan.severities:
        because = _holding(severity.not_an_incident, facts)
        if because:
            return Proposal(severity, because, excluded=True)
    return Proposal(None)


def _holding(
    criteria: tuple[Criterion, ...], facts: Mapping[str, FactValue]
) -> tuple[Criterion, ...]:
    return tuple(criterion for criterion in criteria if holds(criterion.text, facts))
