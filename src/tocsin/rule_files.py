"""The plan and organisation files that a server works by: found, taken account of, and watched."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from shutil import copyfile
from typing import Literal

import structlog

from tocsin.core.emergency import Emergency
from tocsin.core.problem import Problem
from tocsin.engine.ports import Conflict, Store, StoreUnavailable
from tocsin.engine.rules import Rules
from tocsin.engine.world import no_emergency
from tocsin.settings import STARTER
from tocsin.wallclock import now

RULES_LOOKED_AT_EVERY = 0.5
"""Seconds between two looks at whether a file or the store says something new."""

TRIES_AT_START = 20
"""As many nodes may start at the same time and offer their files."""

log = structlog.get_logger()


class BadRules(Exception):
    """The plan or organisation has errors, and nothing good was kept from before."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(p) for p in problems if p.level == "error"))
        self.problems = problems


@dataclass(frozen=True)
class ServeOptions:
    """What `tocsin serve` was asked for; None means: find it in the data directory."""

    data: Path | None = None
    plan: Path | None = None
    organisation: Path | None = None
    host: str = "127.0.0.1"
    port: int = 8080


@dataclass(frozen=True)
class Files:
    """The plan and organisation files that a server works by."""

    plan: Path
    organisation: Path

    def texts(self) -> tuple[tuple[str, bytes], tuple[str, bytes]]:
        """Read both, each as (name, content); raises OSError."""
        return (
            (str(self.plan), self.plan.read_bytes()),
            (str(self.organisation), self.organisation.read_bytes()),
        )

    def sources(self) -> tuple[str, str]:
        """Return where both are, such that no other machine's files are called the same."""
        machine = os.uname().nodename
        return f"{machine}:{self.plan.absolute()}", f"{machine}:{self.organisation.absolute()}"

    def stamp(self) -> tuple[int, ...]:
        """Return what changes when a file is written; raises OSError."""
        return tuple(
            part
            for path in (self.plan, self.organisation)
            for part in (path.stat().st_mtime_ns, path.stat().st_size, path.stat().st_ino)
        )


def rules_of(store: Store, files: Files, emergency: Emergency | None) -> Rules:
    """Return what a server works by; in an emergency its files are looked at when that is over."""
    rules = Rules(store)
    if emergency is None:
        load(rules, files)
    else:
        rules.follow()
    return rules


def find_files(options: ServeOptions, data: Path, store: Store) -> Files:
    """Find the files, or write them anew: what was in force last, or else the starter's."""
    found = {}
    kept: tuple[tuple[str, Literal["plan", "organisation"], Path | None], ...] = (
        ("plan.yaml", "plan", options.plan),
        ("org.yaml", "organisation", options.organisation),
    )
    for name, what, given in kept:
        path = given or data / name
        if given is None and not path.exists():
            with store.read() as reading:
                last = reading.active(what)
            if last is None:
                copyfile(STARTER / name, path)
            else:
                path.write_text(last[1], encoding="utf-8")
        found[name] = path
    return Files(found["plan.yaml"], found["org.yaml"])


def load(rules: Rules, files: Files) -> None:
    """Take account of the files; if they are faulty, go on with what was in force before (H10)."""
    problems = _activated(rules, files)
    if rules.refused and not rules.complete:
        raise BadRules(problems)
    for problem in problems:
        if problem.level != "note":
            log.warning("rules.problem", problem=str(problem))
    if rules.refused:
        log.error("rules.refused", hint="the last good plan and organisation stay in force")
        return
    for (name, content), version in zip(files.texts(), rules.versions, strict=True):
        if sha256(content).hexdigest() != version:
            hint = "something newer is; `tocsin apply` the file, or change it, if it is meant"
            log.warning("rules.file-not-in-force", file=name, hint=hint)


def _activated(rules: Rules, files: Files) -> list[Problem]:
    """Offer the files; of nodes that start together, all but the first look again."""
    for _ in range(TRIES_AT_START):
        try:
            return rules.activate(*files.texts(), now(), files.sources())
        except Conflict:
            rules.follow()
    return rules.activate(*files.texts(), now(), files.sources())


class Watcher:
    """Takes up what changes: the files, and what was put in force through another node.

    A faulty file is refused and the last good one goes on (H10). `changed` is told of what is new
    in force, with True when the node comes back to its store.
    """

    def __init__(
        self,
        rules: Rules,
        files: Files,
        changed: Callable[[bool], None] = lambda _begins: None,
        emergency: Callable[[], Emergency | None] = no_emergency,
    ) -> None:
        self._rules = rules
        self._emergency = emergency
        self._changed = changed
        self._was_apart = emergency() is not None
        self._files = files
        self._stamp = files.stamp()
        self._versions = rules.versions
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="files", daemon=True)

    def start(self) -> None:
        """Begin to watch."""
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(RULES_LOOKED_AT_EVERY):
            try:
                self._look()
            except OSError as problem:
                log.error("rules.not-read", problem=str(problem))
                self._rules.cannot_read(str(problem.filename or ""), problem.strerror or "?")
            except (StoreUnavailable, Conflict) as problem:
                log.error("rules.not-kept", problem=str(problem))
            except Exception:
                log.exception("rules.failed")

    def _look(self) -> None:
        if self._emergency() is not None:
            # What is in force was taken up before; the journal may be a little older.
            self._was_apart = True
            return
        self._rules.follow()
        self._look_at_files()
        if self._rules.versions != self._versions or self._was_apart:
            self._changed(self._was_apart)
            self._was_apart = False
            self._versions = self._rules.versions
            plan, organisation = self._versions
            log.info("rules.in-force", plan=plan[:12], organisation=organisation[:12])

    def _look_at_files(self) -> None:
        stamp = self._files.stamp()
        # What was refused may fit to what has been put in force since.
        again = self._rules.refused and self._rules.versions != self._versions
        if stamp == self._stamp and not again:
            return
        problems = self._rules.activate(*self._files.texts(), now(), self._files.sources())
        self._stamp = stamp
        if self._rules.refused:
            for problem in problems:
                log.error("rules.refused", problem=str(problem))
