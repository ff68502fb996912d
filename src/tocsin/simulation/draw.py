"""From a seed to a schedule: which kinds of trouble it has, how much of each, and when."""

from tocsin.simulation.dice import Dice
from tocsin.simulation.outages import outages
from tocsin.simulation.rushes import rushes
from tocsin.simulation.schedule import (
    FAULTS,
    HOUR,
    MINUTE,
    SECOND,
    Do,
    Happening,
    Schedule,
)
from tocsin.simulation.stage import Stage

LASTS = 48 * HOUR
"""So long is a run; most of the time nothing happens in it."""

AT_ONCE = 4
"""So many more times than other faults somebody acts in the middle of a transaction: most of them
find nobody who would."""

PROVIDER_MOODS = (
    "temporary", "permanent", "hangs", "hangs-and-delivers", "denies", "pretends", "slow",
    "rate-limits",
)  # fmt: skip
"""What a provider may do instead of delivering, see `providers.py`."""

DEEDS: tuple[Do, ...] = (
    "acknowledges", "releases", "resolves", "reopens", "escalates", "raises", "merges",
)  # fmt: skip


def draw(stage: Stage, seed: int) -> Schedule:
    """Return the schedule of a seed: each has some of the faults, a few of them often (swarm)."""
    dice = Dice(seed)
    nodes = dice.pick((1, 1, 2, 2, 3))
    faults = [fault for fault in FAULTS if dice.chance(0.4)]
    often = dice.pick((1, 2, 4))
    deeds = [deed for deed in DEEDS if dice.chance(0.4)]
    edits = dice.chance(0.4)
    happenings: list[Happening] = []
    bursts = _bursts(dice)
    for start, lasts in bursts:
        burst = _Burst(stage, dice, nodes, start, lasts)
        happenings += _burst(burst, faults, often)
        happenings += _people(burst, deeds, edits=edits)
        over = start + lasts + dice.number(MINUTE, 40 * MINUTE)
        happenings.append(Happening(at=over, do="clears"))
    beside = outages(stage, seed, nodes, bursts)
    more = [*beside, *rushes(stage, seed, nodes, bursts)]
    happenings += [one for one in more if one.at < LASTS]
    happenings.sort(key=lambda one: one.at)
    return Schedule(
        seed=seed,
        nodes=nodes,
        journals=bool(beside),
        happenings=tuple(happenings),
        answering=dice.pick((0.1, 0.5, 0.9)),
        quick=dice.pick((10 * SECOND, 2 * MINUTE, 20 * MINUTE)),
        ends=LASTS,
    )


def _bursts(dice: Dice) -> list[tuple[int, int]]:
    """Return when things happen, and for how long; the last time, faults end in the middle of it.

    The first may lie at the hand-over of the roster, three hours after the start.
    """
    found = []
    if dice.chance(0.4):
        lasts = dice.number(2 * MINUTE, 50 * MINUTE)
        at_hand_over = 3 * HOUR - dice.number(0, lasts)
        found.append((at_hand_over if dice.chance(0.3) else dice.number(0, 40 * HOUR), lasts))
    lasts = dice.number(2 * MINUTE, 60 * MINUTE)
    found.append((LASTS - lasts, lasts))
    return found


class _Burst:
    """Some minutes in which things happen."""

    def __init__(self, stage: Stage, dice: Dice, nodes: int, start: int, lasts: int) -> None:
        self.stage = stage
        self.dice = dice
        self.nodes = nodes
        self._start = start
        self._lasts = lasts

    def when(self) -> int:
        """Return a moment within it."""
        return self._start + self.dice.number(0, self._lasts)

    def node(self) -> str:
        """Return one of the nodes."""
        return f"node-{self.dice.number(1, self.nodes)}"

    def channels(self) -> list[str]:
        """Return the channels that leave the house; the inbox where there is none."""
        return [name for name, _ in self.stage.channels] or ["inbox"]

    def label(self) -> int:
        """Return one of the alerts that the stage knows."""
        return self.dice.number(0, len(self.stage.labels) - 1)


def _burst(burst: _Burst, faults: list[Do], often: int) -> list[Happening]:
    dice = burst.dice
    found: list[Happening] = []
    for _ in range(dice.number(1, 4)):
        label, at = burst.label(), burst.when()
        found.append(Happening(at=at, do="fires", number=label))
        if dice.chance(0.4):
            again = at + dice.pick((0, SECOND, 30 * SECOND, 4 * MINUTE, 25 * MINUTE))
            found.append(Happening(at=again, do="fires", number=label))
        if dice.chance(0.4):
            end = max(0, at + dice.number(-MINUTE, 30 * MINUTE))
            found.append(Happening(at=end, do="over", number=label))
    if dice.chance(0.1):
        found.append(Happening(at=burst.when(), do="storm", number=dice.number(5, 25)))
    if dice.chance(0.1):
        found.append(Happening(at=burst.when(), do="poison", number=burst.label()))
    if dice.chance(0.1):
        found.append(Happening(at=burst.when(), do="garbage"))
    if dice.chance(0.2):
        found.append(Happening(at=burst.when(), do="declares"))
    for fault in faults:
        times = dice.number(1, often) * (AT_ONCE if fault == "between" else 1)
        found += [_fault(burst, fault) for _ in range(times)]
    return found


def _fault(burst: _Burst, fault: Do) -> Happening:
    dice, at, node = burst.dice, burst.when(), burst.node()
    lasts = dice.pick((SECOND, 5 * SECOND, 20 * SECOND, MINUTE, 5 * MINUTE))
    match fault:
        case "kill" | "power" | "upgrade":
            after = dice.pick((0, dice.number(1, 6), dice.number(1, 30)))
            return Happening(at=at, do=fault, who=node, number=after, lasts=lasts)
        case "io-error":
            what = dice.pick(("lost", "kept"))
            return Happening(at=at, do=fault, who=node, what=what, number=dice.number(1, 3))
        case "full-disk" | "store-down" | "lost-answers":
            return Happening(at=at, do=fault, lasts=lasts)
        case "cut":
            return Happening(at=at, do=fault, who=node, lasts=lasts)
        case "cut-provider":
            channel = dice.pick((*burst.channels(), ""))
            return Happening(at=at, do=fault, who=node, what=channel, lasts=lasts)
        case "pause":
            after = dice.pick((0, dice.number(1, 10)))
            lasts = dice.pick((2 * SECOND, 8 * SECOND, 60 * SECOND, 90 * SECOND))
            return Happening(at=at, do=fault, who=node, number=after, lasts=lasts)
        case "clock":
            jump = dice.pick((SECOND, 3 * SECOND, 10 * SECOND, MINUTE, 10 * MINUTE))
            jump = -jump if dice.chance(0.5) else jump
            return Happening(at=at, do=fault, who=node, number=jump, lasts=lasts)
        case "provider":
            mood = dice.pick(PROVIDER_MOODS)
            channel = dice.pick(burst.channels())
            return Happening(at=at, do=fault, who=channel, what=mood, lasts=lasts)
        case _:
            return Happening(at=at, do="between", who=node, number=dice.number(1, 25))


def _people(burst: _Burst, deeds: list[Do], *, edits: bool) -> list[Happening]:
    dice = burst.dice
    found = []
    for deed in deeds:
        for _ in range(dice.number(1, 2)):
            found.append(Happening(at=burst.when(), do=deed, number=dice.number(0, 9)))
    if edits:
        for _ in range(dice.number(1, 3)):
            edit = dice.number(0, max(0, len(burst.stage.edits) - 1))
            found.append(Happening(at=burst.when(), do="edits", number=edit))
        if dice.chance(0.5):
            lasts = dice.number(MINUTE, 8 * HOUR)
            found.append(
                Happening(at=burst.when(), do="overrides", number=dice.number(0, 9), lasts=lasts)
            )
    return found
