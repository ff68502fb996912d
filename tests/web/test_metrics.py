"""Metrics over the API, as callers with different rights see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from tests.web.stage import PLAN, Stage

from tocsin.engine.summing import Summing


def add_up(stage: Stage) -> None:
    Summing(stage.world, lambda: 0.0).round()


def live(stage: Stage, name: str, minutes: int, **labels: Any) -> str:
    """An incident that is acknowledged after `minutes` and over after as many more."""
    stage.alert(name, **labels)
    asked = {"as": "ana", "why": "done"}
    listed = stage.client().get("/api/v1/incidents", headers=stage.operator).json()
    code = str(listed["incidents"][0]["code"])
    for verb in ("acknowledge", "resolve"):
        stage.at += timedelta(minutes=minutes)
        done = stage.client().post(
            f"/api/v1/incidents/{code}/{verb}", json=asked, headers=stage.operator
        )
        assert done.status_code == 200, done.text
    return code


def asked(stage: Stage, path: str = "/api/v1/metrics", **wanted: str) -> Any:
    answer = stage.client().get(path, params=wanted, headers=stage.operator)
    assert answer.status_code == 200, answer.text
    return answer.json()


def measure(document: Any, name: str) -> Any:
    return next(one for one in document["measures"] if one["id"] == name)


def test_a_year_of_metrics_with_their_definitions(stage: Stage) -> None:
    live(stage, "ApiDown", 10)
    live(stage, "Slow", 20, severity="warning")
    stage.alert("Other")
    add_up(stage)
    found = asked(stage)
    assert (found["first"], found["last"]) == ("2025-12-01", "2026-11-10")
    assert (found["incidents"], found["pending_incidents"]) == (3, 0)
    answered = measure(found, "acknowledge")
    assert (answered["count"], answered["mean"], answered["median"]) == (2, 900, 900)
    assert answered["unknown"] == [{"why": "not yet", "count": 1}]
    assert "first acknowledgement" in answered["means"]
    assert measure(found, "resolve")["mean"] == 1800
    assert found["groups"] == []
    promised = next(one for one in found["promises"] if one["clock"] == "acknowledge")
    assert (promised["met"], promised["judged"]) == (2, 2)


def test_groups_come_by_month_and_in_the_order_of_the_plan(stage: Stage) -> None:
    live(stage, "Slow", 20, severity="warning")
    live(stage, "ApiDown", 10)
    add_up(stage)
    found = asked(stage, by="severity,month")
    assert found["by"] == ["month", "severity"]
    rows = [(one["month"], one["severity"], one["incidents"]) for one in found["groups"]]
    assert rows == [("2026-11", "P0", 1), ("2026-11", "P1", 1)]
    months = asked(stage, by="month")["groups"]
    assert [one["incidents"] for one in months] == [*[0] * 11, 2]
    (only,) = asked(stage, by="component")["groups"]
    assert (only["component"], only["component_name"]) == ("", "none stated")


def test_what_has_just_changed_is_said_to_be_missing(stage: Stage) -> None:
    stage.alert()
    found = asked(stage)
    assert (found["incidents"], found["pending_incidents"]) == (0, 1)
    add_up(stage)
    assert asked(stage)["pending_incidents"] == 0


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"from": "yesterday"}, "metrics.period"),
        ({"from": "2026-05", "to": "2026-04"}, "metrics.period"),
        ({"by": "person"}, "metrics.by"),
    ],
)
def test_what_cannot_be_asked_is_refused_with_a_way_out(
    stage: Stage, wanted: dict[str, str], code: str
) -> None:
    answer = stage.client().get("/api/v1/metrics", params=wanted, headers=stage.operator)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert answer.json()["hint"]


def test_nobodys_name_is_in_any_of_it(stage: Stage) -> None:
    live(stage, "ApiDown", 10)
    add_up(stage)
    words = (
        stage.client()
        .get("/api/v1/metrics", params={"by": "month,severity"}, headers=stage.operator)
        .text
    )
    for name in ("ana", "Ana", "ben", "Ben"):
        assert f'"{name}' not in words


def test_what_comes_back_is_listed_without_the_title_of_what_is_restricted(stage: Stage) -> None:
    stage.put_in_force(
        PLAN.replace("    escalation_policy: required\n", "")
        + """
confidential:
  - {when: 'severity == "P0"', readers: [team-lead], title: Something is being looked into}
"""
    )
    for _ in range(3):
        live(stage, "SecretsLeaked", 1)
        _close(stage)
        stage.at += timedelta(days=2)
    add_up(stage)
    found = asked(stage, "/api/v1/metrics/repeats")
    assert (found["incidents"], found["repeats"]) == (3, 2)
    (group,) = found["groups"]
    assert (group["count"], "SecretsLeaked" in group["title"]) == (3, True)
    browser = stage.signed_in("ana")
    (group,) = browser.client.get("/api/v1/metrics/repeats").json()["groups"]
    assert group["title"] == "Something is being looked into"


def _close(stage: Stage) -> None:
    listed = stage.client().get("/api/v1/incidents", headers=stage.operator).json()
    code = listed["incidents"][0]["code"]
    done = stage.client().post(
        f"/api/v1/incidents/{code}/close", json={"as": "ben", "why": "x"}, headers=stage.operator
    )
    assert done.status_code == 200, done.text


def test_whoever_is_not_known_sees_nothing(stage: Stage) -> None:
    for path in ("/api/v1/metrics", "/api/v1/metrics/repeats"):
        assert stage.client().get(path).status_code == 401
        assert stage.client().get(path, headers=stage.integration).status_code == 403


def test_the_page_shows_figures_with_their_definitions_and_what_is_left_out(stage: Stage) -> None:
    live(stage, "ApiDown", 10)
    live(stage, "Slow", 20, severity="warning")
    stage.alert("Other")
    add_up(stage)
    page = stage.signed_in("vic").open("/figures").text
    assert "mean of 2 · median 15m" in page
    assert "From the opening to the first acknowledgement" in page
    assert "Without: 1 not yet" in page
    assert "November 2026, P0: 2" in page
    assert "Ana" not in page


def test_the_page_of_a_time_without_incidents_says_so(stage: Stage) -> None:
    page = stage.signed_in("ana").open("/figures?from=2020-01&to=2020-02").text
    assert "none in this time" in page
    assert "Incidents a month" not in page


def test_the_page_says_what_is_no_period(stage: Stage) -> None:
    answer = stage.signed_in("ana").client.get("/figures?from=2026-05-02&to=2026-04-01")
    assert answer.status_code == 422
    assert "2026-05-02 is after 2026-04-01" in answer.text
    assert "Shown below are the last twelve months" in answer.text
    assert 'value="2026-05-02"' in answer.text
    assert 'value="2026-04-01"' in answer.text
    both = stage.signed_in("ana").client.get("/figures?from=yesterday&to=soon").text
    assert "&#34;yesterday&#34; is no day and &#34;soon&#34; is no day" in both
    assert "`" not in both


def test_where_nothing_was_resolved_no_empty_chart_is_shown(stage: Stage) -> None:
    stage.alert()
    add_up(stage)
    page = stage.signed_in("ana").open("/figures").text
    assert "No incident of this time is resolved yet" in page
    assert "Mean time to resolve a month by severity" not in page


def test_the_page_says_what_is_not_in_it_yet(stage: Stage) -> None:
    stage.alert()
    page = stage.signed_in("ana").open("/figures").text
    assert "What has changed of 1 incident is not in here yet" in page


def test_the_page_lists_what_comes_back_under_the_title_for_others(stage: Stage) -> None:
    stage.put_in_force(
        PLAN.replace("    escalation_policy: required\n", "")
        + """
confidential:
  - {when: 'severity == "P0"', readers: [team-lead], title: Something is being looked into}
"""
    )
    for _ in range(2):
        live(stage, "SecretsLeaked", 1)
        _close(stage)
        stage.at += timedelta(days=2)
    add_up(stage)
    page = stage.signed_in("ana").open("/figures").text
    assert "2 times" in page
    assert "Something is being looked into" in page
    assert "SecretsLeaked" not in page
