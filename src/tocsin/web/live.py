"""Telling open pages that something has changed, and the streams in which they hear of it."""

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

LOOK_EVERY = 1.0
"""Seconds; another node may have changed something without being able to tell this one."""

SHUTDOWN_EVERY = 0.5
"""Seconds between two looks at whether the process is about to end."""

CALM = 0.2
"""Seconds between two looks at the store, however much happens."""

HEARTBEAT_EVERY = 15.0
"""Seconds after which a silent stream says that it is still there."""

LIFE = 600.0
"""Seconds after which a stream ends; the browser comes back by itself, and is let in anew."""


class Notifier:
    """Wakes the streams of this process; makes pages faster, never correct."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    def changed(self) -> None:
        """Tell every open stream to look again; may be called from any thread, and never waits."""
        with self._lock:
            waiting = list(self._waiting.items())
        for event, loop in waiting:
            if event.is_set():
                continue
            # A loop that has ended has nobody left to tell.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(event.set)

    def attach(self) -> asyncio.Event:
        """Return an event of the running loop that is set whenever something has changed."""
        event = asyncio.Event()
        with self._lock:
            self._waiting[event] = asyncio.get_running_loop()
        return event

    def detach(self, event: asyncio.Event) -> None:
        """Forget an event."""
        with self._lock:
            self._waiting.pop(event, None)


@dataclass(frozen=True)
class Fragment:
    """One message of a stream: a piece of a page. `id` is what a browser comes back with."""

    event: str
    html: str
    id: str = ""

    def encoded(self) -> bytes:
        """Return the message as it goes over the line."""
        lines = [f"event: {self.event}"]
        if self.id:
            lines.append(f"id: {self.id}")
        lines += [f"data: {line}" for line in self.html.splitlines()]
        return ("\n".join(lines) + "\n\n").encode()


Look = Callable[[], Awaitable[Sequence[Fragment] | None]]
"""Looks at the store and returns what is new since the last look; None ends the stream."""


async def stream(
    look: Look, notifier: Notifier, shutting_down: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """Send what `look` finds, soon after it has happened, until either side ends."""
    changed = notifier.attach()
    loop = asyncio.get_running_loop()
    ends_at = loop.time() + LIFE
    spoke_at = loop.time()
    try:
        yield b"retry: 1000\n\n"
        while not shutting_down() and loop.time() < ends_at:
            changed.clear()
            fragments = await look()
            if fragments is None:
                return
            for fragment in fragments:
                yield fragment.encoded()
            if fragments:
                spoke_at = loop.time()
            elif loop.time() - spoke_at >= HEARTBEAT_EVERY:
                yield b": still here\n\n"
                spoke_at = loop.time()
            await asyncio.sleep(CALM)
            await wait_for_change(changed, shutting_down)
    finally:
        notifier.detach(changed)


async def wait_for_change(changed: asyncio.Event, shutting_down: Callable[[], bool]) -> None:
    """Wait until something has changed, at most as long as a look may be put off."""
    waited = CALM
    while waited < LOOK_EVERY and not changed.is_set() and not shutting_down():
        pause = min(SHUTDOWN_EVERY, LOOK_EVERY - waited)
        with suppress(TimeoutError):
            await asyncio.wait_for(changed.wait(), pause)
        waited += pause
