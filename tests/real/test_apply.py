"""`tocsin apply` to real servers: in force, refused, over a restart, back, and on another node."""

from __future__ import annotations

import json
from datetime import datetime
from functools import partial
from pathlib import Path

import pytest
from tests.cli.running import Ran, run_alone
from tests.databases.postgres import PostgresServer, postgres
from tests.servers import Receiver, Servers, TocsinServer, wait_until

__all__ = ["postgres"]

pytestmark = pytest.mark.slow

STARTER = Path(__file__).parents[2] / "src" / "tocsin" / "starter"
PLAN = (STARTER / "plan.yaml").read_text(encoding="utf-8")
SLOWER = PLAN.replace("team-lead, P0: 10m, P1: 10m", "team-lead, P0: 20m, P1: 20m")
HASTY = PLAN.replace("team-lead, P0: 10m, P1: 10m", "team-lead, P0: 7m, P1: 7m")
FAULTY = PLAN.replace("tolerance:", "tolerence:")
assert len({PLAN, SLOWER, HASTY, FAULTY}) == 4

IN_FORCE_WITHIN_S = 5


def apply(server: TocsinServer, text: str, *options: str) -> Ran:
    """Apply a text to a server, as on its own machine."""
    file = server.folder / "candidate.yaml"
    file.write_text(text, encoding="utf-8")
    return run_alone("apply", file, "--yes", *options, TOCSIN_DATA=str(server.data_dir))


def text_in_force(server: TocsinServer) -> str:
    version = server.get("/api/v1/status")["plan"]["version"]
    return str(server.get(f"/api/v1/plans/{version}")["text"])


def seconds_to_lead(server: TocsinServer, alertname: str) -> int:
    """After how many seconds the lead will be called in a new incident."""
    server.fire(alertname, severity="critical")
    code = server.incidents()[0]["code"]
    incident = server.get(f"/api/v1/incidents/{code}")
    step = next(step for step in incident["ahead"] if "team-lead" in step["to"])
    return round(seconds(step["at"]) - seconds(incident["opened_at"]))


def seconds(at: str) -> float:
    return datetime.fromisoformat(at).timestamp()


def test_what_was_applied_is_in_force_until_the_file_changes(tocsin_server: TocsinServer) -> None:
    server = tocsin_server
    run = partial(run_alone, "apply", TOCSIN_DATA=str(server.data_dir))
    assert seconds_to_lead(server, "First") == 600
    ran = apply(server, SLOWER, "--why", "nights are long")
    assert ran.code == 0, ran.err
    assert "team-lead is told later" in ran.out
    assert "1 running incident stays on the plan that opened" in ran.out
    assert seconds_to_lead(server, "Second") == 1200
    (first,) = (one for one in server.incidents() if "First" in one["title"])
    assert first["state"] == "open"

    faulty = apply(server, FAULTY)
    assert faulty.code == 1
    assert "tolerence" in faulty.out
    refused = server.request("PUT", "/api/v1/rules", {"plan": {"text": FAULTY}})
    assert (refused.status_code, refused.json()["code"]) == (422, "rules.refused")
    assert text_in_force(server) == SLOWER

    assert apply(server, SLOWER).out.count("in force already") == 1
    assert server.stop() == 0
    server.start()
    assert server.plan_path.read_text(encoding="utf-8") == PLAN
    assert "rules.file-not-in-force" in server.log
    assert text_in_force(server) == SLOWER
    assert seconds_to_lead(server, "Third") == 1200

    server.plan_path.write_text(HASTY, encoding="utf-8")
    wait_until(lambda: text_in_force(server) == HASTY, IN_FORCE_WITHIN_S, "the file counts")
    history = json.loads(run("--history", "--json").out)["plans"]
    assert [(one["by"], one["via"]) for one in history] == [
        ("tocsin", "file"), ("operator", "cli"), ("tocsin", "file"),
    ]  # fmt: skip
    assert history[1]["why"] == "nights are long"

    back = run("--version", history[2]["version"][:12], "--yes")
    assert back.code == 0, back.err
    assert text_in_force(server) == PLAN
    assert server.get("/api/v1/verify")["holds"] is True


@pytest.mark.postgres
def test_all_nodes_work_by_what_was_applied_to_one(
    servers: Servers, postgres: PostgresServer
) -> None:
    url = postgres.new_store_database()
    one, two = servers(database_url=url), servers(database_url=url)
    one.start()
    two.start()
    assert apply(one, SLOWER).code == 0
    wait_until(
        lambda: two.get("/api/v1/status")["plan"] == one.get("/api/v1/status")["plan"],
        IN_FORCE_WITHIN_S,
        "the other node takes it up",
    )
    assert seconds_to_lead(two, "Second") == 1200
    assert two.stop() == 0
    two.start()
    assert text_in_force(two) == SLOWER
    assert seconds_to_lead(two, "Third") == 1200


def test_a_new_way_to_reach_people_works_as_soon_as_it_is_applied(
    servers: Servers, receiver: Receiver
) -> None:
    server = servers(environment=receiver.environment)
    server.start()
    people = server.organisation_path.read_text(encoding="utf-8")
    reachable = people.replace("[inbox, email ana@example.org]", "[webhook receiver]")
    assert apply(server, reachable + Receiver.ENDPOINT).code == 0
    server.post("/api/v1/test-page", {"person": "ana"})
    wait_until(lambda: receiver.pages, 10, "the page goes out by the endpoint that is new")
