"""The mode of the response: started and ended by people, or by the plan's own conditions."""

from datetime import datetime

from tocsin.core.document import near
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan


def set_mode(
    plan: Plan, incident: Incident, command: c.SetMode, now: datetime
) -> list[e.Event] | Refusal:
    """Return what it does that a person starts a mode, or ends the present one."""
    modes = plan.people.modes
    if command.mode and command.mode not in modes:
        return Refusal(
            "incident.unknown-mode", f"the plan knows no mode `{command.mode}`",
            near(command.mode, modes) + f"it has: {', '.join(modes) or 'none at all'}",
        )  # fmt: skip
    if command.mode == incident.mode:
        return []
    if incident.state not in PAGEABLE and command.mode:
        return Refusal(
            "incident.nothing-to-work-on", f"{incident.code} is {incident.state}",
            f"if it is not over: tocsin reopen {incident.code}",
        )  # fmt: skip
    line = modes[command.mode or incident.mode].line
    return [
        e.ModeChanged(
            at=now, by=command.by, via=command.via, why=command.why, line=line,
            mode=command.mode, was=incident.mode,
        )
    ]  # fmt: skip


def changed(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the mode that starts or ends by itself, as things stand at `now`.

    One that a person has ended does not come back by itself, and one mode is left before another
    begins.
    """
    modes = plan.people.modes
    if not modes:
        return []
    seen = situation(incident)
    if incident.mode:
        mode = modes.get(incident.mode)
        over = incident.state not in PAGEABLE
        if mode is None or not (over or (mode.ends_when and holds(mode.ends_when, seen))):
            return []
        why = "the trouble is over" if over else f"{mode.ends_when} holds"
        return [e.ModeChanged(at=now, mode="", was=mode.id, why=why, line=mode.line)]
    if incident.state not in PAGEABLE:
        return []
    for mode in modes.values():
        if not mode.when or mode.id in incident.modes_off or not holds(mode.when, seen):
            continue
        if mode.ends_when and holds(mode.ends_when, {**seen, "mode": mode.id}):
            continue
        why = f"{mode.when} holds"
        return [e.ModeChanged(at=now, mode=mode.id, was="", why=why, line=mode.line)]
    return []
