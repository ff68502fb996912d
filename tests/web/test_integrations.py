"""Integrations: connecting a machine, what came last, and trying what a payload becomes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.web.stage import ORGANISATION, PLAN, Browser, Page, Stage

from tocsin.engine.audit import Doer, Wanted
from tocsin.engine.keys import integration_key
from tocsin.engine.ports import Source
from tocsin.engine.statuspage.planned import Draft, plan_window
from tocsin.sources.alertmanager.parse import AlertmanagerApi, AlertmanagerWebhook
from tocsin.web.app import make_app
from tocsin.web.arrivals import BYTES_KEPT, KEPT
from tocsin.web.intake import Intake

ALERT = [{"labels": {"alertname": "CheckoutDown", "severity": "critical"}}]
WEBHOOK = {
    "version": "4",
    "status": "firing",
    "alerts": [{"status": "firing", "labels": ALERT[0]["labels"]}],
}


@pytest.fixture
def machine(stage: Stage) -> Iterator[TestClient]:
    """A program that sends alerts through the intake, as in production."""
    sources: dict[str, Source] = {
        "alertmanager": AlertmanagerWebhook(),
        "alertmanager-api": AlertmanagerApi(),
    }
    stage.world = replace(stage.world, sources=sources)
    intake = Intake(stage.world, stage.site.arrivals)
    stage.site = replace(stage.site, intake_app=intake)
    app = make_app(stage.world, stage.site)
    with TestClient(app, base_url=stage.base_url) as client:

        async def start() -> None:
            intake.start()

        client.portal.call(start)  # type: ignore[union-attr]
        yield client
        intake.stop()


@pytest.fixture
def ben(stage: Stage, machine: TestClient) -> Browser:
    """An administrator's browser; the intake runs."""
    return stage.signed_in("ben")


def send(machine: TestClient, stage: Stage, body: Any, **headers: str) -> int:
    content = body if isinstance(body, bytes) else json.dumps(body)
    sent = machine.post("/api/v2/alerts", content=content, headers=stage.integration | headers)
    return int(sent.status_code)


def tried(browser: Browser, payload: Any, action: str = "try", **said: str) -> tuple[int, Page]:
    browser.open("/integrations/prometheus")
    form = next(form for form in browser.page.forms if "payload" in form.fields)
    text = payload if isinstance(payload, str) else json.dumps(payload)
    fields = {"form_token": form.fields["form_token"], "payload": text, "form": "alertmanager-api"}
    answer = browser.client.post(
        f"/integrations/prometheus/{action}",
        data=fields | said,
        headers={"Origin": str(browser.client.base_url)},
    )
    return answer.status_code, Page(answer.text)


def incidents(stage: Stage) -> list[str]:
    with stage.store.read() as reading:
        return [one.incident.title for one in reading.incidents((), None, 10)]


def test_everybody_sees_the_address_and_nobody_the_key(stage: Stage) -> None:
    page = stage.signed_in("vic").open("/integrations/prometheus")
    assert f"{stage.base_url}/in/alertmanager" in page.text
    assert "team-lead" in page.text
    assert integration_key(stage.world.secret, "prometheus", 1) not in page.text
    assert "Show the key" not in page.text
    assert "Try it" not in page.text


def test_a_key_is_shown_on_demand_and_that_is_audited(stage: Stage, ben: Browser) -> None:
    key = integration_key(stage.world.secret, "prometheus", 1)
    assert key not in ben.open("/integrations/prometheus").text
    answer = ben.press("Show the key")
    assert key in answer.text
    assert answer.headers["cache-control"] == "no-store"
    with stage.store.read() as reading:
        act = reading.acts(Wanted(act="integration.key-shown"), None, 1)[0]
    assert (act.by, act.about) == ("ben", "prometheus")
    assert key not in act.detail


def test_only_administrators_have_a_key_shown(stage: Stage) -> None:
    vic = stage.signed_in("vic")
    origin = {"Origin": str(vic.client.base_url)}
    for action in ("key", "try", "send"):
        answer = vic.client.post(f"/integrations/prometheus/{action}", data={}, headers=origin)
        assert answer.status_code == 403


def test_what_came_last_is_shown_with_what_became_of_it(
    stage: Stage, machine: TestClient, ben: Browser
) -> None:
    assert send(machine, stage, ALERT) == 200
    assert send(machine, stage, b"{nonsense") == 200
    text = ben.open("/integrations/prometheus").text
    assert "1 opened an incident" in text
    assert "1 could not be understood" in text
    assert "{nonsense" in text
    assert "Kept because nobody could understand it" in text
    assert "could not be understood" in ben.open("/integrations").text


def test_wrong_keys_are_told_and_not_kept(stage: Stage, machine: TestClient, ben: Browser) -> None:
    wrong = "tocin-prometheus-thisisnotthesealofit"
    assert send(machine, stage, ALERT, Authorization=f"Bearer {wrong}") == 401
    page = ben.open("/integrations/prometheus")
    assert "its key is not good" in page.text
    assert "thisisnotthesealofit" not in page.text
    assert "with a key of “prometheus” that is not good" in ben.open("/integrations").text


def test_little_is_remembered(stage: Stage, machine: TestClient) -> None:
    """However much comes, and however large it is."""
    large = [{"labels": {"alertname": "Large", "n": "x" * 30_000}}]
    for number in range(KEPT + 5):
        body = large if number % 2 else [{"labels": {"alertname": f"A{number}"}}]
        assert send(machine, stage, body) == 200
    kept = stage.site.arrivals.of("prometheus")
    assert len(kept) == KEPT
    assert max(len(one.beginning) for one in kept) == BYTES_KEPT
    assert max(one.size for one in kept) > 30_000
    assert kept[0].beginning == b'[{"labels": {"alertname": "A24"}}]', "the newest first"


def test_a_dry_run_says_what_would_become_of_it_and_writes_nothing(
    stage: Stage, ben: Browser
) -> None:
    with stage.store.read() as reading:
        before = reading.counts()
    status, page = tried(ben, ALERT)
    assert status == 200
    assert "would open an incident" in page.text
    assert "P0 by alert rule: severity critical" in page.text
    assert any(re_line.startswith("/plan#line-") for re_line in page.links)
    assert "Called at once: page on-call-engineer (Ana Prieto)" in page.text
    assert incidents(stage) == []
    with stage.store.read() as reading:
        assert reading.counts() == before
        assert reading.inbox("ana", 5) == []
    stage.alert("First")
    with stage.store.read() as reading:
        assert reading.incident("INC-2026-001") is not None, "no number was used up"


def test_a_dry_run_tells_which_incident_it_would_join(stage: Stage, ben: Browser) -> None:
    stage.alert("CheckoutDown", labels={"host": "a"})
    status, page = tried(ben, ALERT)
    assert status == 200
    assert "would join an incident" in page.text
    assert "/incidents/INC-2026-001" in page.links


def test_a_dry_run_of_what_is_known_already_changes_nothing(stage: Stage, ben: Browser) -> None:
    stage.alert("CheckoutDown")
    _, page = tried(ben, ALERT)
    assert "known already It changes nothing." in page.text


def test_what_cannot_be_understood_is_explained(ben: Browser) -> None:
    status, page = tried(ben, "{nonsense")
    assert status == 200
    assert "can't be understood" in page.text
    status, page = tried(ben, "  ")
    assert status == 422
    assert "there is nothing to try" in page.text


def test_the_webhook_form_is_understood_too(stage: Stage, ben: Browser) -> None:
    status, page = tried(ben, WEBHOOK, form="alertmanager")
    assert status == 200
    assert "would open an incident" in page.text
    assert incidents(stage) == []


def test_sending_it_for_real_wants_to_be_meant(stage: Stage, ben: Browser) -> None:
    status, page = tried(ben, ALERT, "send")
    assert (status, "calls people for real" in page.text) == (422, True)
    assert incidents(stage) == []
    status, page = tried(ben, ALERT, "send", sure="yes")
    assert (status, "Sent for real" in page.text) == (200, True)
    assert incidents(stage) == ["CheckoutDown"]
    with stage.store.read() as reading:
        act = reading.acts(Wanted(act="integration.sent"), None, 1)[0]
    assert (act.by, act.about, act.detail) == ("ben", "prometheus", "1 opened an incident")


def test_hostile_payloads_stay_text(stage: Stage, machine: TestClient, ben: Browser) -> None:
    evil = "</textarea></pre><script>alert(1)</script>"
    payload = [{"labels": {"alertname": evil, "severity": evil, evil: "x"}}]
    assert send(machine, stage, payload) == 200
    _, page = tried(ben, payload)
    assert page.scripts == []
    assert "alert(1)" in page.text
    page = ben.open("/integrations/prometheus")
    assert page.scripts == []
    assert "alert(1)" in page.text


def test_payloads_of_a_restricted_incident_are_for_its_readers(
    stage: Stage, machine: TestClient, ben: Browser
) -> None:
    """An administrator who may not read it sees that something came, and not what."""
    secret = PLAN.replace("facts:", "kinds: [operational, security]\nfacts:", 1).replace(
        "{match: {severity: critical}, severity: P0}",
        "{match: {severity: critical}, severity: P0, kind: security}",
    )
    readers = "confidential:\n  - {when: 'kind == \"security\"', readers: [on-call-engineer]}\n"
    without_ben = ORGANISATION.replace("rotation: [ana, ben]", "rotation: [ana]")
    stage.put_in_force(secret + readers, without_ben)
    told = [{"labels": ALERT[0]["labels"], "annotations": {"summary": "It was Mallory"}}]
    assert send(machine, stage, told) == 200
    text = ben.open("/integrations/prometheus").text
    assert "a restricted incident that you are not to read" in text
    assert "Mallory" not in text
    labels = ALERT[0]["labels"] | {"host": "b"}
    _, page = tried(ben, [{"labels": labels}])
    assert "INC-2026-001" in page.text
    assert "Mallory" not in page.text


def test_an_unknown_integration_is_not_there(ben: Browser) -> None:
    assert ben.client.get("/integrations/nothing").status_code == 404


def test_a_dry_run_says_that_maintenance_would_keep_it_quiet(stage: Stage, ben: Browser) -> None:
    rule = "rules:\n    - {match: {job: api}, facts: {component_api: down}}"
    page = """
components: {api: {name: API}}
audiences: {public: {name: Everybody, visibility: public}}
status_page: {audience: public, components: {Shop: api}, maintenance: {announce: 1h}}
"""
    stage.put_in_force(plan=PLAN.replace("rules:", rule) + page)
    draft = Draft(
        title="Disks", components=("api",), starts_at=stage.at,
        ends_at=stage.at + timedelta(hours=1),
    )  # fmt: skip
    plan_window(stage.world, draft, Doer("ben", "page"))
    payload = [{"labels": {"alertname": "ApiDown", "job": "api"}}]
    _, shown = tried(ben, payload, form="alertmanager-api")
    assert "in maintenance 1: kept quiet, nobody is called" in shown.text
    assert incidents(stage) == []
    _, sent = tried(ben, payload, "send", form="alertmanager-api", sure="yes")
    assert "1 kept quiet by maintenance 1" in sent.text
