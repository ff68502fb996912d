"""What people do about the plan's tasks and phases: tick, waive, go on - or are refused."""

from datetime import datetime

from tocsin.core.calendars import due_at
from tocsin.core.document import near
from tocsin.core.incident import commands as c
from tocsin.core.incident import events as e
from tocsin.core.incident import tasks, watches
from tocsin.core.incident.clocks import stopped
from tocsin.core.incident.commands import Refusal
from tocsin.core.incident.situation import situation
from tocsin.core.incident.state import Incident
from tocsin.core.plan.conditions import facts_in, holds
from tocsin.core.plan.model import Plan
from tocsin.core.plan.response.model import Phase
from tocsin.core.plan.task import Task
from tocsin.core.times import Within, words

SHOWN = 3
"""So many open tasks a refusal names; it counts the others."""


def tick(plan: Plan, incident: Incident, command: c.Tick, now: datetime) -> list[e.Event] | Refusal:
    """Return what ticking a task does; one that was ticked before is done already."""
    task = _task(plan, incident, command.task)
    if isinstance(task, Refusal):
        return task
    known = incident.tasks.get(task.id)
    if known is not None and known.state in ("done", "waived"):
        return []
    if refusal := _cannot_be_ticked(plan, incident, task, command):
        return refusal
    if refusal := held_up(plan, incident, f"tick {task.id}", now):
        return refusal
    before = [] if known is not None and known.state == "open" else [_armed_early(task, now)]
    if task.each:
        ticked = set(known.ticked if known else ()) | {command.member}
        one = e.TaskTicked(
            at=now, by=command.by, via=command.via, why=command.why,
            task=task.id, member=command.member, line=task.line,
        )  # fmt: skip
        if not set(task.each) <= ticked:
            return [*before, one]
        before = [*before, one]
    ended = tasks.done(incident, task, now, why=command.why, by=command.by, choice=command.choice)
    return [*before, *ended]


def waive(
    plan: Plan, incident: Incident, command: c.Waive, now: datetime
) -> list[e.Event] | Refusal:
    """Return what it does to say that a task is not needed."""
    task = _task(plan, incident, command.task)
    if isinstance(task, Refusal):
        return task
    known = incident.tasks.get(task.id)
    if known is not None and known.state in ("done", "waived"):
        return []
    if incident.state == "closed":
        return _closed(incident)
    # Of a false alarm nothing is owed; without this it could only be closed by a lie.
    if not task.waivable and not incident.false_alarm:
        return Refusal(
            "incident.task-required",
            f"the plan asks for `{task.text}` in any case (line {task.line})",
            f"do it and say so: tocsin tick {incident.code} {task.id}",
        )
    if not command.why.strip():
        return Refusal(
            "incident.reason-missing",
            f"`{task.text}` is left out for a reason or not at all (line {task.line})",
            f"say why: tocsin waive {incident.code} {task.id} REASON",
        )
    return tasks.waived(incident, task, now, why=command.why, by=command.by)


def enter_phase(
    plan: Plan, incident: Incident, command: c.EnterPhase, now: datetime
) -> list[e.Event] | Refusal:
    """Return what going on to a phase does; the order of the plan holds unless it is forced."""
    phases = {phase.id: phase for phase in plan.response.phases}
    phase = phases.get(command.phase)
    if phase is None:
        return Refusal(
            "incident.unknown-phase", f"the plan knows no phase `{command.phase}`",
            near(command.phase, phases) + f"it has: {', '.join(phases) or 'none at all'}",
        )  # fmt: skip
    if incident.phase == phase.id or phase.id in incident.parallel:
        return []
    if incident.state == "closed":
        return _closed(incident)
    if command.force and not command.why.strip():
        return Refusal(
            "incident.reason-missing", "going on although something is open needs a reason",
            f"say why: tocsin phase {incident.code} {phase.id} --force --why REASON",
        )  # fmt: skip
    if not command.force and (refusal := _cannot_go_on(plan, incident, phase, now)):
        return refusal
    return entered(plan, incident, phase, now, command)


def entered(
    plan: Plan, incident: Incident | None, phase: Phase, now: datetime, command: c.Command
) -> list[e.Event]:
    """Return the beginning of a phase: it is entered, the one before is left, its box runs."""
    left = "" if incident is None or phase.parallel else incident.phase
    happened: list[e.Event] = [
        e.PhaseEntered(
            at=now, by=command.by, via=command.via, why=command.why,
            phase=phase.id, left=left, parallel=phase.parallel, line=phase.line,
        )
    ]  # fmt: skip
    if incident is not None:
        happened += stopped(incident, f"enter {phase.id}", now)
        if left:
            happened += stopped(incident, f"phase {left}", now)
    moments = {"opened": now} if incident is None else incident.moments
    start = moments.get(phase.counts_from, now) if phase.counts_from else now
    if phase.within is not None and (due := due_at(phase.within, start, plan.calendars)):
        strict = isinstance(phase.within, Within) and phase.within.strict
        happened.append(
            e.ClockStarted(
                at=now, clock=f"phase {phase.id}", started_at=start, due=due, strict=strict,
                why=f"{phase.name} {words(phase.within)}", line=phase.line,
            )
        )  # fmt: skip
    return happened


def begun(plan: Plan, command: c.Command, now: datetime) -> list[e.Event]:
    """Return the first phase of an incident that opens, and the planned starts of the others."""
    in_order = [phase for phase in plan.response.phases if not phase.parallel]
    if not in_order:
        return []
    happened = entered(plan, None, in_order[0], now, command)
    for phase in plan.response.phases:
        if phase is in_order[0] or phase.starts is None:
            continue
        if due := due_at(phase.starts, now, plan.calendars):
            happened.append(
                e.ClockStarted(
                    at=now, clock=f"enter {phase.id}", started_at=now, due=due,
                    why=f"{phase.name} starts by {words(phase.starts)}", line=phase.line,
                )
            )  # fmt: skip
    return happened


def held_up(plan: Plan, incident: Incident, what: str, now: datetime) -> Refusal | None:
    """Refuse `what` ("resolve", "close") while tasks or a watch of the plan stand before it."""
    left = tasks.holding_up(plan, incident, what)
    if left:
        return _open_first(incident, what, left)
    if waits := watches.in_the_way(plan, incident, what, now):
        return Refusal(
            "incident.watch-runs", f"{incident.code} cannot {what} yet: {waits}",
            "wait until it has passed; if things are not well, say so: tocsin reopen",
        )  # fmt: skip
    return None


def _cannot_go_on(plan: Plan, incident: Incident, phase: Phase, now: datetime) -> Refusal | None:
    if phase.parallel:
        return held_up(plan, incident, f"phase {phase.id}", now)
    in_order = [p.id for p in plan.response.phases if not p.parallel]
    here = in_order.index(incident.phase) if incident.phase in in_order else -1
    target = in_order.index(phase.id)
    if target < here:
        return None  # Going back is how a fix that failed goes on.
    if target > here + 1:
        return Refusal(
            "incident.phase-order",
            f"{', '.join(in_order[here + 1 : target])} comes before {phase.id} in the plan"
            f" (line {phase.line})",
            f"enter it first: tocsin phase {incident.code} {in_order[here + 1]};"
            " or force it with a reason: --force --why REASON",
        )
    for what in (f"leave {incident.phase}", f"phase {phase.id}"):
        if refusal := held_up(plan, incident, what, now):
            return refusal
    return None


def _open_first(incident: Incident, what: str, left: list[Task]) -> Refusal:
    named = "; ".join(f"{task.text} ({task.id}, line {task.line})" for task in left[:SHOWN])
    more = f"; and {len(left) - SHOWN} more" if len(left) > SHOWN else ""
    first = left[0]
    way = f"tick what is done: tocsin tick {incident.code} {first.id}"
    if first.do == "ask":
        way = f"answer it: tocsin fact {incident.code} {first.answer}=VALUE"
    elif first.do == "publish":
        way = f"publish it: tocsin update {incident.code} --audience {first.audience} TEXT"
    if incident.false_alarm or any(task.waivable for task in left):
        way += f"; or say why it is not needed: tocsin waive {incident.code} TASK REASON"
    return Refusal("incident.open-tasks", f"{what} has to wait for: {named}{more}", way)


def _task(plan: Plan, incident: Incident, name: str) -> Task | Refusal:
    """Find a task by its id, or by the last part of it where that is enough."""
    found = [t for t in plan.tasks if t.id == name] or [
        t for t in plan.tasks if t.id.rpartition("/")[2] == name and not t.id.startswith("undo/")
    ]
    if len(found) == 1:
        return found[0]
    if found:
        return Refusal(
            "incident.ambiguous-task", f"`{name}` names {len(found)} tasks",
            f"say which: {', '.join(task.id for task in found)}",
        )  # fmt: skip
    known = [task.id for task in tasks.open_tasks(plan, incident)]
    return Refusal(
        "incident.unknown-task", f"the plan knows no task `{name}`",
        near(name, [task.id for task in plan.tasks])
        + (f"open now: {', '.join(known)}" if known else "nothing is open now"),
    )  # fmt: skip


def _cannot_be_ticked(
    plan: Plan, incident: Incident, task: Task, command: c.Tick
) -> Refusal | None:
    if incident.state == "closed":
        return _closed(incident)
    if task.do == "ask":
        return Refusal(
            "incident.answer-needed", f"`{task.text}` is a question (line {task.line})",
            f"answer it: tocsin fact {incident.code} {task.answer}=VALUE",
        )  # fmt: skip
    if task.do == "publish":
        return Refusal(
            "incident.update-needed", f"`{task.text}` is done by publishing (line {task.line})",
            f"publish it: tocsin update {incident.code} --audience {task.audience} TEXT",
        )  # fmt: skip
    known = incident.tasks.get(task.id)
    if task.every_time and task.holds and (known is None or known.state == "dropped"):
        return Refusal(
            "incident.not-yet",
            f"`{task.text}` is asked for from `{task.after}` on (line {task.line})",
            "show it then: what is well before says nothing of then",
        )
    if waiting := _waits_for(plan, incident, task):
        return Refusal(
            "incident.task-order",
            f"`{task.text}` comes after: {', '.join(waiting)} (line {task.line})",
            f"do that first: tocsin tick {incident.code} {waiting[0]}",
        )
    if refusal := _shown_otherwise(incident, task):
        return refusal
    missing = [name for name in task.records if name not in incident.facts]
    if missing:
        return Refusal(
            "incident.fact-missing",
            f"`{task.text}` has to say: {', '.join(missing)} (line {task.line})",
            f"state it: tocsin fact {incident.code} {missing[0]}=VALUE",
        )
    return _wrong_choice(incident, task, command)


def _closed(incident: Incident) -> Refusal:
    return Refusal(
        "incident.closed", f"{incident.code} is closed", "put it into a note of a new incident"
    )


def _shown_otherwise(incident: Incident, task: Task) -> Refusal | None:
    """Nobody can say of something that it is so while the facts say that it is not."""
    if not task.proof or not holds(f"!({task.proof})", situation(incident)):
        return None
    known = [
        f"{name} is {incident.facts[name].value}"
        for name in sorted(facts_in(task.proof))
        if name in incident.facts
    ]
    so = f", and {', '.join(known)}" if known else ""
    return Refusal(
        "incident.not-so",
        f"`{task.text}` is so when {task.proof}{so} (line {task.line})",
        f"when that has changed, state it: tocsin fact {incident.code} NAME=VALUE"
        + (f"; or say why it is not needed: tocsin waive {incident.code} {task.id} REASON"
           if task.waivable else ""),
    )  # fmt: skip


def _wrong_choice(incident: Incident, task: Task, command: c.Tick) -> Refusal | None:
    if task.each and command.member not in task.each:
        done_already = incident.tasks[task.id].ticked if task.id in incident.tasks else ()
        rest = [member for member in task.each if member not in done_already]
        return Refusal(
            "incident.member-missing",
            f"`{task.text}` is ticked for each one singly (line {task.line})",
            f"say for which: tocsin tick {incident.code} {task.id} --member {rest[0]}"
            f" (left: {', '.join(rest)})",
        )
    if task.one_of and command.choice not in task.one_of:
        return Refusal(
            "incident.choice-missing",
            f"`{task.text}` can be done in several ways (line {task.line})",
            near(command.choice, task.one_of)
            + f"say which one: tocsin tick {incident.code} {task.id} --choice"
            f" '{task.one_of[0]}' (ways: {', '.join(task.one_of)})",
        )
    return None


def _waits_for(plan: Plan, incident: Incident, task: Task) -> list[str]:
    """The tasks that must be done before; one that is not asked for does not stand in the way."""
    seen = situation(incident)
    waiting = []
    for other in (t for t in plan.tasks if t.id in task.behind):
        known = incident.tasks.get(other.id)
        ended = known is not None and known.state in ("done", "waived")
        if not ended and tasks.applies(incident, other, seen):
            waiting.append(other.id)
    return waiting


def _armed_early(task: Task, now: datetime) -> e.Event:
    """A task that is done before the plan asks for it counts all the same."""
    return e.TaskArmed(
        at=now, task=task.id, text=task.text, why="done before it was asked for", line=task.line
    )
