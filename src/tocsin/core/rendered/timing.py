"""What falls when at one severity, as far as that can be drawn: for the axis of time."""

from collections.abc import Iterator
from datetime import timedelta

from tocsin.core.plan.check import limit
from tocsin.core.plan.model import Severity
from tocsin.core.plan.notations import nominal
from tocsin.core.rendered.pictures import Bar
from tocsin.core.rendered.wording import Wording
from tocsin.core.times import AnyTime, BusinessDays, CalendarDays
from tocsin.core.words.phrases import capital, named
from tocsin.core.words.times import limit as limit_words
from tocsin.core.words.times import point

_START = timedelta()


def bars_of(wording: Wording, severity: Severity) -> list[Bar]:
    """Return calls, limits, milestones, phases and updates that count from the opening."""
    return [
        *_calls(wording, severity),
        *_limits(wording, severity),
        *_tasks(wording, severity),
        *_phases(wording),
        *_updates(wording, severity),
    ]


def length(value: AnyTime) -> timedelta | None:
    """How long a limit leaves, days taken as 24 h; None if that cannot be drawn."""
    if isinstance(value, BusinessDays | CalendarDays):
        return timedelta(days=value.count)
    return limit(value)


def _calls(wording: Wording, severity: Severity) -> Iterator[Bar]:
    for step in wording.plan.steps.get(severity.code, ()):
        at = nominal(step.at)
        if step.manual or at is None:
            continue
        who = " or ".join(named(one) for one in step.to)
        note = "at once" if not at else point(step.at)
        yield Bar(lane=step.do, name=capital(who), start=at, note=note)


def _limits(wording: Wording, severity: Severity) -> Iterator[Bar]:
    plan = wording.plan
    for target in severity.targets:
        rule, end = plan.clocks.get(target.clock), length(target.within)
        if end is not None and rule is not None and rule.starts_at == "opened":
            name = capital(named(target.clock))
            yield Bar(
                lane="limit", name=name, start=_START, end=end, note=limit_words(target.within)
            )
    for role in plan.roles.values():
        if role.assign_within is None or (
            role.required_for and severity.code not in role.required_for
        ):
            continue
        end = length(role.assign_within)
        if end is not None:
            words = limit_words(role.assign_within)
            yield Bar(lane="limit", name=f"{role.name} named", start=_START, end=end, note=words)


def _tasks(wording: Wording, severity: Severity) -> Iterator[Bar]:
    """Milestones and other tasks with a time of their own."""
    for task in wording.plan.tasks:
        if task.severities and severity.code not in task.severities:
            continue
        from_start = task.after == "opened" and task.counts_from in ("", "opened")
        if not from_start or task.when:
            continue
        start = nominal(task.at) if task.at is not None else _START
        within = length(task.within) if task.within is not None else None
        if start is None or (within is None and task.at is None):
            continue
        end = start + within if within is not None else start
        note = limit_words(task.within) if task.within is not None else ""
        yield Bar(lane="milestone", name=task.text, start=end, note=note)


def _updates(wording: Wording, severity: Severity) -> Iterator[Bar]:
    for cadence in wording.plan.communication.cadences:
        every = length(cadence.every)
        audience = wording.plan.communication.audiences.get(cadence.audience)
        concerned = audience.severities if audience is not None else ()
        other = any(held and severity.code not in held for held in (cadence.severities, concerned))
        special = cadence.when or cadence.during or cadence.while_status or cadence.after
        if not every or other or special:
            continue
        first = length(cadence.first) if cadence.first is not None else every
        note = limit_words(cadence.every).replace("within", "every")
        name = f"To {named(cadence.audience)}"
        yield Bar(lane="update", name=name, start=first or every, again=every, note=note)


def _phases(wording: Wording) -> Iterator[Bar]:
    for phase in wording.plan.response.phases:
        start = nominal(phase.starts) if phase.starts is not None else None
        within = length(phase.within) if phase.within is not None else None
        if start is None and (within is None or phase.counts_from != "opened"):
            continue
        begin = start if start is not None else _START
        end = None
        if within is not None:
            end = within if phase.counts_from == "opened" else begin + within
        note = limit_words(phase.within) if phase.within is not None else ""
        yield Bar(lane="phase", name=phase.name, start=begin, end=end, note=note)
