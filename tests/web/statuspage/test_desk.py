"""Planned work, and what support may say."""

from __future__ import annotations

from tests.web.statuspage.conftest import Public


def test_maintenance_through_the_api(public: Public) -> None:
    stage = public.stage
    client = stage.client(headers=stage.operator)
    made = client.post(
        "/api/v1/maintenances",
        json={"title": "Upgrade", "components": ["search"], "starts": "2026-11-14 22:00",
              "lasts": "2h"},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    assert made.json()["ends_at"] == "2026-11-15T00:00:00Z"
    assert made.json()["made_by"] == "operator"
    number = made.json()["id"]
    client.post(f"/api/v1/maintenances/{number}/update", json={"text": "Still planned."})
    (listed,) = client.get("/api/v1/maintenances").json()["maintenances"]
    assert listed["updates"][0]["text"] == "Still planned."
    assert "Upgrade" in stage.client().get("/status/").text
    done = client.post(f"/api/v1/maintenances/{number}/complete", json={})
    assert (done.status_code, done.json()["code"]) == (409, "maintenance.not-running")
    missing = client.post("/api/v1/maintenances/99/start", json={})
    assert (missing.status_code, missing.json()["code"]) == (404, "maintenance.unknown")
    wrong = client.post("/api/v1/maintenances", json={"title": "x", "starts": "nonsense"})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "maintenance.time")


def test_maintenance_by_the_page(public: Public) -> None:
    ben = public.stage.signed_in("ben")
    ben.open("/maintenance")
    answer = ben.press("Plan it", title="Upgrade", starts="tomorrow 22:00", lasts="2h")
    assert answer.status_code == 303, answer.text
    page = ben.open("/maintenance")
    assert "Upgrade" in page.text
    assert "Say it Start now Call off" in page.text
    wrong = ben.press("Plan it", title="Upgrade", starts="someday", lasts="2h")
    assert wrong.status_code == 422
    assert "someday" in wrong.text


def test_a_responder_looks_on(public: Public) -> None:
    ana = public.stage.signed_in("ana")
    assert "Plan it" not in ana.open("/maintenance").buttons
    assert ana.client.post("/maintenance", data={}, headers={"Origin": "http://tocsin.test"})\
        .status_code == 403  # fmt: skip


def test_answers_say_what_the_page_says_and_no_more(public: Public) -> None:
    public.out(title="SECRET db-7 is down")
    public.fact("component_api", "down")
    client = public.stage.client(headers=public.stage.operator)
    path = f"/api/v1/incidents/{public.code}/answers"
    before = {one["id"]: one for one in client.get(path).json()["answers"]}
    assert before["outage"]["missing"] == ["incident.status"]
    assert before["title"]["missing"] == ["incident.title"]
    public.say("We look into it.")
    told = client.get(path).json()
    after = {one["id"]: one for one in told["answers"]}
    assert after["outage"]["text"].startswith("We work on API: investigating")
    assert after["title"]["text"] == "It is about Orders fail."
    assert told["status"] == "investigating"
    assert told["public_url"].startswith("https://status.example.org/incidents/")
    assert {one["tier"]: one["to"] for one in told["speakers"]} == {
        "enterprise": "incident-commander", None: "team-lead",
    }  # fmt: skip
    page = public.stage.signed_in("vic").open("/support")
    assert "We work on API: investigating" in page.text
    assert "SECRET" not in page.text
