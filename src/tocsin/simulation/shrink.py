"""From a long bad night to a short one: leave out whatever is not needed to break the invariant."""

from collections.abc import Callable

from msgspec.structs import replace

from tocsin.simulation.night import Course, run
from tocsin.simulation.schedule import Happening, Schedule
from tocsin.simulation.stage import Stage

RUNS_AT_MOST = 1_000
"""So many shorter nights are tried; what is short enough by then is told."""


class Shrunk:
    """A schedule that is being cut down, with the run that still breaks the invariant."""

    def __init__(self, stage: Stage, schedule: Schedule, course: Course) -> None:
        if course.broken is None:
            raise ValueError("this seed breaks no invariant")
        self.schedule = schedule
        self.course = course
        self.runs = 0
        self._stage = stage
        self._invariant = course.broken.invariant

    def still_fails(self, schedule: Schedule) -> bool:
        """Try a shorter schedule, and go on with it if it breaks the same invariant."""
        if self.runs >= RUNS_AT_MOST:
            return False
        self.runs += 1
        course = run(self._stage, schedule)
        if course.broken is None or course.broken.invariant != self._invariant:
            return False
        self.schedule, self.course = schedule, course
        return True


def shrink(stage: Stage, schedule: Schedule, course: Course) -> Shrunk:
    """Return the shortest schedule found that breaks the invariant that `course` broke.

    Raises ValueError if it broke none.
    """
    shrunk = Shrunk(stage, schedule, course)
    last = max((told.at for told in course.history), default=0)
    early = tuple(one for one in schedule.happenings if one.at <= last)
    shrunk.still_fails(replace(schedule, happenings=early))
    before = -1
    while len(shrunk.schedule.happenings) != before:
        before = len(shrunk.schedule.happenings)
        _cut(shrunk)
        _simplify(shrunk)
    return shrunk


def _cut(shrunk: Shrunk) -> None:
    """Leave out as many happenings at once as possible, then fewer and fewer."""
    size = max(len(shrunk.schedule.happenings) // 2, 1)
    while size:
        start = 0
        while start < len(shrunk.schedule.happenings):
            kept = shrunk.schedule.happenings
            rest = kept[:start] + kept[start + size :]
            if not shrunk.still_fails(replace(shrunk.schedule, happenings=rest)):
                start += size
        size //= 2


def _simplify(shrunk: Shrunk) -> None:
    """Make do with fewer nodes, and with people who do not answer."""
    schedule = shrunk.schedule
    if schedule.answering:
        shrunk.still_fails(replace(schedule, answering=0.0))
    for nodes in range(1, shrunk.schedule.nodes):
        if shrunk.still_fails(replace(shrunk.schedule, nodes=nodes)):
            break
    _each(shrunk, lambda one: replace(one, number=0) if one.do in ("kill", "power") else one)


def _each(shrunk: Shrunk, simpler: Callable[[Happening], Happening]) -> None:
    for place, happening in enumerate(shrunk.schedule.happenings):
        made = simpler(happening)
        if made != happening:
            kept = shrunk.schedule.happenings
            rest = (*kept[:place], made, *kept[place + 1 :])
            shrunk.still_fails(replace(shrunk.schedule, happenings=rest))
