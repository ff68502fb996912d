"""`tocsin test`: scenarios with what they expect of a plan."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from tocsin.cli import story
from tocsin.cli.command import Command, make_app
from tocsin.cli.files import show_problems
from tocsin.cli.output import clean, console, print_json, say, tell
from tocsin.cli.scenarios import Loaded, Shelf
from tocsin.cli.trouble import wrong_usage
from tocsin.cli.verdicts import show_failure
from tocsin.core.scenarios.judge import (
    Failure,
    judge,
    judge_programme,
    judge_table,
    judge_thresholds,
)
from tocsin.core.simulation import Played, play

app = make_app()

EXAMPLES = """
tocsin test tests
tocsin test plans/*/tests
tocsin test tests/a-bad-evening.scenario.yaml --verbose
tocsin test plans --json | jq -r '.shows[]'
"""

ENDING = ".scenario.yaml"
PROGRESS_EVERY = 100
"""After how many scenarios a long run says how far it is."""


@dataclass(frozen=True)
class Tested:
    """What came of one scenario; it has passed if nothing is wrong with it."""

    loaded: Loaded
    played: Played | None
    failures: Sequence[Failure]

    @property
    def passed(self) -> bool:
        """Whether the file is sound and everything is as it expects."""
        return self.loaded.script is not None and not self.failures

    @property
    def shows(self) -> tuple[str, ...]:
        """The requirements that it demonstrates; one that fails demonstrates none."""
        script = self.loaded.script
        return script.shows if script is not None and self.passed else ()


@app.command("test", cls=Command, epilog=EXAMPLES)
def play_scenarios(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="PATH...", help=f"Scenario files, or folders with files that end in {ENDING}."
        ),
    ],
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show the whole story of each scenario.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Play scenarios, and say whether the plan does what they expect.

    What is expected and does not come is shown in the story with `-`, and what came instead with
    `+`. A deed that the plan refuses fails too, unless that is what the scenario expects. The
    exit code is 1 if a scenario fails.
    """
    files = list(_scenarios(paths))
    tested = []
    for one in _tested(files):
        tested.append(one)
        if not as_json:
            _show(one, verbose=verbose)
    passed = sum(one.passed for one in tested)
    if as_json:
        shows = sorted({show for one in tested for show in one.shows}, key=_in_order)
        print_json(
            {
                "passed": passed,
                "failed": len(tested) - passed,
                "shows": shows,
                "scenarios": [_document(one) for one in tested],
            }
        )
    else:
        style = "bold green" if passed == len(tested) else "bold red"
        say((f"{passed} passed, {len(tested) - passed} failed", style))
    if passed < len(tested):
        raise typer.Exit(1)


def _scenarios(paths: Sequence[Path]) -> Iterator[Path]:
    """Return each scenario file once, folders in the order of their names."""
    seen: set[Path] = set()
    for path in paths:
        found = sorted(path.rglob(f"*{ENDING}")) if path.is_dir() else [path]
        if not found:
            raise wrong_usage(
                f"there is no scenario in {path}", f"Their names end in {ENDING}; name a file."
            )
        for file in found:
            if file.resolve() not in seen:
                seen.add(file.resolve())
                yield file


def _tested(files: Sequence[Path]) -> Iterator[Tested]:
    shelf = Shelf()
    for number, file in enumerate(files, 1):
        yield _judged(shelf.load(file))
        if number % PROGRESS_EVERY == 0 and number < len(files):
            tell(f"{number} of {len(files)} scenarios tested")


def _judged(loaded: Loaded) -> Tested:
    script, world = loaded.script, loaded.world
    if script is None or world is None:
        return Tested(loaded, None, ())
    failures = judge_table(world.plan, script.classify)
    failures += judge_programme(world.plan, script.programme)
    failures += judge_thresholds(world.plan, script.thresholds)
    played = None
    if script.plays:
        played = play(world.plan, loaded.organisation, script.scenario)
        failures += judge(loaded.organisation, script, played)
    return Tested(loaded, played, sorted(failures, key=lambda failure: failure.place))


def _show(tested: Tested, *, verbose: bool) -> None:
    loaded = tested.loaded
    word, style = ("ok  ", "bold green") if tested.passed else ("FAIL", "bold red")
    say((word, style), f"  {clean(loaded.file.name)}: {clean(loaded.title)}")
    if loaded.script is None or loaded.world is None:
        console().print()
        show_problems([one for one in loaded.problems if one.level == "error"], loaded.files)
        return
    for failure in tested.failures:
        console().print()
        show_failure(loaded, tested.played, failure)
    if verbose and tested.played is not None:
        console().print()
        happened = tested.played.happenings
        story.show(loaded.world.plan, loaded.organisation, loaded.script.scenario, happened)
    if tested.failures or (verbose and tested.played is not None):
        console().print()


def _document(tested: Tested) -> dict[str, Any]:
    """Return what came of one scenario for a program; times are in seconds after the start."""
    loaded = tested.loaded
    failures = [
        {
            "line": failure.place[0],
            "column": failure.place[1],
            "t": None if failure.t is None else int(failure.t),
            "wanted": failure.wanted,
            "instead": failure.instead,
        }
        for failure in tested.failures
    ]
    return {
        "file": loaded.file.name,
        "scenario": loaded.title,
        "passed": tested.passed,
        "shows": list(loaded.script.shows) if loaded.script is not None else [],
        "failures": failures,
        "problems": msgspec.to_builtins(loaded.problems),
    }


def _in_order(requirement: str) -> tuple[str, int]:
    series, _, number = requirement.partition(".")
    return series, int(number)
