"""What a document consists of, whatever it is written as: sections of paragraphs, lists, tables.

All texts are plain: whoever writes the document out escapes them.
"""

from collections.abc import Iterator
from typing import Literal

import msgspec

Style = Literal["code", "strong"]


class Span(msgspec.Struct, frozen=True):
    """A piece of text that stands out."""

    text: str
    style: Style


Text = str | tuple[str | Span, ...]


class Paragraph(msgspec.Struct, frozen=True):
    """A paragraph; a `remark` says something about the plan rather than what it says."""

    text: Text
    remark: bool = False


class Item(msgspec.Struct, frozen=True):
    """An entry of a list, with what is to be said about it in `notes`, one below the other.

    `line` is where it stands in the plan, 0 if nowhere.
    """

    text: Text
    notes: tuple[Text, ...] = ()
    line: int = 0


class Listing(msgspec.Struct, frozen=True):
    """A list; `checks` can be ticked on paper."""

    items: tuple[Item, ...]
    checks: bool = False


class Table(msgspec.Struct, frozen=True):
    """A table; one without headings is a list of names and what belongs to them.

    `lines` are the lines of the plan that each row comes from, row by row, or nothing.
    """

    headings: tuple[str, ...]
    rows: tuple[tuple[Text, ...], ...]
    lines: tuple[tuple[int, ...], ...] = ()


class Quotation(msgspec.Struct, frozen=True):
    """A text of several lines, to be taken over as it is: a template."""

    text: str


class Picture(msgspec.Struct, frozen=True):
    """A drawing: `body` is what stands within `<svg>`; `says` is for whoever cannot see it."""

    name: str
    title: str
    says: str
    width: int
    height: int
    body: str


Block = Paragraph | Listing | Table | Quotation | Picture


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """A heading with what stands under it. `id` is unique in the document.

    `line` is where it stands in the plan, 0 if nowhere.
    """

    id: str
    title: str
    blocks: tuple[Block, ...] = ()
    sections: "tuple[Section, ...]" = ()
    line: int = 0

    @property
    def empty(self) -> bool:
        """Whether nothing stands under the heading."""
        return not self.blocks and all(section.empty for section in self.sections)


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """A whole document; `about` is the block of names and values under its title."""

    title: str
    lead: Text
    about: Table
    sections: tuple[Section, ...]

    def pictures(self) -> Iterator[Picture]:
        """All drawings, in the order of the document."""
        for section in _all(self.sections):
            yield from (block for block in section.blocks if isinstance(block, Picture))


def _all(sections: tuple[Section, ...]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from _all(section.sections)


def plain(text: Text) -> str:
    """Return a text without its styles."""
    if isinstance(text, str):
        return text
    return "".join(part if isinstance(part, str) else part.text for part in text)


def code(text: str) -> Span:
    """Return what stands in the plan exactly so."""
    return Span(text, "code")
