"""The API as its users meet it: an incident's life, lists, questions, the record."""

from __future__ import annotations

import sqlite3
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.web.stage import PLAN, Stage

from tocsin.core.record import Entry, first_break

INCIDENTS = "/api/v1/incidents"


def do(client: TestClient, code: str, verb: str, **body: Any) -> Any:
    return client.post(f"{INCIDENTS}/{code}/{verb}", json=body)


def kinds(document: Any) -> list[str]:
    return [entry["kind"] for entry in document["timeline"]]


def test_the_life_of_an_incident(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert(labels={"service": "checkout"})

    listed = client.get(INCIDENTS).json()
    assert [(i["code"], i["severity"], i["state"]) for i in listed["incidents"]] == [
        ("INC-2026-001", "P0", "open")
    ]
    assert listed["next"] is None

    shown = client.get(f"{INCIDENTS}/INC-2026-001").json()
    assert shown["clocks"][0]["due"] == "2026-11-10T10:15:00Z"
    assert [(step["to"], step["at"]) for step in shown["ahead"]] == [
        (["team-lead"], "2026-11-10T10:30:00Z")
    ]
    assert shown["ahead"][0]["line"] > 0
    assert "escalation step 2" in shown["ahead"][0]["why"]
    assert [(d["person"], d["channel"]) for d in shown["deliveries"]] == [("ana", "inbox")]
    assert shown["alerts"][0]["labels"]["service"] == "checkout"

    stage.at += timedelta(minutes=2)
    has_it = do(client, "INC-2026-001", "acknowledge", **{"as": "ana", "why": "I look into it"})
    assert has_it.status_code == 200
    assert has_it.json()["acknowledged_by"] == "ana"
    last = next(e for e in has_it.json()["timeline"] if e["kind"] == "acknowledged")
    assert (last["by"], last["via"], last["why"]) == ("ana", "api", "I look into it")

    assert do(client, "INC-2026-001", "note", text="Database is full").status_code == 200
    fact = do(client, "INC-2026-001", "fact", name="users_affected", value=120)
    assert fact.json()["facts"]["users_affected"]["value"] == 120
    role = do(client, "INC-2026-001", "role", role="incident-commander", person="ben")
    assert role.json()["roles"] == {"incident-commander": "ben"}
    confirmed = do(client, "INC-2026-001", "severity", severity="P0", **{"as": "ben"})
    assert confirmed.json()["severity_confirmed"] is True
    assert "escalation_asked" in kinds(
        do(client, "INC-2026-001", "escalate", to="team-lead").json()
    )

    assert do(client, "INC-2026-001", "release").json()["state"] == "open"
    assert do(client, "INC-2026-001", "resolve").json()["state"] == "resolved"
    assert do(client, "INC-2026-001", "reopen").json()["state"] == "open"
    assert do(client, "INC-2026-001", "resolve").json()["state"] == "resolved"
    closed = do(client, "INC-2026-001", "close")
    assert closed.json()["state"] == "closed"
    assert closed.json()["next_at"] is None
    assert client.get("/api/v1/verify").json() == {
        "holds": True,
        "first_broken": None,
        "incidents": 1,
        "entries": len(closed.json()["timeline"]),
    }


def test_what_is_so_already_is_answered_with_how_it_is(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    first = do(client, "INC-2026-001", "acknowledge", **{"as": "ana"}).json()
    second = do(client, "INC-2026-001", "acknowledge", **{"as": "ben"})
    assert second.status_code == 200
    assert second.json()["acknowledged_by"] == "ana"
    assert len(second.json()["timeline"]) == len(first["timeline"])


def test_a_step_at_the_wrong_time_is_refused_with_a_way_out(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    answer = do(client, "INC-2026-001", "close")
    assert answer.status_code == 409
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["code"] == "incident.open"
    assert problem["hint"] == "possible now: acknowledge, resolve"
    assert problem["status"] == 409


def test_declaring_pages_at_once(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    answer = client.post(
        INCIDENTS,
        json={"title": "  Checkout \n is down ", "facts": {"service_availability": "none"}},
        headers={"Tocsin-As": "ben", "Tocsin-Via": "cli"},
    )
    assert answer.status_code == 201
    document = answer.json()
    assert (document["code"], document["severity"]) == ("INC-2026-001", "P0")
    assert document["title"] == "Checkout is down"
    assert document["timeline"][0]["by"] == "ben"
    assert document["timeline"][0]["via"] == "cli"
    assert [d["person"] for d in document["deliveries"]] == ["ana"]
    assert "service_availability" in document["severity_why"]


def test_values_that_the_plan_does_not_know(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    asked: list[tuple[str, dict[str, Any], str]] = [
        ("severity", {"severity": "P9"}, "incident.unknown-severity"),
        ("fact", {"name": "users_afected", "value": 1}, "incident.unknown-fact"),
        ("fact", {"name": "users_affected", "value": "many"}, "incident.fact-value"),
        ("escalate", {"to": "nobody"}, "incident.unknown-recipient"),
        ("role", {"role": "clown", "person": "ana"}, "incident.unknown-role"),
        ("role", {"role": "incident-commander", "person": "eve"}, "person.unknown"),
        ("note", {"text": " "}, "incident.empty-note"),
        ("note", {"text": "x" * 10_001}, "request.wrong-values"),
        ("note", {}, "request.wrong-values"),
        ("acknowledge", {"as": "eve"}, "person.unknown"),
        ("acknowledge", {"aß": "eve"}, "request.wrong-values"),
    ]
    for verb, body, code in asked:
        answer = do(client, "INC-2026-001", verb, **body)
        assert (answer.status_code, answer.json()["code"]) == (422, code), (verb, body)
        assert answer.json()["hint"]
    wrong = do(client, "INC-2026-001", "note").json()
    assert wrong["errors"] == [{"where": "body.text", "what": "Field required"}]
    assert client.post(INCIDENTS, json={"title": " "}).json()["code"] == "incident.no-title"


def test_verbs_need_no_body(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    answer = client.post(f"{INCIDENTS}/INC-2026-001/acknowledge")
    assert answer.json()["acknowledged_by"] == "operator"


def test_the_list_pages_and_filters(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    for number in range(5):
        stage.alert(f"Alert{number}")
    do(client, "INC-2026-002", "acknowledge")
    do(client, "INC-2026-003", "resolve")

    def codes(**query: Any) -> list[str]:
        return [i["code"][-1] for i in client.get(INCIDENTS, params=query).json()["incidents"]]

    assert codes() == ["5", "4", "3", "2", "1"]
    assert codes(state="open,acknowledged") == ["5", "4", "2", "1"]
    assert codes(state="resolved") == ["3"]

    seen, cursor = [], ""
    while True:
        page = client.get(INCIDENTS, params={"limit": 2, "cursor": cursor}).json()
        seen += [incident["code"][-1] for incident in page["incidents"]]
        if page["next"] is None:
            break
        cursor = page["next"]
    assert seen == ["5", "4", "3", "2", "1"]

    for query, code in [
        ({"state": "wrong"}, "request.state"),
        ({"cursor": "x"}, "request.cursor"),
        ({"limit": 0}, "request.wrong-values"),
    ]:
        answer = client.get(INCIDENTS, params=query)
        assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_the_timeline_after_an_entry(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    whole = client.get(f"{INCIDENTS}/INC-2026-001/timeline").json()["timeline"]
    rest = client.get(f"{INCIDENTS}/INC-2026-001/timeline", params={"after": 2}).json()["timeline"]
    assert rest == whole[2:]
    assert [entry["number"] for entry in whole] == list(range(1, len(whole) + 1))


def test_a_bundle_can_be_verified_without_the_server(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    do(client, "INC-2026-001", "note", text="ümlaut and \u2028 and \x00")
    bundle = client.get(f"{INCIDENTS}/INC-2026-001/bundle").json()
    assert bundle["format"] == "tocsin-record-1"
    entries = [Entry(e["number"], e["text"], bytes.fromhex(e["hash"])) for e in bundle["entries"]]
    head = bytes.fromhex(bundle["head"])
    assert first_break(bundle["incident"], entries, bundle["count"], head) is None
    forged = Entry(2, entries[1].text.replace("15m", "16m"), entries[1].hash)
    assert first_break(bundle["incident"], [entries[0], forged], 2, head) is not None


def test_who_is_on_call(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    (duty,) = client.get("/api/v1/on-call").json()["rosters"]
    assert duty == {
        "roster": "primary",
        "person": "ana",
        "name": "Ana Prieto",
        "since": "2026-11-09T09:00:00Z",
        "until": "2026-11-16T09:00:00Z",
        "why": "rotation",
        "next": {"person": "ben", "from": "2026-11-16T09:00:00Z"},
        "time_zone": "UTC",
    }
    later = client.get("/api/v1/on-call", params={"at": "2026-11-16T10:00:00+01:00"})
    assert later.json()["rosters"][0]["person"] == "ben"
    naive = client.get("/api/v1/on-call", params={"at": "2026-11-16T10:00:00"})
    assert naive.json()["code"] == "request.at"
    assert client.get("/api/v1/on-call", params={"roster": "x"}).json()["code"] == "roster.unknown"


@pytest.mark.parametrize(
    ("path", "query", "code"),
    [
        ("incidents", {"cursor": "9999999999999999999"}, "request.cursor"),
        ("alerts", {"cursor": "9999999999999999999"}, "request.cursor"),
        ("on-call", {"at": "9999-12-31T23:59:59Z"}, "request.at"),
        ("on-call", {"at": "9999-12-31T23:59:59-14:00"}, "request.at"),
        ("on-call", {"at": "0001-01-01T00:00:00Z"}, "request.at"),
        ("on-call", {"at": "0001-01-01T00:00:00+14:00"}, "request.at"),
    ],
)
def test_parameters_beyond_all_bounds(
    stage: Stage, path: str, query: dict[str, str], code: str
) -> None:
    client = stage.client(headers=stage.operator)
    answer = client.get(f"/api/v1/{path}", params=query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["hint"]


def test_the_bounds_themselves_can_be_asked_for(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    for at in ("1970-01-01T00:00:00Z", "2200-12-31T23:59:59Z"):
        assert client.get("/api/v1/on-call", params={"at": at}).status_code == 200
    for path in ("incidents", "alerts"):
        answer = client.get(f"/api/v1/{path}", params={"cursor": str(2**62)})
        assert answer.status_code == 200
    answer = client.get(f"{INCIDENTS}/INC-2026-001/timeline", params={"after": "9" * 19})
    assert answer.json()["timeline"] == []


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "9" * 400])
def test_numbers_that_are_none_are_refused(stage: Stage, number: str) -> None:
    client = stage.client(headers={**stage.operator, "Content-Type": "application/json"})
    stage.alert()
    for path, body in [
        (f"{INCIDENTS}/INC-2026-001/fact", f'{{"name": "users_affected", "value": {number}}}'),
        (INCIDENTS, f'{{"title": "x", "facts": {{"users_affected": {number}}}}}'),
    ]:
        answer = client.post(path, content=body)
        assert (answer.status_code, answer.json()["code"]) == (422, "request.wrong-values")
        assert answer.json()["errors"]
    assert len(client.get(INCIDENTS).json()["incidents"]) == 1


def test_large_numbers_are_kept_as_far_as_they_go(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    for value in (2**59, -(2**59), 0.5):
        shown = do(client, "INC-2026-001", "fact", name="users_affected", value=value)
        assert shown.json()["facts"]["users_affected"]["value"] == value
    refused = do(client, "INC-2026-001", "fact", name="users_affected", value=2**70)
    assert refused.json()["code"] == "incident.fact-value"


def test_the_inbox_is_ones_own(stage: Stage) -> None:
    stage.alert()
    program = stage.client(headers=stage.operator)
    assert program.get("/api/v1/inbox").json()["code"] == "person.missing"
    found = program.get("/api/v1/inbox", params={"person": "ana"}).json()["messages"]
    assert [m["subject"] for m in found] == ["[P0 Critical] INC-2026-001 ApiDown"]
    assert "/a/" not in str(found), "a link would let its reader answer for somebody else"

    ana = stage.signed_in("ana").client
    assert len(ana.get("/api/v1/inbox").json()["messages"]) == 1
    assert ana.get("/api/v1/inbox", params={"person": "ben"}).status_code == 403
    administrator = stage.signed_in("ben").client
    assert administrator.get("/api/v1/inbox", params={"person": "ana"}).status_code == 200


def test_alerts_by_incident(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert("One")
    stage.alert("Two")
    assert len(client.get("/api/v1/alerts").json()["alerts"]) == 2
    (two,) = client.get("/api/v1/alerts", params={"incident": "INC-2026-002"}).json()["alerts"]
    assert two["labels"]["alertname"] == "Two"
    assert client.get("/api/v1/alerts", params={"incident": "no"}).status_code == 404
    assert client.get("/api/v1/alerts", params={"firing": False}).json()["alerts"] == []


def test_status_names_what_is_in_force_and_what_was_refused(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    status = client.get("/api/v1/status").json()
    assert status["plan"]["title"] == "What we do when the shop is down"
    assert status["organisation"] == "The shop"
    assert status["refused"] == []
    stage.world.rules.activate(("plan.yaml", "nonsense: ["), ("org.yaml", "x"), stage.at)
    refused = client.get("/api/v1/status").json()
    assert refused["refused"]
    assert refused["refused"][0]["code"]
    assert refused["plan"]["title"] == "What we do when the shop is down"


def test_a_sign_in_link_for_somebody_else(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    made = client.post("/api/v1/sign-in-links", json={"person": "ana"})
    assert made.status_code == 201
    assert made.json()["url"].startswith("http://tocsin.test/sign-in?code=")
    assert made.json()["expires_at"] == "2026-11-10T10:15:00Z"
    unknown = client.post("/api/v1/sign-in-links", json={"person": "eve"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "person.unknown")
    assert stage.signed_in("ana").client.post(
        "/api/v1/sign-in-links", json={"person": "ana"}, headers={"Origin": stage.base_url}
    ).json()["code"] == "access.not-allowed"  # fmt: skip


def test_a_trial_call_reaches_all_contacts_and_nobody_else(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    answer = client.post("/api/v1/test-page", json={"person": "ben"}, headers={"Tocsin-As": "ana"})
    assert answer.status_code == 201
    trial = answer.json()
    assert trial["exercise"] is True
    assert [(d["person"], d["channel"]) for d in trial["deliveries"]] == [
        ("ben", "inbox"),
        ("ben", "email"),
    ]
    assert trial["timeline"][0]["by"] == "ana"
    assert trial["ahead"] == []
    assert "This was a trial." in stage.client().get(stage.answer_link("ben")).text
    unknown = client.post("/api/v1/test-page", json={"person": "eve"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "person.unknown")


def test_a_tampered_record_is_found(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert("One")
    stage.alert("Two")
    with stage.store.read() as reading:
        database = reading._connection.engine.url.database  # type: ignore[attr-defined]
    with sqlite3.connect(database) as connection:
        connection.execute(
            "UPDATE timeline SET text = replace(text, '15m', '16m') WHERE number = 2"
        )
    answer = client.get("/api/v1/verify").json()
    assert answer["holds"] is False
    assert answer["first_broken"]["incident"] == "INC-2026-001"
    assert answer["first_broken"]["number"] == 2
    one = client.get("/api/v1/verify", params={"incident": "INC-2026-002"}).json()
    assert (one["holds"], one["incidents"]) == (False, 1)


TELLING = """
audiences: {customers: {visibility: customers, to: team-lead}, team: {to: on-call-engineer}}
statuses: [Investigating, Resolved]
templates:
  outage: {text: "{{ incident.status }}: {{ impact }}", fields: {impact: {ask: What is it?}}}
  reply: {text: "It is {{ incident.status }}"}
publishing: [{audience: customers, approved_by: team-lead}]
support: {prepared: {outage: reply}}
"""


def test_an_update_is_written_approved_and_sent(stage: Stage) -> None:
    stage.put_in_force(plan=PLAN + TELLING)
    client = stage.client(headers=stage.operator)
    stage.alert()
    code = "INC-2026-001"
    missing = do(client, code, "update", audience="customers", template="outage")
    assert (missing.status_code, missing.json()["code"]) == (422, "incident.fields-missing")
    said = {"impact": "nobody can pay"}
    shown = do(client, code, "update", audience="customers", template="outage", values=said).json()
    assert (shown["updates"], shown["proposals"][0]["approval"]) == ([], ["team-lead"])
    assert do(client, code, "approve", update="update-1").status_code == 403
    shown = do(client, code, "approve", update="update-1", **{"as": "ben"}).json()
    assert shown["updates"][0]["text"] == "Investigating: nobody can pay"
    assert (shown["status"], shown["proposals"]) == ("Investigating", [])
    sent = [one for one in shown["deliveries"] if one["kind"] == "update"]
    assert {one["person"] for one in sent} == {"ben"}
    assert {one["subject"] for one in sent} == {"INC-2026-001: Investigating"}
    replies = client.get(f"{INCIDENTS}/{code}/replies").json()["replies"]
    assert [(one["name"], one["text"]) for one in replies] == [("outage", "It is Investigating")]
    page = stage.signed_in("ben").open(f"/incidents/{code}")
    assert "nobody can pay" in page.text


def test_what_waits_can_be_held_back(stage: Stage) -> None:
    stage.put_in_force(plan=PLAN + TELLING)
    client = stage.client(headers=stage.operator)
    stage.alert()
    code = "INC-2026-001"
    do(client, code, "update", audience="customers", text="on it")
    silent = do(client, code, "approve", update="update-1", withdraw=True, **{"as": "ben"})
    assert silent.json()["code"] == "incident.reason-missing"
    body = {"update": "update-1", "withdraw": True, "as": "ben", "why": "too early"}
    assert do(client, code, "approve", **body).json()["proposals"] == []
