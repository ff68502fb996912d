"""A real mail server (aiosmtpd) on loopback, and one that speaks lines from a script."""

import asyncio
import socket
import ssl
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, Session


@dataclass
class MailServer:
    """Takes mail. `replies` replaces the answer to `RCPT` or `DATA`; an empty one hangs."""

    replies: Mapping[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None
    password: str = ""
    mails: list[Envelope] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    async def handle_RCPT(
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if "RCPT" in self.replies:
            return await self._reply("RCPT")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:
        self.mails.append(envelope)
        self.sessions.append(session)
        return await self._reply("DATA") if "DATA" in self.replies else "250 2.0.0 queued as 4F2"

    async def _reply(self, step: str) -> str:
        if not self.replies[step]:
            await self._release.wait()
        return self.replies[step] or "250 too late"

    def __enter__(self) -> "MailServer":
        self._loop = asyncio.new_event_loop()
        ready = threading.Event()
        self._thread = threading.Thread(target=self._run, args=(ready,))
        self._thread.start()
        assert ready.wait(10)
        return self

    def _run(self, ready: threading.Event) -> None:
        self._loop.run_until_complete(self._serve(ready))
        self._loop.close()

    async def _serve(self, ready: threading.Event) -> None:
        self._release = asyncio.Event()
        server = await self._loop.create_server(self._session, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        await self._release.wait()
        server.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)

    def _session(self) -> SMTP:
        return SMTP(
            self,
            hostname="mail.example",
            tls_context=self.tls,
            loop=self._loop,
            authenticator=self._authenticate if self.password else None,
        )

    def _authenticate(
        self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: object
    ) -> AuthResult:
        given = getattr(data, "password", b"")
        return AuthResult(success=given == self.password.encode(), handled=False)

    def __exit__(self, *_: object) -> None:
        self._loop.call_soon_threadsafe(self._release.set)
        self._thread.join()


GOOD = {
    "": "220 mail.example ESMTP",
    "EHLO": "250 mail.example",
    "MAIL": "250 OK",
    "RCPT": "250 OK",
    "DATA": "354 go on",
    ".": "250 2.0.0 queued",
    "QUIT": "221 bye",
}


def script(**changes: str) -> Callable[[socket.socket, threading.Event], None]:
    """Speak SMTP line by line; `greeting` and `end` name the replies that follow no command.

    The reply `hang` says nothing, `close` closes the connection, `drip` sends a byte now and
    then, `flood` never ends its reply.
    """
    names = {"greeting": "", "end": "."}
    replies = {**GOOD, **{names.get(step, step): reply for step, reply in changes.items()}}

    def talk(connection: socket.socket, release: threading.Event) -> None:
        if say(connection, replies[""], release):
            answer_each_line(connection, replies, release)

    return talk


def answer_each_line(
    connection: socket.socket, replies: Mapping[str, str], release: threading.Event
) -> None:
    """Look up each command's reply, until one of them ends the connection."""
    with connection.makefile("rb") as file:
        in_content = False
        for line in file:
            if in_content and line != b".\r\n":
                continue
            step = "." if in_content else line[:4].decode("latin-1").strip().upper()
            in_content = step == "DATA" and replies["DATA"].startswith("354")
            if not say(connection, replies.get(step, "502 no"), release):
                return


def slips_in(tls: ssl.SSLContext, words: bytes) -> Callable[[socket.socket, threading.Event], None]:
    """Offer STARTTLS and add `words` to the answer, before encryption begins; then be good."""

    def talk(connection: socket.socket, release: threading.Event) -> None:
        say(connection, GOOD[""], release)
        connection.recv(1000)
        say(connection, "250-mail.example\n250 STARTTLS", release)
        connection.recv(1000)
        connection.sendall(b"220 go\r\n" + words)
        with tls.wrap_socket(connection, server_side=True) as secure:
            answer_each_line(secure, GOOD, release)

    return talk


def say(connection: socket.socket, reply: str, release: threading.Event) -> bool:
    """Send one reply, or misbehave; False ends the connection."""
    if reply == "close":
        return False
    if reply == "hang":
        release.wait(30)
        return False
    while reply == "drip":
        connection.sendall(b"2")
        if release.wait(0.02):
            return False
    while reply == "flood":
        connection.sendall(b"250-more\r\n" * 1000)
    connection.sendall(reply.replace("\n", "\r\n").encode("latin-1") + b"\r\n")
    return True
