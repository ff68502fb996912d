"""What the plan's catalogue means for an incident: what follows from facts; what it covers."""

from collections.abc import Mapping
from datetime import datetime

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.plan.catalogue.standing import figures
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import FactValue, Plan

WHY = "follows from what is known of components and providers"


def following(
    plan: Plan,
    stated: Mapping[str, FactValue],
    known: Mapping[str, FactValue],
    now: datetime,
) -> list[e.Event]:
    """Record the figures that follow from the facts `stated`, where they are not `known` yet."""
    return [
        e.FactRecorded(at=now, why=WHY, name=name, value=value)
        for name, value in figures(plan.catalogue, stated).items()
        if known.get(name) != value
    ]


def not_covered(plan: Plan, command: c.Open, now: datetime) -> Refusal | list[e.Event]:
    """What becomes of an incident that the plan says it is not for.

    Only what is known not to fit is kept out. An alert never is: nobody would hear of it. It is
    opened, with a note on its timeline.
    """
    rule = plan.catalogue.head.applies_to
    if rule is None or not rule.when:
        return []
    known = {**command.facts, "kind": command.incident_kind}
    if not holds(f"!({rule.when})", known):
        return []
    if rule.otherwise == "refuse" and command.via != "alert":
        return Refusal(
            "incident.not-covered",
            f"the plan is only for incidents with {rule.when} (line {rule.line})",
            "State other facts if these are wrong, or open it under the plan that covers it.",
        )
    note = f"the plan is only for incidents with {rule.when}"
    return [e.Noted(at=now, line=rule.line, why="not covered by the plan", text=note)]
