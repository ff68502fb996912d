"""Plans and organisations over the API: what is in force, what was, and changing it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.web.stage import ORGANISATION, PLAN, Stage

SLOWER = PLAN.replace("team-lead, P0: 30m", "team-lead, P0: 20m")
FAULTY = PLAN.replace("acknowledge: within 15m", "acknowledge: 15").replace("facts:", "fcts:")
VIC_LEADS = ORGANISATION.replace("team-lead: {people: [ben]}", "team-lead: {people: [vic]}")
NO_LEAD = ORGANISATION.replace("  team-lead: {people: [ben]}\n", "").replace("team-lead", "ben")


@pytest.fixture
def client(stage: Stage) -> TestClient:
    return stage.client(headers=stage.operator)


def put(client: TestClient, **said: Any) -> Any:
    """Apply `plan` and `organisation` as texts; what else is said goes along."""
    body = {
        name: {"file": f"{name}.yaml", "text": value} if isinstance(value, str) else value
        for name, value in said.items()
        if name in ("plan", "organisation")
    }
    rest = {name: value for name, value in said.items() if name not in body}
    return client.put("/api/v1/rules", json=body | rest)


def in_force(client: TestClient) -> tuple[str, str]:
    rules = client.get("/api/v1/rules").json()
    return rules["plan"]["version"], rules["organisation"]["version"]


def text_of(client: TestClient, what: str = "plan") -> str:
    version = client.get("/api/v1/rules").json()[what]["version"]
    document = client.get(f"/api/v1/{what}s/{version}").json()
    assert document["in_force"]
    return str(document["text"])


def test_a_plan_is_put_in_force_and_it_is_known_who_did_it(
    stage: Stage, client: TestClient
) -> None:
    stage.later(hours=1)
    before, organisation = in_force(client)
    answer = put(client, plan=SLOWER, why="too slow", **{"as": "ben"})
    assert answer.status_code == 200, answer.text
    applied = answer.json()
    assert applied["changed"] == ["plan"]
    assert in_force(client) == (applied["plan"]["version"], organisation)
    assert applied["plan"]["version"] != before
    assert text_of(client) == SLOWER
    newest, first = client.get("/api/v1/plans").json()["versions"]
    assert (newest["by"], newest["via"], newest["why"]) == ("ben", "api", "too slow")
    assert (newest["at"], newest["in_force"]) == ("2026-11-10T11:00:00Z", True)
    assert (first["version"], first["in_force"]) == (before, False)
    assert first["title"] == "What we do when the shop is down"
    assert stage.world.rules.plan.version == newest["version"]


def test_the_same_again_is_in_force_already_and_writes_nothing(client: TestClient) -> None:
    put(client, plan=SLOWER)
    before = client.get("/api/v1/plans").json()
    again = put(client, plan=SLOWER, organisation=ORGANISATION)
    assert (again.status_code, again.json()["changed"]) == (200, [])
    assert client.get("/api/v1/plans").json() == before


def test_a_faulty_plan_is_refused_with_all_its_problems(client: TestClient) -> None:
    before = client.get("/api/v1/rules").json()
    answer = put(client, plan=FAULTY, organisation=VIC_LEADS)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    refused = answer.json()
    assert refused["code"] == "rules.refused"
    found = {(one["code"], one["file"]) for one in refused["problems"] if one["level"] == "error"}
    assert ("file.unknown-key", "plan.yaml") in found
    assert ("plan.time", "plan.yaml") in found
    assert all(one["hint"] and one["line"] for one in refused["problems"])
    # All or nothing: the organisation, which was fine, is not in force either.
    assert client.get("/api/v1/rules").json() == before


def test_a_plan_and_an_organisation_that_do_not_fit_are_refused(client: TestClient) -> None:
    before = in_force(client)
    for offered in ({"organisation": NO_LEAD}, {"organisation": NO_LEAD, "plan": SLOWER}):
        refused = put(client, **offered)
        assert refused.status_code == 422
        codes = [one["code"] for one in refused.json()["problems"]]
        assert "organisation.missing-recipient" in codes
    assert in_force(client) == before


def test_both_go_in_force_together_although_neither_would_alone(client: TestClient) -> None:
    other_plan = PLAN.replace("team-lead", "boss")
    other_people = ORGANISATION.replace("team-lead", "boss")
    assert put(client, plan=other_plan).status_code == 422
    assert put(client, organisation=other_people).status_code == 422
    both = put(client, plan=other_plan, organisation=other_people)
    assert both.json()["changed"] == ["plan", "organisation"]


def test_a_plan_as_written_is_not_put_in_force(client: TestClient) -> None:
    refused = put(client, plan=PLAN.replace("plan: shop", "plan: shop\nstanding: as written"))
    assert refused.status_code == 422
    (problem,) = (one for one in refused.json()["problems"] if one["level"] == "error")
    assert (problem["code"], problem["line"]) == ("plan.as-written", 4)


def test_whoever_has_seen_another_version_is_told(client: TestClient) -> None:
    seen, organisation = in_force(client)
    assert put(client, plan=SLOWER, expects={"plan": seen}).status_code == 200
    second = in_force(client)
    late = put(client, plan=PLAN, expects={"plan": seen})
    assert (late.status_code, late.json()["code"]) == (409, "rules.overtaken")
    assert late.json()["hint"]
    assert in_force(client) == second
    assert put(client, plan=PLAN, expects={"organisation": organisation}).status_code == 200


def test_an_older_version_is_put_in_force_again_by_its_name(client: TestClient) -> None:
    first, _ = in_force(client)
    put(client, plan=SLOWER)
    assert put(client, plan={"version": first}).json()["changed"] == ["plan"]
    assert text_of(client) == PLAN
    assert [one["version"] == first for one in client.get("/api/v1/plans").json()["versions"]] == [
        True, False, True,
    ]  # fmt: skip
    unknown = put(client, plan={"version": "0" * 64})
    assert (unknown.status_code, unknown.json()["code"]) == (404, "rules.unknown-version")
    assert client.get("/api/v1/plans/0").status_code == 404


def test_a_candidate_is_checked_and_nothing_changes(client: TestClient) -> None:
    before = client.get("/api/v1/rules").json()

    def check(**files: str) -> Any:
        body = {name: {"text": text} for name, text in files.items()}
        return client.post("/api/v1/rules/check", json=body).json()

    assert check(plan=SLOWER)["refused"] is False
    assert check(plan=FAULTY)["refused"] is True
    assert check(organisation=NO_LEAD)["refused"] is True
    assert client.get("/api/v1/rules").json() == before


def test_incidents_keep_their_plan_and_are_counted(stage: Stage, client: TestClient) -> None:
    stage.alert("One")
    put(client, plan=SLOWER)
    stage.alert("Two")
    rules = client.get("/api/v1/rules").json()
    assert (rules["running"], rules["running_on_older"]) == (2, 1)
    client.post("/api/v1/incidents/INC-2026-001/resolve")
    assert client.get("/api/v1/rules").json()["running_on_older"] == 0


def test_the_list_comes_in_pages(client: TestClient) -> None:
    for number in range(3):
        put(client, plan=PLAN + f"# {number}\n")
    first = client.get("/api/v1/plans", params={"limit": 3}).json()
    rest = client.get("/api/v1/plans", params={"limit": 3, "cursor": first["next"]}).json()
    assert [len(page["versions"]) for page in (first, rest)] == [3, 1]
    assert rest["next"] is None
    assert [one["in_force"] for one in first["versions"]] == [True, False, False]
    assert [one["in_force"] for one in rest["versions"]] == [False]


def test_contacts_and_changes_are_for_administrators(stage: Stage, client: TestClient) -> None:
    _, organisation = in_force(client)
    ana = stage.signed_in("ana").client
    same_site = {"Origin": stage.base_url}
    assert ana.get("/api/v1/plans").status_code == 200
    assert ana.get(f"/api/v1/organisations/{organisation}").status_code == 403
    body = {"plan": {"text": SLOWER}}
    assert ana.put("/api/v1/rules", json=body, headers=same_site).status_code == 403
    ben = stage.signed_in("ben").client
    assert ben.get(f"/api/v1/organisations/{organisation}").json()["text"] == ORGANISATION
    assert ben.put("/api/v1/rules", json=body, headers=same_site).status_code == 200
    (newest, *_) = client.get("/api/v1/plans").json()["versions"]
    assert newest["by"] == "ben"


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"plan": {}},
        {"plan": {"text": "a", "version": "b"}},
        {"plan": {"text": "a"}, "more": 1},
        {"plan": {"text": "\ud800"}},
    ],
)
def test_what_is_no_offer_is_refused(client: TestClient, body: Any) -> None:
    answer = client.put("/api/v1/rules", content=json.dumps(body))
    assert answer.status_code == 422
    assert answer.json()["hint"]


def test_large_files_are_taken_here_and_nowhere_else(client: TestClient) -> None:
    large = PLAN + "# " + "x" * 500_000 + "\n"
    assert put(client, plan=large).json()["changed"] == ["plan"]
    too_large = put(client, plan=large * 20)
    assert too_large.status_code == 413
    assert client.post("/api/v1/incidents", json={"title": large}).status_code == 413
