"""Chance, from numbers alone: the same on every machine and every version of Python."""

from collections.abc import Sequence
from hashlib import blake2b
from random import Random
from typing import TypeVar

Thing = TypeVar("Thing")

_WHOLE = 1 << 64


class Dice:
    """Draws one thing after the other from a seed.

    Everything goes through `Random.random`, whose numbers Python promises not to change.
    """

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random

    def chance(self, likely: float) -> bool:
        """Say yes so often."""
        return self._random() < likely

    def number(self, least: int, most: int) -> int:
        """Return a whole number, both ends included."""
        return least + int(self._random() * (most - least + 1))

    def pick(self, things: Sequence[Thing]) -> Thing:
        """Return one of `things`."""
        return things[int(self._random() * len(things))]


def lot(seed: int, *about: object) -> float:
    """Return a number from 0 to below 1 that hangs on nothing but `seed` and what it is about."""
    text = f"{seed}/{'/'.join(map(str, about))}"
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / _WHOLE
