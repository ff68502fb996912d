"""What is asked of a running server, and how its answers are shown."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.api_server import ApiServer, entry, incident, problem, row
from tests.cli.running import Terminal

CODE = "INC-2026-001"

VERBS = [
    (["ack"], "acknowledge", {}),
    (["ack", CODE], "acknowledge", {}),
    (["ack", CODE.lower(), "--as", "ana", "--why", "mine"], "acknowledge",
     {"as": "ana", "why": "mine"}),
    (["release", CODE], "release", {}),
    (["resolve", CODE], "resolve", {}),
    (["reopen", CODE], "reopen", {}),
    (["close", CODE], "close", {}),
    (["note", "rolled back"], "note", {"text": "rolled back"}),
    (["note", CODE, "rolled back", "--as", "ana"], "note", {"as": "ana", "text": "rolled back"}),
    (["fact", "users_affected=1200"], "fact", {"name": "users_affected", "value": 1200}),
    (["fact", CODE, "data_breach=no"], "fact", {"name": "data_breach", "value": "no"}),
    (["fact", "cosmetic=true"], "fact", {"name": "cosmetic", "value": True}),
    (["severity", "P1"], "severity", {"severity": "P1"}),
    (["escalate", CODE, "level 2"], "escalate", {"to": "level 2"}),
    (["role", "incident-commander", "ana"], "role",
     {"role": "incident-commander", "person": "ana"}),
    (["update", "--audience", "customers", "on it"], "update",
     {"audience": "customers", "text": "on it"}),
    (["update", CODE, "--audience", "customers", "--template", "outage", "impact=no payments",
      "--next", "30m", "--status", "Identified"], "update",
     {"audience": "customers", "template": "outage", "values": {"impact": "no payments"},
      "next": "30m", "status": "Identified"}),
    (["update", CODE, "--audience", "customers", "on it", "--subject", "Trouble"], "update",
     {"audience": "customers", "text": "on it", "subject": "Trouble"}),
    (["update", CODE, "--audience", "customers", "--set", "impact=no payments", "--set", "eta=1h"],
     "update", {"audience": "customers", "values": {"impact": "no payments", "eta": "1h"}}),
    (["update", CODE, "--audience", "customers", "--free", "on it"], "update",
     {"audience": "customers", "text": "on it", "free": True}),
    (["approve", "update-2", "--as", "ben"], "approve",
     {"as": "ben", "update": "update-2", "withdraw": False}),
    (["approve", CODE, "update-2", "--no", "--why", "too early"], "approve",
     {"why": "too early", "update": "update-2", "withdraw": True}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "verb", "body"), VERBS, ids=[" ".join(words) for words, _, _ in VERBS]
)
def test_a_verb_is_one_request(
    tocsin: Terminal, api: ApiServer, arguments: list[str], verb: str, body: dict[str, object]
) -> None:
    ran = tocsin(*arguments)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == "INC-2026-001  P0 Critical  Checkout is down  open\n"
    assert (api.last.method, api.last.path) == ("POST", f"/api/v1/incidents/{CODE}/{verb}")
    assert api.last.body == body
    assert api.last.headers["authorization"] == "Bearer tocop-test"
    assert api.last.headers["tocsin-via"] == "cli"
    assert tocsin(*arguments, "--json").document["code"] == CODE


def test_declaring(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("declare", "Checkout is down", "--fact", "error_rate=0.5", "--severity", "P0")
    assert ran.code == 0
    assert api.last.path == "/api/v1/incidents"
    facts = {"error_rate": 0.5}
    assert api.last.body == {"title": "Checkout is down", "severity": "P0", "facts": facts}


def test_a_code_with_a_slip_is_corrected_and_nothing_is_done(
    tocsin: Terminal, api: ApiServer
) -> None:
    ran = tocsin("ack", "INC-2026-01")
    assert ran.code == 2
    assert "Did you mean `INC-2026-001`?" in ran.err
    assert {request.method for request in api.requests} == {"GET"}


@pytest.mark.parametrize(
    ("found", "code", "said"),
    [
        ([], 1, "no incident is open"),
        ([row("INC-1"), row("INC-2")], 2, "Say which one: INC-1 or INC-2."),
    ],
    ids=["none", "two"],
)
def test_which_incident_is_meant_must_be_clear(
    tocsin: Terminal, api: ApiServer, found: list[object], code: int, said: str
) -> None:
    api.answers["GET", "/api/v1/incidents"] = (200, {"incidents": found, "next": None})
    ran = tocsin("resolve")
    assert (ran.code, ran.out) == (code, "")
    assert said in ran.err


@pytest.mark.parametrize(
    ("status", "code", "hint"),
    [
        (409, 1, "Possible now: reopen, close"),
        (422, 2, "Possible now: reopen, close"),
        (401, 1, "Set TOCSIN_KEY"),
    ],
)
def test_a_refusal_is_shown_with_its_hint(
    tocsin: Terminal, api: ApiServer, status: int, code: int, hint: str
) -> None:
    said = problem(status, "incident.resolved", "it is resolved", "possible now: reopen, close")
    api.answers["POST", f"/api/v1/incidents/{CODE}/acknowledge"] = (status, said)
    ran = tocsin("ack")
    assert (ran.code, ran.out) == (code, "")
    assert ran.err.startswith("tocsin: it is resolved\n")
    assert hint in ran.err


def test_no_server_is_one_line_and_a_hint(tocsin: Terminal) -> None:
    ran = tocsin("incidents")
    assert (ran.code, len(ran.err.splitlines())) == (1, 2)
    assert "tocsin serve" in ran.err
    ran = tocsin("incidents", "--server", "http://127.0.0.1:1")
    assert "no server answers at http://127.0.0.1:1" in ran.err
    assert tocsin("incidents", "--server", "example.org").code == 2


def test_what_is_no_tocsin_server_is_recognised(tocsin: Terminal, api: ApiServer) -> None:
    for status in (200, 502):
        api.answers["GET", "/api/v1/incidents"] = (status, b"<html>hello</html>")
        ran = tocsin("incidents")
        assert ran.code == 1
        assert api.url in ran.err


def test_the_address_and_key_that_a_server_has_left_are_used(
    tocsin: Terminal, api: ApiServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOCSIN_SERVER")
    monkeypatch.delenv("TOCSIN_KEY")
    (tmp_path / "server.json").write_text(f'{{"url": "{api.url}", "key": "tocop-left"}}')
    assert tocsin("incidents", "--data", tmp_path).code == 0
    assert api.last.headers["authorization"] == "Bearer tocop-left"
    assert tocsin("incidents", "--data", tmp_path, "--server", api.url + "/").code == 0
    assert api.last.headers["authorization"] == "Bearer tocop-left"
    elsewhere = api.url.replace("127.0.0.1", "localhost")
    tocsin("incidents", "--data", tmp_path, "--server", elsewhere)
    assert "authorization" not in api.last.headers, "a key goes only where it belongs"


def test_the_list_shows_what_is_open_and_all_of_it_if_asked(
    tocsin: Terminal, api: ApiServer
) -> None:
    ran = tocsin("incidents")
    heading, line = ran.out.splitlines()
    assert heading.split() == ["incident", "state", "title", "opened", "next"]
    assert line == "INC-2026-001  P0  open   Checkout is down  10m ago  in 20m"
    assert api.last.query["state"] == "open,acknowledged"
    tocsin("incidents", "--all")
    assert "state" not in api.last.query
    assert tocsin("incidents", "--all", "--state", "open").code == 2
    assert tocsin("incidents", "--json").document == {"incidents": [row()]}


def test_an_empty_list(tocsin: Terminal, api: ApiServer) -> None:
    api.answers["GET", "/api/v1/incidents"] = (200, {"incidents": [], "next": None})
    assert tocsin("incidents").out == "No incident is open.\n"
    assert tocsin("incidents", "--json").document == {"incidents": []}


def test_an_incident_is_shown_whole_and_does_nothing_to_the_terminal(
    tocsin: Terminal, api: ApiServer
) -> None:
    ran = tocsin("show")
    assert ran.code == 0
    for words in (
        "Opened 10m ago. Severity provisional",
        "service_availability = none",
        "respond  running  due in 5m",
        "page by email  sent  9m58s ago",
        "in 20m  page engineering-manager",
        "note: red herring",
    ):
        assert words in ran.out
    assert "\x1b" not in ran.out
    assert "\x07" not in ran.out
    assert tocsin("show", "--json").document == incident()


def test_an_exported_record_can_be_verified_without_a_server(
    tocsin: Terminal, api: ApiServer, tmp_path: Path
) -> None:
    file = tmp_path / "record.json"
    assert tocsin("show", CODE, "--bundle", file).code == 0
    assert tocsin("show", CODE, "--bundle", file).code == 1, "nothing is overwritten"
    asked = len(api.requests)
    ran = tocsin("verify", file, "--json")
    assert (ran.code, ran.document["holds"], ran.document["first_broken"]) == (0, True, None)
    file.write_text(file.read_text().replace("two", "2wo"))
    ran = tocsin("verify", file, "--json")
    assert (ran.code, ran.document["holds"]) == (1, False)
    assert ran.document["first_broken"]["number"] == 2
    assert "does not hold" in tocsin("verify", file).out
    assert len(api.requests) == asked


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff\0", b"[1]", b'{"format": "x"}'])
def test_what_is_no_exported_record_is_wrong_usage(
    tocsin: Terminal, tmp_path: Path, content: bytes
) -> None:
    file = tmp_path / "record.json"
    file.write_bytes(content)
    ran = tocsin("verify", file)
    assert (ran.code, ran.out) == (2, "")
    assert "is no exported record" in ran.err


def test_the_server_verifies_one_or_all(tocsin: Terminal, api: ApiServer) -> None:
    assert (
        tocsin("verify").out
        == "The record holds: 3 entries of 1 incident, each as it was recorded.\n"
    )
    assert api.last.query == {}
    tocsin("verify", CODE)
    assert api.last.query == {"incident": CODE}
    broken = {"incident": CODE, "number": 2, "what": "entry 2 is missing"}
    said = {"holds": False, "first_broken": broken, "incidents": 1, "entries": 3}
    api.answers["GET", "/api/v1/verify"] = (200, said)
    assert tocsin("verify").code == 1


@pytest.mark.parametrize("command", ["note", "severity"])
@pytest.mark.parametrize("word", [CODE, "inc-2026-002", "OLD-7"])
def test_a_code_alone_is_never_the_text(
    tocsin: Terminal, api: ApiServer, command: str, word: str
) -> None:
    api.answers["GET", "/api/v1/incidents/OLD-7"] = (200, incident("OLD-7"))
    ran = tocsin(command, word)
    assert (ran.code, ran.out) == (2, "")
    assert "is missing" in ran.err
    assert {request.method for request in api.requests} == {"GET"}


def test_a_number_without_an_end_is_no_number(tocsin: Terminal, api: ApiServer) -> None:
    assert tocsin("fact", "users_affected=1e999").code == 0
    assert api.last.body == {"name": "users_affected", "value": "1e999"}


def test_what_audiences_were_told_is_shown_with_what_waits(
    tocsin: Terminal, api: ApiServer
) -> None:
    shown = tocsin("show", CODE).out
    assert "Identified: Nobody can pay" in shown
    assert "late" in shown
    assert "waits for cto" in shown


def test_an_update_has_one_text(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("update", CODE, "--audience", "customers", "we", "are")
    assert (ran.code, "one word too many" in ran.err) == (2, True)


def test_what_is_to_be_done_is_shown_with_the_phase_and_the_watches(
    tocsin: Terminal, api: ApiServer
) -> None:
    shown = tocsin("show", CODE).out
    assert "phase: contain, talk" in shown
    assert "before close  ends in 20m  before: close  line 53" in shown
    assert "[ ] Restart each" in shown
    assert "(for each" in shown


def test_the_timeline_has_words_for_tasks_and_phases(tocsin: Terminal, api: ApiServer) -> None:
    happened = [
        entry(1, "task_armed", task="contain/restart", text="Restart each region"),
        entry(2, "task_ticked", task="contain/restart", member="eu"),
        entry(3, "phase_entered", phase="contain"),
        entry(4, "watch_started", watch="before close"),
    ]
    api.answers["GET", f"/api/v1/incidents/{CODE}"] = (200, incident(timeline=happened))
    shown = tocsin("show", CODE).out
    for words in (
        "to do: Restart each region (contain/restart)",
        "contain/restart ticked for eu",
        "phase contain",
        "watch before close runs",
    ):
        assert words in shown


def test_an_update_that_waits_for_approval_does_not_look_as_if_it_were_out(
    tocsin: Terminal, api: ApiServer
) -> None:
    ran = tocsin("update", CODE, "--audience", "public", "we are on it")
    assert "not sent yet: it waits for cto" in ran.out
    assert f"tocsin approve {CODE} update-2" in ran.err


def test_the_reason_of_a_waiver_may_stand_where_others_have_theirs(
    tocsin: Terminal, api: ApiServer
) -> None:
    assert tocsin("waive", CODE, "restart", "--why", "nothing broke").code == 0
    assert api.last.body == {"task": "restart", "why": "nothing broke"}


SEEN = {
    "subject": "", "text": "We are down.\n‹impact›", "status": "Identified", "template": "outage",
    "next_at": "2026-11-10T10:30:00Z", "remarks": ["`soon` says nothing (line 4)"], "approval": [],
    "problems": [{"code": "incident.fields-missing", "what": "impact is not known",
                  "hint": "say so: --set impact=..."}],
}  # fmt: skip


def test_a_preview_shows_the_update_and_everything_in_its_way(
    tocsin: Terminal, api: ApiServer
) -> None:
    api.answers["POST", f"/api/v1/incidents/{CODE}/updates/preview"] = (200, SEEN)
    ran = tocsin("update", CODE, "--audience", "customers", "--preview", "--next", "30m")
    assert ran.code == 1
    assert ran.out.splitlines() == [
        "  We are down.",
        "  ‹impact›",
        "status Identified; template outage; next update by 2026-11-10 10:30 UTC",
        "the plan would rather not say it so: `soon` says nothing (line 4)",
        "in its way: impact is not known [incident.fields-missing]",
        "  say so: --set impact=...",
    ]
    assert api.last.body == {"audience": "customers", "next": "30m"}


def test_a_preview_without_problems_says_who_would_have_to_approve(
    tocsin: Terminal, api: ApiServer
) -> None:
    clean = {**SEEN, "problems": [], "remarks": [], "approval": ["cto", "legal"]}
    api.answers["POST", f"/api/v1/incidents/{CODE}/updates/preview"] = (200, clean)
    ran = tocsin("update", CODE, "--audience", "customers", "on it", "--preview")
    assert (ran.code, ran.err) == (0, "It would wait for cto or legal.\n")


def test_a_field_without_a_value_is_named(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("update", CODE, "--audience", "customers", "--set", "impact")
    assert ran.code == 2
    assert "`impact` is no field with a value" in ran.err
