"""`tocsin metrics`: figures with what they mean, of how many they are, and what is left out."""

from __future__ import annotations

import json

import pytest
from tests.cli import api_server as there
from tests.cli.api_server import ApiServer
from tests.cli.running import Terminal


def test_figures_stand_beside_what_they_mean(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("metrics")
    assert ran.code == 0
    assert "2025-04-01 to 2026-03-06 (Europe/Berlin), as of Fri 2026-03-06 23:12" in ran.out
    assert "5 incidents, 1 repeat" in ran.out
    assert "Left out: 4 exercises." in ran.out
    assert "Time to acknowledge (MTTA)  3  14m52s  10m" in ran.out
    assert "Without: 2 over" in ran.out
    assert "75% (3 of 4)" in ran.out
    assert "9 of 10 met" in ran.out
    assert api.last.query == {}


def test_a_period_and_groups_are_asked_for(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("metrics", "mtta", "--from", "2026-02", "--to", "2026-02", "--by", "severity")
    assert api.last.query == {"from": "2026-02", "to": "2026-02", "by": "severity"}
    assert "2026-02" in ran.out
    assert "How long it took" not in ran.out
    assert "incidents, 1 repeat" not in ran.out


def test_all_measures_by_everything_fit_into_eighty_columns(
    tocsin: Terminal, api: ApiServer
) -> None:
    group = there.METRICS["groups"][0]
    every = {
        "by": ["month", "severity", "component"],
        "measures": [{**there.METRICS["measures"][0], "id": one, "short": short} for one, short in
                     (("detect", "MTTD"), ("acknowledge", "MTTA"), ("resolve", "MTTR"))],
        "groups": [{
            **group, "month": "2026-11", "severity": "P0", "component": "x", "incidents": 12345,
            "component_name": "A component with a long name", "repeats": 1234,
            "measures": [{"id": one, "count": 9, "mean": 93784.0, "median": 1.0, "unknown": []}
                         for one in ("detect", "acknowledge", "resolve")],
        }],
    }  # fmt: skip
    api.answers[("GET", "/api/v1/metrics")] = (200, there.METRICS | every)
    out = tocsin("metrics", "--by", "month,severity,component").out
    head = next(line for line in out.splitlines() if line.startswith("month"))
    for word in ("severity", "component", "incidents", "repeats", "MTTD", "MTTA", "MTTR"):
        assert word in head
    assert "12,345" in out
    assert "26h3m" in out
    assert "ask for one: tocsin metrics mttr --by month,severity,component" in out


def test_one_that_is_left_out_is_said_as_one(tocsin: Terminal, api: ApiServer) -> None:
    api.answers[("GET", "/api/v1/metrics")] = (
        200,
        there.METRICS | {"left_out": [{"why": "false alarms", "count": 1}]},
    )
    assert "Left out: 1 false alarm." in tocsin("metrics").out


def test_only_numbers(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("metrics", "count", "--by", "month,severity")
    assert "MTTA" not in ran.out
    assert "5 incidents" in ran.out


@pytest.mark.parametrize(
    ("incidents", "days", "said"),
    [
        (3, 1, "What has changed of 3 incidents is not in here yet"),
        (1000, 0, "1,000 incidents or more"),
        (0, 1, "are being added up"),
    ],
)
def test_what_is_not_in_it_yet_is_said(
    tocsin: Terminal, api: ApiServer, incidents: int, days: int, said: str
) -> None:
    pending = {"pending_incidents": incidents, "pending_days": days}
    api.answers[("GET", "/api/v1/metrics")] = (200, there.METRICS | pending)
    assert said in tocsin("metrics").out


def test_what_comes_back_again_and_again(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("metrics", "repeats")
    assert "2 repeats of 8 incidents (25%)" in ran.out
    assert "INC-2026-001" in ran.out
    assert "Checkout is down" in ran.out


def test_the_document_is_that_of_the_server(tocsin: Terminal, api: ApiServer) -> None:
    assert json.loads(tocsin("metrics", "--json").out) == there.METRICS
    assert json.loads(tocsin("metrics", "repeats", "--json").out) == there.REPEATS


def test_what_cannot_be_asked_is_refused(tocsin: Terminal, api: ApiServer) -> None:
    ran = tocsin("metrics", "mtbf")
    assert ran.code == 2
    assert "there is no metric `mtbf`" in ran.err
    assert tocsin("metrics", "repeats", "--by", "month").code == 2


def test_what_the_server_says_cannot_do_anything_to_the_terminal(
    tocsin: Terminal, api: ApiServer
) -> None:
    evil = "\x1b[31mred"
    (group,) = there.REPEATS["groups"]
    repeats = there.REPEATS | {"groups": [group | {"title": evil, "newest": evil}]}
    api.answers[("GET", "/api/v1/metrics/repeats")] = (200, repeats)
    assert "\x1b" not in tocsin("metrics", "repeats").out
