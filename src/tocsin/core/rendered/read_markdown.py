"""Markdown as `markdown.py` writes it, read back into sections, lists and tables.

It reads no other Markdown: it is the proof that the written one holds what it should.
"""

import re
from html import unescape

from tocsin.core.rendered.outline import (
    Block,
    Item,
    Listing,
    Outline,
    Paragraph,
    Quotation,
    Section,
    Span,
    Table,
    Text,
)

_PIECE = re.compile(r"(?P<escaped>\\[\\`*_\[\]#|~=+-])|(?P<fence>`+)|(?P<strong>\*\*)|(?P<br><br>)")
_ANCHOR = re.compile(r'<a id="([^"]*)"></a>')
_HEADING = re.compile(r"(#{1,6}) (.*)")
_CELL = re.compile(r"(?<!\\)\|")
"""The end of a cell. A backslash before it always escapes it, as in GitHub's tables."""


def read_markdown(text: str) -> Outline:
    """Return the document; raises ValueError for what `write_markdown` does not write."""
    reader = _Reader(text.split("\n"))
    return reader.document()


class _Reader:
    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.at = 0

    @property
    def line(self) -> str:
        return self.lines[self.at] if self.at < len(self.lines) else ""

    def skip(self) -> None:
        while self.at < len(self.lines) and not self.line.strip():
            self.at += 1

    def document(self) -> Outline:
        title = _HEADING.fullmatch(self.line)
        if title is None or len(title[1]) != 1:
            raise ValueError("the document does not begin with its title")
        self.at += 1
        blocks = self.blocks()
        about = next((block for block in blocks if isinstance(block, Table)), Table((), ()))
        lead = next((block.text for block in blocks if isinstance(block, Paragraph)), "")
        return Outline(
            title=_plain(title[2]), lead=lead, about=about, sections=self.sections(2)
        )  # fmt: skip

    def sections(self, level: int) -> tuple[Section, ...]:
        found: list[Section] = []
        while True:
            self.skip()
            name = _ANCHOR.fullmatch(self.line)
            heading = _HEADING.fullmatch(self.lines[self.at + 2]) if name else None
            if name is None or heading is None or len(heading[1]) < level:
                return tuple(found)
            self.at += 3
            blocks = self.blocks()
            found.append(
                Section(
                    id=name[1],
                    title=_plain(heading[2]),
                    blocks=blocks,
                    sections=self.sections(level + 1),
                )
            )

    def blocks(self) -> tuple[Block, ...]:
        found: list[Block] = []
        while True:
            self.skip()
            if self.at >= len(self.lines) or _ANCHOR.fullmatch(self.line):
                return tuple(found)
            if self.line.startswith("![") and self.line.endswith(")"):
                self.at += 1
            elif self.line.startswith("- "):
                found.append(self.listing())
            elif self.line.startswith("|"):
                found.append(self.table())
            elif self.line.startswith("```"):
                found.append(self.quotation())
            else:
                remark = self.line.startswith("> ")
                found.append(Paragraph(_text(self.line.removeprefix("> ")), remark))
                self.at += 1

    def listing(self) -> Listing:
        items: list[Item] = []
        checks = self.line.startswith("- [ ] ")
        while self.line.startswith("- "):
            text = _text(self.line.removeprefix("- [ ] " if checks else "- "))
            self.at += 1
            notes = []
            while self.line.startswith("  - "):
                notes.append(_text(self.line.removeprefix("  - ")))
                self.at += 1
            items.append(Item(text, tuple(notes)))
        return Listing(tuple(items), checks)

    def table(self) -> Table:
        rows = []
        while self.line.startswith("|"):
            cells = _CELL.split(self.line.strip()[1:-1])
            rows.append(tuple(_text(cell.strip(), in_table=True) for cell in cells))
            self.at += 1
        headings = tuple(cell if isinstance(cell, str) else "" for cell in rows[0])
        return Table(headings if any(headings) else (), tuple(rows[2:]))

    def quotation(self) -> Quotation:
        fence = self.line.removesuffix("text")
        self.at += 1
        start = self.at
        while self.line != fence:
            if self.at >= len(self.lines):
                raise ValueError("a quotation has no end")
            self.at += 1
        self.at += 1
        return Quotation("\n".join(self.lines[start : self.at - 1]))


def _plain(markdown: str) -> str:
    text = _text(markdown)
    return text if isinstance(text, str) else ""


def _text(markdown: str, *, in_table: bool = False) -> Text:
    """Read one line of text with its styles."""
    parts: list[str | Span] = []
    at, said, strong = 0, "", False
    while found := _PIECE.search(markdown, at):
        said += unescape(markdown[at : found.start()])
        at = found.end()
        if found["escaped"]:
            said += found["escaped"][1]
        elif found["br"]:
            said += "\n"
        elif found["fence"]:
            fence = found["fence"]
            end = re.compile(rf"(?<!`){fence}(?!`)").search(markdown, at)
            if end is None:
                raise ValueError("a piece of code has no end")
            inner = markdown[at : end.start()]
            inner = inner.replace("\\|", "|") if in_table else inner
            if said:
                parts.append(said)
            padded = inner.startswith(" `") or inner.endswith("` ")
            parts.append(Span(inner[1:-1] if padded else inner, "code"))
            said, at = "", end.end()
        else:
            if strong:
                parts.append(Span(said, "strong"))
            elif said:
                parts.append(said)
            said, strong = "", not strong
    said += unescape(markdown[at:])
    if not parts:
        return said
    return (*parts, said) if said else tuple(parts)
