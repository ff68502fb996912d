"""Connections with limits: how long a request may take to arrive, and how large its head may be.

uvicorn waits for ever for the rest of a request, and takes as many headers as come. Whoever opens
thousands of connections and finishes nothing on them would keep alerts out in the end.
"""

from asyncio import BaseTransport, TimerHandle

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

HEAD_SECONDS = 10.0
"""From the beginning of a connection, or of a further request on it, to the end of its headers."""

BODY_SECONDS = 180.0
"""From the end of the headers to the end of the body: 10 MiB need 60 KiB/s, which phones have."""

HEAD_AT_MOST = 32 * 1024
"""Bytes of a request's address and headers together."""

HEADERS_AT_MOST = 100
"""Headers of one request."""


class TooMuch(Exception):
    """Leaves the parser when the head of a request is larger than it may be."""


class LimitedConnection(HttpToolsProtocol):
    """One connection of uvicorn's, with the limits of this file.

    A head that is too large is answered with 431. What does not end in time is not answered at
    all: senders come again after that, and drop alerts that get a 4xx (invariant A5). Then the
    connection is closed.
    """

    head_seconds = HEAD_SECONDS
    body_seconds = BODY_SECONDS

    _timer: TimerHandle | None = None
    _in_head = True
    _asked = False
    _head_bytes = 0
    _named = 0

    def connection_made(self, transport: BaseTransport) -> None:
        """Begin to wait for a request."""
        super().connection_made(transport)  # type: ignore[arg-type]
        self._wait(self.head_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what has come."""
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head:
            # A header that does not end is told to nobody, and is held in full all the while.
            self._head_bytes += len(data)
            if self._head_bytes > HEAD_AT_MOST:
                self._end(431)

    def on_message_begin(self) -> None:
        """A request begins: its head is awaited."""
        super().on_message_begin()
        self._in_head = True
        self._head_bytes = self._named = 0
        self._wait(self.head_seconds)

    def on_url(self, url: bytes) -> None:
        """Take a piece of the address."""
        self._count(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take one header."""
        self._count(len(name) + len(value))
        super().on_header(name, value)
        if len(self.headers) > HEADERS_AT_MOST:
            self._refuse()

    def on_headers_complete(self) -> None:
        """The head is whole: the body is awaited."""
        self._in_head = False
        self._asked = True
        self._wait(self.body_seconds)
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        """The request is whole."""
        self._stop_waiting()
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, unless it is answered already."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _count(self, size: int) -> None:
        self._named += size
        if self._named > HEAD_AT_MOST:
            self._refuse()

    def _refuse(self) -> None:
        self._end(431)
        # The parser must not go on with what it has at hand.
        raise TooMuch

    def _wait(self, seconds: float) -> None:
        self._stop_waiting()
        self._timer = self.loop.call_later(seconds, self._too_late)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _too_late(self) -> None:
        self._timer = None
        if not self._in_head and self.flow.read_paused:
            # We are the ones who are slow: what has come is not worked off yet.
            self._wait(self.body_seconds)
            return
        self._end()

    def _end(self, status: int = 0) -> None:
        """Close the connection, after an answer if there is a `status`."""
        transport = self.transport
        if transport.is_closing():
            return
        if status and not (self._asked and not self.cycle.response_complete):
            ending = b"content-length: 0\r\nconnection: close\r\n\r\n"
            transport.write(STATUS_LINE[status] + ending)
        transport.close()
