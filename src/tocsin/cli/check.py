"""`tocsin check`: everything that is wrong with plans, at once, and what they leave out."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.text import Text

from tocsin.cli.command import Command, make_app
from tocsin.cli.files import TextFile, open_text, show_problems
from tocsin.cli.output import clean, clean_lines, counted, listed, print_json, say
from tocsin.cli.trouble import wrong_usage
from tocsin.core.organisation import check_qualifications, check_together, read_organisation
from tocsin.core.people import Organisation
from tocsin.core.plan.catalogue.source import check_document
from tocsin.core.plan.citations import beyond, citations, content, uncovered
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.core.tree import MAX_BYTES, read_tree
from tocsin.wallclock import now as read_clock

app = make_app()

EXAMPLES = """
tocsin check plan.yaml
tocsin check plans/*/plan.yaml
tocsin check plan.yaml --org org.yaml
tocsin check plan.yaml --coverage incident-response.md
tocsin check plan.yaml --json | jq '.problems[].what'
"""


@app.command(cls=Command, epilog=EXAMPLES)
def check(
    plans: Annotated[
        list[Path],
        typer.Argument(metavar="PLAN...", help="Plan files; organisation files are told apart."),
    ],
    org: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Check this organisation too, and whether both fit."),
    ] = None,
    coverage: Annotated[
        Path | None,
        typer.Option(
            metavar="SOURCE", help="Show which lines of this document no clause of the plans cites."
        ),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say everything that is wrong with a plan.

    All problems come at once, each with its place and a cure. An error keeps a plan from being
    used; a warning is probably a slip or a gap; a note tells what was assumed. The exit code is
    1 if any problem is an error, or if a line of the source document is left out.
    """
    files, organisations = _told_apart([open_text(path) for path in plans])
    if org is not None:
        organisations.append(open_text(org, "organisation"))
    found: list[Problem] = []
    there: list[tuple[TextFile, Organisation | None]] = []
    for file in organisations:
        organisation, problems = read_organisation(file.content, file.name)
        there.append((file, organisation))
        found += problems
    source = _open_source(coverage) if coverage is not None else None
    cited = [citations(file.content, file.name) for file in files]
    for one in cited:
        found += one.problems
        found += beyond(source.content, one) if source is not None else []
    if source is not None:
        found += check_document(source.content.decode("utf-8", "replace"), source.name)
    read_as: list[tuple[TextFile, Plan | Organisation | None]] = []
    for file in files:
        plan, problems = _read(file)
        found += problems
        read_as.append((file, plan))
        if plan is not None:
            found += _together(plan, there)
    found = _in_order(found, [file.name for file in files])
    left_out = uncovered(source.content, cited) if source is not None else []
    if as_json:
        missing = [{"line": number, "text": text} for number, text in left_out]
        print_json({"problems": msgspec.to_builtins(found), "uncovered": missing})
    else:
        shown = [*files, *organisations, *([source] if source is not None else [])]
        show_problems(found, shown)
        for file, value in (*read_as, *there):
            _sum_up(file.name, found, value)
        if source is not None:
            _show_coverage(source, left_out)
    if left_out or any(problem.level == "error" for problem in found):
        raise typer.Exit(1)


def _together(plan: Plan, there: list[tuple[TextFile, Organisation | None]]) -> list[Problem]:
    """Say where a plan and the organisations do not fit."""
    found: list[Problem] = []
    for file, organisation in there:
        if organisation is not None:
            found += check_together(plan.recipients(), organisation, file.name)
            found += check_qualifications(plan, organisation, file.name)
    return found


def _told_apart(files: list[TextFile]) -> tuple[list[TextFile], list[TextFile]]:
    """Return plans and organisations: files that have people and no severities are the latter."""
    plans: list[TextFile] = []
    organisations: list[TextFile] = []
    for file in files:
        tree, _ = read_tree(file.content, file.name)
        keys = tree.fields if tree is not None else {}
        own = "people" in keys and "severities" not in keys and "plan" not in keys
        (organisations if own else plans).append(file)
    return plans, organisations


def _read(file: TextFile) -> tuple[Plan | None, list[Problem]]:
    """Read a plan with the files that it names, as they are today."""
    return read(
        file.content, file.name, exists=_beside(file.name), text_of=_text_beside(file.name),
        today=read_clock().date(),
    )  # fmt: skip


def _beside(file: str) -> Callable[[str], bool]:
    """Say of paths whether something is there, counted from the folder of a file."""
    folder = Path(file).parent
    return lambda path: (folder / path).exists()


def _text_beside(file: str) -> Callable[[str], str | None]:
    """Read files at paths that count from the folder of a file; None for what is no text."""
    folder = Path(file).parent

    def text_of(path: str) -> str | None:
        whole = folder / path
        try:
            if not whole.is_file() or whole.stat().st_size > MAX_BYTES:
                return None
            return whole.read_text("utf-8")
        except (OSError, UnicodeDecodeError):
            return None

    return text_of


def _open_source(path: Path) -> TextFile:
    """Read the document that a plan was made from; raises Trouble if that is not possible."""
    hint = "Name the document that the plan was made from: Markdown or plain text."
    try:
        with path.open("rb") as opened:
            held = opened.read(MAX_BYTES + 1)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise wrong_usage(f"{path} cannot be read: {reason}", hint) from None
    if b"\0" in held[:8192]:
        raise wrong_usage(f"{path} is not a text file", hint)
    if len(held) > MAX_BYTES:
        raise wrong_usage(f"{path} is larger than {MAX_BYTES // 1024} KiB", hint)
    return TextFile(str(path), held)


def _in_order(found: list[Problem], names: list[str]) -> list[Problem]:
    """Sort by file as they were named, then by place; what was found twice is told once."""
    place = {name: number for number, name in enumerate(names)}
    return sorted(set(found), key=lambda p: (place.get(p.file, len(names)), p))


def _sum_up(name: str, found: list[Problem], read_as: Plan | Organisation | None) -> None:
    levels: list[str] = [problem.level for problem in found if problem.file == name]
    counts = [
        (counted(number, level), style)
        for level, style in (("error", "bold red"), ("warning", "yellow"), ("note", "cyan"))
        if (number := levels.count(level))
    ]
    line = Text.assemble((clean(name), "bold"), ": ")
    if not counts:
        line.append("fine", "bold green")
    for number, (words, style) in enumerate(counts):
        line.append(f"{', ' if number else ''}{words}", style)
    line.append(f". {_described(read_as)}" if read_as is not None else ".")
    say(line)


def _show_coverage(source: TextFile, left_out: list[tuple[int, str]]) -> None:
    """Print how much of a document is cited, and the lines that are not."""
    said = content(source.content)
    style = "bold red" if left_out else "bold green"
    say(
        (clean(source.name), "bold"),
        ": ",
        (f"{len(said) - len(left_out)} of {len(said)} lines with content are cited", style),
        (". No clause cites:" if left_out else "."),
    )
    missing = {number for number, _ in left_out}
    gap = False
    for number, text in said:
        if number not in missing:
            gap = True
            continue
        if gap and number > left_out[0][0]:
            say(("       ⋮", "dim"))
        gap = False
        # A line keeps its indentation, which shows what belongs together.
        say((f"{number:>6} | ", "dim"), clean_lines(text))


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
