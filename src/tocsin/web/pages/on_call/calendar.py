"""A roster as a calendar: weeks of bars on the roster's own clocks, exact over clock changes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from datetime import time as clock_time

from whenever import Instant

from tocsin.core.oncall import Gap, Shift, first_instant, gaps, on_call, shifts
from tocsin.core.people import Organisation, Roster
from tocsin.web.pages.people.reach import not_woken_why
from tocsin.web.pages.words.sentences import Names

TONES = 8
"""How many colours there are for people; names stand beside them."""

AHEAD = timedelta(days=30)
"""How far gaps are looked for."""


@dataclass(frozen=True)
class Day:
    """One column; `x` and `width` are percent of the week."""

    date: date
    x: str
    width: str
    is_today: bool
    is_changing: bool


@dataclass(frozen=True)
class Bar:
    """A piece of a shift within a week; `gap` says why nobody would be woken, "" if somebody is.

    `starts` and `ends`: whether the shift itself begins or ends here, not only the week.
    """

    shift: Shift
    name: str
    tone: int
    x: str
    width: str
    starts: bool
    ends: bool
    gap: str
    instead_of: str

    @property
    def room(self) -> float:
        """How much of the week there is for words, in percent."""
        return float(self.width.rstrip("%"))


@dataclass(frozen=True)
class Week:
    """Seven days from Monday; `now_x` is where the present is, "" if it is in another week."""

    start: datetime
    end: datetime
    days: tuple[Day, ...]
    bars: tuple[Bar, ...]
    now_x: str


@dataclass(frozen=True)
class Hole:
    """A gap with its reason."""

    gap: Gap
    why: str


@dataclass(frozen=True)
class Calendar:
    """One roster over some weeks, and what is not covered in the time to come."""

    roster: Roster
    weeks: tuple[Week, ...]
    shifts: tuple[Shift, ...]
    holes: tuple[Hole, ...]


@dataclass(frozen=True)
class View:
    """What of the rosters is looked at, and with whose eyes."""

    organisation: Organisation
    woken: Collection[str]
    now: datetime
    first: date
    weeks: int


def calendar(view: View, roster: Roster, beneath: Roster) -> Calendar:
    """Return a roster's calendar; `beneath` is the roster without what people made meanwhile."""
    starts = [midnight(view.first + timedelta(weeks=n), roster) for n in range(view.weeks + 1)]
    weeks = tuple(
        _week(view, roster, beneath, view.first + timedelta(weeks=number))
        for number in range(view.weeks)
    )
    open_ = gaps(roster, view.now, view.now + AHEAD, view.woken)
    holes = tuple(Hole(gap, not_woken_why(view.organisation, gap.person)) for gap in open_)
    return Calendar(roster, weeks, tuple(shifts(roster, starts[0], starts[-1])), holes)


def monday_of(day: date) -> date:
    """Return the Monday of a day's week."""
    return day - timedelta(days=day.weekday())


def today_of(now: datetime, time_zone: str) -> date:
    """Return the date of an instant on the clocks of a zone."""
    return Instant(now).to_tz(time_zone).date().to_stdlib()


def midnight(day: date, roster: Roster) -> datetime:
    """Return when a day begins on a roster's clocks."""
    return first_instant(datetime.combine(day, clock_time()), roster.time_zone)


def local(at: datetime, time_zone: str) -> str:
    """Return an instant as a form writes it, on the clocks of a zone."""
    return Instant(at).to_tz(time_zone).to_plain().to_stdlib().strftime("%Y-%m-%dT%H:%M")


def tones(organisation: Organisation) -> dict[str, int]:
    """Return each person's colour."""
    return {person: place % TONES for place, person in enumerate(organisation.people)}


def _week(view: View, roster: Roster, beneath: Roster, monday: date) -> Week:
    dates = [monday + timedelta(days=n) for n in range(8)]
    midnights = [midnight(one, roster) for one in dates]
    start, end = midnights[0], midnights[-1]
    today = today_of(view.now, roster.time_zone)
    days = tuple(
        Day(
            date=day,
            x=_percent(at - start, end - start),
            width=_percent(after - at, end - start),
            is_today=day == today,
            is_changing=after - at != timedelta(days=1),
        )
        for day, at, after in zip(dates, midnights, midnights[1:], strict=False)
    )
    return Week(
        start=start,
        end=end,
        days=days,
        bars=tuple(_bars(view, roster, beneath, (start, end))),
        now_x=_percent(view.now - start, end - start) if start <= view.now < end else "",
    )


def _bars(
    view: View, roster: Roster, beneath: Roster, span: tuple[datetime, datetime]
) -> Sequence[Bar]:
    start, end = span
    if not roster.rotation:
        return ()
    colours, names = tones(view.organisation), Names(view.organisation)
    found = []
    at = start
    while at < end:
        shift = on_call(roster, at)
        left, right = max(shift.start, start), min(shift.end, end)
        at = right
        instead = ""
        if shift.made:
            others = {one.person for one in shifts(beneath, left, right)} - {shift.person}
            instead = names.all(tuple(sorted(others)))
        is_woken = shift.person in view.woken
        found.append(
            Bar(
                shift=shift,
                name=names(shift.person),
                tone=colours.get(shift.person, 0),
                x=_percent(left - start, end - start),
                width=_percent(right - left, end - start),
                starts=shift.start >= start,
                ends=shift.end <= end,
                gap="" if is_woken else not_woken_why(view.organisation, shift.person),
                instead_of=instead,
            )
        )
    return found


def _percent(part: timedelta, whole: timedelta) -> str:
    return f"{100 * (part / whole):.4f}%"
