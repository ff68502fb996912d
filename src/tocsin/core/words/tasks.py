"""Tasks in words: what is to be done, by whom, how soon, and what waits for it."""

from collections.abc import Mapping

from tocsin.core.plan.model import FactRule
from tocsin.core.plan.task import Task
from tocsin.core.words.calls import people
from tocsin.core.words.conditions import condition
from tocsin.core.words.moments import Naming, gate, moment
from tocsin.core.words.phrases import fact_words, listed, named
from tocsin.core.words.times import limit, point

DOES = {
    "do": "A person does it and ticks it.",
    "ask": "It is answered by stating the fact.",
    "page": "Tocsin calls them by itself, and waits for an acknowledgement.",
    "notify": "Tocsin tells them by itself.",
    "ticket": "Tocsin files the ticket by itself.",
    "act": "Tocsin orders the action and records it; whoever has carried it out ticks it.",
    "publish": "It is done once the update has been published.",
    "write": "It is done once the document has been written.",
    "escalate": "Tocsin takes the next step of the escalation at once.",
}


_TOLD = {"page": "calls", "notify": "tells", "ticket": "files a ticket with"}


def _as_is(kind: str, name: str) -> str:
    return name


def conditions_of(
    task: Task, facts: Mapping[str, FactRule], naming: Naming = _as_is
) -> tuple[str, ...]:
    """Say when the plan asks for the task, beside the moment that its heading names."""
    said: list[str] = []
    if task.severities:
        ever = ", or was so at any time" if task.ever else ""
        said.append(f"at {listed(task.severities)}{ever}")
    if task.when:
        said.append(f"when {condition(task.when, facts)}")
    said += [f"unless {condition(one, facts)}" for one in task.unless]
    if task.at is not None:
        said.append(
            f"asked for {point(task.at)}, counted from {moment(task.after or 'opened', naming)}"
        )
    elif task.after not in ("", "opened") and not task.after.startswith("phase "):
        # Headings name the phases, and nearly everything counts from the opening.
        said.append(f"from {moment(task.after, naming)} on")
    if task.until:
        said.append(f"until {moment(task.until, naming)}")
    if task.lasting:
        said.append("once asked for, it stays so")
    if task.every_time:
        said.append("every time that it comes about")
    return tuple(said)


def demands_of(task: Task, naming: Naming = _as_is) -> tuple[str, ...]:
    """Say who does it, how soon, and what it takes."""
    said: list[str] = []
    if task.need != "always":
        said.append(task.need)
    if task.by:
        said.append(f"done by the {named(task.by)}")
    if task.within is not None:
        since = f", counted from {moment(task.counts_from, naming)}" if task.counts_from else ""
        said.append(f"{limit(task.within)}{since}")
    if task.to:
        said.append(f"{_TOLD.get(task.do, 'goes to')} {people(task.to, everyone=task.everyone)}")
    if task.how:
        said.append(f"that is: {listed(task.how)}")
    if task.answer:
        said.append(f"answered by {fact_words(task.answer)}")
    if task.records:
        said.append(f"records {listed([fact_words(one) for one in task.records])}")
    if task.each:
        said.append(f"each one singly: {listed([named(one) for one in task.each])}")
    if task.one_of:
        said.append(f"one of: {listed(task.one_of, 'or')}")
    if task.undo:
        said.append(f"to be taken back before closing: {task.undo}")
    for key, name in (("for", task.audience), ("with", task.template), ("into", task.document)):
        if name:
            said.append(f"{key} the {named(name)}")
    return tuple(said)


def ties_of(task: Task, facts: Mapping[str, FactRule], naming: Naming = _as_is) -> tuple[str, ...]:
    """Say what comes before it, what waits for it and what shows that it is done."""
    said: list[str] = []
    if task.behind:
        said.append(f"after {listed([naming('done', one) for one in task.behind])}")
    waiting = [one for one in task.holds if not one.startswith("leave ")]
    if waiting:
        said.append(f"before {listed([gate(one, naming) for one in waiting])}")
    if task.proof:
        said.append(f"done as soon as {condition(task.proof, facts)}")
    if task.met_by:
        said.append(f"done with {moment(task.met_by, naming)}")
    return tuple(said)
