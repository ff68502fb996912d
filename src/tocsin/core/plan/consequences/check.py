"""What does not fit together in duties, regulations, ladders and triggers."""

from datetime import timedelta

from tocsin.core.document import listed, near
from tocsin.core.plan import references as refer
from tocsin.core.plan.consequences.compile import same_telling
from tocsin.core.plan.consequences.laws import LAWS
from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.plan.task import Task
from tocsin.core.times import words, words_duration
from tocsin.core.tree import Path

GDPR_HOURS = timedelta(hours=72)


def check_consequences(plan: Plan, scope: Scope) -> None:
    """Report what is contradictory or left open in the plan's consequences to `scope`."""
    _deadlines_say_from_when(plan, scope)
    _authorities_have_a_figure(plan, scope)
    _laws_are_kept(scope)
    _requirements_have_a_rule(scope)
    _duties_are_merged(plan, scope)
    _tasks_exist(plan, scope)
    _clocks_exist(plan, scope)


def _deadlines_say_from_when(plan: Plan, scope: Scope) -> None:
    for duty in plan.consequences.duties:
        section, name = _place(duty.id)
        asks = refer.lasts(duty.within)
        if section != "duties" or asks is None or duty.counts_from:
            continue
        file = scope.file.duties[name]
        if not file.from_ and not (file.page or file.notify):
            limit = words_duration(asks)
            scope.warn(
                ("duties", name), "plan.clock-start",
                f"nothing says what the {limit} of `{name}` count from; from when it applies, "
                "it is assumed",
                "Write `from: applies`, or the moment: `from: opened`.",
            )  # fmt: skip


def _authorities_have_a_figure(plan: Plan, scope: Scope) -> None:
    """In the GDPR the 72 hours are the authority's; a plan may have mixed the two up."""
    figures = [d for d in plan.consequences.duties if d.id.startswith("regulation/") and d.within]
    for duty in plan.consequences.duties:
        section, name = _place(duty.id)
        if section == "duties" and refer.lasts(duty.within) == GDPR_HOURS and not figures:
            scope.report(
                "note", ("duties", name), "plan.authority-figure",
                (f"`{name}` has 72h, and no authority has a figure",
                 "In the GDPR 72h are for the authority (Art. 33), and people are told without "
                 "undue delay (Art. 34). Compare: `regulations: {gdpr: {law: gdpr-33}}`."),
            )  # fmt: skip


def _laws_are_kept(scope: Scope) -> None:
    for name, file in scope.file.regulations.items():
        law, path = LAWS.get(file.law), ("regulations", name)
        if law is None:
            if file.law and near(file.law, LAWS):
                scope.report(
                    "note", (*path, "law"), "plan.law-unknown",
                    (f"Tocsin's table has no rule `{file.law}`; it is taken as a citation",
                     f"{near(file.law, LAWS)}It has: {listed(LAWS, 20)}."),
                )  # fmt: skip
            continue
        if not law.in_force:
            scope.report(
                "note", (*path, "law"), "plan.law-pending",
                (f"{law.citation} was not in force on {law.reviewed}",
                 "The plan's own words count; look whether it is by now."),
            )  # fmt: skip
        if file.within is None or not law.within:
            continue
        mine = refer.lasts(scope.time((*path, "within"), file.within))
        theirs = refer.lasts(scope.time((*path, "within"), law.within))
        if mine is not None and theirs is not None and mine > theirs:
            scope.warn(
                (*path, "within"), "plan.law-figure",
                f"{words_duration(mine)} is longer than the {words_duration(theirs)} of "
                f"{law.citation}",
                f"The plan's figure counts. Shorten it, or leave it out to take {law.within}.",
            )  # fmt: skip


def _requirements_have_a_rule(scope: Scope) -> None:
    """Something that must be done "if required", with nothing that says what requires it."""
    for name, file in scope.file.duties.items():
        if file.need == "if required" and not file.ask and not file.regulation:
            scope.warn(
                ("duties", name), "plan.duty-rule", f"nothing says what requires `{name}`",
                "Name the law, `regulation: gdpr`, or ask in the incident: `ask: Does a law require"
                " it?` with `answer: required_by_law`.",
            )  # fmt: skip


def _duties_are_merged(plan: Plan, scope: Scope) -> None:
    duties = plan.consequences.duties
    for number, duty in enumerate(duties):
        earlier = next((d for d in duties[:number] if same_telling(d, duty)), None)
        if earlier is None:
            continue
        limits = " and ".join(words(d.within) if d.within else "no limit" for d in (earlier, duty))
        scope.found.add(
            (duty.line, 1), "plan.duty-merged",
            f"{' and '.join(duty.to)} are told of the same thing on line {earlier.line} already",
            f"Telling them once meets both ({limits}). Is one of them too many?", "note",
        )  # fmt: skip


def _tasks_exist(plan: Plan, scope: Scope) -> None:
    """Steps that come first, and moments `done ...`, must be tasks of the plan."""
    known = {task.id for task in plan.tasks}
    for task in plan.tasks:
        if not task.id.startswith(("duty/", "regulation/", "postmortem/", "document/", "ladder/")):
            continue
        moments = (task.after, task.counts_from, task.until)
        named = [m.partition(" ")[2] for m in moments if m.startswith("done ")]
        for name in (*named, *task.behind):
            if name not in known:
                scope.found.add(
                    (task.line, 1), "plan.unknown-step",
                    f"`{task.id}` waits for `{name}`, which is no task of the plan",
                    near(name, known) + "Tasks are named by their id, such as "
                    f"`{next(iter(known))}`.",
                )  # fmt: skip


def _clocks_exist(plan: Plan, scope: Scope) -> None:
    """A trigger on a missed clock that the plan does not have would never fire."""
    clocks = {*plan.clocks, *(f"phase {phase.id}" for phase in plan.response.phases)}
    clocks |= {f"enter {phase.id}" for phase in plan.response.phases}
    clocks |= {task.id for task in plan.tasks if task.within is not None}
    for task in plan.tasks:
        name = task.after.removeprefix("missed ")
        if not task.id.startswith("trigger/") or name == task.after:
            continue
        path: Path = ("escalation", "triggers", _number(task))
        if name not in clocks and not name.startswith("assign "):
            scope.error(
                (*path, "on"), "plan.unknown-clock", f"no clock of the plan is called `{name}`",
                near(name, clocks) + f"Known: {listed(sorted(clocks))}.",
            )  # fmt: skip
        elif name in plan.clocks and not any(
            target.clock == name for severity in plan.severities for target in severity.targets
        ):
            scope.warn(
                (*path, "on"), "plan.unknown-clock", f"no severity has a limit for `{name}`",
                f"Give one: `{name}: 1h` under a severity; until then it is never missed.",
            )  # fmt: skip


def _number(task: Task) -> int:
    return int(task.id.rpartition("-")[2]) - 1


def _place(duty: str) -> tuple[str, str]:
    kind, _, name = duty.partition("/")
    return ("duties" if kind == "duty" else "regulations"), name
