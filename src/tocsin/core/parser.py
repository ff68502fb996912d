"""The YAML parser: text -> its events or its comments, or the one slip of syntax it stumbled over.

Only this file and `tree.py`, which takes the events, know the YAML library. It is libyaml, which is
written in C: docs/decisions/0009-libyaml-reads-the-files.md says why, and what it is kept from.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from yaml.cyaml import CParser  # type: ignore[import-untyped]
from yaml.error import MarkedYAMLError, YAMLError  # type: ignore[import-untyped]
from yaml.tokens import (  # type: ignore[import-untyped]
    BlockEntryToken,
    FlowMappingEndToken,
    FlowMappingStartToken,
    FlowSequenceEndToken,
    FlowSequenceStartToken,
    KeyToken,
    ScalarToken,
)

_OPENING = {FlowMappingStartToken, FlowSequenceStartToken}
_CLOSING = {FlowMappingEndToken, FlowSequenceEndToken}
_BEGINNING = {BlockEntryToken, KeyToken}
MAX_BRACKETS = 100
"""The scanner takes longer for each token the deeper it stands in brackets."""
_OTHER_BREAKS = dict.fromkeys(map(ord, "\r\x85\u2028\u2029"), " ")
_UNREADABLE = (YAMLError, ValueError)
"""What the library raises; it answers some broken escapes with a ValueError."""


class NotYaml(Exception):
    """The text is not YAML: where (line and column from 1, 0 if unknown), what, and the cure."""

    def __init__(self, place: tuple[int, int], what: str, hint: str) -> None:
        super().__init__(what)
        self.place = place
        self.what = what
        self.hint = hint


def events(text: str) -> Iterator[Any]:
    """Parse, one event of `yaml.events` at a time; raises NotYaml where the text breaks off."""
    try:
        parser = CParser(text)
        while (event := parser.get_event()) is not None:
            yield event
    except _UNREADABLE as error:
        raise _not_yaml(error, text) from None


class Comment(NamedTuple):
    """A comment: line and column from 1, its text from `#` on, and whether it fills its line."""

    line: int
    column: int
    text: str
    alone: bool


def comments(text: str) -> tuple[list[Comment], list[int]]:
    """Every comment, and the lines on which a list item or a key in block style begins.

    Both are in the order of the text. A `#` within a text is no comment. Where the text ceases to
    be YAML both end. Lines end with `\\n` and nothing else.
    """
    text = text.translate(_OTHER_BREAKS)
    found: list[int] = []
    clauses: list[int] = []
    depth = 0
    sign = text.find("#")
    for token in _tokens(text):
        kind, start, end = type(token), token.start_mark, token.end_mark
        depth = max(0, depth + (kind in _OPENING) - (kind in _CLOSING))
        if depth > MAX_BRACKETS:
            break
        if depth == 0 and kind in _BEGINNING and clauses[-1:] != [start.line + 1]:
            clauses.append(start.line + 1)
        while 0 <= sign < start.index:
            found.append(sign)
            sign = text.find("#", _end_of_line(text, sign))
        if 0 <= sign < end.index:
            # Within a text; but the line on which a block text is announced may have a comment.
            block = kind is ScalarToken and token.style in ("|", ">")
            if block and sign < _end_of_line(text, start.index):
                found.append(sign)
            sign = text.find("#", end.index)
    return list(_placed(found, text)), clauses


def _end_of_line(text: str, position: int) -> int:
    end = text.find("\n", position)
    return end if end >= 0 else len(text)


def _placed(signs: list[int], text: str) -> Iterator[Comment]:
    """The comments that begin at these positions."""
    line, begins = 1, 0
    for sign in signs:
        line += text.count("\n", begins, sign)
        begins = text.rfind("\n", 0, sign) + 1
        said = text[sign : _end_of_line(text, sign)]
        yield Comment(line, sign - begins + 1, said, not text[begins:sign].strip())


def _tokens(text: str) -> Iterator[Any]:
    """The tokens up to where the text ceases to be YAML."""
    try:
        parser = CParser(text)
        while (token := parser.get_token()) is not None:
            yield token
    except _UNREADABLE:
        return


def _not_yaml(error: Exception, text: str) -> NotYaml:
    """Where the cause of a syntax error stands, and its words; the parser stumbles later on."""
    if not isinstance(error, MarkedYAMLError):
        said = (str(error).splitlines() or ["it cannot be read"])[0]
        return NotYaml((0, 0), f"the text is not YAML: {said}", _NOWHERE)
    context, mark = error.context_mark, error.problem_mark or error.context_mark
    if mark is None:
        return NotYaml((0, 0), *_words(error))
    if opened := _long_quote(text, mark.line):
        return NotYaml(opened, *_UNCLOSED_QUOTE)
    said = error.context or ""
    begins = "quoted scalar" in said or "simple key" in said
    if context is not None and (begins or ("flow" in said and context.line < mark.line)):
        mark = context
    return NotYaml((mark.line + 1, mark.column + 1), *_words(error))


def _long_quote(text: str, line: int) -> tuple[int, int] | None:
    """Where a quoted text of several lines begins whose end is on this line (from 0)."""
    found = None
    for token in _tokens(text):
        if token.start_mark.line > line:
            break
        if isinstance(token, ScalarToken) and token.style in ("'", '"'):
            start, end = token.start_mark, token.end_mark
            if start.line < end.line == line:
                found = (start.line + 1, start.column + 1)
    return found


_NOWHERE = "Look for an unfinished quotation mark, a stray % or \\ near the last change."
_UNCLOSED_QUOTE = (
    "a quotation mark is opened here, and closed by the next one lines below",
    "Close it on its own line.",
)
_SYNTAX = (
    ("mapping values are not allowed", "a second `:` on this line, or a wrong indentation",
     "Put a text that contains `: ` in quotes; keys of one level start in the same column."),
    ("found unexpected end of stream", "a quotation mark is opened and never closed",
     "Close it; the place given is where it is opened."),
    ("cannot start any token", "this character cannot start a value",
     "Put the value in quotes."),
    ("did not find expected key", "this line does not fit the indentation of the lines above",
     "Keys of one level start in the same column; list items start with `- `."),
    ("did not find expected '-'", "this line does not fit the indentation of the lines above",
     "Keys of one level start in the same column; list items start with `- `."),
    ("did not find expected ','", "a bracket or brace is not closed, or a comma is missing",
     "Check that every { has its } and every [ its ], with commas between the entries."),
    ("did not find expected node content", "a bracket or brace is opened and never closed",
     "Check that every { has its } and every [ its ]."),
    ("could not find expected ':'", "a key without `:`",
     "Write `key: value`, with a space after the colon."),
    ("did not find expected", "the structure breaks off here",
     "Check indentation and brackets of this line and the one above."),
    ("found unknown escape", "unknown \\ sequence in double quotes",
     "Use single quotes, in which \\ has no special meaning."),
)  # fmt: skip


def _words(error: MarkedYAMLError) -> tuple[str, str]:
    said = str(error.problem or error.context or "it cannot be read")
    for beginning, what, hint in _SYNTAX:
        if beginning in said:
            return what, hint
    return f"the text is not YAML here: {said}", "Compare with the line above and the indentation."
