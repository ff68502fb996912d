"""The API beside an incident's course: pins, links, merging, splitting, files, what is affected."""

from __future__ import annotations

import sqlite3
from hashlib import sha256
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.web.stage import PLAN, Stage

INCIDENTS = "/api/v1/incidents"
CODE = "INC-2026-001"
PNG = b"\x89PNG\r\n\x1a\n" + b"\x00" * 20
CATALOGUE = """
components:
  database: {name: The database, importance: core}
  api: {depends_on: database, group: shop}
  checkout: {depends_on: api}
"""
PRIVATE = """
confidential:
  - {when: 'service_availability == "none"', readers: [team-lead], title: Something private}
"""


def do(client: TestClient, code: str, verb: str, **body: Any) -> Any:
    return client.post(f"{INCIDENTS}/{code}/{verb}", json=body)


def attach(client: TestClient, content: bytes, name: str = "a.txt", **headers: str) -> Any:
    path = f"{INCIDENTS}/{CODE}/attachments"
    return client.post(path, params={"name": name}, content=content, headers=headers)


def last(document: Any, kind: str) -> Any:
    return [entry for entry in document["timeline"] if entry["kind"] == kind][-1]


def test_a_file_is_kept_and_handed_out_as_it_was(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    answer = client.post(
        f"{INCIDENTS}/{CODE}/attachments",
        params={"name": "../../etc/err\x00or <b>.log", "as": "ana", "why": "first request"},
        content=b"it failed",
    )
    assert answer.status_code == 201, answer.text
    (kept,) = answer.json()["attachments"]
    assert kept["name"] == "err or <b>.log"
    assert (kept["by"], kept["size"]) == ("ana", 9)
    assert kept["hash"] == sha256(b"it failed").hexdigest()
    said = last(answer.json(), "file_attached")
    assert (said["sha256"], said["attachment"], said["why"]) == (
        kept["hash"], kept["id"], "first request",
    )  # fmt: skip

    listed = client.get(f"{INCIDENTS}/{CODE}/attachments").json()
    assert listed == {"incident": CODE, "attachments": [kept]}
    got = client.get(f"{INCIDENTS}/{CODE}/attachments/{kept['id']}")
    assert got.content == b"it failed"
    assert got.headers["content-disposition"] == (
        "attachment; filename*=UTF-8''err%20or%20%3Cb%3E.log"
    )
    assert got.headers["content-type"] == "application/octet-stream"
    assert got.headers["x-content-type-options"] == "nosniff"
    assert "sandbox; default-src 'none'" in got.headers["content-security-policy"]


def test_the_same_file_again_is_kept_once(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    for _ in range(2):
        assert len(attach(client, b"x").json()["attachments"]) == 1
    assert len(attach(client, b"y").json()["attachments"]) == 2


def test_a_file_may_come_in_a_form(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    path = f"{INCIDENTS}/{CODE}/attachments"
    sent = client.post(path, files={"file": ("graph.png", PNG, "image/png")})
    (kept,) = sent.json()["attachments"]
    assert (kept["name"], kept["media_type"]) == ("graph.png", "image/png")
    empty = client.post(path, data={"why": "no file"}, files={"other": (None, "text")})
    assert (empty.status_code, empty.json()["code"]) == (422, "request.no-file")


@pytest.mark.parametrize(
    ("name", "content", "shown"),
    [
        ("graph.png", PNG, "image/png"),
        ("graph.gif", b"GIF89a....", "image/gif"),
        ("graph.webp", b"RIFF1234WEBPVP8 ", "image/webp"),
        ("graph.jpeg", b"\xff\xd8\xff\xe0", "image/jpeg"),
        ("not.png", b"<script>alert(1)</script>", ""),
        ("not.webp", b"RIFF1234AVI ", ""),
        ("vector.svg", b"<svg onload='alert(1)'/>", ""),
        ("page.html", b"<script>alert(1)</script>", ""),
    ],
)
def test_only_what_truly_is_a_picture_is_shown_in_place(
    stage: Stage, name: str, content: bytes, shown: str
) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    number = attach(client, content, name).json()["attachments"][0]["id"]
    answer = client.get(f"{INCIDENTS}/{CODE}/attachments/{number}", params={"show": "1"})
    how = "inline" if shown else "attachment"
    assert answer.headers["content-disposition"].startswith(how)
    assert answer.headers["content-type"] == (shown or "application/octet-stream")
    assert "sandbox" in answer.headers["content-security-policy"]


def test_what_is_too_much_is_refused_and_not_kept(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    assert attach(client, b"").json()["code"] == "incident.empty-file"
    large = attach(client, b"x" * (10 * 1024 * 1024 + 1))
    assert large.json()["code"] == "incident.file-too-large"
    assert attach(client, b"x" * (11 * 1024 * 1024)).status_code == 413
    assert attach(client, b"x" * (10 * 1024 * 1024)).status_code == 201
    for number in range(49):
        assert attach(client, b"x", f"{number}.txt").status_code == 201
    assert attach(client, b"x", "one-more.txt").json()["code"] == "incident.too-many-files"


def test_files_are_for_readers(stage: Stage) -> None:
    stage.put_in_force(PLAN + PRIVATE)
    operator = stage.client(headers=stage.operator)
    do_open = operator.post(
        INCIDENTS, json={"title": "Leak", "facts": {"service_availability": "none"}}
    )
    assert do_open.json()["restricted"] is True
    number = attach(operator, b"secret").json()["attachments"][0]["id"]
    path = f"{INCIDENTS}/{CODE}/attachments"
    ana, ben = stage.signed_in("ana").client, stage.signed_in("ben").client
    for answer in (ana.get(f"{path}/{number}"), ana.get(path)):
        assert (answer.status_code, answer.json()["code"]) == (403, "access.confidential")
    assert ben.get(f"{path}/{number}").content == b"secret"
    posted = ana.post(path, content=b"x", headers={"Origin": stage.base_url})
    assert posted.status_code == 403
    assert stage.client().get(f"{path}/{number}").status_code == 401


def test_a_file_belongs_to_its_incident_only(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    stage.alert("QueueFull")
    number = attach(client, b"x").json()["attachments"][0]["id"]
    other = client.get(f"{INCIDENTS}/INC-2026-002/attachments/{number}")
    assert (other.status_code, other.json()["code"]) == (404, "attachment.unknown")
    assert client.get(f"{INCIDENTS}/{CODE}/attachments/{10**30}").status_code == 404
    assert client.get(f"{INCIDENTS}/INC-9/attachments").status_code == 404


def test_verifying_finds_a_file_that_is_not_what_was_attached(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    entry = last(attach(client, b"evidence").json(), "file_attached")["number"]
    assert client.get("/api/v1/verify").json()["holds"] is True
    file = stage.store._database._path  # type: ignore[attr-defined]
    with sqlite3.connect(file) as database:
        database.execute("UPDATE attachments SET content = x'00'")
    broken = client.get("/api/v1/verify").json()["first_broken"]
    assert (broken["incident"], broken["number"]) == (CODE, entry)
    assert "not what was attached" in broken["what"]
    with sqlite3.connect(file) as database:
        database.execute("DELETE FROM attachments")
    assert "gone" in client.get("/api/v1/verify").json()["first_broken"]["what"]


def test_moments_are_pinned_and_unpinned(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    pinned = do(client, CODE, "pin", number=1, why="it began here").json()
    assert pinned["pinned"] == [1]
    said = last(pinned, "moment_pinned")
    assert (said["entry"], said["why"]) == (1, "it began here")
    length = len(pinned["timeline"])
    assert len(do(client, CODE, "pin", number=1).json()["timeline"]) == length
    unknown = do(client, CODE, "pin", number=length + 1)
    assert (unknown.status_code, unknown.json()["code"]) == (422, "incident.unknown-entry")
    assert do(client, CODE, "unpin", number=1).json()["pinned"] == []


def test_incidents_are_linked_merged_and_split(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    stage.alert()
    stage.alert(severity="warning", labels={"host": "b"})
    stage.alert("QueueFull", severity="warning")
    linked = do(client, CODE, "link", to="INC-2026-002", relation="caused_by").json()
    assert linked["links"] == [{"code": "INC-2026-002", "relation": "caused_by"}]
    back = client.get(f"{INCIDENTS}/INC-2026-002").json()["links"]
    assert back == [{"code": CODE, "relation": "caused"}]

    merged = do(client, "INC-2026-002", "merge", into=CODE, why="same").json()
    assert (merged["state"], merged["merged_into"], merged["alerts"]) == ("closed", CODE, [])
    whole = client.get(f"{INCIDENTS}/{CODE}").json()
    assert (whole["absorbed"], len(whole["alerts"])) == (["INC-2026-002"], 3)
    late = do(client, "INC-2026-002", "acknowledge")
    assert late.status_code == 409
    assert CODE in late.json()["hint"]

    ids = [alert["id"] for alert in whole["alerts"]]
    new = do(client, CODE, "split", alerts=ids[1:2], title="Host b")
    assert (new.json()["code"], new.json()["title"]) == ("INC-2026-003", "Host b")
    assert [alert["id"] for alert in new.json()["alerts"]] == ids[1:2]
    assert do(client, CODE, "split", alerts=ids).json()["code"] == "incident.unknown-alert"
    assert do(client, CODE, "merge", into=CODE).json()["code"] == "incident.merge-itself"
    assert do(client, CODE, "merge", into="INC-9").status_code == 404


def test_nobody_merges_or_links_what_is_not_for_them(stage: Stage) -> None:
    stage.put_in_force(PLAN + PRIVATE)
    operator = stage.client(headers=stage.operator)
    operator.post(INCIDENTS, json={"title": "Leak", "facts": {"service_availability": "none"}})
    stage.alert(severity="warning")
    ana = stage.signed_in("ana").client
    own = {"Origin": stage.base_url}
    for verb, body in (("merge", {"into": CODE}), ("link", {"to": CODE})):
        answer = ana.post(f"{INCIDENTS}/INC-2026-002/{verb}", json=body, headers=own)
        assert (answer.status_code, answer.json()["code"]) == (403, "access.confidential")


def test_what_is_affected_and_for_how_long(stage: Stage) -> None:
    stage.put_in_force(PLAN + CATALOGUE)
    client = stage.client(headers=stage.operator)
    stage.alert()
    do(client, CODE, "fact", name="component_database", value="down")
    shown = do(client, CODE, "fact", name="component_checkout", value="degraded").json()
    assert [(one["component"], one["state"], one["by_way_of"]) for one in shown["affected"]] == [
        ("database", "down", []),
        ("checkout", "degraded", []),
        ("api", "may be affected", ["database"]),
    ]
    assert shown["impact"] == {"since": shown["opened_at"], "until": None, "seconds": 0.0}
    stage.later(minutes=20)
    do(client, CODE, "fact", name="component_database", value="up")
    over = do(client, CODE, "resolve", why="restarted").json()
    states = {one["component"]: one["state"] for one in over["affected"]}
    assert states == {"database": "up again", "checkout": "degraded"}
    stage.later(minutes=20)
    assert client.get(f"{INCIDENTS}/{CODE}").json()["impact"]["seconds"] == 20 * 60
