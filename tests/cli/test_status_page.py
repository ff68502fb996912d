"""What the commands of the status page ask of a server, and how they show its answers."""

from __future__ import annotations

from pathlib import Path

from tests.cli.api_server import MAINTENANCE, ApiServer
from tests.cli.running import Terminal


def test_maintenance_is_listed(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("maintenance")
    assert ran.code == 0
    assert "Database upgrade" in ran.out
    assert "scheduled" in ran.out


def test_alerts_that_were_kept_quiet_are_counted_in_the_list(
    tocsin: Terminal, api: ApiServer
) -> None:
    quiet = {**MAINTENANCE, "alerts_kept_quiet": 3, "alerts_still_quiet": 1}
    api.answers[("GET", "/api/v1/maintenances")] = (200, {"maintenances": [quiet]})
    said = "Maintenance 3 kept 3 alerts quiet, 1 still firing."
    assert said in tocsin("maintenance").out


def test_maintenance_is_planned_with_the_remark_of_the_plan(
    tocsin: Terminal, api: ApiServer
) -> None:
    ran = tocsin(
        "maintenance", "plan", "Database upgrade", "--from", "saturday 22:00", "--for", "2h",
        "--component", "search",
    )  # fmt: skip
    assert ran.code == 0
    assert api.last.body == {
        "title": "Database upgrade", "starts": "saturday 22:00", "lasts": "2h",
        "components": ["search"],
    }  # fmt: skip
    assert "48 hours" in ran.err


def test_maintenance_ends_by_hand(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("maintenance", "complete", "3", "Done.")
    assert ran.code == 0
    assert (api.last.path, api.last.body) == (
        "/api/v1/maintenances/3/complete", {"text": "Done."},
    )  # fmt: skip


def test_what_cannot_be_understood_is_wrong_usage(tocsin: Terminal, api: ApiServer) -> None:
    for words in (["explode", "3"], ["plan"], ["start", "soon"]):
        ran = tocsin("maintenance", *words)
        assert ran.code == 2
        assert len(ran.err.splitlines()) == 2


def test_answers_are_printed_or_what_they_lack(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("answers")
    assert ran.code == 0
    assert "We know of it." in ran.out
    assert "next_update" in ran.err
    assert "enterprise: incident-commander (ana)" in ran.out
    assert "all others: support" in ran.out


def test_the_link_is_printed_and_made_anew(tocsin: Terminal, api: ApiServer) -> None:
    assert tocsin("status-page", "link").out == "https://tocsin.example.org/status/link/0.abc\n"
    assert api.last.method == "GET"
    tocsin("status-page", "link", "--new")
    assert api.last.method == "POST"


def test_nothing_is_written_where_no_server_ever_ran(tocsin: Terminal, tmp_path: Path) -> None:
    ran = tocsin("status-page", "write", str(tmp_path / "out"), "--data", str(tmp_path))
    assert ran.code != 0
    assert "no server has run" in ran.err
    assert not (tmp_path / "out").exists()
