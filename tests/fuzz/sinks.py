"""Targets: where outside text ends up. Each sink is read by its own reader; text stays data."""

from __future__ import annotations

import csv
import email
import email.policy
import io
import json
import re
from email.headerregistry import Address
from xml.etree import ElementTree

from msgspec.structs import replace
from prometheus_client.parser import text_string_to_metric_families
from tests.channels.messages import like
from tests.core.statuspage.lamps import board, said, window
from tests.fuzz.mutating import Target
from tests.fuzz.texts import encoded, text_of

from tocsin.channels.email import render as mail
from tocsin.channels.github import render as github
from tocsin.channels.slack import render as slack
from tocsin.channels.webhook import render as webhook
from tocsin.channels.webhook.signature import headers as signed
from tocsin.core.delivery import Message
from tocsin.core.statuspage.feed import feed
from tocsin.core.statuspage.v2 import documents
from tocsin.logs import plain_values
from tocsin.web.auditing import _cell, _csv
from tocsin.web.figures import Figures
from tocsin.web.live import Fragment
from tocsin.web.problems import Trouble

OTHER_TAG = re.compile(
    r"<(?!/?(?:html|head|meta|title|body|h1|p|a|table|tr|th|td|br|small|!doctype)\b)"
)
"""What a mail holds only if text from outside has become markup."""

HEADERS = {
    "from",
    "to",
    "date",
    "message-id",
    "references",
    "auto-submitted",
    "x-tocsin-incident",
    "list-unsubscribe",
    "list-unsubscribe-post",
    "mime-version",
    "content-type",
    "subject",
}


def a_message(text: str) -> Message:
    """A message all of whose texts come from outside."""
    return like(
        id=text[:200],
        incident=text[:200],
        short_code=text[:50],
        title=text,
        severity=text[:50],
        severity_name=text[:100],
        state=text[:20],
        why=text,
        link=text[:300],
        unsubscribe=text[:300],
        details=((text[:300], text), ("place", text)),
        text=text,
    )


def a_mail(data: bytes) -> None:
    for kind in ("page", "update"):
        message = replace(a_message(text_of(data)), kind=kind)
        raw = mail.render(message, Address("Tocsin", "tocsin", "example.org"), "ana@example.org")
        found = email.message_from_bytes(raw, policy=email.policy.compat32)
        assert {name.lower() for name in found.keys()} <= HEADERS, found.keys()  # noqa: SIM118
        assert found["To"] == "ana@example.org"
        parts = [part.get_content_type() for part in found.walk()]
        assert parts == ["multipart/alternative", "text/plain", "text/html"], parts
        html = found.get_payload()[1].get_payload(decode=True).decode()  # type: ignore[index,union-attr]
        assert not OTHER_TAG.search(html)
        assert not re.search(r"href=\"(?!https?://)", html)


def a_slack_post(data: bytes) -> None:
    for kind in ("page", "update"):
        found = json.loads(slack.render(replace(a_message(text_of(data)), kind=kind)))
        for text in _strings({"blocks": found["blocks"], "text": found["text"]}):
            bare = re.sub(r"&(?:amp|lt|gt);", "", text) if not text.startswith("http") else ""
            assert not set("<>") & set(bare), text[:200]
            assert not [c for c in text if ord(c) < 32 and c != "\n"]


def an_issue(data: bytes) -> None:
    message = a_message(text_of(data))
    for body in (github.issue(message, ()), github.comment(message)):
        said_ = json.loads(body)
        own = r"<!-- tocsin (?:message|incident) [A-Za-z0-9_.]* -->"
        rest = re.sub(own, "", said_["body"])
        assert not re.search(r"@(?!\u200b)", rest)
        assert not re.search(r"(?<!\\)(?:\\\\)*<", rest)


def a_webhook(data: bytes) -> None:
    message = a_message(text_of(data))
    found = json.loads(webhook.render(message))
    link = found["data"]["link"]
    assert link is None or link.startswith(("http://", "https://"))
    made = signed(message.id, message.sent_at, b"", None)
    assert all(re.fullmatch(r"[!-~]{1,128}", value) for value in made.values())


def a_feed(data: bytes) -> None:
    text = text_of(data)
    made = board(
        publications=[said(1, text[:50], text, 5, title=text[:300]), said(2, "resolved", text, 1)],
        windows=[window(2, 4, title=text[:300], text=text)],
    )
    made = replace(made, name=text[:100])
    tree = ElementTree.fromstring(feed(made).encode("utf-8"))  # our own
    assert {child.tag.rpartition("}")[2] for child in tree} <= {
        "title",
        "id",
        "updated",
        "author",
        "generator",
        "link",
        "entry",
    }
    for document in documents(made).values():
        json.dumps(document, default=str).encode()


def an_audit_export(data: bytes) -> None:
    cells = [_cell(text_of(data)), _cell(text_of(data)[::-1]), "x"]
    rows = list(csv.reader(io.StringIO(_csv([tuple(cells)]), newline="")))
    assert rows == [cells]
    assert not cells[0].startswith(("=", "+", "-", "@", "\t", "\r"))


def log_line(data: bytes) -> None:
    event = {"event": "x", "person": text_of(data), "problem": [text_of(data)], "n": 1}
    found = plain_values(None, "info", event)
    for value in (found["person"], str(found["problem"])):
        assert not [c for c in str(value) if ord(c) < 32 or 127 <= ord(c) < 160]


def a_stream(data: bytes) -> None:
    """One fragment stays one message of a stream, whatever line ends it holds."""
    text = text_of(data).encode("utf-8", "replace").decode()
    raw = Fragment("entry", f"<p>{text}</p>", "7").encoded().decode()
    head, *rest = raw.removesuffix("\n\n").split("\n")
    assert head == "event: entry"
    assert rest[0] == "id: 7"
    assert all(line.startswith("data: ") for line in rest[1:])
    # What a browser takes for the end of a line, all of it.
    assert not re.search(r"\r", raw)


def a_problem(data: bytes) -> None:
    text = text_of(data)
    answer = Trouble(422, "x.y", text, text).response()
    assert json.loads(bytes(answer.body))["status"] == 422


def figures(data: bytes) -> None:
    made = Figures("1.0", dict)
    made.answered(text_of(data)[:300].encode("utf-8", "replace").decode(), "/x", 200, 0.1)
    raw, _ = made.text("")
    list(text_string_to_metric_families(raw.decode()))
    made.text(data.decode("latin-1"))


def _strings(value: object) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, dict):
        return [text for one in value.values() for text in _strings(one)]
    return [text for one in value for text in _strings(one)] if isinstance(value, list) else []


HOSTILE = encoded(
    "x\r\nBcc: eve@example.org\r\n\r\n<script>alert(1)</script>",
    "=?utf-8?q?=0d=0aX-Evil:_1?=",
    "<!channel> <@U1> <https://evil.example|click> &lt;",
    "\x1b[2J\x1b]0;x\x07",
    "=cmd|' /C calc'!A0",
    "event: x\n\ndata: y\rid: 9\u2028z",
    "]]><x/>&#0;",
    "@team `a` [b](c) <!-- --> \\@x",
    "\u202e\ud800",
)
WORDS = encoded(
    "\r\n",
    "\r",
    "\n.\r\n",
    "=?",
    "?=",
    "<!",
    "<@",
    "-->",
    "]]>",
    "\\",
    '"',
    "\x85",
    "\u2029",
    "https://",
    "--=_tocsin_",
    "data: ",
    "&#",
    "=",
    "+",
    "@",
)

TARGETS = tuple(
    Target(name, run, HOSTILE, WORDS, at_most=16 * 1024)
    for name, run in (
        ("mail", a_mail),
        ("slack", a_slack_post),
        ("github-issue", an_issue),
        ("webhook-body", a_webhook),
        ("feed", a_feed),
        ("audit-csv", an_audit_export),
        ("log-line", log_line),
        ("stream", a_stream),
        ("problem", a_problem),
        ("figures", figures),
    )
)
