"""A plan as a document: which sections there are, and in which order people need them."""

from collections.abc import Iterator, Sequence

import msgspec

from tocsin.core.people import Organisation
from tocsin.core.plan.citations import Citations
from tocsin.core.plan.model import Plan
from tocsin.core.problem import Problem
from tocsin.core.rendered.calling import escalation
from tocsin.core.rendered.cards import rows_of
from tocsin.core.rendered.closing import alerts, arrangements, index, open_points
from tocsin.core.rendered.levels import applies, facts, severities
from tocsin.core.rendered.outline import Outline, Section, Table, Text
from tocsin.core.rendered.persons import contacts, roles
from tocsin.core.rendered.rooms import room
from tocsin.core.rendered.wording import Wording
from tocsin.core.rendered.working import others, phases, playbooks, tasks_by_place, watches
from tocsin.core.words.phrases import capital, listed

ROOMS = ("people", "communication", "consequences", "afterwards", "catalogue")
"""Parts of the plan in the order in which people need them; others that come up follow them."""

BY_HAND = frozenset({"calendars", "exhausted", "alerts", "response"})
"""Parts that have sections of their own."""


def outline_of(
    plan: Plan,
    *,
    organisation: Organisation | None = None,
    cited: Citations | None = None,
    problems: Sequence[Problem] = (),
) -> Outline:
    """Return the whole document; with an organisation it names the people."""
    cited = cited if cited is not None else Citations(file="")
    wording = Wording(plan)
    tasks = tasks_by_place(plan.tasks)
    sections: list[Section] = [
        severities(wording),
        escalation(wording),
        roles(wording),
        contacts(wording, organisation),
        phases(wording, tasks),
        playbooks(wording, tasks),
        others(wording, tasks),
        watches(wording, tasks),
        *(room(wording, name, value) for name, value in rooms_of(plan)),
        facts(wording),
        alerts(wording),
        arrangements(wording),
        open_points(problems, cited),
        index(plan, cited),
    ]
    return Outline(
        title=plan.title,
        lead=plan.catalogue.head.purpose,
        about=Table((), tuple(_about(wording))),
        sections=tuple(section for section in sections if not section.empty),
    )


def rooms_of(plan: Plan) -> Iterator[tuple[str, msgspec.Struct]]:
    """The parts of a plan that have no sections of their own making, in their order."""
    values = {name: getattr(plan, name) for name in plan.__struct_fields__}
    found = [name for name, value in values.items() if isinstance(value, msgspec.Struct)]
    named = [*(name for name in ROOMS if name in found), *found]
    for name in dict.fromkeys(named):
        if name not in BY_HAND:
            yield name, values[name]


def _about(wording: Wording) -> Iterator[tuple[Text, ...]]:
    plan = wording.plan
    if plan.organisation:
        yield "Organisation", plan.organisation
    yield from rows_of(plan.catalogue.head, wording, frozenset({"purpose"}))
    if plan.kinds:
        yield "Kinds of incident", capital(listed(plan.kinds))
    if scope := applies(wording):
        yield "Applies to", scope
    if plan.standing == "as written":
        yield "Standing", "As written: it is kept as its document has it, and is not in force."
    yield "Plan", plan.name
    yield "Version", plan.version[:12]
