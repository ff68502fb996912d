"""GitHub issues as a channel: one issue an incident, what comes later as comments."""

import ssl
from collections.abc import Mapping

import httpx
import msgspec

from tocsin.channels.github.outcomes import outcome_of
from tocsin.channels.github.render import comment, issue, mark_of, mark_of_incident, title
from tocsin.channels.github.repositories import Repository
from tocsin.core.delivery import SEND_TIMEOUT_SECONDS, Failed, Message, Outcome, Sent, Shown
from tocsin.outbound import exchange
from tocsin.outbound.exchange import Answer, NoAnswer

LOOKED_AT = 30
"""The newest issues, among which that of the incident is sought: the list is true at once, the
search is not."""

READ_AT_MOST = 4 * 1024 * 1024
"""Bytes of an answer: so many issues, each of up to 64 KiB of text, and what is around them."""


class _Issue(msgspec.Struct):
    """What is needed of an issue as the API lists it."""

    number: int
    body: str | None = None


_issues = msgspec.json.Decoder(list[_Issue])


class GitHub:
    """Opens issues in repositories, each known by a name.

    GitHub knows no idempotency keys, so each message carries a mark that nobody sees, and whoever
    comes again looks for it first. `tls` replaces the rules by which certificates are checked.
    """

    name = "github"
    domain = "ip"
    bundles = False

    def __init__(
        self,
        repositories: Mapping[str, Repository],
        *,
        timeout_seconds: float = SEND_TIMEOUT_SECONDS,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._repositories = dict(repositories)
        self._seconds = timeout_seconds / 2
        self._tls = tls or ssl.create_default_context()

    def problem_with(self, address: str) -> str | None:
        """Say why nothing can be sent to `address`."""
        if address in self._repositories:
            return None
        known = ", ".join(sorted(self._repositories)) or "none"
        return f"There is no GitHub repository of this name; there are: {known}."

    def send(self, address: str, message: Message) -> Outcome:
        """Open the incident's issue, or comment on it; Sent means that GitHub has it."""
        if problem := self.problem_with(address):
            return Failed("permanent", problem)
        repository = self._repositories[address]
        found = self._find(repository, message, address)
        if not isinstance(found, _Issue | None):
            return found
        if found is not None and mark_of(message) in (found.body or ""):
            return Sent(str(found.number))
        if found is not None:
            path, content = f"issues/{found.number}/comments", comment(message)
        else:
            path, content = "issues", issue(message, repository.labels)
        answer = self._ask(repository.request("POST", path, content))
        return outcome_of(answer, address, message.sent_at)

    def preview(self, message: Message) -> tuple[Shown, ...]:
        """Return the issue's title, its words as people read them, and the whole request body."""
        request = msgspec.json.format(issue(message, ()), indent=2).decode()
        words = message.text or message.why
        return (Shown("subject", title(message)), Shown("text", words), Shown("json", request))

    def _find(
        self, repository: Repository, message: Message, address: str
    ) -> _Issue | Outcome | None:
        """Return the incident's issue, None if there is none yet, or why that can't be known."""
        path = f"issues?state=all&sort=created&direction=desc&per_page={LOOKED_AT}"
        answer = self._ask(repository.request("GET", path))
        if isinstance(answer, NoAnswer):
            # Nothing was written by asking, whatever became of it.
            return Failed("temporary", f"{address}: GitHub {answer.why}")
        if answer.status != 200:
            return outcome_of(answer, address, message.sent_at)
        try:
            listed = _issues.decode(answer.body)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            return Failed("temporary", f"{address}: GitHub's answer can't be understood")
        mark = mark_of_incident(message)
        return next((one for one in listed if mark in (one.body or "")), None)

    def _ask(self, request: httpx.Request) -> Answer | NoAnswer:
        return exchange.post(lambda: [request], self._tls, self._seconds, read_at_most=READ_AT_MOST)
