"""An expectation that does not hold, as people read it: like a difference between two stories."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from rich.text import Text

from tocsin.cli import story
from tocsin.cli.output import clean, console, elapsed, indented, time_of_day
from tocsin.cli.scenarios import Loaded
from tocsin.core.rehearsal.happenings import Happening
from tocsin.core.scenarios.judge import Failure
from tocsin.core.simulation import Played

AROUND = 2
"""How many lines of the story are shown before and after a difference."""

STYLES = {"-": "red", "+": "yellow", " ": "dim"}


@dataclass(frozen=True)
class _Line:
    """A line of the story: ` ` as it happened, `-` as it should, `+` as it should not have."""

    mark: str
    happening: Happening


def show_failure(loaded: Loaded, played: Played | None, failure: Failure) -> None:
    """Print what was expected and what came instead, with the story around it."""
    line, column = failure.place
    at = "" if failure.t is None else f" at {elapsed(timedelta(seconds=failure.t))}"
    shown = console()
    shown.print(
        Text.assemble(
            "  ",
            (f"{clean(loaded.file.name)}:{line}:{column}", "bold"),
            f": expected{at}: ",
            (clean(failure.wanted), "bold"),
        ),
        soft_wrap=not shown.is_terminal,
    )
    indented(f"instead: {failure.instead}", 4)
    if played is None or failure.t is None or loaded.world is None:
        return
    shown.print()
    known = story.known_of(loaded.world.plan, loaded.organisation, played.happenings)
    reasons = any(one.why for one in failure.missing)
    for one in _around(played.happenings, failure):
        if one is None:
            shown.print(Text("          ...", "dim"))
            continue
        why = f": {clean(one.happening.why)}" if reasons and one.mark != " " else ""
        text = Text.assemble(
            f"    {one.mark} ",
            f"{elapsed(timedelta(seconds=one.happening.t)):<9} ",
            f"{time_of_day(one.happening.at, loaded.world.plan.time_zone)}  ",
            story.words_of(one.happening, known).plain,
            why,
        )
        text.stylize(STYLES[one.mark])
        shown.print(text, soft_wrap=not shown.is_terminal)


def _around(happenings: Sequence[Happening], failure: Failure) -> list[_Line | None]:
    """Return the lines around every difference, with None where lines were left out."""
    lines = [
        _Line("+" if index in failure.unexpected else " ", one)
        for index, one in enumerate(happenings)
    ]
    at = sum(1 for one in happenings if failure.t is not None and one.t <= failure.t)
    lines[at:at] = [_Line("-", one) for one in failure.missing]
    centres = [number for number, one in enumerate(lines) if one.mark != " "] or [max(0, at - 1)]
    wanted = {n for centre in centres for n in range(centre - AROUND, centre + AROUND + 1)}
    shown: list[_Line | None] = []
    before = -1
    for number in sorted(wanted & set(range(len(lines)))):
        if number > before + 1:
            shown.append(None)
        shown.append(lines[number])
        before = number
    return [*shown, None] if 0 <= before < len(lines) - 1 else shown
