"""Files, pins, other incidents and deployments from the command line."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.api_server import ApiServer, incident
from tests.cli.running import Terminal

from tocsin.core.incident.attaching import AT_MOST

CODE = "INC-2026-001"
OTHER = "INC-2026-002"

VERBS = [
    (["pin", "12", "--why", "the cause"], "pin", {"number": 12, "why": "the cause"}),
    (["pin", CODE, "12", "--off"], "unpin", {"number": 12}),
    (["link", OTHER], "link", {"to": OTHER, "relation": "relates"}),
    (["link", CODE, OTHER, "--relation", "caused_by"], "link",
     {"to": OTHER, "relation": "caused_by"}),
    (["merge", CODE, OTHER, "--as", "ana"], "merge", {"into": OTHER, "as": "ana"}),
    (["split", CODE, "7", "9", "--title", "Mail"], "split", {"alerts": [7, 9], "title": "Mail"}),
    (["split", "7"], "split", {"alerts": [7]}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "verb", "body"), VERBS, ids=[" ".join(words) for words, _, _ in VERBS]
)
def test_a_verb_is_one_request(
    tocsin: Terminal, api: ApiServer, arguments: list[str], verb: str, body: dict[str, object]
) -> None:
    ran = tocsin(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"{CODE}  P0 Critical  Checkout is down  open\n"
    assert (api.last.method, api.last.path) == ("POST", f"/api/v1/incidents/{CODE}/{verb}")
    assert api.last.body == body


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (["pin", "twelve"], "`twelve` is no number of an entry"),
        (["split", CODE], "ALERT is missing"),
        (["split", CODE, "7", "x"], "`x` is no id of an alert"),
        (["merge", CODE], "missing argument 'INTO'"),
    ],
)
def test_what_is_meant_has_to_be_clear(tocsin: Terminal, arguments: list[str], what: str) -> None:
    ran = tocsin(*arguments)
    assert ran.code == 2
    assert what in ran.err


def test_merging_says_where_it_goes_on(tocsin: Terminal, api: ApiServer) -> None:
    merged = incident(state="closed", merged_into=OTHER)
    api.answers["POST", f"/api/v1/incidents/{CODE}/merge"] = (200, merged)
    assert f"It goes on as {OTHER}." in tocsin("merge", CODE, OTHER).err


def test_a_file_goes_to_the_server_as_it_is(
    tocsin: Terminal, api: ApiServer, tmp_path: Path
) -> None:
    file = tmp_path / "graph.png"
    file.write_bytes(b"\x89PNG\x00\xff")
    ran = tocsin("attach", CODE, str(file), "--why", "the peak", "--as", "ana")
    assert (ran.code, ran.err) == (0, "")
    assert "attached: graph.png" in ran.out
    assert (api.last.method, api.last.path) == ("POST", f"/api/v1/incidents/{CODE}/attachments")
    assert api.last.query == {"name": "graph.png", "why": "the peak", "as": "ana"}
    assert api.last.body == b"\x89PNG\x00\xff"


def test_a_file_that_cannot_be_sent_is_not_asked_for(
    tocsin: Terminal, api: ApiServer, tmp_path: Path
) -> None:
    large = tmp_path / "large"
    with large.open("wb") as out:
        out.truncate(AT_MOST + 1)
    for path, what in (
        (large, "too large"), (tmp_path / "nothing", "no file"), (tmp_path, "cannot be read"),
    ):  # fmt: skip
        ran = tocsin("attach", CODE, str(path))
        assert ran.code == 2
        assert what in ran.err
    assert not api.requests


def test_deployments_are_listed(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("deployments", "--service", "checkout", "--since", "2026-03-06 08:00")
    assert ran.code == 0
    assert api.last.query == {"service": "checkout", "since": "2026-03-06T08:00:00+00:00"}
    for word in ("checkout", "4.2", "production", "ana", "success"):
        assert word in ran.out
    assert "\x1b" not in ran.out
    api.answers["GET", "/api/v1/deployments"] = (200, {"deployments": []})
    none = tocsin("deployments")
    assert "no deployment is known" in none.err
    assert "docs/intake.md" in none.err
