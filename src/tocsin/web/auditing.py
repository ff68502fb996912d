"""Asking the audit, from pages and from programs: filters, and the export as CSV."""

import csv
from collections.abc import Iterator
from datetime import MAXYEAR, UTC, date, datetime, timedelta
from io import StringIO

from tocsin.engine.audit import Act, Doer, Wanted, audited
from tocsin.web.doing import again
from tocsin.web.problems import Trouble
from tocsin.web.site import Web

AT_ONCE = 500
"""Rows of an export that are read at a time."""

COLUMNS = ("id", "at", "by", "via", "act", "about", "detail", "address")

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""With what a cell begins that a spreadsheet would calculate; an apostrophe makes it a text."""


def wanted_of(by: str, act: str, about: str, since: str, until: str) -> Wanted:
    """Return the filter of a request; `since` and `until` are days (`2026-11-21`, UTC), inclusive.

    Raises Trouble for what is no day.
    """
    last = _day("until", until)
    return Wanted(
        by=by.strip(),
        act=act.strip(),
        about=about.strip(),
        since=_day("since", since),
        until=last + timedelta(days=1) if last is not None else None,
    )


def _day(name: str, text: str) -> datetime | None:
    if not text.strip():
        return None
    try:
        day = date.fromisoformat(text.strip())
        if day.year == MAXYEAR:
            raise ValueError("there may be no day after it")
        return datetime(day.year, day.month, day.day, tzinfo=UTC)
    except ValueError:
        hint = f"write `{name}` as year, month and day: 2026-11-21"
        raise Trouble(422, "request.day", f"{text[:40]!r} is no day", hint) from None


def exported(web: Web, doer: Doer, wanted: Wanted, asked: str) -> Iterator[str]:
    """Note that the audit is exported, and return it as CSV, newest first, piece by piece.

    `asked` are the filters, in words.
    """

    def note() -> None:
        with web.world.store.write() as tx:
            audited(tx, web.world.now(), doer, "audit.exported", "", asked)

    again(note)
    return _lines(web, wanted)


def _lines(web: Web, wanted: Wanted) -> Iterator[str]:
    yield _csv([COLUMNS])
    before: int | None = None
    while True:
        with web.world.store.read() as reading:
            acts = reading.acts(wanted, before, AT_ONCE)
        if not acts:
            return
        yield _csv([_row(act) for act in acts])
        before = acts[-1].id


def _row(act: Act) -> tuple[str, ...]:
    at = act.at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    texts = (act.by, act.via, act.act, act.about, act.detail, act.address)
    return (str(act.id), at, *map(_cell, texts))


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _csv(rows: list[tuple[str, ...]]) -> str:
    out = StringIO()
    csv.writer(out).writerows(rows)
    return out.getvalue()
