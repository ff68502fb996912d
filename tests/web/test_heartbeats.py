"""Heartbeats by HTTP: who may give one, and what is shown of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from starlette.testclient import TestClient
from tests.web.stage import ORGANISATION, Stage

from tocsin.engine.hearing import listen, notice_silence
from tocsin.engine.keys import integration_key
from tocsin.web.app import make_app
from tocsin.web.intake import Intake

EXPECTING = ORGANISATION + "  backup: {source: heartbeat, every: 1m, grace: 30s}\n"


@pytest.fixture
def machine(bare_stage: Stage) -> Iterator[TestClient]:
    """A program that gives heartbeats, as in production."""
    stage = bare_stage
    stage.put_in_force(organisation=EXPECTING)
    listen(stage.world, starting=True)
    intake = Intake(stage.world, stage.site.arrivals)
    stage.site = replace(stage.site, intake_app=intake)
    with TestClient(make_app(stage.world, stage.site), base_url=stage.base_url) as client:

        async def start() -> None:
            intake.start()

        client.portal.call(start)  # type: ignore[union-attr]
        yield client
        intake.stop()


def beat(machine: TestClient, stage: Stage, path: str, integration: str) -> httpx.Response:
    key = integration_key(stage.world.secret, integration, 1)
    headers = {"Authorization": f"Bearer {key}"}
    answer: httpx.Response = machine.post(f"/in/heartbeat/{path}", headers=headers)
    return answer


def test_a_heartbeat_is_on_disk_when_it_is_answered(machine: TestClient, bare_stage: Stage) -> None:
    answer = beat(machine, bare_stage, "backup", "backup")
    assert (answer.status_code, answer.json()) == (200, {"heartbeat": "backup"})
    with bare_stage.store.read() as reading:
        (kept,) = reading.heartbeats()
    assert kept.heard_at == bare_stage.at
    assert kept.due_at == bare_stage.at + timedelta(seconds=90)


def test_heartbeats_are_heard_while_a_full_disk_keeps_alerts_out(
    machine: TestClient, bare_stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Silence is watched all the while: each heartbeat that is refused would be a false alert."""
    monkeypatch.setattr(bare_stage.site.intake_app, "_refuses", lambda: "the disk is full")
    headers = bare_stage.integration
    assert machine.post("/api/v2/alerts", json=[], headers=headers).status_code == 503
    assert beat(machine, bare_stage, "backup", "backup").status_code == 200
    with bare_stage.store.read() as reading:
        (kept,) = reading.heartbeats()
    assert kept.heard_at == bare_stage.at


@pytest.mark.parametrize(
    ("path", "integration", "status"),
    [("backup", "prometheus", 403), ("prometheus", "prometheus", 403), ("", "backup", 403),
     ("backup/", "backup", 403), ("backup", "nobody", 401)],
)  # fmt: skip
def test_nobody_gives_the_heartbeat_of_another(
    machine: TestClient, bare_stage: Stage, path: str, integration: str, status: int
) -> None:
    answer = beat(machine, bare_stage, path, integration)
    assert answer.status_code == status
    assert answer.json()["hint"]
    with bare_stage.store.read() as reading:
        assert [one.heard_at for one in reading.heartbeats()] == [None]


def test_the_page_and_the_centre_say_how_it_is(machine: TestClient, bare_stage: Stage) -> None:
    browser = bare_stage.signed_in("ben")
    assert "never yet" in browser.open("/integrations/backup").text
    beat(machine, bare_stage, "backup", "backup")
    page = browser.open("/integrations/backup").text
    assert "/in/heartbeat/backup" in page
    assert "1 heartbeat heard" in page
    bare_stage.at += timedelta(minutes=5)
    assert notice_silence(bare_stage.world) == 1
    assert "missing" in browser.open("/integrations/backup").text
    assert "heartbeat missing" in browser.open("/centre").text


def test_the_status_says_who_was_heard(machine: TestClient, bare_stage: Stage) -> None:
    beat(machine, bare_stage, "backup", "backup")
    said = machine.get("/api/v1/status", headers=bare_stage.operator).json()
    heard = {
        one["id"]: (one["heard_at"] is not None, one["silent"]) for one in said["integrations"]
    }
    assert heard == {"prometheus": (False, False), "backup": (True, False)}
