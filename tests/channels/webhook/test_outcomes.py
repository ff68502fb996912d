"""Which answer means what."""

import httpx
import pytest
from tests.channels.messages import PAGE

from tocsin.channels.webhook.outcomes import outcome_of
from tocsin.core.delivery import Failed, Sent
from tocsin.outbound.exchange import Answer, NoAnswer, retry_after


def answer(status: int, **headers: str) -> Answer:
    sent = {k.replace("_", "-"): v.encode("latin-1") for k, v in headers.items()}
    return Answer(status, httpx.Headers([(k.encode(), v) for k, v in sent.items()]), b"")


@pytest.mark.parametrize(
    ("status", "failure"),
    [
        (101, "permanent"),
        (301, "permanent"),
        (302, "permanent"),
        (308, "permanent"),
        (400, "refused"),
        (401, "permanent"),
        (403, "permanent"),
        (404, "permanent"),
        (408, "temporary"),
        (410, "permanent"),
        (413, "refused"),
        (422, "refused"),
        (425, "temporary"),
        (429, "rate-limited"),
        (500, "temporary"),
        (502, "temporary"),
        (503, "temporary"),
        (504, "temporary"),
        (599, "temporary"),
    ],
)
def test_failures(status: int, failure: str):
    outcome = outcome_of(answer(status), "https://hook.example", PAGE.sent_at)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert outcome.detail.startswith(f"https://hook.example answered {status}")


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_successes(status: int):
    assert outcome_of(answer(status), "x", PAGE.sent_at) == Sent()


def test_no_answer_is_unknown_only_if_the_request_left():
    assert outcome_of(NoAnswer(True, "hung"), "x", PAGE.sent_at) == Failed("unknown", "x hung")
    assert outcome_of(NoAnswer(False, "hung"), "x", PAGE.sent_at) == Failed("temporary", "x hung")


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("30", 30.0),
        (" 7 ", 7.0),
        ("0", 0.0),
        ("9" * 400, 999999999.0),
        ("Sat, 21 Nov 2026 09:06:07 GMT", 60.0),
        ("Sat, 21 Nov 2026 09:06:07 -0000", 60.0),
        ("Sat, 21 Nov 2026 08:00:00 GMT", 0.0),
        ("", None),
        ("-5", None),
        ("nan", None),
        ("1.5", None),
        ("²", None),
        ("soon", None),
        ("Sat, 21 Nov 99999999999 09:06:07 GMT", None),
    ],
)
def test_retry_after(value: str, seconds: float | None):
    assert retry_after(answer(429, retry_after=value), PAGE.sent_at) == seconds


def test_retry_after_comes_with_429_and_5xx():
    for status in (429, 503):
        outcome = outcome_of(answer(status, retry_after="12"), "x", PAGE.sent_at)
        assert isinstance(outcome, Failed)
        assert outcome.retry_after == 12.0
