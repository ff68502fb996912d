"""What is wrong with a document itself, before a plan is made of it."""

import re

from tocsin.core.problem import Problem
from tocsin.core.tree import Findings, note_mojibake

_ITEM = re.compile(r"\s*(?:[-*+]|\d+[.)])\s+(.*\S)")
_HEADING = re.compile(r"#{1,6}\s|\*\*[^*]+\*\*:?\s*$")
_FENCE = re.compile(r"\s*(```|~~~)")


def check_document(text: str, file: str) -> list[Problem]:
    """Report what a Markdown document has damaged or repeated, each with its line.

    A statement counts as repeated if it stands twice as an item of a list under one heading;
    what is within fences is an example and left alone.
    """
    found = Findings(file)
    note_mojibake(text, found)
    _note_repetitions(text, found)
    if text and not text.endswith("\n"):
        found.add(
            (text.count("\n") + 1, 1), "plan.no-final-newline",
            "the last line of the document does not end", "Harmless. Add a line break.", "note",
        )  # fmt: skip
    return found.problems


def _note_repetitions(text: str, found: Findings) -> None:
    seen: dict[str, int] = {}
    fenced = False
    for number, line in enumerate(text.split("\n"), 1):
        if _FENCE.match(line):
            fenced = not fenced
        elif not fenced and _HEADING.match(line):
            seen = {}
        elif not fenced and (item := _ITEM.fullmatch(line)):
            first = seen.setdefault(item[1].casefold(), number)
            if first != number:
                found.add(
                    (number, 1), "plan.said-twice", f"this stands on line {first} already",
                    "Remove one of the two; in a plan the rule stands once.", "warning",
                )  # fmt: skip
