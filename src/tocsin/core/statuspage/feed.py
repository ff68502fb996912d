"""The page as an Atom feed (RFC 4287): an entry for each thing that was said."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple
from xml.sax.saxutils import escape, quoteattr

from tocsin.core.statuspage.model import Board

ENTRIES_AT_MOST = 50


class _Item(NamedTuple):
    at: datetime
    key: str
    title: str
    text: str
    link: str
    category: str


def feed(board: Board, component: str = "") -> str:
    """Return the feed; with a component, only of what concerns it, or concerns none by name."""
    items = sorted(_items(board, component), key=lambda item: (item.at, item.key), reverse=True)
    shown = items[:ENTRIES_AT_MOST]
    name = f"feed-{component}.atom" if component else "feed.atom"
    about = f"{board.name} status"
    about += f": {board.named(component)}" if component else ""
    updated = shown[0].at if shown else board.since
    return "\n".join(
        [
            '<?xml version="1.0" encoding="utf-8"?>',
            '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en">',
            f"<title>{_text(about)}</title>",
            f"<id>{_text(_id(board, name))}</id>",
            f"<updated>{_time(updated)}</updated>",
            f"<author><name>{_text(board.name)}</name></author>",
            "<generator>Tocsin</generator>",
            f"<link rel={quoteattr('self')} href={quoteattr(_clean(f'{board.url}/{name}'))}/>",
            f"<link rel={quoteattr('alternate')} href={quoteattr(_clean(f'{board.url}/'))}/>",
            *(_entry(board, item) for item in shown),
            "</feed>\n",
        ]
    )


def _items(board: Board, component: str) -> Iterable[_Item]:
    for incident in board.incidents:
        if component and incident.components and component not in incident.components:
            continue
        for entry in incident.entries:
            status = entry.status[:1].upper() + entry.status[1:]
            yield _Item(
                entry.at,
                f"{incident.id}-{entry.number}",
                f"{status}: {entry.title or incident.title}" if status else incident.title,
                entry.text,
                f"{board.url}/incidents/{incident.id}.html",
                entry.impact,
            )
    for window in board.windows:
        if component and window.components and component not in window.components:
            continue
        link = f"{board.url}/#maintenance-{window.id}"
        span = f"{window.starts_at:%Y-%m-%d %H:%M} to {window.ends_at:%Y-%m-%d %H:%M} UTC"
        key = f"maintenance-{window.id}"
        text = f"{window.text}\n{span}".strip()
        yield _Item(
            window.made_at, f"{key}-0", f"Maintenance: {window.title}", text, link, "maintenance"
        )
        for k, said in enumerate(window.updates, 1):
            title = f"Maintenance {said.status.replace('_', ' ')}: {window.title}"
            yield _Item(said.at, f"{key}-{k}", title, said.text or span, link, "maintenance")


def _entry(board: Board, item: _Item) -> str:
    return "\n".join(
        [
            "<entry>",
            f"<title>{_text(item.title)}</title>",
            f"<id>{_text(_id(board, item.key))}</id>",
            f"<published>{_time(item.at)}</published>",
            f"<updated>{_time(item.at)}</updated>",
            f"<link rel={quoteattr('alternate')} href={quoteattr(_clean(item.link))}/>",
            f"<category term={quoteattr(item.category)}/>",
            f'<content type="text">{_text(item.text or item.title)}</content>',
            "</entry>",
        ]
    )


def _id(board: Board, key: str) -> str:
    """A tag URI (RFC 4151): the same for ever, wherever the page moves below its host."""
    host = board.url.partition("://")[2].partition("/")[0].partition(":")[0] or "localhost"
    return f"tag:{host},{board.since:%Y-%m-%d}:{key}"


def _time(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def _text(words: str) -> str:
    return escape(_clean(words))


def _clean(words: str) -> str:
    """Replace what XML 1.0 cannot carry."""
    return "".join(c if _may_stand(ord(c)) else "\ufffd" for c in words)


def _may_stand(code: int) -> bool:
    return (
        code in (0x9, 0xA, 0xD)
        or 0x20 <= code <= 0xD7FF
        or 0xE000 <= code <= 0xFFFD
        or 0x10000 <= code <= 0x10FFFF
    )
