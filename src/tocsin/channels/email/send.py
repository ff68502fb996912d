"""E-mail as a channel."""

import smtplib
import ssl
from email.headerregistry import Address

from tocsin.channels.email.attempt import Attempt, run
from tocsin.channels.email.conversation import Conversation, NotOffered, Refused
from tocsin.channels.email.outcomes import failure_of, timed_out
from tocsin.channels.email.render import html, render, subject, text
from tocsin.channels.email.settings import EmailSettings, problem_with_address
from tocsin.core.delivery import SEND_TIMEOUT_SECONDS, Failed, Message, Outcome, Sent, Shown


class Email:
    """Sends mail through one SMTP server, over a new connection each time.

    `tls` replaces the rules by which the server's certificate is checked: the system's list of
    authorities, unless given.
    """

    name = "email"
    domain = "mail"
    bundles = True

    def __init__(
        self,
        settings: EmailSettings,
        *,
        timeout_seconds: float = SEND_TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._settings = settings
        self._seconds = timeout_seconds
        self._tls = tls or ssl.create_default_context()
        self._server = f"{settings.host}:{settings.port}"

    def problem_with(self, address: str) -> str | None:
        """Say why `address` is no mail address."""
        problem = problem_with_address(address)
        return f"This is no mail address: {problem}" if problem else None

    def send(self, address: str, message: Message) -> Outcome:
        """Send one mail; Sent means that the server has taken it over."""
        if problem := self.problem_with(address):
            return Failed("permanent", problem)
        sender = Address(self._settings.sender_name, addr_spec=self._settings.sender)
        content = render(message, sender, address)

        def converse(attempt: Attempt) -> str | Exception:
            # The deadline ends a slow answer; the sockets' own limit only a thread that the
            # deadline could not reach.
            talk = Conversation(self._settings, self._tls, attempt, self._seconds * 2)
            try:
                return talk.hand_over(address, content)
            except (Refused, NotOffered, smtplib.SMTPException, OSError) as error:
                return error

        end, left = run(converse, self._seconds)
        if end is None:
            return timed_out(self._server, self._seconds, left)
        if isinstance(end, Exception):
            return self._hide_password(failure_of(end, self._server, left))
        return Sent(" ".join(end.split())[:200])

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Return the mail's subject, and its text and HTML as they are written into it."""
        return (
            Shown("subject", subject(message)),
            Shown("text", text(message)),
            Shown("html", html(message)),
        )

    def _hide_password(self, failure: Failed) -> Failed:
        """Make sure that a server which repeats the password can't put it on a page."""
        password = self._settings.password.reveal()
        if not password or password not in failure.detail:
            return failure
        return Failed(failure.failure, f"{self._server} refused the mail")
