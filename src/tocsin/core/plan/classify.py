"""Which severity the plan proposes for what is known of an incident."""

from collections.abc import Collection, Mapping

import msgspec

from tocsin.core.plan.catalogue.standing import figures
from tocsin.core.plan.conditions import facts_in, holds
from tocsin.core.plan.doubt import could_hold
from tocsin.core.plan.model import Criterion, FactValue, Plan, Severity


class Proposal(msgspec.Struct, frozen=True):
    """The worst severity of which a criterion holds, with all its criteria that hold.

    `severity` is None if none holds. `excluded`: the plan says that this is no incident; then
    `because` names the clauses that say so, and `severity` the level under
    which they stand. `in_doubt` are the facts because of which it is only possible, in a plan
    that takes the worst then.
    """

    severity: Severity | None
    because: tuple[Criterion, ...] = ()
    excluded: bool = False
    in_doubt: tuple[str, ...] = ()

    @property
    def why(self) -> str:
        """Say which criteria it is, and which facts are in doubt."""
        reasons = " and ".join(criterion.text for criterion in self.because)
        doubts = f", in doubt: {', '.join(self.in_doubt)}" if self.in_doubt else ""
        return f"criterion: {reasons}{doubts}"


def propose(plan: Plan, facts: Mapping[str, FactValue], doubts: Collection[str] = ()) -> Proposal:
    """Classify by the plan's own criteria; facts that nobody has stated support nothing.

    `not_an_incident` excludes only where no other criterion holds: a feature request that comes
    with an outage is an outage. What follows from facts on components counts with them.

    `doubts` are facts stated as in doubt. Where the plan says `in_doubt: higher`, a criterion
    counts if they could mean that it holds; otherwise they count for nothing.
    """
    facts = {name: value for name, value in facts.items() if name not in doubts}
    facts |= figures(plan.catalogue, facts)
    doubtful = _doubtful(plan, doubts) if plan.people.in_doubt == "higher" else frozenset()
    for severity in plan.severities:
        certain = _holding(severity.criteria, facts)
        if certain:
            return Proposal(severity, certain)
        possible = tuple(
            criterion
            for criterion in severity.criteria
            if doubtful and could_hold(criterion.text, facts, doubtful, plan.facts)
        )
        if possible:
            named = {name for criterion in possible for name in facts_in(criterion.text)}
            in_doubt = tuple(sorted(named & doubtful))
            return Proposal(severity, possible, in_doubt=in_doubt)
    for severity in plan.severities:
        because = _holding(severity.not_an_incident, facts)
        if because:
            return Proposal(severity, because, excluded=True)
    return Proposal(None)


def _doubtful(plan: Plan, doubts: Collection[str]) -> frozenset[str]:
    """The doubts themselves, and the figures that follow from components that are in doubt."""
    catalogue = plan.catalogue
    stated = {c.fact for c in catalogue.components.values()}
    stated |= {p.fact for p in catalogue.providers.values()}
    if stated.isdisjoint(doubts):
        return frozenset(doubts)
    known: dict[str, FactValue] = dict.fromkeys(stated, "up")
    return frozenset((*doubts, *figures(catalogue, known)))


def _holding(
    criteria: tuple[Criterion, ...], facts: Mapping[str, FactValue]
) -> tuple[Criterion, ...]:
    return tuple(criterion for criterion in criteria if holds(criterion.text, facts))
