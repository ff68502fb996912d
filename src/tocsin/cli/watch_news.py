"""Hearing that something has changed, and which key was pressed, whichever comes first."""

import contextlib
import os
import select
import sys
import termios
import threading
import tty
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from tocsin import __version__
from tocsin.cli.server import LOOPBACK, Server

ASK_EVERY = 3.0
"""Seconds between two looks at a server whose stream cannot be had."""

LOOK_ANYWAY_EVERY = 15.0
"""Seconds after which a look is due although the stream has said nothing."""

TRY_AGAIN_AFTER = 1.0
"""Seconds until a stream that has ended is opened again."""

SILENT_AT_MOST = 40.0
"""Seconds; a stream that lives says so more often."""


class News:
    """The stream of a room in a thread of its own, and the keyboard, from `with` to its end."""

    def __init__(self, server: Server, path: str, *, keys: bool = False) -> None:
        self.is_live = False
        self._server = server
        self._path = path
        self._keys = keys
        self._ending = threading.Event()
        self._is_new = False
        self._since_look = 0.0
        self._heard, self._tell = os.pipe()
        self._kept: list[Any] | None = None
        self._client: httpx.Client | None = None
        self._thread = threading.Thread(target=self._listen, name="news", daemon=True)

    def __enter__(self) -> Self:
        if self._keys:
            self._kept = termios.tcgetattr(sys.stdin.fileno())
            tty.setcbreak(sys.stdin.fileno())
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._ending.set()
        if self._kept is not None:
            termios.tcsetattr(sys.stdin.fileno(), termios.TCSADRAIN, self._kept)

    def wait(self, at_most: float = LOOK_ANYWAY_EVERY) -> str:
        """Wait for news or a key, at most so many seconds; return the key, "" if there is none.

        Without a stream it waits as long as one does between two questions.
        """
        if not self.is_live:
            at_most = min(at_most, ASK_EVERY)
        watched = [self._heard, *([sys.stdin.fileno()] if self._keys else [])]
        ready, _, _ = select.select(watched, [], [], at_most)
        self._since_look += at_most
        if self._heard in ready:
            os.read(self._heard, 4096)
            self._is_new = True
        if self._keys and sys.stdin.fileno() in ready:
            return os.read(sys.stdin.fileno(), 1).decode("latin-1") or "q"
        return ""

    def take(self) -> bool:
        """Say whether it is time to look again: something is new, or has been silent for long."""
        due = LOOK_ANYWAY_EVERY if self.is_live else ASK_EVERY
        if not (self._is_new or self._since_look >= due):
            return False
        self._is_new, self._since_look = False, 0.0
        return True

    def _listen(self) -> None:
        while not self._ending.is_set():
            with contextlib.suppress(httpx.HTTPError):
                self._hear()
            if self.is_live:
                self.is_live = False
                self._say()
            self._ending.wait(TRY_AGAIN_AFTER)

    def _hear(self) -> None:
        """Read one stream until it ends; what it holds is not wanted, only that it came."""
        headers = {"User-Agent": f"tocsin/{__version__}"}
        if self._server.key:
            headers["Authorization"] = f"Bearer {self._server.key}"
        is_here = urlsplit(self._server.url).hostname in LOOPBACK
        url = self._server.url + self._path
        with (
            httpx.Client(timeout=SILENT_AT_MOST, trust_env=not is_here) as client,
            client.stream("GET", url, headers=headers) as answer,
        ):
            kind = answer.headers.get("content-type", "")
            if answer.status_code != 200 or not kind.startswith("text/event-stream"):
                return
            self.is_live = True
            self._say()
            for line in answer.iter_lines():
                if self._ending.is_set():
                    return
                if line.startswith("event:"):
                    self._say()

    def _say(self) -> None:
        with contextlib.suppress(OSError):
            os.write(self._tell, b".")
