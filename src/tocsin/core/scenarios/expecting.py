"""From the `expect` of an entry to an `Expectation`, noting what makes no sense."""

from collections.abc import Iterator
from datetime import timedelta
from typing import get_args

from tocsin.core.document import listed, near
from tocsin.core.incident.lifecycle import State
from tocsin.core.scenarios.expectations import (
    CALLS,
    CLOCK_STATES,
    CLOCK_WORDS,
    STANDS,
    TASK_STATES,
    ClockStands,
    Expectation,
    Item,
    Place,
    kinds,
)
from tocsin.core.scenarios.file import ExpectFile, StoryEntry
from tocsin.core.scenarios.noting import Notes
from tocsin.core.tree import Path


def expectation(notes: Notes, number: int, entry: StoryEntry, at: timedelta) -> Expectation:
    """Return what one entry of the story expects."""
    expect = entry.expect
    if expect is None:
        raise AssertionError("only what is written is read")
    path: Path = ("story", number, "expect")
    written = expect.model_fields_set
    nothing = not written - {"why", "line", "within", "until"}
    if nothing and not notes.document.damaged(path):
        hint = f"Write what is expected: {listed(ExpectFile.model_fields, 40)}."
        notes.wrong(path, "scenario.expect", "nothing is expected here", hint)
    _state_and_names(notes, path, expect)
    return Expectation(
        at=at,
        entry=number,
        incident=entry.incident,
        within=_within(notes, path, expect),
        until=_until(notes, path, expect, at),
        places=_places(notes, path, expect),
        items=tuple(_items(notes, path, expect)),
        no=_kinds(notes, (*path, "no"), expect.no),
        nobody=tuple(expect.nobody),
        only=_only(notes, (*path, "only"), expect.only),
        nothing_more=_kinds(notes, (*path, "nothing_more"), expect.nothing_more),
        stands=_stands(notes, expect),
        facts=expect.facts,
        role=expect.role,
        clocks={
            name: stands
            for name, text in expect.clocks.items()
            if (stands := _clock(notes, (*path, "clocks", name), text)) is not None
        },
        tasks=expect.tasks,
        on_call={name: tuple(people) for name, people in expect.on_call.items()},
    )


def _places(notes: Notes, path: Path, expect: ExpectFile) -> dict[str, Place]:
    """Return where each key stands, and each name in those that hold names (`clocks respond`)."""
    places = {"incident": notes.place(*path)}
    for key in expect.model_fields_set:
        places[key] = notes.place(*path, key)
    for key in ("facts", "role", "clocks", "tasks", "on_call"):
        for name in getattr(expect, key):
            places[f"{key} {name}"] = notes.place(*path, key, name)
    return places


def _stands(notes: Notes, expect: ExpectFile) -> dict[str, str]:
    """Return what an incident is to have one of; a severity's other names mean its code."""
    stands = {key: word for key in STANDS if (word := getattr(expect, key))}
    if "severity" in stands:
        codes = [plan.named(stands["severity"]) for plan in notes.world.plans()]
        stands["severity"] = next((code for code in codes if code != expect.severity), codes[0])
    return stands


def _items(notes: Notes, path: Path, expect: ExpectFile) -> Iterator[Item]:
    why, line = expect.why, expect.line
    for key in CALLS:
        names = getattr(expect, key)
        if key != "update":
            notes.recipients((*path, key), names)
        for to in names:
            yield Item(key=key, do=key, to=to, why=why, line=line)
    for key in CLOCK_WORDS:
        for clock in getattr(expect, key):
            yield Item(key=key, do=key, clock=clock, why=why, line=line)
    notes.recipients((*path, "reached"), expect.reached)
    for person in expect.reached:
        yield Item(key="reached", do="reached", to=person, why=why, line=line)
    for text in expect.refused:
        yield Item(key="refused", do="refused", why=text)
    for number, one in enumerate(expect.happens):
        _kind(notes, (*path, "happens", number), one.do)
        yield Item(
            key="happens",
            do=one.do,
            to=one.to,
            clock=one.clock,
            by=one.by,
            why=one.why or why,
            line=one.line or line,
            through=tuple(one.through),
        )


def _only(notes: Notes, path: Path, only: dict[str, list[str]] | None) -> tuple[Item, ...] | None:
    if only is None:
        return None
    for kind, names in only.items():
        notes.known((*path, kind), "scenario.happens", kind, CALLS, f"`{kind}` is no call")
        if kind != "update":
            notes.recipients((*path, kind), names)
    return tuple(Item(key="only", do=kind, to=to) for kind, names in only.items() for to in names)


def _kinds(notes: Notes, path: Path, names: list[str]) -> tuple[str, ...]:
    for number, kind in enumerate(names):
        _kind(notes, (*path, number), kind)
    return tuple(names)


def _kind(notes: Notes, path: Path, kind: str) -> None:
    if kind not in kinds():
        hint = f"{near(kind, kinds())}Known: {listed(kinds(), 60)}."
        notes.wrong(path, "scenario.happens", f"nothing that happens is called `{kind}`", hint)


def _within(notes: Notes, path: Path, expect: ExpectFile) -> timedelta:
    found = notes.duration((*path, "within"), expect.within) if expect.within else None
    return found or timedelta(0)


def _until(notes: Notes, path: Path, expect: ExpectFile, at: timedelta) -> timedelta | None:
    if not expect.until:
        return None
    if expect.within:
        hint = "Write `within` for how much later, or `until` for a time of the story."
        notes.wrong((*path, "until"), "scenario.expect", "`within` and `until` say the same", hint)
    until = notes.time((*path, "until"), expect.until)
    if until is not None and until <= at:
        hint = "Both count from the start of the story; write a later time."
        notes.wrong((*path, "until"), "scenario.time", "`until` is not after `at`", hint)
    return until


def _state_and_names(notes: Notes, path: Path, expect: ExpectFile) -> None:
    """Note what is no state, severity, fact, role, recipient or roster."""
    notes.severity((*path, "severity"), expect.severity)
    notes.known(
        (*path, "state"), "scenario.state", expect.state, get_args(State), "that is no state"
    )
    for task, state in expect.tasks.items():
        at = (*path, "tasks", task)
        notes.known(at, "scenario.state", state, TASK_STATES, "that is no state of a task")
    notes.facts((*path, "facts"), expect.facts)
    notes.roles((*path, "role"), list(expect.role))
    notes.recipients((*path, "nobody"), expect.nobody)
    organisation = notes.world.organisation
    rosters = organisation.rosters if organisation is not None else {}
    names = sorted(notes.world.callable_names() | rosters.keys())
    for name, people in expect.on_call.items():
        what = f"there is no roster or recipient `{name}`"
        notes.known((*path, "on_call", name), "scenario.recipient", name, names, what)
        notes.recipients((*path, "on_call", name), people)


def _clock(notes: Notes, path: Path, text: str) -> ClockStands | None:
    """Read how a clock stands: `12m left`, `due Monday 17:00`, or a state."""
    words = " ".join(text.split())
    for state in CLOCK_STATES:
        if words == state:
            return ClockStands(text, state=state)
    if words.endswith(" left"):
        left = notes.duration(path, words.removesuffix(" left"))
        return None if left is None else ClockStands(text, left=left)
    if words.startswith("due "):
        due = notes.time(path, words.removeprefix("due "))
        return None if due is None else ClockStands(text, due=due)
    hint = f"Write `12m left`, `due 1h`, `due Monday 17:00`, or one of {listed(CLOCK_STATES)}."
    notes.wrong(path, "scenario.clock", f"`{text}` does not say how a clock stands", hint)
    return None
