"""Reading a plan: text -> `Plan`, or everything that is wrong with it."""

from collections.abc import Callable
from datetime import date
from typing import NamedTuple

from msgspec.structs import replace

from tocsin.core.document import enough, in_order, salvage_document
from tocsin.core.plan.check import check_plan
from tocsin.core.plan.compile import compile_plan
from tocsin.core.plan.file import PlanFile
from tocsin.core.plan.heeding import heeds_alerts
from tocsin.core.plan.model import Plan
from tocsin.core.plan.scope import Scope
from tocsin.core.problem import Problem
from tocsin.core.tree import Enough


def read(
    text: str | bytes,
    file: str,
    *,
    exists: Callable[[str], bool] | None = None,
    text_of: Callable[[str], str | None] | None = None,
    today: date | None = None,
) -> tuple[Plan | None, list[Problem]]:
    """Read the text of a plan file; never raises.

    `file` only names it in problems. `exists` says whether there is a file at a path that the
    plan names, `text_of` what stands in it (None: no text), and `today` which day it is; without
    them files and reviews are not looked at.

    The plan is None exactly if a problem is an error; warnings and notes come along with a plan.
    Problems are in the order of the file.
    """
    plan, problems = _made_of(text, file, Beside(exists, text_of, today))
    refused = plan is None or any(problem.level == "error" for problem in problems)
    return None if refused else plan, problems


def salvage(text: str | bytes, file: str) -> Plan | None:
    """Return what can be made of a plan that was without errors for an older Tocsin; never raises.

    What is not understood is left out. None if not even severities are left.
    """
    plan, _ = _made_of(text, file, Beside())
    return plan if plan is not None and plan.severities else None


class Beside(NamedTuple):
    """What a shell knows beside the text of a plan; see `read`."""

    exists: Callable[[str], bool] | None = None
    text_of: Callable[[str], str | None] | None = None
    today: date | None = None


def _made_of(text: str | bytes, file: str, beside: Beside) -> tuple[Plan | None, list[Problem]]:
    document, problems = salvage_document(text, file, PlanFile)
    if document is None:
        return None, problems
    scope = Scope(document)
    scope.exists, scope.text_of, scope.today = beside
    scope.found.ends = True
    try:
        plan = compile_plan(scope, text)
        check_plan(plan, scope)
    except Enough:
        return None, enough(problems + scope.found.problems)
    # One slip can be met on several ways through the plan; it is told once.
    found = in_order(problems + scope.found.problems)
    return replace(plan, heeds_alerts=heeds_alerts(plan)), found
