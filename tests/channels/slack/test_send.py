"""Sending to a stand-in for Slack on loopback."""

import logging

import pytest
from tests.channels.loopback import (
    Behaviour,
    HttpServer,
    answers,
    closed_port,
    drips_body,
    drips_headers,
    endless_body,
    hangs,
    hangs_up,
)
from tests.channels.messages import PAGE

from tocsin.channels.slack.hooks import HookUrl
from tocsin.channels.slack.render import render
from tocsin.channels.slack.send import Slack
from tocsin.core.delivery import Failed, Outcome, Sent

ENOUGH = 1.0
"""For what gets somewhere, even on a busy machine, and then hangs."""

PATH = "/services/T000/B000/geheim"


def send(behave: Behaviour, seconds: float = 5.0) -> tuple[Outcome, HttpServer]:
    with HttpServer(behave) as server:
        slack = Slack({"team": HookUrl(server.url + PATH)}, timeout_seconds=seconds)
        return slack.send("team", PAGE), server


def test_a_message_arrives():
    outcome, server = send(answers(200, b"ok"))
    assert outcome == Sent()
    (seen,) = server.seen
    assert seen.path == PATH
    assert seen.body == render(PAGE)
    assert seen.headers["content-type"] == "application/json; charset=utf-8"


@pytest.mark.parametrize(
    ("behave", "failure", "words"),
    [
        (hangs, "unknown", "Slack did not answer within 1 s"),
        (drips_headers, "unknown", "Slack did not answer within 1 s"),
        (hangs_up, "unknown", "closed the connection"),
        (drips_body(503), "temporary", "answered 503"),
        (endless_body(404), "permanent", "answered 404"),
        (answers(302, Location="http://127.0.0.1:1/"), "permanent", "a redirect"),
        (answers(410, b"channel_is_archived"), "permanent", "the channel is archived"),
        (answers(429, b"rate_limited", Retry_After="30"), "rate-limited", "fewer messages"),
    ],
)
def test_failures(behave: Behaviour, failure: str, words: str):
    outcome, server = send(behave, ENOUGH)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert words in outcome.detail
    assert "geheim" not in outcome.detail
    assert "T000" not in outcome.detail
    assert len(server.seen) == 1
    assert outcome.retry_after == (30.0 if failure == "rate-limited" else None)


@pytest.mark.parametrize("behave", [drips_body(200), endless_body(200)])
def test_a_success_is_known_from_its_status(behave: Behaviour):
    outcome, _ = send(behave)
    assert outcome == Sent()


def test_a_closed_port_is_temporary():
    slack = Slack({"team": HookUrl(f"http://127.0.0.1:{closed_port()}{PATH}")})
    assert slack.send("team", PAGE) == Failed("temporary", "team: Slack refuses connections")


def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    send(answers(200, b"ok"))
    send(answers(500, b"geheim"))
    assert "geheim" not in caplog.text


def test_an_address_is_a_name():
    slack = Slack({"team": HookUrl(f"https://hooks.slack.com{PATH}")})
    assert slack.problem_with("team") is None
    assert slack.problem_with("other") == "There is no Slack hook of this name; there are: team."
    problem = slack.problem_with(f"https://hooks.slack.com{PATH}")
    assert problem is not None
    assert "geheim" not in problem


@pytest.mark.parametrize(
    "text", ["", "geheim", "http://hooks.slack.com/geheim", "https:///geheim", "https://a:geheim/"]
)
def test_a_hook_that_cannot_work_is_refused_and_not_repeated(text: str):
    with pytest.raises(ValueError, match="A Slack hook must be") as refusal:
        HookUrl(text)
    assert "geheim" not in str(refusal.value)


def test_a_hook_does_not_show_itself():
    assert repr(HookUrl(f"https://hooks.slack.com{PATH}")) == "HookUrl(hidden)"
