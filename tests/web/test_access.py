"""Who may do what: every route says what it needs, and one function decides."""

from __future__ import annotations

import re
from base64 import b64encode

import msgspec
import pytest
from fastapi import FastAPI
from tests.web.stage import BASE, ORGANISATION, Stage

from tocsin.core.access import SCOPES
from tocsin.engine.audit import Doer
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
    may,
)
from tocsin.web.api_keys import make_key
from tocsin.web.app import make_app, needs_by_route, undeclared
from tocsin.web.problems import Trouble
from tocsin.web.sessions import Visit, begin_session

PUBLIC = {
    "/",
    "/static",
    "/healthz",
    "/readyz",
    "/api/openapi.json",
    "/sign-in",
    "/sign-in/code",
    "/sign-in/oidc",
    "/sign-in/oidc/back",
    "/sign-in/passkey",
    "/sign-in/password",
    "/a/{token}",
    "/status",
    "/status/subscribe",
    "/status/subscription/{token}",
    "/status/link/{token}",
    "/status/{path:path}",
}

OWN = {
    "/account",
    "/account/codes",
    "/account/codes/remove",
    "/account/keys",
    "/account/keys/revoke",
    "/account/passkeys",
    "/account/passkeys/options",
    "/account/passkeys/remove",
    "/account/password",
    "/account/password/remove",
    "/account/recovery-codes",
    "/account/sessions/end",
    "/sign-out",
}
"""What everybody may do about themselves."""

COMMAND = {
    "/maintenance",
    "/maintenance/{number}",
    "/api/v1/maintenances",
    "/api/v1/maintenances/{number}/{do}",
}

ADMINISTER = {
    "/access",
    "/access/keys/revoke",
    "/access/links",
    "/access/sessions/end",
    "/api/v1/incidents/{code}/break-glass",
    "/api/v1/keys",
    "/api/v1/keys/{key}/revoke",
    "/api/v1/organisations/{version}",
    "/api/v1/people/{person}/sign-out",
    "/api/v1/rules",
    "/api/v1/rules/check",
    "/api/v1/sessions",
    "/api/v1/sign-in-links",
    "/api/v1/status-page/link",
    "/api/v1/test-page",
    "/incidents/{code}/break-glass",
    "/integrations/{name}/key",
    "/integrations/{name}/send",
    "/integrations/{name}/try",
    "/plan/edit",
    "/plan/edit/check",
    "/settings",
}

AUDIT = {"/audit", "/audit/export", "/api/v1/audit"}

READERS = {
    "operator", "viewer", "responder", "commander", "administrator", "auditor",
    "key to read", "key to respond", "key to audit", "key of a viewer to do everything",
}  # fmt: skip
MAY: dict[Need, set[str]] = {
    "read": READERS,
    "alerts": READERS | {"integration"},
    "intake": {"integration"},
    "answer": {"link"},
    "respond": {"operator", "responder", "commander", "administrator", "key to respond"},
    "command": {"operator", "commander", "administrator"},
    "administer": {"operator", "administrator"},
    "audit": {"operator", "administrator", "auditor", "key to audit"},
    "account": {"viewer", "responder", "commander", "administrator", "auditor"},
}
"""Need -> who may, of all the callers there are. Nobody else."""

PEOPLE = ORGANISATION.replace(
    "  vic:",
    "  cam: {name: Cam Commander, access: commander, contacts: [inbox]}\n"
    "  aud: {name: Aud Auditor, access: auditor, contacts: [inbox]}\n  vic:",
)


@pytest.fixture
def staffed(stage: Stage) -> Stage:
    """A stage with somebody of every level."""
    stage.put_in_force(organisation=PEOPLE)
    return stage


def headers_of(stage: Stage) -> dict[str, dict[str, str]]:
    """How every caller shows who they are."""
    people = stage.world.rules.organisation.people
    access: dict[str, str] = {person.access: name for name, person in people.items()}
    found: dict[str, dict[str, str]] = {
        "anonymous": {},
        "operator": stage.operator,
        "integration": stage.integration,
        "a stranger": {"Authorization": "Bearer tockey-abc-def"},
    }
    with stage.store.write() as tx:
        for level, name in access.items():
            token, _ = begin_session(stage.world, tx, name, "link", Visit())
            found[level] = {"Cookie": f"tocsin={token}", "Origin": stage.base_url}
    for name, whose, scopes in (
        ("key to read", "administrator", ["read"]),
        ("key to respond", "administrator", ["respond"]),
        ("key to audit", "auditor", ["audit"]),
    ):
        key, _ = make_key(stage.world, Doer("ben"), people[access[whose]], name, scopes, 30)
        found[name] = {"Authorization": f"Bearer {key}"}
    # One that was made when its owner might do more.
    grown = msgspec.structs.replace(people["vic"], access="administrator")
    key, _ = make_key(stage.world, Doer("ben"), grown, "all", list(SCOPES), 30)
    found["key of a viewer to do everything"] = {"Authorization": f"Bearer {key}"}
    return found


def test_every_route_declares_what_it_needs(stage: Stage) -> None:
    app = make_app(stage.world, stage.site)
    assert undeclared(app) == []
    by_need: dict[str, set[str]] = {}
    for method, path, need in needs_by_route(app):
        by_need.setdefault(need, set()).add(path)
        if method != "GET":
            harmless = need in ("public", "account") or path in AUDIT
            assert harmless or need in ("intake", "respond", "command", "administer"), path
    assert by_need["public"] == PUBLIC
    assert by_need["account"] == OWN
    assert by_need["command"] == COMMAND
    assert by_need["administer"] == ADMINISTER
    assert by_need["audit"] == AUDIT


def test_every_route_lets_in_whom_it_should_and_nobody_else(staffed: Stage) -> None:
    with staffed.client() as client:
        routes = list(needs_by_route(client.app))  # type: ignore[arg-type]
        callers = headers_of(staffed)
        for method, path, need in routes:
            if need != "public":
                for name, headers in callers.items():
                    allowed = name in MAY[need]  # type: ignore[index]
                    if allowed and path.startswith("/live/"):
                        continue  # it would never end
                    answer = client.request(method, some_path(path), headers=headers)
                    refused = answer.status_code == 401 or "access.not-allowed" in answer.text
                    refused |= answer.headers.get("location", "").startswith("/sign-in?next=")
                    assert refused != allowed, (method, path, need, name, answer.text)


def test_a_route_without_a_need_is_found() -> None:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    @app.get("/forgotten")
    def forgotten() -> None: ...

    assert undeclared(app) == ["GET /forgotten"]


def some_path(path: str) -> str:
    known = path.replace("{code}", "INC-2026-001").replace("{number}", "1")
    return re.sub(r"{\w+(:path)?}", "x", known)


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
    assert {
        form.action for form in page.forms if form.action.startswith("/incidents/INC-2026-001/")
    } == set()
    answer = browser.client.post(
        "/api/v1/incidents/INC-2026-001/acknowledge", json={}, headers={"Origin": stage.base_url}
    )
    assert answer.status_code == 403
    assert "Vic Viewer (viewer)" in answer.json()["detail"]


def test_one_function_decides(staffed: Stage) -> None:
    people = staffed.world.rules.organisation.people
    integration = staffed.world.rules.organisation.integrations["prometheus"]
    callers: dict[str, Caller] = {
        "anonymous": Anonymous(),
        "operator": Operator(),
        **{person.access: PersonCaller(person, b"") for person in people.values()},
        "integration": IntegrationCaller(integration),
        "link": Answering("ana"),
    }
    assert len(callers) == 9
    for need, who in MAY.items():
        for name, caller in callers.items():
            assert may(caller, need) == (name in who), (name, need)
            if name in who:
                authorise(caller, need)
                continue
            with pytest.raises(Trouble) as refused:
                authorise(caller, need)
            assert refused.value.status == (401 if name == "anonymous" else 403)
    for caller in callers.values():
        authorise(caller, "public")


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


def test_a_foreign_page_cannot_use_up_somebody_s_pace(stage: Stage) -> None:
    stage.alert()
    browser = stage.signed_in("ana")
    pace = stage.app.state.web.pace
    pace.burst, pace.clock = 1, lambda: 0.0
    path = "/api/v1/incidents/INC-2026-001/acknowledge"
    for headers in FOREIGN:
        assert browser.client.post(path, json={}, headers=headers).status_code == 403
    assert browser.client.post(path, json={}, headers={"Origin": stage.base_url}).is_success


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
