"""Sending to real servers on loopback."""

from dataclasses import replace
from email import message_from_bytes
from email.policy import default

import pytest
from tests.channels.conftest import Certificate
from tests.channels.email.mail_server import MailServer, script, slips_in
from tests.channels.loopback import LineServer, closed_port
from tests.channels.messages import GOLDEN, PAGE

from tocsin.channels.email.send import Email
from tocsin.channels.email.settings import EmailSettings, Password
from tocsin.core.delivery import Failed, Outcome, Sent

ENOUGH = 1.0
"""For what gets somewhere, even on a busy machine, and then hangs."""

SECRET = "hunter2-geheim"
TO = "al@example.org"


def settings(port: int) -> EmailSettings:
    return EmailSettings(
        host="127.0.0.1", port=port, from_address="tocsin@example.org", security="none"
    )


def with_login(port: int, password: str = SECRET) -> EmailSettings:
    return replace(
        settings(port), security="starttls", username="tocsin", password=Password(password)
    )


def send_to(server: MailServer, seconds: float = 5.0) -> Outcome:
    with server:
        return Email(settings(server.port), timeout_seconds=seconds).send(TO, PAGE)


def test_a_mail_arrives():
    server = MailServer()
    assert send_to(server) == Sent("2.0.0 queued as 4F2")
    (mail,) = server.mails
    assert mail.mail_from == "tocsin@example.org"
    assert mail.rcpt_tos == [TO]
    assert server.sessions[0].host_name == "example.org"
    assert isinstance(mail.content, bytes)
    arrived = message_from_bytes(mail.content, policy=default)
    assert arrived["Subject"] == PAGE.subject
    assert arrived["Message-ID"] == "<INC-2026-001.3.al.email@example.org>"


def test_a_line_with_a_dot_does_not_end_the_mail():
    with MailServer() as server:
        outcome = Email(settings(server.port)).send(TO, GOLDEN["hostile"])
    assert isinstance(outcome, Sent)
    (mail,) = server.mails
    assert isinstance(mail.content, bytes)
    arrived = message_from_bytes(mail.content, policy=default)
    assert arrived.get_all("Bcc") is None
    plain = arrived.get_body(("plain",))
    assert plain is not None
    assert "line one\r\n  .\r\n" in plain.get_content()
    rich = arrived.get_body(("html",))
    assert rich is not None
    assert "line one\r\n.\r\n" in rich.get_content()
    assert mail.rcpt_tos == [TO]


@pytest.mark.parametrize(
    ("replies", "failure", "words"),
    [
        ({"RCPT": "550 5.1.1 no such user"}, "permanent", "recipient; check the address (550"),
        ({"RCPT": "450 4.2.0 greylisted"}, "temporary", "(450 4.2.0 greylisted)"),
        ({"RCPT": "452 4.5.3 too many"}, "temporary", "(452 4.5.3 too many)"),
        ({"RCPT": ""}, "temporary", "did not take the mail within 1 s"),
        ({"DATA": "554 5.7.1 spam"}, "refused", "refused the mail (554 5.7.1 spam)"),
        ({"DATA": "451 4.3.0 disk full"}, "temporary", "refused the mail (451 4.3.0 disk full)"),
        ({"DATA": ""}, "unknown", "took the mail but did not confirm it in 1 s"),
    ],
)
def test_failures(replies: dict[str, str], failure: str, words: str):
    outcome = send_to(MailServer(replies), ENOUGH)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert words in outcome.detail


@pytest.mark.parametrize(
    ("changes", "failure", "words"),
    [
        ({"greeting": "554 go away"}, "permanent", "does not accept connections (554 go away)"),
        ({"greeting": "421 busy"}, "temporary", "(421 busy)"),
        ({"greeting": "hang"}, "temporary", "within 1 s"),
        ({"greeting": "drip"}, "temporary", "within 1 s"),
        ({"greeting": "close"}, "temporary", "closed the connection"),
        ({"greeting": "HTTP/1.1 400 Bad"}, "temporary", "does not accept connections"),
        ({"EHLO": "flood"}, "temporary", "closed the connection"),
        ({"EHLO": "550 no", "HELO": "550 no"}, "permanent", "hello name"),
        ({"MAIL": "553 not you"}, "permanent", "refused the from address"),
        ({"DATA": "451 later"}, "temporary", "refused the mail (451 later)"),
        ({"DATA": "close"}, "temporary", "closed the connection"),
        ({"end": "close"}, "unknown", "broke before it was confirmed"),
        ({"end": "hang"}, "unknown", "did not confirm"),
        ({"end": "drip"}, "unknown", "did not confirm"),
        ({"end": "flood"}, "unknown", "broke before it was confirmed"),
        ({"end": "nonsense"}, "unknown", "refused the mail"),
        ({"end": "251 odd"}, "unknown", "refused the mail (251 odd)"),
    ],
)
def test_servers_that_misbehave(changes: dict[str, str], failure: str, words: str):
    with LineServer(script(**changes)) as server:
        outcome = Email(settings(server.port), timeout_seconds=ENOUGH).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert words in outcome.detail


@pytest.mark.parametrize("reply", ["hang", "close", "500 what"])
def test_after_the_250_nothing_can_spoil_the_success(reply: str):
    with LineServer(script(QUIT=reply)) as server:
        assert Email(settings(server.port)).send(TO, PAGE) == Sent("2.0.0 queued")


def test_a_closed_port_is_temporary():
    outcome = Email(settings(closed_port())).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"
    assert "refuses connections; check host and port" in outcome.detail


def test_a_host_that_does_not_resolve_is_temporary():
    nowhere = replace(settings(25), host="mail.invalid")
    outcome = Email(nowhere).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"


def test_starttls_and_login(certificate: Certificate):
    with MailServer(tls=certificate.server, password=SECRET) as server:
        mail = Email(with_login(server.port), tls=certificate.trusting)
        assert isinstance(mail.send(TO, PAGE), Sent)
    assert server.sessions[0].ssl
    assert server.sessions[0].authenticated


def test_a_wrong_password_is_permanent_and_not_repeated(certificate: Certificate):
    with MailServer(tls=certificate.server, password="another") as server:
        outcome = Email(with_login(server.port), tls=certificate.trusting).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "permanent"
    assert "check user name and password" in outcome.detail
    assert SECRET not in outcome.detail


def test_a_server_that_repeats_the_password_can_not_publish_it():
    changes = {
        "EHLO": "250-mail.example\n250 AUTH PLAIN",
        "AUTH": "235 ok",
        "MAIL": f"550 {SECRET} is your password",
    }
    with LineServer(script(**changes)) as server:
        login = replace(with_login(server.port), security="none")
        outcome = Email(login).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "permanent"
    assert SECRET not in outcome.detail


@pytest.mark.parametrize(
    ("auth", "failure", "words"),
    [
        ("535 5.7.8 bad", "permanent", "refused the login; check user name and password"),
        ("454 4.7.0 later", "temporary", "refused the login"),
        ("close", "temporary", "closed the connection"),
    ],
)
def test_logins_that_fail(auth: str, failure: str, words: str):
    changes = {"EHLO": "250-mail.example\n250 AUTH PLAIN", "AUTH": auth}
    with LineServer(script(**changes)) as server:
        outcome = Email(replace(with_login(server.port), security="none")).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == failure
    assert words in outcome.detail


@pytest.mark.parametrize("offer", ["250 mail.example", "250-mail.example\n250 AUTH GSSAPI"])
def test_a_login_that_is_not_offered(offer: str):
    with LineServer(script(EHLO=offer)) as server:
        outcome = Email(replace(with_login(server.port), security="none")).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"
    assert "offers no login that we know" in outcome.detail


def test_without_starttls_nothing_is_sent_in_the_clear():
    with LineServer(script()) as server:
        outcome = Email(with_login(server.port)).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"
    assert "offers no STARTTLS" in outcome.detail


def test_a_certificate_that_does_not_verify(certificate: Certificate):
    with MailServer(tls=certificate.server) as server:
        outcome = Email(with_login(server.port)).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert outcome.failure == "temporary"
    assert "does not verify" in outcome.detail
    assert server.mails == []


def test_what_was_said_before_encryption_is_forgotten(certificate: Certificate):
    """The offer slipped in before TLS would be taken for the answer to the second EHLO."""
    words = b"250-mail.example\r\n250 AUTH PLAIN\r\n"
    with LineServer(slips_in(certificate.server, words)) as server:
        outcome = Email(with_login(server.port), tls=certificate.trusting).send(TO, PAGE)
    assert isinstance(outcome, Failed)
    assert "offers no login that we know" in outcome.detail
