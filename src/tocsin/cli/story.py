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
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.simulation import Scenario
from tocsin.core.times import words_duration

CALLS = ("page", "notice", "ticket", "alarm", "update")

VERBS = {
    "page": "page",
    "notice": "tell",
    "ticket": "give a ticket to",
    "alarm": "alarm",
    "update_sent": "send the update to",
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
    "role_taken": "role taken:",
    "alerts_joined": "alert from",
    "alerts_resolved": "alert over, says",
    "delivered": "reached",
    "not_delivered": "not reached:",
    "update": "update for",
    "update_proposed": "update to be approved for",
    "update_withdrawn": "no update for",
    "update_refused": "somebody has to tell",
    "audience_forgotten": "never told:",
    "outage": "out of order:",
    "plan_edited": "plan in force:",
    "refused": "refused to",
    "given_up": "given up:",
    "task_armed": "to do:",
    "task_ordered": "ordered:",
    "task_ticked": "ticked:",
    "task_done": "done:",
    "task_waived": "not needed:",
    "task_dropped": "no longer to do:",
    "phase_entered": "phase:",
    "watch_started": "watch:",
    "watch_passed": "watch passed:",
}
STYLES = {
    "page": "bold",
    "alarm": "bold red",
    "clock_missed": "red",
    "nobody_reached": "bold red",
    "refused": "red",
    "not_delivered": "red",
    "outage": "red",
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
    """What a line is told with: how bad severities are, whether people are real, and whether
    there are several incidents to tell apart."""

    ranks: dict[str, int]
    real: bool
    several: bool


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
    known = known_of(plan, organisation, happened)
    rows = []
    before: Happening | None = None
    for group in _grouped(happened):
        rows.append(_row(group, before, zone, known))
        before = group[0]
    table(["after", "clock", "what", "why", "line"], rows, {2: 3, 3: 5})
    console().print()
    say(*_ending(happened))


def known_of(plan: Plan, organisation: Organisation, happened: Sequence[Happening]) -> Known:
    """Return what the lines of a story are told with."""
    ranks = {level.code: level.rank for level in plan.severities}
    codes = {one.incident for one in happened if one.incident}
    return Known(ranks, bool(organisation.version), len(codes) > 1)


def words_of(happening: Happening, known: Known) -> Text:
    """Tell one happening without its time."""
    return _what([happening], known)


def _grouped(happened: Sequence[Happening]) -> Iterator[list[Happening]]:
    """Put together what reads better in one line; leave out what an alarm says by itself."""
    rung = {(one.t, one.incident) for one in happened if one.do == "alarm"}
    group: list[Happening] = []
    for one in happened:
        if one.do == "exhausted" and (one.t, one.incident) in rung:
            continue
        if group and not (one.do in TOGETHER and _same_time(one, group[0])):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _same_time(one: Happening, other: Happening) -> bool:
    return (one.do, one.t, one.incident) == (other.do, other.t, other.incident)


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
    which = group[0].incident if known.several else ""
    told = _told(group, known)
    return Text.assemble((f"{clean(which)} ", "dim"), told) if which else told


def _told(group: list[Happening], known: Known) -> Text:
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
    named = known.real and one.do in CALLS
    people = [person for person in one.people if person != one.to] if named else []
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
