"""What machines ask: does it live, can it work, what do the figures say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import replace
from typing import Any

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from starlette.testclient import TestClient
from tests.web.stage import Stage

from tocsin.engine.ports import Conflict, Reading, StoreUnavailable, Transaction
from tocsin.engine.rules import NoRules
from tocsin.web.app import make_app
from tocsin.web.site import Site

OPENMETRICS = {"Accept": "application/openmetrics-text; version=1.0.0"}


class Faulty:
    """A store whose every use fails in one way."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def read(self) -> AbstractContextManager[Reading]:
        raise self.error

    def write(self) -> AbstractContextManager[Transaction]:
        raise self.error

    def is_ready(self) -> str:
        return str(self.error)

    def tidy(self) -> None:
        raise self.error


def without_store(stage: Stage, error: Exception) -> TestClient:
    world = replace(stage.world, store=Faulty(error))
    app = make_app(world, stage.site)
    return TestClient(app, base_url=stage.base_url, raise_server_exceptions=False)


def figures(text: str) -> dict[str, float]:
    samples = [s for family in text_string_to_metric_families(text) for s in family.samples]
    return {
        f"{s.name}{{{s.labels['state']}}}" if "state" in s.labels else s.name: s.value
        for s in samples
        if not s.name.startswith("tocsin_http")
    }


def test_alive_and_ready(stage: Stage) -> None:
    client = stage.client()
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.head("/healthz").status_code == 200
    stage.ending = True
    assert client.get("/readyz").status_code == 503


def test_not_ready_while_the_engine_has_trouble(stage: Stage) -> None:
    troubles = ["the engine has not ticked for 40 seconds"]
    site = replace(stage.site, troubles=lambda: troubles)
    client = TestClient(make_app(stage.world, site), base_url=stage.base_url)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["reasons"]) == (503, troubles)
    troubles.clear()
    assert client.get("/readyz").status_code == 200


def test_not_ready_without_rules(bare_stage: Stage) -> None:
    answer = bare_stage.client().get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["reasons"] == ["the rules: no plan is active"]


def test_without_a_store(stage: Stage) -> None:
    client = without_store(stage, StoreUnavailable("the disk is full"))
    assert client.get("/healthz").status_code == 200
    assert client.get("/readyz").json()["reasons"] == ["the store: the disk is full"]
    answer = client.get("/api/v1/incidents", headers=stage.operator)
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "5"
    assert answer.json()["detail"] == "the disk is full"
    assert figures(client.get("/metrics", headers={**stage.operator, **OPENMETRICS}).text) == {
        "tocsin_build_info": 1.0,
        "tocsin_store_up": 0.0,
    }
    page = client.get("/a/INC-2026-001.4.ana.inbox.x")
    assert page.status_code == 503
    assert "the disk is full" in page.text


def test_a_conflict_is_tried_again_and_then_said(stage: Stage) -> None:
    client = without_store(stage, Conflict("another node was faster"))
    answer = client.post("/api/v1/incidents", json={"title": "x"}, headers=stage.operator)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")


def test_a_mistake_of_ours_tells_no_secrets(stage: Stage) -> None:
    client = without_store(stage, RuntimeError("password=hunter2"))
    answer = client.get("/api/v1/incidents", headers=stage.operator)
    assert answer.status_code == 500
    assert answer.json()["code"] == "server.fault"
    assert "not known whether" in answer.json()["detail"]
    assert "look at how things stand" in answer.json()["hint"]
    assert "hunter2" not in answer.text


def test_figures(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert("One")
    stage.alert("Two")
    client.post("/api/v1/incidents/INC-2026-001/acknowledge")
    client.get("/api/v1/incidents/INC-2026-001")
    client.get("/made-up-1")
    client.get("/made-up-2")
    answer = client.get("/metrics", headers=OPENMETRICS)
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    found = figures(answer.text)
    assert found["tocsin_incidents{open}"] == 1
    assert found["tocsin_incidents{acknowledged}"] == 1
    assert found["tocsin_alerts_firing"] == 2
    assert found["tocsin_unarmed_incidents"] == 0
    assert 'route="/api/v1/incidents/{code}"' in answer.text
    assert "made-up" not in answer.text
    assert client.get("/metrics").headers["content-type"].startswith("text/plain")


class Taking:
    """A way in for alerts that takes everything under /in/."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def takes(self, scope: MutableMapping[str, Any]) -> bool:
        return bool(scope["method"] == "POST" and scope["path"].startswith("/in/"))

    async def __call__(
        self,
        scope: MutableMapping[str, Any],
        receive: Callable[[], Awaitable[MutableMapping[str, Any]]],
        send: Callable[[MutableMapping[str, Any]], Awaitable[None]],
    ) -> None:
        if self.error is not None:
            raise self.error
        await send({"type": "http.response.start", "status": 202, "headers": []})
        await send({"type": "http.response.body", "body": b"taken"})


@pytest.mark.parametrize(("error", "status"), [(None, 202), (NoRules("no plan is active"), 503)])
def test_alerts_go_ahead_of_everything(stage: Stage, error: Exception | None, status: int) -> None:
    site = Site(version="0", intake_app=Taking(error))
    client = TestClient(make_app(stage.world, site), base_url=stage.base_url)
    answer = client.post("/in/alertmanager", content=b"x" * 1_000_000)
    assert answer.status_code == status
    if status == 503:
        assert answer.json()["code"] == "rules.missing"
        assert answer.headers["retry-after"] == "5"
    assert client.get("/in/alertmanager").status_code == 404


def test_large_requests_are_refused(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    answer = client.post("/api/v1/incidents", json={"title": "x" * 300_000})
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too-large")


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/api/v1/nothing", 404, "request.not-found"),
        ("DELETE", "/api/v1/incidents", 405, "request.method"),
        ("GET", "/api/v1/incidents/INC-0000-000", 404, "incident.unknown"),
        ("POST", "/api/v1/incidents/INC-0000-000/acknowledge", 404, "incident.unknown"),
        ("POST", "/api/v1/incidents", 422, "request.wrong-values"),
        ("GET", "/in/alertmanager", 404, "request.not-found"),
    ],
)
def test_every_error_is_a_problem_document(
    stage: Stage, method: str, path: str, status: int, code: str
) -> None:
    answer = stage.client(headers=stage.operator).request(method, path)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == code
    assert problem["status"] == status
    assert problem["type"].endswith(code)
    assert all(problem[part] for part in ("title", "detail", "hint"))
