"""Conditions in words: `data_breach == "confirmed" && error_rate > 0.05` read aloud.

Reads the part of CEL that plans use. What it does not understand is said as it is written.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tocsin.core.plan.model import FactRule
from tocsin.core.words.phrases import fact_words, listed, named

_TOKEN = re.compile(
    r"""\s*(?:(?P<text>"[^"\\]*"|'[^'\\]*')|(?P<number>\d+(?:\.\d+)?(?:[eE][-+]?\d+)?)"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>&&|\|\||==|!=|<=|>=|[-+*/<>!()\[\],.]))"""
)
_SITUATION = {
    "severity": "the severity", "kind": "the kind of incident", "phase": "the phase",
    "mode": "the mode", "state": "the incident", "status": "the published status",
    "other_incidents": "the number of other open incidents",
    "alerts_firing": "the number of alerts that still fire",
}  # fmt: skip
_COMPARED = {
    "==": "is", "!=": "is not", ">": "is above", ">=": "is at least", "<": "is below",
    "<=": "is at most",
}  # fmt: skip
_SUMS = {"+": "plus", "-": "minus", "*": "times", "/": "divided by"}
_TESTS = {"contains": "contains", "startsWith": "begins with", "endsWith": "ends with"}
_TRUTHS = {"true": True, "false": False}
_LIMIT = 500


class _NotUnderstood(Exception):
    """The expression goes beyond what can be said in words."""


@dataclass(frozen=True)
class _Said:
    """A part in words; `kind`: "and" and "or" need care within one another."""

    words: str
    kind: str = ""
    denied: str = ""


@dataclass
class _Reader:
    tokens: list[tuple[str, str]]
    facts: Mapping[str, FactRule]
    at: int = 0
    depth: int = field(default=0)

    def next_is(self, *signs: str) -> bool:
        return self.at < len(self.tokens) and self.tokens[self.at] in {("sign", s) for s in signs}

    def take(self, *signs: str) -> tuple[str, str]:
        if self.at >= len(self.tokens) or (signs and not self.next_is(*signs)):
            raise _NotUnderstood
        self.at += 1
        return self.tokens[self.at - 1]

    def any_of(self) -> _Said:
        return self._joined("||", "or", self.all_of)

    def all_of(self) -> _Said:
        return self._joined("&&", "and", self.question)

    def _joined(self, sign: str, word: str, part: Callable[[], _Said]) -> _Said:
        parts = [part()]
        while self.next_is(sign):
            self.take(sign)
            parts.append(part())
        if len(parts) == 1:
            return parts[0]
        mixed = any(one.kind and one.kind != word for one in parts)
        said = [f"either {one.words}" if one.kind == "or" and word == "and" else one.words
                for one in parts]  # fmt: skip
        return _Said(f", {word} ".join(said) if mixed else listed(said, word), word)

    def question(self) -> _Said:
        if self.next_is("!"):
            self.take("!")
            inner = self.question()
            return _Said(inner.denied or f"it is not so that {inner.words}", denied=inner.words)
        left = self.sum()
        if self.next_is(*_COMPARED):
            return self._compared(left, self.take()[1])
        if self.at < len(self.tokens) and self.tokens[self.at] == ("name", "in"):
            self.take()
            return _Said(f"{left.words} is {listed(self._list(), 'or')}")
        return left

    def _compared(self, left: _Said, sign: str) -> _Said:
        if self.at < len(self.tokens) and self.tokens[self.at][1] in _TRUTHS and left.denied:
            wanted = _TRUTHS[self.take()[1]] == (sign == "==")
            yes, no = left.words, left.denied
            return _Said(yes, denied=no) if wanted else _Said(no, denied=yes)
        right = self.sum()
        opposite = {"==": "!=", "!=": "=="}.get(sign)
        denied = f"{left.words} {_COMPARED[opposite]} {right.words}" if opposite else ""
        return _Said(f"{left.words} {_COMPARED[sign]} {right.words}", denied=denied)

    def sum(self) -> _Said:
        left = self.value()
        while self.next_is(*_SUMS):
            sign = self.take()[1]
            left = _Said(f"{left.words} {_SUMS[sign]} {self.value().words}")
        return left

    def value(self) -> _Said:
        self.depth += 1
        if self.depth > _LIMIT:
            raise _NotUnderstood
        if self.next_is("("):
            self.take("(")
            inner = self.any_of()
            self.take(")")
            return inner
        kind, token = self.take()
        if kind == "text":
            return _Said(_text(token))
        if kind == "number":
            return _Said(token.removesuffix(".0"))
        if kind != "name" or token == "in":
            raise _NotUnderstood
        if token == "size" and self.next_is("("):
            self.take("(")
            inner = self.sum()
            self.take(")")
            return _Said(f"the length of {inner.words}")
        return self._fact(token)

    def _fact(self, name: str) -> _Said:
        words = _SITUATION.get(name) or fact_words(name)
        if self.next_is("."):
            self.take(".")
            test = _TESTS.get(self.take()[1])
            if test is None:
                raise _NotUnderstood
            self.take("(")
            wanted = self.sum()
            self.take(")")
            return _Said(f"{words} {test} “{wanted.words}”")
        rule = self.facts.get(name)
        yes_or_no = name not in _SITUATION and (rule is None or rule.kind == "bool")
        return _Said(words, denied=f"not {words}" if yes_or_no else "")

    def _list(self) -> list[str]:
        self.take("[")
        said = [self.value().words]
        while self.next_is(","):
            self.take(",")
            said.append(self.value().words)
        self.take("]")
        return said


def condition(expression: str, facts: Mapping[str, FactRule] | None = None) -> str:
    """Say a condition in words; the expression itself where there are none. Never raises."""
    tokens = _tokens(expression)
    if not tokens:
        return expression
    reader = _Reader(tokens, facts or {})
    try:
        said = reader.any_of()
    except (_NotUnderstood, RecursionError):
        return expression
    return said.words if reader.at == len(tokens) else expression


def _tokens(expression: str) -> list[tuple[str, str]]:
    tokens, at, end = [], 0, len(expression.rstrip())
    while at < end:
        found = _TOKEN.match(expression, at)
        if found is None or found.lastgroup is None:
            return []
        tokens.append((found.lastgroup, found[found.lastgroup]))
        at = found.end()
    return tokens


def _text(token: str) -> str:
    inner = token[1:-1]
    if inner in ("no", "yes"):
        return f"“{inner}”"
    return named(inner) if inner else "empty"
