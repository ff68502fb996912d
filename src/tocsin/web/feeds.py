"""One look at the store for all who watch the same thing, and a stream to each of them.

Whoever watches waits for the same feed: what has changed is read once and rendered once for all
who see the same. What differs from reader to reader, and whether they may still read, is asked
for each of them.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Hashable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, Generic, Protocol, TypeVar

from anyio import CapacityLimiter, to_thread

from tocsin.engine.ports import StoreUnavailable
from tocsin.engine.rules import NoRules
from tocsin.web.live import (
    CALM,
    HEARTBEAT_EVERY,
    LIFE,
    LOOK_EVERY,
    SHUTDOWN_EVERY,
    Notifier,
    wait_for_change,
)

CALM_EACH = 0.002
"""Seconds of rest for each who watches, so that telling them takes half of a processor at most."""

S = TypeVar("S")
F = TypeVar("F", bound="Feed[Any]")
Found = TypeVar("Found", contravariant=True)

Looking = Callable[[S | None], S | None]
"""Looks at the store, given what was found before; returns that very thing if nothing is new."""


class Reader(Protocol[Found]):
    """One who watches: remembers what they have got."""

    async def take(self, found: Found | None) -> bytes | None:
        """Return what is new for this reader; None if they may read no more."""


class Feed(Generic[S]):
    """Looks for as long as anybody watches; `found` is what the latest look found."""

    def __init__(
        self, look: Looking[S], notifier: Notifier, threads: CapacityLimiter,
        shutting_down: Callable[[], bool],
    ) -> None:  # fmt: skip
        self.found: S | None = None
        self.is_over = False
        self._look = look
        self._notifier = notifier
        self._threads = threads
        self._shutting_down = shutting_down
        self._news = asyncio.Event()
        self._watching = 0
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Keep looking for as long as the block lasts."""
        self._watching += 1
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())
        try:
            yield
        finally:
            self._watching -= 1
            if not self._watching:
                self._task.cancel()
                self.is_over = True

    async def wait(self, known: S | None, at_most: float) -> None:
        """Wait until something else is found than `known`, at most so many seconds."""
        news = self._news
        if self.found is known and not self.is_over:
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), at_most)

    async def _run(self) -> None:
        changed = self._notifier.attach()
        try:
            while not self._shutting_down():
                changed.clear()
                with suppress(StoreUnavailable, NoRules):
                    found = await to_thread.run_sync(self._look, self.found, limiter=self._threads)
                    if found is not self.found:
                        self.found = found
                        self._tell()
                # To tell many takes long: meanwhile what happens gathers, and is told in one go.
                await asyncio.sleep(max(CALM, self._watching * CALM_EACH))
                await wait_for_change(changed, self._shutting_down)
        finally:
            # Also after a fault: whoever watches goes, and comes back by themselves.
            self._notifier.detach(changed)
            self.is_over = True
            self._tell()

    def _tell(self) -> None:
        self._news.set()
        self._news = asyncio.Event()


class Feeds:
    """The feeds that are watched at present, each under the name of what it looks at."""

    def __init__(self) -> None:
        self._feeds: dict[Hashable, Feed[Any]] = {}

    def feed(self, name: Hashable, make: Callable[[], F]) -> F:
        """Return the feed of that name in the running loop; it is made if nobody watches it."""
        key = (name, id(asyncio.get_running_loop()))
        for gone in [one for one, feed in self._feeds.items() if feed.is_over]:
            del self._feeds[gone]
        found = self._feeds.get(key)
        if found is None:
            found = self._feeds[key] = make()
        return found  # type: ignore[return-value]  # whoever made it gave it this name


async def follow(feed: Feed[S], reader: Reader[S]) -> AsyncIterator[bytes]:
    """Send what is new for the reader, soon after it has happened, until either side ends.

    The reader is asked at least every LOOK_EVERY seconds, also if nothing has happened.
    """
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LIFE
    spoke_at = loop.time()
    yield b"retry: 1000\n\n"
    with feed.watched():
        while loop.time() < ends_at and not feed.is_over:
            found = feed.found
            text = await reader.take(found)
            if text is None:
                return
            if text:
                yield text
                spoke_at = loop.time()
            elif loop.time() - spoke_at >= HEARTBEAT_EVERY:
                yield b": still here\n\n"
                spoke_at = loop.time()
            await feed.wait(found, min(LOOK_EVERY, SHUTDOWN_EVERY))
