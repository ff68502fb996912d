"""What Alertmanager's tools ask, and who may ask it."""

from tests.web.stage import Stage


def test_an_integration_sees_its_firing_alerts(stage: Stage) -> None:
    stage.alert("ApiDown", labels={"instance": "a"})
    stage.alert("DiskFull", severity="info")
    shown = stage.client().get("/api/v2/alerts", headers=stage.integration).json()
    assert {alert["labels"]["alertname"] for alert in shown} == {"ApiDown", "DiskFull"}
    assert {alert["status"]["state"] for alert in shown} == {"active"}
    filters = [("filter", 'severity="critical"'), ("filter", 'alertname=~"Api.*"')]
    shown = stage.client().get("/api/v2/alerts", params=filters, headers=stage.integration).json()
    assert [alert["labels"]["alertname"] for alert in shown] == ["ApiDown"]


def test_a_bad_filter_is_said_as_its_tools_expect_it(stage: Stage) -> None:
    params = {"filter": 'severity=~"("'}
    answer = stage.client().get("/api/v2/alerts", params=params, headers=stage.integration)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert "does not compile" in answer.json()


def test_people_and_the_operator_may_ask_and_strangers_may_not(stage: Stage) -> None:
    assert stage.client().get("/api/v2/alerts").status_code == 401
    assert stage.client().get("/api/v2/alerts", headers=stage.operator).status_code == 200
    assert stage.signed_in("ana").client.get("/api/v2/status").status_code == 200


def test_the_status_names_the_version_and_no_cluster(stage: Stage) -> None:
    status = stage.client().get("/api/v2/status", headers=stage.integration).json()
    assert status["versionInfo"]["version"] == "0.0-test"
    assert status["cluster"]["status"] == "disabled"


def test_declaring_with_a_key_is_idempotent(stage: Stage) -> None:
    headers = {**stage.operator, "Idempotency-Key": "ticket-7"}
    client = stage.client()
    first = client.post("/api/v1/incidents", json={"title": "Down"}, headers=headers)
    again = client.post("/api/v1/incidents", json={"title": "Down"}, headers=headers)
    assert first.json()["code"] == again.json()["code"]
    other = client.post("/api/v1/incidents", json={"title": "Down"}, headers=stage.operator)
    assert other.json()["code"] != first.json()["code"]
