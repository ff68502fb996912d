"""Restricted incidents and reserved verbs over the API and the pages, as people see them."""

from __future__ import annotations

import pytest
from tests.web.stage import PLAN, Stage

SECRET = (
    PLAN
    + """
confidential:
  - {when: 'severity == "P0"', readers: [team-lead], title: Something is being looked into}
authority:
  resolve: {may: team-lead, or_with: reason}
"""
)


@pytest.fixture
def secret(stage: Stage) -> Stage:
    """One restricted incident, of which the team lead is the only reader."""
    stage.put_in_force(SECRET)
    stage.alert("SecretsLeaked")
    return stage


def code_of(stage: Stage) -> str:
    listed = stage.client().get("/api/v1/incidents", headers=stage.operator).json()
    return str(listed["incidents"][0]["code"])


def test_others_find_it_under_another_title_and_read_nothing(secret: Stage) -> None:
    code = code_of(secret)
    browser = secret.signed_in("ana")
    page = browser.open("/incidents")
    assert "Something is being looked into" in page.text
    assert "SecretsLeaked" not in page.text
    for path in ("", "/timeline", "/bundle"):
        answer = browser.client.get(f"/api/v1/incidents/{code}{path}")
        assert (answer.status_code, answer.json()["code"]) == (403, "access.confidential")
        assert "team-lead" in answer.json()["hint"]
    alerts = browser.client.get("/api/v1/alerts", params={"incident": code})
    assert alerts.status_code == 403
    assert "SecretsLeaked" not in browser.client.get(f"/incidents/{code}").text


def test_its_readers_and_the_machine_s_own_key_read_it(secret: Stage) -> None:
    code = code_of(secret)
    whole = secret.client().get(f"/api/v1/incidents/{code}", headers=secret.operator).json()
    assert "SecretsLeaked" in whole["title"]
    assert whole["restricted"] is True
    reader = secret.signed_in("ben")
    assert "SecretsLeaked" in reader.open(f"/incidents/{code}").text


def test_a_verb_that_is_reserved_is_answered_with_403_and_the_way_out(secret: Stage) -> None:
    code = code_of(secret)
    asked = {"as": "ana"}
    refused = secret.client().post(
        f"/api/v1/incidents/{code}/resolve", json=asked, headers=secret.operator
    )
    assert (refused.status_code, refused.json()["code"]) == (403, "incident.not-yours")
    assert "--why" in refused.json()["hint"]
    done = secret.client().post(
        f"/api/v1/incidents/{code}/resolve",
        json={**asked, "why": "nobody else is here"},
        headers=secret.operator,
    )
    assert done.json()["state"] == "resolved"


def test_breaking_the_glass_is_for_administrators_and_stands_on_the_record(secret: Stage) -> None:
    code = code_of(secret)
    broken = secret.client().post(
        f"/api/v1/incidents/{code}/break-glass",
        json={"as": "ana", "why": "the reader is on leave"},
        headers=secret.operator,
    )
    assert broken.json()["timeline"][-1]["kind"] == "glass_broken"
    assert "SecretsLeaked" in secret.signed_in("ana").open(f"/incidents/{code}").text


def test_its_alerts_are_in_no_list_of_others(secret: Stage) -> None:
    others, readers = secret.signed_in("ana"), secret.signed_in("ben")
    for path in ("/api/v1/alerts", "/api/v2/alerts"):
        assert "SecretsLeaked" not in others.client.get(path).text
        assert "SecretsLeaked" in readers.client.get(path).text
        assert "SecretsLeaked" in secret.client().get(path, headers=secret.operator).text
        secret.alert("ApiDown", severity="warning")
        assert "ApiDown" in others.client.get(path).text


def test_an_answering_link_tells_its_person_no_more_than_the_message_did(secret: Stage) -> None:
    whole = secret.client().get(f"/api/v1/incidents/{code_of(secret)}", headers=secret.operator)
    with secret.world.store.read() as reading:
        called = reading.deliveries(whole.json()["number"])
    assert {one.person for one in called} == {"ana"}
    page = secret.client().get(called[0].message.link)
    assert "Something is being looked into" in page.text
    assert "SecretsLeaked" not in page.text


def test_whoever_may_not_read_it_answers_a_call_and_does_nothing_else_about_it(
    stage: Stage,
) -> None:
    step = "{do: Rotate the leaked key, before: [resolve]}"
    playbook = f'playbooks: {{leak: {{when: severity == "P0", steps: [{step}]}}}}\n'
    stage.put_in_force(SECRET + playbook)
    stage.alert("SecretsLeaked")
    at = f"/api/v1/incidents/{code_of(stage)}"
    browser, site = stage.signed_in("ana"), {"Origin": stage.base_url}
    taken = browser.client.post(f"{at}/acknowledge", json={}, headers=site)
    assert (taken.status_code, taken.json()["title"]) == (200, "Something is being looked into")
    asked = ("resolve", {"why": "x"}), ("tick", {"task": "rotate-the-leaked-key"})
    for verb, body in asked:
        refused = browser.client.post(f"{at}/{verb}", json=body, headers=site)
        assert (refused.status_code, refused.json()["code"]) == (403, "access.confidential")
        assert "leaked key" not in refused.text
    done = stage.signed_in("ben").client.post(f"{at}/tick", json=asked[1][1], headers=site)
    assert done.status_code == 200
