"""`tocsin explain`: one clause of a plan in words."""

import re
from itertools import groupby
from pathlib import Path
from typing import Annotated

import msgspec
import typer

from tocsin.cli.command import Command, make_app
from tocsin.cli.files import open_text, refused
from tocsin.cli.output import clean, indented, listed, print_json, say, table
from tocsin.cli.trouble import wrong_usage
from tocsin.core.explain.explanation import Part, Reading
from tocsin.core.explain.explanation import explain as explained
from tocsin.core.explain.subjects import find, listing, near_misses
from tocsin.core.plan.citations import citations
from tocsin.core.plan.read import read
from tocsin.core.tree import read_tree

app = make_app()

EXAMPLES = """
tocsin explain plan.yaml
tocsin explain plan.yaml P0
tocsin explain plan.yaml team-lead
tocsin explain plan.yaml line 45
tocsin explain plan.yaml plan.unspecified
"""


@app.command("explain", cls=Command, epilog=EXAMPLES)
def explain(
    plan_file: Annotated[Path, typer.Argument(metavar="PLAN", help="The plan file.")],
    what: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[WHAT]",
            help="A severity, recipient, role, phase, task, clock, audience, template, duty, "
            "section, line or problem code; without it all that there is.",
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say in words what one clause of a plan means, defaults included.

    What it says, what is assumed because the plan says nothing, what Tocsin does with it, when,
    for whom, and from which lines it comes.
    """
    reading = _reading(plan_file)
    if not what:
        _list(reading, as_json=as_json)
        return
    wanted = " ".join(what)
    subject = find(reading.plan, reading.tree, reading.problems, wanted)
    parts = explained(reading, subject) if subject is not None else []
    if not parts:
        close = near_misses(reading.plan, reading.tree, reading.problems, wanted)
        hint = f"Did you mean {listed(close, 'or')}? " if close else ""
        raise wrong_usage(
            f"the plan has nothing called `{clean(wanted)}`",
            f"{hint}`tocsin explain {plan_file}` lists what there is.",
        )
    if as_json:
        print_json({"explained": [msgspec.to_builtins(part) for part in parts]})
        return
    for number, part in enumerate(parts):
        if number:
            say("")
        _show(part)


def _reading(path: Path) -> Reading:
    file = open_text(path)
    plan, problems = read(file.content, file.name)
    tree, _ = read_tree(file.content, file.name)
    if plan is None or tree is None:
        raise refused(problems, [file], f"tocsin check {file.name}")
    return Reading(
        plan=plan, tree=tree, cited=citations(file.content, file.name), problems=tuple(problems)
    )


def _list(reading: Reading, *, as_json: bool) -> None:
    found = listing(reading.plan, reading.tree)
    if as_json:
        print_json({"subjects": [{"kind": k, "name": n, "line": line} for k, n, line in found]})
        return
    ordered = sorted(found, key=lambda one: one[0])
    rows = [
        (clean(kind), clean(", ".join(name for _, name, _ in group)))
        for kind, group in groupby(ordered, key=lambda one: one[0])
    ]
    table(("kind", "names"), rows, {1: 1})


def _show(part: Part) -> None:
    place = f"line {part.line}" if part.line else ""
    say((clean(part.what), "bold"), (f"  {clean(part.kind)}", "dim"), (f"  {place}", "dim"))
    example = tuple(f"{at}  {what}" for at, what in part.example)
    several = "lines" if re.search("[,–]", part.document_lines) else "line"
    cited = (f"{several} {part.document_lines} of the document",) if part.document_lines else ()
    for heading, lines in (
        ("", part.says),
        ("What is assumed", part.assumed),
        ("What Tocsin does", part.does),
        ("For example", example),
        ("Who", (listed(part.who),) if part.who else ()),
        ("Comes from", cited),
        ("Decided", part.decided),
    ):
        if lines and heading:
            say((f"  {heading}:", "dim"))
        for line in lines:
            indented(line, 4 if heading else 2)
