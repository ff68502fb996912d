"""Every other part of the plan: its clauses as cards and tables, whatever they are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from tocsin.core.rendered.cards import hints, holds_structs, label, rows_of, said
from tocsin.core.rendered.outline import Block, Paragraph, Quotation, Section, Table, Text
from tocsin.core.rendered.wording import Wording, part
from tocsin.core.words.phrases import capital, named

KEY = "What"
"""The heading of the column that holds the keys of a mapping."""

TITLES = {
    "consequences": "Duties and consequences",
    "afterwards": "Afterwards, and between incidents",
    "catalogue": "What the plan knows of",
    "people": "Authority, modes and confidentiality",
}
LEADS = {
    "duties": "Who has to be told, by when, and on what ground.",
    "ladders": "What a figure brings about when it is reached.",
    "authority": "Who may do what; what is not listed, everybody may.",
    "components": "The parts of what is run.",
    "providers": "Those outside on whom the parts rely.",
    "terms": "Words that conditions use, with what they mean.",
    "thresholds": "Where something measured becomes an alert.",
    "principles": "Rules that only people can keep.",
    "references": "Documents that the plan leans on.",
    "contradictions": "What the document says twice in different ways.",
    "programme": "What recurs: drills, reviews, audits, reports.",
    "confidential": "Which incidents not everybody may read.",
    "floors": "Severities below which certain incidents cannot be set.",
    "metrics": "What is measured of incidents.",
    "updates": "Who is told how things stand, and how often.",
    "audiences": "Who reads what is published.",
    "templates": "The words of updates; what stands in brackets is filled in.",
}
SHOWN_ELSEWHERE = frozenset({"tasks", "head", "in_doubt", "in_doubt_line"})
"""Fields of the parts of a plan that other sections show."""

_MOST_COLUMNS = 5
_LONG = 90
_TEXT_OF = ("name", "id", "text", "about", "title", "what")


def room(wording: Wording, name: str, value: msgspec.Struct) -> Section:
    """One part of the plan with all its clauses."""
    sections: list[Section] = []
    plain: list[tuple[str, Text]] = []
    for field, hint in hints(type(value)).items():
        if field in SHOWN_ELSEWHERE or not said(value, field):
            continue
        if holds_structs(hint):
            sections += nested(wording, f"{name}-{field}", field, getattr(value, field))
        else:
            plain += [row for row in rows_of(value, wording) if row[0] == label(field)]
    title = TITLES.get(name, capital(name.replace("_", " ")))
    return part(name, title, Table((), tuple(plain)) if plain else None, sections=sections)


def nested(wording: Wording, id_: str, field: str, value: Any) -> Iterator[Section]:
    """The section of a field that holds clauses: one, several, or several by name."""
    title, lead = label(field), LEADS.get(field)
    blocks: tuple[Block, ...] = (Paragraph(lead),) if lead else ()
    found = list(entries(value))
    if not found:
        return
    if isinstance(value, msgspec.Struct):
        yield card(wording, id_, title, value)
        return
    table = _as_table(wording, found)
    if table is not None:
        yield part(id_, title, *blocks, table)
        return
    cards = [
        card(wording, f"{id_}-{number}", _title(key, one), one, key if keyed(found) else "")
        for number, (key, one) in enumerate(found)
    ]
    yield part(id_, title, *blocks, sections=cards)


def card(wording: Wording, id_: str, title: str, clause: msgspec.Struct, key: str = "") -> Section:
    """One clause: its plain values as names and values, long texts and clauses in it below.

    `key` is the name under which it stands, "" if that is not worth a word.
    """
    rows: list[tuple[str, Text]] = [(KEY, key)] if key else []
    rows += rows_of(clause, wording)
    blocks: list[Block] = []
    sections: list[Section] = []
    for name, text in _long_texts(clause):
        rows = [row for row in rows if row[0] != name]
        blocks += [Paragraph(f"{name}:"), Quotation(text)]
    for field, hint in hints(type(clause)).items():
        if holds_structs(hint) and said(clause, field):
            sections += list(nested(wording, f"{id_}-{field}", field, getattr(clause, field)))
    table = Table((), tuple(rows)) if rows else None
    line = getattr(clause, "line", 0)
    return part(id_, title, table, *blocks, sections=sections, line=line)


def _long_texts(clause: msgspec.Struct) -> Iterator[tuple[str, str]]:
    """Texts of several lines, which are to be taken over as they are."""
    for field, hint in hints(type(clause)).items():
        text = getattr(clause, field)
        if hint is str and "\n" in text.strip():
            yield label(field), text


def entries(value: Any) -> Iterator[tuple[str, msgspec.Struct]]:
    """Clauses with the name under which each stands, "" if it has none."""
    match value:
        case msgspec.Struct():
            yield "", value
        case Mapping():
            for key, one in value.items():
                members: Sequence[Any] = one if isinstance(one, tuple | list) else (one,)
                for member in members:
                    yield key, member
        case _:
            for member in value:
                yield "", member


def _title(key: str, clause: msgspec.Struct) -> str:
    name = getattr(clause, "id", "")
    own = next(
        (
            text
            for field in _TEXT_OF
            if isinstance(text := getattr(clause, field, ""), str) and text
        ),
        key,
    )
    said_name = own or key
    # Ids such as `duty/users` begin with what the heading above says already.
    last = said_name.rpartition("/")[2]
    title = said_name if said_name not in (name, key) else capital(named(last))
    return title if len(title) <= _LONG else f"{title[: _LONG - 1]}…"


def keyed(found: list[tuple[str, msgspec.Struct]]) -> bool:
    """Whether the names under which clauses stand say something that they do not hold."""
    return any(
        key and key not in (getattr(one, "id", ""), getattr(one, "name", "")) for key, one in found
    )


def _as_table(wording: Wording, entries: list[tuple[str, msgspec.Struct]]) -> Table | None:
    """One row per clause, if a few columns of short texts are enough for all of them."""
    kind = type(entries[0][1])
    if any(type(one) is not kind for _, one in entries):
        return None
    used = [field for field in hints(kind) if any(said(one, field) for _, one in entries)]
    if len(used) > _MOST_COLUMNS or any(holds_structs(hints(kind)[field]) for field in used):
        return None
    if any(True for _, one in entries for _ in _long_texts(one)):
        return None
    named_rows = keyed(entries)
    rows = []
    for key, one in entries:
        values = dict(rows_of(one, wording))
        cells = tuple(values.get(label(field), "") for field in used)
        rows.append((key, *cells) if named_rows else cells)
    headings = tuple(label(field) for field in used)
    lines = tuple((getattr(one, "line", 0),) for _, one in entries)
    return Table((KEY, *headings) if named_rows else headings, tuple(rows), lines)
