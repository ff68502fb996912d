"""Which lines of a document the clauses of a plan come from, and what was decided on the way.

A plan that was made from a document says so in comments, which are data through this module:

    - data_breach == "confirmed"   # L43
    measured_from: start           # L61, L70-72: says "after", never after what
                                   # Decided: from the start of the incident.
    # L80
    until: resolved

A comment that begins with `L` and a number cites; text may follow. It belongs to the clause of its
line. A comment on a line of its own belongs to the clause below, or, if it stands exactly below
another comment that follows a clause, to that one. `Decided:` goes on in the comments that stand
exactly below it.
"""

import re
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import msgspec

from tocsin.core.parser import Comment, comments
from tocsin.core.problem import Problem

_CITES = re.compile(r"L\d")
_LINES = re.compile(r"L(\d{1,6})(?:-L?(\d{1,6}))?")
_NEXT = re.compile(r",\s*(?=L\d)")
_GOES_ON = re.compile(r"(?![\s.:;(]|$)|\s*(?:[-–]\s*(?:L?\d|$)|,|L\d)")
"""What after a list of lines shows that it was meant to go on."""
_AGAIN = re.compile(r"(?<=\s)#\s*(?=L\d|decided:)", re.IGNORECASE)
"""Where within a comment another one begins: `# all days are meant here   # L12`."""
_DECIDED = re.compile(r"decided:\s*", re.IGNORECASE)
_NO_CLAUSE = re.compile(r"^\s*(?:---|\.\.\.)?\s*$")
_HINT = "Write `# L42`, `# L42, L50-53`, or `# L42: the reason`."


class Citation(msgspec.Struct, frozen=True):
    """The lines `first` to `last` of the document, cited at (line, column) of the plan.

    `clause` is the line on which the clause begins that cites them, 0 if there is none.
    """

    line: int
    column: int
    clause: int
    first: int
    last: int


class Decision(msgspec.Struct, frozen=True):
    """What somebody decided where the document leaves a choice; `line` is that of the clause."""

    line: int
    text: str


class Citations(msgspec.Struct, frozen=True, kw_only=True):
    """What the comments of a plan say; `problems` are warnings about malformed ones.

    `clauses` maps the line on which a clause begins to its citations. Within brackets that go on
    over several lines, each line is a clause of its own as well.
    """

    file: str
    every: tuple[Citation, ...] = ()
    clauses: Mapping[int, tuple[Citation, ...]] = {}
    decisions: tuple[Decision, ...] = ()
    problems: tuple[Problem, ...] = ()

    def of(self, line: int) -> tuple[int, ...]:
        """The lines of the document that the clause at this line of the plan cites, ascending."""
        cited = self.clauses.get(line, ())
        return tuple(sorted({n for one in cited for n in range(one.first, one.last + 1)}))

    def decided(self, line: int) -> tuple[str, ...]:
        """What was decided about the clause at this line of the plan."""
        return tuple(one.text for one in self.decisions if one.line == line)


def citations(text: str | bytes, file: str = "plan.yaml") -> Citations:
    """Read the comments of a plan; never raises. Of a text that is no YAML, up to where it breaks.

    `file` only names the plan in problems.
    """
    lines = _lines(text)
    said, begins = comments("\n".join(lines))
    found: list[Citation] = []
    clauses: defaultdict[int, list[Citation]] = defaultdict(list)
    decisions: list[Decision] = []
    problems: list[Problem] = []
    deciding: Comment | None = None
    for comment, line in _with_their_lines(said, lines):
        clause = _clause(line, begins)
        read = _read(comment)
        for first, last in read.cited:
            found.append(Citation(comment.line, comment.column, clause, first, last))
            for where in {clause, line} - {0}:
                clauses[where].append(found[-1])
        fault = read.fault or ("no clause stands below this" if read.cited and not clause else "")
        if fault:
            problems.append(_problem(file, comment, fault))
        if read.decision is not None:
            decisions.append(Decision(clause or comment.line, read.decision))
            deciding = comment
        elif deciding is not None and not read.cited and _goes_on(deciding, comment):
            decisions[-1] = Decision(
                decisions[-1].line, f"{decisions[-1].text} {_words(comment)}".strip()
            )
            deciding = comment
        else:
            deciding = None
    return Citations(
        file=file, every=tuple(found), decisions=tuple(decisions), problems=tuple(problems),
        clauses={line: tuple(cited) for line, cited in clauses.items()},
    )  # fmt: skip


class _Read(NamedTuple):
    cited: list[tuple[int, int]]
    decision: str | None = None
    fault: str = ""


def _read(comment: Comment) -> _Read:
    words = _words(comment)
    cited: list[tuple[int, int]] = []
    position = 0
    while match := _LINES.match(words, position):
        first, last = int(match[1]), int(match[2] or match[1])
        if not 0 < first <= last:
            return _Read([], fault=f"`{match[0]}` names no lines")
        cited.append((first, last))
        position = match.end()
        if not (comma := _NEXT.match(words, position)):
            break
        position = comma.end()
    if not cited and not _CITES.match(words):
        decided = _DECIDED.match(words)
        return _Read([], words[decided.end() :] if decided else None)
    if _GOES_ON.match(words, position):
        return _Read([], fault=f"`{_start(words)}` is no list of lines")
    text = words[position:].lstrip(" \t.:;-–(")
    decided = _DECIDED.match(text)
    return _Read(cited, text[decided.end() :] if decided else None)


def _start(words: str) -> str:
    return words if len(words) <= 30 else words[:27] + "..."


def _words(comment: Comment) -> str:
    return comment.text.lstrip("#").strip()


def _problem(file: str, comment: Comment, what: str) -> Problem:
    return Problem(
        file=file, line=comment.line, column=comment.column, code="plan.citation",
        level="warning", what=what, hint=_HINT,
    )  # fmt: skip


def _goes_on(deciding: Comment, comment: Comment) -> bool:
    """Whether a comment stands exactly below another one, and says something."""
    below = comment.line == deciding.line + 1 and comment.column == deciding.column
    return below and comment.alone and bool(_words(comment))


def _with_their_lines(said: list[Comment], lines: list[str]) -> Iterator[tuple[Comment, int]]:
    """Each comment with the line that it is about; 0 if nothing stands below it."""
    above: Comment | None = None
    about = 0
    alone = {comment.line for comment in said if comment.alone}
    below = _next_lines(lines, alone)
    for comment in said:
        stacked = (
            above is not None
            and (comment.line, comment.column) == (above.line + 1, above.column)
            and 0 < about <= above.line
        )
        if not comment.alone:
            about = comment.line
        elif not stacked:
            about = below[comment.line]
        above = comment
        for part in _parts(comment):
            yield part, about


def _parts(comment: Comment) -> Iterator[Comment]:
    starts = [0, *(again.start() for again in _AGAIN.finditer(comment.text, 1))]
    for start, end in zip(starts, [*starts[1:], None], strict=True):
        text = comment.text[start:end]
        yield Comment(comment.line, comment.column + start, text, comment.alone)


def _next_lines(lines: list[str], alone: set[int]) -> list[int]:
    """For each line, counted from 1, the next one below with a clause on it; 0 if there is none."""
    following = [0] * (len(lines) + 1)
    nearest = 0
    for number in range(len(lines), 0, -1):
        following[number] = nearest
        if number not in alone and not _NO_CLAUSE.match(lines[number - 1]):
            nearest = number
    return following


def _clause(line: int, begins: list[int]) -> int:
    """The line on which the clause begins that this line belongs to."""
    position = bisect_right(begins, line)
    return begins[position - 1] if position and line else line


def content(source: str | bytes) -> list[tuple[int, str]]:
    """The lines of a document that say something: (line from 1, text).

    All but blank lines, rules (`---`), the fences of code and the rules of tables (`|---|---|`).
    """
    return [
        (number, line.rstrip())
        for number, line in enumerate(_lines(source), 1)
        if _says_something(line.strip())
    ]


def uncovered(source: str | bytes, cited: Citations | Iterable[Citations]) -> list[tuple[int, str]]:
    """The lines of a document that say something and that no clause cites: (line from 1, text)."""
    plans = [cited] if isinstance(cited, Citations) else cited
    ends = len(_lines(source))
    covered = {
        number
        for first, last in {
            (one.first, one.last) for plan in plans for one in plan.every if one.clause
        }
        for number in range(first, min(last, ends) + 1)
    }
    return [(number, line) for number, line in content(source) if number not in covered]


def beyond(source: str | bytes, cited: Citations) -> list[Problem]:
    """What a plan cites of a document that ends before; errors."""
    ends = len(_lines(source))
    return [
        Problem(
            file=cited.file, line=one.line, column=one.column, code="plan.citation",
            level="error", what=f"line {one.last} is cited, but the document has {ends}",
            hint="Count the lines of the document again, or check that it is the right one.",
        )
        for one in cited.every
        if one.last > ends
    ]  # fmt: skip


def _lines(text: str | bytes) -> list[str]:
    whole = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    whole = whole.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    lines = whole.split("\n")
    return lines[:-1] if len(lines) > 1 and not lines[-1] else lines


def _says_something(line: str) -> bool:
    if not line or line.startswith(("```", "~~~")):
        return False
    marks = set(line)
    if "-" in marks and "|" in marks and marks <= set("|-: \t"):
        return False
    return not (len(line.replace(" ", "")) >= 3 and marks <= {" ", line[0]} and line[0] in "-*_")
