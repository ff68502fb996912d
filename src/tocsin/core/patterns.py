"""Regular expressions over text from outside, in time linear in its length."""

import re

from pydantic_core import SchemaError, SchemaValidator
from pydantic_core.core_schema import str_schema

PATTERN_CHARACTERS = 512

MOST_REPEATED = 64
"""A counted repetition is written out by the engine; of `\\w`, that is much each time."""

_REPEATED = re.compile(r"\{(\d{1,9})(?:,(\d{1,9})?)?\}")


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
        _compile(text)
        self.text = text
        self._validator = _compile(f"^(?:{text})$")

    def matches(self, value: str) -> bool:
        """Say whether the pattern matches all of `value`."""
        return self._validator.isinstance_python(value)


def _compile(pattern: str) -> SchemaValidator:
    try:
        return SchemaValidator(str_schema(pattern=pattern, regex_engine="rust-regex"))
    except SchemaError as error:
        reason = str(error).strip().rsplit("\n", 1)[-1].strip()
        raise BadPattern(f"The pattern does not compile: {reason}") from None
