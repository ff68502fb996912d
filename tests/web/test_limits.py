"""What is too much is refused in words, and nobody else waits for it. The table: docs/limits.md."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient
from tests.heard import heard
from tests.web.stage import Stage

from tocsin.core import bundles, patterns, tree
from tocsin.core.incident import attaching, saying
from tocsin.core.patterns import BadPattern, Pattern
from tocsin.core.plan import conditions
from tocsin.engine import group_commit
from tocsin.outbound import exchange
from tocsin.sources.alertmanager import matchers, parse, render
from tocsin.web import arrivals, connections, held, intake, oidc, pace, throttle, wrappers
from tocsin.web.access import token_hash
from tocsin.web.app import make_app
from tocsin.web.held import EACH_AT_MOST, Held, NoRoom
from tocsin.web.pace import A_SECOND, BURST, STREAMS_EACH, Pace, Streams, TooMany
from tocsin.web.statuspage import limits

DOCS = (Path(__file__).parents[2] / "docs" / "limits.md").read_text("utf-8")


class Clock:
    """Seconds that pass when a test says so."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_changes_are_let_through_until_they_are_too_many() -> None:
    clock = Clock()
    found = Pace(clock)
    assert not any(found.take("ana") for _ in range(BURST))
    assert found.take("ana") == pytest.approx(1 / A_SECOND)
    assert not found.take("ben"), "others go on"
    clock.now += 2
    assert [bool(found.take("ana")) for _ in range(101)] == [False] * 100 + [True]


def test_a_script_that_runs_wild_is_slowed_down_and_told_so(stage: Stage) -> None:
    stage.alert()
    path = "/api/v1/incidents/INC-2026-001/note"
    client = stage.client(headers=stage.operator)
    stage.app.state.web.pace.burst, stage.app.state.web.pace.clock = 3, Clock()
    said = [client.post(path, json={"text": f"note {number}"}) for number in range(5)]
    assert [one.status_code for one in said] == [200, 200, 200, 429, 429]
    assert said[-1].json()["code"] == "request.too-often"
    assert int(said[-1].headers["retry-after"]) >= 1
    assert client.get("/api/v1/incidents").status_code == 200, "looking is free"
    browser = stage.signed_in("ana")
    answer = browser.client.post(path, json={"text": "x"}, headers={"Origin": stage.base_url})
    assert answer.status_code == 200, "and others are not held up"


def test_one_session_keeps_so_many_pages_up_to_date_and_no_more() -> None:
    streams = Streams()
    with ExitStack() as all_of_them:
        for _ in range(STREAMS_EACH - 1):
            all_of_them.enter_context(streams.one_more("ana"))
        with streams.one_more("ana"), pytest.raises(TooMany), streams.one_more("ana"):
            pass
        with streams.one_more("ana"), streams.one_more("ben"):
            pass


def test_a_stream_too_many_is_refused(stage: Stage) -> None:
    client = stage.client(headers=stage.operator)
    with ExitStack() as open_pages:
        for _ in range(STREAMS_EACH):
            open_pages.enter_context(stage.app.state.web.streams.one_more("operator"))
        answer = client.get("/live/incidents")
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "60"


def test_another_cookie_beside_the_session_s_makes_nobody_another(stage: Stage) -> None:
    browser = stage.signed_in("ana")
    token = browser.client.cookies["tocsin"]
    web = stage.app.state.web
    with ExitStack() as open_pages:
        for _ in range(STREAMS_EACH):
            open_pages.enter_context(web.streams.one_more(token_hash(token).hex()))
        for cookies in (f"tocsin={token}", f"tocsin={token}; x=1", f"y=2; tocsin={token}"):
            for path in ("/live/incidents", "/live/inbox", "/live/centre"):
                answer = stage.client().get(path, headers={"Cookie": cookies})
                assert answer.status_code == 429


def test_a_sender_has_half_of_the_room_and_gives_it_back() -> None:
    room = Held()
    with room.of("loud") as more:
        more(EACH_AT_MOST)
        with pytest.raises(NoRoom, match="from loud"):
            more(1)
        with room.of("calm") as calm:
            calm(EACH_AT_MOST)
            with room.of("third") as third, pytest.raises(NoRoom, match="too much is"):
                third(1)
        with room.of("calm") as calm:
            calm(1)
    with room.of("loud") as more:
        more(EACH_AT_MOST)


def test_alerts_for_which_there_is_no_room_have_to_come_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.world = replace(stage.world, sources={"alertmanager-api": parse.AlertmanagerApi()})
    came = arrivals.Arrivals()
    way_in = intake.Intake(stage.world, came)
    app = make_app(stage.world, replace(stage.site, intake_app=way_in))
    alerts = [{"labels": {"alertname": f"Down{number}"}} for number in range(20)]
    with TestClient(app, base_url=stage.base_url) as client, heard() as lines:

        async def start() -> None:
            way_in.start()

        client.portal.call(start)  # type: ignore[union-attr]
        monkeypatch.setattr(held, "EACH_AT_MOST", 100)
        refused = client.post("/api/v2/alerts", json=alerts, headers=stage.integration)
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert "too much from prometheus" in refused.json()["detail"]
        with stage.store.read() as reading:
            assert reading.alerts(None, None, 10) == []
        client.post("/api/v2/alerts", json=alerts, headers=stage.integration)
        assert [str(one.result) for one in came.of("prometheus")] == [
            "too much from prometheus is being taken in at a time"
        ] * 2
        told = [line for line in lines if line["event"] == "intake.turned-away"]
        assert [line["integration"] for line in told] == ["prometheus"], "told once a minute"
        taken = client.post("/api/v2/alerts", json=alerts[:1], headers=stage.integration)
        assert taken.status_code == 200, "what was refused takes no room"
        way_in.stop()


@pytest.mark.parametrize(
    "pattern",
    [r"\w{64}", r"\w" * 100, r"(\w{8}){8}", r"[\w.-]{40}", r"\p{L}{40}", r".{64}{64}",
     r"(?:a{64}){64}", r"[\p{L}x]{1,9}{1,9}", r"a{64}?{64}?{64}?"],
)  # fmt: skip
def test_patterns_that_cost_much_are_refused(pattern: str) -> None:
    with pytest.raises(BadPattern):
        Pattern(pattern)


@pytest.mark.parametrize(
    "pattern",
    [r"(?:\w+\.){3}\w+", r"[a-z]{1,64}-\d{4}", r"\p{L}{5}", r"(?:eu|us)-\w+", r"(ab{3}){10}"],
)
def test_patterns_that_people_write_are_taken(pattern: str) -> None:
    Pattern(pattern)


def test_a_request_with_many_wrong_values_gets_a_short_answer(stage: Stage) -> None:
    body = {f"k{number}" * 8: 1 for number in range(3000)}
    answer = stage.client(headers=stage.operator).post("/api/v1/incidents", json=body)
    assert answer.status_code == 422
    assert len(answer.content) < 64 * 1024
    assert "more values" in answer.json()["errors"][-1]["what"]


@pytest.mark.parametrize("origin", ["https://[", "http://[::1", "https://]x"])
def test_an_origin_that_is_none_is_no_fault(stage: Stage, origin: str) -> None:
    client = stage.client(headers={"Origin": origin})
    assert client.get("/sign-in").status_code == 200
    answer = client.post("/api/v1/incidents", json={"title": "x"}, headers=stage.operator)
    assert answer.status_code == 403


def test_half_a_pair_in_a_problem_is_no_fault(stage: Stage) -> None:
    stage.alert()
    answer = stage.client(headers=stage.operator).post(
        "/api/v1/incidents/INC-2026-001/update",
        content=b'{"audience": "\\ud800"}',
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code == 422


LIMITS: dict[str, Any] = {
    "web/connections.HEAD_AT_MOST": connections.HEAD_AT_MOST,
    "web/connections.HEADERS_AT_MOST": connections.HEADERS_AT_MOST,
    "web/connections.HEAD_SECONDS": connections.HEAD_SECONDS,
    "web/connections.BODY_SECONDS": connections.BODY_SECONDS,
    "web/wrappers.BODY_AT_MOST": wrappers.BODY_AT_MOST,
    "web/wrappers.RULES_AT_MOST": wrappers.RULES_AT_MOST,
    "web/wrappers.FILE_AT_MOST": wrappers.FILE_AT_MOST,
    "core/bundles.AT_MOST": bundles.AT_MOST,
    "core/incident/attaching.AT_MOST": attaching.AT_MOST,
    "core/incident/attaching.FILES_AT_MOST": attaching.FILES_AT_MOST,
    "core/incident/saying.TEXT_AT_MOST": saying.TEXT_AT_MOST,
    "web/pace.BURST": pace.BURST,
    "web/pace.A_SECOND": pace.A_SECOND,
    "web/pace.STREAMS_EACH": pace.STREAMS_EACH,
    "web/throttle.FAILURES_AT_MOST": throttle.FAILURES_AT_MOST,
    "web/statuspage/limits.EACH": limits.EACH,
    "web/statuspage/limits.ALL": limits.ALL,
    "web/intake.BODY_AT_MOST": intake.BODY_AT_MOST,
    "web/held.ALL_AT_MOST": held.ALL_AT_MOST,
    "web/held.EACH_AT_MOST": held.EACH_AT_MOST,
    "web/arrivals.BYTES_KEPT": arrivals.BYTES_KEPT,
    "engine/group_commit.WAITING_AT_MOST": group_commit.WAITING_AT_MOST,
    "sources/alertmanager/parse.ALERT_BYTES": parse.ALERT_BYTES,
    "sources/alertmanager/parse.ALERTS_PER_BODY": parse.ALERTS_PER_BODY,
    "sources/alertmanager/parse.LABELS_PER_ALERT": parse.LABELS_PER_ALERT,
    "sources/alertmanager/render.FILTERS": render.FILTERS,
    "sources/alertmanager/matchers.MATCHER_CHARACTERS": matchers.MATCHER_CHARACTERS,
    "core/patterns.PATTERN_CHARACTERS": patterns.PATTERN_CHARACTERS,
    "core/patterns.MOST_REPEATED": patterns.MOST_REPEATED,
    "core/patterns.MOST_COPIES": patterns.MOST_COPIES,
    "core/patterns.MOST_LETTERS": patterns.MOST_LETTERS,
    "core/plan/conditions.MAX_LENGTH": conditions.MAX_LENGTH,
    "core/plan/conditions.MAX_DEPTH": conditions.MAX_DEPTH,
    "core/tree.MAX_BYTES": tree.MAX_BYTES,
    "core/tree.MAX_VALUES": tree.MAX_VALUES,
    "core/tree.MAX_DEPTH": tree.MAX_DEPTH,
    "outbound/exchange.BODY_BYTES_MAX": exchange.BODY_BYTES_MAX,
    "web/oidc.ANSWER_AT_MOST": oidc.ANSWER_AT_MOST,
    "web/oidc.SECONDS": oidc.SECONDS,
}


def test_the_table_says_what_holds() -> None:
    """Each line of the table names its constant, and says its value."""
    lines = re.findall(r"^\|[^|]*\| ([^|]+) \|[^|]*\| `([\w/.]+)` \|$", DOCS, re.MULTILINE)
    written = {name: value.strip() for value, name in lines}
    assert {name: said(value) for name, value in LIMITS.items()} == written


def said(value: float) -> str:
    """As people read it: bytes in KiB and MiB where they are."""
    for size, unit in ((1 << 20, "MiB"), (1 << 10, "KiB")):
        if value >= 4 * size and value % size == 0:
            return f"{int(value) // size} {unit}"
        if value > size and value % (1 << 10) == 0 and unit == "KiB":
            return f"{int(value) >> 10} KiB"
    return f"{value:,g}" if value < 1_000_000 else f"{value:,}"
