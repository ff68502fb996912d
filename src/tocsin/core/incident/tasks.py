"""The tasks of a plan at work: when they are asked for, how they end, and what they hold up.

A task is armed once, at the instant from which the plan asks for it; its clock, if it has one,
bears its id. What Tocsin can do itself (tell people, escalate) is done on arming.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime

from tocsin.core.calendars import act_at, due_at
from tocsin.core.incident import events as e
from tocsin.core.incident.clocks import dropped, stopped
from tocsin.core.incident.escalation import MESSAGE_OF, steps_ahead
from tocsin.core.incident.folds_of_updates import STATUS, published_as
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Clock, Incident
from tocsin.core.oncall import reach
from tocsin.core.people import Organisation
from tocsin.core.plan.conditions import holds
from tocsin.core.plan.model import FactValue, Plan
from tocsin.core.plan.task import TELLING, Task
from tocsin.core.times import Within, words

Situation = Mapping[str, FactValue]


def armed(
    plan: Plan, incident: Incident, organisation: Organisation, now: datetime
) -> list[e.Event]:
    """Return the tasks that the plan asks for as of `now`, and what Tocsin does about them."""
    if not plan.tasks or incident.state == "closed":
        return []
    seen = situation(incident)
    happened: list[e.Event] = []
    tells: dict[tuple[str, str], list[Task]] = {}
    for task in plan.tasks:
        if not _can_be_armed(incident, task):
            continue
        since = _since(plan, incident, task)
        if since is None or since > now or not applies(incident, task, seen):
            continue
        happened += _arm(plan, incident, task, since, now)
        if task.do in TELLING:
            for to in task.to:
                tells.setdefault((task.do, to), []).append(task)
        elif task.do == "escalate":
            happened += _step_up(plan, incident, task, now)
    for (_, to), tasks in tells.items():
        happened.append(_tell(organisation, to, tasks, now))
    return happened


def settled(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return the open tasks that ended by themselves: shown to be done, or not asked for now."""
    still_open = open_tasks(plan, incident)
    if not still_open:
        return []
    seen = situation(incident)
    ended: list[e.Event] = []
    for task in still_open:
        if shown := _shown_done(incident, task, seen):
            ended += done(incident, task, now, why=shown)
        elif not task.lasting and not applies(incident, task, seen):
            why = "what it depended on has changed"
            ended.append(e.TaskDropped(at=now, task=task.id, why=why, line=task.line))
            ended += _clock_dropped(incident, task, now, why)
    return ended


def is_shown(plan: Plan, incident: Incident, name: str) -> bool:
    """Whether what has happened by now shows that an open task is done."""
    task = next((one for one in plan.tasks if one.id == name), None)
    return task is not None and bool(_shown_done(incident, task, situation(incident)))


def done(
    incident: Incident, task: Task, now: datetime, *, why: str = "", by: str = "", choice: str = ""
) -> list[e.Event]:
    """Return the end of a task that is done; its clock is met, or missed if it is too late."""
    who = by or e.BY_PLAN
    return [
        e.TaskDone(at=now, by=who, task=task.id, choice=choice, why=why, line=task.line),
        *stopped(incident, task.id, now),
    ]


def waived(incident: Incident, task: Task, now: datetime, *, why: str, by: str) -> list[e.Event]:
    """Return the end of a task that somebody says is not needed."""
    return [
        e.TaskWaived(at=now, by=by, task=task.id, why=why, line=task.line),
        *_clock_dropped(incident, task, now, f"not needed: {why}"),
    ]


def open_tasks(plan: Plan, incident: Incident) -> list[Task]:
    """Return the tasks that the plan asks for and that are not done, in the order of the plan."""
    still_open = {name for name, state in incident.tasks.items() if state.state == "open"}
    return [task for task in plan.tasks if task.id in still_open] if still_open else []


def holding_up(plan: Plan, incident: Incident, what: str) -> list[Task]:
    """Return the open tasks because of which `what` ("close", "phase recovery") is refused."""
    return [task for task in open_tasks(plan, incident) if what in task.holds]


def next_arming(plan: Plan, incident: Incident) -> datetime | None:
    """Return the next instant at which time alone arms a task; None if none is ahead."""
    if incident.state == "closed":
        return None
    seen: Situation | None = None
    moments = []
    for task in plan.tasks:
        if task.at is None or not _can_be_armed(incident, task):
            continue
        since = _since(plan, incident, task)
        if since is None:
            continue
        seen = situation(incident) if seen is None else seen
        if applies(incident, task, seen):
            moments.append(since)
    return min(moments, default=None)


def reopened(plan: Plan, incident: Incident, now: datetime) -> list[e.Event]:
    """Return what becomes of tasks that count from a resolution that was none, and of deadlines.

    Deadlines that a stand-down has dropped are owed again, as they were.
    """
    why = "the incident was reopened"
    ended: list[e.Event] = []
    still_open = open_tasks(plan, incident)
    owed = {f"phase {incident.phase}"}
    for task in still_open:
        if task.after not in ("resolved", "closed"):
            owed.add(task.id)
        else:
            ended.append(e.TaskDropped(at=now, task=task.id, why=why, line=task.line))
            ended += _clock_dropped(incident, task, now, why)
    given_up = (clock for clock in incident.clocks if clock.state == "dropped")
    return ended + [_runs_on(clock, now) for clock in given_up if clock.name in owed]


def _runs_on(clock: Clock, now: datetime) -> e.Event:
    """Let a clock that was dropped run on as if it had not been."""
    return e.ClockStarted(
        at=now, clock=clock.name, started_at=clock.started_at, due=clock.due, strict=clock.strict,
        why="it is owed again, as before", line=clock.line,
    )  # fmt: skip


def _comes_anew(incident: Incident, task: Task) -> bool:
    """Whether the moment of a task has come again since it was armed last."""
    known, moment = incident.tasks.get(task.id), incident.moments.get(task.after)
    return known is None or (moment is not None and moment > known.since)


def _can_be_armed(incident: Incident, task: Task) -> bool:
    # What rules out most tasks comes first: this is asked of every task after every event.
    if task.after and task.after not in incident.moments:
        return False
    known = incident.tasks.get(task.id)
    if known is not None and known.state != "dropped" and not _comes_again(incident, task):
        return False
    if task.until and task.until in incident.moments:
        return False
    return not (_undoes_nothing(incident, task) or _calls_for_nothing(incident, task))


def _undoes_nothing(incident: Incident, task: Task) -> bool:
    """Whether it would take back what somebody has said was not needed, and never did."""
    if not task.id.startswith("undo/"):
        return False
    known = incident.tasks.get(task.id.removeprefix("undo/"))
    return known is not None and known.state == "waived"


def _calls_for_nothing(incident: Incident, task: Task) -> bool:
    """Whether it would page people for what is over: what it counts from came before that."""
    if incident.resolved_at is None or not task.after or task.do not in ("page", "escalate"):
        return False
    return incident.moments[task.after] < incident.resolved_at


def _comes_again(incident: Incident, task: Task) -> bool:
    """Whether the moment of a task that is for every time has come again since it was armed."""
    known = incident.tasks[task.id]
    moment = incident.moments.get(task.after)
    if task.after == "opened":  # what was shown before says nothing of what was not over
        moment = incident.moments.get("reopened")
    return task.every_time and moment is not None and moment > known.since


def applies(incident: Incident, task: Task, seen: Situation) -> bool:
    """Whether the plan asks for the task at this severity and in this situation."""
    held = incident.severities_held if task.ever else ()
    levels = (incident.severity, *held)
    if task.severities and not any(level in task.severities for level in levels):
        return False
    if task.when and not holds(task.when, seen):
        return False
    return not any(holds(unless, seen) for unless in task.unless)


def _since(plan: Plan, incident: Incident, task: Task) -> datetime | None:
    """From when on the plan asks for the task: the planned instant, or when it came to apply.

    Whether a condition holds changes with events only, so a condition that holds now has held
    since the last event at the latest.
    """
    moment = incident.moments[task.after] if task.after else incident.opened_at
    planned = moment if task.at is None else act_at(task.at, moment, plan.calendars)
    if planned is None:
        return None
    conditional = task.when or task.severities or task.unless or not task.after
    changed = incident.changed_at or incident.opened_at
    return max(planned, changed) if conditional else planned


def _arm(
    plan: Plan, incident: Incident, task: Task, since: datetime, now: datetime
) -> Iterator[e.Event]:
    yield e.TaskArmed(at=now, task=task.id, text=task.text, why=task.why, line=task.line)
    if task.do == "act":
        yield e.TaskOrdered(at=now, task=task.id, text=task.text, line=task.line)
    if task.do in (*TELLING, "escalate"):
        # Tocsin does it at once, and with that it is done.
        yield e.TaskDone(at=now, task=task.id, line=task.line)
        return
    before = next((clock for clock in incident.clocks if clock.name == task.id), None)
    if before is not None and not _comes_anew(incident, task):
        # What was withdrawn and is so again is owed as before: neither a miss nor time is undone.
        if before.state == "dropped":
            yield _runs_on(before, now)
        return
    start = incident.moments.get(task.counts_from, since) if task.counts_from else since
    if task.within is None or (due := due_at(task.within, start, plan.calendars)) is None:
        return
    yield e.ClockStarted(
        at=now,
        clock=task.id,
        started_at=start,
        due=due,
        strict=isinstance(task.within, Within) and task.within.strict,
        why=f"{task.text}: {words(task.within)}",
        line=task.line,
    )


def _tell(organisation: Organisation, to: str, tasks: list[Task], now: datetime) -> e.Event:
    """Tell one recipient once, with the reasons of all tasks that ask for it at this instant."""
    first = tasks[0]
    why = "; ".join(dict.fromkeys(task.why or task.text for task in tasks))
    message, step = MESSAGE_OF[first.do], f"task {first.id}"
    found = reach(organisation, to, now, everyone=first.everyone)
    if found.gap:
        missing = f"{found.gap}; wanted because: {why}"
        return e.NobodyReached(
            at=now, message=message, to=to, step=step, why=missing, line=first.line
        )
    people = tuple(person.id for person in found.people) + ((to,) if found.contacts else ())
    return e.Told(
        at=now,
        message=message,
        to=to,
        people=people,
        step=step,
        until="resolved",
        why=why,
        line=first.line,
    )


def _step_up(plan: Plan, incident: Incident, task: Task, now: datetime) -> list[e.Event]:
    """Take the next step of the escalation that calls somebody, whatever its time."""
    ahead = [a.step for a in steps_ahead(plan, incident) if a.step.do == "page" and a.at > now]
    if not ahead:
        return []
    return [
        e.EscalationAsked(at=now, to=to, why=task.why or task.text, line=task.line)
        for to in ahead[0].to
        if to not in incident.asked
    ]


def _shown_done(incident: Incident, task: Task, seen: Situation) -> str:
    """Say what shows that the task is done, "" if nothing does."""
    if task.proof and holds(task.proof, seen):
        return f"shown by: {task.proof}"
    if task.met_by and task.met_by in incident.moments:
        return f"met by: {task.met_by}"
    if task.do == "ask" and task.answer in incident.facts:
        fact = incident.facts[task.answer]
        return f"{fact.by} said: {task.answer} = {fact.value}"
    if task.do == "publish":
        published = _published(incident, task)
        if published is not None and published >= incident.tasks[task.id].since:
            return f"published to {task.audience}"
    return ""


def _published(incident: Incident, task: Task) -> datetime | None:
    """When the update was published that a task waits for; free words do for any template.

    Every update says the status, so a new one is shown by whichever comes next.
    """
    if not task.template or task.after == STATUS:
        return incident.moments.get(f"published {task.audience}")
    names = (published_as(task.audience, form) for form in (task.template, ""))
    return max((at for name in names if (at := incident.moments.get(name))), default=None)


def _clock_dropped(incident: Incident, task: Task, now: datetime, why: str) -> Iterable[e.Event]:
    return dropped((clock for clock in incident.running() if clock.name == task.id), now, why)
