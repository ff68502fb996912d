"""A simulated story as people watch it: what happens in words, and lanes of time to draw."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from tocsin.core.incident.events import BY_PLAN
from tocsin.core.plan.model import Plan, Severity
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.words.phrases import capital, listed, named
from tocsin.web.pages.plan.chart import ROW, TOP, Axis, short
from tocsin.web.pages.words.sentences import Names, Tone

CALLS = {
    "page": "page", "alarm": "alarm", "notice": "notify", "ticket": "ticket",
    "update_sent": "update",
}  # fmt: skip
"""What calls somebody -> how it is drawn."""

TOGETHER = frozenset({"clock_started", "task_armed", "task_done", "clock_missed", "clock_met"})
"""What is told in one line if it happens several times at once."""

SAID: dict[str, tuple[str, Tone, str]] = {
    "opened": ("flag", "plain", "It is detected as {to}"),
    "severity_changed": ("stairs-up", "plain", "It is {to} from now on"),
    "page": ("bell-ringing", "call", "Page {to}"),
    "alarm": ("alert-triangle", "bad", "Alarm {to}"),
    "notice": ("bell", "say", "Tell {to}"),
    "ticket": ("notes", "say", "Give a ticket to {to}"),
    "update": ("speakerphone", "say", "An update for {to}"),
    "update_sent": ("send", "say", "Send the update to {to}"),
    "update_proposed": ("speakerphone", "say", "An update waits for approval, for {to}"),
    "update_withdrawn": ("speakerphone", "plain", "No update for {to} any more"),
    "update_refused": ("speakerphone", "bad", "Somebody has to tell {to}"),
    "audience_forgotten": ("speakerphone", "bad", "Never told: {to}"),
    "exhausted": ("alert-triangle", "bad", "Nobody is left to call"),
    "nobody_reached": ("circle-x", "bad", "Nobody is reached as {to}"),
    "not_delivered": ("circle-x", "bad", "{to} is not reached"),
    "escalation_asked": ("stairs-up", "call", "{by} calls {to}"),
    "acknowledged": ("check", "good", "{by} acknowledges"),
    "resolved": ("circle-check", "good", "{by} resolves it"),
    "reopened": ("refresh", "bad", "It is open again"),
    "closed": ("lock", "good", "It is closed"),
    "clock_started": ("clock", "plain", "Clocks start: {to}"),
    "clock_missed": ("circle-x", "bad", "Missed: {to}"),
    "clock_met": ("circle-check", "good", "Kept: {to}"),
    "clock_dropped": ("clock", "plain", "No longer counts: {to}"),
    "role_taken": ("id-badge-2", "good", "{to} is held from now on"),
    "task_armed": ("checklist", "plain", "To do: {to}"),
    "task_done": ("check", "plain", "Done: {to}"),
    "task_dropped": ("checklist", "plain", "No longer to do: {to}"),
    "phase_entered": ("flag", "plain", "Phase: {to}"),
    "watch_started": ("eye", "plain", "Watch: {to}"),
    "watch_passed": ("eye", "good", "Watch passed: {to}"),
    "fact_recorded": ("info-circle", "plain", "A fact is stated"),
    "mode_changed": ("settings", "plain", "Mode: {to}"),
    "refused": ("ban", "bad", "Refused to {to}"),
    "given_up": ("hourglass", "bad", "The story is not told to its end"),
}
"""What happens -> its sign, its tone, and its words."""

_ENDS = {"clock_missed": "missed", "clock_met": "done", "clock_dropped": ""}
_ANSWERS = ("acknowledged", "resolved", "closed")
_SAYS_ALL = ("opened", "task_armed", "phase_entered")
_LANES_AT_MOST = 30
_NAME_AT_MOST = 28


@dataclass(frozen=True)
class Told:
    """One line of the story. `place` is where it stands on the axis of time, from 0 to 1."""

    t: float
    place: float
    at: datetime
    after: str
    sign: str
    tone: Tone
    what: str
    whom: str
    why: str
    line: int


@dataclass(frozen=True)
class Point:
    """One mark of a lane, from its place on the axis on."""

    x: float
    place: float
    how: str
    says: str


@dataclass(frozen=True)
class Span:
    """A clock that runs, from place to place."""

    x: float
    width: float
    place: float
    until: float


@dataclass
class Lane:
    """A row: somebody who is called, a clock, or what people do."""

    name: str
    heading: str = ""
    y: int = 0
    note: str = ""
    points: list[Point] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)


@dataclass(frozen=True)
class Story:
    """A story of one severity, ready to be shown; `cut` says that it was too long."""

    severity: Severity
    told: Sequence[Told]
    lanes: Sequence[Lane]
    ticks: Sequence[tuple[float, str]]
    height: int
    ending: str
    ends_well: bool
    cut: bool
    end: timedelta


def end_of(stories: Iterable[Sequence[Happening]]) -> timedelta:
    """Return where the axis of these stories ends."""
    last = max((one.t for story in stories for one in story), default=0.0)
    return max(timedelta(seconds=last) * 1.06, timedelta(minutes=20))


def story_of(
    plan: Plan, names: Names, severity: Severity, happened: Sequence[Happening], end: timedelta,
    *, cut: bool = False,
) -> Story:  # fmt: skip
    """Tell a story on an axis that goes to `end`."""
    axis = Axis(end)
    cut = cut or any(one.do == "given_up" for one in happened)
    lanes = _lanes(plan, names, happened, axis)
    y, before = TOP, ""
    for lane in lanes:
        y += 26 if lane.heading != before else 0
        before, lane.heading = lane.heading, "" if lane.heading == before else lane.heading
        lane.y = y + ROW // 2
        y += ROW
    ending, well = _ending(names, happened)
    return Story(
        severity=severity,
        told=[_told(names, group, axis) for group in _grouped(happened)],
        lanes=lanes,
        ticks=axis.ticks(),
        height=y + 12,
        ending=ending,
        ends_well=well,
        cut=cut,
        end=end,
    )


def _grouped(happened: Sequence[Happening]) -> Iterator[list[Happening]]:
    alarmed = {one.t for one in happened if one.do == "alarm"}
    group: list[Happening] = []
    for one in happened:
        if one.do == "exhausted" and one.t in alarmed:
            continue
        if group and not (one.do in TOGETHER and (one.do, one.t) == (group[0].do, group[0].t)):
            yield group
            group = []
        group.append(one)
    if group:
        yield group


def _told(names: Names, group: list[Happening], axis: Axis) -> Told:
    first = group[0]
    sign, tone, words = SAID.get(
        first.do, ("dots", "plain", capital(first.do.replace("_", " ")) + " {to}")
    )
    whom = listed(list(dict.fromkeys(_about(names, one) for one in group)))
    at = timedelta(seconds=first.t)
    by = names(first.by) if first.by not in ("", BY_PLAN) else "Somebody"
    people = dict.fromkeys(person for one in group for person in one.people)
    named_so = {_about(names, one) for one in group}
    known = [names(person) for person in people if names(person) not in named_so]
    whys = dict.fromkeys(one.why for one in group if one.why and len(group) == 1)
    return Told(
        t=first.t,
        place=round(axis.share(at), 5),
        at=first.at,
        after=short(at) if first.t else "start",
        sign=sign,
        tone=tone,
        what=words.replace("{to}", whom).replace("{by}", by).strip(),
        whom=listed(known) if first.do in CALLS else "",
        why="" if first.do in _SAYS_ALL else "; ".join(whys),
        line=first.line,
    )


def _about(names: Names, one: Happening) -> str:
    if one.do.startswith("task_"):
        return names.task(one.to)
    if one.do == "phase_entered":
        return names.phase(one.to)
    if one.do.startswith("role_"):
        return names.role(one.to)
    return _name(names, one.to) if one.to else _clock(names, one.clock)


def _clock(names: Names, clock: str) -> str:
    """Say what has to happen while a clock runs, by the names of the plan."""
    return names.clock(clock) if " " in clock else named(clock)


def _name(names: Names, one: str) -> str:
    """Say who or what is meant: a person by name, everything else in words."""
    return names(one) if names(one) != one else named(one)


def _lanes(plan: Plan, names: Names, happened: Sequence[Happening], axis: Axis) -> list[Lane]:
    people: dict[str, Lane] = {}
    clocks: dict[str, Lane] = {}
    running: dict[str, float] = {}
    acts = Lane("People answer", "People")
    for one in happened:
        at = timedelta(seconds=one.t)
        if one.do in CALLS:
            lane = people.setdefault(one.to, Lane(_brief(capital(_name(names, one.to))), "Calls"))
            lane.note = lane.note or listed([names(p) for p in one.people if p != one.to])
            lane.points.append(_point(axis, at, CALLS[one.do], f"{one.do} {one.to}"))
        elif one.do == "clock_started":
            clocks.setdefault(one.clock, Lane(_brief(capital(_clock(names, one.clock))), "Clocks"))
            running[one.clock] = one.t
        elif one.do in _ENDS and one.clock in running:
            lane = clocks[one.clock]
            lane.spans.append(_span(axis, timedelta(seconds=running.pop(one.clock)), at))
            if _ENDS[one.do]:
                lane.points.append(
                    _point(axis, at, _ENDS[one.do], f"{_clock(names, one.clock)}: {one.why}")
                )
        elif one.do in _ANSWERS:
            by = names(one.by)
            acts.points.append(_point(axis, at, "done", f"{one.do} by {by}"))
    for clock, since in running.items():
        clocks[clock].spans.append(_span(axis, timedelta(seconds=since), axis.end))
    answered = [acts] if acts.points else []
    return [*people.values(), *answered, *clocks.values()][:_LANES_AT_MOST]


def _point(axis: Axis, at: timedelta, how: str, says: str) -> Point:
    return Point(axis.x(at), round(axis.share(at), 5), how, says)


def _span(axis: Axis, start: timedelta, end: timedelta) -> Span:
    x = axis.x(start)
    return Span(
        x,
        round(max(axis.x(end) - x, 2.0), 1),
        round(axis.share(start), 5),
        round(axis.share(end), 5),
    )


def _ending(names: Names, happened: Sequence[Happening]) -> tuple[str, bool]:
    """Say in a sentence how it ends, and whether that is well."""
    called = list(dict.fromkeys(one.to for one in happened if one.do in CALLS))
    late = [one.clock for one in happened if one.do == "clock_missed"]
    missed = list(dict.fromkeys(_clock(names, clock) for clock in late))
    who = [_name(names, one) for one in called]
    said = [f"Called: {listed(who)}."
            if called else "Nobody is called."]  # fmt: skip
    if missed:
        said.append(f"Missed: {listed(missed)}.")
    first = {one.do: one for one in reversed(happened)}
    answers = [first[do] for do in _ANSWERS if do in first]
    said += [
        f"{capital(one.do)} after {short(timedelta(seconds=one.t))} by {names(one.by)}."
        for one in answers
    ]
    alarm = first.get("exhausted")
    if alarm is not None:
        whom = listed([_name(names, one.to) for one in happened if one.do == "alarm"][:3])
        after = short(timedelta(seconds=alarm.t))
        said.append(f"After {after} the alarm goes to {whom or 'nobody at all'}"
                    + (", until somebody answers." if not answers else "."))  # fmt: skip
    elif not answers:
        said.append("Nobody has answered.")
    return " ".join(said), bool(answers) and not missed


def _brief(words: str) -> str:
    return words if len(words) <= _NAME_AT_MOST else f"{words[: _NAME_AT_MOST - 1].rstrip()}…"
