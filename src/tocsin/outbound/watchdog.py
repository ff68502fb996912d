"""Those outside who listen to this node: the watchdog's heartbeat address, and the alarm's.

Both are set by the operator, so they may be anywhere, in a private network too: there is nothing
here that somebody else could lead astray. Of an address only its host is ever told.
"""

import ssl
from collections.abc import Sequence
from urllib.parse import urlsplit

import httpx
import msgspec

from tocsin.outbound import exchange

SECONDS = 10.0
"""How long either may take to answer."""


class Watchdog:
    """See engine.checkup.Outside. An address that is "" stands for nobody."""

    def __init__(self, heartbeat_url: str, heartbeat_key: str, alarm_url: str) -> None:
        self._heartbeat = heartbeat_url
        self._key = heartbeat_key
        self._alarm = alarm_url
        self._tls = ssl.create_default_context()

    @property
    def watchdog(self) -> str:
        """See Outside: the host and nothing else of the address, since the rest is often secret."""
        return urlsplit(self._heartbeat).hostname or ""

    def heartbeat(self) -> str:
        """See Outside. A POST without a body: every heartbeat service takes that."""
        headers = {"Authorization": f"Bearer {self._key}"} if self._key else {}
        return self._post(self._heartbeat, headers, b"")

    def alarm(self, reasons: Sequence[str], node: str) -> str:
        """See Outside. `text` alone says everything: that is what chat services show."""
        if not self._alarm:
            return ""
        said = f"Tocsin on {node} is not well: {'; '.join(reasons)}"
        text = said if reasons else f"Tocsin on {node} is well again"
        body = {"text": text, "node": node, "well": not reasons, "reasons": list(reasons)}
        headers = {"Content-Type": "application/json"}
        return self._post(self._alarm, headers, msgspec.json.encode(body))

    def _post(self, url: str, headers: dict[str, str], body: bytes) -> str:
        try:
            request = httpx.Request(
                "POST", url, headers={"User-Agent": "Tocsin", **headers}, content=body
            )
            answer = exchange.post(lambda: [request], self._tls, SECONDS)
        except (httpx.InvalidURL, OSError, ValueError):
            return "can't be reached: the address is wrong"
        if isinstance(answer, exchange.NoAnswer):
            return answer.why
        if 200 <= answer.status < 300:
            return ""
        return f"answered {answer.status}"
