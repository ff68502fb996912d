"""Sending to real servers on loopback."""

import ipaddress
import logging
import socket
import threading
from http.server import BaseHTTPRequestHandler

import pytest
from tests.channels.conftest import Certificate
from tests.channels.loopback import (
    Behaviour,
    HttpServer,
    LineServer,
    answers,
    closed_port,
    drips_body,
    drips_headers,
    endless_body,
    hangs,
    hangs_up,
    talks_nonsense,
)
from tests.channels.messages import PAGE, like
from tests.channels.webhook.test_render import SECRET, assert_signed

from tocsin.channels.webhook.endpoints import Endpoint
from tocsin.channels.webhook.render import render
from tocsin.channels.webhook.send import Webhook
from tocsin.core.delivery import Failed, Outcome, Sent

SHORT = 0.3
"""For what never gets anywhere."""

ENOUGH = 1.0
"""For what gets somewhere, even on a busy machine, and then hangs."""

LOOPBACK = (ipaddress.ip_network("127.0.0.0/8"), ipaddress.ip_network("::1/128"))


def send(behave: Behaviour, seconds: float = 5.0) -> tuple[Outcome, HttpServer]:
    with HttpServer(behave) as server:
        webhook = Webhook(
            {"ops": Endpoint(f"{server.url}/hook?token=geheim", SECRET)}, timeout_seconds=seconds
        )
        return webhook.send("ops", PAGE), server


def test_a_signed_request_arrives():
    outcome, server = send(answers(204))
    assert outcome == Sent()
    (seen,) = server.seen
    assert seen.path == "/hook?token=geheim"
    assert seen.body == render(PAGE)
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["webhook-id"] == PAGE.id
    assert seen.headers["webhook-timestamp"] == "1795251907"
    assert_signed(seen.headers, seen.body)


def test_a_repeat_carries_the_same_id():
    with HttpServer(answers(200)) as server:
        webhook = Webhook({"ops": Endpoint(server.url, SECRET)})
        for attempt in (1, 2):
            assert webhook.send("ops", like(attempt=attempt)) == Sent()
        first, second = server.seen
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body != second.body


@pytest.mark.parametrize(
    ("behave", "failure", "words"),
    [
        (hangs, "unknown", "did not answer within 1 s"),
        (drips_headers, "unknown", "did not answer within 1 s"),
        (hangs_up, "unknown", "closed the connection"),
        (talks_nonsense, "unknown", "closed the connection"),
        (drips_body(500), "temporary", "answered 500"),
        (endless_body(404), "permanent", "answered 404"),
        (answers(302, Location="http://127.0.0.1:1/"), "permanent", "redirects are not followed"),
        (answers(429, Retry_After="17"), "rate-limited", "answered 429"),
        (answers(503, b"token=geheim"), "temporary", "answered 503"),
        (answers(410), "permanent", "receiver is gone"),
    ],
)
def test_failures(behave: Behaviour, failure: str, words: str):
    outcome, server = send(behave, ENOUGH)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert words in outcome.detail
    assert outcome.detail.startswith("ops (http://127.0.0.1) ")
    assert "geheim" not in outcome.detail
    assert len(server.seen) == 1
    assert outcome.retry_after == (17.0 if failure == "rate-limited" else None)


@pytest.mark.parametrize("behave", [drips_body(200), endless_body(200)])
def test_a_success_is_known_from_its_status(behave: Behaviour):
    outcome, _ = send(behave)
    assert outcome == Sent()


def test_a_closed_port_is_temporary():
    webhook = Webhook({"ops": Endpoint(f"http://127.0.0.1:{closed_port()}/geheim")})
    refused = Failed("temporary", "ops (http://127.0.0.1) refuses connections")
    assert webhook.send("ops", PAGE) == refused


def test_a_server_that_never_accepts_tls_is_temporary():
    def silent(connection: socket.socket, release: threading.Event) -> None:
        release.wait(30)

    with LineServer(silent) as server:
        webhook = Webhook(
            {"ops": Endpoint(f"https://127.0.0.1:{server.port}/")}, timeout_seconds=SHORT
        )
        outcome = webhook.send("ops", PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"


def test_a_user_and_password_in_the_url_become_a_header():
    with HttpServer(answers(200)) as server:
        url = server.url.replace("//", "//al:geheim@")
        assert Webhook({"ops": Endpoint(url)}).send("ops", PAGE) == Sent()
        assert server.seen[0].headers["authorization"] == "Basic YWw6Z2VoZWlt"
        assert "@" not in server.seen[0].headers["host"]


def test_nothing_secret_is_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG)
    send(answers(200))
    send(answers(500))
    assert "geheim" not in caplog.text


def test_tls_with_a_certificate_that_verifies(certificate: Certificate):
    with HttpServer(answers(200), tls=certificate.server) as server:
        webhook = Webhook({"ops": Endpoint(server.url, SECRET)}, tls=certificate.trusting)
        assert webhook.send("ops", PAGE) == Sent()


def test_tls_with_a_certificate_that_does_not_verify(certificate: Certificate):
    with HttpServer(answers(200), tls=certificate.server) as server:
        outcome = Webhook({"ops": Endpoint(server.url, SECRET)}).send("ops", PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"
    assert "certificate that does not verify" in outcome.detail
    assert server.seen == []


def test_tls_that_hangs_after_the_request_is_unknown(certificate: Certificate):
    with HttpServer(hangs, tls=certificate.server) as server:
        webhook = Webhook(
            {"ops": Endpoint(server.url)}, timeout_seconds=ENOUGH, tls=certificate.trusting
        )
        outcome = webhook.send("ops", PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "unknown"


def test_a_direct_address_is_pinned_to_the_address_that_was_checked(certificate: Certificate):
    """The name is localhost, the certificate is for 127.0.0.1: the wrong name must not pass."""
    with HttpServer(answers(200), tls=certificate.server) as server:
        webhook = Webhook({}, allowed_networks=LOOPBACK, tls=certificate.trusting)
        assert webhook.send(f"{server.url}/x?token=geheim", PAGE) == Sent()
        (seen,) = server.seen
        assert seen.headers["host"] == f"127.0.0.1:{server.port}"
        assert "webhook-signature" not in seen.headers
        outcome = webhook.send(f"https://localhost:{server.port}/x?token=geheim", PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.detail.startswith("https://localhost shows a certificate that does not verify")


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "2130706433", "0x7f.1"])
def test_a_direct_address_may_not_reach_inside(host: str):
    called = threading.Event()

    def behave(handler: BaseHTTPRequestHandler, release: threading.Event) -> None:
        called.set()

    with HttpServer(behave) as server:
        outcome = Webhook({}).send(f"https://{host}:{server.port}/", PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure in ("permanent", "temporary")
    assert "not on the public internet" in outcome.detail or "resolve" in outcome.detail
    assert not called.is_set()


def test_a_name_that_does_not_resolve_is_temporary():
    outcome = Webhook({}).send("https://nobody.invalid/geheim", PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"
    assert outcome.detail.startswith("https://nobody.invalid ")
