"""The status page as readers get it: by the app, from files, when the store is down."""

from __future__ import annotations

import gzip
import json
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from starlette.testclient import TestClient
from tests.core.statuspage.lamps import PLAN
from tests.web.stage import Page, Stage
from tests.web.statuspage.conftest import Public

from tocsin.core.incident import commands as c
from tocsin.engine.ports import StoreUnavailable
from tocsin.web.app import make_app
from tocsin.web.statuspage import folder
from tocsin.web.statuspage.publisher import Publisher

PAYLOADS = [
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "\"><svg onload=alert(1)>",
    "'><iframe src=javascript:alert(1)>", "{{ 7*7 }}", "{% raw %}", "${7*7}", "#{7*7}",
    "javascript:alert(1)", "</title><script>1</script>", "</style><script>1</script>",
    "<!--", "-->", "]]>", "<![CDATA[", "&lt;script&gt;", "&#x3c;script&#x3e;", "\u2028alert(1)",
    "\x00<script>", "\u202egnp.exe", "<a href='data:text/html,x'>x</a>", "<base href=//evil>",
    "<meta http-equiv=refresh content=0>", "<form action=//evil>", "' onfocus=alert(1) autofocus='",
    "<style>*{display:none}</style>", "<link rel=stylesheet href=//evil>", "`-alert(1)-`",
    "<math><mtext></mtext></math>", "A" * 3000,
]  # fmt: skip


def test_a_calm_page_stands_at_status(public: Public) -> None:
    client = public.stage.client()
    assert client.get("/status").headers["location"] == "/status/"
    answer = client.get("/status/")
    assert answer.status_code == 200
    assert "All systems operational" in answer.text
    assert answer.headers["cache-control"].startswith("public, max-age=15")
    assert answer.headers["content-security-policy"]
    assert "set-cookie" not in answer.headers


def test_it_is_asked_for_again_by_its_tag(public: Public) -> None:
    client = public.stage.client()
    tag = client.get("/status/").headers["etag"]
    again = client.get("/status/", headers={"If-None-Match": tag})
    assert (again.status_code, again.content) == (304, b"")
    public.out()
    public.say("We look into it.")
    assert client.get("/status/", headers={"If-None-Match": tag}).status_code == 200


def test_an_outage_is_on_the_page_the_feed_the_summary_and_the_badge(public: Public) -> None:
    public.out()
    public.fact("component_api", "down")
    public.say("We look into it.")
    client = public.stage.client()
    text = Page(client.get("/status/").text).text
    assert "Partial outage" in text
    assert "Orders fail" in text
    assert "Major outage" in text
    assert "We look into it." in text
    summary = client.get("/status/api/v2/summary.json")
    assert summary.json()["incidents"][0]["name"] == "Orders fail"
    assert summary.headers["access-control-allow-origin"] == "*"
    feed = client.get("/status/feed.atom")
    assert feed.headers["content-type"].startswith("application/atom+xml")
    assert "Orders fail" in feed.text
    one = client.get("/status/feed.atom?component=dashboard")
    assert "Orders fail" not in one.text
    ET.fromstring(one.text)
    badge = client.get("/status/badge.svg")
    assert badge.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "partial outage" in badge.text


def test_nothing_from_inside_is_in_any_file(public: Public) -> None:
    public.out(title="SECRET db-7 is down")
    public.fact("component_api", "down")
    public.do(c.Note(by="ana", via="page", text="it is the vault"))
    public.say("We look into it.")
    publisher = Publisher(public.stage.world)
    publisher.refresh()
    for path, content in publisher.files.items():
        for word in (b"SECRET", b"vault", b"INC-001", b"Ana", b"api-gw-7", b"P0"):
            assert word not in content, (path, word)


def test_every_link_leads_somewhere(public: Public) -> None:
    public.out()
    public.say("We look into it.")
    client = public.stage.client()
    seen, waiting = set(), ["/status/"]
    while waiting:
        path = waiting.pop()
        if path in seen:
            continue
        seen.add(path)
        answer = client.get(path)
        assert answer.status_code == 200, path
        if not answer.headers["content-type"].startswith("text/html"):
            continue
        page = Page(answer.text)
        found = [a.get("href", "") for _, a in page.tags] + [a.get("src", "") for _, a in page.tags]
        waiting += [
            str(answer.url.join(link).path)
            for link in found
            if link and not link.startswith(("http", "#"))
        ]
    assert any("/incidents/" in path for path in seen)
    assert any("/history/" in path for path in seen)


def test_it_is_small_and_asks_nobody_else(public: Public) -> None:
    public.out()
    public.say("We look into it.")
    client = public.stage.client()
    texts = [client.get(f"/status/{name}").content for name in ("", "status.css", "status.js")]
    assert sum(len(gzip.compress(text)) for text in texts) < 30_000
    page = Page(texts[0].decode())
    for tag, attributes in page.tags:
        assert not any(name.startswith("on") for name in attributes), attributes
        assert "style" not in attributes
        if tag in ("script", "link", "img"):
            assert "//" not in attributes.get("src", "") + attributes.get("href", "")
    assert page.scripts == []


def test_whatever_is_said_is_only_text(public: Public) -> None:
    for payload in PAYLOADS:
        public.out()
        public.say(payload, subject=payload)
    publisher = Publisher(public.stage.world)
    publisher.refresh()
    for path, content in publisher.files.items():
        text = content.decode()
        if path.endswith(".html"):
            page = Page(text)
            scripts = [a for tag, a in page.tags if tag in ("script", "iframe", "form", "base")]
            assert all(a.get("src", "").endswith("status.js") for a in scripts), path
            assert page.scripts == []
            tags = {tag for tag, _ in page.tags}
            assert not tags & {"img", "iframe", "style", "math", "base"}, path
            for _tag, attributes in page.tags:
                assert not any(name.startswith("on") for name in attributes)
        elif path.endswith(".json"):
            json.loads(text)
        elif path.endswith((".atom", ".svg")):
            ET.fromstring(text)


def test_it_stays_up_when_the_store_is_down(
    public: Public, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    public.out()
    public.say("We look into it.")
    where = tmp_path / "status"
    Publisher(public.stage.world, where).refresh()
    site = replace(public.stage.site, status_folder=where)
    client = TestClient(make_app(public.stage.world, site), base_url=public.stage.base_url)

    def down(*_: object) -> None:
        raise StoreUnavailable("gone")

    monkeypatch.setattr(public.stage.store, "read", down)
    answer = client.get("/status/")
    assert answer.status_code == 200
    assert "Orders fail" in answer.text


def test_files_are_written_when_they_differ_and_go_away_with_what_they_tell_of(
    public: Public, tmp_path: Path
) -> None:
    where = tmp_path / "status"
    publisher = Publisher(public.stage.world, where)
    publisher.refresh()
    index = where / "index.html"
    assert "All systems operational" in index.read_text()
    before = (where / "status.css").stat().st_ino
    public.out()
    public.say("We look into it.")
    assert publisher.refresh()
    assert (where / "status.css").stat().st_ino == before
    (incident,) = (where / "incidents").iterdir()
    assert "Orders fail" in incident.read_text()
    with public.stage.store.write() as tx:
        tx.drop_publications(1)
    publisher.refresh()
    assert not incident.exists()
    assert folder.read(where).keys() == publisher.files.keys()
    assert not list(where.rglob(".*"))


def test_without_changes_nothing_is_made(public: Public) -> None:
    publisher = Publisher(public.stage.world)
    assert publisher.refresh()
    assert not publisher.refresh()


def test_a_plan_without_a_page_says_what_to_do(stage: Stage) -> None:
    answer = stage.client().get("/status/")
    assert answer.status_code == 404
    assert "status_page:" in answer.text


# A page that is not for everybody.


@pytest.fixture
def private(public: Public) -> Public:
    public.stage.put_in_force(plan=PLAN.replace("visibility: public", "visibility: customers"))
    return public


def sent_away(answer: httpx.Response) -> bool:
    return answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")


def test_a_private_page_opens_by_sign_in(private: Public) -> None:
    for path in ("/status/", "/status/api/v2/summary.json", "/status/subscribe"):
        assert sent_away(private.stage.client().get(path)), path
    answer = private.stage.signed_in("vic").client.get("/status/")
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "private, no-cache"
    assert "noindex" in answer.text


def test_a_private_page_opens_by_a_link_until_it_is_revoked(private: Public) -> None:
    stage = private.stage
    url = stage.client().get("/api/v1/status-page/link", headers=stage.operator).json()["url"]
    path = url.removeprefix(stage.base_url)
    reader = stage.client()
    assert "Open the status page" in reader.get(path).text
    assert sent_away(reader.get("/status/"))
    assert reader.post(path).status_code == 303
    assert reader.get("/status/").status_code == 200
    stage.client().post("/api/v1/status-page/link", headers=stage.operator)
    assert sent_away(reader.get("/status/"))
    assert stage.client().post(path).status_code == 401


def test_a_private_page_shows_nothing_to_who_guesses_an_address(private: Public) -> None:
    client = private.stage.client()
    for path in ("/status/link/guess", "/status/subscription/guess"):
        for answer in (client.get(path), client.post(path, data={"do": "end"})):
            assert answer.status_code in (303, 401), path
            assert "Last change" not in answer.text
