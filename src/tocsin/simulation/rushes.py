"""Many incidents within seconds, while messages to the same people are on their way and fail.

Without them hardly two messages of a night would meet, and bundles would hardly be tried. As
`outages`, drawn from numbers of its own, so that all other nights are what they were without it.
"""

from collections.abc import Sequence

from tocsin.simulation.dice import Dice
from tocsin.simulation.schedule import SECOND, Happening
from tocsin.simulation.stage import Stage

OWN_NUMBERS = 1 << 41
"""Is added to a seed for the numbers that are drawn here."""

SO_MANY = 0.25
"""In so many nights there is one."""

WITHIN = 3 * SECOND
AGAIN = 11 * SECOND
"""When a message is tried again that has hung."""

MOODS = (
    "slow", "hangs", "hangs-and-delivers", "hangs-and-delivers", "denies", "temporary", "permanent",
)  # fmt: skip


def rushes(
    stage: Stage, seed: int, nodes: int, bursts: Sequence[tuple[int, int]]
) -> list[Happening]:
    """Return what happens in one of these times; nothing in most nights."""
    dice = Dice(seed + OWN_NUMBERS)
    if not dice.chance(SO_MANY):
        return []
    start, lasts = dice.pick(bursts)
    began = start + dice.number(0, lasts)
    found = []
    for name in range(dice.number(2, 8)):
        # Some come when what has failed before is tried again.
        at = began + dice.number(0, WITHIN) + dice.pick((0, AGAIN))
        number = dice.number(1, 6)
        found.append(Happening(at=at, do="storm", what=f"{name} ", number=number))
    if dice.chance(0.5):
        node = f"node-{dice.number(1, nodes)}"
        after = dice.number(0, 12)
        at = began + dice.number(0, WITHIN)
        found.append(Happening(at=at, do="kill", who=node, number=after, lasts=2 * SECOND))
    if dice.chance(0.5):
        channel = dice.pick([name for name, _ in stage.channels] or ["inbox"])
        long = dice.pick((3 * SECOND, 10 * SECOND, 60 * SECOND))
        mood = dice.pick(MOODS)
        found.append(Happening(at=began, do="provider", who=channel, what=mood, lasts=long))
    return found
