"""Which of Slack's answers means what."""

import httpx
import pytest
from tests.channels.messages import PAGE

from tocsin.channels.slack.outcomes import outcome_of
from tocsin.core.delivery import Failed, FailureClass, Sent
from tocsin.outbound.exchange import Answer, NoAnswer


@pytest.mark.parametrize(
    ("status", "body", "failure", "words"),
    [
        (400, b"invalid_payload", "refused", "bug of Tocsin (400 invalid_payload)"),
        (400, b"invalid_blocks", "refused", "bug of Tocsin"),
        (400, b"user_not_found", "permanent", "new hook"),
        (400, b"no_text", "refused", "bug of Tocsin"),
        (400, b"too_many_attachments", "refused", "bug of Tocsin"),
        (403, b"action_prohibited", "permanent", "an admin of the workspace forbids this"),
        (403, b"invalid_token", "permanent", "enter the new one"),
        (403, b"posting_to_general_channel_denied", "permanent", "another channel"),
        (404, b"channel_not_found", "permanent", "the channel is gone"),
        (404, b"no_service", "permanent", "switched off or was removed"),
        (404, b"no_active_hooks", "permanent", "switched off"),
        (404, b"no_team", "permanent", "the workspace is gone"),
        (404, b"team_disabled", "permanent", "the workspace is switched off"),
        (410, b"channel_is_archived", "permanent", "the channel is archived"),
        (410, b"channel_is_archived\n", "permanent", "the channel is archived"),
        (404, b"<html>token=geheim</html>", "permanent", "answered 404; check the hook's URL"),
        (418, b"", "permanent", "answered 418"),
        (413, b"", "refused", "answered 413"),
        (400, b"msg_too_long", "refused", "too long for Slack"),
        (302, b"", "permanent", "a redirect"),
        (429, b"rate_limited", "rate-limited", "fewer messages"),
        (408, b"", "temporary", "answered 408"),
        (500, b"rollup_error", "temporary", "answered 500"),
        (500, b"server_error", "temporary", "answered 500"),
        (503, b"", "temporary", "answered 503"),
    ],
)
def test_failures(status: int, body: bytes, failure: FailureClass, words: str):
    answer = Answer(status, httpx.Headers(), body)
    outcome = outcome_of(answer, "team", PAGE.sent_at)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert outcome.detail.startswith("team: ")
    assert words in outcome.detail
    assert "geheim" not in outcome.detail


def test_success():
    assert outcome_of(Answer(200, httpx.Headers(), b""), "team", PAGE.sent_at) == Sent()


@pytest.mark.parametrize(
    ("value", "seconds"),
    [("30", 30.0), ("Sat, 21 Nov 2026 09:06:07 GMT", 60.0), ("soon", None), ("", None)],
)
def test_retry_after(value: str, seconds: float | None):
    answer = Answer(429, httpx.Headers({"Retry-After": value}), b"")
    outcome = outcome_of(answer, "team", PAGE.sent_at)
    assert isinstance(outcome, Failed)
    assert outcome.retry_after == seconds


@pytest.mark.parametrize(("left", "failure"), [(True, "unknown"), (False, "temporary")])
def test_no_answer_is_unknown_only_if_the_request_left(left: bool, failure: FailureClass):
    outcome = outcome_of(NoAnswer(left, "hung"), "team", PAGE.sent_at)
    assert outcome == Failed(failure, "team: Slack hung")
