"""`tocsin who`: from an organisation file, and from a server."""

from __future__ import annotations

import pytest
from tests.cli.api_server import ApiServer
from tests.cli.running import PLANS, Terminal

ORG = PLANS / "starter" / "org.yaml"


@pytest.mark.parametrize(
    ("at", "person", "following"),
    [
        ("2026-01-05 09:00", "ana", "ben"),
        ("2026-01-05 08:59", "cleo", "ana"),
        ("2026-01-12T08:00:00Z", "ben", "cleo"),
        ("2026-03-06 18:00 America/New_York", "cleo", "ana"),
    ],
)
def test_who_is_on_call_by_the_file(tocsin: Terminal, at: str, person: str, following: str) -> None:
    ran = tocsin("who", "--org", ORG, "--at", at, "--json")
    assert ran.code == 0
    (duty,) = ran.document["rosters"]
    assert (duty["person"], duty["next"]["person"]) == (person, following)
    assert duty["until"] == duty["next"]["from"]
    shown = tocsin("who", "primary", "--org", ORG, "--at", at).out
    assert f"({person})" in shown
    assert "09:00" in shown, "handovers are shown on the organisation's clocks"


def test_a_roster_that_is_not_there_is_wrong_usage(tocsin: Terminal) -> None:
    ran = tocsin("who", "primry", "--org", ORG)
    assert ran.code == 2
    assert "Did you mean `primary`?" in ran.err


def test_who_is_on_call_by_the_server(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("who", "primary")
    assert "Cleo Lindqvist (cleo)" in ran.out
    assert "in 2d9h50m" in ran.out
    assert api.last.query == {"roster": "primary"}
    tocsin("who", "--at", "2026-03-06 18:00")
    assert api.last.query == {"at": "2026-03-06T18:00:00+00:00"}
