"""The picture of a plan at one severity: who is called when, and which promises end when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from math import log1p

from tocsin.core.plan.model import Plan, Severity, Step
from tocsin.core.plan.notations import nominal
from tocsin.core.rendered.timing import bars_of
from tocsin.core.rendered.wording import Wording
from tocsin.core.words.phrases import capital, named
from tocsin.core.words.times import duration

WIDTH = 1000
LEFT, RIGHT = 210, 60
ROW = 34
TOP = 40
SCALE = timedelta(minutes=10)
"""Minutes are wide at the beginning of the axis, days narrow at its end."""

_TICKS = tuple(
    timedelta(minutes=minutes)
    for minutes in (0, 5, 15, 30, 60, 120, 240, 480, 1440, 2880, 4320, 10080, 20160, 43200)
)
_ROOM_FOR_TICK = 62
_ROOM_FOR_MARK = 9
_LETTER = 6.6
_RECURS_AT_MOST = 30
_NAME_AT_MOST = 28
_ROWS_AT_MOST = 24


@dataclass(frozen=True)
class Axis:
    """Where times stand on a chart that goes to `end`."""

    end: timedelta

    def share(self, time: timedelta) -> float:
        """Return the place of a time between 0 (the start) and 1 (the end)."""
        return min(log1p(max(time, timedelta()) / SCALE) / log1p(self.end / SCALE), 1.0)

    def x(self, time: timedelta) -> float:
        """Return where a time stands in the drawing."""
        return round(LEFT + self.share(time) * (WIDTH - LEFT - RIGHT), 1)

    def ticks(self) -> list[tuple[float, str]]:
        """Return the times that are written above the chart, each with its place."""
        kept: list[tuple[float, str]] = []
        for tick in _TICKS:
            x = self.x(tick)
            if tick <= self.end and (not kept or x - kept[-1][0] >= _ROOM_FOR_TICK):
                kept.append((x, short(tick) if tick else "start"))
        return kept


@dataclass(frozen=True)
class Mark:
    """One call or update: `how` it is drawn, `note` beside it, `says` when it is pointed at."""

    x: float
    how: str
    says: str
    note: str = ""
    line: int = 0


@dataclass(frozen=True)
class Stretch:
    """A promise: from `x1` on, until `x2` at the latest."""

    x1: float
    x2: float
    note: str
    ends_left: bool = False


@dataclass(frozen=True)
class Lane:
    """A row of the chart: `y` is its middle."""

    name: str
    y: int
    marks: Sequence[Mark] = ()
    stretch: Stretch | None = None
    heading: str = ""


@dataclass(frozen=True)
class Chart:
    """The drawing of one severity; `says` is for whoever cannot see it."""

    severity: Severity
    title: str
    lanes: Sequence[Lane]
    ticks: Sequence[tuple[float, str]]
    height: int
    says: str


@dataclass(frozen=True)
class _Call:
    """One call on the way: when it is made, how, to whom, and why."""

    at: timedelta
    how: str
    who: str
    line: int


def charts_of(plan: Plan) -> list[Chart]:
    """Return the picture of every severity, the worst first."""
    wording = Wording(plan)
    return [_chart(wording, severity) for severity in plan.severities]


def short(time: timedelta) -> str:
    """Say how long something is in few letters: "1 h 30 min"."""
    words = duration(time)
    for long, brief in (
        (" minutes", " min"),
        (" minute", " min"),
        (" hours", " h"),
        (" hour", " h"),
    ):
        words = words.replace(long, brief)
    return words.replace(" and ", " ").replace(" seconds", " s")


def _chart(wording: Wording, severity: Severity) -> Chart:
    plan = wording.plan
    calls = list(_calls(plan, severity))
    bars = [bar for bar in bars_of(wording, severity) if bar.lane in ("limit", "update")]
    last = max([call.at for call in calls] + [bar.end or bar.start for bar in bars], default=SCALE)
    axis = Axis(max(last * 1.25, timedelta(minutes=20)))
    rows = _call_rows(axis, calls)
    limits = [
        Lane(_brief(bar.name), 0, stretch=_stretch(axis, bar.end, bar.note))
        for bar in bars if bar.lane == "limit" and bar.end is not None
    ]  # fmt: skip
    updates = [
        Lane(_brief(bar.name), 0, marks=_recurring(axis, bar.start, bar.again, bar.note))
        for bar in bars if bar.lane == "update"
    ]  # fmt: skip
    lanes: list[Lane] = []
    y = TOP
    for heading, found in (("Calls", rows), ("Promises", limits), ("Updates", updates)):
        if found:
            y += 26
        for number, lane in enumerate(found[:_ROWS_AT_MOST]):
            head = heading if number == 0 else ""
            lanes.append(Lane(lane.name, y + ROW // 2, lane.marks, lane.stretch, head))
            y += ROW
    said = [f"{call.who}: {call.how} {short(call.at) if call.at else 'at once'}" for call in calls]
    said += [f"{bar.name} {bar.note}" for bar in bars]
    title = f"What happens when at {plan.shown(severity.code)} if nobody reacts"
    return Chart(severity, title, lanes, axis.ticks(), y + 12, "; ".join(said))


def _calls(plan: Plan, severity: Severity) -> Iterable[_Call]:
    """The calls of a severity in their order, with the alarm that ends them."""
    last: timedelta | None = None
    for step in plan.steps.get(severity.code, ()):
        at = nominal(step.at)
        if step.manual or at is None:
            continue
        for to in step.to:
            yield _Call(at, step.do, capital(named(to)), step.line)
        if step.do == "page":
            last = at
    if last is not None:
        whom = plan.exhausted.page or _last_told(plan.steps.get(severity.code, ()))
        for to in whom:
            at = last + timedelta(seconds=plan.exhausted.every_seconds)
            yield _Call(at, "alarm", capital(named(to)), plan.exhausted.line)


def _last_told(steps: Sequence[Step]) -> tuple[str, ...]:
    pages = [step.to for step in steps if step.do == "page" and not step.manual]
    return pages[-1] if pages else ()


def _call_rows(axis: Axis, calls: Sequence[_Call]) -> list[Lane]:
    rows = []
    for who in dict.fromkeys(call.who for call in calls):
        own = [call for call in calls if call.who == who]
        marks: list[Mark] = []
        for number, call in enumerate(own):
            x = axis.x(call.at)
            words = "at once" if not call.at else short(call.at)
            ahead = axis.x(own[number + 1].at) if number + 1 < len(own) else float(WIDTH)
            note = words if ahead - x > 18 + _LETTER * len(words) else ""
            marks.append(Mark(x, call.how, f"{call.how} {who}, {words}", note, call.line))
        rows.append(Lane(_brief(who), 0, marks))
    return rows


def _stretch(axis: Axis, end: timedelta, note: str) -> Stretch:
    x = axis.x(end)
    return Stretch(axis.x(timedelta()), x, note, x + 12 + _LETTER * len(note) > WIDTH)


def _recurring(
    axis: Axis, first: timedelta, again: timedelta | None, note: str
) -> tuple[Mark, ...]:
    times, at = [first], first
    while again and at + again <= axis.end and len(times) < _RECURS_AT_MOST:
        at += again
        if axis.x(at) - axis.x(times[-1]) >= _ROOM_FOR_MARK:
            times.append(at)
    x = axis.x(first)
    before = note if x - LEFT > 16 + _LETTER * len(note) else ""
    return tuple(
        Mark(axis.x(time), "update", note, before if number == 0 else "")
        for number, time in enumerate(times)
    )


def _brief(words: str) -> str:
    return words if len(words) <= _NAME_AT_MOST else f"{words[: _NAME_AT_MOST - 1].rstrip()}…"
