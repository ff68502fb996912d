"""Many viewers of one room while much happens: how far each of them is behind."""

import asyncio
import re
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

MARK = re.compile(rb"sent at (\d+\.\d+) as (\d+)\.")
"""What every note of the measurement says: when it was sent, and its number."""

LONGEST_MARK = 60
"""Bytes; so much of a block may belong to a mark that the next block ends."""

SETTLE_SECONDS = 30.0
"""How long viewers may take after the last event until they count as not having got it."""


@dataclass
class Viewer:
    """One open page: what it has got, and how long after it was sent."""

    cookie: str
    lags: list[float] = field(default_factory=list)
    seen: set[int] = field(default_factory=set)
    twice: int = 0
    bytes: int = 0
    ended: bool = False

    async def watch(self, port: int, code: str, ready: asyncio.Semaphore) -> None:
        """Read the room's stream until it ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
        path = f"/live/incidents/{code}?after=0"
        head = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nCookie: {self.cookie}\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 200 " not in answer.split(b"\r\n", 1)[0]:
            raise OSError(answer.decode("latin-1").splitlines()[0])
        ready.release()
        rest = b""
        try:
            while block := await reader.read(1 << 18):
                self.bytes += len(block)
                rest = self._take(rest + block)
        finally:
            self.ended = True
            writer.close()

    def _take(self, text: bytes) -> bytes:
        """Note what has come, and return what may go on in the next block."""
        now, end = time.time(), 0
        for found in MARK.finditer(text):
            end = found.end()
            number = int(found[2])
            if number in self.seen:
                self.twice += 1
                continue
            self.seen.add(number)
            self.lags.append(now - float(found[1]))
        return text[max(end, len(text) - LONGEST_MARK) :]


@dataclass(frozen=True)
class Room:
    """The room that is watched, and the form by which notes are written there."""

    port: int
    code: str
    cookie: str
    form_token: str


async def _write(room: Room, numbers: asyncio.Queue[int], begun: float, rate: float) -> None:
    """Write notes, each no sooner than its turn at `rate` events a second."""
    reader, writer = await asyncio.open_connection("127.0.0.1", room.port)
    while not numbers.empty():
        number = numbers.get_nowait()
        await asyncio.sleep(max(0.0, begun + number / rate - time.time()))
        said = f"sent at {time.time():.4f} as {number}."
        body = urlencode({"text": said, "form_token": room.form_token}).encode()
        head = (
            f"POST /incidents/{room.code}/note HTTP/1.1\r\nHost: 127.0.0.1:{room.port}\r\n"
            f"Origin: http://127.0.0.1:{room.port}\r\nCookie: {room.cookie}\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        answer = await reader.readuntil(b"\r\n\r\n")
        if b" 303 " not in answer.split(b"\r\n", 1)[0]:
            raise OSError(answer.decode("latin-1").splitlines()[0])
        length = re.search(rb"content-length: (\d+)", answer, re.IGNORECASE)
        if length:
            await reader.readexactly(int(length[1]))
    writer.close()


async def run(
    room: Room, cookies: Sequence[str], events: int, rate: float
) -> tuple[list[Viewer], float]:
    """Let all watch while `events` happen; return the viewers and the seconds it took."""
    viewers = [Viewer(cookie) for cookie in cookies]
    ready = asyncio.Semaphore(0)
    watching = [asyncio.create_task(one.watch(room.port, room.code, ready)) for one in viewers]
    for _ in viewers:
        await ready.acquire()
    numbers: asyncio.Queue[int] = asyncio.Queue()
    for number in range(events):
        numbers.put_nowait(number)
    begun = time.time()
    await asyncio.gather(*(_write(room, numbers, begun, rate) for _ in range(4)))
    took = time.time() - begun
    deadline = time.time() + SETTLE_SECONDS
    while time.time() < deadline and any(len(one.seen) < events for one in viewers):
        await asyncio.sleep(0.1)
    for task in watching:
        task.cancel()
    await asyncio.gather(*watching, return_exceptions=True)
    return viewers, took


def share(sorted_values: Sequence[float], part: float) -> float:
    """Return the value below which `part` of all lie; nan of none."""
    if not sorted_values:
        return float("nan")
    return sorted_values[min(len(sorted_values) - 1, int(part * len(sorted_values)))]
