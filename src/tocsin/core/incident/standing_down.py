"""The end of a response that was not a repair: a false alarm, or others have taken over."""

from collections.abc import Iterator
from datetime import datetime

from tocsin.core.incident import clocks
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.lifecycle import PAGEABLE, ways_out
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import reach
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan

STEP = "stand down"


def stand_down(
    plan: Plan, incident: Incident, command: c.StandDown, now: datetime
) -> list[e.Event] | Refusal:
    """Return what it does that the response ends; what was promised for it is not owed then.

    In contrast to a resolution no gate holds it up: there is nothing to repair.
    """
    what = "a false alarm" if command.false_alarm else "the response is over"
    said = f"it is {what}" if command.false_alarm else what
    if incident.state not in PAGEABLE:
        if incident.false_alarm == command.false_alarm and STOOD_DOWN in incident.moments:
            return []
        return Refusal(
            f"incident.{incident.state}", f"{incident.code} is {incident.state} already",
            f"possible now: {', '.join(ways_out(incident.state)) or 'declare a new incident'}",
        )  # fmt: skip
    if not command.why.strip():
        return Refusal(
            "incident.reason-missing", f"nobody says without a reason that {said}",
            "say why: --why REASON",
        )  # fmt: skip
    by, via = command.by, command.via
    return [
        e.StoodDown(at=now, by=by, via=via, why=command.why, false_alarm=command.false_alarm),
        e.Resolved(at=now, by=by, via=via, why=f"{what}: {command.why}"),
        *clocks.dropped(incident.running(), now, what),
    ]


def told(incident: Incident, organisation: Organisation, now: datetime) -> Iterator[e.Event]:
    """Tell everybody who was called that they are not needed; once."""
    if STOOD_DOWN not in incident.moments or incident.state != "resolved":
        return
    if STEP in incident.told:
        return
    what = "It was a false alarm" if incident.false_alarm else "The response is over"
    for person in incident.called:
        found = reach(organisation, person, now)
        if found.gap:
            yield e.NobodyReached(at=now, message="notice", to=person, step=STEP, why=found.gap)
            continue
        yield e.Told(
            at=now, message="notice", to=person, people=(person,), step=STEP, until="resolved",
            why=f"{what}: you are not needed any more",
        )  # fmt: skip


STOOD_DOWN = "stood down"
"""The moment at which it happened."""
