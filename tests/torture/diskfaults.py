"""The disk refuses: each write, sync, creation and renaming of thirteen scenes, in turn.

python -m tests.torture.diskfaults --stride 5

At the n-th call that touches a file of the data directory, the call fails (EIO, ENOSPC, EDQUOT,
EINTR) or writes only half; once, or for a while. What was answered must be there afterwards, what
could not be kept must have been refused, and when the disk is well again all goes on.
"""

from __future__ import annotations

import argparse
import errno
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.torture import figures
from tests.torture.powercut import CREATES
from tests.torture.scenes import BY_NAME, Scene
from tests.torture.tracing import NUMBERS, Call, Order, Refuse, Shorten
from tests.torture.walking import STOPS, Rig, rig

SHORT = "short"
FAULTS = {
    "EIO": errno.EIO,
    "ENOSPC": errno.ENOSPC,
    "EDQUOT": errno.EDQUOT,
    "EINTR": errno.EINTR,
    SHORT: 0,
}
BY_HANDLE = {
    NUMBERS[n] for n in ("write", "pwrite64", "fsync", "fdatasync", "ftruncate", "fallocate")
}
BY_NAME_ = {NUMBERS[n] for n in ("openat", "rename", "unlink", "mkdir", "chmod")}
WRITES = {NUMBERS["write"], NUMBERS["pwrite64"]}
FOR_A_WHILE = 12
"""So many calls fail in a row when the disk is bad for a while."""
PATIENCE = 40


@dataclass
class Faulty:
    """Lets calls fail, from the `at`-th (from 1; 0 for none) that touches the folder."""

    folder: Path
    at: int = 0
    fault: str = "EIO"
    for_so_many: int = 1
    names: list[str] = field(default_factory=list)
    failed: int = 0

    def entry(self, call: Call) -> Order:
        """Refuse or shorten what is due."""
        if not self._touches(call):
            return None
        if self.fault == SHORT and call.number not in WRITES:
            return None
        self.names.append(call.name)
        if not self.at or not self.at <= len(self.names) < self.at + self.for_so_many:
            return None
        self.failed += 1
        if self.fault == SHORT:
            return Shorten(call.arguments[2] // 2)
        return Refuse(FAULTS[self.fault])

    def exit(self, call: Call) -> None:
        """Nothing to note."""

    def _touches(self, call: Call) -> bool:
        if call.number in BY_HANDLE:
            path = call.file(call.arguments[0])
        elif call.number in BY_NAME_:
            at = 1 if call.name == "openat" else 0
            path = call.text_at(call.arguments[at])
            if call.name == "openat" and not call.arguments[2] & CREATES:
                return False
        else:
            return False
        return path.startswith(str(self.folder))


@dataclass
class Failed:
    """What came of one scene under one fault."""

    scene: str
    fault: str
    calls: int = 0
    points: int = 0
    went_on: int = 0
    stopped: int = 0
    refused: int = 0
    false_2xx: int = 0
    problems: list[str] = field(default_factory=list)
    by_call: dict[str, int] = field(default_factory=dict)


Choice = Callable[[Sequence[str]], Iterable[int]]
"""Chooses from the names of the calls which of them fail, from 1."""


def every(stride: int) -> Choice:
    """Choose every `stride`-th call."""
    return lambda names: range(1, len(names) + 1, stride)


def let_fail(ready: Rig, scene: Scene, fault: str, choice: Choice, for_so_many: int = 1) -> Failed:
    """Let the chosen calls fail, one in each trial; or that one and some that follow."""
    count = Faulty(ready.fresh(scene), fault=fault)
    _, code = ready.act(scene, count, count.folder, patience=PATIENCE)
    name = fault if for_so_many == 1 else f"{fault} for {for_so_many} calls"
    result = Failed(scene.name, name, calls=len(count.names))
    assert code == 0, f"{scene.name} ends with {code}"
    kinds: Counter[str] = Counter()
    for at in choice(count.names):
        faulty = Faulty(ready.fresh(scene), at, fault, for_so_many)
        trial, code = ready.act(scene, faulty, faulty.folder, patience=PATIENCE)
        if not faulty.failed:
            continue
        trial.kills = int(code != 0)
        findings = ready.judged(trial, scene)
        result.points += 1
        result.went_on += code == 0
        result.stopped += code != 0
        result.refused += findings.refused
        result.false_2xx += findings.lost_alerts
        kinds[count.names[at - 1]] += 1
        where = f"{name} at call {at} ({count.names[at - 1]}), ended with {code}"
        result.problems += [f"{where}: {one}" for one in findings.problems]
        if "GivesUp" in trial.said.all("stopped"):
            result.problems.append(f"{where}: the disk is well again, and the store is not")
        if code not in (0, STOPS):
            result.problems.append(f"{where}: that is no way to end")
    result.by_call = dict(kinds)
    return result


def main(arguments: Sequence[str] | None = None) -> int:
    """Let calls fail, print what was found, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", action="append", choices=sorted(BY_NAME))
    parser.add_argument("--fault", action="append", choices=sorted(FAULTS))
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--for-a-while", action="store_true", help="not once, but some calls long")
    parser.add_argument("--keep", action="store_true", help="keep the figures in trust/figures")
    chosen = parser.parse_args(arguments)
    scenes = [BY_NAME[name] for name in chosen.scene or BY_NAME]
    found = []
    with rig() as ready:
        for scene in scenes:
            for fault in chosen.fault or FAULTS:
                many = FOR_A_WHILE if chosen.for_a_while else 1
                one = let_fail(ready, scene, fault, every(chosen.stride), many)
                found.append(one)
                sys.stdout.write(json.dumps(vars(one)) + "\n")
                sys.stdout.flush()
                if chosen.keep:
                    keep(one)
    return int(any(one.problems for one in found))


def keep(one: Failed) -> None:
    """Add the figures of one scene under one fault, and the sums."""
    known = figures.kept("disk")
    begin = f"{one.scene}, {one.fault}"
    known[f"{begin}: injection points"] = one.points
    known[f"{begin}: false 2xx"] = one.false_2xx
    known[f"{begin}: problems"] = len(one.problems)
    known[f"{begin}: the process went on"] = one.went_on
    known[f"{begin}: the process stopped"] = one.stopped
    for name in (
        "injection points",
        "false 2xx",
        "problems",
        "the process went on",
        "the process stopped",
    ):
        sums = [n for key, n in known.items() if key.endswith(f": {name}") and ", " in key]
        known[f"all {name}"] = sum(n for n in sums if isinstance(n, int))
    figures.keep("disk", known)


if __name__ == "__main__":
    sys.exit(main())
