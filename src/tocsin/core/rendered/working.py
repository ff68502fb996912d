"""What is done in an incident: phases, playbooks, and whatever else the plan asks for."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta

from tocsin.core.plan.response.model import Phase, Watch
from tocsin.core.plan.task import Task
from tocsin.core.rendered.cards import condition_text
from tocsin.core.rendered.outline import (
    Block,
    Item,
    Listing,
    Paragraph,
    Section,
    Span,
    Table,
    Text,
    code,
)
from tocsin.core.rendered.wording import Wording, part
from tocsin.core.words.conditions import condition
from tocsin.core.words.moments import gate, moment
from tocsin.core.words.phrases import capital, listed, named, sentence
from tocsin.core.words.times import duration, limit, point

FOR_ALL = "For all of these:"
AND = "; "
_OTHERS = {
    "milestone": "Milestones", "evidence": "Evidence", "question": "Questions to be answered",
    "undo": "To be taken back", "role": "Roles", "team": "Teams", "expert": "Experts",
    "mode": "Modes", "duty": "Duties", "regulation": "Regulations", "ladder": "Ladders",
    "trigger": "Triggers", "recovery": "Disaster recovery", "postmortem": "Post-mortem",
    "route": "Who else is told", "freeze": "Freeze", "several": "Several incidents at once",
    "update": "Updates", "announcement": "Announcements", "document": "Documents",
}  # fmt: skip

Grouped = Mapping[str, Mapping[str, Sequence[Task]]]


def tasks_by_place(tasks: Iterable[Task]) -> Grouped:
    """Tasks by the first part of their ids, and there by the heading under which they stand."""
    found: dict[str, dict[str, list[Task]]] = {}
    for task in tasks:
        place = task.id.partition("/")[0]
        found.setdefault(place, {}).setdefault(task.group, []).append(task)
    return found


def phases(wording: Wording, tasks: Grouped) -> Section:
    """The stretches of the work, each with its checklist."""
    response = wording.plan.response
    rows = [_phase_row(wording, phase) for phase in response.phases]
    headings = ("Phase", "Begins", "Time box", "Goes on beside others", "Short name")
    table = Table(headings, tuple(rows))
    sections = [
        part(
            f"phase-{phase.id}", wording.name("phase", phase.id),
            Paragraph(phase.purpose) if phase.purpose else None,
            *_watches(wording, (f"leave {phase.id}", f"phase {phase.id}")),
            *checklists(wording, tasks.get(phase.id, {}), wording.name("phase", phase.id)),
            line=phase.line,
        )
        for phase in response.phases
    ]  # fmt: skip
    return part("phases", "Phases", table if rows else None, sections=sections)


def _phase_row(wording: Wording, phase: Phase) -> tuple[Text, ...]:
    box = limit(phase.within) if phase.within is not None else "–"
    if phase.within is not None and phase.counts_from:
        box += f", counted from {moment(phase.counts_from, wording.name)}"
    parallel = "yes" if phase.parallel else "no"
    begins = point(phase.starts) if phase.starts is not None else "–"
    return wording.name("phase", phase.id), begins, box, parallel, (code(phase.id),)


def playbooks(wording: Wording, tasks: Grouped) -> Section:
    """What is done in certain types of incident."""
    sections = []
    for id_, name, when, *_ in wording.plan.response.playbooks:
        title = name if name != id_ else capital(named(id_))
        applies: tuple[str | Span, ...] = ("It applies when: ", *_spans((when,), wording))
        sections.append(
            part(
                f"playbook-{id_}", title,
                Paragraph(applies) if when else None,
                *checklists(wording, tasks.get(id_, {}), name, when),
            )
        )  # fmt: skip
    return part("playbooks", "Playbooks", sections=sections)


def _spans(expressions: tuple[str, ...], wording: Wording) -> tuple[str | Span, ...]:
    said = condition_text(expressions, wording.facts)
    return said if isinstance(said, tuple) else (said,)


def others(wording: Wording, tasks: Grouped) -> Section:
    """All tasks that belong to no phase and no playbook, by what they are about."""
    response = wording.plan.response
    told = {phase.id for phase in response.phases} | {one[0] for one in response.playbooks}
    sections = []
    for place, groups in tasks.items():
        if place in told:
            continue
        title = _OTHERS.get(place)
        if title is None:
            title = capital(next(iter(groups)) or named(place))
        before = place.removeprefix("before-").replace("-", " ", 1)
        sections.append(
            part(
                f"tasks-{place}", title,
                *_watches(wording, (before,) if place.startswith("before-") else ()),
                *checklists(wording, groups, title),
            )
        )  # fmt: skip
    return part("tasks", "What else is asked for", sections=sections)


def watches(wording: Wording, tasks: Grouped) -> Section:
    """The watches that stand beside no checklist."""
    response = wording.plan.response
    beside = {f"before-{gate_}" for gate_ in ("close", "resolve")} & set(tasks)
    phases_ = {phase.id for phase in response.phases}
    rest = [
        watch
        for watch in response.watches
        if f"before-{watch.before}" not in beside and watch.before.partition(" ")[2] not in phases_
    ]
    items = tuple(Item(_watch(wording, watch)) for watch in rest)
    return part("watches", "Watches", Listing(items) if items else None)


def _watches(wording: Wording, befores: tuple[str, ...]) -> list[Block]:
    return [
        Paragraph(_watch(wording, watch))
        for watch in wording.plan.response.watches
        if watch.before in befores
    ]


def _watch(wording: Wording, watch: Watch) -> str:
    lasts = duration(timedelta(seconds=watch.lasts_seconds))
    parts = [f"{gate(watch.before, wording.name)} waits until things have stayed well for {lasts}"]
    parts.append(f"counted from {moment(watch.after, wording.name)}")
    if watch.severities:
        parts.append(f"at {listed(watch.severities)}")
    if watch.when:
        parts.append(f"when {condition(watch.when, wording.facts)}")
    said = sentence(", ".join(parts))
    again = []
    if watch.keeps:
        again.append(f"when it no longer holds that {condition(watch.keeps, wording.facts)}")
    if watch.restarts_on_alert:
        again.append("with every alert")
    if not again:
        return said
    return f"{said} {sentence('The time starts again ' + listed(again, 'or'))}"


def checklists(
    wording: Wording, groups: Mapping[str, Sequence[Task]], heading: str, given: str = ""
) -> list[Block]:
    """Lists to be ticked, one per group, each under its own words; that `given` holds is known."""
    blocks: list[Block] = []
    for group, tasks in groups.items():
        words = group.removeprefix(heading).removeprefix(":").strip()
        if words and len(groups) > 1:
            blocks.append(Paragraph((f"{capital(words)}:",)))
        demands = [wording.demands(task, given) for task in tasks]
        shared = [d for d in demands[0] if len(tasks) > 1 and all(d in other for other in demands)]
        if shared:
            blocks.append(Paragraph(f"{FOR_ALL} {AND.join(shared)}"))
        items = tuple(
            Item(
                task.text,
                (*(one for one in said if one not in shared), (code(task.id),)),
                task.line,
            )
            for task, said in zip(tasks, demands, strict=True)
        )
        blocks.append(Listing(items, checks=True))
    return blocks
