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
