"""Tickets as GitHub issues: each message once, whatever happens on the way."""

import pytest
from msgspec.structs import replace
from tests.channels.github.hub import Hub
from tests.channels.messages import PAGE

from tocsin.channels.github.render import body, plain
from tocsin.channels.github.repositories import Repository
from tocsin.channels.github.send import GitHub
from tocsin.core.delivery import Failed, Outcome, Sent

TOKEN = "ghp_geheim"
TICKET = replace(PAGE, kind="ticket", link="")


def channel(hub: Hub) -> GitHub:
    where = Repository("example/support", TOKEN, ("outage",), hub.url)
    return GitHub({"support": where}, timeout_seconds=10)


def send(hub: Hub, message=TICKET) -> Outcome:
    return channel(hub).send("support", message)


def test_a_ticket_becomes_an_issue():
    with Hub() as hub:
        assert send(hub) == Sent()
        (issue,) = hub.issues
        assert issue["title"] == TICKET.subject
        assert issue["labels"] == ["outage"]
        method, path, headers = hub.seen[-1]
        assert (method, path) == ("POST", "/repos/example/support/issues")
        assert headers["authorization"] == f"Bearer {TOKEN}"
        assert headers["x-github-api-version"] == "2022-11-28"


def test_a_message_that_arrived_unheard_is_not_filed_twice():
    with Hub() as hub:
        hub.fail.append((0, {}, True))
        first = send(hub)
        assert isinstance(first, Failed)
        assert first.failure == "unknown"
        assert send(hub, replace(TICKET, attempt=2)) == Sent("1")
        assert len(hub.issues) == 1


def test_what_comes_later_of_the_same_incident_is_a_comment():
    with Hub() as hub:
        send(hub)
        other = replace(TICKET, id="another", kind="update", text="It is over.")
        assert send(hub, other) == Sent()
        ((number, words),) = hub.comments
        assert number == 1
        assert "It is over." in words
        assert TICKET.why not in words
        assert send(hub, replace(TICKET, id="third", incident="INC-2")) == Sent()
        assert len(hub.issues) == 2


@pytest.mark.parametrize(
    ("status", "headers", "failure", "words"),
    [
        (401, {}, "permanent", "the token is wrong"),
        (403, {}, "permanent", "may not write issues"),
        (403, {"x-ratelimit-remaining": "0"}, "rate-limited", "fewer requests"),
        (429, {"retry-after": "30"}, "rate-limited", "fewer requests"),
        (404, {}, "permanent", "no such repository"),
        (410, {}, "permanent", "switched off"),
        (422, {}, "refused", "labels"),
        (503, {}, "temporary", "answered 503"),
    ],
)
def test_what_github_says_and_what_it_means(status, headers, failure, words):
    with Hub() as hub:
        hub.fail.append((status, headers, False))
        outcome = send(hub)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert words in outcome.detail
    assert "ghp_" not in outcome.detail
    assert (outcome.retry_after == 30) == (status == 429)


@pytest.mark.parametrize("listing", [(200, b"<html>"), (502, b""), (200, b'{"a": 1}')])
def test_where_it_cannot_look_it_writes_nothing(listing):
    with Hub(listing=listing) as hub:
        outcome = send(hub)
        assert isinstance(outcome, Failed)
        assert outcome.failure == "temporary"
        assert hub.issues == []


def test_foreign_words_format_nothing_and_call_nobody():
    words = "@everyone <img src=x> [a](http://evil) `x` --> <!-- | # *b*"
    text = body(replace(TICKET, why=words, details=(("a|b", words),), incident="--> x"))
    assert "@everyone" not in text
    assert "\\[a\\](http://evil)" in text
    assert "\\<img" in text
    assert text.count("-->") == 2, "the ends of our own two marks"
    assert plain("a@b") == "a@\u200bb"


@pytest.mark.parametrize(
    "values",
    [("nonsense", "t"), ("a/..", "t"), ("a/b", ""), ("a/b", "t", (), "http://example.org")],
)
def test_what_cannot_work_is_refused_at_once(values):
    with pytest.raises(ValueError, match=r"\."):
        Repository(*values)


def test_the_token_shows_itself_nowhere():
    assert TOKEN not in repr(Repository("a/b", TOKEN))
