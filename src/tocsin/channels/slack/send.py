"""Slack as a channel."""

import ssl
from collections.abc import Mapping

import httpx
import msgspec

from tocsin.channels.slack.hooks import HookUrl
from tocsin.channels.slack.outcomes import outcome_of
from tocsin.channels.slack.render import readable, render
from tocsin.core.delivery import SEND_TIMEOUT_SECONDS, Failed, Message, Outcome, Shown
from tocsin.outbound import exchange


class Slack:
    """Posts to incoming webhooks, each known by a name.

    `tls` replaces the rules by which Slack's certificate is checked: the system's list of
    authorities, unless given.
    """

    name = "slack"
    domain = "ip"
    bundles = True

    def __init__(
        self,
        hooks: Mapping[str, HookUrl],
        *,
        timeout_seconds: float = SEND_TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._hooks = dict(hooks)
        self._seconds = timeout_seconds
        self._tls = tls or ssl.create_default_context()

    def problem_with(self, address: str) -> str | None:
        """Say why nothing can be sent to `address`; a URL is not repeated, it is a secret."""
        if address in self._hooks:
            return None
        if "/" in address:
            return "This must be the name of a Slack hook, not its URL, which is a secret."
        known = ", ".join(sorted(self._hooks)) or "none"
        return f"There is no Slack hook of this name; there are: {known}."

    def send(self, address: str, message: Message) -> Outcome:
        """Post once; Sent means that Slack has answered with a 2xx status."""
        if problem := self.problem_with(address):
            return Failed("permanent", problem)
        headers = {"Content-Type": "application/json; charset=utf-8", "User-Agent": "Tocsin"}
        url = self._hooks[address].reveal()
        request = httpx.Request("POST", url, headers=headers, content=render(message))
        answer = exchange.post(lambda: [request], self._tls, self._seconds)
        return outcome_of(answer, address, message.sent_at)

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Return the header and the text as people read them, and the whole request body."""
        header, text = readable(message)
        body = msgspec.json.format(render(message), indent=2).decode()
        return (Shown("subject", header), Shown("text", text), Shown("json", body))
