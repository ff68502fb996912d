"""Makes inputs that are almost what a parser expects, and keeps those that it took long for.

There is no atheris here: nothing says which branch an input has reached. In its place the words
of each format are put in, inputs are spliced, and what was slow is changed further.
"""

from __future__ import annotations

import os
import resource
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from time import perf_counter, process_time

CORPUS = Path(__file__).with_name("corpus")
"""Inputs that have broken something once, by target; all of them are tried in every run."""

SIZE = 64 * 1024
SECONDS_EACH = 0.1
"""What 64 KiB may take of a processor (T-F1)."""

MIB_MORE = 64
"""By how many MiB the process may grow through one target (T-F1)."""

EVERYWHERE: tuple[bytes, ...] = (
    b"\x00", b"\xff", b"\xef\xbb\xbf", b"\xed\xa0\x80", b"\\ud800", b"\\u0000", b"\r\n", b"\n\n",
    "\u202e".encode(), "\u2028".encode(), "\U0001f6a8".encode(), b"\x1b[31m", b"\x1b]0;x\x07",
    b"9" * 40, b"-1", b"1e999", b"NaN", b"Infinity", b"null", b"true", b'"', b"'", b"`", b"\\",
    b"{", b"}", b"[", b"]", b"(", b")", b"<", b">", b"&", b"%", b"%00", b"%s", b"*", b"_", b"|",
    b"0001-01-01T00:00:00Z", b"9999-12-31T23:59:59.999999999Z", b"+99:99", "\u0663".encode(),
    b"{{ a }}", b"{{", b"}}", b"${a}", b"__class__", b"../", b"a" * 300, b" " * 300, b"=?utf-8?q?",
    b"javascript:", b"http://", b"@", b";", b",", b":", b"=", b"/", b"#", b"?", b"~", b"!",
)  # fmt: skip


def effort(name: str, usual: int) -> int:
    """Return what the environment asks for as TORTURE_<name>, else what is usual."""
    return int(os.environ.get(f"TORTURE_{name}", usual))  # noqa: TID251


@dataclass(frozen=True)
class Target:
    """One parser: `run` gets bytes and raises nothing, whatever they are."""

    name: str
    run: Callable[[bytes], object]
    seeds: Sequence[bytes]
    words: Sequence[bytes] = ()
    at_most: int = SIZE
    """Bytes of an input: what is longer is refused before this parser sees it."""

    def regressions(self) -> list[bytes]:
        """What has broken it once."""
        folder = CORPUS / self.name
        return [one.read_bytes() for one in sorted(folder.iterdir())] if folder.is_dir() else []


@dataclass
class Tried:
    """What came of trying one target for a while; seconds are of the processor."""

    target: str
    inputs: int = 0
    slowest: float = 0.0
    slowest_input: bytes = b""
    mib_more: float = 0.0
    crashes: list[tuple[bytes, str]] = field(default_factory=list)
    slow: list[bytes] = field(default_factory=list)


def mutated(dice: Random, data: bytes, other: bytes, words: Sequence[bytes], most: int) -> bytes:
    """Change `data` in one to six places, at times with a piece of `other`."""
    for _ in range(dice.randint(1, 6)):
        at = dice.randint(0, len(data))
        end = min(len(data), at + dice.choice((0, 1, 1, 2, 4, 8, 40, 400)))
        match dice.randrange(9):
            case 0:
                new = b""
            case 1:
                new = dice.choice(EVERYWHERE)
            case 2:
                new = dice.choice(words) if words else dice.choice(EVERYWHERE)
            case 3:
                new = data[at:end] * dice.choice((2, 2, 3, 50, 2000))
            case 4:
                new = dice.choice(EVERYWHERE) * dice.choice((2, 30, 5000))
            case 5:
                new = dice.randbytes(dice.randint(1, 4))
            case 6:
                begin = dice.randint(0, len(other))
                new = other[begin : begin + dice.choice((1, 8, 60, 2000))]
            case 7 if words:
                new = (dice.choice(words) + dice.choice(EVERYWHERE)) * dice.choice((1, 3, 1000))
            case _:
                new = bytes(reversed(data[at:end]))
        data = (data[:at] + new + data[end:])[:most]
    return data


def allowed(data: bytes) -> float:
    """The seconds that an input of this size may take."""
    return SECONDS_EACH * max(1.0, len(data) / SIZE)


def search(target: Target, number: int, *, seconds: float = 0.0, inputs: int = 0) -> Tried:
    """Try a target for so many seconds, or with so many inputs; the same number, the same inputs.

    What takes long is kept and changed further.
    """
    dice = Random(f"{target.name} {number}")
    tried = Tried(target.name)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    kept = [seed[: target.at_most] for seed in target.seeds] or [b""]
    begun = list(kept)
    for data in [*kept, *target.regressions()]:
        _try(target, data, tried)
    slowest: list[tuple[float, bytes]] = []
    ends = perf_counter() + seconds
    while perf_counter() < ends if seconds else tried.inputs < inputs:
        origin = dice.choice(begun) if dice.random() < 0.6 or not slowest else slowest[-1][1]
        data = mutated(dice, origin, dice.choice(kept), target.words, target.at_most)
        took = _try(target, data, tried)
        if len(slowest) < 8 or took > slowest[0][0]:
            slowest = sorted([*slowest, (took, data)])[-8:]
    tried.mib_more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    return tried


def _try(target: Target, data: bytes, tried: Tried) -> float:
    tried.inputs += 1
    took = _timed(target, data, tried)
    if took > allowed(data):
        # What was slow by chance is not slow.
        took = min(took, _timed(target, data, tried), _timed(target, data, tried))
        if took > allowed(data):
            tried.slow.append(data)
    if took > tried.slowest:
        tried.slowest, tried.slowest_input = took, data
    return took


def _timed(target: Target, data: bytes, tried: Tried) -> float:
    begun = process_time()
    try:
        target.run(data)
    except Exception:  # noqa: BLE001  # whatever comes is a finding
        if len(tried.crashes) < 20:
            tried.crashes.append((data, traceback.format_exc(limit=-5)))
    return process_time() - begun


def kept_in(target: str, data: bytes, folder: Path) -> Path:
    """Write an input that has broken something to a folder; return where it is."""
    place = folder / target
    place.mkdir(parents=True, exist_ok=True)
    path = place / sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path
