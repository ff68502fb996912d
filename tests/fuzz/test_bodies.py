"""Bodies that no honest program sends, to every route: refused in words, and no fault."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.fuzz.asking import Asker, asker
from tests.web.test_access import some_path

from tocsin.web.app import needs_by_route

MULTIPART = "multipart/form-data; boundary=x"

BODIES: dict[str, tuple[str, bytes]] = {
    "nothing": ("application/json", b""),
    "not JSON": ("application/json", b"{"),
    "no UTF-8": ("application/json", b'{"text": "\xff\xfe"}'),
    "UTF-16": ("application/json", '{"text": "x"}'.encode("utf-16")),
    "BOM": ("application/json", b'\xef\xbb\xbf{"text": "x"}'),
    "NUL": ("application/json", b'{"text": "\\u0000", "title": "\\u0000", "person": "\\u0000"}'),
    "half a pair": (
        "application/json",
        b'{"text": "\\ud800", "person": "\\udfff", "to": "\\ud800"}',
    ),
    "deep list": ("application/json", b"[" * 100_000),
    "deep value": ("application/json", b'{"text":' * 20_000),
    "closed deep": ("application/json", b"[" * 50_000 + b"]" * 50_000),
    "huge number": ("application/json", b'{"number": ' + b"9" * 50_000 + b', "minutes": 1e999}'),
    "NaN": ("application/json", b'{"value": NaN, "amount": Infinity, "minutes": -Infinity}'),
    "key twice": ("application/json", b'{"text": "a", "text": 1, "title": "a", "title": null}'),
    "many keys": (
        "application/json",
        b"{" + b",".join(b'"k%d":1' % n for n in range(5_000)) + b"}",
    ),
    "list": ("application/json", b"[1, 2, 3]"),
    "string": ("application/json", b'"text"'),
    "null": ("application/json", b"null"),
    "too large": ("application/json", b'{"text": "' + b"x" * (11 << 20)),
    "many fields": ("application/x-www-form-urlencoded", b"&".join([b"a=b"] * 20_000)),
    "bad escapes": ("application/x-www-form-urlencoded", b"text=%ff%00%zz&title=%ed%a0%80&=&&=="),
    "no boundary": ("multipart/form-data", b"--x\r\n"),
    "not closed": (MULTIPART, b'--x\r\nContent-Disposition: form-data; name="text"\r\n\r\nabc'),
    "no name": (MULTIPART, b"--x\r\nContent-Disposition: form-data\r\n\r\nabc\r\n--x--\r\n"),
    "many parts": (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n' * 3000 + b"--x--\r\n",
    ),
    "many files": (
        MULTIPART,
        b'--x\r\nContent-Disposition: form-data; name="file"; filename="../a\x00b"\r\n\r\n1\r\n'
        * 1500
        + b"--x--\r\n",
    ),
    "long header": (
        MULTIPART,
        b"--x\r\nContent-Disposition: form-data; name=" + b"a" * 200_000 + b"\r\n\r\n1",
    ),
    "strange charset": ("application/x-www-form-urlencoded; charset=utf-7", b"text=+ADw-x+AD4-"),
    "no such kind": ("application/\xff", b"\x00\x01"),
    "XML": ("application/xml", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'),
}


@pytest.fixture(scope="module")
def evening() -> Iterator[Asker]:
    with asker(1) as found:
        yield found


EACH = 12
"""Routes that get each body here; in `make torture` all get all."""


def send(asked: Asker, method: str, path: str, name: str) -> str:
    """Send a body to a route; return what is wrong with the answer, "" if nothing is."""
    kind, body = BODIES[name]
    machine = path.startswith(("/api/", "/in/"))
    headers: dict[str, str | bytes] = {
        **asked.callers["deployer" if path.startswith("/in/") else "operator"],
        "Content-Type": kind.encode("latin-1"),
    }
    answer = asked.client.request(method, some_path(path), content=body, headers=headers)
    said = answer.headers.get("content-type", "")
    fits = not answer.content or ("json" if machine else "html") in said
    if fits and answer.status_code < 500 and len(answer.content) <= 64 * 1024:
        return ""
    return f"{name} to {method} {path}: {answer.status_code} {said} {answer.text[:200]}"


def routes(asked: Asker) -> list[tuple[str, str]]:
    """Every route that may take a body."""
    found = needs_by_route(asked.scene.app)
    return [(method, path) for method, path, _ in found if method not in ("GET", "HEAD")]


def test_a_strange_body_is_refused_in_words(evening: Asker) -> None:
    """Each route gets some of the bodies, each body goes to some of the routes."""
    named = list(BODIES)
    listed = routes(evening)
    every = len(listed) // EACH
    wrong = [
        send(evening, method, path, name)
        for number, name in enumerate(named)
        for method, path in listed[number % every :: every]
    ]
    assert not any(wrong), "\n".join(filter(None, wrong))


@pytest.mark.torture
@pytest.mark.parametrize("name", BODIES)
def test_no_body_is_a_fault_anywhere(evening: Asker, name: str) -> None:
    wrong = [send(evening, method, path, name) for method, path in routes(evening)]
    assert not any(wrong), "\n".join(filter(None, wrong))
