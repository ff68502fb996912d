"""What a node's last check-up found, wherever people and machines look."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.web.stage import Stage

from tocsin.engine.assertions import ASSERTIONS, SHOWN, Violation
from tocsin.engine.checkup import Health
from tocsin.engine.prober import Probed

AT = datetime(2026, 11, 10, 10, 0, tzinfo=UTC)
THROUGH = Probed(AT, 60.0, 1.6)
WELL = Health(
    "watchdog.example.net", "node-1", at=AT, probe=THROUGH, probed_at=AT, lag=0.02, heard_at=AT
)
UNARMED = Violation(ASSERTIONS[0], ("INC-2026-007",))
ILL = replace(
    WELL,
    probe=replace(THROUGH, failed="its page did not come within 20 s: the engine has not sent it"),
    violations=(UNARMED,),
    reasons=("a probe did not come through: its page did not come", str(UNARMED)),
)
ALONE = replace(WELL, watchdog="", heard_at=None, warnings=("nobody outside watches this node",))


def showing(stage: Stage, health: Health) -> Stage:
    stage.site = replace(stage.site, health=lambda: health)
    return stage


def metrics(stage: Stage) -> dict[str, float]:
    text = stage.client().get("/metrics", headers=stage.operator).text
    return {s.name: s.value for f in text_string_to_metric_families(text) for s in f.samples}


def test_a_node_that_is_well_says_so(stage: Stage) -> None:
    showing(stage, WELL)
    assert stage.client().get("/readyz").json() == {"status": "ready"}
    page = stage.signed_in("ben").open("/centre").text
    assert "a page to Tocsin itself was answered after 1.6 s" in page
    assert "hears the heartbeat" in page
    found = metrics(stage)
    assert (found["tocsin_well"], found["tocsin_probe_up"]) == (1, 1)
    assert found["tocsin_engine_lag_seconds"] == 0.02
    assert found["tocsin_heartbeat_timestamp_seconds"] == AT.timestamp()


def test_a_node_that_is_not_well_says_so_and_goes_on_taking_alerts(stage: Stage) -> None:
    """Turned away by a load balancer it would take no alerts either."""
    showing(stage, ILL)
    ready = stage.client().get("/readyz")
    assert ready.status_code == 200
    assert ready.json()["warnings"] == list(ILL.reasons)
    page = stage.signed_in("ben").open("/centre").text
    assert "the engine has not sent it" in page
    assert "INC-2026-007" in page, "an administrator has to know which"
    assert "is left to call somebody" in page
    found = metrics(stage)
    assert (found["tocsin_well"], found["tocsin_assertions_violated"]) == (0, 1)


def test_what_an_assertion_found_is_named_to_administrators_only(stage: Stage) -> None:
    """It may be a restricted incident, or a message to somebody: not for all, and not for logs."""
    showing(stage, ILL)
    ready = stage.client().get("/readyz").text
    assert "an open incident will never be looked at again (incident.unarmed: 1 found)" in ready
    assert "INC-2026-007" not in ready
    viewer = stage.signed_in("vic")
    status = viewer.client.get("/api/v1/status")
    (violation,) = status.json()["health"]["violations"]
    assert (violation["count"], violation["found"]) == (1, [])
    assert "will never be looked at again" in viewer.open("/centre").text
    for text in (status.text, viewer.open("/centre").text, viewer.open("/centre?wall=1").text):
        assert "INC-2026-007" not in text
    told = stage.client().get("/api/v1/status", headers=stage.operator).json()["health"]
    assert told["violations"][0]["found"] == ["INC-2026-007"]
    assert not any("INC-2026-007" in reason for reason in told["reasons"])
    many = Violation(ASSERTIONS[0], tuple(f"INC-{number}" for number in range(SHOWN)))
    assert "5 or more found" in str(many)


def test_a_node_that_nobody_watches_says_so(stage: Stage) -> None:
    showing(stage, ALONE)
    assert "nobody outside" in stage.client().get("/readyz").json()["warnings"][0]
    assert "nobody watches from outside" in stage.signed_in("ben").open("/centre").text


@pytest.mark.parametrize("health", [WELL, ILL, ALONE], ids=["well", "ill", "alone"])
def test_the_status_tells_the_doctor(stage: Stage, health: Health) -> None:
    showing(stage, health)
    said = stage.client().get("/api/v1/status", headers=stage.operator).json()["health"]
    assert said["is_well"] == health.is_well
    assert said["watchdog"] == health.watchdog
    assert said["probe"]["came_through"] == (health.probe is THROUGH)
    assert len(said["violations"]) == len(health.violations)
