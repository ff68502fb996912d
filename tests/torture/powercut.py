"""The power goes: what was not synced may be gone, all of it, a part, or half of a page.

python -m tests.torture.powercut --cuts 200

A run is recorded: every write, sync, creation and renaming of the store's files, with its bytes,
and everything that was promised meanwhile. Then the disk is made as it may be after a cut at any
of these moments, and a node starts on it. A sync that fails leaves what it should have written in
memory only, where it counts as written: nothing but writing it again brings it to the disk.
"""

from __future__ import annotations

import argparse
import errno
import itertools
import json
import random
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.torture import figures
from tests.torture.ledger import Said, Trial
from tests.torture.scenes import BY_NAME, Scene
from tests.torture.small_node import Node
from tests.torture.tracing import NUMBERS, Call, Kill, Order, Refuse
from tests.torture.walking import Rig, rig

SECTOR = 512
CREATES, EMPTIES = 0o100, 0o1000
WATCHED = {
    NUMBERS[name]
    for name in [
        "write",
        "pwrite64",
        "writev",
        "pwritev",
        "ftruncate",
        "fallocate",
        "openat",
        "fsync",
        "fdatasync",
        "rename",
        "unlink",
        "mkdir",
        "renameat",
        "unlinkat",
        "renameat2",
        "copy_file_range",
        "truncate",
    ]
}
NOT_UNDERSTOOD = {"writev", "pwritev", "renameat", "unlinkat", "renameat2", "copy_file_range"}
SYNCS = {"fsync", "fdatasync"}


@dataclass(frozen=True)
class Op:
    """One thing that happened to the disk, or one promise (`said`); `at` is monotonic, in ns."""

    what: str
    path: str
    at: int
    offset: int = 0
    content: bytes = b""
    other: str = ""


@dataclass
class Recorder:
    """Writes down what happens to the files of a folder; may let one sync fail."""

    folder: Path
    ops: list[Op] = field(default_factory=list)
    fails: int = 0
    """Which sync of a regular file fails, from 1; 0 for none."""
    ends_after_failure: bool = False
    """Whether the process is killed at the first write after the failed sync."""
    syncs: int = 0
    has_failed: bool = False
    has_failed_in_scene: bool = False

    def entry(self, call: Call) -> Order:
        """Look at what a call is about while its handles and buffers are there."""
        if call.number not in WATCHED:
            return None
        name = call.name
        if name == "openat":
            call.note["path"] = call.text_at(call.arguments[1])
        elif name in ("rename", "unlink", "mkdir"):
            call.note["path"] = call.text_at(call.arguments[0])
            if name == "rename":
                call.note["other"] = call.text_at(call.arguments[1])
        else:
            call.note["path"] = call.file(call.arguments[0])
        path = str(call.note["path"])
        if name in SYNCS and self._is_ours(path) and not Path(path).is_dir():
            self.syncs += 1
            if self.syncs == self.fails:
                self.has_failed = True
                self.ops.append(Op("sync failed", path, time.monotonic_ns()))
                return Refuse(errno.EIO)
        is_write = name == "pwrite64" and self._is_ours(path)
        if self.has_failed and self.ends_after_failure and is_write:
            return Kill()
        return None

    def exit(self, call: Call) -> None:
        """Write down what has happened."""
        if call.number not in WATCHED or call.result < 0:
            return
        path, now = str(call.note["path"]), time.monotonic_ns()
        name, given = call.name, call.arguments
        if name == "write" and path.startswith("pipe:"):
            self.ops.append(Op("said", path, now, content=call.bytes_at(given[1], call.result)))
        if not self._is_ours(path):
            return
        if name in NOT_UNDERSTOOD:
            raise AssertionError(f"{name} of {path} is not understood here")
        if name == "openat":
            self._opened(path, given[2], now)
        elif name in ("write", "pwrite64"):
            content = call.bytes_at(given[1], call.result)
            offset = given[3] if name == "pwrite64" else _position(call) - call.result
            self.ops.append(Op("write", path, now, offset, content))
        elif name == "ftruncate":
            self.ops.append(Op("truncate", path, now, given[1]))
        elif name in SYNCS:
            self.ops.append(Op("sync", path, now))
        elif name == "rename":
            self.ops.append(Op("rename", path, now, other=str(call.note["other"])))
        elif name in ("unlink", "mkdir"):
            self.ops.append(Op(name, path, now))

    def _opened(self, path: str, flags: int, now: int) -> None:
        if flags & CREATES:
            self.ops.append(Op("create", path, now))
        if flags & EMPTIES:
            self.ops.append(Op("truncate", path, now, 0))

    def _is_ours(self, path: str) -> bool:
        return path.startswith(str(self.folder)) and not path.endswith("-shm")


def _position(call: Call) -> int:
    handle = call.arguments[0]
    said = Path(f"/proc/{call.process}/fdinfo/{handle}").read_text(encoding="ascii")
    return int(said.split()[1])


@dataclass
class File:
    """What is on the disk for sure, and what was written since and is only in memory."""

    safe: bytes = b""
    pending: list[Op] = field(default_factory=list)

    def content(self, kept: Sequence[Op]) -> bytes:
        """Return what is there if so much of what was pending has arrived."""
        content = bytearray(self.safe)
        for op in kept:
            if op.what == "truncate":
                content[op.offset :] = bytes(max(op.offset - len(content), 0))
                continue
            content.extend(bytes(max(op.offset - len(content), 0)))
            content[op.offset : op.offset + len(op.content)] = op.content
        return bytes(content)


class Disk:
    """A disk with a cache: names and contents, safe or not."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.files = [File(p.read_bytes()) for p in _in(folder)]
        self.names = {str(path): number for number, path in enumerate(_in(folder))}
        self.safe_names = dict(self.names)
        self.said: list[str] = []
        self.at = 0

    def apply(self, op: Op) -> None:
        """Let one thing happen."""
        self.at = op.at
        if op.what == "said":
            self.said.append(op.content.decode())
        elif op.what == "create":
            if op.path not in self.names:
                self.names[op.path] = len(self.files)
                self.files.append(File())
        elif op.what in ("write", "truncate"):
            self._file(op.path).pending.append(op)
        elif op.what == "rename":
            self.names[op.other] = self.names.pop(op.path)
        elif op.what == "unlink":
            del self.names[op.path]
        elif op.what == "sync failed":
            self._file(op.path).pending.clear()
        elif op.what == "sync" and op.path in self.names:
            file = self._file(op.path)
            file.safe, file.pending = file.content(file.pending), []
        elif op.what == "sync":
            self._sync_names(op.path)

    def _file(self, path: str) -> File:
        return self.files[self.names[path.removesuffix(" (deleted)")]]

    def _sync_names(self, folder: str) -> None:
        """Make names in a folder safe. Not those of others: the strictest reading of POSIX."""
        there = {p: n for p, n in self.names.items() if str(Path(p).parent) == folder}
        others = {p: n for p, n in self.safe_names.items() if str(Path(p).parent) != folder}
        self.safe_names = {**others, **there}

    def after_a_cut(self, how: str, chance: random.Random, to: Path) -> None:
        """Write to `to` what may be left.

        `how` says what arrived of what was not safe: "nothing", "everything" or "a part".
        """
        names = self.safe_names
        if how == "everything" or (how == "a part" and chance.random() < 0.5):
            names = self.names
        to.mkdir()
        for path, number in names.items():
            file = self.files[number]
            kept = list(_arrived(file.pending, how, chance))
            target = to / Path(path).relative_to(self.folder)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(file.content(kept))


def _in(folder: Path) -> list[Path]:
    found = sorted(path for path in folder.rglob("*") if path.is_file())
    return [path for path in found if not path.name.endswith("-shm")]


def _arrived(pending: Sequence[Op], how: str, chance: random.Random) -> Iterator[Op]:
    """Choose what of the pending reached the disk, in sectors, in any order."""
    if how == "nothing":
        return
    for op in pending:
        if how == "everything" or op.what == "truncate":
            if how == "everything" or chance.random() < 0.5:
                yield op
            continue
        luck = chance.random()
        if luck < 0.4:
            yield op
        elif luck < 0.7:
            cut = chance.randrange(0, len(op.content) + 1, SECTOR)
            yield Op("write", op.path, op.at, op.offset, op.content[:cut])


@dataclass
class Cuts:
    """What came of cutting one recording."""

    name: str
    ops: int = 0
    syncs: int = 0
    cuts: int = 0
    lost_alerts: int = 0
    lost_clocks: int = 0
    problems: list[str] = field(default_factory=list)


HOWS = ("nothing", "everything", "a part", "a part")


def record(ready: Rig, scene: Scene, recorder: Recorder, **options: Any) -> None:
    """Record a scene; if a sync was to fail, another process goes on, and more happens."""
    _, code = ready.act(scene, recorder, recorder.folder, **options)
    recorder.has_failed_in_scene = recorder.has_failed
    if recorder.fails:
        recorder.ends_after_failure = False
        ready.act(AFTERWARDS, recorder, recorder.folder, **options)
    elif code != 0:
        raise AssertionError(f"{scene.name} ends with {code}")


def _goes_on(node: Node) -> None:
    node.later(minutes=1)
    node.fire("later-1", group="Later")
    node.work()
    node.later(minutes=1)
    node.fire("later-2", group="Much-later")
    node.work()


AFTERWARDS = Scene("afterwards", _goes_on, before=None)


def cut(
    ready: Rig, scene: Scene, recorder: Recorder, chance: random.Random, most: int, **options: Any
) -> Cuts:
    """Record, then cut at each sync, and between them as often as `most` allows."""
    disk = Disk(recorder.folder)
    before = len(ready.inbox.of(ready.prepared(scene).name))
    record(ready, scene, recorder, **options)
    if recorder.fails and not recorder.has_failed_in_scene:
        return Cuts(scene.name)
    came = ready.inbox.of(ready.prepared(scene).name)[:before]
    came_later = ready.inbox.of(recorder.folder.name)
    ops = recorder.ops
    result = Cuts(scene.name, ops=len(ops), syncs=sum(op.what == "sync" for op in ops))
    at_syncs = [n + after for n, op in enumerate(ops) if "sync" in op.what for after in (0, 1)]
    moments = at_syncs + [chance.randrange(len(ops) + 1) for _ in range(len(ops))]
    wanted = [(n, how) for n in dict.fromkeys(moments) for how in dict.fromkeys(HOWS)]
    chosen = sorted(chance.sample(wanted, min(most, len(wanted))))
    began = (recorder.folder / "at").read_text()
    done = 0
    for n, how in chosen:
        for op in ops[done:n]:
            disk.apply(op)
        done = n
        ready.trials += 1
        folder = ready.folder / f"cut-{ready.trials}"
        disk.after_a_cut(how, chance, folder)
        said = Said([f"{began} began", *"".join(disk.said).splitlines()])
        arrived = [*came, *(one for one in came_later if one.at <= disk.at)]
        trial = Trial(folder, folder.name, ready.inbox, said, arrived)
        findings = ready.judged(trial, scene)
        result.cuts += 1
        result.lost_alerts += findings.lost_alerts
        result.lost_clocks += findings.lost_clocks
        where = f"cut after {n} of {len(ops)} ({_last(ops, n)}), {how} kept"
        result.problems += [f"{where}: {one}" for one in findings.problems]
    return result


def _last(ops: Sequence[Op], n: int) -> str:
    if n == 0:
        return "the beginning"
    return f"{ops[n - 1].what} {Path(ops[n - 1].path).name}"


PLANTED = ("OFF", "NORMAL")
"""Settings of SQLite under which commits don't wait for the disk: each must be found."""


def cut_scenes(
    ready: Rig, scenes: Sequence[Scene], cuts: int, seed: int, **options: Any
) -> Iterator[Cuts]:
    """Cut each scene as often as that."""
    for scene in scenes:
        chance = random.Random(f"{seed} {scene.name}")
        yield cut(ready, scene, Recorder(ready.fresh(scene)), chance, cuts, **options)


def cut_after_failures(
    ready: Rig, scenes: Sequence[Scene], cuts: int, seed: int, **options: Any
) -> Iterator[Cuts]:
    """Let each sync of each scene fail; the process goes on, or dies; then come the cuts."""
    for scene in scenes:
        for dies in (False, True):
            for number in itertools.count(1):
                chance = random.Random(f"{seed} {scene.name} {number} {dies}")
                recorder = Recorder(ready.fresh(scene), fails=number, ends_after_failure=dies)
                done = cut(ready, scene, recorder, chance, cuts, patience=4, **options)
                if not recorder.has_failed_in_scene:
                    break
                done.name = f"{scene.name}, sync {number} fails{', killed' if dies else ''}"
                yield done


def main(arguments: Sequence[str] | None = None) -> int:
    """Cut, print what was found, and keep the figures if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scene", action="append", choices=sorted(BY_NAME))
    parser.add_argument("--cuts", type=int, default=40, help="how many of each recording")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--syncs-fail", action="store_true", help="let each sync fail once")
    parser.add_argument("--planted", choices=PLANTED, help="a careless store; must be found")
    parser.add_argument("--keep", action="store_true", help="keep the figures in trust/figures")
    chosen = parser.parse_args(arguments)
    scenes = [BY_NAME[name] for name in chosen.scene or BY_NAME]
    options = {"planted": chosen.planted} if chosen.planted else {}
    work = cut_after_failures if chosen.syncs_fail else cut_scenes
    found = []
    with rig() as ready:
        for one in work(ready, scenes, chosen.cuts, chosen.seed, **options):
            found.append(one)
            sys.stdout.write(json.dumps(vars(one)) + "\n")
            sys.stdout.flush()
            if chosen.keep:
                keep(one, chosen.planted or "")
    is_red = any(one.problems for one in found)
    return int(is_red != bool(chosen.planted))


def keep(one: Cuts, planted: str) -> None:
    """Add the figures of one recording to those that are there, and the sums."""
    known = figures.kept("power")
    begin = f"planted {planted}, {one.name}" if planted else f"recorded {one.name}"
    known[f"{begin}: cuts"] = one.cuts
    known[f"{begin}: syncs"] = one.syncs
    known[f"{begin}: lost alerts"] = one.lost_alerts
    known[f"{begin}: lost clocks"] = one.lost_clocks
    known[f"{begin}: problems"] = len(one.problems)
    for kind in ("recorded", "planted"):
        its = {key: n for key, n in known.items() if key.startswith(f"{kind} ")}
        for name in ("cuts", "syncs", "lost alerts", "lost clocks", "problems"):
            sums = [n for key, n in its.items() if key.endswith(f": {name}")]
            known[f"{name}, {kind}"] = sum(n for n in sums if isinstance(n, int))
        known[f"recordings, {kind}"] = sum(key.endswith(": cuts") for key in its)
    failed = [n for key, n in known.items() if " fails" in key and key.endswith(": cuts")]
    known["cuts after a failed sync, recorded"] = sum(n for n in failed if isinstance(n, int))
    figures.keep("power", known)


if __name__ == "__main__":
    sys.exit(main())
