"""Webhooks as a channel."""

import ssl
from collections.abc import Callable, Mapping, Sequence

import httpx
import msgspec

from tocsin.channels.webhook.endpoints import (
    Endpoint,
    IPNetwork,
    NotPublic,
    pinned,
    problem_with_url,
    request_to,
    shown,
)
from tocsin.channels.webhook.outcomes import outcome_of
from tocsin.channels.webhook.render import render
from tocsin.channels.webhook.signature import SigningKey, headers
from tocsin.core.delivery import SEND_TIMEOUT_SECONDS, Failed, Message, Outcome, Shown
from tocsin.outbound import exchange


class Webhook:
    """Posts JSON to an endpoint known by its name, or directly to an https address.

    A named endpoint was set up by the operator and may be anywhere. A direct address may come
    from anybody who edits contacts, so it must be on the public internet or in one of the
    `allowed_networks`; it is signed where `key_of` knows the key shared with it. `tls` replaces the
    rules by which certificates are checked: the system's list of authorities, unless given.
    """

    name = "webhook"
    domain = "ip"
    bundles = True

    def __init__(
        self,
        endpoints: Mapping[str, Endpoint],
        *,
        allowed_networks: Sequence[IPNetwork] = (),
        timeout_seconds: float = SEND_TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
        key_of: Callable[[str], SigningKey | None] = lambda _address: None,
    ) -> None:
        self._endpoints = dict(endpoints)
        self._key_of = key_of
        self._allowed = tuple(allowed_networks)
        self._seconds = timeout_seconds
        self._tls = tls or ssl.create_default_context()

    def problem_with(self, address: str) -> str | None:
        """Say why nothing can be sent to `address`. A URL is never repeated: it may be secret."""
        if address in self._endpoints:
            return None
        if "/" in address:
            return problem_with_url(address, ("https",))
        known = ", ".join(sorted(self._endpoints)) or "none"
        return f"There is no webhook endpoint of this name; there are: {known}."

    def send(self, address: str, message: Message) -> Outcome:
        """Post once; Sent means that the receiver has answered with a 2xx status."""
        if problem := self.problem_with(address):
            return Failed("permanent", problem)
        endpoint = self._endpoints.get(address)
        url = endpoint.url if endpoint else address
        body = render(message)
        key = endpoint.key if endpoint else self._key_of(address)
        signed = headers(message.id, message.sent_at, body, key)
        fixed = {"Content-Type": "application/json", "User-Agent": "Tocsin"}
        request = request_to(httpx.URL(url), fixed | signed, body)

        def requests() -> list[httpx.Request]:
            return [request] if endpoint else pinned(request, self._allowed)

        receiver = f"{address} ({shown(url)})" if endpoint else shown(url)
        try:
            answer = exchange.post(requests, self._tls, self._seconds)
        except NotPublic:
            return Failed(
                "permanent",
                f"{receiver} is not on the public internet; ask for a named endpoint instead",
            )
        return outcome_of(answer, receiver, message.sent_at)

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Return the request body, with its lines broken for people to read."""
        return (Shown("json", msgspec.json.format(render(message), indent=2).decode()),)
