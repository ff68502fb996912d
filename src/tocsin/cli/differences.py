"""Showing what is different in two texts of a plan or organisation: section by section."""

import re
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher

from rich.text import Text

from tocsin.cli.output import clean_lines, console

LINES_AROUND = 2
_SECTION = re.compile(r"[\"']?([A-Za-z_][\w -]*?)[\"']?\s*:")
_STYLES = {"-": "red", "+": "green", " ": ""}


def show_differences(old: str, new: str, name: str, *, errors: bool = False) -> None:
    """Print the lines that go and the lines that come, each place headed by its section."""
    shown = console(errors=errors)
    for place, lines in differences(clean_lines(old), clean_lines(new)):
        shown.print(Text(f"{clean_lines(name)}: {place}", "bold"), soft_wrap=True)
        for line in lines:
            shown.print(Text(f"  {line}", _STYLES[line[0]]), soft_wrap=True)


def differences(old: str, new: str) -> Iterator[tuple[str, list[str]]]:
    """Yield (section and line of the new text, lines with `-`, `+` or a blank in front)."""
    before, after = old.splitlines(), new.splitlines()
    for group in SequenceMatcher(None, before, after, autojunk=False).get_grouped_opcodes(
        LINES_AROUND
    ):
        lines: list[str] = []
        first: tuple[Sequence[str], int] | None = None
        for kind, start, end, new_start, new_end in group:
            if kind == "equal":
                lines += [f" {line}" for line in before[start:end]]
                continue
            first = first or ((after, new_start) if new_end > new_start else (before, start))
            lines += [f"-{line}" for line in before[start:end]]
            lines += [f"+{line}" for line in after[new_start:new_end]]
        if first is not None:
            yield _place(*first), lines


def _place(lines: Sequence[str], at: int) -> str:
    """Name the section that a line stands in."""
    for line in reversed(lines[: at + 1]):
        if found := _SECTION.match(line):
            return f"{found[1]}, line {at + 1}"
    return f"line {at + 1}"
