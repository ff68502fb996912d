"""`tocsin check`: everything that is wrong with plans, at once."""

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from tocsin.cli.command import Command, make_app
from tocsin.cli.files import TextFile, open_text, show_problems
from tocsin.cli.output import clean, counted, listed, print_json, say
from tocsin.core.organisation import check_together, read_organisation
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem

app = make_app()

EXAMPLES = """
tocsin check plan.yaml
tocsin check plans/*/plan.yaml
tocsin check plan.yaml --org org.yaml
tocsin check plan.yaml --json | jq '.problems[].what'
"""


@app.command(cls=Command, epilog=EXAMPLES)
def check(
    plans: Annotated[list[Path], typer.Argument(metavar="PLAN...", help="Plan files.")],
    org: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Check this organisation too, and whether both fit."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say everything that is wrong with a plan.

    All problems come at once, each with its place and a cure. An error keeps a plan from being
    used; a warning is probably a slip or a gap; a note tells what was assumed. The exit code is
    1 if any problem is an error.
    """
    files = [open_text(path) for path in plans]
    org_file = open_text(org, "organisation") if org is not None else None
    found: list[Problem] = []
    organisation: Organisation | None = None
    if org_file is not None:
        organisation, problems = read_organisation(org_file.content, org_file.name)
        found += problems
    good: list[tuple[TextFile, Plan]] = []
    for file in files:
        plan, problems = read(file.content, file.name)
        found += problems
        if plan is not None:
            good.append((file, plan))
            if organisation is not None and org_file is not None:
                found += check_together(plan.recipients(), organisation, org_file.name)
    found = _in_order(found, [file.name for file in files])
    if as_json:
        print_json({"problems": msgspec.to_builtins(found), "uncovered": []})
    else:
        show_problems(found, [*files, *([org_file] if org_file is not None else [])])
        for file in files:
            _sum_up(file.name, found, next((p for f, p in good if f is file), None))
        if org_file is not None:
            _sum_up(org_file.name, found, organisation)
    if any(problem.level == "error" for problem in found):
        raise typer.Exit(1)


def _in_order(found: list[Problem], names: list[str]) -> list[Problem]:
    """Sort by file as they were named, then by place; what was found twice is told once."""
    place = {name: number for number, name in enumerate(names)}
    return sorted(set(found), key=lambda p: (place.get(p.file, len(names)), p))


def _sum_up(name: str, found: list[Problem], read_as: Plan | Organisation | None) -> None:
    levels = [problem.level for problem in found if problem.file == name]
    counts = [
        (counted(number, level), style)
        for level, style in (("error", "bold red"), ("warning", "yellow"), ("note", "cyan"))
        if (number := levels.count(level))  # type: ignore[arg-type]
    ]
    line = Text.assemble((clean(name), "bold"), ": ")
    if not counts:
        line.append("fine", "bold green")
    for number, (words, style) in enumerate(counts):
        line.append(f"{', ' if number else ''}{words}", style)
    line.append(f". {_described(read_as)}" if read_as is not None else ".")
    say(line)


def _described(read_as: Plan | Organisation) -> str:
    if isinstance(read_as, Organisation):
        parts = [
            counted(len(read_as.people), "person").replace("persons", "people"),
            counted(len(read_as.rosters), "roster"),
            counted(len(read_as.recipients), "recipient"),
        ]
        return clean(f"{read_as.name} has {listed(parts)}.")
    codes = [severity.code for severity in read_as.severities]
    size: list[Any] = [
        f"{counted(len(codes), 'severity')} ({', '.join(codes)})",
        counted(len(read_as.recipients()), "recipient"),
        counted(len(read_as.clocks), "clock"),
        counted(len(read_as.facts), "fact"),
    ]
    return clean(f"{read_as.title or read_as.name} has {listed(size)}.")
