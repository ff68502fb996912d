"""Alerts that planned work keeps quiet, as people and programs see them."""

from __future__ import annotations

import pytest
from tests.core.statuspage.lamps import PLAN
from tests.web.stage import Stage
from tests.web.statuspage.conftest import Public

from tocsin.core.alerts import Signal, fingerprint
from tocsin.engine.intake import take_in

NAMED = PLAN.replace(
    "rules: [", "rules: [{match: {service: search}, facts: {component_search: down}}, "
)
WORK = {"title": "New <b>disks</b>", "components": ["search"], "starts": "now", "lasts": "2h"}


@pytest.fixture
def stage(public: Public) -> Stage:
    """A plan whose alerts name a component, and work that goes on at it."""
    stage = public.stage
    stage.put_in_force(plan=NAMED)
    client = stage.client(headers=stage.operator)
    made = client.post("/api/v1/maintenances", json={**WORK, "starts": stage.at.isoformat()})
    assert made.status_code == 201, made.text
    return stage


def come(stage: Stage, name: str) -> str:
    labels = {"alertname": name, "service": "search", "instance": "<i>a</i>"}
    mark = fingerprint("prometheus", labels)
    signal = Signal(integration="prometheus", fingerprint=mark, firing=True, labels=labels)
    return take_in(stage.world, [[signal]])[0][0].disposition


def test_the_api_tells_which_alerts_were_kept_quiet_and_by_whom(stage: Stage) -> None:
    assert come(stage, "SearchDown") == "in maintenance 1"
    client = stage.client(headers=stage.operator)
    (window,) = client.get("/api/v1/maintenances").json()["maintenances"]
    assert (window["alerts_kept_quiet"], window["alerts_still_quiet"]) == (1, 1)
    assert window["made_by"] == "operator"
    (alert,) = client.get("/api/v1/alerts?maintenance=1").json()["alerts"]
    assert (alert["disposition"], alert["incident_number"]) == ("in maintenance 1", None)
    assert (alert["quiet"]["maintenance"], alert["quiet"]["until"]) == (1, None)
    assert client.get("/api/v1/alerts?maintenance=2").json()["alerts"] == []
    stage.later(hours=2)
    (alert,) = client.get("/api/v1/alerts?maintenance=1").json()["alerts"]
    assert alert["incident_number"] == 1
    assert alert["disposition"] == "in maintenance 1"
    assert alert["quiet"]["until"] == "2026-11-10T12:00:00Z"
    (window,) = client.get("/api/v1/maintenances").json()["maintenances"]
    assert (window["alerts_kept_quiet"], window["alerts_still_quiet"]) == (1, 0)


def test_the_figures_count_them(stage: Stage) -> None:
    come(stage, "SearchDown")
    figures = stage.client(headers=stage.operator).get("/metrics").text
    assert "tocsin_alerts_quiet 1.0" in figures
    assert "tocsin_forgotten_alerts 0.0" in figures


def test_amtool_sees_it_as_silenced(stage: Stage) -> None:
    come(stage, "SearchDown")
    client = stage.client(headers=stage.operator)
    (alert,) = client.get("/api/v2/alerts").json()
    assert alert["status"]["state"] == "suppressed"
    assert alert["status"]["silencedBy"] == ["maintenance-1"]
    assert client.get("/api/v2/alerts?silenced=false").json() == []
    stage.later(hours=2)
    assert client.get("/api/v2/alerts").json()[0]["status"]["state"] == "active"


def test_the_page_says_how_many_and_which_and_what_became_of_them(stage: Stage) -> None:
    come(stage, "SearchDown")
    come(stage, "SearchSlow")
    ben = stage.signed_in("ben")
    page = ben.open("/maintenance").text
    assert "2 alerts kept quiet, 2 still firing" in page
    assert "planned by The operator" in page
    assert "<i>a</i>" in page
    assert "alerts of its components call nobody" in page
    stage.later(hours=2)
    page = ben.open("/maintenance").text
    assert "2 alerts kept quiet" in page
    assert "still firing" not in page
    assert "INC-001" in page
    room = ben.open("/incidents/INC-001").text
    assert "kept quiet by maintenance 1 until" in room
    assert (
        "was kept quiet by maintenance 1, planned by operator, until 2026-11-10 12:00 UTC" in room
    )


def test_a_plan_that_lets_them_call_says_so_before_work_is_planned(public: Public) -> None:
    public.stage.put_in_force(plan=PLAN.replace("announce: 48h", "suppresses_alerts: false"))
    page = public.stage.signed_in("ben").open("/maintenance").text
    assert "Alerts call all the same" in page
