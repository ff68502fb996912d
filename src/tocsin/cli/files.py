"""Reading the files that a command line names: plans, organisations, scenarios."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tocsin.cli.output import clean, console, indented, width_of
from tocsin.cli.trouble import NO, Trouble, wrong_usage
from tocsin.core.document import near
from tocsin.core.organisation import check_together, read_organisation
from tocsin.core.people import Organisation
from tocsin.core.plan.model import Plan
from tocsin.core.plan.read import read
from tocsin.core.problem import Problem
from tocsin.core.tree import MAX_BYTES

LEVEL_STYLES = {"error": "bold red", "warning": "yellow", "note": "cyan"}


@dataclass(frozen=True)
class TextFile:
    """A file as it was read; `name` is what the user called it."""

    name: str
    content: bytes

    def line(self, number: int) -> str:
        """Return one line, counted from 1, without its end; "" if there is none."""
        lines = self.content.decode("utf-8", "replace").split("\n")
        return lines[number - 1].rstrip("\r") if 0 < number <= len(lines) else ""


def open_text(path: Path, what: str = "plan") -> TextFile:
    """Read a file that should hold YAML; raises Trouble if it is not there or no text at all."""
    try:
        with path.open("rb") as opened:
            # One byte more than is allowed is enough to be refused; a device has no end.
            content = opened.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise wrong_usage(f"there is no file {path}", _nearby(path, what)) from None
    except IsADirectoryError:
        inside = path / ("org.yaml" if what == "organisation" else "plan.yaml")
        hint = f"Did you mean {inside}?" if inside.exists() else f"Name the {what} file in it."
        raise wrong_usage(f"{path} is a folder", hint) from None
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise wrong_usage(f"{path} cannot be read: {reason}", "Look at who may read it.") from None
    if b"\0" in content[:8192]:
        hint = f"A {what} is a YAML file: readable text, by custom with the ending .yaml."
        raise wrong_usage(f"{path} is not a text file", hint)
    return TextFile(str(path), content)


def load_plan(path: Path) -> Plan:
    """Return the plan in a file; prints its errors and ends the command if it has any."""
    file = open_text(path)
    plan, problems = read(file.content, file.name)
    if plan is None:
        raise refused(problems, [file], f"tocsin check {file.name}")
    return plan


def load_plan_to_obey(path: Path) -> Plan:
    """Like `load_plan`, for what acts by the plan: one as written leaves too much open."""
    plan = load_plan(path)
    if plan.standing == "as written":
        raise Trouble(
            f"{path} keeps a document `as written`: it can be checked, and not be played",
            "Decide its open points (`tocsin check` lists them) in a copy, and remove `standing:`.",
            NO,
        )
    return plan


def load_organisation(path: Path) -> Organisation:
    """Return the organisation in a file; prints its errors and ends the command if it has any."""
    file = open_text(path, "organisation")
    organisation, problems = read_organisation(file.content, file.name)
    if organisation is None:
        raise refused(problems, [file])
    return organisation


def load_together(plan: Plan, path: Path) -> Organisation:
    """Return the organisation in a file, if it has everybody that the plan calls."""
    organisation = load_organisation(path)
    problems = check_together(plan.recipients(), organisation, str(path))
    if any(problem.level == "error" for problem in problems):
        raise refused(problems, [open_text(path, "organisation")])
    return organisation


def refused(
    problems: Iterable[Problem], files: Sequence[TextFile], look_again: str = ""
) -> Trouble:
    """Print the errors on standard error; return the trouble that ends the command.

    `look_again` is the command that reports them again.
    """
    errors = [problem for problem in problems if problem.level == "error"]
    show_problems(errors, files, on_error_stream=True)
    name = errors[0].file if errors else files[0].name
    hint = "Cure what is listed above" + (f"; `{look_again}` looks again." if look_again else ".")
    count = f"{len(errors)} errors" if len(errors) != 1 else "an error"
    return Trouble(f"{name} has {count}", hint, NO)


def show_problems(
    problems: Iterable[Problem], files: Sequence[TextFile], *, on_error_stream: bool = False
) -> None:
    """Print problems with the line they stand in and a mark below the place."""
    shown = console(errors=on_error_stream)
    by_name = {file.name: file for file in files}
    for problem in problems:
        place = f":{problem.line}:{problem.column}" if problem.line else ""
        shown.print(
            Text.assemble(
                (f"{clean(problem.file)}{place}", "bold"),
                ": ",
                (problem.level, LEVEL_STYLES[problem.level]),
                f": {clean(problem.what)} ",
                (f"[{problem.code}]", "dim"),
            ),
            soft_wrap=not shown.is_terminal,
        )
        file = by_name.get(problem.file)
        if file is not None and problem.line:
            _show_source(file, problem, shown)
        if problem.hint:
            indented(problem.hint, 2, errors=on_error_stream)
        shown.print()


def _show_source(file: TextFile, problem: Problem, shown: Console) -> None:
    raw = file.line(problem.line)
    before = _visible(raw[: problem.column - 1])
    after = _visible(raw[problem.column - 1 :])
    if not (before + after).strip():
        return
    gutter = f"{problem.line:>6} | "
    room = max(20, shown.width - len(gutter))
    if width_of(before) > room * 2 // 3:
        before = "…" + before[-(room // 2) :]
    source = before + after
    if width_of(source) > room:
        source = source[: room - 1] + "…"
    mark = " " * width_of(before) + "^"
    for left, right, style in ((gutter, source, ""), (" " * 7 + "| ", mark, "bold red")):
        line = Text.assemble((left, "dim"), (right, style))
        shown.print(line, no_wrap=True, overflow="crop", crop=True)


def _visible(text: str) -> str:
    """Return a part of a line without control characters; its spaces stay."""
    return "".join(c if c.isprintable() else " " for c in text)


def _nearby(path: Path, what: str) -> str:
    """Propose a file for one that is not there."""
    try:
        names = [one.name for one in path.parent.iterdir() if one.suffix in (".yaml", ".yml")]
    except OSError:
        return f"The folder {path.parent} is not there either."
    proposal = near(path.name, names)
    if proposal:
        return proposal.rstrip()
    article = "an" if what.startswith("o") else "a"
    return f"`tocsin new DIR` writes {article} {what} to begin with."
