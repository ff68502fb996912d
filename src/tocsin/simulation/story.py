"""A run as a story that people can read: what happened when, and what should not have."""

from dataclasses import dataclass

from tocsin.simulation import invariants
from tocsin.simulation.draw import draw
from tocsin.simulation.night import run
from tocsin.simulation.schedule import SECOND
from tocsin.simulation.shrink import shrink
from tocsin.simulation.stage import Stage
from tocsin.simulation.surroundings import Told

LONGEST = 60
"""Lines of a story that breaks nothing; of one that does, all are told."""


@dataclass(frozen=True)
class Story:
    """A run in words. `happenings` is how many were needed for it."""

    text: str
    is_failure: bool
    happenings: int


def tell(stage: Stage, seed: int, again: str = "python -m tocsin.simulation") -> Story:
    """Run a seed and tell it; one that fails is cut down before. `again` is how to run it."""
    schedule = draw(stage, seed)
    course = run(stage, schedule)
    if course.broken is None:
        head = f"Seed {seed} breaks no invariant. The end of its story:"
        lines = [head, "", *_timeline(course.history[-LONGEST:])]
        return Story("\n".join(lines) + "\n", False, len(schedule.happenings))
    shrunk = shrink(stage, schedule, course)
    count = len(shrunk.schedule.happenings)
    lines = [
        f"Seed {seed} breaks {course.broken.invariant}: {meaning(course.broken.invariant)}",
        f"{len(schedule.happenings)} happenings were drawn; {count} are enough:",
        "",
        *_timeline(shrunk.course.history),
        "",
        f"Run it again: {again} --seed {seed} --story",
    ]
    return Story("\n".join(lines) + "\n", True, count)


def meaning(invariant: str) -> str:
    """Return what an invariant says, in a sentence."""
    return invariants.MEANING.get(invariant, "see docs/simulation.md")


def _timeline(history: tuple[Told, ...]) -> list[str]:
    if not history:
        return ["nothing happened"]
    start = history[0].at
    return [f"{_clock(told.at - start)}  {_words(told)}" for told in history]


def _clock(at: int) -> str:
    seconds = at // SECOND
    thousandths = at % SECOND // 1000
    return f"{seconds // 3600}:{seconds // 60 % 60:02}:{seconds % 60:02}.{thousandths:03}"


def _words(told: Told) -> str:
    if told.kind == "broken":
        return f"*** {told.who} *** {told.what}"
    return f"{told.who} {told.what}".strip()
