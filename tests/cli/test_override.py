"""`tocsin override`: what is asked of the server, on whose clocks, and what is said of it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.cli.api_server import ApiServer, problem
from tests.cli.running import Terminal

import tocsin.cli.override as command


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> None:
    now = datetime(2026, 3, 6, 22, 10, tzinfo=UTC)  # a Friday, 23:10 in Berlin
    monkeypatch.setattr(command, "read_clock", lambda: now)


def test_times_are_on_the_rosters_clocks(tocsin: Terminal, api: ApiServer) -> None:
    words = [
        "--from",
        "saturday 18:00",
        "--to",
        "monday 09:00",
        "--why",
        "a wedding",
        "--as",
        "ana",
    ]
    ran = tocsin("override", "primary", "ben", *words)
    assert ran.code == 0
    posted = next(one for one in api.requests if one.method == "POST")
    assert posted.body == {
        "roster": "primary",
        "person": "ben",
        "start": "2026-03-07T17:00:00+00:00",
        "end": "2026-03-09T08:00:00+00:00",
        "why": "a wedding",
        "as": "ana",
    }
    assert "Override 12: ben for primary" in ran.out
    assert "Europe/Berlin" in ran.out


def test_without_a_beginning_it_begins_now(tocsin: Terminal, api: ApiServer) -> None:
    tocsin("override", "primary", "ben", "--to", "tomorrow 09:00")
    posted = next(one for one in api.requests if one.method == "POST")
    assert posted.body["start"] == "2026-03-06T22:10:00+00:00"
    assert posted.body["end"] == "2026-03-07T08:00:00+00:00"


def test_without_words_it_lists(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("override")
    assert "Cleo is ill" in ran.out
    assert tocsin("override", "--json").document["overrides"][0]["id"] == 12
    api.answers["GET", "/api/v1/overrides"] = (200, {"overrides": []})
    assert "There are no overrides." in tocsin("override").out


def test_taking_one_back(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("override", "--remove", "12", "--as", "cleo")
    assert "Override 12 removed" in ran.out
    removed = next(one for one in api.requests if one.method == "DELETE")
    assert removed.query == {"as": "cleo"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["primary"], "a roster and a person belong here"),
        (["primary", "ben"], "an override without an end"),
        (["primary", "ben", "--to", "someday"], "`someday` is no point in time"),
    ],
)
def test_wrong_usage(tocsin: Terminal, api: ApiServer, words: list[str], said: str) -> None:
    ran = tocsin("override", *words)
    assert ran.code == 2
    assert said in ran.err
    assert all(one.method == "GET" for one in api.requests)


def test_what_the_server_refuses(tocsin: Terminal, api: ApiServer) -> None:
    refusal = problem(422, "override.past", "it would be over already", "choose an end to come")
    api.answers["POST", "/api/v1/overrides"] = (422, refusal)
    ran = tocsin("override", "primary", "ben", "--to", "23:30")
    assert ran.code != 0
    assert "it would be over already" in ran.err
