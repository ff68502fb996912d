"""Regular expressions over text from outside, in time linear in its length."""

import re

from pydantic_core import SchemaError, SchemaValidator
from pydantic_core.core_schema import str_schema

PATTERN_CHARACTERS = 512

MOST_REPEATED = 64
"""A counted repetition is written out by the engine; of `\\w`, that is much each time."""

MOST_LETTERS = 16
"""So often may `\\w`, `\\p{...}` and the like be written out: each is hundreds of ranges, and a
pattern of 512 characters made of them takes 0.2 s and 40 MiB."""

MOST_COPIES = 512
"""So often may something be written out by repetitions of repetitions."""

_REPEATED = re.compile(r"\{(\d{1,9})(?:,(\d{1,9})?)?\}")
_LETTERS = re.compile(r"\\[wWpPbB]")
_CLASS_NAME = re.compile(r"\\([pP])\{[^{}]*\}")
_REPEATED_AGAIN = re.compile(r"(?<=[)}?*+])\{(\d{1,9})(?:,(\d{1,9})?)?\}")


class BadPattern(ValueError):
    """A pattern that cannot be used; the text says why and how to cure it."""


class Pattern:
    """A regular expression that must match the whole of a text.

    Alertmanager uses RE2. Python's `re` would do exponential work for some patterns, so pydantic's
    Rust engine is used: no look-around, no back references, and `\\d` and `\\w` mean Unicode's.
    """

    def __init__(self, text: str) -> None:
        if len(text) > PATTERN_CHARACTERS:
            raise BadPattern(
                f"The pattern has {len(text)} characters; shorten it to {PATTERN_CHARACTERS}."
            )
        for least, most in _REPEATED.findall(text):
            if int(most or least) > MOST_REPEATED:
                raise BadPattern(
                    f"The pattern repeats something {most or least} times; write `+` or `*`, or at "
                    f"most {MOST_REPEATED}."
                )
        letters, copies = _written_out(text)
        if copies > MOST_COPIES:
            raise BadPattern(
                f"The pattern repeats what is repeated already, {copies} times in all; write `+` or"
                f" `*`, or at most {MOST_COPIES}."
            )
        if letters > MOST_LETTERS:
            raise BadPattern(
                f"The pattern has `\\w` or its like more than {MOST_LETTERS} times, counted with"
                " repetitions; write `+`, `*` or `[a-z0-9_]`."
            )
        _compile(text)
        self.text = text
        self._validator = _compile(f"^(?:{text})$")

    def matches(self, value: str) -> bool:
        """Say whether the pattern matches all of `value`."""
        return self._validator.isinstance_python(value)


def _written_out(pattern: str) -> tuple[int, int]:
    """Return at most how many classes of letters, and copies of anything, the engine writes out.

    What repeats a group, or what is repeated already, multiplies all; what repeats a single class
    is added.
    """
    plain = _CLASS_NAME.sub(r"\\\1", pattern)
    groups = 1
    for least, most in _REPEATED_AGAIN.findall(plain):
        groups *= max(1, int(most or least))
    total = 0
    for found in _LETTERS.finditer(plain):
        end = found.end()
        if plain.rfind("[", 0, found.start()) > plain.rfind("]", 0, found.start()):
            end = plain.find("]", end) + 1 or end
        behind = _REPEATED.match(plain, end)
        total += max(1, int(behind[2] or behind[1])) if behind else 1
    once = [int(most or least) for least, most in _REPEATED.findall(plain)]
    return total * groups, groups * max(once, default=1) if groups > 1 else 1


def _compile(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        reason = str(error).strip().rsplit("\n", 1)[-1].strip()
        raise BadPattern(f"The pattern does not compile: {reason}") from None
