"""`tocsin simulate --faults`: a plan and its people through many bad nights."""

import sys
from pathlib import Path

import typer

from tocsin.cli.files import load_plan_to_obey, load_together, open_text
from tocsin.cli.output import clean, print_json, say
from tocsin.cli.trouble import wrong_usage
from tocsin.simulation.own import NotPlayable, stage_of
from tocsin.simulation.quiet import quiet
from tocsin.simulation.search import Progress, Searched, search
from tocsin.simulation.stage import Stage
from tocsin.simulation.story import meaning, tell

NIGHTS = 100
"""How many nights are played if nobody says."""

MOST_NIGHTS = 1_000_000
SHOWN = 10
"""So many nights that broke something are named."""

COUNTED = (
    ("alerts_accepted", "alerts accepted"),
    ("pages", "attempts to page somebody"),
    ("kills", "processes killed"),
    ("power_cuts", "power cuts"),
    ("pauses", "processes that stood still"),
    ("io_errors", "errors of the disk"),
    ("clock_jumps", "clocks set"),
    ("edits", "edits in the middle"),
)
"""What is counted, and what it is called."""


def play(
    plan_file: Path, org: Path | None, *, nights: int, seed: int | None, as_json: bool
) -> None:
    """Play the nights and say what came of them; ends the command with 1 if one broke anything."""
    if not 1 <= nights <= MOST_NIGHTS:
        raise wrong_usage(f"--seeds {nights} makes no sense", f"Say 1 to {MOST_NIGHTS}.")
    stage = _stage(plan_file, org)
    again = f"tocsin simulate {plan_file}{f' --org {org}' if org else ''} --faults"
    with quiet():
        if seed is not None and not as_json:
            told = tell(stage, seed, again)
            sys.stdout.write("\n".join(map(clean, told.text.split("\n"))))
            raise typer.Exit(1 if told.is_failure else 0)
        seeds = range(1, nights + 1) if seed is None else (seed,)
        searched = search(stage, seeds, progress=_progress(len(seeds)))
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")
    if as_json:
        print_json(searched.as_data())
    else:
        _show(searched, again)
    raise typer.Exit(1 if searched.failed else 0)


def _stage(plan_file: Path, org: Path | None) -> Stage:
    plan = load_plan_to_obey(plan_file)
    people = ""
    if org is not None:
        load_together(plan, org)
        people = open_text(org, "organisation").content.decode()
    try:
        return stage_of(plan_file.name, open_text(plan_file).content.decode(), people)
    except NotPlayable as problem:
        hint = "Give the organisation that belongs to it: --org org.yaml"
        raise wrong_usage("; ".join(problem.reasons), hint) from None


def _progress(nights: int) -> Progress:
    """Return what shows on a terminal how far the search has come."""

    def show(searched: Searched) -> None:
        if sys.stderr.isatty() and searched.seeds % 10 == 0:
            wrong = len(searched.failed)
            sys.stderr.write(f"\r{searched.seeds} of {nights} nights, {wrong} went wrong ")
            sys.stderr.flush()

    return show


def _show(searched: Searched, again: str) -> None:
    figures = searched.figures
    hours = figures["simulated_hours"]
    say(f"{searched.seeds} bad nights, {hours:,.0f} simulated hours in {searched.seconds:.0f} s:")
    for key, words in COUNTED:
        say(f"  {figures[key]:>9,.0f}  {words}")
    if not searched.failed:
        say(
            "In none of them was an alert lost, a call forgotten, or anything else not as promised."
        )
        return
    count = len(searched.failed)
    say(("1 night went wrong:" if count == 1 else f"{count} nights went wrong:", "bold red"))
    for one in searched.failed[:SHOWN]:
        say(f"  seed {one.seed}: {clean(one.what)} ({one.invariant}: {meaning(one.invariant)})")
    say(f"As a story: {again} --seed {searched.failed[0].seed}")
