"""What does not fit together in the phases, milestones and steps of a plan."""

from datetime import timedelta

from tocsin.core.plan.model import Plan
from tocsin.core.plan.notations import nominal
from tocsin.core.plan.scope import Scope
from tocsin.core.times import words_duration

AFTER_THE_END = ("resolved", "closed", "after phase", "done postmortem", "done undo")
"""Moments that cannot come while the incident is unresolved, by their beginnings."""


def check_response(plan: Plan, scope: Scope) -> None:
    """Report what cannot happen as it is written, or is left open."""
    _steps_have_items(scope)
    _milestones_can_be_met(plan, scope)
    _steps_wait_for_what_can_happen(plan, scope)


def _steps_have_items(scope: Scope) -> None:
    """A phase with a checklist should have an item for each of its steps."""
    for name, phase in scope.file.phases.items():
        if not phase.checklist:
            continue
        covered = {step for item in phase.checklist for step in item.covers}
        for number, step in enumerate(phase.steps):
            known = {step.id, step.do} - {None, ""}
            if known and not known & covered:
                scope.warn(
                    ("phases", name, "steps", number), "plan.step-without-item",
                    f"no item of the checklist stands for the step `{step.do or step.id}`",
                    "Add an item with `covers: [...]`, or remove the step.",
                )  # fmt: skip


def _milestones_can_be_met(plan: Plan, scope: Scope) -> None:
    """An outcome that presupposes the end contradicts a step that presupposes there is none."""
    late = {
        at: step
        for steps in plan.steps.values()
        for step in steps
        if step.until == "resolved" and (at := nominal(step.at)) is not None and at > timedelta()
    }
    for task in plan.tasks:
        if not task.id.startswith("milestone/") or not task.met_by.startswith(AFTER_THE_END):
            continue
        at = nominal_limit(task.within)
        for step_at, step in sorted(late.items()):
            if at is not None and step_at >= at:
                scope.found.add(
                    (task.line, 1), "plan.milestone-overlap",
                    f"`{task.text}` is expected after {words_duration(at)}, and the step on line "
                    f"{step.line} reckons with an unresolved incident after "
                    f"{words_duration(step_at)}",
                    "It is missed whenever that step is taken; that may be meant.", "note",
                )  # fmt: skip
                break


def nominal_limit(value: object) -> timedelta | None:
    """A limit in hours on the clock, None where it has none."""
    return getattr(value, "delay", None) or getattr(value, "limit", None)


def _steps_wait_for_what_can_happen(plan: Plan, scope: Scope) -> None:
    """A step must not wait for one that waits for it in turn."""
    behind = {task.id: task.behind for task in plan.tasks}
    for task in plan.tasks:
        seen: set[str] = set()
        ahead = list(task.behind)
        while ahead:
            other = ahead.pop()
            if other == task.id:
                scope.found.add(
                    (task.line, 1), "plan.unreachable",
                    f"`{task.text}` waits for a step that waits for it",
                    "Take one of the two out of `behind:` or `before:`.",
                )  # fmt: skip
                break
            if other not in seen:
                seen.add(other)
                ahead += behind.get(other, ())
