"""Alertmanager's matchers, `severity=~"crit.*"`, as text and as a question to a label set."""

import re
from collections.abc import Mapping
from typing import Literal

import msgspec

from tocsin.core.patterns import BadPattern, Pattern

MATCHER_CHARACTERS = 4_096

Operator = Literal["=", "!=", "=~", "!~"]

# Newer Alertmanagers put names in quotes that are no Prometheus names, and so do we.
_MATCHER = re.compile(
    r'\s*(?P<name>[a-zA-Z_:][a-zA-Z0-9_:]*|"(?:[^"\\]|\\.)*")'
    r"\s*(?P<operator>=~|!=|!~|=)\s*(?P<value>.*)",
    re.DOTALL,
)
_QUOTED = re.compile(r'"(?P<inside>(?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(r'(?:[^"\\]|\\.)*\\?', re.DOTALL)
_ESCAPE = re.compile(r'\\([n"\\])')


class BadMatcher(BadPattern):
    """A matcher that cannot be understood; the text says why and how to cure it."""


class Matcher(msgspec.Struct, frozen=True):
    """One condition on one label; a label that is not there counts as empty."""

    name: str
    operator: Operator
    value: str
    pattern: Pattern | None = None

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Say whether the label set meets the condition."""
        value = labels.get(self.name, "")
        equal = self.pattern.matches(value) if self.pattern else value == self.value
        return equal is self.operator.startswith("=")


def read_matcher(text: str) -> Matcher:
    r"""Read `name="value"`; the operators are `=`, `!=`, `=~`, `!~`, the quotes may be left out.

    In the value `\"`, `\\` and `\n` are escapes and any other backslash is itself. A quote may
    not stand unescaped inside. Raises BadMatcher.
    """
    if len(text) > MATCHER_CHARACTERS:
        raise BadMatcher(f"A matcher may have {MATCHER_CHARACTERS} characters, not {len(text)}.")
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise BadMatcher('This is not a matcher; write one like severity="critical" or job=~"a|b".')
    name, value = match["name"], match["value"].rstrip()
    if name.startswith('"'):
        name = _unescaped(name[1:-1])
    quoted = _QUOTED.fullmatch(value)
    if quoted:
        value = quoted["inside"]
    elif not _BARE.fullmatch(value):
        raise BadMatcher('The value has an unescaped quote; write \\" for one inside "...".')
    operator = _OPERATORS[match["operator"]]
    value = _unescaped(value)
    pattern = Pattern(value) if operator in ("=~", "!~") else None
    return Matcher(name, operator, value, pattern)


_OPERATORS: Mapping[str, Operator] = {"=": "=", "!=": "!=", "=~": "=~", "!~": "!~"}


def _unescaped(text: str) -> str:
    return _ESCAPE.sub(lambda escape: "\n" if escape[1] == "n" else escape[1], text)
