"""`tocsin compare`."""

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.text import Text

from tocsin.cli.command import Command, make_app
from tocsin.cli.files import load_organisation, load_plan
from tocsin.cli.output import clean, console, counted, print_json, say, table
from tocsin.core.people import Organisation
from tocsin.core.plan.change import Change
from tocsin.core.plan.compare import compare

app = make_app()

EXAMPLES = """
tocsin compare plan.yaml plan.new.yaml
git show HEAD:plan.yaml > /tmp/before.yaml; tocsin compare /tmp/before.yaml plan.yaml
"""
SIGNS = {"tighter": ("+", "green"), "looser": ("-", "red"), "other": ("~", "yellow")}


@app.command(name="compare", cls=Command, epilog=EXAMPLES)
def compare_plans(
    old: Annotated[Path, typer.Argument(metavar="OLD", help="The plan as it was.")],
    new: Annotated[Path, typer.Argument(metavar="NEW", help="The plan as it shall be.")],
    org_file: Annotated[
        Path | None,
        typer.Option("--org", metavar="FILE", help="Say which people are meant, too."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say what changes for people between two plans.

    Who is told earlier, later or no longer; which promises become looser; what facts mean; which
    templates and other clauses say something else. What only looks different is not told.
    """
    organisation = load_organisation(org_file) if org_file else None
    changes = compare(load_plan(old), load_plan(new))
    if organisation is not None:
        changes = tuple(_with_people(change, organisation) for change in changes)
    if as_json:
        print_json({"changes": [msgspec.to_builtins(change) for change in changes]})
    else:
        show_changes(changes)


def show_changes(changes: Sequence[Change]) -> None:
    """Print changes by the part of the plan, with a sign for those that demand more or less."""
    if not changes:
        say("Nothing changes for anybody.")
        return
    for about, group in groupby(changes, key=lambda change: change.about):
        say((about.capitalize(), "bold"))
        rows: list[list[str | Text]] = []
        for change in group:
            sign, style = SIGNS[change.effect]
            lines = f"{change.was_line or '-'} → {change.line or '-'}"
            rows.append(
                [Text(f"  {sign}", style), clean(change.what), clean(", ".join(change.who)),
                 Text(lines, "dim")]
            )  # fmt: skip
        table([""] * 4, rows, {1: 2, 2: 4}, headed=False)
        console().print()
    looser = sum(change.effect == "looser" for change in changes)
    tighter = sum(change.effect == "tighter" for change in changes)
    say(
        (counted(len(changes), "change"), "bold"), ": ", (f"{looser} looser", "red"), ", ",
        (f"{tighter} tighter", "green"), f", {len(changes) - looser - tighter} otherwise.",
    )  # fmt: skip


def _with_people(change: Change, organisation: Organisation) -> Change:
    who = []
    for name in change.who:
        people = organisation.recipients[name].people if name in organisation.recipients else ()
        roster = organisation.recipients[name].roster if name in organisation.recipients else ""
        named = [organisation.people[one].name for one in people if one in organisation.people]
        meant = ", ".join(named) or (f"whoever is on call in {roster}" if roster else "")
        who.append(f"{name} ({meant})" if meant else name)
    return msgspec.structs.replace(change, who=tuple(who))
