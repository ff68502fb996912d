"""A document as Markdown (CommonMark with GitHub's tables and task lists)."""

import re
from collections.abc import Iterator, Mapping

from tocsin.core.rendered.outline import (
    Block,
    Item,
    Listing,
    Outline,
    Paragraph,
    Picture,
    Quotation,
    Section,
    Table,
    Text,
)

_MARKS = re.compile(r"([\\`*_\[\]#|~])")
_AT_START = re.compile(r"^([-+=]|\d{1,9}(?=[.)]))")
_BREAK = "<br>"

NO_PICTURES: Mapping[str, str] = {}
"""None are shown: whatever they say stands in tables too."""


def write_markdown(outline: Outline, pictures: Mapping[str, str] = NO_PICTURES) -> str:
    """Return the document; `pictures` names the files beside it that hold its pictures."""
    lines = [f"# {escape(outline.title)}", "", inline(outline.lead), ""]
    lines += _block(outline.about, pictures)
    lines += _contents(outline)
    for section in outline.sections:
        lines += _section(section, 2, pictures)
    return "\n".join(lines).rstrip("\n") + "\n"


def escape(text: str) -> str:
    """Return a text of which nothing is taken for Markdown or HTML."""
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    safe = _MARKS.sub(r"\\\1", safe)
    safe = _AT_START.sub(
        lambda m: f"\\{m[1]}" if not m[1].isdigit() else f"&#{ord(m[1][0])};{m[1][1:]}", safe
    )
    return safe.replace("\n", _BREAK)


def inline(text: Text, *, in_table: bool = False) -> str:
    """Return a text with its styles; line ends within it become breaks."""
    parts = (text,) if isinstance(text, str) else text
    out = []
    for part in parts:
        if isinstance(part, str):
            out.append(escape(part))
        elif part.style == "code":
            out.append(_code(part.text, in_table=in_table))
        else:
            out.append(f"**{escape(part.text)}**")
    # Blanks at either end would mean something else, or nothing.
    return "".join(out).strip()


def _code(text: str, *, in_table: bool) -> str:
    text = " ".join(text.split())
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    shown = text.replace("|", "\\|") if in_table else text
    return f"{fence}{pad}{shown}{pad}{fence}"


def anchor(section: Section) -> str:
    """Return the name by which a section is linked."""
    return f'<a id="{section.id}"></a>'


def _contents(outline: Outline) -> Iterator[str]:
    for section in outline.sections:
        yield f"- [{escape(section.title)}](#{section.id})"
    yield ""


def _section(section: Section, level: int, pictures: Mapping[str, str]) -> Iterator[str]:
    yield anchor(section)
    yield ""
    yield f"{'#' * min(level, 6)} {escape(section.title)}"
    yield ""
    for block in section.blocks:
        yield from _block(block, pictures)
    for inner in section.sections:
        yield from _section(inner, level + 1, pictures)


def _block(block: Block, pictures: Mapping[str, str]) -> Iterator[str]:
    match block:
        case Paragraph(text, remark):
            yield f"> {inline(text)}" if remark else inline(text)
            yield ""
        case Listing(items, checks):
            for item in items:
                yield from _item(item, "[ ] " if checks else "")
            yield ""
        case Table():
            yield from _table(block)
            yield ""
        case Quotation(text):
            longest = max((len(run) for run in re.findall("`{3,}", text)), default=2)
            fence = "`" * (longest + 1)
            yield f"{fence}text"
            yield from text.rstrip("\n").split("\n")
            yield fence
            yield ""
        case Picture():
            if block.name in pictures:
                yield f"![{escape(block.says)}]({pictures[block.name]})"
                yield ""


def _item(item: Item, box: str) -> Iterator[str]:
    yield f"- {box}{inline(item.text)}"
    for note in item.notes:
        yield f"  - {inline(note)}"


def _table(table: Table) -> Iterator[str]:
    width = len(table.headings) or max((len(row) for row in table.rows), default=0)
    if not table.rows:
        return
    headings = [escape(one) for one in table.headings] or [""] * width
    yield f"| {' | '.join(headings)} |"
    yield f"|{' --- |' * width}"
    for row in table.rows:
        yield f"| {' | '.join(inline(cell, in_table=True) for cell in row)} |"
