"""Machines report what they rolled out, and people ask for it."""

from __future__ import annotations

from typing import Any

import pytest
from tests.web.stage import ORGANISATION, PLAN, Stage

from tocsin.engine.keys import integration_key

WITH_PIPELINE = ORGANISATION.replace(
    "integrations:\n", "integrations:\n  pipeline: {source: deployments}\n"
)


@pytest.fixture
def pipeline(stage: Stage) -> dict[str, str]:
    """The headers of a pipeline that reports deployments."""
    stage.put_in_force(PLAN, WITH_PIPELINE)
    return {"Authorization": f"Bearer {integration_key(stage.world.secret, 'pipeline', 1)}"}


def test_a_pipeline_reports_and_people_see_it(stage: Stage, pipeline: dict[str, str]) -> None:
    machine = stage.client(headers=pipeline)
    report = {"service": "checkout", "version": "4.2", "at": "2026-11-10T09:55:00Z", "by": "ana"}
    for _ in range(2):
        answer = machine.post("/in/deployments", json=report)
        assert (answer.status_code, len(answer.json()["deployments"])) == (200, 1)
    machine.post("/in/deployments", json={"service": "search", "at": "2026-11-10T08:00:00Z"})
    client = stage.client(headers=stage.operator)

    def listed(**wanted: Any) -> list[tuple[str, str]]:
        found = client.get("/api/v1/deployments", params=wanted).json()["deployments"]
        return [(one["service"], one["at"]) for one in found]

    both = [("checkout", "2026-11-10T09:55:00Z"), ("search", "2026-11-10T08:00:00Z")]
    assert listed() == both
    assert listed(service="search") == both[1:]
    assert listed(since="2026-11-10T10:00:00+01:00") == both[:1]
    assert listed(until="2026-11-10T09:55:00Z") == both[1:]
    assert listed(limit=1) == both[:1]


def test_what_cannot_be_read_is_refused_with_a_reason(
    stage: Stage, pipeline: dict[str, str]
) -> None:
    machine = stage.client(headers=pipeline)
    answer = machine.post("/in/deployments", content=b"\xff")
    assert (answer.status_code, answer.json()["code"]) == (422, "deployment.unreadable")
    assert "service" in answer.json()["hint"]
    assert machine.post("/in/deployments", content=b"x" * 300_000).status_code == 413


def test_only_an_integration_for_deployments_reports_them(
    stage: Stage, pipeline: dict[str, str]
) -> None:
    body = {"service": "checkout"}
    wrong = stage.client(headers=stage.integration).post("/in/deployments", json=body)
    assert (wrong.status_code, wrong.json()["code"]) == (403, "intake.source")
    assert stage.client().post("/in/deployments", json=body).status_code == 401
    key = pipeline["Authorization"].split()[1]
    assert stage.client().post(f"/in/deployments?key={key}", json=body).status_code == 401
    operator = stage.client(headers=stage.operator).post("/in/deployments", json=body)
    assert operator.status_code == 403
    machine = stage.client(headers=pipeline)
    assert machine.get("/api/v1/deployments").status_code == 403


def test_a_time_without_offset_is_not_guessed(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    answer = client.get("/api/v1/deployments", params={"since": "2026-11-10T10:00:00"})
    assert (answer.status_code, answer.json()["code"]) == (422, "request.at")
