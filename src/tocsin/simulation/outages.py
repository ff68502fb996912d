"""Nights in which nodes have journals: what is drawn for them beside what every night has.

It is drawn from numbers of its own, so that all other nights are what they were without it.
"""

from collections.abc import Sequence

from tocsin.simulation.dice import Dice
from tocsin.simulation.schedule import MINUTE, SECOND, Do, Happening
from tocsin.simulation.stage import Stage

OWN_NUMBERS = 1 << 40
"""Is added to a seed for the numbers that are drawn here."""

SO_MANY = 0.35
"""In so many nights nodes have journals."""

LASTS = (12 * SECOND, 20 * SECOND, 45 * SECOND, 2 * MINUTE, 6 * MINUTE)
ENDS_WITHIN = 8 * SECOND
"""So soon after an outage what was done meanwhile is brought back: then things go wrong too."""

KINDS = ("one", "one", "all", "several", "store-down", "store-hangs", "full-disk")

DEEDS: tuple[Do, ...] = (
    "acknowledges", "acknowledges", "releases", "resolves", "escalates", "raises",
)  # fmt: skip


def outages(
    stage: Stage, seed: int, nodes: int, bursts: Sequence[tuple[int, int]]
) -> list[Happening]:
    """Return what happens beside, in each of these times; nothing if nobody has a journal."""
    dice = Dice(seed + OWN_NUMBERS)
    if not dice.chance(SO_MANY):
        return []
    found: list[Happening] = []
    for start, lasts in bursts:
        for _ in range(dice.number(1, 3)):
            at = start + dice.number(0, lasts)
            found += _Outage(stage, dice, nodes, at).happenings()
    return found


class _Outage:
    """One time without the store, for some or for all."""

    def __init__(self, stage: Stage, dice: Dice, nodes: int, at: int) -> None:
        self._stage = stage
        self._dice = dice
        self._nodes = nodes
        self._at = at
        self._lasts = dice.pick(LASTS)

    def happenings(self) -> list[Happening]:
        """Return it, with what happens meanwhile and at its end."""
        return [*self._begins(), *self._meanwhile(), *self._at_the_end()]

    def _begins(self) -> list[Happening]:
        dice = self._dice
        kind = dice.pick(KINDS)
        if kind in ("store-down", "store-hangs", "full-disk"):
            return [Happening(at=self._at, do=kind, lasts=self._lasts)]  # type: ignore[arg-type]
        cut = [self._node()] if kind == "one" else [f"node-{n + 1}" for n in range(self._nodes)]
        found = []
        for node in cut:
            after = 0 if kind != "several" else dice.number(0, self._lasts)
            lasts = self._lasts + (dice.number(0, self._lasts) if kind == "several" else 0)
            found.append(Happening(at=self._at + after, do="cut", who=node, lasts=lasts))
        return found

    def _meanwhile(self) -> list[Happening]:
        dice = self._dice
        found = []
        for _ in range(dice.number(1, 3)):
            label = dice.number(0, len(self._stage.labels) - 1)
            at = self._when()
            found.append(Happening(at=at, do="fires", number=label))
            if dice.chance(0.5):
                found.append(Happening(at=self._when(), do="over", number=label))
        for _ in range(dice.number(0, 3)):
            found.append(Happening(at=self._when(), do=dice.pick(DEEDS), number=dice.number(0, 9)))
        if dice.chance(0.1):
            found.append(Happening(at=self._when(), do="declares", number=dice.number(0, 9)))
        if dice.chance(0.1):
            found.append(Happening(at=self._when(), do="garbage"))
        if dice.chance(0.1):
            found.append(Happening(at=self._when(), do="storm", number=dice.number(5, 25)))
        if dice.chance(0.15):
            jump = dice.pick((SECOND, 10 * SECOND, MINUTE, 10 * MINUTE))
            jump = -jump if dice.chance(0.5) else jump
            found.append(self._fault("clock", self._when(), self._lasts, number=jump))
        if dice.chance(0.2):
            found.append(self._fault("kill", self._when(), SECOND, number=dice.number(0, 12)))
        if dice.chance(0.1):
            found.append(self._fault("journal-full", self._when(), dice.pick(LASTS)))
        return found

    def _at_the_end(self) -> list[Happening]:
        dice, found = self._dice, []
        fuse = dice.number(1, 14)
        if dice.chance(0.4):
            lasts = dice.pick((SECOND, 5 * SECOND, 20 * SECOND))
            found.append(self._fault("kill", self._soon_back(), lasts, number=fuse))
        if dice.chance(0.1):
            found.append(self._fault("power", self._soon_back(), 5 * SECOND, number=fuse))
        if dice.chance(0.15):
            lasts = dice.pick((2 * SECOND, 8 * SECOND, 60 * SECOND))
            found.append(self._fault("pause", self._soon_back(), lasts, number=fuse))
        if dice.chance(0.2):
            what, number = dice.pick(("lost", "kept")), dice.number(1, 3)
            at = self._soon_back()
            found.append(
                Happening(at=at, do="io-error", who=self._node(), what=what, number=number)
            )
        if dice.chance(0.25):
            lasts = dice.pick((5 * SECOND, 12 * SECOND, 45 * SECOND))
            found.append(self._fault("cut", self._soon_back(), lasts))
        if dice.chance(0.25):
            number = dice.number(1, 25)
            found.append(self._fault("between", self._soon_back(), 0, number=number))
        return found

    def _fault(self, do: Do, at: int, lasts: int, number: int = 0) -> Happening:
        return Happening(at=at, do=do, who=self._node(), number=number, lasts=lasts)

    def _when(self) -> int:
        return self._at + self._dice.number(0, self._lasts)

    def _soon_back(self) -> int:
        return self._at + self._lasts + self._dice.number(0, ENDS_WITHIN)

    def _node(self) -> str:
        return f"node-{self._dice.number(1, self._nodes)}"
