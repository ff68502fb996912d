"""What a failed conversation means for the delivery, said so that it can be cured."""

import smtplib
import socket
import ssl

from tocsin.channels.email.conversation import NotOffered, Refused, Step
from tocsin.core.delivery import Failed, FailureClass

WORDS_LENGTH_MAX = 200

REFUSED: dict[Step, str] = {
    "greeting": "{server} does not accept connections",
    "hello": "{server} does not accept our name; check the hello name in the mail settings",
    "encryption": "{server} could not start encryption",
    "login": "{server} refused the login; check user name and password in the mail settings",
    "sender": "{server} refused the from address; check it in the mail settings",
    "recipient": "{server} refused the recipient; check the address",
    "content": "{server} refused the mail",
}

NOT_OFFERED: dict[Step, str] = {
    "encryption": "{server} offers no STARTTLS; check port and security in the mail settings",
    "login": "{server} offers no login that we know; check port and security in the mail settings",
}


def failure_of(error: Exception, server: str, left: bool) -> Failed:
    """Classify what ended the conversation; `left` says that the whole mail was on its way."""
    if isinstance(error, Refused):
        words = _visible(error.words)
        said = f"{error.code} {words}".rstrip()
        return Failed(_class_of(error, left), _say(REFUSED[error.step], server, said))
    if isinstance(error, NotOffered):
        # A half-started server, too, may offer less than usual: worth another try.
        return Failed("temporary", _say(NOT_OFFERED[error.step], server))
    return Failed("unknown" if left else "temporary", _say(_broken(error, left), server))


def timed_out(server: str, seconds: float, left: bool) -> Failed:
    """Say that the time was over before the server had accepted the mail."""
    if left:
        return Failed("unknown", f"{server} took the mail but did not confirm it in {seconds:g} s")
    return Failed("temporary", f"{server} did not take the mail within {seconds:g} s")


def _class_of(refusal: Refused, left: bool) -> FailureClass:
    if 400 <= refusal.code < 500:
        return "temporary"
    if 500 <= refusal.code < 600:
        # What is said to the content is about this mail; everything before, about the way.
        return "refused" if refusal.step == "content" else "permanent"
    return "unknown" if left else "temporary"


def _broken(error: Exception, left: bool) -> str:
    if left:
        return "{server} took the mail but the connection broke before it was confirmed"
    if isinstance(error, ssl.SSLCertVerificationError):
        return "the certificate of {server} does not verify: " + error.verify_message
    if isinstance(error, ssl.SSLError):
        return "encryption with {server} failed; check port and security in the mail settings"
    if isinstance(error, socket.gaierror):
        return "the name of {server} does not resolve; check the host in the mail settings"
    if isinstance(error, ConnectionRefusedError):
        return "{server} refuses connections; check host and port in the mail settings"
    if isinstance(error, TimeoutError):
        return "{server} can't be reached in time"
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "{server} closed the connection"
    if isinstance(error, smtplib.SMTPException):
        return "{server} answered something that is not SMTP"
    return "{server} can't be reached"


def _say(sentence: str, server: str, said: str = "") -> str:
    return sentence.replace("{server}", server) + (f" ({said})" if said else "")


def _visible(words: bytes) -> str:
    text = words.decode("ascii", "replace")
    seen = "".join(c if c.isprintable() else " " for c in text)
    return " ".join(seen.split())[:WORDS_LENGTH_MAX]
