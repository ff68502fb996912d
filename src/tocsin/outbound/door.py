"""This process's own front door, entered as others enter it: over HTTP, with a key or a link."""

import re
import ssl
from collections.abc import Callable
from urllib.parse import urlencode

import httpx

from tocsin.engine.prober import ProbeFailed
from tocsin.outbound import exchange

SECONDS = 5.0
"""How long this process may take to answer itself."""

PAGE_BYTES = 128 * 1024
"""So much of an answering page is read; its form comes long before."""

_PROOF = re.compile(rb'name="proof" value="([^"<>]{1,200})"')
_GOOD = range(200, 400)


class OwnDoor:
    """See engine.prober.Door. `address` gives where this process listens: `http://127.0.0.1:8080`.

    The way is plain HTTP on this machine, whatever stands in front of it for others.
    """

    def __init__(self, address: Callable[[], str]) -> None:
        self._address = address
        self._tls = ssl.create_default_context()

    def alert(self, key: str, body: bytes) -> None:
        """See Door."""
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
        self._ask("its alert", "POST", "/in/alertmanager", headers, body)

    def answer(self, path: str) -> None:
        """See Door. The page is opened first, as a person does: its form proves itself by it."""
        page = self._ask("its answering page", "GET", path, {}, b"")
        proof = _PROOF.search(page.body)
        if proof is None:
            raise ProbeFailed("its answering page has no button")
        form = urlencode({"proof": proof[1].decode("ascii", "replace")}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        self._ask("its answer", "POST", path, headers, form)

    def _ask(
        self, what: str, method: str, path: str, headers: dict[str, str], body: bytes
    ) -> exchange.Answer:
        request = httpx.Request(method, self._address() + path, headers=headers, content=body)
        answer = exchange.post(lambda: [request], self._tls, SECONDS, read_at_most=PAGE_BYTES)
        if isinstance(answer, exchange.NoAnswer):
            raise ProbeFailed(f"{what} was not taken: this process {answer.why}")
        if answer.status not in _GOOD:
            raise ProbeFailed(f"{what} was not taken: this process answered {answer.status}")
        return answer
