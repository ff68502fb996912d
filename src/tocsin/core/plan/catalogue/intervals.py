"""Which values of a number a condition is about, and what lies between several of them."""

import re
from collections.abc import Iterable
from itertools import pairwise
from math import inf, nextafter

import msgspec

_COMPARISON = re.compile(r"([a-z_]\w*)\s*(<=|>=|<|>|==)\s*\(?(-?\d[\d.]*(?:[eE][-+]?\d+)?)\)?")
_TURNED = re.compile(r"\(?(-?\d[\d.]*(?:[eE][-+]?\d+)?)\)?\s*(<=|>=|<|>|==)\s*([a-z_]\w*)")
_MIRROR = {"<": ">", ">": "<", "<=": ">=", ">=": "<=", "==": "=="}


class Interval(msgspec.Struct, frozen=True, order=True):
    """The floats from `low` to `high`, both included; an open end is the next float."""

    low: float
    high: float

    def meets(self, other: "Interval") -> bool:
        """Whether the two overlap or touch, so that nothing lies between them."""
        return self.low <= nextafter(other.high, inf) and other.low <= nextafter(self.high, inf)

    def holds(self, value: float) -> bool:
        """Whether a value lies within."""
        return self.low <= value <= self.high


def above(limit: float) -> Interval:
    """Everything strictly above a limit."""
    return Interval(nextafter(limit, inf), inf)


def below(limit: float) -> Interval:
    """Everything strictly below a limit."""
    return Interval(-inf, nextafter(limit, -inf))


def intervals(condition: str) -> dict[str, list[Interval]]:
    """For each number that a condition compares alone: the values for which it holds.

    Of `a > 1 && a <= 5 || b < 2` these are 1 to 5 for a, and below 2 for b. What hangs on several
    facts at once is left out: it covers a value only sometimes.
    """
    found: dict[str, list[Interval]] = {}
    for alternative in _split(condition, "||"):
        parts = [_comparison(part) for part in _split(alternative, "&&")]
        names = {part[0] for part in parts if part is not None}
        if len(names) == 1 and None not in parts:
            ranges = [part[1] for part in parts if part is not None]
            low, high = max(r.low for r in ranges), min(r.high for r in ranges)
            if low <= high:
                found.setdefault(names.pop(), []).append(Interval(low, high))
    return found


def joined(parts: Iterable[Interval]) -> list[Interval]:
    """The same values as few intervals in order, none of which meet."""
    result: list[Interval] = []
    for part in sorted(parts):
        if result and result[-1].meets(part):
            last = result.pop()
            part = Interval(min(last.low, part.low), max(last.high, part.high))
        result.append(part)
    return result


def without(whole: Iterable[Interval], taken: Iterable[Interval]) -> list[Interval]:
    """The values of `whole` that are in none of `taken`, as intervals in order."""
    left = joined(whole)
    for cut in joined(taken):
        rest: list[Interval] = []
        for part in left:
            if part.high < cut.low or part.low > cut.high:
                rest.append(part)
                continue
            if part.low < cut.low:
                rest.append(Interval(part.low, nextafter(cut.low, -inf)))
            if part.high > cut.high:
                rest.append(Interval(nextafter(cut.high, inf), part.high))
        left = rest
    return left


def holes(parts: Iterable[Interval]) -> list[Interval]:
    """What lies between intervals in a row.

    Between values too low and values too high lies what is normal: that is no hole.
    """
    row = joined(parts)
    return [
        Interval(nextafter(one.high, inf), nextafter(other.low, -inf))
        for one, other in pairwise(row)
        if not (one.low == -inf and other.high == inf)
    ]


def in_words(interval: Interval) -> str:
    """An interval as people say it: `above 0.01 up to 0.05`, `from 0.2 below 1`."""
    low, high = interval.low, interval.high
    parts = (
        f"{'from' if _is_written(low) else 'above'} {low:.10g}" if low != -inf else "",
        f"{'up to' if _is_written(high) else 'below'} {high:.10g}" if high != inf else "",
    )
    return " ".join(part for part in parts if part) or "any value"


def _is_written(value: float) -> bool:
    """Whether it is a number that somebody writes, and not the float beside one."""
    return float(f"{value:.10g}") == value


def _comparison(text: str) -> tuple[str, Interval] | None:
    plain = _bare(text)
    if match := _COMPARISON.fullmatch(plain):
        name, sign, number = match[1], match[2], match[3]
    elif match := _TURNED.fullmatch(plain):
        name, sign, number = match[3], _MIRROR[match[2]], match[1]
    else:
        return None
    try:
        limit = float(number)
    except ValueError:
        return None
    ranges = {
        ">": above(limit), ">=": Interval(limit, inf), "<": below(limit),
        "<=": Interval(-inf, limit), "==": Interval(limit, limit),
    }  # fmt: skip
    return name, ranges[sign]


def _split(text: str, operator: str) -> list[str]:
    """The operands of an operator that stands outside all brackets and texts."""
    plain = _bare(text)
    parts, depth, start, quote = [], 0, 0, ""
    for place, character in enumerate(plain):
        if quote:
            quote = "" if character == quote else quote
        elif character in "\"'":
            quote = character
        elif depth == 0 and plain.startswith(operator, place):
            parts.append(plain[start:place])
            start = place + len(operator)
        depth += (not quote) * ((character in "([{") - (character in ")]}"))
    return [*parts, plain[start:]]


def _bare(text: str) -> str:
    """A text without the brackets that enclose all of it."""
    plain = text.strip()
    while plain.startswith("(") and _closing(plain) == len(plain) - 1:
        plain = plain[1:-1].strip()
    return plain


def _closing(text: str) -> int:
    """The place of the bracket that closes the first one; -1 if none does."""
    depth = 0
    for place, character in enumerate(text):
        depth += (character == "(") - (character == ")")
        if depth == 0:
            return place
    return -1
