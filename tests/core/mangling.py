"""Texts that are almost plans: what people, editors and attackers make of a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from random import Random

PLANS = Path(__file__).parents[2] / "plans"
WORDS: tuple[str, ...] = (
    *"{}[]#'\"%<\\\t\0\ufeff\u2028",
    ": ", ", ", "- ", "|\n", ">\n", "? ", "&a ", "*a", "!t ", "\r\n", "---\n", "...\n",
    "\u00e2\u20ac", "null", "true", "[]", "{}", "9" * 40, "1e999", "-0", "5m", "within", "never",
    "immediate", "P0", "T+5m", "~(a|a)*", "!!!!a", "a == 1", "choice(1h, 2h)",
    "unspecified", "{{ a }}", "\U0001f6a8",
)  # fmt: skip


def originals(name: str = "plan.yaml") -> list[str]:
    """The texts of that name that come with Tocsin."""
    return [path.read_text(encoding="utf-8") for path in sorted(PLANS.glob(f"*/{name}"))]


def mangled(random: Random, text: str, *, times: int = 3, limit: int = 64 * 1024) -> str:
    """Change a text at a few places; at most `limit` characters of it come back."""
    for _ in range(random.randint(1, times)):
        way = random.choice(_WAYS)
        text = way(random, text)[:limit]
    return text


def _span(random: Random, text: str) -> tuple[int, int]:
    start = random.randint(0, len(text))
    return start, min(len(text), start + random.choice((1, 2, 8, 40, 200)))


def _left_out(random: Random, text: str) -> str:
    start, end = _span(random, text)
    return text[:start] + text[end:]


def _inserted(random: Random, text: str) -> str:
    start, _ = _span(random, text)
    return text[:start] + random.choice(WORDS) + text[start:]


def _repeated(random: Random, text: str) -> str:
    start, end = _span(random, text)
    times: int = random.choice((1, 2, 10, 1_000))
    return text[:end] + text[start:end] * times + text[end:]


def _moved(random: Random, text: str) -> str:
    start, end = _span(random, text)
    to = random.randint(0, start)
    return text[:to] + text[start:end] + text[to:start] + text[end:]


def _line_repeated(random: Random, text: str) -> str:
    lines = text.split("\n")
    number = random.randrange(len(lines))
    times = random.choice((1, 5, 500))
    copies = [_numbered(lines[number], copy) for copy in range(times)]
    return "\n".join([*lines[: number + 1], *copies, *lines[number + 1 :]])


def _numbered(line: str, number: int) -> str:
    """The line with another name in it, so that a list of copies holds no duplicates."""
    key, colon, rest = line.partition(":")
    return f"{key}{number}{colon}{rest}"


def _value_changed(random: Random, text: str) -> str:
    lines = text.split("\n")
    number = random.randrange(len(lines))
    key, colon, _ = lines[number].partition(":")
    lines[number] = f"{key}{colon} {random.choice(WORDS)}"
    return "\n".join(lines)


def _indented(random: Random, text: str) -> str:
    lines = text.split("\n")
    number = random.randrange(len(lines))
    lines[number] = " " * random.randint(0, 8) + lines[number].lstrip(" ")
    return "\n".join(lines)


_WAYS: tuple[Callable[[Random, str], str], ...] = (
    _left_out, _inserted, _repeated, _moved, _line_repeated, _value_changed, _indented,
)  # fmt: skip
