"""What the e-mail channel must know about the mail server."""

import re
from dataclasses import dataclass, field
from email.utils import parseaddr
from typing import Literal

Security = Literal["starttls", "tls", "none"]

LOOPBACK = ("localhost", "127.0.0.1", "::1")

ADDRESS_LENGTH_MAX = 254

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"{_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*")


class Password:
    """A password that does not show itself in a log, a traceback or an error message."""

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Give the text, for the one place that hands it to the mail server."""
        return self._text

    def __bool__(self) -> bool:
        return bool(self._text)

    def __repr__(self) -> str:
        return "Password(hidden)"


@dataclass(frozen=True)
class EmailSettings:
    """The mail server, how to speak to it, and who the mail comes from.

    `from_address` may carry a name: `Tocsin <tocsin@example.org>`. `hello_name` is how Tocsin
    presents itself to the server; empty means the domain of `from_address`.
    """

    host: str
    port: int
    from_address: str
    security: Security = "starttls"
    username: str = ""
    password: Password = field(default_factory=lambda: Password(""))
    hello_name: str = ""

    def __post_init__(self) -> None:
        if not self.host or not self.host.isascii() or any(c.isspace() for c in self.host):
            raise ValueError("The mail server's host must be a name or an IP address.")
        if not 0 < self.port < 65536:
            raise ValueError("The mail server's port must be from 1 to 65535; 587 is usual.")
        if self.security not in ("starttls", "tls", "none"):
            raise ValueError("The mail server's security must be starttls, tls or none.")
        if not self.from_address.isprintable():
            raise ValueError("The from address must be one line of visible characters.")
        if problem := problem_with_address(self.sender):
            raise ValueError(f"The from address can't be used: {problem}")
        if not re.fullmatch(r"[A-Za-z0-9.:\[\]-]*", self.hello_name):
            raise ValueError("The hello name must be a host name.")
        self._check_login()

    def _check_login(self) -> None:
        if bool(self.username) != bool(self.password):
            raise ValueError("Give the mail server both a user name and a password, or neither.")
        if not (self.username + self.password.reveal()).isascii():
            raise ValueError("The mail server's user name and password must be ASCII.")
        if self.username and self.security == "none" and self.host not in LOOPBACK:
            raise ValueError("The password would travel unprotected; use starttls or tls.")

    @property
    def sender(self) -> str:
        """The bare address in `from_address`."""
        return parseaddr(self.from_address)[1]

    @property
    def sender_name(self) -> str:
        """The name in `from_address`; Tocsin's own if there is none."""
        return parseaddr(self.from_address)[0] or "Tocsin"

    @property
    def sender_domain(self) -> str:
        """What stands behind the @ of `from_address`."""
        return self.sender.rpartition("@")[2]


def problem_with_address(address: str) -> str | None:
    """Say why `address` is not one plain mail address, or None."""
    if not address.isascii():
        return "it has characters outside ASCII; write the domain in its xn-- form."
    if len(address) > ADDRESS_LENGTH_MAX or not _ADDRESS.fullmatch(address):
        return "it must look like name@example.org, without a display name."
    return None
