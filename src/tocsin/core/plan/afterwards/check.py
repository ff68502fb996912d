"""What does not fit together in what comes after and between incidents."""

import re

from tocsin.core.plan.afterwards.model import EXERCISES, Recurring
from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.tree import Path

_FINE_ENOUGH = (
    (r"\{(DD|n)\b", 0),
    (r"\{MM\}", 1),
    (r"\{QX\}", 3),
    (r"\{YYYY\}", 12),
)
"""A field of a file name, and the shortest period in months that it tells apart."""


def check_afterwards(plan: Plan, scope: Scope) -> None:
    """Report what is contradictory or left open in it to `scope`."""
    _types_are_defined(plan, scope)
    _production_is_safe(plan, scope)
    _files_differ(plan, scope)
    _targets_exist(plan, scope)


def _types_are_defined(plan: Plan, scope: Scope) -> None:
    drills = {_plain(entry.type) for entry in plan.afterwards.programme if entry.type}
    drills |= {entry.kind for entry in plan.afterwards.programme}
    for form in plan.afterwards.assessments:
        for number, name in enumerate(form.types):
            if _plain(name) not in drills:
                scope.report(
                    "note", ("assessments", form.id, "types", number), "plan.drill-type",
                    (f"no drill of the programme is of the type `{name}`",
                     f"Add one: `programme: {{...: {{type: {name}, every: quarter}}}}`, or remove "
                     "the type."),
                )  # fmt: skip
    forms = {form.id: form for form in plan.afterwards.assessments}
    for entry in plan.afterwards.programme:
        known = forms.get(entry.assessment)
        if known is None or not entry.type:
            continue
        if _plain(entry.type) not in {_plain(name) for name in known.types}:
            scope.report(
                "note", ("programme", entry.id, "type"), "plan.drill-type",
                (f"the form `{known.id}` does not know the type `{entry.type}`",
                 f"Add it under `types:` of `{known.id}`."),
            )  # fmt: skip


def _plain(name: str) -> str:
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _production_is_safe(plan: Plan, scope: Scope) -> None:
    for entry in plan.afterwards.programme:
        path: Path = ("programme", entry.id)
        if entry.environment != "production" or entry.kind not in EXERCISES:
            continue
        if not entry.safeguards:
            scope.error(
                path, "plan.safeguards", f"`{entry.id}` touches production without safeguards",
                "Say what keeps it harmless: `safeguards: [blast radius, abort at 1 % errors]`, "
                "or let it run in staging.",
            )  # fmt: skip
        elif not entry.abort_when and entry.kind == "chaos":
            scope.warn(
                path, "plan.safeguards", f"nothing ends the experiment `{entry.id}` in production",
                "Add `abort_when:` with a condition.",
            )  # fmt: skip


def _files_differ(plan: Plan, scope: Scope) -> None:
    for entry in plan.afterwards.programme:
        path = _where(entry)
        served = any(entry.id in other.satisfies for other in plan.afterwards.programme)
        if entry.kind == "drill" and not entry.document and not served:
            scope.report(
                "note", path, "plan.drill-document", (
                    f"nothing says where `{entry.id}` is written down",
                    "Add `document: docs/drills/{YYYY}-{MM}.md`."),
            )  # fmt: skip
        if not entry.document or not (entry.months or entry.weeks or entry.quarter):
            continue
        shortest = 0 if entry.weeks else 12 if entry.quarter else entry.months
        apart = min((m for p, m in _FINE_ENOUGH if re.search(p, entry.document)), default=999)
        if apart > shortest:
            scope.warn(
                path, "plan.document-collides",
                f"`{entry.document}` is one file for several times of `{entry.id}`",
                "Put the date into it: {YYYY}-{MM}, {YYYY}-{QX} or {YYYY}-{MM}-{DD}.",
            )  # fmt: skip


def _where(entry: Recurring) -> Path:
    section, _, name = entry.id.rpartition("/")
    return ("reports", name) if section else ("programme", entry.id)


def _targets_exist(plan: Plan, scope: Scope) -> None:
    """A report or form that compares a figure with a target needs one."""
    metrics = {metric.id: metric for metric in plan.afterwards.metrics}
    wanted = [(entry.id, entry.metrics) for entry in plan.afterwards.programme]
    wanted += [(form.id, form.metrics) for form in plan.afterwards.assessments]
    named = dict.fromkeys(name for _, names in wanted for name in names)
    for name in named:
        metric = metrics.get(name)
        if metric is None or metric.target is not None or metric.limit is not None:
            continue
        if scope.file.metrics[name].target is None:
            users = ", ".join(user for user, names in wanted if name in names)
            scope.warn(
                ("metrics", name), "plan.metric-target",
                f"`{name}` has no target, and {users} would compare it with one",
                "Add `target: 1h`, or `target: unspecified` if that is meant.",
            )  # fmt: skip
