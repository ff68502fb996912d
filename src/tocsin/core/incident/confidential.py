"""Incidents that not everybody may read: who may, and what the others see of them."""

from collections.abc import Sequence
from datetime import datetime

from msgspec.structs import replace

from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.authority import among
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan


def restricted(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the restriction that the plan puts on the incident at `now`; it never goes away.

    Where several rules concern it, the first one counts.
    """
    if incident.restricted is not None or not plan.people.confidential:
        return []
    seen = situation(incident)
    for rule in plan.people.confidential:
        if rule.when and holds(rule.when, seen):
            why = f"{rule.when} holds: {', '.join(rule.readers)} may read it"
            return [
                e.Restricted(
                    at=now, readers=rule.readers, title=rule.title, why=why, line=rule.line
                )
            ]
    return []


def may_read(incident: Incident, person: str, belongs: Sequence[str]) -> bool:
    """Whether a person may read an incident; `belongs` as from `oncall.standing`."""
    limits = incident.restricted
    if limits is None or person in limits.broken_by:
        return True
    return among(incident, person, belongs, limits.readers)


def covered(incident: Incident) -> Incident:
    """Return the incident as it is shown to whoever may not read it: that it is there, no more."""
    title = incident.restricted.title if incident.restricted is not None else ""
    return replace(
        incident, title=title, severity_why="", facts={}, doubts={}, tasks={}, wanted_by_one={},
        updates={}, proposals={}, clocks=(), watches={}, phase="", parallel=(), mode="",
        attachments=(), pinned=(), links=(), absorbed=(),
    )  # fmt: skip


def break_glass(
    plan: Plan, incident: Incident, command: c.BreakGlass, now: datetime
) -> list[e.Event] | Refusal:
    """Return what it does that somebody reads what is not for them; never without a trace."""
    if may_read(incident, command.by, command.standing):
        return []
    if not command.why.strip():
        return Refusal(
            "incident.reason-missing", "reading a restricted incident takes a reason",
            "say why: --why REASON; it stands on the record",
        )  # fmt: skip
    line = incident.restricted.line if incident.restricted is not None else 0
    return [e.GlassBroken(at=now, by=command.by, via=command.via, why=command.why, line=line)]
