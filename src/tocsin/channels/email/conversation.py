"""The SMTP conversation that hands over one mail."""

import re
import smtplib
import socket
import ssl
from contextlib import suppress
from typing import Literal

from tocsin.channels.email.attempt import Attempt
from tocsin.channels.email.settings import EmailSettings

REPLY_BYTES_MAX = 64 * 1024
"""All that a server may say in one conversation."""

Step = Literal["greeting", "hello", "encryption", "login", "sender", "recipient", "content"]


class Refused(Exception):
    """The server answered a step with another code than the one that lets us go on."""

    def __init__(self, step: Step, code: int, words: bytes) -> None:
        super().__init__(step, code)
        self.step: Step = step
        self.code = code
        self.words = words


class NotOffered(Exception):
    """The server lacks something that the settings ask for."""

    def __init__(self, step: Step) -> None:
        super().__init__(step)
        self.step: Step = step


class Replies:
    """A server's words as smtplib reads them, with an end: an endless reply is a closed one."""

    def __init__(self, connection: socket.socket) -> None:
        self._file = connection.makefile("rb")
        self._left = REPLY_BYTES_MAX

    def readline(self, size: int) -> bytes:
        """Read a line, or nothing once the server has said too much."""
        line = self._file.readline(min(size, self._left))
        self._left -= len(line)
        return line

    def close(self) -> None:
        """Let go of the connection."""
        self._file.close()


class Conversation:
    """One connection to the mail server, from the greeting to the end."""

    def __init__(
        self, settings: EmailSettings, tls: ssl.SSLContext, attempt: Attempt, seconds: float
    ) -> None:
        self._settings = settings
        self._tls = tls
        self._attempt = attempt
        self._seconds = seconds
        # The name is given because smtplib would otherwise ask the DNS for our own.
        name = settings.hello_name or settings.sender_domain
        self._smtp = smtplib.SMTP(local_hostname=name, timeout=seconds)

    def hand_over(self, to: str, content: bytes) -> str:
        """Deliver `content` (lines ended by CR LF) and return what the server said at its end."""
        try:
            self._greet()
            if self._settings.security == "starttls":
                self._encrypt()
            if self._settings.username:
                self._log_in()
            words = self._transfer(to, content)
            with suppress(smtplib.SMTPException, OSError):
                # Politeness only: the mail is accepted, so the answer is not waited for.
                self._smtp.putcmd("QUIT")
            return words
        finally:
            self._smtp.close()

    def _greet(self) -> None:
        address = (self._settings.host, self._settings.port)
        connection = socket.create_connection(address, timeout=self._seconds)
        # smtplib closes it from here on, whatever happens.
        self._use(connection)
        if self._settings.security == "tls":
            self._use(self._tls.wrap_socket(connection, server_hostname=self._settings.host))
        self._expect("greeting", 220, self._smtp.getreply())
        self._hello()

    def _use(self, connection: socket.socket) -> None:
        """Speak over `connection` from now on; what was read before it is forgotten."""
        self._smtp.sock = connection
        self._smtp.file = Replies(connection)
        self._attempt.connected(connection)

    def _hello(self) -> None:
        try:
            self._smtp.ehlo_or_helo_if_needed()
        except smtplib.SMTPHeloError as refusal:
            raise Refused("hello", refusal.smtp_code, _bytes(refusal.smtp_error)) from None

    def _encrypt(self) -> None:
        if not self._smtp.has_extn("starttls"):
            raise NotOffered("encryption")
        self._expect("encryption", 220, self._smtp.docmd("STARTTLS"))
        plain = self._smtp.sock
        assert plain is not None
        self._use(self._tls.wrap_socket(plain, server_hostname=self._settings.host))
        # What the server said in the clear proves nothing; it must say it again.
        self._smtp.helo_resp = None
        self._smtp.ehlo_resp = None
        self._smtp.esmtp_features = {}
        self._smtp.does_esmtp = False
        self._hello()

    def _log_in(self) -> None:
        try:
            self._smtp.login(self._settings.username, self._settings.password.reveal())
        except smtplib.SMTPAuthenticationError as refusal:
            # The words are left out: a server might repeat what it was told.
            raise Refused("login", refusal.smtp_code, b"") from None
        except smtplib.SMTPException as error:
            # smtplib has no class of its own for "none of the offered ways is known to me".
            if type(error) in (smtplib.SMTPException, smtplib.SMTPNotSupportedError):
                raise NotOffered("login") from None
            raise

    def _transfer(self, to: str, content: bytes) -> str:
        smtp = self._smtp
        self._expect("sender", 250, smtp.mail(self._settings.sender))
        code, words = smtp.rcpt(to)
        if code not in (250, 251):
            raise Refused("recipient", code, words)
        self._expect("content", 354, smtp.docmd("DATA"))
        smtp.send(re.sub(rb"(?m)^\.", b"..", content))
        # Until the line with the dot has left, the server can't have accepted the mail.
        self._attempt.leave()
        smtp.send(b".\r\n")
        return self._expect("content", 250, smtp.getreply())

    def _expect(self, step: Step, wanted: int, reply: tuple[int, bytes]) -> str:
        code, words = reply
        if code != wanted:
            raise Refused(step, code, words)
        return words.decode("ascii", "replace")


def _bytes(words: bytes | str) -> bytes:
    return words if isinstance(words, bytes) else words.encode()
