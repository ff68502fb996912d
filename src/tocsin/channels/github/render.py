"""What an issue and a comment say, and the marks by which they are found again."""

import re

import msgspec

from tocsin.core.delivery import Message

TITLE_AT_MOST = 250
BODY_AT_MOST = 60_000
"""GitHub takes 65,536 characters."""

_ACTIVE = re.compile(r"([\\`*_{}\[\]<>#|~!&@])")


def issue(message: Message, labels: tuple[str, ...]) -> bytes:
    """Return the body of a request that opens an issue."""
    document: dict[str, object] = {"title": title(message), "body": body(message)}
    if labels:
        document["labels"] = list(labels)
    return msgspec.json.encode(document)


def comment(message: Message) -> bytes:
    """Return the body of a request that adds a comment."""
    return msgspec.json.encode({"body": body(message)})


def title(message: Message) -> str:
    """Return the issue's title: GitHub shows it as it is, but for mentions, which call people."""
    return _sound(message.subject.replace("@", "@\u200b"))[:TITLE_AT_MOST]


def body(message: Message) -> str:
    """Return Markdown in which outside text is only text: it formats and mentions nothing.

    An update says nothing but its own words: its readers may be anybody.
    """
    lines = []
    if message.exercise:
        lines += ["**This is an exercise. Nothing is really wrong.**", ""]
    if message.text:
        lines += [plain(message.text), ""]
    if message.why and message.kind != "update":
        lines += [plain(message.why), ""]
    if message.late:
        lines += [f"Late by {message.late}.", ""]
    if message.details and message.kind != "update":
        lines += ["| | |", "|---|---|"]
        lines += [f"| {_cell(name)} | {_cell(value)} |" for name, value in message.details[:100]]
        lines.append("")
    text = "\n".join(lines)[:BODY_AT_MOST]
    return f"{text}\n{mark_of_incident(message)}\n{mark_of(message)}\n"


def mark_of(message: Message) -> str:
    """Return what tells a message from every other: a comment that nobody sees."""
    return f"<!-- tocsin message {_word(message.id)} -->"


def mark_of_incident(message: Message) -> str:
    """Return what tells an incident's issue from every other."""
    return f"<!-- tocsin incident {_word(message.incident)} -->"


def plain(words: str) -> str:
    """Return text such that Markdown shows it as it is, and mentions nobody."""
    return _ACTIVE.sub(r"\\\1", _sound(words)).replace("\\@", "@\u200b")


def _cell(words: str) -> str:
    return " ".join(plain(words).split())


def _word(name: str) -> str:
    """An id inside a comment must not end it."""
    return re.sub(r"[^A-Za-z0-9_.]+", "_", name)


def _sound(words: str) -> str:
    """Replace halves of surrogate pairs and what no text holds."""
    return words.replace("\x00", "\ufffd").encode("utf-8", "replace").decode()
