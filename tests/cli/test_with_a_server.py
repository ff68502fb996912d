"""One incident from declaration to verification, with the real command and a real server."""

from __future__ import annotations

import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.cli.running import COMMAND, PLANS, ROOT, Ran, run_alone

READY_LINE = "Fire an alert:"


class Installation:
    """A data directory with a server; commands find it there."""

    def __init__(self, data: Path, port: int) -> None:
        self.data = data
        self.port = port

    def __call__(self, *arguments: str | Path) -> Ran:
        """Run a command in a process of its own."""
        return run_alone(*arguments, TOCSIN_DATA=str(self.data))


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    data = tmp_path_factory.mktemp("installation") / "data"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    starter = PLANS / "starter"
    process = subprocess.Popen(
        [COMMAND, "serve", "--data", data, "--port", str(port),
         "--plan", starter / "plan.yaml", "--org", starter / "org.yaml"],
        cwd=ROOT,
        env={"LANG": "C.UTF-8"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        for line in process.stdout:
            if READY_LINE in line:
                break
        else:
            pytest.fail(f"the server ended with {process.wait()}")
        yield Installation(data, port)
    finally:
        process.terminate()
        process.wait(20)
        process.stdout.close()


def until_up(installation: Installation) -> None:
    for _ in range(20):
        if installation("incidents").code == 0:
            return
    pytest.fail("the server does not answer")


def test_an_incident_from_declaration_to_verification(
    installation: Installation, tmp_path: Path
) -> None:
    until_up(installation)
    declared = installation(
        "declare", "Checkout is down", "--fact", "service_availability=none", "--json"
    )
    assert declared.code == 0, declared.err
    assert declared.document["severity"] == "P0"
    code = declared.document["code"]

    assert "acknowledged by ana" in installation("ack", "--as", "ana").out
    assert installation("note", "rolled back", "--as", "ana").code == 0
    assert installation("fact", "error_rte=1").code == 2
    assert installation("severity", "P1", "--why", "half of it works").code == 0
    assert installation("role", "incident-commander", "ana").code == 0
    assert installation("escalate", "team-lead").code == 0
    assert "note: rolled back" in installation("show").out
    assert "resolved" in installation("resolve", code).out
    assert "closed" in installation("close", code).out
    assert installation("reopen", code).code == 1

    bundle = tmp_path / "record.json"
    assert installation("show", code, "--bundle", bundle).code == 0
    assert installation("verify", bundle, "--json").document["holds"] is True
    assert installation("verify", "--json").document["holds"] is True
    bundle.write_text(bundle.read_text().replace("rolled back", "did nothing"))
    assert installation("verify", bundle).code == 1


def test_around_the_server(installation: Installation, tmp_path: Path) -> None:
    until_up(installation)
    keys = installation("keys", "--json").document
    assert keys["integrations"].keys() == {"prometheus"}
    assert keys["operator"]
    assert "/sign-in?code=" in installation("sign-in", "ana").out
    assert installation("sign-in", "nobody").code == 2
    assert installation("who", "--json").document["rosters"][0]["roster"] == "primary"
    copy = tmp_path / "copy.sqlite3"
    assert installation("backup", copy).code == 0
    assert installation("backup", copy).code == 1
    checks = installation("doctor", "--page", "ana", "--json").document["checks"]
    assert not [one for one in checks if one["state"] == "problem"]
    (page,) = (one for one in checks if one["name"] == "test page")
    assert "inbox sent" in page["what"]
    taken = installation("serve", "--port", str(installation.port))
    assert taken.code == 1
    assert "is in use" in taken.err
