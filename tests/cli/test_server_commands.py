"""`serve`, `keys`, `sign-in`, `backup`, `new`, `doctor`: around the server, without running one."""

from __future__ import annotations

import os
import socket
import stat
from pathlib import Path
from typing import Any

import pytest
from tests.cli.api_server import STATUS, ApiServer, problem
from tests.cli.running import PLANS, Terminal

from tocsin.store.sql_store import open_store

STARTER = PLANS / "starter"


def test_a_port_that_is_taken_is_said_before_anything_is_touched(
    tocsin: Terminal, tmp_path: Path
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = tocsin("serve", "--data", tmp_path / "data", "--port", str(port))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"tocsin: port {port} of 127.0.0.1 is in use\n")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--port", "0"], "0 is no port"),
        (["--port", "70000"], "70000 is no port"),
        (["--host", "no.such.host.invalid"], "is no address to listen on"),
        (["--plan", "nowhere.yaml"], "there is no file nowhere.yaml"),
    ],
)
def test_serving_what_makes_no_sense(tocsin: Terminal, arguments: list[str], said: str) -> None:
    ran = tocsin("serve", *arguments)
    assert ran.code == 2
    assert said in ran.err


def test_serving_a_faulty_plan_shows_its_problems(
    tocsin: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty = tmp_path / "plan.yaml"
    faulty.write_text("tocsin: 1\nplan: x\nseverites: {}\n", encoding="utf-8")
    monkeypatch.setenv("TOCSIN_LOG_LEVEL", "error")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    org = STARTER / "org.yaml"
    ran = tocsin(
        "serve", "--data", tmp_path / "d", "--plan", faulty, "--org", org, "--port", str(port)
    )
    assert ran.code == 1
    assert "Did you mean `severities`?" in ran.err


def test_a_setting_that_does_not_exist_is_named(
    tocsin: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOCSIN_SRVER", "http://example.org")
    ran = tocsin("incidents")
    assert ran.code == 2
    assert "TOCSIN_SRVER is no setting" in ran.err


@pytest.mark.parametrize("words", [["keys"], ["backup", "copy.sqlite3"]], ids=["keys", "backup"])
def test_where_no_server_has_run_nothing_is_made(
    tocsin: Terminal, tmp_path: Path, words: list[str]
) -> None:
    ran = tocsin(*words, "--data", tmp_path / "data")
    assert (ran.code, ran.out) == (1, "")
    assert "no server has run with" in ran.err
    assert not (tmp_path / "data").exists()


def test_a_sign_in_link_is_alone_on_standard_output(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("sign-in", "ana")
    assert ran.out == "http://127.0.0.1:8080/sign-in?code=aaaa-bbbb\n"
    assert api.last.body == {"person": "ana"}
    assert "once" in ran.err


def test_new_writes_files_that_check_and_play_and_overwrites_nothing(
    tocsin: Terminal, tmp_path: Path
) -> None:
    folder = tmp_path / "ours"
    ran = tocsin("new", folder)
    assert ran.code == 0
    assert tocsin("check", folder / "plan.yaml", "--org", folder / "org.yaml").code == 0
    for story in (folder / "tests").glob("*.scenario.yaml"):
        assert tocsin("simulate", story).code == 0
    (folder / "plan.yaml").write_text("mine")
    (folder / "org.yaml").unlink()
    ran = tocsin("new", folder)
    assert ran.code == 1
    assert (folder / "plan.yaml").read_text() == "mine"
    assert not (folder / "org.yaml").exists()


def states(tocsin: Terminal, *arguments: str | Path) -> dict[str, str]:
    ran = tocsin("doctor", *arguments, "--json")
    assert ran.err == ""
    checks = ran.document["checks"]
    assert all(one.keys() == {"name", "state", "what", "hint"} for one in checks)
    found = {one["name"]: one["state"] for one in checks}
    assert ran.code == ("problem" in found.values())
    return found


@pytest.fixture
def data(tmp_path: Path) -> Path:
    made = tmp_path / "private"
    made.mkdir(mode=0o700)
    (made / "org.yaml").write_text((STARTER / "org.yaml").read_text())
    return made


def test_the_doctor_finds_a_healthy_server(tocsin: Terminal, api: ApiServer, data: Path) -> None:
    found = states(tocsin, "--data", data, "--page", "ana")
    for name in ("settings", "data directory", "server", "readiness", "rules", "incidents"):
        assert found[name] == "ok", name
    assert found["contacts"] == "ok"
    assert found["e-mail"] == "warning", "the starter names e-mail, and no mail server is set"
    assert found["test page"] == "ok"
    assert api.last.body == {"person": "ana"}


def test_the_doctor_finds_what_keeps_pages_from_going_out(
    tocsin: Terminal, api: ApiServer, data: Path
) -> None:
    refused = {
        "file": "plan.yaml", "line": 3, "column": 1, "code": "x", "level": "error",
        "what": "unknown key", "hint": "Remove it.",
    }  # fmt: skip
    ill = STATUS | {"counts": {"unarmed": 2}, "refused": [refused]}
    api.answers["GET", "/api/v1/status"] = (200, ill)
    api.answers["GET", "/readyz"] = (503, {"status": "not ready", "reasons": ["the disk is full"]})
    api.answers["POST", "/api/v1/test-page"] = (422, problem(422, "x", "no such person", "look"))
    (data / "server.json").write_text("{}")
    os.chmod(data / "server.json", 0o644)
    os.chmod(data, stat.S_IRWXU | stat.S_IROTH)
    org = data / "org.yaml"
    org.write_text(org.read_text().replace("[inbox, email dora@example.org]", "[inbox]"))
    found = states(tocsin, "--data", data, "--server", api.url, "--page", "nobody")
    for name in ("readiness", "rules", "incidents", "test page", "data directory"):
        assert found[name] == "problem", name
    assert found["contacts"] == "warning"


def test_the_doctor_finds_no_server(tocsin: Terminal, data: Path) -> None:
    found = states(tocsin, "--data", data)
    assert found["server"] == "problem"
    assert "1 problem: pages may not go out." in tocsin("doctor", "--data", data).out


@pytest.mark.parametrize("name", ["", " "])
def test_new_needs_a_folder(
    tocsin: Terminal, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.chdir(tmp_path)
    ran = tocsin("new", name)
    assert (ran.code, ran.out) == (2, "")
    assert not list(tmp_path.iterdir())


ILL_HEALTH: dict[str, Any] = {
    "at": "2026-03-06T10:00:00Z", "is_well": False, "warnings": ["the watchdog is on this machine"],
    "reasons": ["a probe did not come through: no page", "the engine is 9 s behind",
                "this machine's clock jumped by +3600 s"],
    "probe": {"at": "2026-03-06T10:00:00Z", "seconds": 20.1, "came_through": False,
              "failed": "its page did not come within 20 s"},
    "last_probe_through": "2026-03-06T09:00:00Z", "engine_lag_seconds": 9.0,
    "violations": [{"assertion": "incident.unarmed", "invariant": "C1",
                    "means": "an open incident will never be looked at again",
                    "found": ["INC-2026-007"]}],
    "watchdog": "localhost", "heartbeat_heard_at": "2026-03-06T09:00:00Z",
    "heartbeat_unheard": "refuses connections",
}  # fmt: skip
WELL_HEALTH: dict[str, Any] = {
    **ILL_HEALTH, "is_well": True, "warnings": [], "reasons": [], "violations": [],
    "probe": {**dict(ILL_HEALTH["probe"]), "came_through": True, "failed": "", "seconds": 1.4},
    "engine_lag_seconds": 0.0, "heartbeat_unheard": "", "watchdog": "hc-ping.com",
}  # fmt: skip


def test_the_doctor_tells_what_the_last_check_up_found(
    tocsin: Terminal, api: ApiServer, data: Path
) -> None:
    silent = {"id": "backup", "source": "heartbeat", "heard_at": None, "silent": True}
    ill = STATUS | {"health": ILL_HEALTH, "integrations": [silent]}
    api.answers["GET", "/api/v1/status"] = (200, ill)
    found = states(tocsin, "--data", data)
    for name in ("probe", "assertions", "engine", "heartbeat", "check-up"):
        assert found[name] == "problem", name
    assert found["watchdog"] == found["integration backup"] == "warning"
    said = tocsin("doctor", "--data", data).out
    assert "incident.unarmed" in said
    assert "clock jumped" in said


def test_the_doctor_says_when_the_watchdog_has_not_heard_for_long(
    tocsin: Terminal, api: ApiServer, data: Path
) -> None:
    api.answers["GET", "/api/v1/status"] = (200, STATUS | {"health": WELL_HEALTH})
    found = states(tocsin, "--data", data)
    assert found["probe"] == found["assertions"] == found["engine"] == "ok"
    assert found["heartbeat"] == "problem", "it was heard months ago"


def test_the_doctor_looks_at_a_store_whose_server_is_down(
    tocsin: Terminal, data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert states(tocsin, "--data", data)["store"] == "warning", "there is none yet"
    assert not (data / "tocsin.sqlite3").exists(), "and the doctor makes none"
    open_store(f"sqlite:///{data / 'tocsin.sqlite3'}").close()
    found = states(tocsin, "--data", data)
    assert found["store"] == found["disk"] == "ok"
    assert found["backup"] == "warning"
    assert tocsin("backup", data / "copy.sqlite3", "--data", data).code == 0
    assert states(tocsin, "--data", data)["backup"] == "ok"
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://127.0.0.1:1,localhost:1/x")
    assert states(tocsin, "--data", data)["store"] == "problem", "of several hosts none answers"
    monkeypatch.setenv("TOCSIN_DATABASE_URL", "postgresql://127.0.0.1:none/x")
    assert states(tocsin, "--data", data)["store"] == "problem", "the address can't be read"
    monkeypatch.delenv("TOCSIN_DATABASE_URL")
    (data / "tocsin.sqlite3").write_bytes(b"this is no database" * 100)
    assert states(tocsin, "--data", data)["store"] == "problem"
