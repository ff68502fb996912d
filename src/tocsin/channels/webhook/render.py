"""The JSON body of a message; docs/channels.md describes it for the one who receives it."""

import re
from datetime import UTC

import msgspec

from tocsin.core.delivery import Message


def render(message: Message) -> bytes:
    """Write the body. The same message always gives the same bytes."""
    return msgspec.json.encode(
        {
            "type": f"tocsin.{message.kind}",
            "timestamp": message.sent_at.astimezone(UTC),
            "data": {
                **_data(message),
                **({"incidents": [_data(part) for part in message.holds]} if message.holds else {}),
            },
        }
    )


def _data(message: Message) -> dict[str, object]:
    """Return what one message says; of a bundle, what its first one does."""
    late = int((message.sent_at - message.due_since).total_seconds())
    return {
        "id": _sound(message.id),
        "kind": message.kind,
        "exercise": message.exercise,
        "short_code": _sound(message.short_code),
        "attempt": message.attempt,
        "incident": _sound(message.incident),
        "title": _sound(message.title),
        "severity": _sound(message.severity),
        "severity_name": _sound(message.severity_name),
        "state": _sound(message.state),
        "subject": _sound(message.subject),
        "why": _sound(message.why),
        "details": [{"name": _sound(n), "value": _sound(v)} for n, v in message.details],
        "link": _link(message),
        **({"late_seconds": late} if message.late else {}),
        **({"text": _sound(message.text)} if message.kind == "update" else {}),
        **({"unsubscribe": _sound(message.unsubscribe)} if message.unsubscribe else {}),
    }


def _link(message: Message) -> str | None:
    """Give the link if it is one that may be followed, else nothing."""
    return message.link if re.fullmatch(r"https?://[!-~]+", message.link) else None


def _sound(text: str) -> str:
    """Replace halves of surrogate pairs, which UTF-8 can't carry; JSON escapes all the rest."""
    return text.encode("utf-8", "replace").decode()
