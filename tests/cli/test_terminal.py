"""Nothing that comes from outside reaches a terminal as anything but text.

A server answers with escapes in every text, and in a second round in everything at all; each
command prints what it makes of it, and none of the escapes is left. (Threat 24: log4shell's cousin
is a title that retitles a window, moves the cursor or answers a question by itself.)
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.cli.api_server import ApiServer
from tests.cli.running import Terminal

PAYLOADS = (
    "\x1b[2J\x1b[H", "\x1b[31mred", "\x1b]0;owned\x07", "\x1b]8;;http://evil.example\x1b\\click",
    "\x9b31m", "\x9d0;owned\x9c", "\x1bP+q544e\x1b\\", "\x1b[6n", "\x1b[?1049h", "\x1bc", "\x07",
    "\x1b]52;c;ZXZpbA==\x07", "a\rb", "\x00", "\u202egnp.exe", "\u2066x\u2069", "\x1b", "\x1b[",
    "\x90$qm\x9c", "\x1b(0", "\x85", "\u2028", "\x1b]1337;File=:QQ==\x07", "\ud800",
)  # fmt: skip

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("incidents",), ("incidents", "--all"), ("show", "INC-2026-001"), ("timeline", "INC-2026-001"),
    ("watch", "INC-2026-001", "--once"), ("watch", "--once"), ("who",), ("deployments",),
    ("maintenance",), ("override", "list"), ("answers", "INC-2026-001"), ("verify",), ("doctor",),
    ("status-page", "link"), ("sign-in", "ana"), ("ack", "INC-2026-001"),
    ("note", "INC-2026-001", "x"), ("declare", "x"), ("test-page", "ana"),
    ("resolve", "INC-2026-001"), ("update", "INC-2026-001", "public", "--text", "x"),
    ("show", "INC-2026-001", "--json"), ("incidents", "--json"),
)  # fmt: skip

NAMES = re.compile(
    r"(?:.*_at|at|state|code|incident|kind|do|hash|head|format|url|from|since|until|start|end|due"
    r"|time_zone|message|version|node|type|severity|public_url)"
)
"""Fields that programs read: in the first round they stay as they are."""

INSTANTS = re.compile(r"(?:.*_at|at|from|since|until|start|end|due)")

TOGETHER = ["text".join(PAYLOADS[number::3]) for number in range(3)]
"""All payloads, several in a text."""

CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")


def poisoned(document: Any, payload: str, keep: re.Pattern[str], name: str = "") -> Any:
    """Return a document with the payload in each text, also in the names of values."""
    if isinstance(document, dict):
        return {key: poisoned(value, payload, keep, key) for key, value in document.items()}
    if isinstance(document, list):
        return [poisoned(one, payload, keep, name) for one in document]
    if isinstance(document, str) and not keep.fullmatch(name):
        return f"{document[:1]}{payload}{document[1:]}{payload}"
    return document


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_no_escape_reaches_the_terminal(
    tocsin: Terminal, api: ApiServer, words: tuple[str, ...]
) -> None:
    good = dict(api.answers)
    found = []
    succeeded = 0
    for payload in TOGETHER:
        for keep in (NAMES, INSTANTS):
            api.answers = {
                where: (status, poisoned(document, payload, keep))
                for where, (status, document) in good.items()
            }
            ran = tocsin(*words)
            succeeded += ran.code == 0
            left = CONTROL.findall(ran.out + ran.err)
            if left:
                found.append(f"{payload!r}: {left[:5]} in {(ran.out + ran.err)[:300]!r}")
    assert not found, "\n".join(found[:10])
    api.answers = good
    if tocsin(*words).code == 0:
        assert succeeded >= len(TOGETHER), "nothing was printed that could have held one"


def test_a_refusal_with_escapes_is_printed_without(tocsin: Terminal, api: ApiServer) -> None:
    for payload in PAYLOADS:
        said = {"status": 409, "code": "x.y", "detail": f"no {payload}", "hint": f"go {payload}"}
        api.answers["POST", "/api/v1/incidents/INC-2026-001/acknowledge"] = (409, said)
        ran = tocsin("ack", "INC-2026-001")
        assert ran.code != 0
        assert not CONTROL.findall(ran.out + ran.err), ascii(ran.err)
