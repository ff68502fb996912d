"""A simulation as people read it: a table, and a sentence that says how it ends."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.text import Text

from tocsin.cli.output import (
    clean,
    console,
    counted,
    elapsed,
    listed,
    say,
    severity,
    table,
    time_of_day,
    wall_clock,
)
from tocsin.core.incident.events import BY_PLAN
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.simulation import Happening, Scenario
from tocsin.core.times import words_duration

CALLS = ("page", "notice", "ticket", "alarm")

VERBS = {
    "page": "page",
    "notice": "tell",
    "ticket": "give a ticket to",
    "alarm": "alarm",
    "clock_missed": "missed:",
    "clock_met": "kept:",
    "clock_dropped": "no longer:",
    "clock_started": "clock:",
    "nobody_reached": "nobody reached as",
    "escalation_asked": "called for",
    "acknowledged": "acknowledged by",
    "released": "given back by",
    "resolved": "resolved by",
    "reopened": "opened again by",
    "closed": "closed by",
    "noted": "note by",
    "fact_recorded": "fact from",
    "role_taken": "role given by",
    "refused": "refused to",
}
STYLES = {
    "page": "bold",
    "alarm": "bold red",
    "clock_missed": "red",
    "nobody_reached": "bold red",
    "refused": "red",
    "clock_met": "green",
    "acknowledged": "green",
    "resolved": "green",
    "closed": "green",
    "clock_started": "dim",
    "clock_dropped": "dim",
}
TOGETHER = ("clock_started", "alarm")
"""What is told in one line if it happens several times at once."""


@dataclass(frozen=True)
class Known:
    """What a line of a story is told with: how bad severities are, and whether people are real."""

    ranks: dict[str, int]
    real: bool


def show(
    plan: Plan, organisation: Organisation, scenario: Scenario, happened: Sequence[Happening]
) -> None:
    """Print a whole story."""
    zone = plan.time_zone
    at = happened[0].at if happened else scenario.starts
    who = clean(organisation.name) if organisation.version else "everybody is reachable"
    say((clean(scenario.title), "bold"))
    say(
        (f"{clean(plan.title or plan.name)}, detected {wall_clock(at, zone)} {zone}; {who}.", "dim")
    )
    console().print()
    ranks = {level.code: level.rank for level in plan.severities}
    rows = []
    before: Happening | None = None
    for group in _grouped(happened):
        rows.append(_row(group, before, zone, Known(ranks, bool(organisation.version))))
        before = group[0]
    table(["after", "clock", "what", "why", "line"], rows, {2: 3, 3: 5})
    console().print()
    say(*_ending(happened))


def _grouped(happened: Sequence[Happening]) -> Iterator[list[Happening]]:
    """Put together what reads better in one line; leave out what an alarm says by itself."""
    rung = {one.t for one in happened if one.do == "alarm"}
    group: list[Happening] = []
    for one in happened:
        if one.do == "exhausted" and one.t in rung:
            continue
        if group and not (one.do in TOGETHER and (one.do, one.t) == (group[0].do, group[0].t)):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _row(
    group: list[Happening], before: Happening | None, zone: str, known: Known
) -> list[str | Text]:
    first = group[0]
    again = before is not None and before.t == first.t
    whys = list(dict.fromkeys(clean(one.why) for one in group if one.why))
    return [
        "" if again else elapsed(timedelta(seconds=first.t)),
        "" if again else time_of_day(first.at, zone),
        _what(group, known),
        ", ".join(whys),
        ", ".join(dict.fromkeys(str(one.line) for one in group if one.line)),
    ]


def _what(group: list[Happening], known: Known) -> Text:
    first = group[0]
    if first.do in ("opened", "severity_changed"):
        verb = "detected as " if first.do == "opened" else "now "
        return Text.assemble(verb, severity(clean(first.to), known.ranks.get(first.to)))
    if first.do == "exhausted":
        return Text("nobody left to call", "bold red")
    if first.do == "clock_started" and len(group) > 1:
        verb = "clocks:"
    else:
        verb = VERBS.get(first.do, first.do.replace("_", " "))
    whom = [_whom(one, known) for one in group]
    return Text(f"{verb} {clean(listed(whom))}".rstrip(), STYLES.get(first.do, ""))


def _whom(one: Happening, known: Known) -> str:
    who = one.to or one.clock or (one.by if one.by != BY_PLAN else "")
    # A person, and a contact that belongs to nobody, is called by the recipient's own name.
    people = [person for person in one.people if person != one.to] if known.real else []
    return f"{who} ({', '.join(people)})" if people else who


def _ending(happened: Sequence[Happening]) -> list[str | tuple[str, str]]:
    called = list(dict.fromkeys(one.to for one in happened if one.do in CALLS))
    missed = list(dict.fromkeys(one.clock for one in happened if one.do == "clock_missed"))
    parts: list[str | tuple[str, str]] = []
    if not called:
        parts.append(("Nobody is called.", "bold red"))
    else:
        parts.append((f"{counted(len(called), 'recipient')} called", "bold"))
        parts.append(f": {clean(listed(called))}.")
    if missed:
        words = f" {counted(len(missed), 'clock')} missed: {clean(listed(missed))}."
        parts.append((words, "red"))
    return [*parts, *_answer(happened)]


def _answer(happened: Sequence[Happening]) -> list[str | tuple[str, str]]:
    first = {one.do: one for one in reversed(happened)}
    parts: list[str | tuple[str, str]] = []
    for do in ("acknowledged", "resolved", "closed"):
        if do in first:
            after = words_duration(timedelta(seconds=first[do].t))
            parts.append((f" {do.title()} after {after} by {clean(first[do].by)}.", "green"))
    if "acknowledged" in first or "resolved" in first:
        return parts
    alarm = first.get("exhausted")
    if alarm is None:
        return [*parts, " Nobody has answered."]
    after = words_duration(timedelta(seconds=alarm.t))
    rung = list(dict.fromkeys(one.to for one in happened if one.do == "alarm"))
    whom = clean(listed(rung)) or "nobody at all"
    words = f" Nobody answers: after {after} the alarm goes to {whom}, until somebody does."
    return [*parts, (words, "red")]
