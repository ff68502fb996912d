"""What a broken conversation means."""

import smtplib
import socket
import ssl

import pytest

from tocsin.channels.email.conversation import NotOffered, Refused, Step
from tocsin.channels.email.outcomes import failure_of, timed_out
from tocsin.core.delivery import FailureClass

STEPS: tuple[Step, ...] = (
    "greeting",
    "hello",
    "encryption",
    "login",
    "sender",
    "recipient",
    "content",
)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize(
    ("code", "failure"),
    [
        (421, "temporary"),
        (450, "temporary"),
        (499, "temporary"),
        (500, "permanent"),
        (550, "permanent"),
        (554, "permanent"),
        (-1, "temporary"),
        (252, "temporary"),
    ],
)
def test_refusals_go_by_the_code(step: Step, code: int, failure: FailureClass):
    outcome = failure_of(Refused(step, code, b"5.1.1\r\nno \x1b[31msuch\xff user"), "mx:25", False)
    is_content = step == "content" and failure == "permanent"
    assert outcome.failure == ("refused" if is_content else failure)
    assert outcome.detail.endswith(f"({code} 5.1.1 no [31msuch\ufffd user)")
    assert "mx:25" in outcome.detail


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (ConnectionRefusedError(), "refuses connections"),
        (TimeoutError(), "can't be reached in time"),
        (socket.gaierror(-2, "x"), "does not resolve"),
        (OSError(113, "No route to host"), "can't be reached"),
        (ssl.SSLError(1, "wrong version number"), "check port and security"),
        (smtplib.SMTPServerDisconnected("x"), "closed the connection"),
        (smtplib.SMTPResponseException(500, "Line too long."), "not SMTP"),
        (NotOffered("encryption"), "no STARTTLS"),
        (NotOffered("login"), "no login"),
    ],
)
def test_before_the_mail_has_left_all_this_is_temporary(error: Exception, words: str):
    outcome = failure_of(error, "mx:25", False)
    assert outcome.failure == "temporary"
    assert words in outcome.detail


@pytest.mark.parametrize(
    "error",
    [TimeoutError(), ConnectionResetError(), smtplib.SMTPServerDisconnected("x")],
)
def test_after_the_mail_has_left_nobody_can_tell(error: Exception):
    assert failure_of(error, "mx:25", True).failure == "unknown"
    assert failure_of(Refused("content", -1, b"?"), "mx:25", True).failure == "unknown"
    assert failure_of(Refused("content", 451, b"?"), "mx:25", True).failure == "temporary"
    assert failure_of(Refused("content", 554, b"?"), "mx:25", True).failure == "refused"


def test_time_out():
    assert timed_out("mx:25", 10, False).failure == "temporary"
    assert timed_out("mx:25", 10, True).failure == "unknown"
