"""The Slack message for a message: blocks within Slack's limits, and a text without them."""

import re
import unicodedata
from datetime import UTC
from typing import cast

import msgspec
from msgspec.structs import replace

from tocsin.core.delivery import Message

KINDS = {
    "page": "Page",
    "notice": "Notice",
    "ticket": "Ticket",
    "alarm": "Alarm: a page stayed unanswered",
    "update": "Update",
}
EXERCISE = "This is an exercise. Nothing is really wrong."

TOGETHER = (
    "These were due for you at the same time, so this is one message. More on each is behind its"
    " button."
)

BLOCKS_MAX = 50
HEADER_LENGTH_MAX = 150
SECTION_LENGTH_MAX = 3000
FIELD_LENGTH_MAX = 2000
FIELD_NAME_LENGTH_MAX = 200
PART_NAME_LENGTH_MAX = 100
FIELDS_MAX = 10
PART_LENGTH_MAX = 500
"""Of the reason why somebody gets one of the messages of a bundle."""

LIMITS_OF_A_PART = 5
"""Deadlines that one of the messages of a bundle shows: the soonest ones."""

BUTTON_LENGTH_MAX = 75
URL_LENGTH_MAX = 3000
TITLE_LENGTH_MIN = 20
BLOCKS_BESIDES_DETAILS = 6
"""Exercise, header, facts, why, button, and the line that says how much was left out."""

ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}

Block = dict[str, object]


def render(message: Message) -> bytes:
    """Write the request body. The same message always gives the same bytes."""
    return msgspec.json.encode(
        {
            # Shown in notifications, and where blocks are not; no markup in it counts.
            "text": fallback(message),
            "mrkdwn": False,
            "unfurl_links": False,
            "unfurl_media": False,
            "blocks": blocks(message),
        }
    )


def fallback(message: Message) -> str:
    """Say everything that matters in one paragraph."""
    if message.kind == "update":
        words = [f"{message.subject} ({_code(message)})", message.text]
        return escaped("\n".join(words), SECTION_LENGTH_MAX)
    if message.holds:
        codes = ", ".join(dict.fromkeys(part.incident for part in message.holds))
        words = [message.subject, f"({_code(message)})", f"All of them: {codes}."]
        return escaped(_one_line(" ".join(words)), SECTION_LENGTH_MAX)
    late = f"(late by {message.late})" if message.late else ""
    words = [message.subject, f"({_code(message)})", late, message.why, _link(message)]
    return escaped(_one_line(" ".join(words)), SECTION_LENGTH_MAX)


def blocks(message: Message) -> list[Block]:
    """Lay the message out, at most BLOCKS_MAX blocks."""
    found: list[Block] = [_header(message)]
    if message.exercise:
        found.append(_section(f"*{EXERCISE}*"))
    if message.kind == "update":
        if message.text.strip():
            found.append(_section(escaped(message.text, SECTION_LENGTH_MAX)))
        found.append(_section(escaped(_code(message), FIELD_LENGTH_MAX)))
        return found
    if message.holds:
        found.append(_section(f"{TOGETHER}\n{escaped(_sent_as(message), FIELD_LENGTH_MAX)}"))
        return found + [_part(part) for part in message.holds]
    found.append(_section(_facts(message)))
    if message.why.strip():
        label = "*Why you get this:* "
        found.append(_section(label + escaped(message.why, SECTION_LENGTH_MAX - len(label))))
    found += _details(message)
    if link := _link(message):
        found.append(_button(message, link))
    return found


def readable(message: Message) -> tuple[str, str]:
    """Return the header and the text of the blocks as they are read in Slack."""
    texts: list[str] = []
    for block in blocks(message):
        text = block.get("text")
        if isinstance(text, dict):
            texts.append(_unescaped(str(text["text"])))
        for one in cast(list[Block], block.get("fields", [])):
            texts.append(_unescaped(str(one["text"])))
    return texts[0], "\n\n".join(texts[1:])


def _unescaped(text: str) -> str:
    for character, entity in reversed(ENTITIES.items()):
        text = text.replace(entity, character)
    return text


def escaped(text: str, length_max: int) -> str:
    """Make outside text harmless and short: no control characters, no mentions, no links.

    The length is counted as Slack sees it, after escaping and in UTF-16 units, so that neither
    an entity nor a character is cut in two.
    """
    units, room = [], length_max
    for c in _visible(text):
        unit = ENTITIES.get(c, c)
        room -= len(unit.encode("utf-16-le")) // 2
        units.append(unit)
        if room < 0:
            break
    if room >= 0:
        return "".join(units)
    while room < 1:
        room += len(units.pop().encode("utf-16-le")) // 2
    return "".join(units) + "…"


def _header(message: Message) -> Block:
    whole = message.subject
    excess = len(whole) - HEADER_LENGTH_MAX
    if excess > 0:
        # The title gives way first, because "attempt 2" stands behind it.
        title = " ".join(message.title.split())
        length = max(len(title) - excess - 1, TITLE_LENGTH_MIN)
        shorter = title if len(title) <= length else title[:length] + "…"
        whole = replace(message, title=shorter).subject
    words = escaped(" ".join(whole.split()), HEADER_LENGTH_MAX)
    return {"type": "header", "text": {"type": "plain_text", "text": words, "emoji": False}}


def _facts(message: Message) -> str:
    facts = {
        "Message": _code(message),
        "Incident": message.incident,
        "Severity": message.shown_severity,
        "State": message.state,
        "Sent": _sent(message),
        **({"Late by": message.late} if message.late else {}),
    }
    longest = SECTION_LENGTH_MAX // len(facts) - 20
    return "\n".join(f"*{n}:* {escaped(_one_line(v), longest)}" for n, v in facts.items())


def _sent_as(message: Message) -> str:
    return f"{_code(message)}, sent {_sent(message)}"


def _sent(message: Message) -> str:
    return message.sent_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _part(part: Message) -> Block:
    """Write one message of a bundle, with its own button beside it."""
    title = escaped(_one_line(part.title), HEADER_LENGTH_MAX)
    level = escaped(_one_line(part.shown_severity), FIELD_NAME_LENGTH_MAX)
    incident = escaped(_one_line(part.incident), FIELD_NAME_LENGTH_MAX)
    late = f"Late by {part.late} · " if part.late else ""
    repeat = f", attempt {part.attempt}" if part.attempt > 1 else ""
    code = escaped(_one_line(part.short_code), FIELD_NAME_LENGTH_MAX)
    state = escaped(_one_line(part.state), FIELD_NAME_LENGTH_MAX)
    marks = f"{late}State {state} · Code {code}{repeat}"
    why = escaped(_one_line(part.why), PART_LENGTH_MAX)
    limits = [
        f"{escaped(_one_line(name), PART_NAME_LENGTH_MAX)}: "
        f"{escaped(_one_line(value), PART_NAME_LENGTH_MAX)}"
        for name, value in part.limits[:LIMITS_OF_A_PART]
    ]
    lines = [f"*[{level}] {incident} {title}*", marks, *([why] if why else []), *limits]
    block = _section("\n".join(lines))
    if link := _link(part):
        block["accessory"] = _link_button(part, link, _one_line(part.incident))
    return block


def _details(message: Message) -> list[Block]:
    room = (BLOCKS_MAX - BLOCKS_BESIDES_DETAILS) * FIELDS_MAX
    fields = [_field(name, value) for name, value in message.details[:room]]
    found: list[Block] = [
        {"type": "section", "fields": fields[start : start + FIELDS_MAX]}
        for start in range(0, len(fields), FIELDS_MAX)
    ]
    hidden = len(message.details) - room
    if hidden > 0:
        found.append(_section(f"{hidden} further details are left out here."))
    return found


def _field(name: str, value: str) -> Block:
    label = escaped(_one_line(name), FIELD_NAME_LENGTH_MAX) or "?"
    room = FIELD_LENGTH_MAX - FIELD_NAME_LENGTH_MAX - 10
    return _mrkdwn(f"*{label}*\n{escaped(value, room)}")


def _button(message: Message, link: str) -> Block:
    return {"type": "actions", "elements": [_link_button(message, link)]}


def _link_button(message: Message, link: str, which: str = "") -> Block:
    """Make a button; `which` says of which incident, where there are several."""
    urgent = message.kind in ("page", "alarm")
    does = "Open and acknowledge" if urgent else "Open"
    words = escaped(f"{does} {which}".rstrip(), BUTTON_LENGTH_MAX)
    button: Block = {
        "type": "button",
        "action_id": "open",
        "text": {"type": "plain_text", "text": words},
        "url": link,
    }
    if urgent:
        button["style"] = "primary"
    return button


def _section(text: str) -> Block:
    return {"type": "section", "text": _mrkdwn(text)}


def _mrkdwn(text: str) -> Block:
    # Verbatim: names, channels and addresses in the text stay text.
    return {"type": "mrkdwn", "text": text, "verbatim": True}


def _code(message: Message) -> str:
    repeat = f", attempt {message.attempt}" if message.attempt > 1 else ""
    return f"{KINDS[message.kind]}, code {message.short_code}{repeat}"


def _link(message: Message) -> str:
    """Give the link if it is one that may be followed and Slack takes it, else nothing."""
    good = re.fullmatch(r"https?://[!-~]+", message.link)
    return message.link if good and len(message.link) <= URL_LENGTH_MAX else ""


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _visible(text: str) -> str:
    """Keep line ends; turn other control characters and halves of pairs into spaces."""
    ends = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        " " if c != "\n" and unicodedata.category(c) in ("Cc", "Cs") else c for c in ends
    )
