"""What happens in a rehearsal, in the words in which it is told and expected."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from tocsin.core.incident import events as e


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that the plan, or somebody, did. `t` is in seconds since detection.

    `do` is `page`, `notice`, `ticket`, `alarm`, `clock_missed`, or the kind of another event, or
    `refused`, `outage`, `plan_edited`, `given_up`; `to` a recipient, `people` who that is then,
    `clock` a clock's name, `line` the plan's line, 0 where no line asks for it. `incident` is its
    code, "" for what belongs to none; `through` are the channels that an update goes through;
    `reached` are those whom a message has reached at that instant; `code` tells refusals apart;
    `entry` is the entry of the story that was refused, -1 if it was none.
    """

    t: float
    at: datetime
    do: str
    to: str = ""
    people: tuple[str, ...] = ()
    clock: str = ""
    why: str = ""
    line: int = 0
    by: str = ""
    incident: str = ""
    reached: tuple[str, ...] = ()
    code: str = ""
    entry: int = -1
    through: tuple[str, ...] = ()


_TASK_EVENTS = (
    e.TaskArmed, e.TaskOrdered, e.TaskTicked, e.TaskDone, e.TaskWaived, e.TaskDropped,
)  # fmt: skip


_ROLE_EVENTS = (e.RoleTaken, e.RoleHandedOver, e.RoleLeft, e.ShadowJoined)

_UPDATE_EVENTS = e.UpdateProposed | e.UpdateWithdrawn | e.UpdateRefused | e.AudienceForgotten


def shown(event: e.Event, starts: datetime) -> Sequence[Happening]:
    """Return what an event is in a story that began at `starts`: whom it is about comes first."""
    kind = str(type(event).__struct_config__.tag)
    if isinstance(event, e.Told):
        # The update is told once, to its audience; here it goes to one of its recipients.
        do = "update_sent" if event.message == "update" else event.message
        return [_happening(event, starts, do, to=event.to, people=event.people)]
    if isinstance(event, e.NobodyReached | e.EscalationAsked):
        return [_happening(event, starts, kind, to=event.to)]
    if isinstance(event, e.ClockStarted | e.ClockMet | e.ClockMissed | e.ClockDropped):
        return [_happening(event, starts, kind, clock=event.clock)]
    if isinstance(event, e.SeverityChanged | e.Opened):
        return [_happening(event, starts, kind, to=event.severity)]
    if isinstance(event, _TASK_EVENTS):
        return [_happening(event, starts, kind, to=event.task)]
    if isinstance(event, e.PhaseEntered):
        return [_happening(event, starts, kind, to=event.phase)]
    if isinstance(event, e.WatchStarted | e.WatchPassed):
        return [_happening(event, starts, kind, to=event.watch)]
    if isinstance(event, e.UpdatePublished):
        told = _happening(event, starts, "update", to=event.audience)
        return [msgspec.structs.replace(told, through=event.channels)]
    if isinstance(event, e.Delivered | e.NotDelivered):
        return [_happening(event, starts, kind, to=event.person, people=(event.person,))]
    if isinstance(event, e.ModeChanged):
        return [_happening(event, starts, kind, to=event.mode or event.was)]
    if isinstance(event, _ROLE_EVENTS):
        return [_happening(event, starts, kind, to=event.role, people=(event.person,))]
    if isinstance(event, _UPDATE_EVENTS):
        return [_happening(event, starts, kind, to=event.audience)]
    if isinstance(event, e.Alarmed):
        return [_happening(event, starts, "exhausted", to=", ".join(event.to))]
    return [_happening(event, starts, kind)]


def _happening(
    event: e.Event,
    starts: datetime,
    do: str,
    *,
    to: str = "",
    clock: str = "",
    people: tuple[str, ...] = (),
) -> Happening:
    return Happening(
        t=(event.at - starts).total_seconds(),
        at=event.at,
        do=do,
        to=to,
        people=people,
        clock=clock,
        why=event.why or _content(event),
        line=event.line,
        by=event.by,
    )


def _content(event: e.Event) -> str:
    """What an event says besides its kind, where it has no reason of its own."""
    if isinstance(event, e.UpdatePublished | e.UpdateProposed):
        said = "\n".join(part for part in (event.subject, event.text) if part)
        return said if not event.status else f"{event.status}: {said}"
    if isinstance(event, e.Noted | e.TaskArmed | e.TaskOrdered):
        return event.text
    if isinstance(event, e.TaskTicked):
        return event.member
    if isinstance(event, e.TaskDone):
        return event.choice
    if isinstance(event, e.FactRecorded):
        return f"{event.name} = {event.value}"
    if isinstance(event, e.RoleTaken | e.RoleHandedOver | e.RoleLeft | e.ShadowJoined):
        return f"{event.role}: {event.person}"
    if isinstance(event, e.DecisionTaken):
        return f"{event.about}: {event.choice}"
    if isinstance(event, e.Overruled | e.SecondWanted | e.Seconded):
        return event.what
    if isinstance(event, e.AlertsJoined):
        return ", ".join(event.names)
    if isinstance(event, e.Delivered):
        return f"by {event.channel}"
    return ""
