"""Who may do what: every route says what it needs, and one function decides."""

from __future__ import annotations

from base64 import b64encode

import pytest
from fastapi import FastAPI
from tests.web.stage import BASE, ORGANISATION, Stage

from tocsin.engine.keys import integration_key, operator_key
from tocsin.web.access import (
    Anonymous,
    Answering,
    Caller,
    IntegrationCaller,
    Need,
    Operator,
    PersonCaller,
    authorise,
    caller_of,
    integration_of,
)
from tocsin.web.app import make_app, needs_by_route, undeclared
from tocsin.web.problems import Trouble

EXPECTED = {
    "public": {
        "/",
        "/static",
        "/healthz",
        "/readyz",
        "/api/openapi.json",
        "/sign-in",
        "/a/{token}",
    },
    "administer": {
        "/api/v1/incidents/{code}/break-glass",
        "/api/v1/organisations/{version}",
        "/api/v1/rules",
        "/api/v1/rules/check",
        "/api/v1/sign-in-links",
        "/api/v1/test-page",
    },
}


def test_every_route_declares_what_it_needs(stage: Stage) -> None:
    app = make_app(stage.world, stage.site)
    assert undeclared(app) == []
    by_need: dict[str, set[str]] = {}
    for method, path, need in needs_by_route(app):
        by_need.setdefault(need, set()).add(path)
        if method != "GET" and path != "/sign-out":
            assert need in ("respond", "administer") or path in EXPECTED["public"], path
    assert by_need["public"] == EXPECTED["public"]
    assert by_need["administer"] == EXPECTED["administer"]


def test_a_route_without_a_need_is_found() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/forgotten")
    def forgotten() -> None: ...

    assert undeclared(app) == ["GET /forgotten"]


def some_path(path: str) -> str:
    return path.replace("{code}", "INC-2026-001").replace("{verb}", "note").replace("{token}", "x")


def test_nobody_gets_in_without_a_key(stage: Stage) -> None:
    client = stage.client()
    for method, path, need in needs_by_route(make_app(stage.world, stage.site)):
        if need == "public":
            continue
        answer = client.request(method, some_path(path))
        page = not path.startswith(("/api/", "/metrics"))
        expected = 303 if page and method == "GET" and not path.startswith("/live") else 401
        assert answer.status_code == expected, (method, path)


def test_an_integrations_key_is_good_for_nothing_else(stage: Stage) -> None:
    client = stage.client(headers=stage.integration)
    for method, path, need in needs_by_route(make_app(stage.world, stage.site)):
        if need not in ("public", "alerts"):
            assert client.request(method, some_path(path)).status_code == 403, (method, path)


def test_viewers_look_and_do_nothing(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in("vic")
    assert browser.client.get("/api/v1/incidents").status_code == 200
    page = browser.open("/incidents/INC-2026-001")
    assert page.buttons == ["Sign out"]
    answer = browser.client.post(
        "/api/v1/incidents/INC-2026-001/acknowledge", json={}, headers={"Origin": stage.base_url}
    )
    assert answer.status_code == 403
    assert "Vic Viewer (viewer)" in answer.json()["detail"]


def test_one_function_decides(stage: Stage) -> None:
    people = stage.world.rules.organisation.people
    integration = stage.world.rules.organisation.integrations["prometheus"]
    callers: dict[str, Caller] = {
        "anonymous": Anonymous(),
        "operator": Operator(),
        "viewer": PersonCaller(people["vic"], b""),
        "responder": PersonCaller(people["ana"], b""),
        "administrator": PersonCaller(people["ben"], b""),
        "integration": IntegrationCaller(integration),
        "link": Answering("ana"),
    }
    allowed: dict[Need, set[str]] = {
        "public": set(callers),
        "answer": {"link"},
        "intake": {"integration"},
        "read": {"operator", "viewer", "responder", "administrator"},
        "respond": {"operator", "responder", "administrator"},
        "administer": {"operator", "administrator"},
    }
    for need, who in allowed.items():
        for name, caller in callers.items():
            if name in who:
                authorise(caller, need)
                continue
            with pytest.raises(Trouble) as refused:
                authorise(caller, need)
            assert refused.value.status == (401 if name == "anonymous" else 403)


def test_keys_come_as_bearer_or_as_password(stage: Stage) -> None:
    key = operator_key(stage.world.secret)
    basic = b64encode(f"anyone:{key}".encode()).decode()
    for shown in (f"Bearer {key}", f"bearer  {key} ", f"Basic {basic}"):
        assert caller_of(stage.world, {"authorization": shown}) == Operator()


@pytest.mark.parametrize(
    "shown",
    ["Bearer", "Bearer ", "Basic !!", "Basic", "Digest x", "Bearer tocop-", "Bearer tocin-", "x",
     "Bearer tocin-prometheus-", "Bearer tocin-nobody-abc", "Bearer tocop-\xff\u20ac"],
)  # fmt: skip
def test_wrong_keys_are_nobodys(stage: Stage, shown: str) -> None:
    caller = caller_of(stage.world, {"authorization": shown})
    assert isinstance(caller, Anonymous)
    with pytest.raises(Trouble):
        authorise(caller, "read")


def test_a_raised_key_version_ends_the_old_key(stage: Stage) -> None:
    old = {b"authorization": stage.integration["Authorization"].encode()}
    assert integration_of(stage.world, old) == "prometheus"
    raised = ORGANISATION.replace("owner: team-lead}", "owner: team-lead, key_version: 2}")
    stage.put_in_force(organisation=raised)
    assert integration_of(stage.world, old) is None
    new = integration_key(stage.world.secret, "prometheus", 2).encode()
    assert integration_of(stage.world, {b"authorization": b"Bearer " + new}) == "prometheus"


def test_the_operators_key_is_no_integrations_key(stage: Stage) -> None:
    headers = {b"authorization": stage.operator["Authorization"].encode()}
    assert integration_of(stage.world, headers) is None
    assert integration_of(stage.world, {}) is None


def test_only_the_operator_acts_for_others(stage: Stage) -> None:
    stage.alert()
    path = "/api/v1/incidents/INC-2026-001/acknowledge"
    browser = stage.signed_in("ana")
    own = {"Origin": stage.base_url}
    answer = browser.client.post(path, json={"as": "ben"}, headers=own)
    assert answer.json()["code"] == "access.not-yourself"
    answer = browser.client.post(path, json={}, headers={**own, "Tocsin-As": "ben"})
    assert answer.json()["acknowledged_by"] == "ana", "a session is whose it is"


FOREIGN = [
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site", "Origin": "https://other.tocsin.test"},
    {"Sec-Fetch-Site": "cross-site", "Origin": BASE},
]


@pytest.mark.parametrize("headers", FOREIGN)
def test_a_foreign_page_cannot_use_a_key_that_the_browser_remembers(
    stage: Stage, headers: dict[str, str]
) -> None:
    stage.alert()
    path = "/api/v1/incidents/INC-2026-001/acknowledge"
    key = operator_key(stage.world.secret)
    basic = b64encode(f"anyone:{key}".encode()).decode()
    for shown in (f"Basic {basic}", f"Bearer {key}"):
        client = stage.client(headers={"Authorization": shown})
        answer = client.post(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "access.cross-site")
        assert client.get("/api/v1/incidents", headers=headers).status_code == 200
    assert stage.client(headers=stage.operator).post(path).status_code == 200, "programs pass"


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": BASE}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}]
)
def test_a_key_works_from_ones_own_pages_and_from_programs(
    stage: Stage, headers: dict[str, str]
) -> None:
    stage.alert()
    client = stage.client(headers=stage.operator)
    path = "/api/v1/incidents/INC-2026-001/acknowledge"
    assert client.post(path, headers=headers).status_code == 200


def test_a_foreign_page_cannot_use_the_session(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in("ana")
    path = "/api/v1/incidents/INC-2026-001/acknowledge"
    for headers in (
        {},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": stage.base_url, "Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ):
        answer = browser.client.post(path, json={}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "access.cross-site"), headers
    assert browser.client.post(path, json={}, headers={"Sec-Fetch-Site": "same-origin"}).is_success
