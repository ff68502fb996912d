"""What the intake says while the disk is full: come again, and nothing is kept (invariant H3)."""

from __future__ import annotations

from dataclasses import replace

from fastapi.testclient import TestClient
from tests.web.stage import Stage

from tocsin.sources.alertmanager.parse import AlertmanagerApi
from tocsin.web.app import make_app
from tocsin.web.intake import Intake

ALERTS = [{"labels": {"alertname": "ApiDown"}}]


def test_alerts_are_refused_with_a_reason_until_there_is_room(stage: Stage) -> None:
    why = ["the disk is full"]
    stage.world = replace(stage.world, sources={"alertmanager-api": AlertmanagerApi()})
    intake = Intake(stage.world, stage.site.arrivals, lambda: why[0] if why else "")
    app = make_app(stage.world, replace(stage.site, intake_app=intake))
    with TestClient(app, base_url=stage.base_url) as client:

        async def start() -> None:
            intake.start()

        client.portal.call(start)  # type: ignore[union-attr]
        refused = client.post("/api/v2/alerts", json=ALERTS, headers=stage.integration)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.json()["detail"] == "the disk is full"
        with stage.world.store.read() as reading:
            assert reading.alerts(None, None, 10) == []
        why.clear()
        taken = client.post("/api/v2/alerts", json=ALERTS, headers=stage.integration)
        assert taken.status_code == 200
        intake.stop()
