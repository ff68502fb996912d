"""`kill -9` at the system calls of thirteen scenes, one after the other; what is left is judged.

python -m tests.torture.walking --scene "first alert" --stride 10

Each point is a run of its own on a copy of the same beginning: the process is killed as it makes
its k-th call, before the call happens; then another process starts on what it has left.
"""

from __future__ import annotations

import argparse
import gc
import importlib
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import structlog
from tests.torture import figures
from tests.torture.ledger import Findings, Said, Trial, judge
from tests.torture.receiving import Inbox, receiving
from tests.torture.scenes import BY_NAME, SCENES, Scene
from tests.torture.small_node import DATABASE, NINE, GivesUp, Node
from tests.torture.tracing import NUMBERS, Call, Kill, Order, Watcher, run, run_free

from tocsin.engine.ports import StoreUnavailable

LATE = ("alembic.config", "alembic.command", "alembic.util", "alembic.runtime.migration")
"""Loaded beforehand: otherwise most of the calls walked would be those of Python's imports."""

STOPS = 3
"""The exit code of a node that can't go on, as of a server that says so and ends."""

PLANTED = ("early", "forgetful")

EFFECTS = frozenset(NUMBERS.values())


@dataclass
class Watch:
    """Counts the calls that matter, and kills at one of them."""

    at: int = 0
    """The number of the call that is the last, from 1; 0 for none."""
    only_effects: bool = True
    names: list[str] = field(default_factory=list)
    _is_on: bool = False

    def entry(self, call: Call) -> Order:
        """Count, and kill."""
        if self.only_effects and call.number not in EFFECTS:
            return None
        self.names.append(call.name)
        return Kill() if len(self.names) == self.at else None

    def exit(self, call: Call) -> None:
        """Nothing to note."""


@dataclass
class Rig:
    """A place to work in, a receiver, and the number of the next trial."""

    folder: Path
    inbox: Inbox
    trials: int = 0

    def prepared(self, scene: Scene) -> Path:
        """Make the beginning of a scene."""
        folder = self.folder / scene.name.replace(" ", "-")
        if not folder.exists():
            folder.mkdir()
            code = run_free(lambda: self._prepare(scene, folder))
            if code != 0:
                raise AssertionError(f"{scene.name}: the beginning failed with {code}")
        return folder

    def _prepare(self, scene: Scene, folder: Path) -> None:
        said: list[str] = []
        name = folder.name
        (folder / "at").write_text(NINE.isoformat())
        if scene.before is None:
            return
        node = Node(folder, lambda who: self.inbox.url(name, who), NINE, said.append)
        scene.before(node)
        (folder / "at").write_text(node.now.isoformat())
        if scene.aged is not None:
            node.store.close()
            scene.aged(f"sqlite:///{folder / DATABASE}")

    def fresh(self, scene: Scene) -> Path:
        """Copy the beginning of a scene for a trial of its own."""
        beginning = self.prepared(scene)
        self.trials += 1
        folder = self.folder / f"trial-{self.trials}"
        shutil.copytree(beginning, folder)
        return folder

    def act(
        self, scene: Scene, watch: Watcher, folder: Path | None = None, **options: Any
    ) -> tuple[Trial, int]:
        """Run a scene under a watch; return what is left, and how it ended.

        In `folder` it goes on with what is there. The options are those of the node.
        """
        beginning = self.prepared(scene)
        folder = folder or self.fresh(scene)
        coming, going = os.pipe()

        def work() -> None:
            os.close(coming)
            at = NINE.fromisoformat((folder / "at").read_text())
            say = lambda line: _write(going, line)  # noqa: E731
            url = lambda who: self.inbox.url(folder.name, who)  # noqa: E731
            try:
                node = Node(folder, url, at, say, **options)
                node.say("started")
                scene.act(node)
            except (StoreUnavailable, GivesUp, OSError) as problem:
                say(f"{at.isoformat()} stopped {type(problem).__name__}\n")
                os._exit(STOPS)

        code = run(work, watch)
        os.close(going)
        with os.fdopen(coming, encoding="utf-8") as pipe:
            lines = [line for line in pipe.read().splitlines() if line]
        began = f"{(folder / 'at').read_text()} began"
        said = Said([began, *lines])
        came = self.inbox.of(beginning.name)
        return Trial(folder, folder.name, self.inbox, said, came, kills=int(code < 0)), code

    def judged(self, trial: Trial, scene: Scene) -> Findings:
        """Start another process on what is left, and let it judge."""
        path = trial.folder / "findings"
        code = run_free(lambda: judge(trial, scene).save(path))
        if code != 0:
            return Findings([f"the restart failed with {code}"])
        findings = Findings.load(path)
        if not findings.problems:
            shutil.rmtree(trial.folder)
        return findings


def _write(handle: int, line: str) -> None:
    os.write(handle, line.encode())


@contextmanager
def rig() -> Iterator[Rig]:
    """Make ready; everything is gone afterwards, unless something was found."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    for name in LATE:
        importlib.import_module(name)
    gc.disable()
    place = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    folder = Path(tempfile.mkdtemp(prefix="tocsin-walk-", dir=place))
    try:
        with receiving(folder) as inbox:
            _warm_up(folder / "warm", inbox)
            yield Rig(folder, inbox)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _warm_up(folder: Path, inbox: Inbox) -> None:
    """Load and compute once what would otherwise be done anew in each of thousands of forks."""
    folder.mkdir()
    node = Node(folder, lambda who: inbox.url("warm", who), NINE, lambda line: None)
    for scene in (BY_NAME["status page published"], BY_NAME["first alert"]):
        assert scene.before is not None
        scene.before(node)
        scene.act(node)
    node.store.close()


@dataclass
class Walked:
    """What came of walking one scene."""

    scene: str
    calls: int
    points: int = 0
    lost_alerts: int = 0
    lost_clocks: int = 0
    duplicates: int = 0
    duplicates_after_one_kill: int = 0
    problems: list[str] = field(default_factory=list)
    seconds: float = 0


def walk(
    rig: Rig, scene: Scene, stride: int, offset: int, only_effects: bool, planted: str = ""
) -> Walked:
    """Kill at every `stride`-th call, from `offset`."""
    began = time.monotonic()
    count = Watch(only_effects=only_effects)
    trial, code = rig.act(scene, count, planted=planted)
    walked = Walked(scene.name, len(count.names))
    if code != 0:
        walked.problems.append(f"undisturbed, it ends with {code}")
        return walked
    walked.problems += rig.judged(trial, scene).problems
    for at in range(1 + offset, len(count.names) + 1, stride):
        trial, code = rig.act(scene, Watch(at, only_effects), planted=planted)
        if code == 0:
            continue  # this run made fewer calls
        findings = rig.judged(trial, scene)
        walked.points += 1
        walked.lost_alerts += findings.lost_alerts
        walked.lost_clocks += findings.lost_clocks
        walked.duplicates += findings.duplicates
        most = max(walked.duplicates_after_one_kill, findings.duplicates)
        walked.duplicates_after_one_kill = most
        where = f"killed at call {at} ({count.names[at - 1]})"
        walked.problems += [f"{where}: {one}" for one in findings.problems]
    walked.seconds = round(time.monotonic() - began, 1)
    return walked


def main(arguments: Sequence[str] | None = None) -> int:
    """Walk, print what was found as JSON, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", action="append", choices=sorted(BY_NAME))
    parser.add_argument("--stride", type=int, default=1)
    parser.add_argument("--offset", type=int, default=0)
    parser.add_argument("--every-call", action="store_true", help="also calls without effect")
    parser.add_argument("--planted", choices=PLANTED, help="a faulty node; must be found")
    parser.add_argument("--keep", action="store_true", help="keep the figures in trust/figures")
    chosen = parser.parse_args(arguments)
    scenes = [BY_NAME[name] for name in chosen.scene] if chosen.scene else SCENES
    walks = []
    with rig() as ready:
        for scene in scenes:
            which = (chosen.stride, chosen.offset, not chosen.every_call)
            one = walk(ready, scene, *which, chosen.planted or "")
            walks.append(one)
            sys.stdout.write(json.dumps(vars(one)) + "\n")
            sys.stdout.flush()
    is_red = any(one.problems for one in walks)
    if chosen.planted:
        return 0 if is_red else 1
    if chosen.keep:
        what = "every call" if chosen.every_call else "calls with an effect"
        figures.keep("kills", as_figures(walks, what, chosen.stride))
    return 1 if is_red else 0


def as_figures(walks: Sequence[Walked], what: str, stride: int) -> dict[str, figures.Figure]:
    """Return the figures of these walks, and the sums over all that are known by then."""
    known = figures.kept("kills")
    for one in walks:
        begin = f"{one.scene}, {what}"
        known[f"{begin}: calls"] = one.calls
        known[f"{begin}: every n-th was a kill point, n"] = stride
        known[f"{begin}: kill points"] = one.points
        known[f"{begin}: lost alerts"] = one.lost_alerts
        known[f"{begin}: lost clocks"] = one.lost_clocks
        known[f"{begin}: duplicates"] = one.duplicates
        known[f"{begin}: most duplicates after one kill"] = one.duplicates_after_one_kill
        known[f"{begin}: problems"] = len(one.problems)
    for name in ("kill points", "lost alerts", "lost clocks", "duplicates", "problems"):
        found = [n for key, n in known.items() if key.endswith(f"call: {name}")]
        found += [n for key, n in known.items() if key.endswith(f"effect: {name}")]
        known[name] = sum(n for n in found if isinstance(n, int))
    most = [n for key, n in known.items() if key.endswith(": most duplicates after one kill")]
    known["most duplicates after one kill"] = max(n for n in most if isinstance(n, int))
    known["scenes"] = len({key.partition(",")[0] for key in known if key.endswith(": kill points")})
    return known


if __name__ == "__main__":
    sys.exit(main())
