"""The structure of a plan, read from its Markdown document: the proof that nothing was lost."""

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, get_args

import msgspec

from tocsin.core.plan.model import Plan
from tocsin.core.plan.people.model import Role
from tocsin.core.rendered import calling, levels, persons, working
from tocsin.core.rendered.cards import expressions_in, hints, holds_structs, label, read_value
from tocsin.core.rendered.document import BY_HAND
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
    plain,
)
from tocsin.core.rendered.read_markdown import read_markdown
from tocsin.core.rendered.rooms import KEY, SHOWN_ELSEWHERE
from tocsin.core.rendered.structure import Call, Fields, Level, Stretch, Structure, Todo
from tocsin.core.times import AnyTime
from tocsin.core.words.moments import heard_moment
from tocsin.core.words.phrases import id_of, one_line
from tocsin.core.words.times import heard

_NEEDS = ("if needed", "if possible", "if applicable", "if required")
_BY = "done by the "
_SINCE = ", counted from "


def read_back(markdown: str) -> Structure:
    """Return what the document says; raises ValueError for what `write_markdown` did not write."""
    document = read_markdown(markdown)
    found = {section.id: section for section in _all(document.sections)}
    contacts = found.get("contacts")
    return Structure(
        title=one_line(document.title),
        severities=tuple(_levels(found)),
        clocks=_clocks(found),
        calls=dict(_calls(found)),
        roles=tuple(_role(section) for section in _inner(found, "roles")),
        contacts=_contacts(contacts) if contacts is not None else {},
        facts=tuple(plain(row[0]) for row in _rows(found.get("facts"))),
        phases=tuple(_phases(found)),
        tasks=tuple(sorted(_todos(document), key=lambda todo: todo.id)),
        clauses=dict(_clauses(found)),
    )  # fmt: skip


def _all(sections: tuple[Section, ...]) -> Iterator[Section]:
    for section in sections:
        yield section
        yield from _all(section.sections)


def _inner(found: Mapping[str, Section], name: str) -> tuple[Section, ...]:
    return found[name].sections if name in found else ()


def _tables(section: Section | None) -> list[Table]:
    return [block for block in section.blocks if isinstance(block, Table)] if section else []


def _rows(section: Section | None) -> tuple[tuple[Text, ...], ...]:
    tables = _tables(section)
    return tables[0].rows if tables else ()


def _levels(found: Mapping[str, Section]) -> Iterator[Level]:
    tables = _tables(found.get("severities"))
    if not tables:
        return
    clocks = [id_of(heading.lower()) for heading in tables[0].headings[2:]]
    for code, name, *limits in tables[0].rows:
        section = found.get(f"severity-{plain(code)}")
        blocks = section.blocks if section is not None else ()
        yield Level(
            code=plain(code),
            name=one_line(plain(name)),
            definition=_definition(blocks),
            criteria=_listed_codes(blocks, levels.CRITERIA),
            exceptions=_listed_codes(blocks, levels.EXCEPTIONS),
            examples=tuple(
                one_line(plain(item.text)) for item in _list_below(blocks, levels.EXAMPLES)
            ),
            limits={
                clock: heard(plain(text))
                for clock, text in zip(clocks, limits, strict=True)
                if plain(text) != levels.NOTHING
            },
        )


def _definition(blocks: tuple[Block, ...]) -> str:
    for block in blocks:
        if not isinstance(block, Paragraph) or not block.text:
            continue
        lead = block.text[0]
        if isinstance(lead, Span) and lead.text == levels.DEFINITION:
            return one_line(plain(block.text).removeprefix(levels.DEFINITION))
    return ""


def _list_below(blocks: tuple[Block, ...], lead: str) -> tuple[Item, ...]:
    for above, block in pairwise(blocks):
        if isinstance(above, Paragraph) and above.text == lead and isinstance(block, Listing):
            return block.items
    return ()


def _listed_codes(blocks: tuple[Block, ...], lead: str) -> tuple[str, ...]:
    return tuple(code for item in _list_below(blocks, lead) for code in expressions_in(item.text))


def _clocks(found: Mapping[str, Section]) -> dict[str, tuple[str, str]]:
    tables = _tables(found.get("severities"))
    return {
        id_of(plain(name).lower()): (heard_moment(plain(start)), heard_moment(plain(stop)))
        for table in tables[1:]
        for name, start, stop in table.rows
    }


def _calls(found: Mapping[str, Section]) -> Iterator[tuple[str, tuple[Call, ...]]]:
    untils = {words: until for until, words in calling.UNTIL.items()}
    for row in _rows(found.get("severities")):
        code = plain(row[0])
        section = found.get(f"escalation-{code}")
        shared = next((
            plain(block.text).removeprefix(calling.AS_LONG_AS).removesuffix(".")
            for block in (section.blocks if section else ())
            if isinstance(block, Paragraph) and plain(block.text).startswith(calling.AS_LONG_AS)
        ), "")  # fmt: skip
        tables = _tables(section)
        yield (
            code,
            tuple(
                _call(dict(zip(tables[0].headings, cells, strict=True)), shared, untils)
                for cells in (tables[0].rows if tables else ())
            ),
        )


def _call(row: Mapping[str, Text], shared: str, untils: Mapping[str, str]) -> Call:
    at, how, who, until, level, when, mandate = (row.get(name, "") for name in calling.HEADINGS)
    said = plain(who)
    given = {name: plain(text) for name, text in (("level", level), ("mandate", mandate))
             if plain(text) not in ("", levels.NOTHING)}  # fmt: skip
    return Call(
        at=None if at == calling.BY_HAND else heard(plain(at)),
        do=next(do for do, words in calling.HOW.items() if words == how),
        to=tuple(map(id_of, said.removeprefix(calling.EVERYBODY).split(calling.OR))),
        everyone=said.startswith(calling.EVERYBODY),
        until=untils[plain(until) or shared],
        level=int(given["level"].removeprefix("level ")) if "level" in given else 0,
        when="".join(expressions_in(when)),
        mandate=tuple(given["mandate"].split("\n")) if "mandate" in given else (),
    )


def _role(section: Section) -> Fields:
    fields = dict(_fields(Role, section.blocks))
    duties = _list_below(section.blocks, persons.DUTIES)
    if duties:
        fields["duties"] = tuple(one_line(plain(item.text)) for item in duties)
    return fields | {"name": one_line(section.title)}


def _contacts(section: Section) -> dict[str, str]:
    return {
        id_of(plain(row[0])): "" if row[1] == persons.UNFILLED else one_line(plain(row[1]))
        for row in _rows(section)
    }


def _phases(found: Mapping[str, Section]) -> Iterator[Stretch]:
    for code, name, starts, box, parallel in (_five(row) for row in _rows(found.get("phases"))):
        yield Stretch(
            id=code,
            name=name,
            starts=_time(starts),
            within=_time(box.partition(_SINCE)[0]),
            parallel=parallel == "yes",
        )


def _five(row: tuple[Text, ...]) -> tuple[str, str, str, str, str]:
    name, starts, box, parallel, code = (one_line(plain(cell)) for cell in row)
    return code, name, starts, box, parallel


def _time(words: str) -> AnyTime | None:
    return None if words == levels.NOTHING else heard(words)


def _todos(document: Outline) -> Iterator[Todo]:
    for section in _all(document.sections):
        shared: tuple[str, ...] = ()
        for block in section.blocks:
            if isinstance(block, Paragraph) and plain(block.text).startswith(working.FOR_ALL):
                said = plain(block.text).removeprefix(f"{working.FOR_ALL} ")
                shared = tuple(said.split(working.AND))
            elif isinstance(block, Listing) and block.checks:
                yield from (_todo(item, shared) for item in block.items)
                shared = ()


def _todo(item: Item, shared: tuple[str, ...]) -> Todo:
    *notes, last = item.notes
    found: dict[str, Any] = {}
    for note in (*shared, *map(plain, notes)):
        if note in _NEEDS:
            found.setdefault("need", note)
        elif note.startswith(_BY):
            found.setdefault("by", id_of(note.removeprefix(_BY)))
        elif (within := _limit(note)) is not None:
            found.setdefault("within", within)
    return Todo(id=plain(last), text=one_line(plain(item.text)), **found)


def _limit(note: str) -> AnyTime | None:
    try:
        return heard(note.partition(_SINCE)[0])
    except ValueError:
        return None


def _clauses(found: Mapping[str, Section]) -> Iterator[tuple[str, tuple[Fields, ...]]]:
    for name, hint in hints(Plan).items():
        if isinstance(hint, type) and issubclass(hint, msgspec.Struct) and name not in BY_HAND:
            yield from _within(found, name, hint, SHOWN_ELSEWHERE)
    for section in _inner(found, "roles"):
        for key, fields in _within(found, section.id, Role):
            if key != section.id:
                yield key, fields


def _within(
    found: Mapping[str, Section],
    path: str,
    kind: type[msgspec.Struct],
    skip: frozenset[str] = frozenset(),
) -> Iterator[tuple[str, tuple[Fields, ...]]]:
    """All clauses of a part of the plan whose section is `path`."""
    section = found.get(path)
    if section is not None and (own := dict(_fields(kind, section.blocks))):
        yield path, (own,)
    for name, hint in hints(kind).items():
        if holds_structs(hint) and name not in skip:
            yield from _nested(found, f"{path}-{name}", hint)


def _nested(
    found: Mapping[str, Section], id_: str, hint: Any
) -> Iterator[tuple[str, tuple[Fields, ...]]]:
    section = found.get(id_)
    if section is None:
        return
    kind, single = _struct_in(hint)
    if single:
        yield from _within(found, id_, kind)
        return
    tables = _tables(section)
    if tables:
        yield id_, tuple(dict(_of_row(kind, tables[0].headings, row)) for row in tables[0].rows)
        return
    rows = []
    for inner in section.sections:
        rows.append(dict(_fields(kind, inner.blocks)))
        for deeper, fields in _within(found, inner.id, kind):
            if deeper != inner.id:
                yield deeper, fields
    yield id_, tuple(rows)


def _struct_in(hint: Any) -> tuple[type[msgspec.Struct], bool]:
    """The struct that a field holds, and whether it holds only one."""
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return hint, True
    inner = next(part for part in get_args(hint) if holds_structs(part))
    kind, single = _struct_in(inner)
    optional = type(None) in get_args(hint)
    return kind, single and optional


def _fields(kind: type[msgspec.Struct], blocks: tuple[Block, ...]) -> Iterator[tuple[str, Any]]:
    above: Block | None = None
    for block in blocks:
        if isinstance(block, Table) and not block.headings:
            for row in block.rows:
                yield from _of_row(kind, (plain(row[0]),), row[1:])
        if isinstance(block, Quotation) and isinstance(above, Paragraph):
            yield from _of_row(kind, (plain(above.text).removesuffix(":"),), (block.text,))
        above = block


def _of_row(
    kind: type[msgspec.Struct], headings: tuple[str, ...], cells: tuple[Text, ...]
) -> Iterator[tuple[str, Any]]:
    by_label = {label(name): (name, hint) for name, hint in hints(kind).items()}
    for heading, text in zip(headings, cells, strict=True):
        if not plain(text):
            continue
        if heading == KEY and heading not in by_label:
            yield KEY, plain(text)
            continue
        name, hint = by_label[heading]
        value = read_value(name, hint, text)
        yield name, one_line(value) if isinstance(value, str) else value
