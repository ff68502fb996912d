"""Regular expressions over text from outside, in time linear in its length."""

from typing import Annotated

from pydantic import ConfigDict, StringConstraints, TypeAdapter
from pydantic_core import SchemaError

PATTERN_CHARACTERS = 512


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
        _compile(text)
        self.text = text
        self._validator = _compile(f"^(?:{text})$").validator

    def matches(self, value: str) -> bool:
        """Say whether the pattern matches all of `value`."""
        return self._validator.isinstance_python(value)


def _compile(pattern: str) -> TypeAdapter[str]:
    kind = Annotated[str, StringConstraints(pattern=pattern)]
    try:
        return TypeAdapter(kind, config=ConfigDict(regex_engine="rust-regex"))
    except SchemaError as error:
        reason = str(error).strip().rsplit("\n", 1)[-1].strip()
        raise BadPattern(f"The pattern does not compile: {reason}") from None
