"""What goes over the line: how much it is, and what compression must not give away."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from tests.web.scene.pages import signed_in
from tests.web.scene.story import Scene, quick_folder, told_and_served

BUDGET = 150_000
"""Bytes of a first visit to a room: the page, its styles, scripts, pictures and letters."""

ROOM = "/incidents/INC-2026-004"
TOKEN = re.compile(r'name="form_token" value="([^"]+)"')


@pytest.fixture(scope="module")
def scene() -> Iterator[Scene]:
    with quick_folder() as folder, told_and_served(folder) as told:
        yield told


@pytest.fixture(scope="module")
def browser(scene: Scene) -> Iterator[httpx.Client]:
    with signed_in(scene, "ana") as client:
        yield client


def sent(answer: httpx.Response) -> int:
    """Bytes of the body as they went over the line."""
    return int(answer.headers["content-length"])


def first_visit(browser: httpx.Client, path: str) -> dict[str, httpx.Response]:
    """A page with everything that it loads, and what its styles load."""
    page = browser.get(path)
    files = {unescape(one) for one in re.findall(r'(?:href|src)="(/static/[^"#]+)', page.text)}
    answers = {path: page} | {one: browser.get(one) for one in files}
    for answer in [one for name, one in answers.items() if ".css" in name]:
        for inner in re.findall(r"url\([\"']?([^\"')]+)", answer.text):
            address = str(answer.url.join(inner))
            answers[address] = browser.get(address)
    return answers


def test_the_room_is_light(browser: httpx.Client) -> None:
    answers = first_visit(browser, ROOM)
    assert any("woff2" in name for name in answers), "letters count too"
    assert all(answer.status_code == 200 for answer in answers.values())
    sizes = {name: sent(answer) for name, answer in answers.items()}
    assert sum(sizes.values()) < BUDGET, sizes


@pytest.mark.parametrize("path", [ROOM, "/api/v1/incidents", "/api/openapi.json"])
def test_pages_and_documents_are_compressed(browser: httpx.Client, path: str) -> None:
    answer = browser.get(path)
    assert answer.headers["content-encoding"] == "gzip"
    assert "accept-encoding" in answer.headers["vary"].lower()
    assert sent(answer) < len(answer.content)
    plain = browser.get(path, headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers


def test_streams_are_not_held_up_by_compression(browser: httpx.Client) -> None:
    with browser.stream("GET", f"/live{ROOM}?after=0") as stream:
        assert "content-encoding" not in stream.headers
        assert next(stream.iter_bytes()).startswith(b"retry:")


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_what_a_foreign_page_asks_for_is_not_compressed(browser: httpx.Client, site: str) -> None:
    """Its length would tell how well words of theirs fit to ours (BREACH)."""
    for said in (site, "same-origin"):
        answer = browser.get("/incidents", headers={"Sec-Fetch-Site": said})
        assert ("content-encoding" in answer.headers) is (said == "same-origin")


def test_a_form_token_never_looks_the_same_and_is_always_good(browser: httpx.Client) -> None:
    tokens = {TOKEN.findall(browser.get(ROOM).text)[0] for _ in range(4)}
    assert len(tokens) == 4
    for token in sorted(tokens):
        answer = browser.post(
            f"{ROOM}/note",
            data={"text": "still good", "form_token": token},
            headers={"Origin": str(browser.base_url).rstrip("/")},
        )
        assert answer.status_code == 303
    spoiled = token[:-1] + ("0" if token[-1] != "0" else "1")
    for bad in (spoiled, "", "zz", "00" * 40, token + "00"):
        answer = browser.post(
            f"{ROOM}/note",
            data={"text": "never", "form_token": bad},
            headers={"Origin": str(browser.base_url).rstrip("/")},
        )
        assert answer.status_code in (403, 422), bad
