"""Severities below which certain incidents cannot be set, and what becomes of those that are."""

from collections.abc import Mapping
from datetime import datetime

from tocsin.core.incident import clocks
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import among
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.fold import fold
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.plan.people.model import Floor


def floor_of(
    plan: Plan, seen: Mapping[str, FactValue], waived: tuple[str, ...] = ()
) -> Floor | None:
    """Return the highest floor that holds for an incident in this situation."""
    floors = [f for f in plan.people.floors if f.when not in waived and holds(f.when, seen)]
    return min(floors, key=lambda floor: plan.severity(floor.at_least).rank, default=None)


def first(plan: Plan, command: c.Open, proposed: tuple[str, str, int]) -> tuple[str, str, int]:
    """Return the severity (code, why, line) with which to open: the proposed one, or the floor.

    A report is not refused for being too low; it is put right.
    """
    seen = {
        **command.facts, "severity": proposed[0], "kind": command.incident_kind, "phase": "",
        "mode": "", "state": "open", "status": "", "other_incidents": command.others,
        "in_doubt": f" {' '.join(command.in_doubt)} ", "false_alarm": False,
    }  # fmt: skip
    floor = floor_of(plan, seen)
    ranks = {severity.code: severity.rank for severity in plan.severities}
    if floor is None or ranks[floor.at_least] >= ranks.get(proposed[0], -1):
        return proposed
    return floor.at_least, f"at least {floor.at_least}, since {floor.when}", floor.line


def too_low(
    plan: Plan, incident: Incident, command: c.SetSeverity | c.Acknowledge, now: datetime
) -> list[e.Event] | Refusal:
    """Return the waivers under which the wished severity may stand; a refusal if it may not."""
    wanted = plan.severity(command.severity).rank
    waived = incident.floors_waived
    happened: list[e.Event] = []
    seen = situation(incident)
    while (floor := floor_of(plan, seen, waived)) is not None:
        if wanted <= plan.severity(floor.at_least).rank:
            break
        allowed = floor.unless and among(incident, command.by, command.standing, floor.unless)
        if not allowed or not command.why.strip():
            return _refused(floor, command)
        waived = (*waived, floor.when)
        happened.append(
            e.FloorWaived(
                at=now, by=command.by, via=command.via, why=command.why, line=floor.line,
                floor=floor.when,
            )
        )  # fmt: skip
    return happened


def raised(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the rise of an incident that is below its floor, with what that does to clocks."""
    if not plan.people.floors or incident.state not in PAGEABLE:
        return []
    floor = floor_of(plan, situation(incident), incident.floors_waived)
    if floor is None:
        return []
    if plan.severity(floor.at_least).rank >= plan.severity(incident.severity).rank:
        return []
    changed = e.SeverityChanged(
        at=now, severity=floor.at_least, was=incident.severity, confirmed=False, raised=True,
        why=f"at least {floor.at_least}, since {floor.when}", line=floor.line,
    )  # fmt: skip
    return [changed, *clocks.moved_to(plan, fold(incident, changed), floor.at_least, now)]


def _refused(floor: Floor, command: c.SetSeverity | c.Acknowledge) -> Refusal:
    who = " or ".join(floor.unless)
    way = f"only {who} may go below, with a reason: --why REASON" if who else "nobody may go below"
    return Refusal(
        "incident.severity-floor",
        f"it cannot be {command.severity}: where {floor.when}, it is at least {floor.at_least}"
        f" (line {floor.line})",
        f"{way}; or correct the fact that is wrong",
    )
