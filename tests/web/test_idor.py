"""Nobody gets at what is not theirs by naming it: incidents, keys, sessions, messages, overrides.

Every route that takes the code of an incident is asked about one that is restricted, by each of
those who may not read it. A new route is asked too, without anybody's doing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from tests.fuzz.asking import LEVELS, Asker, asker

from tocsin.core.people import Person
from tocsin.engine.audit import Doer
from tocsin.web.access import FOR_NON_READERS
from tocsin.web.api_keys import make_key
from tocsin.web.app import needs_by_route

SECRET = "INC-2026-003"
"""The restricted incident of the evening; its only reader is Dora, the team lead."""

TELLING = ("An administrator signed in", "never seen before")
"""Words of it that nobody else may see."""

OUTSIDERS = ("viewer", "responder", "commander", "administrator", "auditor")

BODIES = {
    "note": {"text": "x"},
    "fact": {"name": "error_rate", "value": 0.1},
    "severity": {"severity": "P0"},
    "escalate": {"to": "team-lead", "why": "x"},
    "role": {"role": "scribe", "person": "ben"},
    "tick": {"task": "assessment/state"},
    "waive": {"task": "assessment/state", "why": "x"},
    "phase": {"phase": "containment"},
    "update": {"audience": "internal", "text": "x"},
    "approve": {"update": "U1"},
    "preview": {"audience": "internal", "text": "x"},
    "mode": {"mode": "x"},
    "decide": {"decision": "x"},
    "pin": {"number": 1},
    "unpin": {"number": 1},
    "link": {"to": "INC-2026-004", "relation": "related"},
    "merge": {"into": "INC-2026-004"},
}


@pytest.fixture(scope="module")
def evening() -> Iterator[Asker]:
    with asker(1) as found:
        yield found


def incident_routes(asked: Asker) -> Iterator[tuple[str, str]]:
    """Every route about one incident, but for that which breaks the glass on purpose."""
    for method, path, _need in needs_by_route(asked.scene.app):
        if "{code}" in path and not path.endswith("/break-glass"):
            yield method, re.sub(r"{number}", "1", path.replace("{code}", SECRET))


def test_the_restricted_incident_is_restricted(evening: Asker) -> None:
    with evening.scene.store.read() as reading:
        kept = reading.incident(SECRET)
    assert kept is not None
    assert kept.incident.restricted is not None
    routes = list(incident_routes(evening))
    assert len(routes) > 40
    found = {path.rpartition("/")[2] for method, path in routes if method == "POST"}
    assert {"note", "attachments", "merge", "update", "attach"} <= found


@pytest.mark.parametrize("caller", OUTSIDERS)
def test_no_route_tells_outsiders_what_it_is_about(evening: Asker, caller: str) -> None:
    told = []
    for method, path in incident_routes(evening):
        headers = {**evening.callers[caller], "Origin": evening.scene.url}
        if path.startswith("/live/"):
            # A stream that lets nobody in ends at once, and has said nothing.
            evening.scene.app.state.web.site.notifier.changed()
        last = path.rpartition("/")[2]
        answer = evening.client.request(
            method, path, headers=headers, json=BODIES.get(last, {}), params={"q": "x"}
        )
        said = answer.text
        if any(words in said for words in TELLING):
            told.append(f"{method} {path}: {answer.status_code} {said[:200]}")
        done = method != "GET" and answer.status_code < 300 and last not in FOR_NON_READERS
        if done and path.startswith("/api/"):
            told.append(f"{method} {path} was done: {said[:200]}")
    assert not told, "\n".join(told)


@pytest.mark.parametrize("caller", OUTSIDERS)
def test_no_list_tells_outsiders_of_it(evening: Asker, caller: str) -> None:
    told = []
    for method, path, need in needs_by_route(evening.scene.app):
        if method != "GET" or "{" in path or path.startswith("/live/") or need == "public":
            continue
        answer = evening.client.get(path, headers=evening.callers[caller])
        if any(words in answer.text for words in TELLING):
            told.append(f"{path}: {answer.text[:100]}")
    assert not told, "\n".join(told)


def test_its_reader_reads_it(evening: Asker) -> None:
    """The proof of the proof: these words do stand there for whoever may read them."""
    people = evening.scene.world.rules.organisation.people
    headers = key_of(evening, people["dora"])
    answer = evening.client.get(f"/api/v1/incidents/{SECRET}", headers=headers)
    assert answer.status_code == 200
    assert any(words in answer.text for words in TELLING)


def key_of(asked: Asker, person: Person) -> dict[str, str]:
    key, _ = make_key(asked.scene.world, Doer("ana"), person, "x", ["read"], 30)
    return {"Authorization": f"Bearer {key}"}


def test_nobody_reads_the_messages_of_others(evening: Asker) -> None:
    for caller, person in LEVELS.items():
        for other in ("ana", "ben", "dora"):
            if other == person:
                continue
            answer = evening.client.get(
                f"/api/v1/inbox?person={other}", headers=evening.callers[caller]
            )
            assert not any(words in answer.text for words in TELLING), (caller, other)
            if caller != "administrator":
                assert answer.status_code == 403, (caller, other, answer.text[:200])


@pytest.mark.parametrize("caller", ["viewer", "responder", "commander", "auditor"])
def test_nobody_ends_keys_and_sessions_of_others(evening: Asker, caller: str) -> None:
    people = evening.scene.world.rules.organisation.people
    _, kept = make_key(evening.scene.world, Doer("ana"), people["ana"], "mine", ["read"], 30)
    headers = {**evening.callers[caller], "Origin": evening.scene.url}
    form = {"key": kept.id, "id": kept.id, "form_token": "x"}
    asked = [
        evening.client.post(f"/api/v1/keys/{kept.id}/revoke", headers=headers),
        evening.client.post("/api/v1/people/ana/sign-out", headers=headers),
        evening.client.post("/access/keys/revoke", headers=headers, data=form),
        evening.client.post("/access/sessions/end", headers=headers, data=form),
        evening.client.post("/account/keys/revoke", headers=headers, data=form),
    ]
    assert [answer.status_code for answer in asked[:4]] == [403] * 4
    assert asked[4].status_code in (403, 404, 422)
    with evening.scene.store.read() as reading:
        still = reading.api_key(kept.id)
    assert still is not None
    assert still.is_good(evening.scene.at)


def test_nobody_changes_the_overrides_of_others(evening: Asker) -> None:
    made = evening.client.post(
        "/api/v1/overrides",
        headers=evening.callers["operator"],
        json={
            "roster": "payments",
            "person": "emil",
            "as": "emil",
            "why": "x",
            "start": "2026-11-25T10:00:00Z",
            "end": "2026-11-25T12:00:00Z",
        },
    )
    assert made.status_code == 201, made.text
    number = made.json()["id"]
    headers = {**evening.callers["responder"], "Origin": evening.scene.url}
    answer = evening.client.delete(f"/api/v1/overrides/{number}", headers=headers)
    assert answer.status_code == 403, answer.text
