"""Who is to be called now, and why: the plan's steps, applied to an incident at an instant."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import msgspec

from tocsin.core.calendars import act_at
from tocsin.core.delivery import Kind
from tocsin.core.incident import events as e
from tocsin.core.incident.lifecycle import PAGEABLE
from tocsin.core.incident.state import Incident
from tocsin.core.oncall import reach
from tocsin.core.people import Organisation
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import Plan, Step
from tocsin.core.times import Unspecified

MESSAGE_OF: dict[str, Kind] = {"page": "page", "notify": "notice", "ticket": "ticket"}

ALARM_STEP = "alarm"

_NO_TIME = Unspecified()
"""The time of a step that is taken now because of something else than the plan's delays."""


class Ahead(msgspec.Struct, frozen=True):
    """A step of the plan that has not been taken, with the instant at which it is."""

    at: datetime
    step: Step


def steps_ahead(plan: Plan, incident: Incident) -> list[Ahead]:
    """Return the steps that will be taken if nothing happens, soonest first.

    A step that was taken at the present severity, or at a worse one, is not repeated; a page is
    repeated when the severity has risen since, because it means something else now. A step with a
    condition is ahead while the condition holds.
    """
    if incident.state not in PAGEABLE:
        return []
    ahead = [
        Ahead(at, step)
        for step in plan.steps[incident.severity]
        if not step.manual
        and not (step.until == "acknowledged" and incident.state != "open")
        and not _taken(plan, incident, step)
        and (not step.when or holds(step.when, incident.fact_values()))
        and (at := act_at(step.at, incident.escalating_since, plan.calendars)) is not None
    ]
    return sorted(ahead, key=lambda a: a.at)


def due_since(plan: Plan, before: Incident | None, told: e.Told) -> datetime:
    """Return since when a call is due: since its step was, else since it was ordered (C8).

    `before` is the incident before what has led to the call. A step that was not ahead then, as
    the severity has risen since or its condition came true, is due only now, whatever its time is.
    """
    ahead = steps_ahead(plan, before) if before is not None else []
    since = next((one.at for one in ahead if one.step.key == told.step), told.at)
    return min(since, told.at)


def call_out(
    plan: Plan, incident: Incident, organisation: Organisation, now: datetime
) -> list[e.Event]:
    """Return the calls that are due at `now`: what people asked for, then the plan's steps.

    A page that reaches nobody makes the next page due at once (invariant C4).
    """
    calls: list[e.Event] = []
    for to in incident.asked:
        calls += _call(organisation, _asked_step(plan, incident, to), now)
    hurry = False
    for ahead in steps_ahead(plan, incident):
        is_page = ahead.step.do == "page"
        if ahead.at > now and not (hurry and is_page):
            continue
        made = _call(organisation, ahead.step, now)
        if is_page:
            hurry = not any(isinstance(event, e.Told) for event in made)
        calls += made
    return calls


def alarm_at(
    plan: Plan, incident: Incident, ahead: Sequence[Ahead] | None = None
) -> datetime | None:
    """Return when the silence itself becomes an alarm, None while a step or an answer is awaited.

    The first alarm comes one interval after the last page or the last missed limit for an
    answer; at once where no page has reached anybody (invariant C1).
    `ahead` are the steps ahead, where they have been found already.
    """
    if incident.state != "open":
        return None
    ahead = steps_ahead(plan, incident) if ahead is None else ahead
    if any(one.step.do == "page" for one in ahead):
        return None
    if incident.unreached and incident.alarmed_at is None:
        return incident.escalating_since
    answers = [
        clock
        for clock in incident.clocks
        if (rule := plan.clocks.get(clock.name)) is not None and rule.stops_at == "acknowledged"
    ]
    if any(clock.state == "running" for clock in answers):
        return None
    moments = [incident.escalating_since, incident.last_paged_at, incident.alarmed_at]
    moments += [clock.ended_at for clock in answers if clock.state == "missed"]
    every = timedelta(seconds=plan.exhausted.every_seconds)
    return max(moment for moment in moments if moment is not None) + every


def alarm(
    plan: Plan, incident: Incident, organisation: Organisation, now: datetime
) -> list[e.Event]:
    """Return the alarm that says that nobody has answered, addressed to the last resort."""
    to = plan.exhausted.page or _last_told(plan, incident)
    count = incident.alarms + 1
    why = f"the plan's steps are exhausted and nobody has acknowledged (alarm {count})"
    line = plan.exhausted.line
    step = Step(do="page", to=to, at=_NO_TIME, until="acknowledged", line=line, why=why)
    calls = list(_calls(organisation, step, "alarm", ALARM_STEP, now, why))
    nobody = not any(isinstance(call, e.Told) for call in calls)
    if nobody and organisation.last_resort and organisation.last_resort not in to:
        last = msgspec.structs.replace(step, to=(organisation.last_resort,))
        calls += _calls(organisation, last, "alarm", ALARM_STEP, now, why)
    return [e.Alarmed(at=now, count=count, to=to, why=why, line=line), *calls]


def _taken(plan: Plan, incident: Incident, step: Step) -> bool:
    under = incident.told.get(step.key) if incident.told else None
    if under is None:
        return False
    if step.do != "page":
        return True
    return plan.severity(under).rank <= plan.severity(incident.severity).rank


def _call(organisation: Organisation, step: Step, now: datetime) -> list[e.Event]:
    return list(_calls(organisation, step, MESSAGE_OF[step.do], step.key, now, step.why))


def _calls(
    organisation: Organisation, step: Step, message: Kind, key: str, now: datetime, why: str
) -> Iterator[e.Event]:
    for to in step.to:
        found = reach(organisation, to, now, everyone=step.everyone)
        if found.gap:
            missing = f"{found.gap}; wanted because: {why}"
            yield e.NobodyReached(
                at=now, message=message, to=to, step=key, why=missing, line=step.line
            )
            continue
        people = tuple(person.id for person in found.people) + ((to,) if found.contacts else ())
        yield e.Told(
            at=now,
            message=message,
            to=to,
            people=people,
            step=key,
            until=step.until,
            why=why,
            line=step.line,
        )


def _asked_step(plan: Plan, incident: Incident, to: str) -> Step:
    planned = next(
        (s for s in plan.steps[incident.severity] if s.manual and to in s.to),
        None,
    )
    why = f"{to} was asked for" + (f" ({planned.why})" if planned else "")
    if planned is not None:
        return msgspec.structs.replace(planned, to=(to,), at=_NO_TIME, until="resolved", why=why)
    return Step(do="page", to=(to,), at=_NO_TIME, until="resolved", line=0, why=why)


def _last_told(plan: Plan, incident: Incident) -> tuple[str, ...]:
    """Whoever the last page goes to; at a level without pages, whoever the plan calls first."""
    at_this_level = _pages(plan, incident.severity)
    if at_this_level:
        return at_this_level[-1].to
    first = [pages[0].to for severity in plan.severities if (pages := _pages(plan, severity.code))]
    return first[0] if first else tuple(sorted(plan.recipients()))[:1]


def _pages(plan: Plan, severity: str) -> list[Step]:
    return [step for step in plan.steps[severity] if step.do == "page" and not step.manual]
