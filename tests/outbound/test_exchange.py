"""What happens to an exchange after its time is up."""

import ssl
import threading
from collections.abc import Sequence

import httpx
import pytest
from tests.channels.loopback import (
    Behaviour,
    HttpServer,
    answers,
    closed_port,
    drips_body,
    drips_headers,
    hangs,
)

from tocsin.outbound.exchange import (
    BODY_BYTES_MAX,
    Answer,
    Attempt,
    NoAnswer,
    TimeIsUp,
    post,
)

TLS = ssl.create_default_context()


def assert_no_thread_is_left() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("exchange"):
            thread.join(10)
            assert not thread.is_alive()


@pytest.mark.parametrize("behave", [hangs, drips_headers, drips_body(500)])
def test_giving_up_ends_the_work_as_well(behave: Behaviour):
    with HttpServer(behave) as server:
        post(lambda: [httpx.Request("POST", server.url, content=b"x")], TLS, 0.3)
        assert_no_thread_is_left()


def test_nothing_is_sent_after_giving_up():
    slow_dns = threading.Event()
    with HttpServer(answers(200)) as server:

        def make() -> Sequence[httpx.Request]:
            slow_dns.wait(10)
            return [httpx.Request("POST", server.url, content=b"x")]

        late = NoAnswer(False, "did not answer within 0.1 s")
        assert post(make, TLS, 0.1) == late
        slow_dns.set()
        assert_no_thread_is_left()
        assert server.seen == []


def test_an_attempt_that_was_given_up_stops_at_the_next_event():
    attempt = Attempt()
    attempt.end(1)
    with pytest.raises(TimeIsUp):
        attempt.follow("http11.send_request_headers.started", {})
    assert not attempt.left


def test_the_next_address_is_tried_if_one_does_not_connect():
    with HttpServer(answers(200)) as server:
        urls = [f"http://127.0.0.1:{closed_port()}", server.url]
        answer = post(lambda: [httpx.Request("POST", u, content=b"") for u in urls], TLS, 5)
    assert isinstance(answer, Answer)
    assert answer.status == 200


def test_no_address_at_all():
    assert post(list, TLS, 5) == NoAnswer(False, "has no address")


def test_an_error_body_is_cut():
    with HttpServer(answers(400, b"x" * 300_000)) as server:
        answer = post(lambda: [httpx.Request("POST", server.url, content=b"")], TLS, 5)
    assert isinstance(answer, Answer)
    assert answer.body == b"x" * BODY_BYTES_MAX


def test_a_bug_comes_out():
    def make() -> Sequence[httpx.Request]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        post(make, TLS, 5)
