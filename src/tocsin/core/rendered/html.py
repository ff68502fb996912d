"""A document as one HTML file: its own style, no scripts, nothing loaded from elsewhere."""

from collections.abc import Iterable, Iterator
from html import escape

from tocsin.core.rendered.outline import (
    Block,
    Item,
    Listing,
    Outline,
    Paragraph,
    Picture,
    Quotation,
    Section,
    Span,
    Table,
    Text,
)
from tocsin.core.rendered.style import PAGE_STYLE

_NARROW = 440
"""Drawings that are no wider are shown as a whole even on a telephone."""

_WIDE = 4
"""From so many columns on a table may have to scroll on narrow screens."""


def write_html(outline: Outline, language: str = "en") -> str:
    """Return the document; its pictures stand in it."""
    body = [*_head(outline), '<main id="plan">', *_cover(outline)]
    for section in outline.sections:
        body += _section(section, 2)
    body += ["</main>", "</body>", "</html>", ""]
    start = ["<!doctype html>", f'<html lang="{escape(language)}">']
    return "\n".join((*start, *body))


def write_part(outline: Outline, anchors: "Anchors") -> str:
    """Return what stands in the document, for a page that has its own head and frame.

    Its headings begin at the second level: the page has the title.
    """
    body = [f'<p class="lead">{inline(outline.lead)}</p>'] if outline.lead else []
    body += _block(outline.about, anchors)
    for section in outline.sections:
        body += _section(section, 2, anchors)
    return "\n".join(body)


class Anchors:
    """Where the lines of a plan are in its document: `line-28` is an anchor, once.

    A line on which no clause begins belongs to the clause before it. `clauses` are the lines
    on which one begins; the file has `last` lines.
    """

    def __init__(self, clauses: Iterable[int] = (), last: int = 0) -> None:
        starts = sorted(set(clauses))
        ends = [*starts[1:], last + 1]
        self._open = {start: range(start, end) for start, end in zip(starts, ends, strict=False)}

    def of(self, *lines: int) -> str:
        """Return the anchors of these lines, as far as they are nowhere yet."""
        taken = (line for start in lines for line in self._open.pop(start, ()))
        return "".join(f'<span class="at" id="line-{line}"></span>' for line in taken)


_NONE = Anchors()


def _head(outline: Outline) -> Iterator[str]:
    yield "<head>"
    yield '<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield '<meta name="color-scheme" content="light dark">'
    # The document needs nothing from anywhere, so that nothing in it can fetch anything.
    yield (
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">"
    )
    yield f"<title>{escape(outline.title)}</title>"
    yield f"<style>{PAGE_STYLE}</style>"
    yield "</head>"
    yield "<body>"
    yield '<nav aria-label="Contents"><details open><summary>Contents</summary><ol>'
    for section in outline.sections:
        yield f'<li><a href="#{escape(section.id)}">{escape(section.title)}</a></li>'
    yield "</ol></details></nav>"


def _cover(outline: Outline) -> Iterator[str]:
    yield '<header class="cover">'
    yield f"<h1>{escape(outline.title)}</h1>"
    if outline.lead:
        yield f'<p class="lead">{inline(outline.lead)}</p>'
    yield from _block(outline.about)
    yield "</header>"


def _section(section: Section, level: int, anchors: Anchors = _NONE) -> Iterator[str]:
    heading = f"h{min(level, 6)}"
    yield f'<section id="{escape(section.id)}" class="level-{level}">'
    yield f"<{heading}>{anchors.of(section.line)}{inline(section.title)}</{heading}>"
    for block in section.blocks:
        yield from _block(block, anchors)
    for inner in section.sections:
        yield from _section(inner, level + 1, anchors)
    yield "</section>"


def inline(text: Text) -> str:
    """Return a text with its styles, escaped; line ends become breaks."""
    parts = (text,) if isinstance(text, str) else text
    return "".join(_piece(part) for part in parts)


def _piece(part: str | Span) -> str:
    if isinstance(part, str):
        return _escaped(part)
    return f"<{part.style}>{_escaped(part.text)}</{part.style}>"


def _escaped(text: str) -> str:
    return escape(text).replace("\n", "<br>")


def _block(block: Block, anchors: Anchors = _NONE) -> Iterator[str]:
    match block:
        case Paragraph(text, remark):
            yield f'<p class="{"remark" if remark else "said"}">{inline(text)}</p>'
        case Listing(items, checks):
            yield f'<ul class="{"checks" if checks else "points"}">'
            for item in items:
                yield from _item(item, anchors)
            yield "</ul>"
        case Table(headings, rows) if rows:
            yield from (_table(block, anchors) if headings else _names(rows))
        case Quotation(text):
            yield f"<pre>{escape(text)}</pre>"
        case Picture():
            # One that has to scroll can be scrolled by keyboard too.
            scrolls = 'drawing" tabindex="0' if block.width > _NARROW else "drawing fits"
            yield f'<figure><div class="{scrolls}">'
            yield drawing(block)
            yield f"</div><figcaption>{escape(block.title)}</figcaption></figure>"


def drawing(picture: Picture, style: str = "") -> str:
    """Return a picture as SVG; with a `style` it can stand alone in a file."""
    own = f"<style>{style}</style>" if style else ""
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" class="drawn" role="img" '
        f'viewBox="0 0 {picture.width} {picture.height}" width="{picture.width}" '
        f'height="{picture.height}"><title>{escape(picture.title)}</title>'
        f"<desc>{escape(picture.says)}</desc>{own}{picture.body}</svg>"
    )


def _item(item: Item, anchors: Anchors) -> Iterator[str]:
    notes = "".join(f"<li>{inline(note)}</li>" for note in item.notes)
    below = f'<ul class="notes">{notes}</ul>' if notes else ""
    yield f"<li>{anchors.of(item.line)}{inline(item.text)}{below}</li>"


def _table(table: Table, anchors: Anchors) -> Iterator[str]:
    wide = ' class="wide"' if len(table.headings) >= _WIDE else ""
    yield f'<div class="scroll" tabindex="0"><table{wide}><thead><tr>'
    yield "".join(f'<th scope="col">{escape(one)}</th>' for one in table.headings)
    yield "</tr></thead><tbody>"
    lines = table.lines or ((),) * len(table.rows)
    for (first, *others), of_row in zip(table.rows, lines, strict=True):
        cells = "".join(f"<td>{inline(cell)}</td>" for cell in others)
        at = anchors.of(*of_row)
        yield f'<tr><th scope="row">{at}{inline(first)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _names(rows: tuple[tuple[Text, ...], ...]) -> Iterator[str]:
    yield "<dl>"
    for row in rows:
        values = "".join(f"<dd>{inline(value)}</dd>" for value in row[1:])
        yield f"<div><dt>{inline(row[0])}</dt>{values}</div>"
    yield "</dl>"
