"""Fills in every form that a page shows, and asks every page with strange words in its address."""

from __future__ import annotations

import re
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urldefrag, urljoin

from fastapi.routing import APIRoute
from tests.fuzz.asking import HOSTILE, KNOWN, Asker, Broken, sessions_of
from tests.web.stage import Form, Page

PAGES_AT_MOST = 80
EACH_AT_MOST = 3

STRANGE = (
    *HOSTILE, "<script>alert(1)</script>", "a\nb", "10**9", "1" * 30, "-" * 300, "{", "[", "\\",
    "=cmd|' /C calc'!A0", "javascript:alert(1)", "//evil.example", "٣", "１２", "12.5.7", "24:61",
    "2026-02-30", "2026-10-25 02:30", "next blue moon", "in 10 years", "99999999999h", "0m",
    "/severity", "/page nobody", "/note " + "x" * 4000, "@ana", "%00", "%s%n", "${7*7}", "x" * 9000,
    "9999-12-31", "0000-00-00", "-9999", "1e400", "true", "null", "INC-2026-001", "\x1b[2J",
)  # fmt: skip
"""What people and others type."""

LEAVES = ("/sign-out", "/account/sessions/end", "/access/sessions/end")
"""Forms that end the session in which the others are filled in."""


def paths_of(asked: Asker) -> Iterator[tuple[str, APIRoute]]:
    """Every page by its route."""
    for route in asked.scene.app.routes:
        if isinstance(route, APIRoute) and "GET" in (route.methods or ()):
            machine = route.path.startswith(("/api/", "/live/", "/in/", "/metrics"))
            if not machine:
                yield route.path, route


def crawl(asked: Asker, each: int) -> list[str]:
    """Follow links from page to page, a few of each kind."""
    queue = [path for path, _ in paths_of(asked) if "{" not in path]
    queue += [f"/incidents/INC-2026-00{number}" for number in range(1, 7)]
    seen: dict[str, int] = {}
    found: list[str] = []
    headers = asked.callers["administrator"]
    while queue and len(found) < PAGES_AT_MOST:
        path = urldefrag(queue.pop(0)).url
        kind = re.sub(r"[0-9a-f]{8,}|\d+|(?<==)[^&]*", "_", path)
        if path in found or seen.get(kind, 0) >= each:
            continue
        answer = asked.client.get(path, headers=headers)
        if answer.headers.get("content-type", "").startswith("text/html"):
            seen[kind] = seen.get(kind, 0) + 1
            found.append(path)
            links = (urljoin(path, link) for link in Page(answer.text).links if link)
            queue += [link for link in links if link.startswith("/")]
    return found


def fill(asked: Asker, rounds: int, *, once: bool = False) -> int:
    """Fill in each form of each page `rounds` times; return how many were sent.

    `once`: a form that stands on several pages is filled in on one of them.
    """
    sent = 0
    seen: set[object] = set()
    _sign_in(asked)
    for path in crawl(asked, 1 if once else EACH_AT_MOST):
        for _ in range(rounds):
            page = Page(asked.client.get(path, headers=asked.callers["administrator"]).text)
            for form in page.forms:
                kind = (re.sub(r"\d+", "_", form.action), frozenset(form.fields), form.button)
                if once and kind in seen:
                    continue
                seen.add(kind)
                if form.action.startswith("/") and not form.action.startswith(LEAVES):
                    _press(asked, form)
                    sent += 1
            if not page.forms:
                break
    return sent


def _press(asked: Asker, form: Form) -> None:
    dice = asked.dice
    said = dict(form.fields)
    for button in [*form.others.values(), {}][: dice.randrange(len(form.others) + 1) or None][-1:]:
        said |= button
    for name in said:
        if name in ("form_token", "token"):
            continue
        chance = dice.random()
        if chance < 0.45:
            said[name] = dice.choice(STRANGE)
        elif chance < 0.7 and name in KNOWN:
            said[name] = str(dice.choice(KNOWN[name]))
    body = "&".join(
        f"{quote(name, errors='surrogatepass')}={quote(value, errors='surrogatepass')}"
        for name, value in said.items()
    )
    headers = {
        **asked.callers["administrator"],
        "Origin": asked.scene.url,
        "Content-Type": "application/x-www-form-urlencoded",
    }
    _send(asked, "POST", form.action, body.encode(), headers)


def look(asked: Asker, rounds: int) -> int:
    """Ask each page with strange values in its path and its query, by whoever may."""
    sent = 0
    _sign_in(asked)
    for path, route in paths_of(asked):
        for _ in range(rounds):
            where = re.sub(r"{(\w+)(:path)?}", lambda m: _strange(asked, m[1]), path)
            names = [one.alias for one in _all_of(route.dependant)]
            query = "&".join(f"{name}={_strange(asked, name)}" for name in names)
            headers = asked.callers[asked.dice.choice(["administrator", "nobody", "viewer"])]
            _send(asked, "GET", f"{where}?{query}", b"", headers)
            sent += 1
    return sent


def _all_of(dependant: Any) -> list[Any]:
    return [*dependant.query_params, *(p for d in dependant.dependencies for p in _all_of(d))]


def _strange(asked: Asker, name: str) -> str:
    known = KNOWN.get(name)
    value = asked.dice.choice(known) if known and asked.dice.random() < 0.4 else None
    text = asked.dice.choice(STRANGE) if value is None else str(value)
    return quote(text[:3000], safe="", errors="surrogatepass") or "-"


def _send(asked: Asker, method: str, path: str, body: bytes, headers: dict[str, str]) -> None:
    shown = f"{method} {path[:300]} {body[:1500]!r}"
    asked.asked["a browser"] += 1
    try:
        answer = asked.client.request(method, path, content=body, headers=headers)
    except Exception:  # noqa: BLE001  # whatever comes is a finding
        broken = traceback.format_exc(limit=-6)
        asked.broken.setdefault(broken[-200:], Broken("", broken, shown))
        return
    asked.answers[answer.status_code] += 1
    if answer.status_code >= 500:
        asked.broken.setdefault(path, Broken("", answer.text[:300], shown))
    if answer.headers.get("location", "").startswith("/sign-in"):
        _sign_in(asked)


def _sign_in(asked: Asker) -> None:
    """Whatever was pressed, the next form is filled in by somebody who is signed in."""
    asked.callers.update(sessions_of(asked.scene))
