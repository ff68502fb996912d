"""The e-mail for a message: headers, plain text and simple HTML, from values alone."""

import hashlib
import re
import unicodedata
from datetime import UTC
from email.header import Header
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from html import escape

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
    "These were due for you at the same time, so this is one message. Each has its own link, which"
    " leads to all that is known."
)

LEAVE = "To change or end these messages"

SUBJECT_LENGTH_MAX = 250
TITLE_LENGTH_MIN = 20
VALUE_LENGTH_MAX = 2000
DETAILS_MAX = 100
PART_VALUE_LENGTH_MAX = 200
PART_DETAILS_MAX = 12
"""In a bundle a message shows so many details that are no longer than that, deadlines first."""

TOKEN_LENGTH_MAX = 64

_BODY = "margin:0;padding:16px;font-family:system-ui,sans-serif;font-size:16px;line-height:1.5"
_NOTE = "padding:8px 12px;border:2px dashed #888888;font-weight:bold"
_BUTTON = (
    "display:inline-block;padding:12px 20px;border-radius:6px;background-color:#b42318;"
    "color:#ffffff;font-weight:bold;text-decoration:none"
)
_HEADING = "font-size:20px;margin:0 0 8px;overflow-wrap:anywhere"
_PART_HEADING = "font-size:17px;margin:0;overflow-wrap:anywhere"
_PART = "border-top:1px solid #888888;margin-top:16px;padding-top:12px"
_NAME = "text-align:left;vertical-align:top;padding:4px 16px 4px 0"
_VALUE = "vertical-align:top;padding:4px 0;overflow-wrap:anywhere;white-space:pre-wrap"


def render(message: Message, sender: Address, to: str) -> bytes:
    """Write the mail, its lines ended by CR LF. The same message always gives the same bytes."""
    mail = EmailMessage(policy=SMTP)
    domain = sender.domain
    mail["From"] = sender
    mail["To"] = Address(addr_spec=to)
    mail["Date"] = message.sent_at.astimezone(UTC)
    mail["Message-ID"] = f"<{token(message.id)}@{domain}>"
    if not message.holds:
        # A bundle begins a thread of its own: it would tie its incidents into one for ever.
        mail["References"] = f"<incident.{token(message.incident)}@{domain}>"
    mail["Auto-Submitted"] = "auto-generated"
    for incident in dict.fromkeys(part.incident for part in message.parts):
        mail["X-Tocsin-Incident"] = token(incident)
    if leave := _followable(message.unsubscribe):
        # RFC 8058: a mail program may end it with one press, without opening a page.
        mail["List-Unsubscribe"] = f"<{leave}>"
        mail["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    mail.set_content(text(message), cte="quoted-printable")
    mail.add_alternative(html(message), subtype="html", cte="quoted-printable")
    # "=" is always encoded inside quoted-printable, so no text can contain this boundary.
    mail.set_boundary(f"=_tocsin_{token(message.id)[:40]}")
    return b"Subject: " + subject_header(subject(message)) + b"\r\n" + mail.as_bytes()


def subject_header(words: str) -> bytes:
    """Encode and fold the subject with the older of Python's two ways.

    The newer one, which the other headers use, loses spaces between encoded words and decodes
    what only looks like one ("=?"), line ends included.
    """
    plain = words.isascii() and "=?" not in words
    header = Header(words, "us-ascii" if plain else "utf-8", header_name="Subject")
    return header.encode(linesep="\r\n").encode("ascii")


def subject(message: Message) -> str:
    """Make the message's own subject fit: a long title is cut, what stands around it stays."""
    whole = _one_line(message.subject)
    excess = len(whole) - SUBJECT_LENGTH_MAX
    if excess <= 0:
        return whole
    title = _one_line(message.title)
    shorter = _cut(title, max(len(title) - excess, TITLE_LENGTH_MIN))
    return _cut(_one_line(replace(message, title=shorter).subject), SUBJECT_LENGTH_MAX)


def text(message: Message) -> str:
    """Write the plain text part."""
    lines = [EXERCISE, ""] if message.exercise else []
    if message.kind == "update":
        lines += [_lines(message.text), "", _mark(message)]
        if leave := _followable(message.unsubscribe):
            lines.append(f"{LEAVE}: {leave}")
        return "\n".join(lines) + "\n"
    if message.holds:
        lines += [subject(message), "", TOGETHER, "", _bundle_facts(message)]
        for number, part in enumerate(message.holds, 1):
            lines += ["", *_numbered(number, part)]
        return "\n".join(lines) + "\n"
    lines += [subject(message), "", f"Why you get this: {_indented(_lines(message.why))}"]
    lines += [f"{name}: {value}" for name, value in _facts(message)]
    if details := _details(message):
        lines += ["", *(f"{name}: {_indented(value)}" for name, value in details)]
    if link := _link(message):
        lines += ["", f"{_action(message)}: {link}"]
    return "\n".join(lines) + "\n"


def html(message: Message) -> str:
    """Write the HTML part: no colours but the button's, so that dark mode can choose its own."""
    title = escape(subject(message))
    note = f'<p style="{_NOTE}">{EXERCISE}</p>' if message.exercise else ""
    if message.kind == "update":
        body = f'<p style="white-space:pre-wrap">{escape(_lines(message.text))}</p>'
        heading = f'<h1 style="font-size:20px;margin:0 0 8px">{title}</h1>'
        leave = _followable(message.unsubscribe)
        way_out = f'<br><a href="{escape(leave)}">{LEAVE}</a>' if leave else ""
        mark = f"<p><small>{escape(_mark(message))}{way_out}</small></p>"
        return _page(title, f"{note}\n{heading}\n{body}\n{mark}")
    if message.holds:
        heading = f'<h1 style="{_HEADING}">{title}</h1>'
        facts = f"<p>{TOGETHER}</p>\n<p><small>{escape(_bundle_facts(message))}</small></p>"
        parts = "\n".join(_section(part) for part in message.holds)
        return _page(title, f"{note}\n{heading}\n{facts}\n{parts}")
    link = _link(message)
    button = (
        f'<p><a href="{escape(link)}" style="{_BUTTON}">{_action(message)}</a></p>' if link else ""
    )
    rows = "\n".join(
        f'<tr><th scope="row" style="{_NAME}">{escape(name)}</th>'
        f'<td style="{_VALUE}">{escape(value)}</td></tr>'
        for name, value in [*_facts(message), *_details(message)]
    )
    return _page(
        title,
        f'{note}\n<h1 style="font-size:20px;margin:0 0 8px">{title}</h1>\n'
        f'<p style="white-space:pre-wrap">Why you get this: {escape(_lines(message.why))}</p>\n'
        f"{button}\n<table>\n{rows}\n</table>",
    )


def _numbered(number: int, part: Message) -> list[str]:
    """Write one message of a bundle as lines of text, set in below its number."""
    lines = [f"{number}. {_heading(part)}", f"   {_marks(part)}"]
    lines.append(f"   Why you get this: {_indented(_indented(_lines(_why(part))))}")
    lines += [f"   {name}: {value}" for name, value in _short_details(part)]
    if link := _link(part):
        lines.append(f"   {_action(part)}: {link}")
    return lines


def _section(part: Message) -> str:
    """Write one message of a bundle as HTML, between lines, with a button of its own."""
    link = _link(part)
    button = (
        f'<p style="margin:8px 0 0"><a href="{escape(link)}" style="{_BUTTON}">{_action(part)}'
        f' <span style="white-space:nowrap">{escape(_one_line(part.incident))}</span></a></p>'
        if link
        else ""
    )
    rows = "<br>\n".join(f"{escape(name)}: {escape(value)}" for name, value in _short_details(part))
    details = f'<p style="margin:4px 0;overflow-wrap:anywhere">{rows}</p>\n' if rows else ""
    return (
        f'<div style="{_PART}">\n'
        f'<h2 style="{_PART_HEADING}">{escape(_heading(part))}</h2>\n'
        f'<p style="margin:4px 0"><small>{escape(_marks(part))}</small></p>\n'
        f'<p style="margin:4px 0;white-space:pre-wrap;overflow-wrap:anywhere">'
        f"{escape(_lines(_why(part)))}</p>\n{details}{button}\n</div>"
    )


def _heading(part: Message) -> str:
    title = _cut(_one_line(part.title), SUBJECT_LENGTH_MAX)
    return _one_line(f"[{part.shown_severity}] {part.incident} {title}")


def _why(part: Message) -> str:
    return _cut(part.why, VALUE_LENGTH_MAX)


def _marks(part: Message) -> str:
    """Say how late a message of a bundle is, how its incident stands, and its code."""
    late = f"Late by {part.late} · " if part.late else ""
    repeat = f", attempt {part.attempt}" if part.attempt > 1 else ""
    return f"{late}State {_one_line(part.state)} · Code {_one_line(part.short_code)}{repeat}"


def _bundle_facts(message: Message) -> str:
    return f"{_mark(message)}, sent {_sent(message)}"


def _sent(message: Message) -> str:
    return message.sent_at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width">\n'
        '<meta name="color-scheme" content="light dark">\n'
        '<meta name="supported-color-schemes" content="light dark">\n'
        f'<title>{title}</title></head>\n<body style="{_BODY}">\n{body}\n</body></html>\n'
    )


def token(name: str) -> str:
    """Make `name` fit for a header: itself where that is safe, else a digest of it."""
    if len(name) <= TOKEN_LENGTH_MAX and re.fullmatch(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*", name):
        return name
    return hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:32]


def _facts(message: Message) -> list[tuple[str, str]]:
    """List what Tocsin itself says about the message."""
    late = [("Late by", message.late)] if message.late else []
    return [
        ("Message", _mark(message)),
        ("Incident", _one_line(message.incident)),
        ("Severity", _one_line(message.shown_severity)),
        ("State", _one_line(message.state)),
        ("Sent", _sent(message)),
        *late,
    ]


def _mark(message: Message) -> str:
    """Name the message, so that people can tell a repeat from another one."""
    repeat = f", attempt {message.attempt}" if message.attempt > 1 else ""
    return f"{KINDS[message.kind]}, code {_one_line(message.short_code)}{repeat}"


def _details(message: Message) -> list[tuple[str, str]]:
    details = [
        (_cut(_one_line(name), VALUE_LENGTH_MAX), _cut(_lines(value), VALUE_LENGTH_MAX))
        for name, value in message.details[:DETAILS_MAX]
    ]
    hidden = len(message.details) - DETAILS_MAX
    return [*details, ("More", f"{hidden} further details")] if hidden > 0 else details


def _short_details(part: Message) -> list[tuple[str, str]]:
    """List what a message of a bundle shows of its details; the last one counts the others."""
    limits = part.limits
    short = [
        (name, value)
        for name, value in part.details
        if "\n" not in value and max(len(name), len(value)) <= PART_VALUE_LENGTH_MAX
    ]
    wanted = [*limits, *(one for one in short if one not in limits)][:PART_DETAILS_MAX]
    shown = [
        (
            _cut(_one_line(name), PART_VALUE_LENGTH_MAX),
            _cut(_one_line(value), PART_VALUE_LENGTH_MAX),
        )
        for name, value in wanted
    ]
    hidden = len(part.details) - len(wanted)
    return [*shown, ("Further details", f"{hidden}, in Tocsin")] if hidden > 0 else shown


def _action(message: Message) -> str:
    return "Open and acknowledge" if message.kind in ("page", "alarm") else "Open"


def _link(message: Message) -> str:
    """Give the link if it is one that may be followed, else nothing."""
    return _followable(message.link)


def _followable(link: str) -> str:
    return link if re.fullmatch(r"https?://[!-;=?-~]+", link) else ""


def _one_line(words: str) -> str:
    return " ".join(_lines(words).split())


def _lines(words: str) -> str:
    """Keep line ends; turn other control characters and halves of pairs into spaces."""
    ends = words.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(
        " " if c != "\n" and unicodedata.category(c) in ("Cc", "Cs") else c for c in ends
    )


def _indented(words: str) -> str:
    """Set further lines in, so that outside text can't pose as a line of ours."""
    return words.replace("\n", "\n  ")


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 1] + "…"
